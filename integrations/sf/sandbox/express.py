"""The sandbox's SF: what it remembers of orders and how it answers each service.

Where the error codes are public they are SF's own; `8xxx` without a source is the sandbox's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from integrations.contracts.clock import Clock
from integrations.sf import codes
from integrations.sf.mapping import BEIJING, TIME_FORMAT, PlatformModel

UNSERVED = {"台湾省", "香港特别行政区", "澳门特别行政区"}
UNKNOWN_ORDER = "8018"
COLLECTED_ALREADY = "8252"
BAD_DOCUMENT = "8001"

Required = Annotated[str, Field(min_length=1, max_length=200)]
_Document = TypeVar("_Document")


class Contact(PlatformModel):
    """Sender (1) or receiver (2)."""

    contact_type: int
    contact: str = ""
    mobile: str = ""
    tel: str = ""
    country: Required
    province: Required
    city: Required
    county: str = ""
    address: Required


class Order(PlatformModel):
    """An order with the fields that SF insists on."""

    language: Required
    order_id: Annotated[str, Field(min_length=1, max_length=64)]
    monthly_card: Required
    express_type_id: int
    cargo_details: Annotated[list[dict[str, Any]], Field(min_length=1)]
    contact_info_list: Annotated[list[Contact], Field(min_length=2, max_length=2)]


class Update(PlatformModel):
    """What is done with an order that exists."""

    order_id: Required
    deal_type: int


class Search(PlatformModel):
    """The order that is asked about."""

    order_id: Required


class RouteRequest(PlatformModel):
    """The parcels that are asked about."""

    tracking_type: str
    tracking_number: Annotated[list[str], Field(min_length=1, max_length=10)]


class ReachRequest(PlatformModel):
    """The address that is asked about."""

    contact_infos: Annotated[list[Contact], Field(min_length=1)]


class Print(PlatformModel):
    """The label that is asked for."""

    master_waybill_no: Required


class PrintRequest(PlatformModel):
    """Which label on which paper."""

    template_code: Required
    file_type: str
    documents: Annotated[list[Print], Field(min_length=1, max_length=1)]


class ExpressRefusal(Exception):
    """An answer that is no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(slots=True)
class KeptOrder:
    """An order with its waybill and everything that happened to the parcel."""

    order: Order
    waybill_no: str
    is_cancelled: bool = False
    routes: list[dict[str, str]] = field(default_factory=list)


class Express:
    """Answers the calls of one customer from memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._orders: dict[str, KeptOrder] = {}
        self._serial = int(clock.now().timestamp())
        self._services: dict[str, Callable[[str], Any]] = {
            codes.CREATE_ORDER: self._create,
            codes.FIND_ORDER: self._search,
            codes.UPDATE_ORDER: self._update,
            codes.SEARCH_ROUTES: self._search_routes,
            codes.CHECK_REACH: self._check_reach,
        }

    def knows(self, service: str) -> bool:
        """Whether there is such a service."""
        return service in self._services or service == codes.PRINT_WAYBILLS

    def answer(self, service: str, document: str) -> Any:
        """Return the document that answers one; raise `ExpressRefusal` for a no."""
        return self._services[service](document)

    def find_label(self, document: str) -> tuple[KeptOrder, str]:
        """Return the order whose label is wanted, and the template it is wanted on."""
        wanted = _read(PrintRequest, document)
        kept = self.find(wanted.documents[0].master_waybill_no)
        if kept.is_cancelled:
            raise ExpressRefusal(codes.ALREADY_CANCELLED, "已消单")
        return kept, wanted.template_code

    def find(self, waybill_no: str) -> KeptOrder:
        """Return the order of a waybill."""
        orders = self._orders.values()
        found = next((kept for kept in orders if kept.waybill_no == waybill_no), None)
        if found is None:
            raise ExpressRefusal(UNKNOWN_ORDER, "未获取到订单信息")
        return found

    def add_route(self, waybill_no: str, op_code: str, remark: str) -> dict[str, str]:
        """Let something happen to a parcel now."""
        route = {
            "acceptTime": self._clock.now().astimezone(BEIJING).strftime(TIME_FORMAT),
            "acceptAddress": "南京市",
            "opCode": op_code,
            "remark": remark,
        }
        self.find(waybill_no).routes.append(route)
        return route

    def list_orders(self) -> list[dict[str, object]]:
        """Return every order as it was received, with what became of it."""
        return [
            {
                "order_no": order_no,
                "waybill_no": kept.waybill_no,
                "is_cancelled": kept.is_cancelled,
                "routes": kept.routes,
            }
            for order_no, kept in self._orders.items()
        ]

    def _create(self, document: str) -> dict[str, object]:
        order = _read(Order, document)
        if order.order_id in self._orders:
            raise ExpressRefusal(codes.KNOWN_ORDER, "重复下单")
        if not all(one.contact and (one.mobile or one.tel) for one in order.contact_info_list):
            raise ExpressRefusal(BAD_DOCUMENT, "联系人和电话不能为空")
        self._serial += 1
        kept = KeptOrder(order, f"SF{self._serial:013d}")
        self._orders[order.order_id] = kept
        return _show(kept)

    def _search(self, document: str) -> dict[str, object]:
        kept = self._of(_read(Search, document).order_id)
        if kept.is_cancelled:
            raise ExpressRefusal(codes.ALREADY_CANCELLED, "已消单")
        return _show(kept)

    def _update(self, document: str) -> dict[str, object]:
        update = _read(Update, document)
        kept = self._of(update.order_id)
        if update.deal_type != codes.CANCEL:
            raise ExpressRefusal(BAD_DOCUMENT, "dealType不正确")
        if kept.is_cancelled:
            raise ExpressRefusal(codes.ALREADY_CANCELLED, "已消单")
        if kept.routes:
            raise ExpressRefusal(COLLECTED_ALREADY, "已收件,不能消单")
        kept.is_cancelled = True
        return {"orderId": update.order_id, "resStatus": 2}

    def _search_routes(self, document: str) -> dict[str, object]:
        wanted = _read(RouteRequest, document)
        known = {kept.waybill_no: kept for kept in self._orders.values()}
        found = [
            {"mailNo": number, "routes": known[number].routes if number in known else []}
            for number in wanted.tracking_number
        ]
        return {"routeResps": found}

    def _check_reach(self, document: str) -> list[dict[str, object]]:
        [contact, *_] = _read(ReachRequest, document).contact_infos
        return [{"filterResult": 3 if contact.province in UNSERVED else 2}]

    def _of(self, order_id: str) -> KeptOrder:
        if order_id not in self._orders:
            raise ExpressRefusal(UNKNOWN_ORDER, "未获取到订单信息")
        return self._orders[order_id]


def _show(kept: KeptOrder) -> dict[str, object]:
    return {
        "orderId": kept.order.order_id,
        "originCode": "591",
        "destCode": "025",
        "filterResult": 2,
        "waybillNoInfoList": [{"waybillType": 1, "waybillNo": kept.waybill_no}],
    }


def _read(model: type[_Document], document: str) -> _Document:
    try:
        return TypeAdapter(model).validate_json(document)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "msgData"
        raise ExpressRefusal(BAD_DOCUMENT, f"{where}不正确") from None
