"""What becomes of freed places."""

import asyncio
from datetime import timedelta

import pytest

from models.states import ReleaseState
from models.waitlist import Release
from server.appointments.errors import SlotFull
from server.appointments.reconciling import find_differences
from server.appointments.releases import put_on_sale
from server.appointments.tasks import release_places
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.support.booking import (
    QUANTUM,
    TEN,
    book_now,
    cancel_now,
    everything,
    make_booker,
    make_slots,
    move_now,
    release_all,
    taken,
    wish,
)


async def cancel_one(ports):
    booker = await make_booker()
    await cancel_now(await book_now(wish(), booker, ports), booker, ports)
    return await Release.get()


async def test_a_cancelled_place_stays_taken_until_its_random_moment(ports, clock):
    await make_slots(5)
    freed = await cancel_one(ports)
    delay = freed.release_at - ports.now()
    assert timedelta(seconds=60) <= delay <= timedelta(seconds=600)
    clock.advance(seconds=delay.total_seconds() - 0.001)
    await release_places(ports)
    assert await taken() == [1] * 5
    with pytest.raises(SlotFull):
        await book_now(wish(), await make_booker(2), ports)
    clock.advance(seconds=0.002)
    await release_places(ports)
    assert await taken() == [0] * 5
    assert [one.to_state for one in await moves_of(Release, freed.id)] == ["pending", "on_sale"]


@pytest.mark.usefixtures("clock")
async def test_no_two_freed_places_come_back_at_the_same_moment(ports):
    await make_slots(5, capacity=3)
    for number in range(3):
        booker = await make_booker(number)
        await cancel_now(await book_now(wish(), booker, ports), booker, ports)
    moments = await Release.all().values_list("release_at", flat=True)
    assert len(set(moments)) == 3


async def test_moving_frees_only_what_the_new_place_does_not_have(ports):
    await make_slots(8)
    booker = await make_booker()
    old = await book_now(wish(), booker, ports)
    await move_now(old, TEN + 2 * QUANTUM, booker, ports)
    freed = await Release.get()
    assert (freed.starts_at, freed.quanta) == (TEN, 2)
    assert await taken() == [1] * 7 + [0]


async def test_moving_by_less_than_the_visit_is_never_held_up_by_its_own_old_place(ports, clock):
    await make_slots(7)
    booker = await make_booker()
    visit = await book_now(wish(), booker, ports)
    visit = await move_now(visit, TEN + QUANTUM, booker, ports)
    await move_now(visit, TEN + 2 * QUANTUM, booker, ports)
    assert await taken() == [1] * 7
    await release_all(ports, clock)
    assert await taken() == [0, 0, 1, 1, 1, 1, 1]
    assert await find_differences(ports) == []


async def test_a_place_is_put_on_sale_once_however_many_do_it_at_once(ports):
    await make_slots(5, capacity=2)
    await book_now(wish(), await make_booker(2), ports)
    freed = await cancel_one(ports)
    copies = [await Release.get(id=freed.id) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            in_transaction(
                lambda one=one: put_on_sale(
                    one, actor=ENGINE, now=ports.now(), settings=ports.settings
                )
            )
            for one in copies
        ),
        return_exceptions=True,
    )
    assert sum(one is None for one in answers) == 1
    assert sum(isinstance(one, ChangedMeanwhile) for one in answers) == 3
    assert await taken() == [1] * 5


async def test_work_that_is_cut_off_leaves_the_place_for_the_next_run(ports, clock, monkeypatch):
    await make_slots(5)
    await cancel_one(ports)
    clock.advance(seconds=600)
    before = await everything()

    async def die(*_args, **_options):
        raise RuntimeError("cut off")

    monkeypatch.setattr("server.appointments.releases.advance", die)
    with pytest.raises(RuntimeError):
        await release_places(ports)
    assert await everything() == before
    monkeypatch.undo()
    await release_places(ports)
    assert await taken() == [0] * 5
    assert (await Release.get()).state is ReleaseState.ON_SALE
