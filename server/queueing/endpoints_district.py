"""The queues as the district sees them."""

from server.catalog.rules import local_day
from server.kit.access import DISTRICT
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.queueing.accuracy import judge_waits
from server.queueing.schemas import WaitErrorOut, WaitErrorsOut, WaitErrorsQuery

district = Surface("/district", tag="waits")


@district.get("/wait-errors", allows=DISTRICT)
async def wait_errors(call: Call[None, WaitErrorsQuery]) -> WaitErrorsOut:
    """Show by how much the predicted waits of a day were off, point by point."""
    day = call.query.day or local_day(call.now)
    errors = await judge_waits(day)
    return WaitErrorsOut(day=day, items=[WaitErrorOut.of(one) for one in errors])
