"""What the carrier tells of a parcel: kept once, folded to a state.

A push is a hint that anybody could have replayed or spliced; what ends a parcel's life, or undoes
what was confirmed, waits for the carrier's own list.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import structlog

from integrations.contracts.carrier import TrackEvent, TrackPush, TrackStep
from integrations.contracts.errors import VendorRefused
from models.delivery import Parcel, TrackRecord
from models.moves import allows_move
from models.states import ENDED_PARCELS, ParcelState
from server.delivery.events import ParcelCollected, ParcelDoubted, ParcelEnded
from server.delivery.parcel_tasks import close_alarms, tell_of_trouble
from server.delivery.repository import (
    carrier_of,
    is_handed_over,
    lock_parcel,
    lock_parcel_of,
    was_ever,
)
from server.delivery.rounds import close_round_if_complete
from server.delivery.rules import Standing, Told, fold, hide_numbers, needs_confirmation
from server.delivery.service import cancel_parcel
from server.kit.access import ENGINE
from server.kit.inbox import keep_once
from server.kit.outbox import emit, emit_all
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction

EventKey = tuple[datetime, str, str]

log = structlog.get_logger(__name__)


async def keep_push(push: TrackPush, *, source: str, now: datetime) -> None:
    """Keep one pushed event and let it count for what a hint may; a repeated push changes nothing.

    An event of a waybill that we do not know yet is kept for when we do.
    """
    if not await keep_once(source, push.serial_no, now=now):
        return
    parcel = await lock_parcel_of(push.event.waybill_no)
    if parcel is None:
        log.info("push_of_unknown_waybill")
        await _keep_events(push.event.waybill_no, [push.event], confirmed=False, now=now)
        return
    told = told_by([push.event], is_confirmed=False)[0]
    needs_proof = needs_confirmation(told, parcel.state)
    is_news = await apply_events(parcel, [push.event], confirmed=False, now=now)
    if is_news and needs_proof:
        await emit(ParcelDoubted(aggregate_id=parcel.id), now=now)


async def refresh_track(parcel_id: str, ports: Ports) -> None:
    """Ask the carrier for everything it knows of a parcel, and let that count.

    Raises `VendorUnavailable`.
    """
    parcel = await Parcel.get_or_none(id=parcel_id)
    if parcel is None or parcel.waybill_no is None:
        return
    try:
        carrier = await carrier_of(parcel, ports)
        events = await carrier.track(parcel.waybill_no)
    except VendorRefused as refusal:
        log.warning("track_refused", parcel_id=parcel_id, code=refusal.code)
        return

    async def keep() -> None:
        await apply_events(await lock_parcel(parcel_id), events, confirmed=True, now=ports.now())

    await in_transaction(keep)


async def apply_events(
    parcel: Parcel, events: Sequence[TrackEvent], *, confirmed: bool, now: datetime
) -> bool:
    """Keep events of a parcel that is locked, and move it to where all of them put it.

    Returns whether any of them was new.
    """
    if parcel.waybill_no is None:
        return False
    is_news = await _keep_events(parcel.waybill_no, events, confirmed=confirmed, now=now)
    records = await TrackRecord.filter(waybill_no=parcel.waybill_no)
    await _settle(parcel, fold(map(told_of, records)), now)
    return is_news


def told_by(events: Iterable[TrackEvent], *, is_confirmed: bool) -> list[Told]:
    """Return the carrier's events as the fold takes them."""
    return [
        Told(
            occurred_at=event.occurred_at,
            code=event.code,
            step=event.step,
            revokes=event.revokes,
            office_code=event.office_code,
            is_confirmed=is_confirmed,
        )
        for event in events
    ]


def told_of(record: TrackRecord) -> Told:
    """Return a kept event as the fold takes it."""
    return Told(
        occurred_at=record.occurred_at,
        code=record.code,
        step=TrackStep(record.step) if record.step else None,
        revokes=frozenset(record.revokes),
        office_code=record.office_code,
        is_confirmed=record.is_confirmed,
    )


async def _keep_events(
    waybill_no: str, events: Sequence[TrackEvent], *, confirmed: bool, now: datetime
) -> bool:
    kept = {_key_of(row): row for row in await TrackRecord.filter(waybill_no=waybill_no)}
    told = {_key_of(row): row for row in (_to_record(event, now) for event in events)}
    fresh = [row for key, row in told.items() if key not in kept]
    for row in fresh:
        row.is_confirmed = confirmed
    if fresh:
        await TrackRecord.bulk_create(fresh, ignore_conflicts=True)
    hints = {key: row for key, row in kept.items() if key in told and not row.is_confirmed}
    for key in sorted(hints) if confirmed else ():
        await _confirm(hints[key], told[key])
    return bool(fresh)


async def _confirm(hint: TrackRecord, told: TrackRecord) -> None:
    # What the hint said may have been spliced together; only its key is known to be right.
    await TrackRecord.filter(id=hint.id).update(
        step=told.step,
        revokes=told.revokes,
        place=told.place,
        description=told.description,
        reason=told.reason,
        is_confirmed=True,
    )


def _to_record(event: TrackEvent, now: datetime) -> TrackRecord:
    return TrackRecord(
        waybill_no=event.waybill_no,
        code=event.code[:16],
        step=event.step or "",
        revokes=sorted(event.revokes),
        place=event.place[:64],
        office_code=event.office_code[:32],
        description=hide_numbers(event.description)[:200],
        reason=event.reason[:64],
        occurred_at=event.occurred_at.astimezone(UTC),
        heard_at=now,
    )


def _key_of(record: TrackRecord) -> EventKey:
    return record.occurred_at, record.code, record.office_code


async def _settle(parcel: Parcel, standing: Standing | None, now: datetime) -> None:
    if standing is None or standing.state is ParcelState.CANCELLED:
        await _undo_collection(parcel, now)
    if standing is None or standing.state is parcel.state:
        return
    if not allows_move(parcel.state, standing.state):
        log.warning("carrier_event_out_of_turn", parcel_id=parcel.id, state=parcel.state)
        return
    if standing.state is ParcelState.CANCELLED:
        await cancel_parcel(parcel, actor=ENGINE, now=now, reason="cancelled by the carrier")
    else:
        await _move(parcel, standing, now)


async def _undo_collection(parcel: Parcel, now: datetime) -> None:
    """Put a parcel back that the carrier called collected by mistake; a courier's scan stands."""
    if parcel.state is ParcelState.COLLECTED and not await is_handed_over(parcel.id):
        back = ParcelState.SEALED
        fresh = {"collected_at": None, "tracked_at": None, "alarmed_at": None}
        await advance(parcel, back, actor=ENGINE, now=now, reason="", **fresh)


async def _move(parcel: Parcel, target: Standing, now: datetime) -> None:
    was_at_the_point = parcel.state is ParcelState.SEALED
    is_news = target.state in ENDED_PARCELS and not await was_ever(parcel.id, target.state)
    await advance(
        parcel,
        target.state,
        actor=ENGINE,
        now=now,
        collected_at=parcel.collected_at or target.since,
        ended_at=target.since if target.state in ENDED_PARCELS else None,
    )
    if was_at_the_point:
        await tell_collected(parcel, now=now)
    await tell_of_trouble(parcel, now=now)
    if is_news:
        await _tell_ended(parcel, now)


async def tell_collected(parcel: Parcel, *, now: datetime) -> None:
    """Tell others that a sealed parcel has just left its point."""
    await tell_all_collected([parcel], now=now)


async def tell_all_collected(parcels: Sequence[Parcel], *, now: datetime) -> None:
    """Tell others that sealed parcels have just left their points."""
    for round_id in sorted({parcel.round_id for parcel in parcels if parcel.round_id}):
        await close_round_if_complete(round_id, now=now)
    await close_alarms(parcels, now=now)
    await emit_all([_collected(parcel) for parcel in parcels], now=now)


def _collected(parcel: Parcel) -> ParcelCollected:
    return ParcelCollected(
        aggregate_id=parcel.id,
        key=f"collected-{parcel.version}",
        case_id=parcel.case_id,
        transfer_id=parcel.transfer_id,
        purpose=parcel.purpose,
    )


async def _tell_ended(parcel: Parcel, now: datetime) -> None:
    news = ParcelEnded(
        aggregate_id=parcel.id,
        key=parcel.state,
        case_id=parcel.case_id,
        transfer_id=parcel.transfer_id,
        purpose=parcel.purpose,
        state=parcel.state,
    )
    await emit(news, now=now)
