"""Keeping the opening hours of a point."""

from server.appointments.following import replace_templates
from server.appointments.generation import templates_of
from server.appointments.schemas import HoursOut, TemplatesIn, TemplatesOut
from server.appointments.visit_terms import forget_terms
from server.audit.service import record
from server.catalog.errors import UnknownPoint, VisitsInTheWay
from server.catalog.service import get_point
from server.kit.access import ADMINS
from server.kit.errors import ChangedMeanwhile
from server.kit.http.call import Call
from server.kit.http.routes import Surface

admin = Surface("/admin", tag="opening_hours")
SURFACES = (admin,)


@admin.get("/points/<code>/templates", allows=ADMINS, refuses=(UnknownPoint,))
async def show_templates(call: Call[None, None]) -> TemplatesOut:
    """Show the opening hours of a point."""
    point = await get_point(call.path["code"])
    return await _show(point.code)


@admin.put(
    "/points/<code>/templates",
    allows=ADMINS,
    refuses=(UnknownPoint, VisitsInTheWay, ChangedMeanwhile),
)
async def set_templates(call: Call[TemplatesIn, None]) -> TemplatesOut:
    """Set the opening hours of a point; they hold at once for all days on sale.

    Refused while somebody has a place outside of them whom no closure lists. What other processes
    remember of the point is let go within seconds.
    """
    point = await get_point(call.path["code"])
    templates = [one.for_point(point.code) for one in call.body.items]
    await replace_templates(point.code, templates, now=call.now, settings=call.ports.settings)
    forget_terms()
    await record(
        actor=call.actor,
        action="templates.set",
        subject="service_point",
        subject_id=point.code,
        now=call.now,
        request_id=call.request_id,
        detail={"count": len(call.body.items)},
    )
    return await _show(point.code)


async def _show(point_code: str) -> TemplatesOut:
    rows = await templates_of(point_code)
    return TemplatesOut(point_code=point_code, items=[HoursOut.of(row) for row in rows])
