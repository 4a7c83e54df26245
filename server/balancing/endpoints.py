"""Where to go."""

from server.balancing import endpoints_presence
from server.balancing.ranking import rank_points
from server.balancing.schemas import PointsQuery, RankedPointOut, RankedPointsOut
from server.catalog.errors import UnknownItem
from server.kit.access import EVERYBODY
from server.kit.http.call import Call
from server.kit.http.routes import Surface

public = Surface("/public", tag="balancing")
SURFACES = (public, endpoints_presence.desk, endpoints_presence.district)


@public.get("/points", allows=EVERYBODY, refuses=(UnknownItem,))
async def points(call: Call[None, PointsQuery]) -> RankedPointsOut:
    """Rank the points for an item by the minutes until done: way, wait and service."""
    ranked = await rank_points(call.query.question, call.ports.redis, now=call.now)
    return RankedPointsOut(items=[RankedPointOut.of(one) for one in ranked])
