"""存取件柜: who may open what, once, and what is left when nobody comes."""

import asyncio
from datetime import timedelta

import pytest

from models.bookkeeping import Transition
from models.delivery import HandOver, Locker, LockerCell, LockerStay, ParcelTask, PickupCode
from models.kinds import Direction, ParcelTaskKind, StayPurpose
from models.notifications import Notice
from models.people import WechatAccount
from models.states import CellState, PickupCodeState, StayState
from server.delivery.errors import NoFreeCell
from server.delivery.locker_setup import set_up_locker
from server.delivery.lockers import (
    Announced,
    OpenOutcome,
    Try,
    cancel_stay,
    expire_stays,
    fresh_code,
    open_cell,
    remove_stay,
    reserve_cell,
)
from server.delivery.rules import ScanOutcome
from server.delivery.schemas_lockers import LockerIn
from server.kit.access import Actor, Role
from server.kit.errors import WrongState
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import CITIZEN, CLERK, OTHER_POINT, POINT, scan_of, send

HANDLER = Actor(Role.HANDLER, id="handler1", department_code="D1")
OTHER_HANDLER = Actor(Role.HANDLER, id="handler2", department_code="D2")
OTHER_CLERK = Actor(Role.CLERK, id="clerk2", point_code=OTHER_POINT)
MATERIALS = Announced(StayPurpose.DEPOSIT, "person1", "D1", "核验原件", "case1")
RESULT = Announced(StayPurpose.RESULT, "person1", "D1", "审批结果文书", "case1")


async def set_up(ports, *, cells=2, out_of_order=()):
    given = LockerIn(
        point_code=POINT, place="大厅东侧", cells=cells, out_of_order=list(out_of_order)
    )
    return await in_transaction(lambda: set_up_locker("L1", given, actor=CLERK, now=ports.now()))


@pytest.fixture
async def locker(desk):
    return await set_up(desk)


async def reserve(ports, announced=MATERIALS):
    locker = await Locker.get(code="L1")
    return await in_transaction(
        lambda: reserve_cell(locker, announced, actor=CITIZEN, now=ports.now())
    )


async def enter(ports, actor, code=None, *, stay=None, digits=None, at="L1"):
    tried = Try(code and code.long, stay and stay.id, digits)
    outcome, _ = await in_transaction(lambda: open_cell(at, tried, actor=actor, now=ports.now()))
    return outcome


async def renew(ports, stay, actor):
    fresh = await LockerStay.get(id=stay.id)
    return await in_transaction(lambda: fresh_code(fresh, actor=actor, now=ports.now()))


async def state_of(stay):
    row = await LockerStay.get(id=stay.id)
    return row.state, (await LockerCell.get(id=row.cell_id)).state


async def sides():
    rows = await HandOver.all().order_by("id")
    return [(row.direction, row.given_by, row.taken_by, row.point_code) for row in rows]


@pytest.mark.usefixtures("locker")
async def test_materials_go_in_by_the_citizen_and_out_by_the_department(desk):
    stay, code = await reserve(desk)
    assert await state_of(stay) == (StayState.RESERVED, CellState.TAKEN)
    assert await enter(desk, CITIZEN, code) is OpenOutcome.OPENED
    assert await state_of(stay) == (StayState.PLACED, CellState.TAKEN)
    out = await renew(desk, stay, HANDLER)
    assert await enter(desk, HANDLER, out) is OpenOutcome.OPENED
    assert await state_of(stay) == (StayState.TAKEN, CellState.FREE)
    assert await sides() == [
        (Direction.IN, CITIZEN.name, "locker:L1/1", POINT),
        (Direction.OUT, "locker:L1/1", HANDLER.name, POINT),
    ]
    assert await Transition.filter(aggregate="LockerStay", aggregate_id=stay.id).count() == 3


@pytest.mark.usefixtures("locker")
async def test_a_result_goes_in_by_the_staff_and_out_by_its_owner(desk):
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id="person1", created_at=desk.now()
    )
    stay, code = await reserve(desk, RESULT)
    assert await enter(desk, CLERK, code) is OpenOutcome.OPENED
    assert "大厅东侧1号" in (await Notice.get()).text
    assert await enter(desk, CITIZEN, await renew(desk, stay, CITIZEN)) is OpenOutcome.OPENED
    assert [one[1:3] for one in await sides()] == [
        (CLERK.name, "locker:L1/1"),
        ("locker:L1/1", CITIZEN.name),
    ]


@pytest.mark.usefixtures("locker")
async def test_whoever_is_on_the_wrong_side_opens_nothing(desk):
    stay, code = await reserve(desk)
    for actor in (CLERK, HANDLER):
        assert await enter(desk, actor, code) is OpenOutcome.WRONG
    await enter(desk, CITIZEN, code)
    out = await renew(desk, stay, CLERK)
    for actor in (CITIZEN, OTHER_CLERK, OTHER_HANDLER):
        assert await enter(desk, actor, out) is OpenOutcome.WRONG
    with pytest.raises(WrongState):
        await renew(desk, stay, CITIZEN)
    assert await enter(desk, CLERK, out, at="L2") is OpenOutcome.WRONG
    assert await enter(desk, CLERK, out) is OpenOutcome.OPENED


@pytest.mark.usefixtures("locker")
async def test_a_code_opens_once_and_at_once_once(desk):
    stay, code = await reserve(desk)
    results = await asyncio.gather(
        *(enter(desk, CITIZEN, code) for _ in range(5)), return_exceptions=True
    )
    assert results.count(OpenOutcome.OPENED) == 1
    assert len(await sides()) == 1
    out = await renew(desk, stay, CLERK)
    again = await renew(desk, stay, CLERK)
    assert await enter(desk, CLERK, out) is OpenOutcome.WRONG
    assert await enter(desk, CLERK, again) is OpenOutcome.OPENED


@pytest.mark.usefixtures("locker")
async def test_five_wrong_tries_lock_the_code_and_a_new_one_opens(desk):
    stay, code = await reserve(desk)
    wrong = f"{(int(code.spoken) + 1) % 10**6:06d}"
    for _ in range(5):
        assert await enter(desk, CITIZEN, stay=stay, digits=wrong) is OpenOutcome.WRONG
    assert (await PickupCode.get()).state is PickupCodeState.LOCKED
    assert await enter(desk, CITIZEN, stay=stay, digits=code.spoken) is OpenOutcome.LOCKED
    assert await enter(desk, CITIZEN, code) is OpenOutcome.LOCKED
    fresh = await renew(desk, stay, CITIZEN)
    assert await enter(desk, CITIZEN, stay=stay, digits=fresh.spoken) is OpenOutcome.OPENED


@pytest.mark.usefixtures("locker")
async def test_a_courier_finds_nothing_by_a_cells_code(desk):
    _, code = await reserve(desk)
    found = [await send(desk, scan_of(desk, text)) for text in (code.long, code.spoken)]
    many = await send(desk, scan_of(desk, code.long), scan_of(desk, "A" * 26))
    assert set(sum(found, many)) == {ScanOutcome.UNKNOWN_OR_WRONG}
    assert (await PickupCode.get()).state is PickupCodeState.ISSUED


@pytest.mark.usefixtures("locker")
async def test_a_full_locker_takes_nothing_and_many_at_once_get_a_cell_each(desk):
    ended = await asyncio.gather(*(reserve(desk) for _ in range(5)), return_exceptions=True)
    stays = [one[0] for one in ended if isinstance(one, tuple)]
    assert len({stay.cell_id for stay in stays}) == len(stays) == 2
    assert sum(isinstance(one, NoFreeCell) for one in ended) == 3


@pytest.mark.usefixtures("locker")
async def test_a_reservation_nobody_uses_lapses(desk, clock):
    stay, code = await reserve(desk)
    clock.advance(hours=2)
    await expire_stays(desk)
    assert await state_of(stay) == (StayState.LAPSED, CellState.FREE)
    assert await enter(desk, CITIZEN, code) is OpenOutcome.WRONG
    assert await HandOver.all().count() == 0


@pytest.mark.usefixtures("locker")
async def test_what_lies_too_long_is_for_the_point_and_can_still_be_fetched(desk, clock):
    stay, code = await reserve(desk)
    await enter(desk, CITIZEN, code)
    clock.advance(hours=48)
    for _ in range(2):
        await expire_stays(desk)
    assert await state_of(stay) == (StayState.OVERDUE, CellState.TAKEN)
    task = await ParcelTask.get()
    assert (task.kind, task.subject, task.point_code, task.live) == (
        ParcelTaskKind.LOCKER_OVERDUE,
        stay.id,
        POINT,
        True,
    )
    assert await enter(desk, HANDLER, await renew(desk, stay, HANDLER)) is OpenOutcome.OPENED
    assert (await ParcelTask.get()).live is None


@pytest.mark.usefixtures("locker")
async def test_the_point_takes_out_what_nobody_fetches(desk, clock):
    stay, code = await reserve(desk)
    await enter(desk, CITIZEN, code)
    out = await renew(desk, stay, HANDLER)
    clock.advance(hours=49)
    await expire_stays(desk)
    row = await LockerStay.get(id=stay.id)
    await in_transaction(lambda: remove_stay(row, actor=CLERK, now=desk.now()))
    assert await state_of(stay) == (StayState.REMOVED, CellState.FREE)
    assert (await sides())[-1][1:3] == ("locker:L1/1", CLERK.name)
    assert await enter(desk, HANDLER, out) is OpenOutcome.WRONG
    assert (await ParcelTask.get()).live is None


@pytest.mark.usefixtures("locker")
async def test_a_reservation_is_given_back_until_something_lies_there(desk):
    stay, _ = await reserve(desk)
    await in_transaction(lambda: cancel_stay(stay, actor=CITIZEN, now=desk.now()))
    assert await state_of(stay) == (StayState.CANCELLED, CellState.FREE)
    second, code = await reserve(desk)
    await enter(desk, CITIZEN, code)
    placed = await LockerStay.get(id=second.id)
    with pytest.raises(WrongState):
        await in_transaction(lambda: cancel_stay(placed, actor=CITIZEN, now=desk.now()))
    assert placed.expires_at - desk.now() == timedelta(hours=48)


async def test_cells_are_added_and_put_out_of_order_but_never_from_under_what_lies_there(desk):
    await set_up(desk, cells=2)
    stay, _ = await reserve(desk)
    await set_up(desk, cells=3, out_of_order=[1, 2])
    states = {cell.number: cell.state for cell in await LockerCell.all()}
    assert states == {1: CellState.TAKEN, 2: CellState.OUT_OF_ORDER, 3: CellState.FREE}
    await set_up(desk, cells=2)
    states = {cell.number: cell.state for cell in await LockerCell.all()}
    assert states == {1: CellState.TAKEN, 2: CellState.FREE, 3: CellState.OUT_OF_ORDER}
    assert (await state_of(stay))[0] is StayState.RESERVED
