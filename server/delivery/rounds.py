"""揽收班次: the sealed parcels of one point up to a cut-off."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from models.delivery import PickupRound
from models.states import RoundState
from server.catalog.service import working_calendar
from server.delivery.repository import is_round_complete, lock_round
from server.delivery.rules import next_cut_off
from server.kit.access import ENGINE, Actor
from server.kit.states import advance, record_move


async def join_round(point_code: str, *, actor: Actor, now: datetime) -> PickupRound:
    """Return the round that a parcel sealed now goes with, locked, so that it is not closed yet."""
    calendar = await working_calendar()
    cut_off_at = next_cut_off(now, calendar.is_working)
    found = await PickupRound.get_or_none(point_code=point_code, cut_off_at=cut_off_at)
    round_ = found or await _open_round(point_code, cut_off_at, actor=actor, now=now)
    return await lock_round(round_.id)


async def announce_round(round_id: str, *, now: datetime) -> None:
    """Let nothing more into a round whose cut-off has passed; close it if nothing waits."""
    round_ = await lock_round(round_id)
    if round_.state is RoundState.OPEN and round_.cut_off_at <= now:
        await advance(round_, RoundState.ANNOUNCED, actor=ENGINE, now=now, announced_at=now)
    await _close_if_complete(round_, now)


async def close_round_if_complete(round_id: str | None, *, now: datetime) -> None:
    """Close an announced round as soon as the last of its parcels has gone."""
    if round_id is not None:
        await _close_if_complete(await lock_round(round_id), now)


async def _open_round(
    point_code: str, cut_off_at: datetime, *, actor: Actor, now: datetime
) -> PickupRound:
    try:
        round_ = await PickupRound.create(
            point_code=point_code, cut_off_at=cut_off_at, state=RoundState.OPEN
        )
    except IntegrityError:
        return await PickupRound.get(point_code=point_code, cut_off_at=cut_off_at)
    await record_move(round_, from_state=None, to_state=round_.state, actor=actor, now=now)
    return round_


async def _close_if_complete(round_: PickupRound, now: datetime) -> None:
    if round_.state is RoundState.ANNOUNCED and await is_round_complete(round_.id):
        await advance(round_, RoundState.CLOSED, actor=ENGINE, now=now)
