"""揽收班次: the sealed parcels of one point up to a cut-off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from models.delivery import Parcel, PickupRound
from models.states import RoundState
from server.catalog.service import working_calendar
from server.delivery.errors import CountDiffers, RoundShort
from server.delivery.repository import is_round_complete, lock_round, parcels_of_round
from server.delivery.rules import AT_THE_POINT, next_cut_off
from server.kit.access import ENGINE, Actor
from server.kit.errors import WrongState
from server.kit.states import advance, record_move, touch


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


async def agree_on_round(
    round_: PickupRound, count: int, *, names_missing: bool, actor: Actor, now: datetime
) -> None:
    """Close an announced round by the courier's count, or agree on one that closed by itself.

    What was not taken is named and goes with the next round. Raises `WrongState` before the
    cut-off, `CountDiffers`, `RoundShort`.
    """
    if round_.state is RoundState.OPEN or round_.agreed_count is not None:
        raise WrongState(state=round_.state, wanted=RoundState.CLOSED)
    parcels = await parcels_of_round(round_.id)
    missing = [parcel for parcel in parcels if parcel.state in AT_THE_POINT]
    taken = len(parcels) - len(missing)
    if count != taken:
        raise CountDiffers(expected=len(parcels), taken=taken, counted=count)
    if missing and not names_missing:
        raise RoundShort(missing=len(missing))
    agreed = {"agreed_count": count, "agreed_by": actor.name}
    if round_.state is RoundState.CLOSED:
        await touch(round_)
        await PickupRound.filter(id=round_.id).update(**agreed)
        round_.update_from_dict(agreed)
        return
    ids = [parcel.id for parcel in missing]
    await _close(round_, actor=actor, now=now, missing=ids, **agreed)
    await _carry_over(round_.point_code, ids, actor=actor, now=now)


async def _carry_over(
    point_code: str, parcel_ids: Sequence[str], *, actor: Actor, now: datetime
) -> None:
    if parcel_ids:
        following = await join_round(point_code, actor=actor, now=now)
        await Parcel.filter(id__in=list(parcel_ids)).update(round_id=following.id)


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
        await _close(round_, actor=ENGINE, now=now)


async def _close(round_: PickupRound, *, actor: Actor, now: datetime, **columns: Any) -> None:
    await advance(round_, RoundState.CLOSED, actor=actor, now=now, closed_at=now, **columns)
