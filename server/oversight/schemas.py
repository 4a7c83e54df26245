"""What comes in and goes out about closures."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from models.appointments import Appointment
from models.closures import Closure, Reseating
from models.kinds import WindowKind
from models.people import Person
from models.states import ClosureState, ReseatingState
from server.appointments.schemas_closures import Intent
from server.kit.http.schemas import Code, Incoming, Instant, LongLine, Outgoing, PageQuery, Prose
from server.kit.masking import mask_name, mask_phone

LONGEST_CLOSURE = timedelta(days=62)
MOST_WINDOWS = 200


class ClosureIn(Incoming):
    """What to close: all of a point, one `kind` of its windows, or so many of them.

    `apply` takes the `version` of the preview that was looked at.
    """

    intent: Intent
    version: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    kind: WindowKind | None = None
    windows: Annotated[int, Field(ge=1, le=MOST_WINDOWS)] | None = None
    starts_at: Instant
    ends_at: Instant
    deadline_at: Instant
    reason: LongLine

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not timedelta(0) < self.ends_at - self.starts_at <= LONGEST_CLOSURE:
            raise ValueError("span")
        if self.windows is not None and self.kind is None:
            raise ValueError("windows of which kind")
        if (self.intent is Intent.APPLY) != (self.version is not None):
            raise ValueError("version")
        return self


class ClosureOut(Outgoing):
    """A closure."""

    id: str
    point_code: str
    kind: WindowKind | None
    windows: int | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    deadline_at: AwareDatetime
    reason: str
    state: ClosureState

    @classmethod
    def of(cls, row: Closure) -> Self:
        """Show a closure."""
        return cls(**_facts_of(row))


class ToCallOut(Outgoing):
    """Somebody who has to be called, masked."""

    id: str
    appointment_id: str
    starts_at: AwareDatetime
    item_codes: list[str]
    person_name: str
    person_phone: str | None

    @classmethod
    def of(cls, row: Reseating, visit: Appointment, person: Person, *, is_masked: bool) -> Self:
        """Show whom to call; unmasked only on record."""
        phone = person.phone or None
        return cls(
            id=row.id,
            appointment_id=visit.id,
            starts_at=visit.starts_at,
            item_codes=visit.item_codes,
            person_name=mask_name(person.name) if is_masked else person.name,
            person_phone=mask_phone(phone) if is_masked and phone else phone,
        )


class ClosureDetailOut(ClosureOut):
    """A closure, how many people are how far, and who has still to be called."""

    people: dict[ReseatingState, int]
    to_call: list[ToCallOut]

    @classmethod
    def with_people(
        cls, row: Closure, counts: dict[ReseatingState, int], to_call: list[ToCallOut]
    ) -> Self:
        """Show a closure with its people."""
        return cls(**_facts_of(row), people=counts, to_call=to_call)


class ClosuresQuery(PageQuery):
    """Which closures: of one point if named."""

    point_code: Code | None = None


class CalledIn(Incoming):
    """What came of a call; `is_cancelled` if it was agreed that the visit is off."""

    note: Prose
    is_cancelled: bool = False


def _facts_of(row: Closure) -> dict[str, object]:
    return {
        "id": row.id,
        "point_code": row.point_code,
        "kind": row.kind,
        "windows": row.windows,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "deadline_at": row.deadline_at,
        "reason": row.reason,
        "state": row.state,
    }
