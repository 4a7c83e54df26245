"""What goes out about whom a closure hits, whoever asks for it."""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime

from models.people import Person
from server.appointments.impact import Impact
from server.appointments.matching import Hit
from server.identity.people import get_people
from server.kit.http.schemas import Outgoing
from server.kit.masking import mask_name, mask_phone


class Intent(StrEnum):
    """Whether a closure is only looked at."""

    PREVIEW = "preview"
    APPLY = "apply"


class PlaceOut(Outgoing):
    """Where and when."""

    point_code: str
    starts_at: AwareDatetime


class HitOut(Outgoing):
    """Somebody who is hit, masked, and the place that would be offered; None: to be called."""

    appointment_id: str
    starts_at: AwareDatetime
    item_codes: list[str]
    person_name: str
    person_phone: str | None
    place: PlaceOut | None

    @classmethod
    def of(cls, hit: Hit, person: Person) -> Self:
        """Show a hit."""
        place = hit.seat and PlaceOut(
            point_code=hit.seat.place.point_code, starts_at=hit.seat.place.starts_at
        )
        return cls(
            appointment_id=hit.visit.id,
            starts_at=hit.visit.starts_at,
            item_codes=hit.visit.item_codes,
            person_name=mask_name(person.name),
            person_phone=mask_phone(person.phone) if person.phone else None,
            place=place,
        )


class ImpactOut(Outgoing):
    """What a closure would do, or has done: then `closure_id` is given."""

    version: str
    closure_id: str | None
    hit: int
    placed: int
    people: list[HitOut]

    @classmethod
    def of(cls, impact: Impact, persons: dict[str, Person], *, closure_id: str | None) -> Self:
        """Show an impact."""
        hits = impact.hits
        return cls(
            version=impact.version,
            closure_id=closure_id,
            hit=len(hits),
            placed=sum(hit.seat is not None for hit in hits),
            people=[HitOut.of(hit, persons[hit.visit.person_id]) for hit in hits],
        )


async def show_impact(impact: Impact, *, is_applied: bool = False) -> ImpactOut:
    """Show whom a closure hits, masked."""
    persons = await get_people({hit.visit.person_id for hit in impact.hits})
    return ImpactOut.of(impact, persons, closure_id=impact.closure.id if is_applied else None)
