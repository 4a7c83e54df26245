"""Between our contract and the platform's JSON, without any I/O.

An answer holds a JSON text inside a JSON text. What cannot be understood raises
`VendorUnavailable`, since the call may have taken effect; no error carries personal data.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from integrations.contracts.carrier import (
    DispatchOrder,
    LabelSize,
    Party,
    Reach,
    TrackEvent,
    Waybill,
)
from integrations.contracts.errors import DuplicateOrder, VendorRefused, VendorUnavailable
from integrations.sf import codes

VENDOR = "sf"
BEIJING = timezone(timedelta(hours=8))
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
MOBILE = re.compile(r"1\d{10}", re.ASCII)
WAYBILL = re.compile(r"SF\d{10,15}", re.ASCII)
LONG_NUMBER = re.compile(r"\d{7,}")
REASON_LIMIT = 200
EVENTS_LIMIT = 2000
LABEL_LIMIT_BYTES = 2 * 1024 * 1024
MAIN_WAYBILL = "1"


def _tidy(value: Any) -> Any:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_tidy)]


class PlatformModel(BaseModel):
    """Part of a message of the platform: camel case outside, unknown members ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )


class _Frame(PlatformModel):
    api_result_code: str
    api_error_msg: Text = ""
    api_result_data: Any = Field(default=None, repr=False, alias="apiResultData")
    api_response_id: Text = Field(default="", alias="apiResponseID")


class Reply(PlatformModel):
    """What the service behind the platform says; `msg_data` is its document."""

    success: bool
    error_code: Text = ""
    error_msg: Text = ""
    msg_data: Any = Field(default=None, repr=False)
    obj: Any = Field(default=None, repr=False)
    trace: str = ""


class _WaybillInfo(PlatformModel):
    waybill_type: str = MAIN_WAYBILL
    waybill_no: Annotated[str, Field(pattern=r"^SF[0-9]{10,15}$")]


class _OrderInfo(PlatformModel):
    order_id: Text = ""
    filter_result: Text = ""
    dest_code: Text = ""
    origin_code: Text = ""
    waybill_no_info_list: list[_WaybillInfo] = []


class _Route(PlatformModel):
    accept_time: str
    op_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,16}$")]
    accept_address: Text = ""
    remark: Text = ""


class _Routes(PlatformModel):
    mail_no: Text = ""
    routes: Annotated[list[_Route], Field(max_length=EVENTS_LIMIT)] = []


class _RouteReply(PlatformModel):
    route_resps: list[_Routes] = []


class LabelFile(PlatformModel):
    """Where a label lies, and the word that opens it."""

    url: str = Field(repr=False)
    token: str = Field(repr=False)


class _LabelFiles(PlatformModel):
    files: Annotated[list[LabelFile], Field(min_length=1, max_length=1)]


_Model = TypeVar("_Model", bound=PlatformModel)


def write_order(order: DispatchOrder, *, monthly_card: str) -> str:
    """Return the document of an order: express, paid monthly, a courier comes for it."""
    return dump(
        {
            "language": "zh-CN",
            "orderId": order.order_no,
            "monthlyCard": monthly_card,
            "payMethod": 1,
            "expressTypeId": 1,
            "parcelQty": 1,
            "totalWeight": order.weight_g / 1000,
            "isDocall": 1,
            "isReturnRoutelabel": 1,
            "sendStartTm": _format(order.pickup_from),
            "cargoDetails": [{"name": order.contents, "count": 1}],
            "contactInfoList": [_write_party(order.sender, 1), _write_party(order.receiver, 2)],
        }
    )


def write_search(order_no: str) -> str:
    """Return the document that asks what became of an order."""
    return dump({"language": "zh-CN", "orderId": order_no, "searchType": "1"})


def write_cancellation(order_no: str) -> str:
    """Return the document that cancels an order."""
    return dump({"language": "zh-CN", "orderId": order_no, "dealType": codes.CANCEL})


def write_route_request(waybill_no: str) -> str:
    """Return the document that asks for everything that happened to a parcel."""
    return dump({"language": "0", "trackingType": "1", "trackingNumber": [waybill_no]})


def write_reach_request(party: Party) -> str:
    """Return the document that asks whether an address is served; only the address leaves."""
    address = {
        "contactType": 2,
        "country": "CN",
        "province": party.province,
        "city": party.city,
        "county": party.county,
        "address": party.address,
    }
    return dump({"filterType": 2, "contactInfos": [address]})


def write_label_request(waybill_no: str, *, size: LabelSize, partner_id: str) -> str:
    """Return the document that asks for a label as a PDF, at once."""
    template = codes.TEMPLATES[size].format(partner_id=partner_id)
    documents = [{"masterWaybillNo": waybill_no}]
    return dump(
        {
            "templateCode": template,
            "version": "2.0",
            "fileType": "pdf",
            "sync": True,
            "documents": documents,
        }
    )


def read_reply(content: bytes, *, private: Iterable[str] = ()) -> Reply:
    """Return what the service says, its words cleared of `private` values and long numbers.

    Raises `VendorRefused` where the platform lets the call not through, `VendorUnavailable` where
    it blames itself.
    """
    frame = _validate(_Frame, _parse(content))
    if frame.api_result_code != codes.ACCEPTED:
        kind = VendorUnavailable if frame.api_result_code in codes.BUSY else VendorRefused
        words = _clear(frame.api_error_msg, private)
        raise kind(VENDOR, code=frame.api_result_code, reason=words, trace=frame.api_response_id)
    data = frame.api_result_data
    reply = _validate(Reply, _parse(data.encode()) if isinstance(data, str) else data)
    words = _clear(reply.error_msg, private)
    return reply.model_copy(update={"error_msg": words, "trace": frame.api_response_id})


def require_done(reply: Reply) -> None:
    """Raise `VendorRefused` unless the service did what was asked."""
    if not reply.success:
        raise _refused(reply)


def read_waybill(reply: Reply, order_no: str) -> Waybill:
    """Return what became of an order; raise `VendorRefused` for one that SF does not carry."""
    require_done(reply)
    info = _validate(_OrderInfo, reply.msg_data)
    numbers = [
        one.waybill_no for one in info.waybill_no_info_list if one.waybill_type == MAIN_WAYBILL
    ]
    if codes.REACHES.get(info.filter_result) is Reach.OUT_OF_RANGE:
        raise VendorRefused(VENDOR, code="out_of_range", trace=reply.trace)
    if len(numbers) != 1 or info.order_id not in {"", order_no}:
        raise unintelligible("not one waybill of this order")
    routing = {"origin": info.origin_code, "destination": info.dest_code}
    words = {name: word for name, word in routing.items() if word}
    return Waybill(order_no=order_no, waybill_no=numbers[0], routing=words)


def refuse_duplicate(reply: Reply) -> DuplicateOrder:
    """Return the refusal of an order number that is known without a waybill."""
    return DuplicateOrder(VENDOR, code=reply.error_code, reason=reply.error_msg, trace=reply.trace)


def read_reach(reply: Reply) -> Reach:
    """Return whether SF goes there."""
    require_done(reply)
    answers = reply.msg_data if isinstance(reply.msg_data, list) else [reply.msg_data]
    if len(answers) != 1:
        raise unintelligible("not one answer about one address")
    return codes.REACHES.get(_validate(_OrderInfo, answers[0]).filter_result, Reach.UNKNOWN)


def read_routes(reply: Reply, waybill_no: str) -> list[TrackEvent]:
    """Return the events of a parcel in event-time order."""
    require_done(reply)
    found = _validate(_RouteReply, reply.msg_data).route_resps
    if any(one.mail_no != waybill_no for one in found):
        raise unintelligible("a route is of another parcel")
    try:
        events = [_to_event(waybill_no, route) for one in found for route in one.routes]
    except ValueError:
        raise unintelligible("a time is none") from None
    return sorted(events, key=lambda event: event.occurred_at)


def read_label_file(reply: Reply) -> LabelFile:
    """Return where the label lies."""
    require_done(reply)
    return _validate(_LabelFiles, reply.obj).files[0]


def read_label(content: bytes) -> bytes:
    """Return the PDF of a label."""
    if not content.startswith(b"%PDF-") or len(content) > LABEL_LIMIT_BYTES:
        raise unintelligible("the label is not a PDF")
    return content


def private_values(*parties: Party) -> set[str]:
    """Return what of these parties must not come back to us in an error."""
    values = {value for party in parties for value in (party.name, party.phone, party.address)}
    return values - {""}


def dump(document: object) -> str:
    """Return compact JSON with Chinese text as it is."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def unintelligible(reason: str) -> VendorUnavailable:
    """Return the failure of an answer that makes no sense."""
    return VendorUnavailable(VENDOR, code="unintelligible", reason=reason)


def _to_event(waybill_no: str, route: _Route) -> TrackEvent:
    happened = datetime.strptime(route.accept_time, TIME_FORMAT).replace(tzinfo=BEIJING)
    return TrackEvent(
        waybill_no=waybill_no,
        occurred_at=happened.astimezone(UTC),
        code=route.op_code,
        step=codes.STEPS.get(route.op_code),
        place=route.accept_address,
        description=route.remark,
    )


def _write_party(party: Party, contact_type: int) -> dict[str, object]:
    is_mobile = MOBILE.fullmatch(party.phone)
    return {
        "contactType": contact_type,
        "contact": party.name,
        "mobile" if is_mobile else "tel": party.phone,
        "country": "CN",
        "province": party.province,
        "city": party.city,
        "county": party.county,
        "address": party.address,
    }


def _format(instant: datetime) -> str:
    return instant.astimezone(BEIJING).strftime(TIME_FORMAT)


def _refused(reply: Reply) -> VendorRefused:
    return VendorRefused(VENDOR, code=reply.error_code, reason=reply.error_msg, trace=reply.trace)


def _parse(content: bytes) -> Any:
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError:
        raise unintelligible("the answer is not JSON") from None


def _validate(model: type[_Model], document: Any) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError:
        raise unintelligible(f"not a {model.__name__.strip('_').lower()}") from None


def _clear(words: str, private: Iterable[str]) -> str:
    for value in sorted(private, key=len, reverse=True):
        words = words.replace(value, "***")
    return LONG_NUMBER.sub("***", words)[:REASON_LIMIT]
