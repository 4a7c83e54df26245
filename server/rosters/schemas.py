"""What comes in and goes out about rosters."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.kinds import WindowKind
from models.rosters import Absence, Duty
from models.states import AbsenceState
from server.appointments.schemas_closures import ImpactOut, Intent
from server.kit.http.schemas import Code, Day, Incoming, Instant, Outgoing, PageQuery
from server.rosters.rules import Gap

MOST_DUTIES = 500
LARGEST_WINDOW_NO = 9999

Weekday = Annotated[int, Field(ge=0, le=6)]
WindowNo = Annotated[int, Field(ge=1, le=LARGEST_WINDOW_NO)]


class DutyIn(Incoming):
    """Who staffs a window on a weekday (0 = Monday), and who stands in."""

    weekday: Weekday
    window_number: WindowNo
    staff_id: Code
    backup_id: Code

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.staff_id == self.backup_id:
            raise ValueError("nobody stands in for themselves")
        return self

    def for_point(self, point_code: str) -> Duty:
        """Return the duty, not yet written."""
        return Duty(point_code=point_code, **self.model_dump())


class RosterIn(Incoming):
    """The whole roster of a point: a window and a person once a weekday each."""

    items: Annotated[list[DutyIn], Field(max_length=MOST_DUTIES)]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        windows = {(one.weekday, one.window_number) for one in self.items}
        people = {(one.weekday, one.staff_id) for one in self.items}
        if not len(windows) == len(people) == len(self.items):
            raise ValueError("twice")
        return self


class StaffNameOut(Outgoing):
    """Somebody who works at the point."""

    id: str
    name: str


class DutyOut(Outgoing):
    """Who staffs a window on a weekday, and who stands in."""

    weekday: int
    window_number: int
    staff_id: str
    backup_id: str

    @classmethod
    def of(cls, row: Duty) -> Self:
        """Show a duty."""
        return cls(
            weekday=row.weekday,
            window_number=row.window_number,
            staff_id=row.staff_id,
            backup_id=row.backup_id,
        )


class RosterOut(Outgoing):
    """The roster of a point through the week, and everybody who could be on it."""

    items: list[DutyOut]
    staff: list[StaffNameOut]

    @classmethod
    def of(cls, duties: list[Duty], names: Mapping[str, str]) -> Self:
        """Show a roster."""
        staff = [StaffNameOut(id=staff_id, name=name) for staff_id, name in names.items()]
        return cls(items=[DutyOut.of(duty) for duty in duties], staff=staff)


class StaffedOut(Outgoing):
    """Who is at a window on a day: None where nobody is."""

    window_number: int
    kind: WindowKind
    staff_id: str | None
    name: str | None
    is_backup: bool


class RosterDayOut(Outgoing):
    """The windows of a roster on a day."""

    day: date
    items: list[StaffedOut]


class AbsenceIn(Incoming):
    """Who is not there on which day.

    Where nobody stands in, `apply` takes the `version` of the preview that was looked at, and
    `deadline_at` is until when whoever is hit may answer.
    """

    intent: Intent
    version: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    staff_id: Code
    day: Day
    deadline_at: Instant

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.intent is Intent.PREVIEW and self.version is not None:
            raise ValueError("version")
        return self


class JudgedAbsenceOut(Outgoing):
    """What an absence leaves, or has left: then `absence_id` is given.

    `impact` is whom the closure of the window hits where nobody stands in.
    """

    absence_id: str | None
    window_number: int | None
    backup_id: str | None
    impact: ImpactOut | None

    @classmethod
    def of(cls, gap: Gap | None, impact: ImpactOut | None, *, absence_id: str | None) -> Self:
        """Show what is left."""
        return cls(
            absence_id=absence_id,
            window_number=gap.window_number if gap else None,
            backup_id=gap.backup_id if gap else None,
            impact=impact,
        )


class AbsenceOut(Outgoing):
    """Somebody who is not there on a day; `closure_id` is of the window that nobody staffs."""

    id: str
    staff_id: str
    day: date
    window_number: int | None
    backup_id: str | None
    closure_id: str | None
    state: AbsenceState

    @classmethod
    def of(cls, row: Absence) -> Self:
        """Show an absence."""
        return cls(
            id=row.id,
            staff_id=row.staff_id,
            day=row.day,
            window_number=row.window_number,
            backup_id=row.backup_id,
            closure_id=row.closure_id,
            state=row.state,
        )


class RosterDayQuery(Incoming):
    """The day that is asked for."""

    on: Day = Field(alias="date")


class AbsencesQuery(PageQuery):
    """Which absences: of one day if named."""

    on: Day | None = Field(default=None, alias="date")
