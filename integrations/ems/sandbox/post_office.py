"""The sandbox's post: what it remembers of orders and how it answers each call.

Of the answer codes only 00000 is public; the others here are the sandbox's own.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from integrations.contracts.clock import Clock
from integrations.ems import codes
from integrations.ems.mapping import dump, format_beijing, parse_beijing
from integrations.ems.sandbox.label import LabelParty, draw_label
from integrations.ems.sandbox.messages import (
    Cancellation,
    LabelRequest,
    NewEvent,
    PostalOrder,
    PostalParty,
    ReachRequest,
    TrackRequest,
)

ADDRESS_MIN = 4
UNSERVED = {"台湾省", "香港特别行政区", "澳门特别行政区"}
SERIALS = 10**8
CHECK_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

EVENT_NAMES = {
    "203": "已收寄",
    "207": "揽收环节删除邮件",
    "389": "离开处理中心",
    "516": "到达寄达地",
    "702": "正在投递",
    "704": "已妥投",
    "705": "未妥投",
    "708": "退件登记",
    "711": "退回妥投",
    "713": "到达投递机构",
    "742": "投递下段撤销",
    "743": "投递妥投撤销",
    "744": "投递未妥投撤销",
    "747": "包裹柜或自提点已接收",
    "801": "撤单",
}

_Document = TypeVar("_Document")


class OnRepeat(StrEnum):
    """What the post does with an order number that it knows: its terms do not say."""

    SAME = "same"
    REFUSE = "refuse"


class PostalRefusal(Exception):
    """An answer that is no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Answer:
    """A yes: `body` is the text of `retBody`."""

    body: str
    message: str = "成功"


@dataclass(slots=True)
class KeptOrder:
    """An order with its waybill and everything that happened to the parcel."""

    order: PostalOrder
    waybill_no: str
    is_cancelled: bool = False
    events: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_under_way(self) -> bool:
        """Whether the parcel was taken over, which an event may revoke."""
        live: list[str] = []
        for event in self.events:
            revoked = codes.REVOKED_BY.get(event["opCode"], frozenset())
            live = [code for code in live if code not in revoked]
            live += [event["opCode"]] if event["opCode"] in codes.STEPS else []
        return bool(live)


class PostOffice:
    """Answers the calls of one customer from memory."""

    def __init__(self, clock: Clock, *, on_repeat: OnRepeat) -> None:
        self._clock = clock
        self._on_repeat = on_repeat
        self._orders: dict[str, KeptOrder] = {}
        # Numbers of an earlier run are not given out again: fewer than one order a second.
        self._serial = int(clock.now().timestamp())
        self._calls: dict[str, Callable[[str], Answer]] = {
            codes.CREATE_ORDER: self._create_orders,
            codes.CANCEL_ORDER: self._cancel_order,
            codes.DRAW_LABEL: self._draw_label,
            codes.CHECK_REACH: self._check_reach,
            codes.TRACK: self._track,
        }

    def answer(self, api_code: str, document: str) -> Answer:
        """Return the answer to one opened document; raise `PostalRefusal` for a no."""
        if api_code not in self._calls:
            raise PostalRefusal("S0003", "接口代码不存在")
        return self._calls[api_code](document)

    def add_event(self, new: NewEvent) -> dict[str, str]:
        """Record a tracking event and return it as the post tells it.

        Raises `PostalRefusal` for an unknown parcel, `ValueError` for a time that is none.
        """
        kept = self._find(new.waybill_no)
        name = new.op_name or EVENT_NAMES.get(new.op_code, "其他")
        happened_at = parse_beijing(new.op_time) if new.op_time else self._clock.now()
        told = new.model_dump(exclude={"deliveries"}) | {
            "op_time": format_beijing(happened_at),
            "op_name": name,
            "op_desc": new.op_desc or name,
        }
        event = {to_camel(key): str(value) for key, value in told.items()}
        kept.events.append(event)
        return event

    def list_orders(self) -> list[dict[str, object]]:
        """Return every order as it was received, with what became of it."""
        return [
            {
                "order_no": order_no,
                "waybill_no": kept.waybill_no,
                "is_cancelled": kept.is_cancelled,
                "is_under_way": kept.is_under_way,
                "order": kept.order.model_dump(by_alias=True),
                "events": kept.events,
            }
            for order_no, kept in self._orders.items()
        ]

    def _create_orders(self, document: str) -> Answer:
        orders = _read(list[PostalOrder], document)
        answers = [self._create_order(order) for order in orders]
        return Answer(dump(answers[0] if len(answers) == 1 else {"responseItems": answers}))

    def _create_order(self, order: PostalOrder) -> dict[str, str]:
        kept = self._orders.get(order.logistics_order_no)
        if kept and (kept.is_cancelled or self._on_repeat is OnRepeat.REFUSE):
            raise PostalRefusal("B0002", "订单号重复")
        if not order.sender.any_phone or not order.receiver.any_phone:
            raise PostalRefusal("B0001", "电话不能为空")
        if not kept:
            kept = KeptOrder(order, self._next_waybill_no())
            self._orders[order.logistics_order_no] = kept
        return {
            "waybillNo": kept.waybill_no,
            "logisticsOrderNo": order.logistics_order_no,
            "routeCode": f"{kept.waybill_no[-4:]}-01-02-03",
            "packageCode": kept.waybill_no[-6:],
            "packageCodeName": f"{order.receiver.city}集",
            "markDestinationCode": kept.waybill_no[-3:],
            "markDestinationName": f"{order.receiver.city}{order.receiver.county}",
        }

    def _cancel_order(self, document: str) -> Answer:
        cancellation = _read(Cancellation, document)
        kept = self._find(cancellation.waybill_no)
        if kept.order.logistics_order_no != cancellation.logistics_order_no:
            raise PostalRefusal("B0003", "查无此订单")
        if kept.is_cancelled or kept.is_under_way:
            raise PostalRefusal("B0004", "订单已收寄或已撤销，不能撤单")
        kept.is_cancelled = True
        self.add_event(NewEvent(waybill_no=kept.waybill_no, op_code="801"))
        return Answer("")

    def _draw_label(self, document: str) -> Answer:
        wanted = _read(LabelRequest, document)
        kept = self._find(wanted.waybill_no)
        if kept.is_cancelled:
            raise PostalRefusal("B0004", "订单已撤销")
        is_private = kept.order.virtual_num_flag == "1"
        pdf = draw_label(
            kept.waybill_no,
            wanted.type,
            sender=_print_party(kept.order.sender, is_private=False),
            receiver=_print_party(kept.order.receiver, is_private=is_private),
        )
        return Answer(b64encode(pdf).decode())

    def _check_reach(self, document: str) -> Answer:
        wanted = _read(ReachRequest, document)
        if not wanted.prov or not wanted.city:
            return Answer(dump({"status": "2"}))
        if wanted.prov in UNSERVED:
            return Answer(dump({"status": "1"}))
        return Answer(dump({"status": "9" if len(wanted.address) < ADDRESS_MIN else "0"}))

    def _track(self, document: str) -> Answer:
        try:
            kept = self._find(_read(TrackRequest, document).waybill_no)
        except PostalRefusal as refusal:
            # The post says so under an accepting code, with an empty list.
            return Answer("[]", refusal.message)
        return Answer(dump(kept.events))

    def _find(self, waybill_no: str) -> KeptOrder:
        found = next(
            (kept for kept in self._orders.values() if kept.waybill_no == waybill_no), None
        )
        if not found:
            raise PostalRefusal("B0003", "查无此邮件")
        return found

    def _next_waybill_no(self) -> str:
        self._serial += 1
        serial = f"{self._serial % SERIALS:08d}"
        return f"1000{serial}{compute_check_digit(serial)}"


def compute_check_digit(serial: str) -> int:
    """Return the check digit of eight digits by the rule of UPU S10."""
    weighted = sum(int(digit) * weight for digit, weight in zip(serial, CHECK_WEIGHTS, strict=True))
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)


def _read(model: type[_Document], document: str) -> _Document:
    try:
        return TypeAdapter(model).validate_json(document)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "报文"
        raise PostalRefusal("B0001", f"{where}不正确") from None


def _print_party(party: PostalParty, *, is_private: bool) -> LabelParty:
    phone = party.any_phone
    shown = f"{phone[:3]}****{phone[-4:]}" if is_private else phone
    return LabelParty(name=party.name, phone=shown, address=party.whole_address)
