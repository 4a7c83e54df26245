"""What comes in and goes out about odd patterns."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from models.people import Person
from server.identity.origins import KEPT_FOR
from server.kit.http.schemas import LONGEST_PAGE, Incoming, Outgoing
from server.kit.masking import mask_name
from server.oversight.oddities import LEAST, Oddity, OddityKind, Search

Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}-[0-9a-f]{1,64}$")]


class OdditiesQuery(Incoming):
    """Which pattern, how many days back, and how much of it is odd."""

    kind: OddityKind
    days: Annotated[int, Field(ge=1, le=KEPT_FOR.days)] = 14
    least: Annotated[int | None, Field(ge=2, le=10_000)] = None
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 20
    cursor: Cursor | None = None

    def search(self, now: datetime) -> Search:
        """Return what is looked for, and one more to know whether there is more."""
        count, _, last_id = (self.cursor or "").partition("-")
        return Search(
            kind=self.kind,
            since=now - timedelta(days=self.days),
            least=self.least or LEAST[self.kind],
            limit=self.limit + 1,
            after=(int(count), last_id) if self.cursor else None,
        )


class OddPersonOut(Outgoing):
    """Somebody, masked."""

    person_id: str
    name: str

    @classmethod
    def of(cls, person: Person) -> Self:
        """Show who it is."""
        return cls(person_id=person.id, name=mask_name(person.name))


class OddityOut(Outgoing):
    """A person and how often, or a device or address and how many people; from when to when.

    The times are those of the bookings and holds, or of the last logins.
    """

    id: str
    kind: OddityKind
    count: int
    people: list[OddPersonOut]
    first_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, oddity: Oddity) -> Self:
        """Show what stands out."""
        return cls(
            id=oddity.id,
            kind=oddity.kind,
            count=oddity.count,
            people=[
                OddPersonOut(person_id=one.id, name=mask_name(one.name)) for one in oddity.people
            ],
            first_at=oddity.first_at,
            last_at=oddity.last_at,
        )
