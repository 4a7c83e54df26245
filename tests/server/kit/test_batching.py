"""What comes in while a batch is under way is the next batch; nobody waits for ever."""

import asyncio

import pytest

from server.kit.batching import NaturalBatch
from server.kit.errors import Busy, KeyReused
from server.kit.transaction import finish_running


class Recorder:
    """Settles by doubling, one batch for each permit, and remembers the batches."""

    def __init__(self, *, permits=99):
        self.batches = []
        self.permits = asyncio.Semaphore(permits)

    async def settle(self, entries):
        self.batches.append(list(entries))
        await self.permits.acquire()
        return [entry * 2 for entry in entries]


async def wait_for_batches(recorder, count):
    async with asyncio.timeout(5):
        while len(recorder.batches) < count:  # noqa: ASYNC110 - the event would be the code's own
            await asyncio.sleep(0)


async def test_what_comes_in_meanwhile_is_settled_together_in_order():
    recorder = Recorder(permits=0)
    batch = NaturalBatch(recorder.settle)
    first = asyncio.create_task(batch.submit(1))
    await wait_for_batches(recorder, 1)
    rest = [asyncio.create_task(batch.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    recorder.permits.release()
    recorder.permits.release()
    assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
    assert recorder.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_bounded():
    recorder = Recorder()
    batch = NaturalBatch(recorder.settle, most=2)
    assert await asyncio.gather(*(batch.submit(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert recorder.batches == [[0, 1], [2, 3], [4]]


async def test_a_refusal_hurts_nobody_else():
    async def settle(entries):
        return [KeyReused() if entry == 2 else entry for entry in entries]

    batch = NaturalBatch(settle)
    answers = await asyncio.gather(*map(batch.submit, (1, 2, 3)), return_exceptions=True)
    assert (answers[0], type(answers[1]), answers[2]) == (1, KeyReused, 3)


@pytest.mark.parametrize("answer", [ValueError("a fault"), [1, 2]])
async def test_a_flusher_that_fails_tells_its_batch_busy_and_goes_on(answer):
    async def settle(entries):
        if "bad" not in entries:
            return entries
        if isinstance(answer, list):
            return answer
        raise answer

    batch = NaturalBatch(settle, most=1)
    bad, good = await asyncio.gather(
        batch.submit("bad"), batch.submit("good"), return_exceptions=True
    )
    assert good == "good"
    assert isinstance(bad, Busy) or bad == 1
    assert await batch.submit("later") == "later"


async def test_a_flusher_that_is_killed_leaves_nobody_waiting():
    recorder = Recorder(permits=0)
    batch = NaturalBatch(recorder.settle, most=1)
    waiting = [asyncio.create_task(batch.submit(number)) for number in (1, 2)]
    await wait_for_batches(recorder, 1)
    next(iter(batch._flushing)).cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Busy, Busy]
    recorder.permits.release()
    assert await batch.submit(3) == 6


async def test_whoever_hangs_up_before_the_batch_is_left_out():
    recorder = Recorder(permits=0)
    batch = NaturalBatch(recorder.settle)
    first = asyncio.create_task(batch.submit(1))
    await wait_for_batches(recorder, 1)
    gone, stays = (asyncio.create_task(batch.submit(number)) for number in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    recorder.permits.release()
    recorder.permits.release()
    assert await asyncio.gather(first, stays) == [2, 6]
    assert recorder.batches == [[1], [3]]


async def test_a_graceful_stop_waits_for_the_last_batch():
    recorder = Recorder(permits=0)
    batch = NaturalBatch(recorder.settle)
    waiting = asyncio.create_task(batch.submit(1))
    await wait_for_batches(recorder, 1)
    ending = asyncio.create_task(finish_running())
    await asyncio.sleep(0)
    assert not ending.done()
    recorder.permits.release()
    await ending
    assert await waiting == 2


async def test_the_next_batch_is_made_while_one_is_under_way_and_no_third():
    recorder = Recorder(permits=0)
    batch = NaturalBatch(recorder.settle, at_once=2)
    waiting = []
    for number in (1, 2):
        waiting.append(asyncio.create_task(batch.submit(number)))
        await wait_for_batches(recorder, number)
    waiting += [asyncio.create_task(batch.submit(number)) for number in (3, 4)]
    await asyncio.sleep(0)
    assert recorder.batches == [[1], [2]]
    recorder.permits.release()
    await wait_for_batches(recorder, 3)
    recorder.permits.release()
    recorder.permits.release()
    assert await asyncio.gather(*waiting) == [2, 4, 6, 8]
    assert recorder.batches == [[1], [2], [3, 4]]


async def test_whoever_comes_as_a_flusher_ends_does_not_wait_for_another():
    batch = NaturalBatch(Recorder().settle)
    async with asyncio.timeout(5):
        assert [await batch.submit(number) for number in range(3)] == [0, 2, 4]
