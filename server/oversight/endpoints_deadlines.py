"""Deadlines that a changed calendar moved."""

from models.cases import MovedDeadline
from server.kit.access import DISTRICT
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.oversight.schemas_deadlines import MovedDeadlineOut

district = Surface("/district", tag="moved_deadlines")
SURFACES = (district,)


@district.get("/moved-deadlines", allows=DISTRICT)
async def list_moved(call: Call[None, PageQuery]) -> Page[MovedDeadlineOut]:
    """List the deadlines that a change of the calendar moved, the newest first."""
    return await page_of(MovedDeadline.all(), call.query, MovedDeadlineOut.of)
