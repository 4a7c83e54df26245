"""What comes in and goes out about booking."""

from datetime import time, timedelta
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from models.appointments import Appointment, SlotTemplate
from models.kinds import WindowKind
from models.people import Person
from models.states import AppointmentState
from server.appointments.hours import capacity_of
from server.appointments.rules import Start
from server.balancing.rules import Place
from server.kit.http.schemas import Code, Day, Incoming, Instant, Line, Outgoing, PageQuery, Prose
from server.kit.masking import mask_name, mask_phone
from server.kit.rows import RowOut

LONGEST_RANGE = timedelta(days=14)
MOST_ITEMS = 5
MOST_TEMPLATES = 60
MOST_WINDOWS = 200
ANY_POINT = "any"


def _distinct(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("named twice")
    return codes


ItemCodes = Annotated[
    list[Code], Field(min_length=1, max_length=MOST_ITEMS), AfterValidator(_distinct)
]
CommaCodes = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}(,[A-Za-z0-9_-]{1,32}){0,4}$")
]
Phone = Annotated[str, StringConstraints(pattern=r"^1[0-9]{10}$")]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
IdNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9Xx]$")]


class HoursIn(Incoming):
    """Hours of one kind of window on one weekday (0 = Monday), `09:00` to `12:00` in Fuzhou."""

    kind: WindowKind
    weekday: Annotated[int, Field(ge=0, le=6)]
    opens_at: TimeOfDay
    closes_at: TimeOfDay
    windows: Annotated[int, Field(ge=1, le=MOST_WINDOWS)]
    walk_in_reserve: Annotated[int, Field(ge=0, le=MOST_WINDOWS)] = 0

    def for_point(self, point_code: str) -> SlotTemplate:
        """Return the template, not yet written."""
        return SlotTemplate(
            point_code=point_code,
            kind=self.kind,
            weekday=self.weekday,
            opens_at=time.fromisoformat(self.opens_at),
            closes_at=time.fromisoformat(self.closes_at),
            windows=self.windows,
            walk_in_reserve=self.walk_in_reserve,
        )


class TemplatesIn(Incoming):
    """All the opening hours of a point; spans of one kind on one day do not overlap."""

    items: Annotated[list[HoursIn], Field(max_length=MOST_TEMPLATES)]

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        spans = sorted((one.kind, one.weekday, one.opens_at, one.closes_at) for one in self.items)
        if any(opens_at >= closes_at for _, _, opens_at, closes_at in spans):
            raise ValueError("closes before it opens")
        for (*day, _, closes_at), (*next_day, opens_at, _) in pairwise(spans):
            if day == next_day and opens_at < closes_at:
                raise ValueError("hours overlap")
        return self


class HoursOut(Outgoing):
    """Hours of one kind of window on one weekday, and how many visits may run side by side."""

    kind: WindowKind
    weekday: int
    opens_at: str
    closes_at: str
    windows: int
    walk_in_reserve: int
    capacity: int

    @classmethod
    def of(cls, row: SlotTemplate) -> Self:
        """Show a template."""
        return cls(
            kind=row.kind,
            weekday=row.weekday,
            opens_at=f"{row.opens_at:%H:%M}",
            closes_at=f"{row.closes_at:%H:%M}",
            windows=row.windows,
            walk_in_reserve=row.walk_in_reserve,
            capacity=capacity_of(row),
        )


class TemplatesOut(Outgoing):
    """The opening hours of a point."""

    point_code: str
    items: list[HoursOut]


class SoonestQuery(Incoming):
    """For what: `items` are item codes with commas between."""

    items: CommaCodes

    @property
    def item_codes(self) -> tuple[str, ...]:
        """The codes, each once."""
        return tuple(dict.fromkeys(self.items.split(",")))


class TimesQuery(SoonestQuery):
    """Which times: `items` are item codes with commas between; both days count, 14 at most."""

    first_on: Day = Field(alias="from")
    last_on: Day = Field(alias="to")

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        if not timedelta(0) <= self.last_on - self.first_on < LONGEST_RANGE:
            raise ValueError("range of days")
        return self


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


class SoonestPlaceOut(StartOut):
    """The soonest start at one point."""

    point_code: str
    point_name: str

    @classmethod
    def at(cls, point_code: str, point_name: str, start: Start) -> Self:
        """Show where and when."""
        return cls(
            starts_at=start.starts_at,
            places_left=start.room,
            point_code=point_code,
            point_name=point_name,
        )


class SoonestOut(Outgoing):
    """Where a visit for these items can begin soonest; points without a free time are left out."""

    minutes: int
    items: list[SoonestPlaceOut]


class HoldIn(Incoming):
    """A place to keep."""

    point_code: Code
    starts_at: Instant
    item_codes: ItemCodes


class HoldOut(RowOut):
    """A place that is kept until `expires_at`."""

    id: str
    point_code: str
    starts_at: AwareDatetime
    item_codes: list[str]
    expires_at: AwareDatetime


class BookingIn(Incoming):
    """A visit to book: at one point or `any`; the earliest time unless one is named.

    `relative_id` is for whom, if not for oneself; a hold is always one's own. With a place (WGS 84)
    any point is one that can be reached in time, the soonest done.
    """

    point_code: Code
    starts_at: Instant | None = None
    item_codes: ItemCodes
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lng: Annotated[float, Field(ge=-180, le=180)] | None = None
    hold_id: Code | None = None
    pre_review_id: Code | None = None
    relative_id: Code | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.hold_id is not None and self.relative_id is not None:
            raise ValueError("hold of a relative")
        if (self.lat is None) != (self.lng is None):
            raise ValueError("lat and lng belong together")
        return self

    @property
    def start(self) -> Place | None:
        """Where the person is, if told."""
        return None if self.lat is None or self.lng is None else Place(self.lat, self.lng)


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


class SheetQuery(Incoming):
    """The day of a sheet."""

    on: Day = Field(alias="date")


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
