"""Which place suits which wish: values in, decision out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime

from server.appointments.rules import SlotRoom, Start
from server.catalog.rules import SHANGHAI


@dataclass(frozen=True, slots=True)
class Times:
    """When somebody could come: days and hours (`09:00` to `12:00`) of Fuzhou; none is any hour."""

    first_on: date
    last_on: date
    hours: Sequence[Sequence[str]] = ()

    def suit(self, starts_at: datetime) -> bool:
        """Tell whether a visit may begin then."""
        local = starts_at.astimezone(SHANGHAI)
        at = f"{local:%H:%M}"
        is_day = self.first_on <= local.date() <= self.last_on
        return is_day and (not self.hours or any(begin <= at < end for begin, end in self.hours))


def count_freed(places: Iterable[Sequence[datetime]]) -> Counter[datetime]:
    """Return how many freed places each slot has, by its start."""
    return Counter(start for starts in places for start in starts)


def with_freed(slots: Iterable[SlotRoom], freed: Mapping[datetime, int]) -> list[SlotRoom]:
    """Return the slots as they are for somebody who may have the freed places."""
    return [replace(slot, room=slot.room + freed.get(slot.starts_at, 0)) for slot in slots]


def first_suiting(
    starts: Iterable[Start], times: Times, *, freed_ids: AbstractSet[int]
) -> Start | None:
    """Return the first start that suits and uses a freed place."""
    return next(
        (
            start
            for start in starts
            if times.suit(start.starts_at) and not freed_ids.isdisjoint(start.slot_ids)
        ),
        None,
    )


def share_out(
    run: Iterable[datetime], freed: Mapping[str, Sequence[datetime]]
) -> dict[str, set[datetime]]:
    """Return which freed place, by id, gives which slots of a run: of as few places as can be.

    A slot that no freed place has is given by none.
    """
    given: dict[str, set[datetime]] = {}
    for start in run:
        giver = next((one for one in (*given, *freed) if start in freed[one]), None)
        if giver is not None:
            given.setdefault(giver, set()).add(start)
    return given
