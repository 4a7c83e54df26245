"""Which points are there: heard from their desks, dark once they fall silent or are evacuated.

A dark point gets no work, what its reviewers hold goes back, its queue is drained to others. Who
else has something waiting there hears `PointWentDark`.
"""

from collections.abc import Awaitable, Collection
from datetime import datetime, timedelta
from typing import Protocol

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from config.settings import Settings
from models.balancing import PointPresence
from models.states import DARK, PresenceState
from server.balancing.events import PointCameBack, PointWentDark
from server.balancing.repository import end_leases
from server.kit.access import ENGINE, Actor
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.outbox import emit
from server.kit.states import advance, record_move

NOTED_EVERY = timedelta(seconds=30)
"""Hearing a point more often than that is not written down."""
_INSTANT = timedelta(microseconds=1)
FELL_SILENT = "fell silent"
HEARD_AGAIN = "heard again"


class OpeningHours(Protocol):
    """Something that knows when points work."""

    def __call__(self, point_code: str, first_at: datetime, until: datetime) -> Awaitable[bool]:
        """Tell whether the point works at some time between the two instants."""
        ...


class _Lent:
    works_between: OpeningHours


def use_opening_hours(works_between: OpeningHours) -> None:
    """Let silence count in opening hours only; called by the composition root."""
    _Lent.works_between = works_between


async def hear(point_code: str, *, actor: Actor, now: datetime) -> PointPresence:
    """Note that somebody acts at a point; a silent one is back, an evacuated one stays dark.

    Nothing is written where the point was heard less than `NOTED_EVERY` ago.
    """
    presence = await PointPresence.get_or_none(id=point_code)
    if presence is None:
        return await _meet(point_code, actor, now)
    if presence.state is PresenceState.SILENT:
        return await _light_once(presence, actor, now)
    if presence.heard_at + NOTED_EVERY <= now:
        await _note(presence, now)
    return presence


async def evacuate(point_code: str, *, actor: Actor, now: datetime, reason: str) -> PointPresence:
    """Take a point out by order, until `call_back`; raises `WrongState` if it is out by order."""
    presence = await _known(point_code, actor, now)
    await _darken(presence, PresenceState.EVACUATED, actor=actor, now=now, reason=reason)
    return presence


async def call_back(point_code: str, *, actor: Actor, now: datetime) -> PointPresence:
    """Let a dark point take part again as of now; raises `WrongState` if it does."""
    presence = await PointPresence.get_or_none(id=point_code)
    if presence is None or presence.state is PresenceState.PRESENT:
        present = str(PresenceState.PRESENT)
        raise WrongState(state=present, wanted=present)
    await _light(presence, actor, now, "")
    return presence


async def find_silent(*, now: datetime, settings: Settings) -> list[PointPresence]:
    """Return the points that were open when their silence began to count, and are still."""
    since = now - timedelta(seconds=settings.point_silent_after_s)
    quantum = timedelta(minutes=settings.slot_quantum_minutes)
    unheard = await PointPresence.filter(state=PresenceState.PRESENT, heard_at__lt=since)
    return [one for one in unheard if await _was_open(one.id, since, now, quantum=quantum)]


async def take_out(presence: PointPresence, *, now: datetime) -> None:
    """Take a point out that fell silent; raises `ChangedMeanwhile` if it was heard just now."""
    await _darken(presence, PresenceState.SILENT, actor=ENGINE, now=now, reason=FELL_SILENT)


async def dark_points(point_codes: Collection[str] | None = None) -> set[str]:
    """Return the codes of those points that are dark; of all without `point_codes`."""
    dark = PointPresence.filter(state__in=DARK)
    if point_codes is not None:
        dark = dark.filter(id__in=list(point_codes))
    return {str(code) for code in await dark.values_list("id", flat=True)}


async def _known(point_code: str, actor: Actor, now: datetime) -> PointPresence:
    presence = await PointPresence.get_or_none(id=point_code)
    return presence or await _meet(point_code, actor, now)


async def _meet(point_code: str, actor: Actor, now: datetime) -> PointPresence:
    presence = PointPresence(id=point_code, state=PresenceState.PRESENT, heard_at=now)
    try:
        await presence.save(force_create=True)
    except IntegrityError:
        return await PointPresence.get(id=point_code)
    await record_move(presence, from_state=None, to_state=presence.state, actor=actor, now=now)
    return presence


async def _note(presence: PointPresence, now: datetime) -> None:
    unnoted = PointPresence.filter(id=presence.id, state=presence.state, version=presence.version)
    # Whoever was first has noted it for all.
    if await unnoted.update(heard_at=now, version=F("version") + 1):
        presence.heard_at, presence.version = now, presence.version + 1


async def _darken(
    presence: PointPresence, state: PresenceState, *, actor: Actor, now: datetime, reason: str
) -> None:
    await advance(presence, state, actor=actor, now=now, reason=reason)
    await end_leases(presence.id, now=now)
    went = PointWentDark(aggregate_id=presence.id, state=state)
    await emit(went, now=now)


async def _light_once(presence: PointPresence, actor: Actor, now: datetime) -> PointPresence:
    try:
        await _light(presence, actor, now, HEARD_AGAIN)
    except ChangedMeanwhile:
        # Somebody else was heard first, or it was evacuated: no reason to refuse what is done here.
        return await PointPresence.get(id=presence.id)
    return presence


async def _light(presence: PointPresence, actor: Actor, now: datetime, reason: str) -> None:
    state = PresenceState.PRESENT
    await advance(presence, state, actor=actor, now=now, reason=reason, heard_at=now)
    await emit(PointCameBack(aggregate_id=presence.id), now=now)


async def _was_open(point_code: str, *moments: datetime, quantum: timedelta) -> bool:
    """Tell whether a slot of the point was under way at each of the moments."""
    for at in moments:
        if not await _Lent.works_between(point_code, at - quantum + _INSTANT, at + _INSTANT):
            return False
    return True
