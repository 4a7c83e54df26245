"""What comes in and goes out about waiting, offers and draws."""

from datetime import date
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from models.states import WaitlistState
from models.waitlist import WaitlistEntry
from server.appointments.schemas import ItemCodes, TimeOfDay
from server.appointments.waitlist import Wanted
from server.appointments.wishes import Times
from server.kit.http.schemas import Code, Day, Incoming, Outgoing

MOST_POINTS = 10
MOST_SPANS = 3


class SpanIn(Incoming):
    """Hours of a day in which the visit may begin; `ends` is not in it."""

    begins: TimeOfDay
    ends: TimeOfDay

    @model_validator(mode="after")
    def _is_forward(self) -> Self:
        if self.begins >= self.ends:
            raise ValueError("ends before it begins")
        return self


class WishIn(Incoming):
    """What for, where (anywhere unless points are named) and at which hours (any unless named)."""

    item_codes: ItemCodes
    point_codes: Annotated[list[Code], Field(default_factory=list, max_length=MOST_POINTS)]
    hours: Annotated[list[SpanIn], Field(default_factory=list, max_length=MOST_SPANS)]

    def between(self, first_on: date, last_on: date) -> Wanted:
        """Return what is wanted on these days."""
        hours = tuple((span.begins, span.ends) for span in self.hours)
        return Wanted(
            tuple(self.item_codes), tuple(self.point_codes), Times(first_on, last_on, hours)
        )


class WaitIn(WishIn):
    """A wish for a place that somebody gives up, on any of the days."""

    first_on: Day
    last_on: Day

    @model_validator(mode="after")
    def _are_days_in_order(self) -> Self:
        if self.first_on > self.last_on:
            raise ValueError("range of days")
        return self


class SpanOut(Outgoing):
    """Hours of a day."""

    begins: str
    ends: str

    @classmethod
    def each_of(cls, hours: list[list[str]]) -> "list[SpanOut]":
        """Show the hours of a wish."""
        return [cls(begins=begins, ends=ends) for begins, ends in hours]


class WaitOut(Outgoing):
    """A wish on the waiting list."""

    id: str
    item_codes: list[str]
    minutes: int
    point_codes: list[str]
    first_on: date
    last_on: date
    hours: list[SpanOut]
    state: WaitlistState
    created_at: AwareDatetime

    @classmethod
    def of(cls, row: WaitlistEntry) -> Self:
        """Show a wish."""
        return cls(
            id=row.id,
            item_codes=row.item_codes,
            minutes=row.minutes,
            point_codes=row.point_codes,
            first_on=row.first_on,
            last_on=row.last_on,
            hours=SpanOut.each_of(row.hours),
            state=row.state,
            created_at=row.created_at,
        )
