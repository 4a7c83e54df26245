"""News leaves with what made it: in order, once, however many relays run and whoever dies."""

import asyncio
from datetime import timedelta
from typing import ClassVar

import pytest

from integrations.contracts.errors import VendorUnavailable
from models.bookkeeping import OutboxRow, Transition
from server.kit import outbox
from server.kit.errors import WrongState
from server.kit.outbox import Consumer, Event, emit, subscribe
from server.kit.relay import MOST_ATTEMPTS, Relay
from server.kit.transaction import in_transaction
from tests.support.relaying import relay_all


class Happened(Event):
    topic: ClassVar[str] = "test.happened"
    aggregate: ClassVar[str] = "thing"

    number: int = 0


class Hearer:
    """Remembers what it heard, also as rows; fails while `error` is set."""

    def __init__(self):
        self.heard = []
        self.error = None

    async def __call__(self, event, ports):
        if self.error:
            raise self.error
        self.heard.append((event.aggregate_id, event.number))
        await Transition.create(
            aggregate="heard",
            aggregate_id=event.aggregate_id,
            from_state="",
            to_state=str(event.number),
            actor="",
            moved_at=ports.now(),
        )


@pytest.fixture
def listen(monkeypatch):
    """Lets a consumer hear `Happened` until the test ends."""
    monkeypatch.setattr(outbox, "_consumers", {})

    def attach(name, *, is_remote=False):
        hearer = Hearer()
        subscribe(Consumer(name, Happened, hearer, is_remote=is_remote))
        return hearer

    return attach


async def tell(ports, *numbers, aggregate_id="x", key=None):
    async def work():
        for number in numbers:
            more = {"key": key} if key else {}
            await emit(Happened(aggregate_id=aggregate_id, number=number, **more), now=ports.now())

    await in_transaction(work)


async def effects():
    return list(await Transition.filter(aggregate="heard").values_list("to_state", flat=True))


async def test_news_of_a_transaction_that_fails_is_never_told(ports, listen):
    hearer = listen("a")

    async def work():
        await emit(Happened(aggregate_id="x"), now=ports.now())
        raise WrongState

    with pytest.raises(WrongState):
        await in_transaction(work)
    await relay_all(ports)
    assert hearer.heard == []


async def test_news_of_one_thing_arrives_in_order_at_every_consumer(ports, listen):
    first, second = listen("first"), listen("second")
    await tell(ports, *range(10))
    await relay_all(ports)
    assert first.heard == second.heard == [("x", number) for number in range(10)]


async def test_a_failing_consumer_holds_back_its_own_news_of_that_thing_only(ports, listen):
    failing, sound = listen("failing"), listen("sound")
    failing.error = RuntimeError("not now")
    await tell(ports, 1, 2, aggregate_id="x")
    await relay_all(ports)
    assert sound.heard == [("x", 1), ("x", 2)]
    failing.error = None
    await tell(ports, 1, aggregate_id="y")
    await relay_all(ports)
    assert failing.heard == [("y", 1)]


async def test_a_failure_waits_longer_each_time_and_then_goes_through(ports, listen, clock):
    hearer = listen("failing")
    hearer.error = RuntimeError("13900001234")
    await tell(ports, 1)
    await relay_all(ports)
    row = await OutboxRow.get()
    assert (row.attempts, row.last_error, row.claimed_until) == (1, "RuntimeError", None)
    pause = row.available_at - ports.now()
    assert timedelta(seconds=0.2) <= pause <= timedelta(seconds=1)
    assert await Relay(ports, worker_id="one").run_once() == 0
    clock.advance(seconds=1)
    hearer.error = None
    await relay_all(ports)
    row = await OutboxRow.get()
    assert (row.done_at, row.attempts) == (ports.now(), 2)
    assert hearer.heard == [("x", 1)]


async def test_after_the_last_attempt_the_row_is_blocked_with_all_behind_it(ports, listen, clock):
    hearer = listen("failing")
    hearer.error = VendorUnavailable("ems", code="timeout")
    await tell(ports, 1, 2)
    for _ in range(MOST_ATTEMPTS):
        await relay_all(ports)
        clock.advance(minutes=6)
    first, second = await OutboxRow.all().order_by("id")
    assert (first.attempts, first.last_error) == (MOST_ATTEMPTS, "VendorUnavailable ems timeout")
    assert first.blocked_at is not None
    assert (second.attempts, second.done_at, second.blocked_at) == (0, None, None)
    hearer.error = None
    await relay_all(ports)
    assert hearer.heard == []


async def test_relays_side_by_side_tell_each_local_news_exactly_once(ports, listen):
    hearer = listen("a")
    for number in range(100):
        await tell(ports, number, aggregate_id=f"thing {number % 20}")

    async def work(name):
        relay = Relay(ports, worker_id=name)
        while await OutboxRow.filter(done_at=None).exists():
            await relay.run_once()

    await asyncio.gather(*(work(f"worker {n}") for n in range(4)))
    assert sorted(int(number) for number in await effects()) == list(range(100))
    for thing in range(20):
        heard = [number for name, number in hearer.heard if name == f"thing {thing}"]
        assert heard == sorted(heard)


async def test_a_local_consumer_that_fails_leaves_no_half(ports, listen, clock):
    hearer = listen("a")

    async def write_then_fail(event, ports):
        await Hearer.__call__(hearer, event, ports)
        raise RuntimeError

    outbox._consumers["test.happened"][0] = Consumer("a", Happened, write_then_fail)
    await tell(ports, 1)
    await relay_all(ports)
    assert await effects() == []
    outbox._consumers["test.happened"][0] = Consumer("a", Happened, hearer)
    clock.advance(seconds=1)
    await relay_all(ports)
    assert await effects() == ["1"]


async def test_a_local_news_claimed_by_a_worker_that_lost_its_lease_is_told_once(
    ports, listen, clock
):
    listen("a")
    await tell(ports, 1)
    slow = Relay(ports, worker_id="slow")
    rows = await in_transaction(slow._claim)
    clock.advance(seconds=61)
    await relay_all(ports, "quick")
    clock.advance(seconds=1)
    await slow._hand_over(rows[0])
    assert await effects() == ["1"]


async def test_a_remote_news_is_told_again_when_its_worker_dies_before_it_is_marked(
    ports, listen, clock
):
    hearer = listen("post", is_remote=True)
    await tell(ports, 1)
    dead = Relay(ports, worker_id="dead")
    (row,) = await in_transaction(dead._claim)
    await hearer(Happened.model_validate(row.payload), ports)
    await relay_all(ports, "living")
    assert hearer.heard == [("x", 1)]
    clock.advance(seconds=61)
    await relay_all(ports, "living")
    assert hearer.heard == [("x", 1), ("x", 1)]
    assert (await OutboxRow.get()).done_at == ports.now()


async def test_a_remote_consumer_runs_outside_of_any_transaction(ports, listen):
    hearer = listen("post", is_remote=True)

    async def open_its_own(event, ports):
        await in_transaction(lambda: Hearer.__call__(hearer, event, ports))

    outbox._consumers["test.happened"][0] = Consumer("post", Happened, open_its_own, is_remote=True)
    await tell(ports, 1)
    await relay_all(ports)
    assert await effects() == ["1"]


async def test_each_claim_counts_so_that_news_which_kills_its_worker_ends_blocked(
    ports, listen, clock
):
    listen("deadly", is_remote=True)
    await tell(ports, 1)
    for _ in range(3):
        await in_transaction(Relay(ports, worker_id="dies")._claim)
        clock.advance(seconds=61)
    assert (await OutboxRow.get()).attempts == 3


async def test_news_that_nobody_can_read_any_more_is_blocked_and_stops_no_other(
    ports, listen, clock
):
    hearer = listen("a")
    await tell(ports, 1, aggregate_id="x")
    await tell(ports, 2, aggregate_id="y")
    await OutboxRow.filter(aggregate_id="x").update(payload={"nonsense": True})
    for _ in range(MOST_ATTEMPTS):
        await relay_all(ports)
        clock.advance(minutes=6)
    assert hearer.heard == [("y", 2)]
    row = await OutboxRow.get(aggregate_id="x")
    assert (row.last_error, row.blocked_at is None) == ("ValidationError", False)


async def test_news_for_a_consumer_that_is_gone_is_blocked(ports, listen):
    listen("a")
    await tell(ports, 1)
    outbox._consumers.clear()
    await relay_all(ports)
    row = await OutboxRow.get()
    assert (row.blocked_at, row.last_error) == (ports.now(), "no such consumer")


async def test_news_for_later_waits(ports, listen, clock):
    hearer = listen("a")
    later = ports.now() + timedelta(minutes=1)
    await in_transaction(
        lambda: emit(Happened(aggregate_id="x"), now=ports.now(), available_at=later)
    )
    await relay_all(ports)
    assert hearer.heard == []
    clock.advance(minutes=1)
    await relay_all(ports)
    assert hearer.heard == [("x", 0)]


async def test_later_news_is_not_taken_while_another_worker_claims_the_earlier(
    ports, listen, is_embedded
):
    listen("a")
    await tell(ports, 1, 2)
    claimed, may_go = asyncio.Event(), asyncio.Event()

    async def claim_and_hold():
        rows = await Relay(ports, worker_id="one")._claim()
        claimed.set()
        if not is_embedded:  # it lets in one transaction at a time
            await may_go.wait()
        return [row.payload["number"] for row in rows]

    holding = asyncio.create_task(in_transaction(claim_and_hold))
    await claimed.wait()
    assert await in_transaction(Relay(ports, worker_id="two")._claim) == []
    may_go.set()
    assert await holding == [1]
