"""存取件柜: materials put in for a department, results put in for a citizen, by the same codes.

Who puts something in and who takes it out never meet; each hand-over names the cell as the other
side. A wrong try at a cell is an answer, not an error, so that it is counted.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from models.delivery import HandOver, Locker, LockerCell, LockerStay, PickupCode
from models.kinds import Direction, ParcelTaskKind, StayPurpose
from models.states import CellState, PickupCodeState, StayState
from server.delivery.codes import (
    FreshCode,
    check_spoken,
    end_stay_codes,
    find_by_long,
    redeem_code,
    renew_stay_code,
)
from server.delivery.errors import NoFreeCell
from server.delivery.events import StayEnded
from server.delivery.parcel_tasks import close_tasks, open_task
from server.delivery.rules import KEPT_FOR, RESERVED_FOR
from server.identity.people import find_account_of
from server.kit.access import ENGINE, Actor, Role
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.outbox import emit
from server.kit.ports import Ports
from server.kit.states import advance, record_move
from server.kit.transaction import in_transaction
from server.notifications.events import notify

BATCH = 200
LYING = frozenset({StayState.PLACED, StayState.OVERDUE})

log = structlog.get_logger(__name__)


class OpenOutcome(StrEnum):
    """How a try at a cell was answered."""

    OPENED = "opened"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Announced:
    """What is to be put into a cell, for whom."""

    purpose: StayPurpose
    person_id: str
    department_code: str
    contents: str
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """What was entered at a locker: a long code, or the digits of one stay."""

    long: str | None = None
    stay_id: str | None = None
    digits: str | None = None


async def reserve_cell(
    locker: Locker, announced: Announced, *, actor: Actor, now: datetime
) -> tuple[LockerStay, FreshCode]:
    """Keep a free cell for what is announced; the code opens it once. Raises `NoFreeCell`."""
    cell = await _take_free_cell(locker, actor=actor, now=now)
    stay = await LockerStay.create(
        cell_id=cell.id,
        locker_code=locker.code,
        cell_number=cell.number,
        point_code=locker.point_code,
        purpose=announced.purpose,
        case_id=announced.case_id,
        person_id=announced.person_id,
        department_code=announced.department_code,
        contents=announced.contents,
        state=StayState.RESERVED,
        expires_at=now + RESERVED_FOR,
        created_at=now,
    )
    await record_move(stay, from_state=None, to_state=stay.state, actor=actor, now=now)
    return stay, await renew_stay_code(stay, Direction.IN, actor=actor, now=now)


async def open_cell(
    locker_code: str, tried: Try, *, actor: Actor, now: datetime
) -> tuple[OpenOutcome, LockerStay | None]:
    """Open a cell for whoever has its code and is on the right side; call it in a transaction."""
    found = await _find(locker_code, tried)
    if found is None or not may_open(actor, found[0], found[1].direction):
        return OpenOutcome.WRONG, None
    stay, code = found
    if code.state is PickupCodeState.LOCKED:
        return OpenOutcome.LOCKED, None
    if code.state is not PickupCodeState.ISSUED or now >= code.expires_at:
        return OpenOutcome.WRONG, None
    if tried.digits and not await check_spoken(code, tried.digits, actor=actor, now=now):
        return OpenOutcome.WRONG, None
    await redeem_code(code, actor=actor, now=now)
    if code.direction is Direction.IN:
        await _place(stay, actor=actor, now=now)
    else:
        await _take(stay, actor=actor, now=now)
    return OpenOutcome.OPENED, stay


def may_open(actor: Actor, stay: LockerStay, direction: Direction) -> bool:
    """Tell whether the actor is on the side that puts in, or takes out, in this direction."""
    is_citizens_side = (stay.purpose is StayPurpose.DEPOSIT) is (direction is Direction.IN)
    if actor.role is Role.CITIZEN:
        return is_citizens_side
    return not is_citizens_side and is_staff_of(actor, stay)


def is_staff_of(actor: Actor, stay: LockerStay) -> bool:
    """Tell whether the actor works at the locker's point or in the department concerned."""
    at_point = actor.point_code is not None and actor.point_code == stay.point_code
    return at_point or (
        actor.department_code is not None and actor.department_code == stay.department_code
    )


async def fresh_code(stay: LockerStay, *, actor: Actor, now: datetime) -> FreshCode:
    """Make a new code for one's side of a stay; raises `WrongState` if it is not one's turn."""
    direction = Direction.IN if stay.state is StayState.RESERVED else Direction.OUT
    is_open = stay.state is StayState.RESERVED or stay.state in LYING
    if not is_open or not may_open(actor, stay, direction):
        raise WrongState(state=stay.state, wanted=direction)
    return await renew_stay_code(stay, direction, actor=actor, now=now)


async def cancel_stay(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    """Give a reserved cell back; raises `WrongState` once something lies in it."""
    await _end(stay, StayState.CANCELLED, actor=actor, now=now)


async def remove_stay(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    """Take out what nobody comes for; the point keeps it."""
    await _end(stay, StayState.REMOVED, actor=actor, now=now)
    await _record(stay, Direction.OUT, actor=actor, now=now)
    await close_tasks((ParcelTaskKind.LOCKER_OVERDUE,), stay.id, now=now)


async def expire_stays(ports: Ports) -> None:
    """Give up reservations that nobody used, and have the point look after what lies too long."""
    now = ports.now()
    over = LockerStay.filter(state__in=(StayState.RESERVED, StayState.PLACED), expires_at__lte=now)
    for stay in await over.order_by("id").limit(BATCH):
        try:
            await in_transaction(_expiring(stay, now))
        except ChangedMeanwhile:
            log.info("stay_used_before_it_expired", stay_id=stay.id)


def _expiring(stay: LockerStay, now: datetime) -> Callable[[], Awaitable[None]]:
    if stay.state is StayState.RESERVED:
        return lambda: _end(stay, StayState.LAPSED, actor=ENGINE, now=now)

    async def call_overdue() -> None:
        await advance(stay, StayState.OVERDUE, actor=ENGINE, now=now)
        kind = ParcelTaskKind.LOCKER_OVERDUE
        await open_task(kind, stay.id, point_code=stay.point_code, now=now)
        if stay.purpose is StayPurpose.RESULT:
            await _tell(stay, "locker_overdue", now)

    return call_overdue


async def _take_free_cell(locker: Locker, *, actor: Actor, now: datetime) -> LockerCell:
    free = LockerCell.filter(locker_code=locker.code, state=CellState.FREE)
    for cell in await free.order_by("number"):
        try:
            await advance(cell, CellState.TAKEN, actor=actor, now=now)
        except ChangedMeanwhile:
            continue
        return cell
    raise NoFreeCell


async def _find(locker_code: str, tried: Try) -> tuple[LockerStay, PickupCode] | None:
    if tried.long is not None:
        code = await find_by_long(tried.long)
    else:
        code = await PickupCode.get_or_none(stay_id=tried.stay_id, live=True)
    if code is None or code.stay_id is None:
        return None
    stay = await LockerStay.filter(id=code.stay_id).select_for_update().get()
    await code.refresh_from_db()
    return (stay, code) if stay.locker_code == locker_code else None


async def _place(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    until = now + KEPT_FOR
    await advance(stay, StayState.PLACED, actor=actor, now=now, expires_at=until)
    await _record(stay, Direction.IN, actor=actor, now=now)
    if stay.purpose is StayPurpose.RESULT:
        await _tell(stay, "locker_result", now)


async def _take(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    await advance(stay, StayState.TAKEN, actor=actor, now=now)
    await _free_cell(stay, actor=actor, now=now)
    await _record(stay, Direction.OUT, actor=actor, now=now)
    await close_tasks((ParcelTaskKind.LOCKER_OVERDUE,), stay.id, now=now)
    news = StayEnded(aggregate_id=stay.id, key="taken", case_id=stay.case_id, purpose=stay.purpose)
    await emit(news, now=now)


async def _end(stay: LockerStay, state: StayState, *, actor: Actor, now: datetime) -> None:
    await advance(stay, state, actor=actor, now=now)
    await end_stay_codes(stay, actor=actor, now=now)
    await _free_cell(stay, actor=actor, now=now)


async def _free_cell(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    cell = await LockerCell.get(id=stay.cell_id)
    await advance(cell, CellState.FREE, actor=actor, now=now)


async def _record(stay: LockerStay, direction: Direction, *, actor: Actor, now: datetime) -> None:
    sides = [actor.name, f"locker:{stay.locker_code}/{stay.cell_number}"]
    given_by, taken_by = sides if direction is Direction.IN else reversed(sides)
    await HandOver.create(
        stay_id=stay.id,
        direction=direction,
        point_code=stay.point_code,
        given_by=given_by,
        taken_by=taken_by,
        seal_no="",
        scanned_at=now,
        recorded_at=now,
    )


async def _tell(stay: LockerStay, kind: str, now: datetime) -> None:
    locker = await Locker.get(code=stay.locker_code)
    await notify(
        kind=kind,
        account_id=await find_account_of(stay.person_id),
        subject_id=stay.id,
        key=kind,
        now=now,
        data={"contents": stay.contents, "place": locker.place, "cell": str(stay.cell_number)},
    )
