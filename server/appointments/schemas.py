"""What comes in and goes out about booking."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from models.appointments import Appointment, Hold
from models.people import Person
from models.states import AppointmentState
from server.appointments.rules import Start
from server.kit.http.schemas import Code, Incoming, Line, Outgoing, PageQuery, Prose
from server.kit.masking import mask_name, mask_phone

LONGEST_RANGE = timedelta(days=14)
MOST_ITEMS = 5
ANY_POINT = "any"

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Dates outside of these would overflow when moved to another time zone."""


def _in_our_time(moment: date) -> date:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("year out of range")
    return moment


def _distinct(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("named twice")
    return codes


Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
Day = Annotated[date, AfterValidator(_in_our_time)]
ItemCodes = Annotated[
    list[Code], Field(min_length=1, max_length=MOST_ITEMS), AfterValidator(_distinct)
]
CommaCodes = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}(,[A-Za-z0-9_-]{1,32}){0,4}$")
]
Phone = Annotated[str, StringConstraints(pattern=r"^1[0-9]{10}$")]
IdNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9Xx]$")]


class TimesQuery(Incoming):
    """Which times: `items` are item codes with commas between; both days count, 14 at most."""

    items: CommaCodes
    first_on: Day = Field(alias="from")
    last_on: Day = Field(alias="to")

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        if not timedelta(0) <= self.last_on - self.first_on < LONGEST_RANGE:
            raise ValueError("range of days")
        return self

    @property
    def item_codes(self) -> list[str]:
        """The codes, each once."""
        return list(dict.fromkeys(self.items.split(",")))


class StartOut(Outgoing):
    """A starting time and how many more may begin then."""

    starts_at: AwareDatetime
    places_left: int

    @classmethod
    def of(cls, start: Start) -> Self:
        """Show a start."""
        return cls(starts_at=start.starts_at, places_left=start.room)


class TimesOut(Outgoing):
    """When a visit for these items can begin."""

    point_code: str
    minutes: int
    times: list[StartOut]


class HoldIn(Incoming):
    """A place to keep."""

    point_code: Code
    starts_at: Instant
    item_codes: ItemCodes


class HoldOut(Outgoing):
    """A place that is kept until `expires_at`."""

    id: str
    point_code: str
    starts_at: AwareDatetime
    item_codes: list[str]
    expires_at: AwareDatetime

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show a hold."""
        return cls(
            id=hold.id,
            point_code=hold.point_code,
            starts_at=hold.starts_at,
            item_codes=hold.item_codes,
            expires_at=hold.expires_at,
        )


class BookingIn(Incoming):
    """A visit to book: at one point or `any`; the earliest time unless one is named."""

    point_code: Code
    starts_at: Instant | None = None
    item_codes: ItemCodes
    hold_id: Code | None = None
    pre_review_id: Code | None = None


class RescheduleIn(Incoming):
    """Where to move a visit; the same point unless one is named."""

    starts_at: Instant
    point_code: Code | None = None


class DeskBookingIn(Incoming):
    """A visit for somebody without a phone, who stands at the window."""

    name: Line
    id_number: IdNumber
    phone: Phone | None = None
    starts_at: Instant
    item_codes: ItemCodes


class DeclineIn(Incoming):
    """Why the point cannot take the visit."""

    reason: Prose


class AppointmentOut(Outgoing):
    """An appointment."""

    id: str
    point_code: str
    starts_at: AwareDatetime
    minutes: int
    item_codes: list[str]
    state: AppointmentState
    confirm_by: AwareDatetime
    pre_review_id: str | None
    replaced_id: str | None

    @classmethod
    def of(cls, row: Appointment) -> Self:
        """Show an appointment."""
        return cls(**facts_of(row))


class AppointmentDetailOut(AppointmentOut):
    """An appointment, why it is as it is, and other times for one that was declined."""

    reason: str
    alternatives: list[StartOut]


class DeskAppointmentOut(AppointmentOut):
    """An appointment as the point sees it; the person is masked."""

    person_name: str
    person_phone: str | None

    @classmethod
    def for_desk(cls, row: Appointment, person: Person) -> Self:
        """Show an appointment and, masked, whose it is."""
        return cls(
            **facts_of(row),
            person_name=mask_name(person.name),
            person_phone=mask_phone(person.phone) if person.phone else None,
        )


class DeclinedOut(DeskAppointmentOut):
    """A declined appointment and the other times that the person was offered."""

    alternatives: list[StartOut]


class DayQuery(PageQuery):
    """The appointments of one day, of one state if named."""

    on: Day = Field(alias="date")
    status: AppointmentState | None = None


def facts_of(row: Appointment) -> dict[str, object]:
    """Return what every view of an appointment shows."""
    return {
        "id": row.id,
        "point_code": row.point_code,
        "starts_at": row.starts_at,
        "minutes": row.minutes,
        "item_codes": row.item_codes,
        "state": row.state,
        "confirm_by": row.confirm_by,
        "pre_review_id": row.pre_review_id,
        "replaced_id": row.replaced_id,
    }
