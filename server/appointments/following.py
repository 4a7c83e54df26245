"""What is on sale follows a change of hours, of a point or of the calendar at once.

Whoever has a place where this would close stands in the way of the change, unless a closure lists
them: nobody is left behind unseen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.appointments import Appointment, Hold, Slot, SlotTemplate
from models.states import HoldState, OfferState
from models.waitlist import Offer
from server.appointments.closures import closures_in_force, is_touched
from server.appointments.generation import on_sale, points_with_hours, regenerate
from server.appointments.impact import TO_COME
from server.appointments.reconciling import LONGEST_VISIT
from server.appointments.repository import Place
from server.appointments.rules import admit
from server.appointments.visits import quantum_of
from server.catalog.errors import VisitsInTheWay
from server.kit.errors import ChangedMeanwhile


async def replace_templates(
    point_code: str, templates: Iterable[SlotTemplate], *, now: datetime, settings: Settings
) -> None:
    """Let these be all the opening hours of a point, for the days on sale too.

    Raises `VisitsInTheWay`, or `ChangedMeanwhile` if somebody else sets them at the same time.
    """
    try:
        await SlotTemplate.filter(point_code=point_code).delete()
        await SlotTemplate.bulk_create(templates)
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    await follow_point(point_code, now, settings)


async def follow_point(point_code: str, now: datetime, settings: Settings) -> None:
    """Let the places of a point follow its hours as they are now; raises `VisitsInTheWay`."""
    await _follow([point_code], on_sale(now, settings), now, settings)


async def follow_days(changed: Collection[date], now: datetime, settings: Settings) -> None:
    """Let the places of all points follow changed days; raises `VisitsInTheWay`."""
    first_on, last_on = on_sale(now, settings)
    sold = [day for day in changed if first_on <= day <= last_on]
    if not sold:
        return
    await _follow(await points_with_hours(), (min(sold), max(sold)), now, settings)


async def require_clear(
    point_code: str, slots: Iterable[Slot], *, now: datetime, settings: Settings
) -> None:
    """Raise `VisitsInTheWay` if more people have these slots than they take."""
    tight = [slot for slot in slots if slot.taken > slot.capacity]
    _require_none(await count_in_the_way(point_code, tight, now=now, settings=settings))


async def count_in_the_way(
    point_code: str, slots: Sequence[Slot], *, now: datetime, settings: Settings
) -> int:
    """Return how many people have places there beyond what the slots take, on no closure's list.

    A freed place that waits for its release is nobody's.
    """
    closures, quantum = await closures_in_force(point_code, after=now), quantum_of(settings)
    unlisted = {
        (slot.kind, slot.starts_at): slot
        for slot in slots
        if not any(is_touched(one, slot.kind, slot.starts_at, length=quantum) for one in closures)
    }
    if not unlisted:
        return 0
    wanted = []
    for place in await _places_from(min(at for _, at in unlisted), point_code, now=now):
        spanned = (unlisted.get((place.kind, at)) for at in place.starts(quantum))
        wanted.append([slot.id for slot in spanned if slot is not None])
    rooms = {slot.id: slot.capacity for slot in unlisted.values()}
    return admit(wanted, rooms).count(False)


async def _follow(
    point_codes: Collection[str], days: tuple[date, date], now: datetime, settings: Settings
) -> None:
    tight = defaultdict(list)
    for slot in await regenerate(point_codes, days, now=now, settings=settings):
        tight[slot.point_code].append(slot)
    counts = [
        await count_in_the_way(code, slots, now=now, settings=settings)
        for code, slots in tight.items()
    ]
    _require_none(sum(counts))


def _require_none(visits: int) -> None:
    if visits:
        raise VisitsInTheWay(visits=visits)


async def _places_from(first_at: datetime, point_code: str, *, now: datetime) -> list[Place]:
    begun = {"point_code": point_code, "starts_at__gt": max(now, first_at - LONGEST_VISIT)}
    visits = await Appointment.filter(state__in=TO_COME, **begun).order_by("id")
    holds = await Hold.filter(state=HoldState.HELD, **begun).order_by("id")
    offers = await Offer.filter(state=OfferState.HELD, **begun).order_by("id")
    return [Place.of(one) for rows in (visits, holds, offers) for one in rows]
