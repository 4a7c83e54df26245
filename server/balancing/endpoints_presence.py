"""Whether points are there: their desks tell it, the district decides it."""

from typing import Any

from models.balancing import PointPresence
from server.audit.service import record
from server.balancing import presence
from server.balancing.schemas import EvacuateIn, HeardOut, PresenceOut
from server.catalog.errors import UnknownPoint
from server.catalog.service import get_point
from server.kit.access import DISTRICT, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.http.call import Call
from server.kit.http.routes import Surface

HEARD_IN_A_SILENCE = 4
"""So often a desk is to be heard in the time after which its point counts as silent."""

desk = Surface("/desk", tag="presence_desk")
district = Surface("/district", tag="presence_district")


@desk.put("/presence", allows=POINT_STAFF)
async def be_heard(call: Call) -> HeardOut:
    """Tell that somebody is at the point; a desk's page repeats it while it is open."""
    heard = await presence.hear(call.point_code, actor=call.actor, now=call.now)
    again_s = call.ports.settings.point_silent_after_s // HEARD_IN_A_SILENCE
    return HeardOut(state=heard.state, again_within_s=again_s)


@district.post(
    "/points/<code>/evacuate",
    allows=DISTRICT,
    refuses=(UnknownPoint, WrongState, ChangedMeanwhile),
)
async def evacuate(call: Call[EvacuateIn, None]) -> PresenceOut:
    """Take a point out at once: its reviews and its people go to others."""
    point = await get_point(call.path["code"])
    row = await presence.evacuate(
        point.code, actor=call.actor, now=call.now, reason=call.body.reason
    )
    return await _tell(call, row, "point.evacuate")


@district.post(
    "/points/<code>/call-back",
    allows=DISTRICT,
    refuses=(UnknownPoint, WrongState, ChangedMeanwhile),
)
async def call_back(call: Call) -> PresenceOut:
    """Let a dark point take part again."""
    point = await get_point(call.path["code"])
    row = await presence.call_back(point.code, actor=call.actor, now=call.now)
    return await _tell(call, row, "point.call_back")


async def _tell(call: Call[Any, Any], row: PointPresence, action: str) -> PresenceOut:
    await record(
        actor=call.actor,
        action=action,
        subject="service_point",
        subject_id=row.id,
        now=call.now,
        request_id=call.request_id,
    )
    return PresenceOut.of(row)
