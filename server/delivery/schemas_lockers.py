"""What comes in and goes out about lockers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from models.delivery import LockerStay
from models.kinds import StayPurpose
from models.states import StayState
from server.delivery.codes import FreshCode
from server.delivery.lockers import OpenOutcome
from server.delivery.schemas import Contents, Spoken
from server.kit.http.schemas import Code, Incoming, Line, Outgoing, PageQuery
from server.kit.messages import text

MOST_CELLS = 200

LockerCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
LongCode = Annotated[str, StringConstraints(pattern=r"^[A-Z2-7]{26}$")]
Number = Annotated[int, Field(ge=1, le=MOST_CELLS)]


class LockerIn(Incoming):
    """Where a locker stands, how many cells it has, which of them are out of order."""

    point_code: LockerCode
    place: Line
    cells: Number
    out_of_order: Annotated[list[Number], Field(max_length=MOST_CELLS, default_factory=list)]


class LockerOut(Outgoing):
    """A locker and how many of its cells are free."""

    code: str
    point_code: str
    place: str
    cells: int
    free: int


class LockersOut(Outgoing):
    """Every locker of a point."""

    items: list[LockerOut]


class StaysQuery(PageQuery):
    """Which stays."""

    state: StayState | None = None


class ResultStayIn(Incoming):
    """Into which locker a result is put."""

    locker_code: LockerCode


class StayIn(ResultStayIn):
    """Into which locker what is put."""

    contents: Contents


class OpenIn(Incoming):
    """The long code that was scanned, or the digits of one stay."""

    code: LongCode | None = None
    stay_id: Code | None = None
    digits: Spoken | None = None

    @model_validator(mode="after")
    def _say_it_once(self) -> Self:
        spoken = self.stay_id is not None and self.digits is not None
        if (self.code is not None) is spoken or (self.stay_id is None) is not (self.digits is None):
            raise ValueError("give code, or stay_id and digits")
        return self


class StayOut(Outgoing):
    """What is announced for a cell, or lies in it."""

    id: str
    locker_code: str
    cell: int
    purpose: StayPurpose
    contents: str
    state: StayState
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, stay: LockerStay) -> "StayOut":
        """Show a stay."""
        return cls(
            id=stay.id,
            locker_code=stay.locker_code,
            cell=stay.cell_number,
            purpose=stay.purpose,
            contents=stay.contents,
            state=stay.state,
            expires_at=stay.expires_at,
            created_at=stay.created_at,
        )


class StayCodeOut(Outgoing):
    """A code that opens a cell, shown this once: `qr_svg` is the picture of `tb:p=<code>`."""

    stay: StayOut
    code: str
    digits: str
    qr_svg: str
    expires_at: datetime

    @classmethod
    def of(cls, stay: LockerStay, fresh: FreshCode) -> "StayCodeOut":
        """Show a code and its picture."""
        return cls(
            stay=StayOut.of(stay),
            code=fresh.long,
            digits=fresh.spoken,
            qr_svg=fresh.qr_svg,
            expires_at=fresh.expires_at,
        )


class OpenOut(Outgoing):
    """How a try at a cell was answered; only one that opened says what it opened."""

    outcome: OpenOutcome
    text: str
    stay: StayOut | None

    @classmethod
    def of(cls, outcome: OpenOutcome, stay: LockerStay | None) -> "OpenOut":
        """Show an answer."""
        shown = StayOut.of(stay) if stay else None
        return cls(outcome=outcome, text=text(f"cell_{outcome}"), stay=shown)
