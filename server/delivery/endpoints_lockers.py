"""Lockers, as a citizen, the staff and the district use them; what goes in belongs to a case."""

from typing import Any

from models.delivery import Locker, LockerCell, LockerStay
from models.states import CellState
from server.audit.service import record
from server.catalog.errors import UnknownPoint
from server.catalog.service import get_point
from server.delivery.access import access_own_stay, access_staff_stay, stays_of_staff
from server.delivery.locker_setup import set_up_locker
from server.delivery.lockers import (
    Try,
    cancel_stay,
    fresh_code,
    open_cell,
    remove_stay,
)
from server.delivery.schemas_lockers import (
    LockerIn,
    LockerOut,
    LockersOut,
    OpenIn,
    OpenOut,
    StayCodeOut,
    StayOut,
    StaysQuery,
)
from server.kit.access import ADMINS, CASE_STAFF, CITIZENS, EVERYBODY, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Nothing, Page, PageQuery

public = Surface("/public", tag="public_lockers")
citizen = Surface("/citizen", tag="lockers")
desk = Surface("/desk", tag="desk_lockers")
admin = Surface("/admin", tag="admin_lockers")
SURFACES = (public, citizen, desk, admin)

_MOVED = (NotFound, WrongState, ChangedMeanwhile)


@public.get("/points/<code>/lockers", allows=EVERYBODY, refuses=(UnknownPoint,))
async def lockers(call: Call[None, None]) -> LockersOut:
    """List a point's lockers and how many of their cells are free."""
    point = await get_point(call.path["code"])
    found = await Locker.filter(point_code=point.code).order_by("code")
    return LockersOut(items=[await _show_locker(one) for one in found])


@admin.put("/lockers/<locker_code>", allows=ADMINS, refuses=(UnknownPoint, ChangedMeanwhile))
async def set_locker(call: Call[LockerIn, None]) -> LockerOut:
    """Set up a locker: where it stands, how many cells it has, which of them are out of order."""
    await get_point(call.body.point_code)
    locker = await set_up_locker(
        call.path["locker_code"], call.body, actor=call.actor, now=call.now
    )
    await record(
        actor=call.actor,
        action="locker.set",
        subject="locker",
        subject_id=locker.code,
        now=call.now,
        request_id=call.request_id,
        detail={"cells": call.body.cells},
    )
    return await _show_locker(locker)


@citizen.get("/locker-stays", allows=CITIZENS, refuses=(RealNameRequired,))
async def own_stays(call: Call[None, PageQuery]) -> Page[StayOut]:
    """List what one has put in, or has waiting, in lockers."""
    return await page_of(LockerStay.filter(person_id=call.person_id), call.query, StayOut.of)


@citizen.post("/locker-stays/<stay_id>/code", allows=CITIZENS, refuses=(RealNameRequired, *_MOVED))
async def own_code(call: Call[Nothing, None]) -> StayCodeOut:
    """Make a new code for one's side of a stay; the one before ends."""
    stay = await access_own_stay(call.person_id, call.path["stay_id"])
    return StayCodeOut.of(stay, await fresh_code(stay, actor=call.actor, now=call.now))


@citizen.post(
    "/locker-stays/<stay_id>/cancel", allows=CITIZENS, refuses=(RealNameRequired, *_MOVED)
)
async def cancel(call: Call[Nothing, None]) -> StayOut:
    """Give a reserved cell back."""
    stay = await access_own_stay(call.person_id, call.path["stay_id"])
    await cancel_stay(stay, actor=call.actor, now=call.now)
    return StayOut.of(stay)


@citizen.post("/lockers/<locker_code>/open", allows=CITIZENS, refuses=(ChangedMeanwhile,))
async def open_as_citizen(call: Call[OpenIn, None]) -> OpenOut:
    """Open a cell to put materials in, or to take a result out."""
    return await _open(call)


@desk.get("/locker-stays", allows=CASE_STAFF)
async def stays(call: Call[None, StaysQuery]) -> Page[StayOut]:
    """List what is announced for, or lies in, the lockers one looks after or collects from."""
    found = stays_of_staff(call.actor)
    if call.query.state is not None:
        found = found.filter(state=call.query.state)
    return await page_of(found, call.query, StayOut.of)


@desk.post("/locker-stays/<stay_id>/code", allows=CASE_STAFF, refuses=_MOVED)
async def staff_code(call: Call[Nothing, None]) -> StayCodeOut:
    """Make a new code for the staff's side of a stay; the one before ends."""
    stay = await access_staff_stay(call.actor, call.path["stay_id"])
    return StayCodeOut.of(stay, await fresh_code(stay, actor=call.actor, now=call.now))


@desk.post("/locker-stays/<stay_id>/remove", allows=POINT_STAFF, refuses=_MOVED)
async def remove(call: Call[Nothing, None]) -> StayOut:
    """Take out what nobody comes for; the point keeps it."""
    stay = await access_staff_stay(call.actor, call.path["stay_id"])
    await remove_stay(stay, actor=call.actor, now=call.now)
    return StayOut.of(stay)


@desk.post("/lockers/<locker_code>/open", allows=CASE_STAFF, refuses=(ChangedMeanwhile,))
async def open_as_staff(call: Call[OpenIn, None]) -> OpenOut:
    """Open a cell to take materials out, or to put a result in."""
    return await _open(call)


async def _open(call: Call[OpenIn, Any]) -> OpenOut:
    tried = Try(call.body.code, call.body.stay_id, call.body.digits)
    locker_code = call.path["locker_code"]
    outcome, stay = await open_cell(locker_code, tried, actor=call.actor, now=call.now)
    return OpenOut.of(outcome, stay)


async def _show_locker(locker: Locker) -> LockerOut:
    cells = LockerCell.filter(locker_code=locker.code)
    return LockerOut(
        code=locker.code,
        point_code=locker.point_code,
        place=locker.place,
        cells=await cells.count(),
        free=await cells.filter(state=CellState.FREE).count(),
    )
