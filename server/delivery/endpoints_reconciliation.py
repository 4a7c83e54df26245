"""What differs between us and the carriers: settled at the points, by day for the district."""

from models.delivery import CourierOrder, ParcelTask, ReconciliationReport
from server.delivery.access import access_desk_order
from server.delivery.errors import NothingToReconcile, WaybillTaken
from server.delivery.orders import dismiss_order, enter_waybill, reorder
from server.delivery.reconciliation import FOUND_HERE
from server.delivery.repository import unsettled_orders
from server.delivery.schemas import OrderOut, WaybillIn
from server.delivery.schemas_reconciliation import DifferenceOut, ReportOut, ReportsQuery
from server.kit.access import DISTRICT, MANAGERS, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound
from server.kit.http.call import Call
from server.kit.http.paging import cursor_page
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

desk = Surface("/desk", tag="desk_reconciliation")
district = Surface("/district", tag="district_reconciliation")
SURFACES = (desk, district)


@desk.get("/reconciliation", allows=POINT_STAFF, refuses=(NotFound,))
async def list_differences(call: Call[None, PageQuery]) -> Page[DifferenceOut]:
    """List what differs from the carrier: unsettled orders, missing, doubled, silent parcels."""
    limit, tasks = call.query.limit, ParcelTask.filter(kind__in=FOUND_HERE, live=True)
    orders, more_orders = await cursor_page(
        unsettled_orders(call.point_code), call.query, oldest_first=True
    )
    found, more_found = await cursor_page(
        tasks.filter(point_code=call.point_code), call.query, oldest_first=True
    )
    # Ids rise with time in every table, so the two lists are one.
    both: list[CourierOrder | ParcelTask] = sorted([*orders, *found], key=lambda row: row.id)
    is_more = len(both) > limit or more_orders is not None or more_found is not None
    kept = both[:limit]
    return Page(
        items=[DifferenceOut.of(row) for row in kept],
        next_cursor=kept[-1].id if is_more else None,
    )


@desk.post(
    "/reconciliation/<order_id>/waybill",
    allows=MANAGERS,
    refuses=(NotFound, NothingToReconcile, WaybillTaken, ChangedMeanwhile),
)
async def settle_with_waybill(call: Call[WaybillIn, None]) -> None:
    """Enter the waybill number that the post gave for an order by telephone."""
    order = await access_desk_order(call.point_code, call.path["order_id"])
    await enter_waybill(order, call.body.waybill_no, actor=call.actor, now=call.now)


@desk.post(
    "/reconciliation/<order_id>/reorder",
    allows=MANAGERS,
    refuses=(NotFound, NothingToReconcile),
    status=201,
)
async def settle_by_reordering(call: Call[None, None]) -> OrderOut:
    """Give up an order that the post does not carry out, and order under a new number."""
    order = await access_desk_order(call.point_code, call.path["order_id"])
    return OrderOut.of(await reorder(order, now=call.now))


@desk.post(
    "/reconciliation/<order_id>/dismiss", allows=MANAGERS, refuses=(NotFound, NothingToReconcile)
)
async def settle_by_dismissing(call: Call[None, None]) -> None:
    """Close an order of a recalled parcel after making sure that the post does not come for it."""
    await dismiss_order(await access_desk_order(call.point_code, call.path["order_id"]))


@district.get("/reconciliation", allows=DISTRICT)
async def list_reports(call: Call[None, ReportsQuery]) -> Page[ReportOut]:
    """List the kept reports, the newest day first; the cursor is the day before which to go on."""
    reports = ReconciliationReport.all()
    if call.query.before is not None:
        reports = reports.filter(day__lt=call.query.before)
    rows = await reports.order_by("-day").limit(call.query.limit + 1)
    kept = rows[: call.query.limit]
    more = len(rows) > len(kept)
    return Page(
        items=[ReportOut.of(row) for row in kept],
        next_cursor=kept[-1].day.isoformat() if more else None,
    )
