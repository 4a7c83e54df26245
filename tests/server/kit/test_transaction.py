"""One unit of work: whole or not at all, whatever happens to whoever asked for it."""

import asyncio
from datetime import date

import pytest
from tortoise.exceptions import OperationalError

from models.cases import CaseCounter
from server.kit.errors import Busy, WrongState
from server.kit.transaction import finish_running, guard_database, in_transaction

DAY = date(2026, 11, 23)
pytestmark = pytest.mark.usefixtures("ports")


async def note(name):
    return await CaseCounter.create(point_code=name, day=DAY)


async def noted():
    return set(await CaseCounter.all().values_list("point_code", flat=True))


async def test_what_work_returns_comes_back_and_what_it_wrote_stays():
    row = await in_transaction(lambda: note("a"))
    assert row.point_code == "a"
    assert await noted() == {"a"}


async def test_what_work_raises_comes_through_and_nothing_stays():
    async def work():
        await note("a")
        raise WrongState

    with pytest.raises(WrongState):
        await in_transaction(work)
    assert await noted() == set()


async def test_a_client_who_hangs_up_in_the_middle_leaves_the_whole():
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def work():
        await note("first half")
        began.set()
        await may_go_on.wait()
        await note("second half")

    asking = asyncio.create_task(in_transaction(work))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_go_on.set()
    await finish_running()
    assert await noted() == {"first half", "second half"}


async def test_a_client_who_hangs_up_before_a_refusal_leaves_nothing():
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def work():
        await note("first half")
        began.set()
        await may_go_on.wait()
        raise WrongState

    asking = asyncio.create_task(in_transaction(work))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_go_on.set()
    await finish_running()
    assert await noted() == set()


async def test_work_that_takes_too_long_is_refused_as_busy_and_leaves_nothing():
    async def work():
        await note("a")
        await asyncio.Event().wait()

    with pytest.raises(Busy) as refused:
        await in_transaction(work, timeout_s=0.3)
    assert refused.value.retry_after_s == 2
    assert await noted() == set()
    assert (await in_transaction(lambda: note("b"))).point_code == "b"


async def test_a_statement_that_takes_too_long_is_refused_as_busy():
    held, may_go = asyncio.Event(), asyncio.Event()
    await note("contested")

    async def hold():
        await CaseCounter.filter(point_code="contested").update(last_number=1)
        held.set()
        await may_go.wait()

    async def want():
        await note("mine")
        await CaseCounter.filter(point_code="contested").update(last_number=2)

    holding = asyncio.create_task(in_transaction(hold))
    await held.wait()
    with pytest.raises(Busy):
        await in_transaction(want, timeout_s=0.4)
    may_go.set()
    await holding
    assert (await CaseCounter.get(point_code="contested")).last_number == 1
    assert await noted() == {"contested"}


async def test_transactions_do_not_nest():
    async def work():
        await note("outer")
        await in_transaction(lambda: note("inner"))

    with pytest.raises(RuntimeError, match="a transaction is open already"):
        await in_transaction(work)
    assert await noted() == set()


async def test_two_that_lock_each_other_out_both_succeed_in_the_end(is_embedded):
    await note("left")
    await note("right")
    runs = {"left": 0, "right": 0}
    has = {"left": asyncio.Event(), "right": asyncio.Event()}

    async def cross(first, second):
        runs[first] += 1
        row = CaseCounter.filter(point_code=first)
        await row.update(last_number=(await row.get()).last_number + 1)
        has[first].set()
        if not is_embedded:  # it lets in one at a time, so there is nobody to meet
            await has[second].wait()
        row = CaseCounter.filter(point_code=second)
        await row.update(last_number=(await row.get()).last_number + 10)

    await asyncio.gather(
        in_transaction(lambda: cross("left", "right")),
        in_transaction(lambda: cross("right", "left")),
    )
    assert sorted(runs.values()) == ([1, 1] if is_embedded else [1, 2])
    numbers = await CaseCounter.all().values_list("last_number", flat=True)
    assert list(numbers) == [11, 11]


async def test_what_is_not_contention_is_not_tried_again():
    runs = 0

    async def work():
        nonlocal runs
        runs += 1
        await CaseCounter.raw("SELECT nonsense FROM nowhere")

    with pytest.raises(OperationalError):
        await in_transaction(work)
    assert runs == 1


async def test_a_full_pool_refuses_as_busy_and_recovers(settings, is_embedded):
    places = 1 if is_embedded else settings.database_pool
    inside, may_go = asyncio.Semaphore(0), asyncio.Event()

    async def sit(number):
        await note(f"sitting {number}")
        inside.release()
        await may_go.wait()

    sitting = [asyncio.create_task(in_transaction(lambda n=n: sit(n))) for n in range(places)]
    for _ in sitting:
        await inside.acquire()
    with pytest.raises(Busy):
        await in_transaction(lambda: note("late"), timeout_s=0.3)
    may_go.set()
    await asyncio.gather(*sitting)
    assert await noted() == {f"sitting {number}" for number in range(places)}
    await in_transaction(lambda: note("afterwards"))


async def test_one_that_is_cut_off_while_it_begins_takes_no_place_from_others(settings):
    for _ in range(settings.database_pool):
        with pytest.raises(Busy):
            await in_transaction(lambda: note("cut off"), timeout_s=0)
    await in_transaction(lambda: note("afterwards"), timeout_s=2)
    assert await noted() == {"afterwards"}


async def test_half_of_many_transactions_hung_up_on_leave_no_half_and_none_open():
    async def pair(number):
        await note(f"{number} one")
        await note(f"{number} two")

    tasks = [asyncio.create_task(in_transaction(lambda n=n: pair(n))) for n in range(60)]
    for turn, task in enumerate(tasks):
        await asyncio.sleep(0)
        if turn % 2:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await finish_running()
    kept = await noted()
    for number in range(60):
        halves = {f"{number} one", f"{number} two"}
        assert kept & halves in (halves, set())
    assert all(f"{number} one" in kept for number in range(0, 60, 2))


async def test_reading_outside_a_transaction_is_bounded_too():
    with pytest.raises(Busy):
        await guard_database(asyncio.Event().wait, timeout_s=0.05)
