"""What becomes of a freed place: offered to who waits, or back on sale after a random delay.

Until then it counts as taken, so that watching for what others give up gains nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import SystemRandom

from config.settings import Settings
from models.kinds import WindowKind
from models.states import ReleaseState
from models.waitlist import Release
from server.appointments.repository import Place, apply_changes, slots_of
from server.appointments.rules import release_at, runs_of
from server.appointments.visits import quantum_of
from server.kit.access import Actor
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
    delays = (
        timedelta(seconds=settings.release_delay_min_s),
        timedelta(seconds=settings.release_delay_max_s),
    )
    due_at = release_at(place.starts_at, now=now, delays=delays, luck=_LUCK.random())
    freed = place.point_code, place.kind, due_at
    await keep_back(starts, freed, quantum=quantum, actor=actor, now=now)


async def keep_back(
    starts: Iterable[datetime],
    freed: tuple[str, WindowKind, datetime],
    *,
    quantum: timedelta,
    actor: Actor,
    now: datetime,
) -> None:
    """Write down taken slots of a point and kind that nobody has, until when they are kept."""
    point_code, kind, due_at = freed
    for starts_at, quanta in runs_of(starts, quantum):
        release = await Release.create(
            point_code=point_code,
            kind=kind,
            starts_at=starts_at,
            quanta=quanta,
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
