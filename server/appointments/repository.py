"""Slots, allowances and appointments in the database.

Order inside a transaction, always: slots (by id), the allowance, then appointments and holds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from models.appointments import Appointment, AppointmentItem, BookingAllowance, Hold, Slot
from models.kinds import WindowKind
from models.states import AppointmentState, HoldState, OfferState, ReleaseState
from models.waitlist import Offer, Release
from server.appointments.errors import (
    AlreadyBooked,
    BookingPaused,
    SlotFull,
    TooManyAppointments,
)
from server.appointments.rules import GIVEN_BACK, MOST_LIVE, NO_SHOWS_COUNT_FOR, SlotRoom
from server.kit.bulk import Statement, as_instant, fetch_all, insert, marks, run_all
from server.kit.errors import ChangedMeanwhile, NotFound

_APPLY = """
UPDATE slots SET taken = taken + {change}
WHERE id IN ({ids}) AND taken + {change} >= 0
  AND ({change} < 0 OR taken + {change} <= capacity)
"""
_AT_PLACES = """
SELECT point_code, kind, starts_at, id, capacity - taken FROM slots WHERE {each}
"""
_OF_PLACE = "(point_code = {0} AND kind = {0} AND starts_at >= {0} AND starts_at < {0})"
_ROOMS = "SELECT id, capacity - taken AS room FROM slots WHERE id IN ({ids}) ORDER BY id{lock}"
# Fuzhou is eight hours ahead all year.
_ROOMS_BY_DAY = {
    "mysql": """
SELECT point_code, DATE(starts_at + INTERVAL 8 HOUR) AS day,
  GROUP_CONCAT(id, ' ', TIMESTAMPDIFF(SECOND, '1970-01-01', starts_at), ' ', capacity - taken)
  AS rooms
FROM slots
WHERE point_code IN ({points}) AND kind = {one} AND starts_at >= {one} AND starts_at < {one}
GROUP BY point_code, day""",
    "sqlite": """
SELECT point_code, DATE(starts_at, '+8 hours') AS day,
  GROUP_CONCAT(id || ' ' || STRFTIME('%s', starts_at) || ' ' || (capacity - taken)) AS rooms
FROM slots
WHERE point_code IN ({points}) AND kind = {one} AND starts_at >= {one} AND starts_at < {one}
GROUP BY point_code, day""",
}
_TAKE_ALLOWANCES = """
UPDATE booking_allowances SET live = live + 1
WHERE person_digest IN ({digests}) AND live < {most}
  AND (paused_until IS NULL OR paused_until <= {now})
"""

Occupant = Appointment | Hold | Offer | Release
"""Whatever has a place: its slots, from its first move to the one that gives them back."""


class Place(NamedTuple):
    """Neighbouring slots of one kind of window at one point."""

    point_code: str
    kind: WindowKind
    starts_at: datetime
    quanta: int

    @classmethod
    def of(cls, row: "Occupant") -> Self:
        """Return the place that a row has."""
        return cls(row.point_code, row.kind, row.starts_at, row.quanta)

    def starts(self, quantum: timedelta) -> list[datetime]:
        """Return when each of its slots begins."""
        return [self.starts_at + number * quantum for number in range(self.quanta)]


async def apply_changes(changes: Mapping[int, int]) -> None:
    """Change `taken` of each slot by its number, all or none; the only way it is ever changed.

    Raises `SlotFull` if a slot has no room, `ChangedMeanwhile` if places were given back that
    nobody had. Call it first in the transaction, and roll back if it raises.
    """
    if not changes:
        return
    [changed] = await run_all([change_slots(changes)])
    if changed == len(changes):
        return
    raise SlotFull if max(changes.values()) > 0 else ChangedMeanwhile


def change_slots(changes: Mapping[int, int]) -> Statement:
    """Change `taken` of those slots that can be changed so: has it changed all, it may stay."""
    ids = sorted(changes)
    usual = Counter(changes.values()).most_common(1)[0][0]
    others = {slot_id: changes[slot_id] for slot_id in ids if changes[slot_id] != usual}
    whens = f"WHEN {marks(1)} THEN {marks(1)} " * len(others)
    case = f"CASE id {whens}ELSE {marks(1)} END" if others else marks(1)
    change = [value for pair in others.items() for value in pair] + [usual]
    sql = _APPLY.format(change=case, ids=marks(len(ids)))
    return Statement(sql, [*change, *ids, *change, *change, *change])


async def try_changes(changes: Mapping[int, int]) -> bool:
    """Apply the changes if there is room, and tell; if there is none, nothing has changed."""
    slots = await Slot.filter(id__in=sorted(changes)).order_by("id").select_for_update()
    if any(slot.taken + changes[slot.id] > slot.capacity for slot in slots):
        return False
    await apply_changes(changes)
    return True


def ask_rooms(slot_ids: Iterable[int], *, is_locking: bool = False) -> Statement:
    """Ask how many more each slot takes; lock them in id order to rely on it."""
    ids = sorted(slot_ids)
    can_lock = connections.get("default").capabilities.support_for_update
    lock = " FOR UPDATE" if is_locking and can_lock else ""
    return Statement(_ROOMS.format(ids=marks(len(ids)), lock=lock), ids)


async def slots_of(place: Place, quantum: timedelta) -> list[SlotRoom]:
    """Return the slots that `place` spans, in time order."""
    return await slots_between(
        place.point_code, place.kind, place.starts_at, place.starts_at + place.quanta * quantum
    )


async def slots_of_each(places: Sequence[Place], quantum: timedelta) -> dict[Place, list[SlotRoom]]:
    """Return the slots that each place spans, in time order, by one question."""
    each = " OR ".join([_OF_PLACE.format(marks(1))] * len(places))
    values = [
        value
        for place in places
        for value in (
            place.point_code,
            place.kind.value,
            place.starts_at,
            place.starts_at + place.quanta * quantum,
        )
    ]
    [rows] = await fetch_all([Statement(_AT_PLACES.format(each=each), values)])
    found = {
        (point_code, kind, as_instant(starts_at)): (slot_id, room)
        for point_code, kind, starts_at, slot_id, room in rows
    }
    return {place: list(_pick(found, place, quantum)) for place in places}


def _pick(
    found: Mapping[tuple[str, str, datetime], tuple[int, int]], place: Place, quantum: timedelta
) -> Iterator[SlotRoom]:
    for number in range(place.quanta):
        starts_at = place.starts_at + number * quantum
        slot = found.get((place.point_code, place.kind.value, starts_at))
        if slot is not None:
            yield SlotRoom(slot[0], starts_at, slot[1])


async def slots_between(
    point_code: str, kind: WindowKind, first_at: datetime, until: datetime
) -> list[SlotRoom]:
    """Return the slots of one kind of window at one point in time order; `until` is not in it."""
    by_point = await slots_by_point([point_code], kind, first_at, until)
    return by_point.get(point_code, [])


async def slots_by_point(
    point_codes: Collection[str], kind: WindowKind, first_at: datetime, until: datetime
) -> dict[str, list[SlotRoom]]:
    """Return the slots of several points, each point's in time order."""
    rows = (
        await Slot.filter(
            point_code__in=point_codes, kind=kind, starts_at__gte=first_at, starts_at__lt=until
        )
        .order_by("starts_at")
        .values_list("point_code", "id", "starts_at", "capacity", "taken")
    )
    by_point: dict[str, list[SlotRoom]] = {}
    for point_code, slot_id, starts_at, capacity, taken in rows:
        by_point.setdefault(point_code, []).append(SlotRoom(slot_id, starts_at, capacity - taken))
    return by_point


async def rooms_by_day(
    point_codes: Collection[str], kind: WindowKind, first_at: datetime, until: datetime
) -> dict[tuple[str, date], str]:
    """Return what the slots of each point on each day in Fuzhou take, as text.

    For each slot, in no order and with commas between: its id, its start in seconds of Unix time,
    how many more it takes. The same text means that nothing has changed.
    """
    connection = connections.get("default")
    statement = _ROOMS_BY_DAY[connection.capabilities.dialect].format(
        points=marks(len(point_codes)), one=marks(1)
    )
    values = [*sorted(point_codes), kind.value, first_at, until]
    _, rows = await connection.execute_query(statement, values)
    return {(row["point_code"], _as_day(row["day"])): row["rooms"] for row in rows}


def _as_day(stored: date | str) -> date:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


async def has_slots(point_code: str, first_at: datetime, until: datetime) -> bool:
    """Tell whether the point works at some time between the two instants."""
    return await Slot.exists(
        point_code=point_code, starts_at__gte=first_at, starts_at__lt=until, capacity__gt=0
    )


async def take_allowance(person_digest: str, *, now: datetime) -> None:
    """Count one more live appointment or hold; raise `TooManyAppointments` or `BookingPaused`."""
    if await _raise_allowance(person_digest, now):
        return
    if await _make_allowance(person_digest) or await _raise_allowance(person_digest, now):
        return
    row = await BookingAllowance.get(person_digest=person_digest)
    if row.paused_until is not None and row.paused_until > now:
        raise BookingPaused(until=row.paused_until.isoformat())
    raise TooManyAppointments(limit=MOST_LIVE)


def take_allowances(person_digests: Collection[str], *, now: datetime) -> list[Statement]:
    """Count one more for each of different persons: together they change one row for each.

    If they change fewer, somebody may not book, and the transaction has to be rolled back.
    """
    digests = sorted(person_digests)
    sql = _TAKE_ALLOWANCES.format(digests=marks(len(digests)), most=marks(1), now=marks(1))
    first = [(digest, 1) for digest in digests]
    return [
        Statement(sql, [*digests, MOST_LIVE, now]),
        insert(BookingAllowance, ("person_digest", "live"), first, keeps_known=True),
    ]


async def find_restrained(person_digests: Collection[str], *, now: datetime) -> set[str]:
    """Return which of the persons may not book now."""
    rows = await BookingAllowance.filter(
        Q(live__gte=MOST_LIVE) | Q(paused_until__gt=now), person_digest__in=person_digests
    )
    return {row.person_digest for row in rows}


async def find_live_items(person_digests: Collection[str]) -> set[tuple[str, str]]:
    """Return person digest and item code of the items that are live."""
    live = AppointmentItem.filter(person_digest__in=person_digests, live=True)
    return set(await live.values_list("person_digest", "item_code"))


async def _raise_allowance(person_digest: str, now: datetime) -> bool:
    free = BookingAllowance.filter(
        Q(paused_until=None) | Q(paused_until__lte=now),
        person_digest=person_digest,
        live__lt=MOST_LIVE,
    )
    return await free.update(live=F("live") + 1) == 1


async def _make_allowance(person_digest: str) -> bool:
    if await BookingAllowance.exists(person_digest=person_digest):
        return False
    try:
        await BookingAllowance.create(person_digest=person_digest, live=1)
    except IntegrityError:
        return False
    return True


async def give_allowance_back(person_digest: str) -> None:
    """Count one live appointment or hold less; raise `ChangedMeanwhile` if there was none."""
    counted = BookingAllowance.filter(person_digest=person_digest, live__gt=0)
    if await counted.update(live=F("live") - 1) != 1:
        raise ChangedMeanwhile


async def take_allowance_again(person_digest: str) -> None:
    """Count a missed visit as live again: its person has come after all."""
    await BookingAllowance.filter(person_digest=person_digest).update(live=F("live") + 1)


async def pause_booking(person_digest: str, until: datetime | None) -> None:
    """Let booking rest until then; None lifts the pause."""
    await BookingAllowance.filter(person_digest=person_digest).update(paused_until=until)


async def count_no_shows(person_id: str, *, now: datetime) -> int:
    """Return how many visits of the last 90 days the person missed."""
    return await Appointment.filter(
        person_id=person_id,
        state=AppointmentState.NO_SHOW,
        starts_at__gte=now - NO_SHOWS_COUNT_FOR,
    ).count()


async def add_items(appointment_id: str, person_digest: str, item_codes: Iterable[str]) -> None:
    """Write the items of a live appointment; raise `AlreadyBooked` for one that is live already."""
    for item_code in sorted(item_codes):
        try:
            await AppointmentItem.create(
                appointment_id=appointment_id, person_digest=person_digest, item_code=item_code
            )
        except IntegrityError:
            raise AlreadyBooked(item_code=item_code) from None


async def person_digest_of(appointment_id: str) -> str:
    """Return the identity digest of whoever the appointment is for."""
    item = await AppointmentItem.filter(appointment_id=appointment_id).first()
    if item is None:
        raise NotFound
    return item.person_digest


async def live_visits_for(person_digest: str, item_codes: Collection[str]) -> list[Appointment]:
    """Return the person's live visits for any of these items."""
    live = AppointmentItem.filter(person_digest=person_digest, item_code__in=item_codes, live=True)
    ids = set(await live.values_list("appointment_id", flat=True))
    return await Appointment.filter(id__in=ids).order_by("id")


async def end_items(appointment_id: str) -> None:
    """Let the items of an appointment be booked again."""
    await AppointmentItem.filter(appointment_id=appointment_id, live=True).update(live=None)


async def revive_items(appointment_id: str) -> None:
    """Make the items of a missed visit live again; raise `AlreadyBooked` if one was rebooked."""
    rows = await AppointmentItem.filter(appointment_id=appointment_id).order_by("item_code")
    for row in rows:
        try:
            await AppointmentItem.filter(id=row.id, live=None).update(live=True)
        except IntegrityError:
            raise AlreadyBooked(item_code=row.item_code) from None


async def count_occupied(
    first_at: datetime, quantum: timedelta
) -> Counter[tuple[str, WindowKind, datetime]]:
    """Return how many have each slot, of all that begins from `first_at` on."""
    kept = Appointment.filter(starts_at__gte=first_at, state__not_in=GIVEN_BACK)
    held = Hold.filter(starts_at__gte=first_at, state=HoldState.HELD)
    offered = Offer.filter(starts_at__gte=first_at, state=OfferState.HELD)
    freed = Release.filter(starts_at__gte=first_at, visit_id=None, state=ReleaseState.PENDING)
    rests = Release.filter(starts_at__gte=first_at, visit_id__isnull=False)
    occupied: Counter[tuple[str, WindowKind, datetime]] = Counter()
    for some in (kept, held, offered, freed):
        occupied.update(await _slots_of_all(some, quantum))
    occupied.subtract(await _slots_of_all(rests.exclude(state=ReleaseState.PENDING), quantum))
    return occupied


async def _slots_of_all(
    rows: QuerySet[Appointment] | QuerySet[Hold] | QuerySet[Offer] | QuerySet[Release],
    quantum: timedelta,
) -> list[tuple[str, WindowKind, datetime]]:
    places = await rows.values_list("point_code", "kind", "starts_at", "quanta")
    return [
        (point_code, kind, starts_at + number * quantum)
        for point_code, kind, starts_at, quanta in places
        for number in range(quanta)
    ]


Part = tuple[list[Appointment], str | None]
"""Some rows of a list and the cursor of what follows, if anything does."""


async def page_of_span(
    point_code: str,
    span: tuple[datetime, datetime],
    states: Collection[AppointmentState],
    *,
    after: str | None,
    limit: int,
) -> Part:
    """Return the appointments of these states at a point that begin within the span, by id."""
    rows = Appointment.filter(
        point_code=point_code, starts_at__gte=span[0], starts_at__lt=span[1], state__in=states
    )
    if after is not None:
        rows = rows.filter(id__gt=after)
    return _part(await rows.order_by("id").limit(limit + 1), limit)


def _part(rows: list[Appointment], limit: int) -> Part:
    shown = rows[:limit]
    return shown, shown[-1].id if len(rows) > limit else None
