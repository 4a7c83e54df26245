"""对账, daily: what we hand over against what the carrier tells, and the other way round.

Asking about every parcel is the poll's work; this compares what has come in. What is found is a
task of the point, or of the district for a waybill that is none of ours; what is found no more is
closed.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Subquery
from tortoise.functions import Count

from models.delivery import (
    CourierOrder,
    HandOver,
    Parcel,
    ParcelTask,
    ReconciliationReport,
    TrackRecord,
)
from models.kinds import Direction, OrderState, ParcelTaskKind
from models.states import ParcelState
from server.catalog.rules import local_day
from server.delivery.errors import TaskDone
from server.delivery.parcel_tasks import close_task, open_task
from server.delivery.repository import UNDER_WAY, UNSETTLED
from server.delivery.rules import SHANGHAI
from server.kit.access import ENGINE
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

UNSEEN_AFTER = timedelta(hours=24)
"""After the hand-over the carrier has said something of a parcel by then."""
SILENT_AFTER = timedelta(hours=72)
KNOWN_WITHIN = timedelta(days=30)
"""Pushes of waybills that are none of ours are looked at for so long."""

ORDER = "order"
"""An order that the carrier refused, or cannot account for; its desk settles it."""

Finding = tuple[str, str]

FOUND_HERE = (
    ParcelTaskKind.MISSING,
    ParcelTaskKind.DOUBLED,
    ParcelTaskKind.SILENT,
    ParcelTaskKind.UNKNOWN_WAYBILL,
)

log = structlog.get_logger(__name__)


async def reconcile(ports: Ports) -> None:
    """Compare, keep the day's report, and have people look after what differs."""
    await draw_up_report(ports)


async def draw_up_report(ports: Ports) -> ReconciliationReport:
    """Open a task for each difference, close those whose difference is gone; keep what was found.

    The report of a day is as it was drawn up last.
    """
    now = ports.now()
    found = await find_differences(now)
    known = {(task.kind, task.subject): task for task in await _open_tasks()}
    for finding in sorted(found.keys() - known.keys()):
        await _open(finding, found[finding], now)
    for finding in sorted(known.keys() - found.keys()):
        await _close(known[finding], now)
    log.info("reconciled", differences=len(found), new=len(found.keys() - known.keys()))
    listed = found | await _unsettled_orders()
    return await in_transaction(lambda: _keep(listed, now))


async def _unsettled_orders() -> dict[Finding, str]:
    orders = await CourierOrder.filter(state__in=UNSETTLED).order_by("id")
    parcels = Parcel.filter(id__in=[order.parcel_id for order in orders] or [""])
    points = {parcel.id: parcel.point_code for parcel in await parcels.only("id", "point_code")}
    return {(ORDER, order.order_no): points.get(order.parcel_id, "") for order in orders}


async def _keep(found: Mapping[Finding, str], now: datetime) -> ReconciliationReport:
    day = local_day(now)
    begun = datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)
    columns: dict[str, Any] = {
        "made_at": now,
        "handed_over": await HandOver.filter(
            direction=Direction.OUT, parcel_id__not_isnull=True, scanned_at__gte=begun
        ).count(),
        "under_way": await Parcel.filter(state__in=UNDER_WAY).count(),
        "differences": [
            {"kind": kind, "subject": subject, "point_code": found[kind, subject]}
            for kind, subject in sorted(found)
        ],
    }
    kept = await ReconciliationReport.filter(day=day).select_for_update().first()
    if kept is None:
        return await ReconciliationReport.create(day=day, **columns)
    await kept.update_from_dict(columns).save(update_fields=list(columns))
    return kept


async def report_of(day: date) -> ReconciliationReport | None:
    """Return what was kept of a day, if anything was."""
    return await ReconciliationReport.get_or_none(day=day)


async def find_differences(now: datetime) -> dict[Finding, str]:
    """Return the point of each parcel that is missing, silent or doubled, and strange waybills."""
    missing = {parcel.id: parcel.point_code for parcel in await _missing(now)}
    silent = {parcel.id: parcel.point_code for parcel in await _silent(now)}
    found: dict[Finding, str] = {}
    found |= {(ParcelTaskKind.SILENT, one): silent[one] for one in silent.keys() - missing.keys()}
    found |= {(ParcelTaskKind.MISSING, one): point for one, point in missing.items()}
    found |= {(ParcelTaskKind.DOUBLED, one.id): one.point_code for one in await _doubled()}
    found |= {(ParcelTaskKind.UNKNOWN_WAYBILL, one): "" for one in await _strange(now)}
    return found


async def _missing(now: datetime) -> Iterable[Parcel]:
    seen = Subquery(TrackRecord.all().values("waybill_no"))
    gone = Parcel.filter(state=ParcelState.COLLECTED, collected_at__lte=now - UNSEEN_AFTER)
    parcels = gone.filter(waybill_no__not_isnull=True).exclude(waybill_no__in=seen)
    return await parcels.order_by("id").only("id", "point_code")


async def _silent(now: datetime) -> Iterable[Parcel]:
    since = now - SILENT_AFTER
    heard = Subquery(TrackRecord.filter(occurred_at__gt=since).values("waybill_no"))
    carried = [state for state in UNDER_WAY if state is not ParcelState.SEALED]
    parcels = Parcel.filter(
        state__in=carried, collected_at__lte=since, waybill_no__not_isnull=True
    ).exclude(waybill_no__in=heard)
    return await parcels.order_by("id").only("id", "point_code")


async def _doubled() -> Iterable[Parcel]:
    """Parcels for which the carrier gave two numbers that both may be carried out."""
    live = (OrderState.WAYBILL_ISSUED, OrderState.TO_RECONCILE)
    orders = CourierOrder.filter(state__in=live).exclude(waybill_no="")
    counted = orders.annotate(count=Count("id")).group_by("parcel_id").filter(count__gt=1)
    ids = [str(one) for one in await counted.values_list("parcel_id", flat=True)]
    return await Parcel.filter(id__in=ids).only("id", "point_code") if ids else []


async def _strange(now: datetime) -> Iterable[str]:
    ours = Subquery(CourierOrder.exclude(waybill_no="").values("waybill_no"))
    told = TrackRecord.filter(heard_at__gt=now - KNOWN_WITHIN, heard_at__lte=now - UNSEEN_AFTER)
    strange = told.exclude(waybill_no__in=ours).distinct()
    return [str(one) for one in await strange.values_list("waybill_no", flat=True)]


async def _open_tasks() -> list[ParcelTask]:
    return await ParcelTask.filter(live=True, kind__in=FOUND_HERE)


async def _open(finding: Finding, point_code: str, now: datetime) -> None:
    kind, subject = ParcelTaskKind(finding[0]), finding[1]
    try:
        await in_transaction(lambda: open_task(kind, subject, point_code=point_code, now=now))
    except IntegrityError:
        log.info("parcel_task_opened_elsewhere", kind=kind)


async def _close(task: ParcelTask, now: datetime) -> None:
    try:
        await in_transaction(lambda: close_task(task, note="", actor=ENGINE, now=now))
    except TaskDone:
        log.info("parcel_task_closed_elsewhere", task_id=task.id)
