"""Keeping the roster of one's own point, and who is away."""

from typing import Any

from models.rosters import Absence
from server.appointments.errors import ClosureTooLate, ClosureTooWide, SituationChanged
from server.appointments.schemas_closures import Intent, show_impact
from server.audit.service import record
from server.catalog.errors import UnknownPoint, VisitsInTheWay
from server.catalog.service import windows_of
from server.identity.staff import staff_of_point
from server.kit.access import MANAGERS
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page
from server.rosters.absences import (
    Missing,
    absences_on,
    judge_absence,
    record_absence,
    withdraw_absence,
)
from server.rosters.access import access_point_absence
from server.rosters.duties import duties_of, posts_on, replace_duties
from server.rosters.errors import AbsenceOver, AlreadyAbsent, RosterWrong
from server.rosters.schemas import (
    AbsenceIn,
    AbsenceOut,
    AbsencesQuery,
    JudgedAbsenceOut,
    RosterDayOut,
    RosterDayQuery,
    RosterIn,
    RosterOut,
    StaffedOut,
)

desk = Surface("/desk", tag="rosters")
SURFACES = (desk,)


@desk.get("/roster", allows=MANAGERS, refuses=(NotFound,))
async def show_roster(call: Call[None, None]) -> RosterOut:
    """Show who staffs which window through the week, and who stands in."""
    return await _show(call.point_code)


@desk.put("/roster", allows=MANAGERS, refuses=(NotFound, RosterWrong, ChangedMeanwhile))
async def set_roster(call: Call[RosterIn, None]) -> RosterOut:
    """Set the whole roster; absences that are recorded stay as they are."""
    point_code = call.point_code
    await replace_duties(point_code, [one.for_point(point_code) for one in call.body.items])
    await record(
        actor=call.actor,
        action="roster.set",
        subject="service_point",
        subject_id=point_code,
        now=call.now,
        request_id=call.request_id,
        detail={"count": len(call.body.items)},
    )
    return await _show(point_code)


@desk.get("/roster/day", allows=MANAGERS, refuses=(NotFound,))
async def show_roster_day(call: Call[None, RosterDayQuery]) -> RosterDayOut:
    """Show who is at which window on a day, with those who stand in."""
    point_code, day = call.point_code, call.query.on
    names, kinds = await staff_of_point(point_code), await windows_of(point_code)
    away = {one.staff_id: one.backup_id for one in await absences_on(point_code, day)}
    items = []
    for post in await posts_on(point_code, day):
        staff_id = away.get(post.staff_id, post.staff_id)
        items.append(
            StaffedOut(
                window_number=post.window_number,
                kind=kinds[post.window_number],
                staff_id=staff_id,
                name=names.get(staff_id or ""),
                is_backup=staff_id == post.backup_id,
            )
        )
    return RosterDayOut(day=day, items=items)


@desk.post(
    "/absences",
    allows=MANAGERS,
    refuses=(
        NotFound,
        UnknownPoint,
        RosterWrong,
        AbsenceOver,
        AlreadyAbsent,
        ClosureTooLate,
        ClosureTooWide,
        SituationChanged,
        ChangedMeanwhile,
    ),
)
async def note_absence(call: Call[AbsenceIn, None]) -> JudgedAbsenceOut:
    """Show what somebody's absence leaves and whom that hits, or record it as it was shown."""
    body, absence_id = call.body, None
    missing = Missing(call.point_code, body.staff_id, body.day, body.deadline_at)
    actor, now, settings = call.actor, call.now, call.ports.settings
    if body.intent is Intent.PREVIEW:
        outcome = await judge_absence(missing, actor=actor, now=now, settings=settings)
    else:
        absence, outcome = await record_absence(
            missing, body.version, actor=actor, now=now, settings=settings
        )
        absence_id = absence.id
        await _record(call, "absence.record", absence_id)
    impact, is_applied = outcome.impact, absence_id is not None
    shown = await show_impact(impact, is_applied=is_applied) if impact else None
    return JudgedAbsenceOut.of(outcome.gap, shown, absence_id=absence_id)


@desk.get("/absences", allows=MANAGERS, refuses=(NotFound,))
async def list_absences(call: Call[None, AbsencesQuery]) -> Page[AbsenceOut]:
    """List who is or was away at one's own point, the newest first."""
    rows = Absence.filter(point_code=call.point_code)
    if call.query.on is not None:
        rows = rows.filter(day=call.query.on)
    return await page_of(rows, call.query, AbsenceOut.of)


@desk.post(
    "/absences/<absence_id>/withdraw",
    allows=MANAGERS,
    refuses=(NotFound, WrongState, VisitsInTheWay, ChangedMeanwhile),
)
async def withdraw(call: Call[None, None]) -> AbsenceOut:
    """Record that somebody is there after all; windows that can be staffed again are opened."""
    absence = await access_point_absence(call.point_code, call.path["absence_id"])
    await withdraw_absence(absence, actor=call.actor, now=call.now, settings=call.ports.settings)
    await _record(call, "absence.withdraw", absence.id)
    return AbsenceOut.of(absence)


async def _show(point_code: str) -> RosterOut:
    return RosterOut.of(await duties_of(point_code), await staff_of_point(point_code))


async def _record(call: Call[Any, None], action: str, absence_id: str) -> None:
    await record(
        actor=call.actor,
        action=action,
        subject="absence",
        subject_id=absence_id,
        now=call.now,
        request_id=call.request_id,
    )
