"""Closing points, days and windows, and following up whom that hits.

The district does so anywhere, the managers of a point at their own.
"""

from typing import Any

from models.closures import Closure
from server.appointments.closing import close, lift
from server.appointments.errors import (
    ClosureTooLate,
    ClosureTooWide,
    SituationChanged,
    TooLateToChange,
)
from server.appointments.impact import judge_impact
from server.appointments.reseating import record_call
from server.appointments.schemas_closures import ImpactOut, show_impact
from server.appointments.service import get_appointment
from server.audit.service import record
from server.catalog.errors import UnknownPoint, VisitsInTheWay
from server.catalog.service import get_point
from server.identity.people import get_people, get_person
from server.kit.access import DISTRICT, MANAGERS
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.oversight import endpoints_deadlines, endpoints_oddities
from server.oversight.access import access_closure, access_reseating, access_to_lift
from server.oversight.repository import closures_of, count_people, find_to_call, visits_of
from server.oversight.schemas import (
    CalledIn,
    ClosureDetailOut,
    ClosureIn,
    ClosureOut,
    ClosuresQuery,
    ToCallOut,
)

district = Surface("/district", tag="closures")
desk = Surface("/desk", tag="point_closures")
SURFACES = (district, desk, *endpoints_deadlines.SURFACES, *endpoints_oddities.SURFACES)

_CLOSES = (ClosureTooLate, ClosureTooWide, SituationChanged)
_MOVES = (NotFound, WrongState, ChangedMeanwhile)


@district.post("/points/<code>/closure", allows=DISTRICT, refuses=(UnknownPoint, *_CLOSES))
@desk.post("/closures", allows=MANAGERS, refuses=(UnknownPoint, NotFound, *_CLOSES))
async def close_point(call: Call[ClosureIn, None]) -> ImpactOut:
    """Show whom a closure hits and where each could go, or do just what was shown."""
    closure, now = await _closure_of(call), call.now
    settings, version = call.ports.settings, call.body.version
    if version is None:
        return await show_impact(await judge_impact(closure, now=now, settings=settings))
    done = await close(closure, version, actor=call.actor, now=now, settings=settings)
    await _record(call, "closure.apply", "closure", closure.id)
    return await show_impact(done, is_applied=True)


@district.get("/closures", allows=DISTRICT)
async def list_closures(call: Call[None, ClosuresQuery]) -> Page[ClosureOut]:
    """List closures, the newest first."""
    return await page_of(closures_of(call.query.point_code), call.query, ClosureOut.of)


@desk.get("/closures", allows=MANAGERS, refuses=(NotFound,))
async def list_own_closures(call: Call[None, PageQuery]) -> Page[ClosureOut]:
    """List the closures of one's own point, the newest first."""
    return await page_of(closures_of(call.point_code), call.query, ClosureOut.of)


@district.get("/closures/<closure_id>", allows=DISTRICT, refuses=(NotFound,))
@desk.get("/closures/<closure_id>", allows=MANAGERS, refuses=(NotFound,))
async def show_closure(call: Call[None, None]) -> ClosureDetailOut:
    """Show a closure, how far its people are, and who has still to be called."""
    closure = await access_closure(call.actor, call.path["closure_id"])
    to_call = await find_to_call(closure.id)
    visits = await visits_of(to_call)
    persons = await get_people({visit.person_id for visit in visits.values()})
    lines = [
        ToCallOut.of(row, visit, persons[visit.person_id], is_masked=True)
        for row in to_call
        if (visit := visits[row.appointment_id])
    ]
    return ClosureDetailOut.with_people(closure, await count_people(closure.id), lines)


@district.post("/closures/<closure_id>/lift", allows=DISTRICT, refuses=(*_MOVES, VisitsInTheWay))
@desk.post("/closures/<closure_id>/lift", allows=MANAGERS, refuses=(*_MOVES, VisitsInTheWay))
async def lift_closure(call: Call[None, None]) -> ClosureOut:
    """Open again before the time; who was not moved yet keeps the old place.

    A point opens again only what it closed itself.
    """
    closure = await access_to_lift(call.actor, call.path["closure_id"])
    await lift(closure, actor=call.actor, now=call.now, settings=call.ports.settings)
    await _record(call, "closure.lift", "closure", closure.id)
    return ClosureOut.of(closure)


@district.get(
    "/reseatings/<reseating_id>", allows=DISTRICT, refuses=(NotFound,), is_transactional=True
)
@desk.get("/reseatings/<reseating_id>", allows=MANAGERS, refuses=(NotFound,), is_transactional=True)
async def show_whom_to_call(call: Call[None, None]) -> ToCallOut:
    """Show somebody of a closure unmasked, to be called; this is recorded."""
    row = await access_reseating(call.actor, call.path["reseating_id"])
    await _record(call, "closure.unmask", "reseating", row.id)
    visit = await get_appointment(row.appointment_id)
    return ToCallOut.of(row, visit, await get_person(visit.person_id), is_masked=False)


@district.post(
    "/reseatings/<reseating_id>/called", allows=DISTRICT, refuses=(*_MOVES, TooLateToChange)
)
@desk.post("/reseatings/<reseating_id>/called", allows=MANAGERS, refuses=(*_MOVES, TooLateToChange))
async def note_call(call: Call[CalledIn, None]) -> None:
    """Note what came of a call; the visit is off if that was agreed."""
    row = await access_reseating(call.actor, call.path["reseating_id"])
    await record_call(
        row,
        note=call.body.note,
        is_cancelled=call.body.is_cancelled,
        actor=call.actor,
        now=call.now,
        settings=call.ports.settings,
    )
    await _record(call, "closure.called", "reseating", row.id)


async def _closure_of(call: Call[ClosureIn, None]) -> Closure:
    body = call.body
    point = await get_point(call.path.get("code") or call.point_code)
    return Closure(
        point_code=point.code,
        kind=body.kind,
        windows=body.windows,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        deadline_at=body.deadline_at,
        reason=body.reason,
        created_by=call.actor.name,
        created_at=call.now,
    )


async def _record(call: Call[Any, None], action: str, subject: str, subject_id: str) -> None:
    await record(
        actor=call.actor,
        action=action,
        subject=subject,
        subject_id=subject_id,
        now=call.now,
        request_id=call.request_id,
    )
