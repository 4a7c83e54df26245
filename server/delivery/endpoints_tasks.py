"""What is to be done about parcels: by their points, and for the district to see."""

from tortoise.queryset import QuerySet

from models.delivery import ParcelTask
from server.delivery.access import access_desk_task
from server.delivery.errors import TaskDone
from server.delivery.parcel_tasks import close_task
from server.delivery.schemas import ParcelTaskOut, TaskNoteIn
from server.kit.access import DISTRICT, POINT_STAFF
from server.kit.errors import NotFound
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

desk = Surface("/desk", tag="desk_parcel_tasks")
district = Surface("/district", tag="district_parcel_tasks")
SURFACES = (desk, district)


@desk.get("/parcel-tasks", allows=POINT_STAFF, refuses=(NotFound,))
async def list_own(call: Call[None, PageQuery]) -> Page[ParcelTaskOut]:
    """List failed deliveries, returns and differences with the post that wait for one's point."""
    return await _page(ParcelTask.filter(point_code=call.point_code, live=True), call.query)


@desk.post("/parcel-tasks/<task_id>/finish", allows=POINT_STAFF, refuses=(NotFound, TaskDone))
async def finish(call: Call[TaskNoteIn, None]) -> ParcelTaskOut:
    """Say what was done about it; a difference that stays is listed again the next day."""
    task = await access_desk_task(call.point_code, call.path["task_id"])
    await close_task(task, note=call.body.note, actor=call.actor, now=call.now)
    return ParcelTaskOut.of(task)


@district.get("/parcel-tasks", allows=DISTRICT)
async def list_all(call: Call[None, PageQuery]) -> Page[ParcelTaskOut]:
    """List what waits at every point, and waybills that no point knows."""
    return await _page(ParcelTask.filter(live=True), call.query)


async def _page(tasks: "QuerySet[ParcelTask]", query: PageQuery) -> Page[ParcelTaskOut]:
    return await page_of(tasks, query, ParcelTaskOut.of, oldest_first=True)
