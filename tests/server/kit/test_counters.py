"""Numbers one by one: none twice, no gap once everything is through."""

import asyncio
from datetime import date

import pytest

from models.cases import CaseCounter
from server.kit.counters import next_number
from server.kit.errors import WrongState
from server.kit.transaction import in_transaction

DAY = date(2026, 11, 23)
pytestmark = pytest.mark.usefixtures("ports")


async def draw(point="a"):
    return await in_transaction(lambda: next_number(CaseCounter, point_code=point, day=DAY))


async def test_a_thousand_numbers_from_fifty_tasks_have_no_gap():
    async def draw_twenty():
        return [await draw() for _ in range(20)]

    drawn = await asyncio.gather(*(draw_twenty() for _ in range(50)))
    assert sorted(number for one in drawn for number in one) == list(range(1, 1001))
    assert (await CaseCounter.get()).last_number == 1000


async def test_each_series_counts_for_itself():
    assert [await draw("a"), await draw("b"), await draw("a")] == [1, 1, 2]


async def test_a_number_drawn_in_vain_is_drawn_again():
    async def work():
        await next_number(CaseCounter, point_code="a", day=DAY)
        raise WrongState

    assert await draw() == 1
    with pytest.raises(WrongState):
        await in_transaction(work)
    assert await draw() == 2
