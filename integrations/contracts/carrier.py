"""A carrier of parcels, whoever it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class TrackStep(StrEnum):
    """What one carrier event says of a parcel, in our words."""

    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    WAITING_AT_POINT = "waiting_at_point"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    INTERCEPTED = "intercepted"
    LOST = "lost"
    CANCELLED = "cancelled"


class LabelSize(StrEnum):
    """Printed size of a shipping label, in millimetres."""

    MM_76_129 = "76x129"
    MM_100_179 = "100x179"


class Reach(StrEnum):
    """Whether the carrier goes to an address."""

    REACHED = "reached"
    OUT_OF_RANGE = "out_of_range"
    TOO_COARSE = "too_coarse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Party:
    """Sender or receiver; never more than name, phone and address."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    province: str
    city: str
    county: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DispatchOrder:
    """One parcel to be carried; `order_no` is ours, stored before the first call, never reused."""

    order_no: str
    sender: Party
    receiver: Party
    contents: str
    weight_g: int
    created_at: datetime
    pickup_from: datetime
    pickup_until: datetime
    privacy_number: bool


@dataclass(frozen=True, slots=True)
class Waybill:
    """The carrier's number for an order, with the routing words printed on the label."""

    order_no: str
    waybill_no: str
    routing: dict[str, str]


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """One thing that the carrier says happened.

    `step` is None for codes that say nothing of the state or are unknown; `revokes` names the
    codes of earlier events that this one cancels.
    """

    waybill_no: str
    occurred_at: datetime
    code: str
    step: TrackStep | None
    revokes: frozenset[str] = frozenset()
    place: str = ""
    office_code: str = ""
    description: str = field(default="", repr=False)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TrackPush:
    """A pushed event; `serial_no` is the delivery's own number. A hint, never proof."""

    serial_no: str
    pushed_at: datetime
    event: TrackEvent


class Carrier(Protocol):
    """Calls to the carrier. All raise `VendorUnavailable` or `VendorRefused`."""

    name: str

    async def create_order(self, order: DispatchOrder) -> Waybill:
        """Order a collection; `DuplicateOrder` if the number is known and no waybill was told."""
        ...

    async def cancel_order(self, order_no: str, *, waybill_no: str, reason: str) -> None:
        """Cancel an order that was not collected yet."""
        ...

    async def draw_label(self, waybill_no: str, *, size: LabelSize) -> bytes:
        """Return the shipping label as a PDF."""
        ...

    async def check_reach(self, party: Party) -> Reach:
        """Tell whether the carrier goes to this address."""
        ...

    async def track(self, waybill_no: str) -> list[TrackEvent]:
        """Return every event known, in event-time order."""
        ...

    def find_waybill(self, text: str) -> str | None:
        """Return the waybill number in what was scanned off a parcel; None if it is none."""
        ...

    def read_push(self, body: bytes, *, content_type: str, received_at: datetime) -> TrackPush:
        """Decrypt and map one pushed event; raise `PushRefused` if it is not intelligible."""
        ...

    def acknowledge(self, serial_no: str) -> dict[str, str]:
        """Return the JSON document that tells the carrier that a push was kept."""
        ...


class UnknownCarrier(LookupError):
    """No carrier has this name."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """Every carrier there is: the usual one, and points that another one comes to."""

    usual: str
    by_name: Mapping[str, Carrier]
    by_point: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (self.usual, *self.by_point.values()):
            self.named(name)

    def named(self, name: str) -> Carrier:
        """Return a carrier by its name, the usual one for none; raises `UnknownCarrier`."""
        try:
            return self.by_name[name or self.usual]
        except KeyError:
            raise UnknownCarrier(name) from None

    def of_point(self, point_code: str) -> Carrier:
        """Return the carrier that comes to a point."""
        return self.named(self.by_point.get(point_code, ""))

    def find_waybill(self, text: str) -> str | None:
        """Return the waybill number in a scanned text, whosever it is."""
        found = (carrier.find_waybill(text) for carrier in self.by_name.values())
        return next(filter(None, found), None)
