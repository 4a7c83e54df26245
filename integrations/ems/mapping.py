"""Between our contract and the post's JSON, without any I/O.

The post writes numbers as text and text as numbers, leaves out what is empty, and answers with a
JSON text inside a JSON text. What cannot be understood raises `VendorUnavailable`, since the call
may have taken effect; no error carries personal data.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
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
from integrations.ems import codes

VENDOR = "ems"
BEIJING = timezone(timedelta(hours=8))
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

EVENTS_LIMIT = 2000
LABEL_LIMIT_BYTES = 2 * 1024 * 1024
REASON_LIMIT = 200

_TIME = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_WAYBILL = re.compile(r"[0-9]{13}|[A-Z]{2}[0-9]{9}[A-Z]{2}")
_LINK = re.compile(
    r"https?://mini\.ems\.com\.cn/youzheng/mini/([0-9A-Z]{13})/?(?:[?#].*)?", re.ASCII
)
_MOBILE = re.compile(r"1\d{10}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{7,}")


def _tidy(value: Any) -> Any:
    return "" if value is None else value


def _cut(length: int) -> AfterValidator:
    return AfterValidator(lambda text: text[:length])


def _pad_code(code: str) -> str:
    # "013" comes back as 13 from a platform that is careless with types.
    return code.zfill(3) if code.isdigit() else code


Text = Annotated[str, BeforeValidator(_tidy), _cut(500)]
ShortText = Annotated[str, BeforeValidator(_tidy), _cut(100)]
WaybillNo = Annotated[str, Field(pattern=r"^[0-9A-Z]{8,20}$")]
OperationCode = Annotated[
    str, Field(pattern=r"^[0-9A-Z]+(_[0-9]+)?$", max_length=16), AfterValidator(_pad_code)
]


class PostalModel(BaseModel):
    """Part of a message of the post: camel case outside, unknown members ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )


class Reply(PostalModel):
    """The frame of every answer; `ret_body` is still the text or value that came."""

    ret_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,16}$")]
    ret_msg: Text = ""
    ret_body: Any = Field(default=None, repr=False)
    serial_no: ShortText = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the post did what was asked."""
        return self.ret_code.zfill(len(codes.ACCEPTED)) == codes.ACCEPTED


class TrackItem(PostalModel):
    """One tracking event as the post tells it."""

    waybill_no: WaybillNo
    op_time: str
    op_code: OperationCode
    op_name: ShortText = ""
    op_desc: Text = ""
    op_org_prov_name: ShortText = ""
    op_org_city: ShortText = ""
    op_org_code: ShortText = ""
    op_org_name: ShortText = ""
    deliver_code: ShortText = ""
    attempt_delivery_code: ShortText = ""


class _WaybillItem(PostalModel):
    waybill_no: WaybillNo
    logistics_order_no: ShortText = ""
    route_code: ShortText = ""
    package_code: ShortText = ""
    package_code_name: ShortText = ""
    mark_destination_code: ShortText = ""
    mark_destination_name: ShortText = ""


class _ReachItem(PostalModel):
    status: Annotated[str, Field(max_length=8)]


_Model = TypeVar("_Model", bound=PostalModel)


def format_beijing(instant: datetime) -> str:
    """Return an aware instant as the post writes times: Beijing, to the second."""
    return instant.astimezone(BEIJING).strftime(TIME_FORMAT)


def parse_beijing(text: str) -> datetime:
    """Return an aware UTC instant; a time without offset is Beijing's. Raises `ValueError`."""
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of this century")
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)).astimezone(UTC)


def write_order(order: DispatchOrder, *, sender_no: str, project_id: str) -> str:
    """Return the 020003 document: an array of one order, express, documents, paid by us."""
    document = {
        "createdTime": format_beijing(order.created_at),
        "ecommerceUserId": order.order_no[:49],
        "senderNo": sender_no,
        "logisticsOrderNo": order.order_no,
        "contentsAttribute": "1",
        "bizProductNo": "1",
        "weight": str(order.weight_g),
        "pickupType": "1",
        "pickupPreBeginTime": format_beijing(order.pickup_from),
        "pickupPreEndTime": format_beijing(order.pickup_until),
        "paymentMode": "1",
        "codFlag": "9",
        "receiptFlag": "1",
        "insuranceFlag": "1",
        "valuableFlag": "0",
        "virtualNumFlag": "1" if order.privacy_number else "0",
        "projectId": project_id,
        "sender": _write_party(order.sender),
        "receiver": _write_party(order.receiver),
        "cargos": [{"cargoName": order.contents, "cargoQuantity": "1"}],
    }
    return dump([document])


def write_cancellation(order_no: str, *, waybill_no: str, reason: str) -> str:
    """Return the 020006 document."""
    return dump({"logisticsOrderNo": order_no, "waybillNo": waybill_no, "cancelReason": reason})


def write_label_request(waybill_no: str, *, size: LabelSize) -> str:
    """Return the 010004 document that asks for the PDF itself rather than for its address."""
    label_type = codes.LABEL_TYPES[size]
    return dump({"waybillNo": waybill_no, "type": label_type, "getURL": "0", "isReturn": "0"})


def write_reach_request(party: Party, *, sender_no: str) -> str:
    """Return the 030005 document; only the address leaves."""
    document = {
        "address": party.address,
        "prov": party.province,
        "city": party.city,
        "county": party.county,
        "bizProductNo": "1",
        "type": "2",
        "senderNo": sender_no,
    }
    return dump(document)


def write_track_request(waybill_no: str) -> str:
    """Return the 040001 document."""
    return dump({"waybillNo": waybill_no, "direction": "0"})


def find_waybill(text: str) -> str | None:
    """Return the waybill number that a text is, or that the link printed on labels names."""
    if _WAYBILL.fullmatch(text):
        return text
    found = _LINK.fullmatch(text)
    return found[1] if found else None


def private_values(*parties: Party) -> set[str]:
    """Return what of these parties must not come back to us in an error."""
    values = {value for party in parties for value in (party.name, party.phone, party.address)}
    return values - {""}


def read_reply(content: bytes, *, private: Iterable[str] = ()) -> Reply:
    """Return the frame of an answer, its message cleared of `private` values and long numbers."""
    try:
        reply = Reply.model_validate_json(content)
    except ValidationError:
        raise _unintelligible("the answer is not a reply") from None
    message = reply.ret_msg
    for value in sorted(private, key=len, reverse=True):
        message = message.replace(value, "***")
    message = _LONG_NUMBER.sub("***", message)[:REASON_LIMIT]
    return reply.model_copy(update={"ret_msg": message})


def require_accepted(reply: Reply) -> None:
    """Raise `VendorRefused`, or `VendorUnavailable` if the platform blames itself."""
    if reply.is_accepted:
        return
    is_transient = any(word in reply.ret_msg for word in codes.TRANSIENT_WORDS)
    kind = VendorUnavailable if is_transient else VendorRefused
    raise kind(VENDOR, code=reply.ret_code, reason=reply.ret_msg, trace=reply.serial_no)


def read_waybill(reply: Reply, order_no: str) -> Waybill:
    """Return what became of an order.

    Raises `DuplicateOrder` if the post says that it knows the number and gives no waybill.
    """
    if _is_duplicate(reply):
        return _read_known_waybill(reply, order_no)
    require_accepted(reply)
    return _to_waybill(_only_item(reply, _WaybillItem), order_no)


def read_label(reply: Reply) -> bytes:
    """Return the PDF of an answer to 010004."""
    require_accepted(reply)
    text = reply.ret_body
    if not isinstance(text, str):
        raise _unintelligible("the label is not a text", reply)
    try:
        content = b64decode("".join(text.strip().strip('"').split()), validate=True)
    except ValueError:
        raise _unintelligible("the label is not base64", reply) from None
    if not content.startswith(b"%PDF-") or len(content) > LABEL_LIMIT_BYTES:
        raise _unintelligible("the label is not a PDF", reply)
    return content


def read_reach(reply: Reply) -> Reach:
    """Return whether the post goes there; what it does not say clearly is unknown."""
    require_accepted(reply)
    return codes.REACHES.get(_only_item(reply, _ReachItem).status, Reach.UNKNOWN)


def read_track(reply: Reply, waybill_no: str) -> list[TrackEvent]:
    """Return the events of a parcel in event-time order, revocations after their like.

    An empty list with a message is the post's way to refuse.
    """
    require_accepted(reply)
    items = _items(reply)
    if not items and reply.ret_msg.casefold() not in codes.SUCCESS_WORDS:
        raise VendorRefused(VENDOR, code="no_track", reason=reply.ret_msg, trace=reply.serial_no)
    try:
        events = [to_event(TrackItem.model_validate(item)) for item in items]
    except ValueError:
        raise _unintelligible("an event is not one", reply) from None
    if any(event.waybill_no != waybill_no for event in events):
        raise _unintelligible("an event is of another parcel", reply)
    return sorted(events, key=lambda event: (event.occurred_at, bool(event.revokes)))


def to_event(item: TrackItem) -> TrackEvent:
    """Return one event in our words; raise `ValueError` if its time is none."""
    how, why = item.deliver_code, item.attempt_delivery_code
    step = codes.find_step(item.op_code, delivered_how=how, failed_why=why)
    places = (item.op_org_prov_name, item.op_org_city, item.op_org_name)
    return TrackEvent(
        waybill_no=item.waybill_no,
        occurred_at=parse_beijing(item.op_time),
        code=item.op_code,
        step=step,
        revokes=codes.REVOKED_BY.get(item.op_code, frozenset()),
        place=" ".join(place for place in places if place),
        office_code=item.op_org_code,
        description=item.op_desc or item.op_name,
        reason=codes.find_reason(step, delivered_how=how, failed_why=why),
    )


def dump(document: object) -> str:
    """Return compact JSON with Chinese text as it is."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _write_party(party: Party) -> dict[str, str]:
    is_mobile = _MOBILE.fullmatch(party.phone)
    return {
        "name": party.name,
        "phone": "" if is_mobile else party.phone,
        "mobile": party.phone if is_mobile else "",
        "prov": party.province,
        "city": party.city,
        "county": party.county,
        "address": party.address,
    }


def _is_duplicate(reply: Reply) -> bool:
    return not reply.is_accepted and any(word in reply.ret_msg for word in codes.DUPLICATE_WORDS)


def _read_known_waybill(reply: Reply, order_no: str) -> Waybill:
    try:
        return _to_waybill(_only_item(reply, _WaybillItem), order_no)
    except VendorUnavailable:
        raise DuplicateOrder(
            VENDOR, code=reply.ret_code, reason=reply.ret_msg, trace=reply.serial_no
        ) from None


def _to_waybill(item: _WaybillItem, order_no: str) -> Waybill:
    if item.logistics_order_no not in {"", order_no}:
        raise _unintelligible("the waybill is of another order")
    routing: Mapping[str, str] = item.model_dump(exclude={"waybill_no", "logistics_order_no"})
    words = {name: word for name, word in routing.items() if word}
    return Waybill(order_no=order_no, waybill_no=item.waybill_no, routing=words)


def _only_item(reply: Reply, model: type[_Model]) -> _Model:
    items = _items(reply)
    if len(items) != 1:
        raise _unintelligible("not exactly one item came back", reply)
    try:
        return model.model_validate(items[0])
    except ValidationError:
        raise _unintelligible("the item lacks what it should say", reply) from None


def _items(reply: Reply) -> list[Any]:
    body = _parse_body(reply)
    if isinstance(body, dict):
        body = body.get("responseItems", [body])
    if body is None:
        return []
    if not isinstance(body, list) or len(body) > EVENTS_LIMIT:
        raise _unintelligible("the body is not a list of items", reply)
    return body


def _parse_body(reply: Reply) -> Any:
    if not isinstance(reply.ret_body, str):
        return reply.ret_body
    text = reply.ret_body.strip()
    try:
        return from_json(text, allow_inf_nan=False) if text else None
    except ValueError:
        raise _unintelligible("the body is not JSON", reply) from None


def _unintelligible(reason: str, reply: Reply | None = None) -> VendorUnavailable:
    trace = reply.serial_no if reply else ""
    return VendorUnavailable(VENDOR, code="unintelligible", reason=reason, trace=trace)
