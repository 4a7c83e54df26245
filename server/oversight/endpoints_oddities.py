"""Patterns of booking that somebody has to look at."""

from server.kit.access import DISTRICT
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page
from server.oversight.oddities import find_oddities
from server.oversight.schemas_oddities import OdditiesQuery, OddityOut

district = Surface("/district", tag="oddities")
SURFACES = (district,)


@district.get("/oddities", allows=DISTRICT)
async def list_oddities(call: Call[None, OdditiesQuery]) -> Page[OddityOut]:
    """List who or what stands out by one pattern, the most striking first."""
    found = await find_oddities(call.query.search(call.now))
    shown = found[: call.query.limit]
    cursor = f"{shown[-1].count}-{shown[-1].id}" if len(found) > len(shown) else None
    return Page(items=[OddityOut.of(one) for one in shown], next_cursor=cursor)
