"""A carrier that does as it is told, the people at both ends, and parcels at every step."""

from dataclasses import dataclass, field
from datetime import timedelta

from integrations.contracts.carrier import Party, Reach, TrackEvent, TrackStep, Waybill
from integrations.contracts.clock import Clock
from integrations.contracts.errors import DuplicateOrder, VendorRefused
from integrations.ems.mapping import find_waybill
from models.delivery import Parcel
from models.kinds import ParcelPurpose
from server.delivery.orders import drive_order
from server.delivery.scans import take_scans
from server.delivery.schemas import ScanIn
from server.delivery.service import pack_parcel, seal_parcel
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction

POINT, OTHER_POINT, FAR_POINT = "350102-C", "350102-B", "350102-S01"
CLERK = Actor(Role.CLERK, id="clerk1", point_code=POINT)
MANAGER = Actor(Role.MANAGER, id="manager1", point_code=POINT)
CITIZEN = Actor(Role.CITIZEN, id="account1", person_id="person1")
COURIER = Actor(Role.COURIER, id="courier1", point_codes=frozenset({POINT, OTHER_POINT}))
SECOND_COURIER = Actor(Role.COURIER, id="courier2", point_codes=frozenset({POINT}))
FAR_COURIER = Actor(Role.COURIER, id="courier3", point_codes=frozenset({FAR_POINT}))
RECEIVER = Party("张三丰", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")
ELSEWHERE = Party("张三丰", "13900000001", "浙江省", "杭州市", "西湖区", "某路5号4单元")


@dataclass
class FakeCarrier:
    """Keeps the `Carrier` contract in memory; `fail_next` is raised once by the next call."""

    clock: Clock
    name: str = "ems"
    refuses_repeats: bool = False
    orders: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    events: dict[str, list[TrackEvent]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    loses_answer: bool = False
    series: str = "10000000"
    reach: Reach = Reach.REACHED
    looked_for: list[Party] = field(default_factory=list)

    async def create_order(self, order):
        self.sent.append(order.order_no)
        self._fail("create_order")
        if order.order_no in self.orders and self.refuses_repeats:
            raise DuplicateOrder("ems", code="B0002", reason="订单号重复")
        known = self.orders.setdefault(order.order_no, f"{self.series}{len(self.orders):05d}")
        if self.loses_answer:
            self.loses_answer = False
            raise Crash
        return Waybill(order.order_no, known, {"routeCode": "1-2-3"})

    async def cancel_order(self, order_no, *, waybill_no, reason):  # noqa: ARG002 - the contract's
        self._fail("cancel_order")
        if order_no in self.cancelled or self.orders.get(order_no) != waybill_no:
            raise VendorRefused("ems", code="B0004", reason="已撤销")
        self.cancelled.append(order_no)
        self.tell(waybill_no, "801", TrackStep.CANCELLED)

    async def draw_label(self, waybill_no, *, size):  # noqa: ARG002 - the contract's
        self._fail("draw_label")
        self.labels.append(waybill_no)
        return b"%PDF-1.4 " + waybill_no.encode()

    async def check_reach(self, party):
        self.looked_for.append(party)
        self._fail("check_reach")
        return self.reach

    async def track(self, waybill_no):
        self.asked.append(waybill_no)
        self._fail("track")
        return sorted(self.events.get(waybill_no, []), key=lambda event: event.occurred_at)

    def find_waybill(self, text):
        return find_waybill(text)

    def read_push(self, body, *, content_type, received_at):  # noqa: ARG002 - the contract's
        raise AssertionError("pushes are read by the real adapter")

    def acknowledge(self, serial_no):
        return {"serialNo": serial_no}

    def tell(self, waybill_no, code, step, *, revokes=()):
        """Let something happen now that the carrier's own list knows of."""
        event = event_of(self.clock.now(), waybill_no, code, step, revokes=revokes)
        self.events.setdefault(waybill_no, []).append(event)
        return event

    def _fail(self, call):
        failure = self.failures.pop(call, None)
        if failure:
            raise failure


class Crash(BaseException):
    """The process is gone in the middle of it; nothing of ours catches that."""


def event_of(occurred_at, waybill_no, code, step, *, revokes=()):
    """One event of a carrier."""
    return TrackEvent(waybill_no, occurred_at, code, step, revokes=frozenset(revokes))


async def pack(ports, **changes):
    """A parcel that waits to be ordered."""
    facts = {
        "purpose": ParcelPurpose.RESULT,
        "point_code": POINT,
        "contents": "审批结果文书",
        "receiver": RECEIVER,
        "case_id": "case1",
        "person_id": "person1",
        "actor": CLERK,
        "now": ports.now(),
    }
    return await in_transaction(lambda: pack_parcel(**(facts | changes)))


async def make_labelled(ports, **changes):
    """A parcel whose label is there."""
    parcel = await pack(ports, **changes)
    await drive_order(parcel.id, ports)
    return await Parcel.get(id=parcel.id)


async def make_sealed(ports, **changes):
    """A sealed parcel and its code."""
    parcel = await make_labelled(ports, **changes)
    code = await in_transaction(
        lambda: seal_parcel(parcel, seal_no="SEAL-1", actor=CLERK, now=ports.now())
    )
    return await Parcel.get(id=parcel.id), code


numbers = iter(range(1, 10**9))


def scan_of(ports, text, *, point=POINT, scan_id=None, digits=None, age=timedelta()):
    """A scan as a device sends it."""
    return ScanIn(
        scan_id=scan_id or f"scan-{next(numbers)}",
        scanned_at=ports.now() - age,
        text=text,
        point_code=point,
        digits=digits,
    )


async def send(ports, *scans, courier=COURIER):
    """Send a batch; return the outcomes."""
    answers = await take_scans(
        scans,
        device_now=ports.now(),
        courier=courier,
        find_waybill=ports.carriers.find_waybill,
        now=ports.now(),
    )
    return [answer.outcome for answer in answers]
