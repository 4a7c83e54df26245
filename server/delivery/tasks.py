"""What delivery does at the carrier and on its own, once nobody waits for it."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import structlog

from integrations.contracts.errors import VendorUnavailable
from models.delivery import Parcel, PickupCode, PickupRound
from models.kinds import ParcelTaskKind
from models.states import ParcelState, PickupCodeState, RoundState
from server.delivery.codes import expire_code
from server.delivery.events import OrderDue, ParcelCancelled, ParcelDoubted
from server.delivery.lockers import expire_stays
from server.delivery.mail_codes import expire_mail_codes
from server.delivery.orders import drive_order
from server.delivery.parcel_tasks import open_task
from server.delivery.reach import check_addresses
from server.delivery.reconciliation import reconcile
from server.delivery.repository import orders_to_resume, parcels_to_ask_about
from server.delivery.rounds import announce_round
from server.delivery.rules import LATE_SCANS, UNCOLLECTED_AFTER
from server.delivery.tracking import refresh_track
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

RESUME_AFTER = timedelta(minutes=15)
ASK_EVERY = timedelta(hours=2)
BATCH = 200
MOST_FAILURES = 3
"""After so many calls without an answer the carrier is left alone until the next run."""

log = structlog.get_logger(__name__)


async def advance_order(event: OrderDue | ParcelCancelled, ports: Ports) -> None:
    """Order the parcel at the carrier, or cancel what was ordered."""
    await drive_order(event.aggregate_id, ports)


async def confirm_track(event: ParcelDoubted, ports: Ports) -> None:
    """Ask the carrier whether what it pushed is so."""
    await refresh_track(event.aggregate_id, ports)


async def resume_orders(ports: Ports) -> None:
    """Take up orders that an outage outlasted, and that no news stands for any more."""
    made_before = ports.now() - RESUME_AFTER
    parcel_ids = await orders_to_resume(made_before=made_before, limit=BATCH)
    await _call_carrier(parcel_ids, lambda parcel_id: drive_order(parcel_id, ports))


async def poll_tracks(ports: Ports) -> None:
    """Ask about parcels under way that nothing was asked of lately: pushes may be lost."""

    async def ask(parcel_id: str) -> None:
        # Noted first, so that one that cannot be read does not hold up the others.
        await in_transaction(lambda: Parcel.filter(id=parcel_id).update(tracked_at=ports.now()))
        await refresh_track(parcel_id, ports)

    asked_before = ports.now() - ASK_EVERY
    await _call_carrier(await parcels_to_ask_about(asked_before=asked_before, limit=BATCH), ask)


async def alarm_uncollected(ports: Ports) -> None:
    """Have points look after sealed parcels that nobody has come for."""
    now = ports.now()
    lying = Parcel.filter(
        state=ParcelState.SEALED, sealed_at__lte=now - UNCOLLECTED_AFTER, alarmed_at=None
    )
    for parcel in await lying.order_by("id").limit(BATCH):
        await in_transaction(lambda parcel=parcel: _alarm(parcel, now))  # type: ignore[misc]


async def expire_codes(ports: Ports) -> None:
    """End pickup codes whose time is over, after those who scanned offline had time to send."""
    now = ports.now()
    over = PickupCode.filter(state=PickupCodeState.ISSUED, expires_at__lte=now - LATE_SCANS)
    for code in await over.order_by("id").limit(BATCH):
        try:
            await in_transaction(lambda code=code: expire_code(code, actor=ENGINE, now=now))  # type: ignore[misc]
        except ChangedMeanwhile:
            log.info("code_used_before_it_expired", code_id=code.id)


async def announce_rounds(ports: Ports) -> None:
    """Announce rounds whose cut-off has passed, and close those from which nothing is missing."""
    now = ports.now()
    due = PickupRound.filter(state__in=(RoundState.OPEN, RoundState.ANNOUNCED), cut_off_at__lte=now)
    for round_id in await due.order_by("id").values_list("id", flat=True):
        await in_transaction(lambda round_id=round_id: announce_round(round_id, now=now))  # type: ignore[misc]


async def _alarm(parcel: Parcel, now: datetime) -> None:
    lying = Parcel.filter(id=parcel.id, state=ParcelState.SEALED, alarmed_at=None)
    if not await lying.update(alarmed_at=now):
        return
    log.warning("parcel_not_collected", parcel_id=parcel.id, point_code=parcel.point_code)
    kind = ParcelTaskKind.NOT_COLLECTED
    await open_task(kind, parcel.id, point_code=parcel.point_code, now=now)


async def _call_carrier(parcel_ids: Iterable[str], call: Callable[[str], Awaitable[None]]) -> None:
    failures = 0
    for parcel_id in parcel_ids:
        try:
            await call(parcel_id)
            failures = 0
        except VendorUnavailable as error:
            failures += 1
            log.warning("carrier_unavailable", parcel_id=parcel_id, code=error.code)
        if failures == MOST_FAILURES:
            return


CONSUMERS: tuple[Consumer, ...] = (
    # One name for both, so that a parcel's cancellation waits for its order.
    Consumer("delivery.order", OrderDue, advance_order, is_remote=True),
    Consumer("delivery.order", ParcelCancelled, advance_order, is_remote=True),
    Consumer("delivery.confirm", ParcelDoubted, confirm_track, is_remote=True),
)

JOBS: tuple[Job, ...] = (
    Job("delivery.resume_orders", every_s=300, run=resume_orders),
    Job("delivery.poll_tracks", every_s=60, run=poll_tracks),
    Job("delivery.alarm_uncollected", every_s=600, run=alarm_uncollected),
    Job("delivery.expire_codes", every_s=3600, run=expire_codes),
    Job("delivery.reconcile", every_s=24 * 3600, run=reconcile),
    Job("delivery.check_addresses", every_s=300, run=check_addresses),
    Job("delivery.expire_stays", every_s=300, run=expire_stays),
    Job("delivery.expire_mail_codes", every_s=600, run=expire_mail_codes),
    Job("delivery.announce_rounds", every_s=60, run=announce_rounds),
)
