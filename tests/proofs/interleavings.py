"""Somebody else between each two steps: whoever is interrupted, exactly one gets the place.

One works through its transaction, statement by statement. Before each of them in turn, the other
does all of his, or waits for a lock that the first one has.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial

from aiomysql import Connection

from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.booking import QUANTUM, STREET
from tests.support.closing import NEAR
from tests.support.replaying import replay_all
from tests.support.small_world import Seen, World, do_at_once, judge, open_small_world
from tests.support.system import start_system

HERE, THERE, LATER = (STREET, 0), (NEAR, 0), (STREET, 3)
HELD_UP_S = 0.1
"""Whoever is not done after that waits for a lock."""

Work = Callable[[World, str], Awaitable]


@dataclass(frozen=True)
class Pair:
    """Two who want what only one can have; `make` prepares what both refer to by its id."""

    name: str
    first: Work
    other: Work
    make: Callable[[World], Awaitable] | None = None
    winners: frozenset[int] = frozenset({1})


@dataclass
class Halt:
    """Stops whoever carries it before its statement number `at`."""

    at: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    _count: int = 0

    async def step(self) -> None:
        self._count += 1
        if self._count > self.at and not self.reached.is_set():
            self.reached.set()
            await self.goes_on.wait()


_halt: ContextVar[Halt | None] = ContextVar("halt", default=None)

PAIRS = (
    Pair("book, book", lambda w, _: w.book(0, 0, HERE), lambda w, _: w.book(1, 1, HERE)),
    Pair("book, hold", lambda w, _: w.book(0, 0, HERE), lambda w, _: w.hold(1, 0, HERE)),
    Pair("hold, book", lambda w, _: w.hold(0, 0, HERE), lambda w, _: w.book(1, 0, HERE)),
    Pair("book here, there", lambda w, _: w.book(0, 0, HERE), lambda w, _: w.book(0, 0, THERE)),
    Pair(
        "move, book",
        lambda w, visit: w.reschedule(visit, THERE),
        lambda w, _: w.book(1, 0, THERE),
        make=lambda w: w.book(0, 0, HERE),
    ),
    Pair(
        "cancel, move",
        lambda w, visit: w.cancel(visit),
        lambda w, visit: w.reschedule(visit, THERE),
        make=lambda w: w.book(0, 0, HERE),
    ),
    Pair(
        "move, cancel",
        lambda w, visit: w.reschedule(visit, LATER),
        lambda w, visit: w.cancel(visit),
        make=lambda w: w.book(0, 0, HERE),
    ),
    Pair(
        "use hold, release",
        lambda w, held: w.use_hold(held),
        lambda w, held: w.release(held),
        make=lambda w: w.hold(0, 0, HERE),
    ),
    Pair(
        "accept, decline",
        lambda w, offer: w.accept(offer),
        lambda w, offer: w.decline(offer),
        make=lambda w: w.offer(0, 0, HERE),
    ),
    Pair(
        "accept, book the item",
        lambda w, offer: w.accept(offer),
        lambda w, _: w.book(0, 0, THERE),
        make=lambda w: w.offer(0, 0, HERE),
        winners=frozenset({1, 2}),
    ),
    Pair(
        "book, close",
        lambda w, _: w.book(0, 0, HERE),
        lambda w, _: w.close(STREET),
        winners=frozenset({1, 2}),
    ),
    Pair(
        "close, book",
        lambda w, _: w.close(STREET),
        lambda w, _: w.book(0, 0, HERE),
        winners=frozenset({1, 2}),
    ),
)


@proof("interleavings", group="appointments")
async def prove_interleavings() -> str:
    """Each pair at each statement of the first."""
    async with contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(start_system())
        world = await open_small_world(system, stack)
        stack.enter_context(_halting())
        told = [f"{pair.name} {await _interleave(world, pair)}" for pair in PAIRS]
    return f"one winner, nothing oversold at every statement: {', '.join(told)}"


async def _interleave(world: World, pair: Pair) -> int:
    """Return at how many statements the other one came between."""
    at = 0
    while await _come_between(world, pair, at):
        at += 1
    assert at > 0, pair.name
    return at


async def _come_between(world: World, pair: Pair, at: int) -> bool:
    await world.begin()
    made = await in_transaction(partial(pair.make, world)) if pair.make else None
    about = world, made.id if made else ""
    before, halt = await world.look(), Halt(at)
    first = asyncio.create_task(_carry(halt, partial(pair.first, *about)))
    reached = asyncio.create_task(halt.reached.wait())
    await asyncio.wait({first, reached}, return_when=asyncio.FIRST_COMPLETED)
    other = asyncio.create_task(_carry(None, partial(pair.other, *about)))
    await asyncio.wait({other}, timeout=HELD_UP_S)
    halt.goes_on.set()
    reached.cancel()
    winners = sum(await asyncio.gather(first, other))
    judge(_full(before), await world.look())
    await replay_all(QUANTUM, limit=1)
    assert winners in pair.winners, f"{pair.name} at {at}: {winners} winners"
    return halt.reached.is_set()


def _full(seen: Seen) -> Seen:
    """As seen, but sold out: what either of the two may have taken before the other one closed."""
    return replace(seen, slots={key: (room, room) for key, (room, _) in seen.slots.items()})


async def _carry(halt: Halt | None, work: Callable[[], Awaitable]) -> bool:
    _halt.set(halt)
    [done] = await do_at_once([partial(in_transaction, work)])
    return done


@contextlib.contextmanager
def _halting() -> Iterator[None]:
    """Let every statement of this process ask whether it is to wait."""
    query = Connection.query

    async def wait_and_query(self, *statement):
        halt = _halt.get()
        if halt is not None:
            await halt.step()
        return await query(self, *statement)

    Connection.query = wait_and_query
    try:
        yield
    finally:
        Connection.query = query
