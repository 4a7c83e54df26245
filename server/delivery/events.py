"""What delivery tells others, and itself once a transaction is through."""

from typing import ClassVar

from models.kinds import ParcelPurpose, StayPurpose
from models.states import ParcelState
from server.kit.outbox import Event


class OrderDue(Event):
    """The order of a parcel, which `aggregate_id` names, has a next step at the carrier."""

    topic: ClassVar[str] = "parcel.order_due"
    aggregate: ClassVar[str] = "parcel"


class ParcelCancelled(Event):
    """A parcel will not be carried; what was ordered for it is to be cancelled."""

    topic: ClassVar[str] = "parcel.cancelled"
    aggregate: ClassVar[str] = "parcel"

    case_id: str | None
    transfer_id: str | None
    purpose: ParcelPurpose


class ParcelDoubted(Event):
    """A push said something that counts only once the carrier confirms it."""

    topic: ClassVar[str] = "parcel.doubted"
    aggregate: ClassVar[str] = "parcel"


class ParcelCollected(Event):
    """The carrier has the parcel: a courier scanned it, or the carrier says so."""

    topic: ClassVar[str] = "parcel.collected"
    aggregate: ClassVar[str] = "parcel"

    case_id: str | None
    transfer_id: str | None
    purpose: ParcelPurpose


class ParcelEnded(Event):
    """A parcel was delivered, returned or lost, confirmed by the carrier.

    Once for each of these states: one that is called delivered by mistake and comes back later is
    news twice.
    """

    topic: ClassVar[str] = "parcel.ended"
    aggregate: ClassVar[str] = "parcel"

    case_id: str | None
    transfer_id: str | None
    purpose: ParcelPurpose
    state: ParcelState


class StayEnded(Event):
    """What lay in a locker's cell was taken out by whom it was for."""

    topic: ClassVar[str] = "stay.ended"
    aggregate: ClassVar[str] = "stay"

    case_id: str | None
    purpose: StayPurpose


class AddressGiven(Event):
    """A citizen said where the result of a case goes; `aggregate_id` is the case's."""

    topic: ClassVar[str] = "address.given"
    aggregate: ClassVar[str] = "case"

    person_id: str
