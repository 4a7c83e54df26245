"""What becomes of a freed place: offered to who waits, or back on sale after a random delay.

Until then it counts as taken, so that watching for what others give up gains nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import SystemRandom

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.appointments import Appointment
from models.kinds import WindowKind
from models.states import ReleaseState
from models.waitlist import Release
from server.appointments.repository import Place, apply_changes, slots_of
from server.appointments.rules import release_at, runs_of
from server.appointments.visits import quantum_of
from server.kit.access import Actor
from server.kit.errors import ChangedMeanwhile
from server.kit.states import advance, record_move

_LUCK = SystemRandom()


async def free_place(
    place: Place,
    *,
    actor: Actor,
    now: datetime,
    settings: Settings,
    kept: Place | None = None,
) -> None:
    """Let a place go whose visit, hold or offer has ended, except what `kept` has of it.

    Call it after the move of what has ended: nothing is taken twice, not even between two moves.
    """
    quantum = quantum_of(settings)
    starts = set(place.starts(quantum))
    if kept and (kept.point_code, kept.kind) == (place.point_code, place.kind):
        starts -= set(kept.starts(quantum))
    freed = place.point_code, place.kind, _due_at(place.starts_at, now, settings)
    await keep_back(starts, freed, quantum=quantum, actor=actor, now=now)


async def free_rest(visit: Appointment, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """Let go what is left of the place of a visit that ended early, if anybody could still use it.

    Raises `ChangedMeanwhile` if that was done.
    """
    rest = rest_of(visit, now, settings)
    if not rest:
        return
    quantum = quantum_of(settings)
    freed = visit.point_code, visit.kind, _due_at(rest[0], now, settings)
    try:
        await keep_back(rest, freed, quantum=quantum, actor=actor, now=now, visit_id=visit.id)
    except IntegrityError:
        raise ChangedMeanwhile from None


def rest_of(visit: Appointment, now: datetime, settings: Settings) -> list[datetime]:
    """Return which slots of a visit begin so late that they can be on sale before."""
    on_sale_at = now + timedelta(seconds=settings.release_delay_min_s)
    return [at for at in Place.of(visit).starts(quantum_of(settings)) if at > on_sale_at]


def _due_at(starts_at: datetime, now: datetime, settings: Settings) -> datetime:
    delays = (
        timedelta(seconds=settings.release_delay_min_s),
        timedelta(seconds=settings.release_delay_max_s),
    )
    return release_at(starts_at, now=now, delays=delays, luck=_LUCK.random())


async def keep_back(
    starts: Iterable[datetime],
    freed: tuple[str, WindowKind, datetime],
    *,
    quantum: timedelta,
    actor: Actor,
    now: datetime,
    visit_id: str | None = None,
) -> None:
    """Write down taken slots of a point and kind that nobody has, until when they are kept.

    `visit_id` is the visit that is counted for them, where one is.
    """
    point_code, kind, due_at = freed
    for starts_at, quanta in runs_of(starts, quantum):
        release = await Release.create(
            point_code=point_code,
            kind=kind,
            starts_at=starts_at,
            quanta=quanta,
            visit_id=visit_id,
            state=ReleaseState.PENDING,
            release_at=due_at,
            created_at=now,
        )
        await record_move(
            release, from_state=None, to_state=ReleaseState.PENDING, actor=actor, now=now
        )


async def put_on_sale(release: Release, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """Give a place back to everybody; raise `ChangedMeanwhile` if it went to somebody."""
    await give_place_back(Place.of(release), settings)
    await advance(release, ReleaseState.ON_SALE, actor=actor, now=now)


async def give_place_back(place: Place, settings: Settings) -> None:
    """Put a place on sale again, at once."""
    slots = await slots_of(place, quantum_of(settings))
    await apply_changes({slot.id: -1 for slot in slots})
