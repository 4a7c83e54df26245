"""What comes in and goes out about rounds and what couriers bring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from models.delivery import HandOver, Parcel, PickupRound
from models.states import RoundState
from server.delivery.codes import FreshCode
from server.delivery.rules import AT_THE_POINT
from server.delivery.schemas import ParcelOut, SealNo
from server.kit.http.schemas import Incoming, LongLine, Outgoing

MOST_COUNTED = 10_000


class RoundOut(Outgoing):
    """A round and how far it is: it closes when all that was expected is taken."""

    id: str
    point_code: str
    cut_off_at: datetime
    state: RoundState
    expected: int
    taken: int

    @classmethod
    def of(cls, round_: PickupRound, parcels: Sequence[Parcel]) -> "RoundOut":
        """Count a round."""
        return cls(**_count(round_, parcels))


class RoundParcelOut(Outgoing):
    """What the courier looks for."""

    id: str
    seal_no: str
    waybill_no: str | None
    is_taken: bool


class RoundDetailOut(RoundOut):
    """A round with each of its parcels; those not taken are what is missing."""

    parcels: list[RoundParcelOut]

    @classmethod
    def of(cls, round_: PickupRound, parcels: Sequence[Parcel]) -> "RoundDetailOut":
        """Count a round and name its parcels."""
        return cls(**_count(round_, parcels), parcels=[_of_round(parcel) for parcel in parcels])


class AgreeIn(Incoming):
    """How many parcels the courier has in hand; whether he says that the others are missing."""

    count: Annotated[int, Field(ge=0, le=MOST_COUNTED)]
    names_missing: bool = False


class SheetLineOut(Outgoing):
    """One parcel on the closing sheet: who gave it to whom, when, under which seal."""

    id: str
    seal_no: str
    waybill_no: str | None
    given_by: str
    taken_by: str
    taken_at: datetime | None


class RoundSheetOut(RoundOut):
    """The closing sheet: what was agreed, each hand-over, what is missing."""

    closed_at: datetime | None
    agreed_count: int | None
    agreed_by: str
    handed_over: list[SheetLineOut]
    missing: list[SheetLineOut]

    @classmethod
    def of_sheet(
        cls, round_: PickupRound, parcels: Sequence[Parcel], given: Mapping[str, HandOver]
    ) -> "RoundSheetOut":
        """Draw up the sheet of a round."""
        absent = set(round_.missing)
        lines = [(parcel, _line(parcel, given.get(parcel.id))) for parcel in parcels]
        taken = [line for parcel, line in lines if _is_taken(parcel) and parcel.id not in absent]
        return cls(
            **_count(round_, parcels) | {"taken": len(taken)},
            closed_at=round_.closed_at,
            agreed_count=round_.agreed_count,
            agreed_by=round_.agreed_by,
            handed_over=taken,
            missing=[line for _, line in lines if line not in taken],
        )


class ArrivalIn(Incoming):
    """The waybill number or link on what a courier brings back."""

    text: LongLine


class ArrivalCodeOut(Outgoing):
    """The code by which it is handed in: `qr_svg` is the picture of `tb:p=<code>`."""

    parcel_id: str
    code: str
    qr_svg: str
    expires_at: datetime

    @classmethod
    def of(cls, parcel: Parcel, fresh: FreshCode) -> "ArrivalCodeOut":
        """Show a code and its picture."""
        return cls(
            parcel_id=parcel.id,
            code=fresh.long,
            qr_svg=fresh.qr_svg,
            expires_at=fresh.expires_at,
        )


class TakeInIn(Incoming):
    """The courier's code, and the seal as it was found."""

    text: LongLine
    seal_no: SealNo


class TakenInOut(Outgoing):
    """What was taken in, and whether it bears the seal it left with."""

    parcel: ParcelOut
    is_seal_intact: bool


def _count(round_: PickupRound, parcels: Sequence[Parcel]) -> dict[str, object]:
    return {
        "id": round_.id,
        "point_code": round_.point_code,
        "cut_off_at": round_.cut_off_at,
        "state": round_.state,
        "expected": len(parcels),
        "taken": sum(map(_is_taken, parcels)),
    }


def _is_taken(parcel: Parcel) -> bool:
    return parcel.state not in AT_THE_POINT


def _of_round(parcel: Parcel) -> RoundParcelOut:
    return RoundParcelOut(
        id=parcel.id,
        seal_no=parcel.seal_no,
        waybill_no=parcel.waybill_no,
        is_taken=_is_taken(parcel),
    )


def _line(parcel: Parcel, given: HandOver | None) -> SheetLineOut:
    return SheetLineOut(
        id=parcel.id,
        seal_no=parcel.seal_no,
        waybill_no=parcel.waybill_no,
        given_by=given.given_by if given else "",
        taken_by=given.taken_by if given else "",
        taken_at=given.scanned_at if given else parcel.collected_at,
    )
