"""Work that is cheaper together: whatever came in while the last batch was under way is the next.

There is no timer: one who comes alone is served at once, many at once are served together.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

import structlog

from server.kit.errors import Busy, Refusal
from server.kit.transaction import run_apart

Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")
MOST = 128
TURNS = 3
"""Of the event loop, which a request needs from its socket to a batch."""

log = structlog.get_logger(__name__)


class NaturalBatch(Generic[Entry, Outcome]):
    """Settles entries in batches of at most `most`, taken in order of arrival.

    At most `at_once` batches are under way: while the database commits one, the next is made.

    `settle` returns an outcome or a `Refusal` for each entry, in order. Whatever it raises is the
    answer to its whole batch: a refusal as it is, anything else as `Busy`.
    """

    def __init__(
        self,
        settle: Callable[[Sequence[Entry]], Awaitable[Sequence[Outcome | Refusal]]],
        *,
        most: int = MOST,
        at_once: int = 1,
    ) -> None:
        self._settle = settle
        self._most = most
        self._is_letting_in = False
        self._waiting: deque[tuple[Entry, asyncio.Future[Outcome]]] = deque()
        self._at_once = at_once
        self._flushing: set[asyncio.Task[None] | None] = set()

    async def submit(self, entry: Entry) -> Outcome:
        """Return the outcome of `entry`, or raise its refusal.

        Whoever stops waiting before the batch is taken is left out of it; after that the batch
        goes on without anybody to tell.
        """
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, answer))
        if len(self._flushing) < self._at_once and not self._is_letting_in:
            flushing = run_apart(self._flush())
            self._flushing.add(flushing)
            flushing.add_done_callback(self._flushing.discard)
        return await answer

    async def _flush(self) -> None:
        try:
            while self._waiting and not self._is_letting_in:
                await self._let_in()
                await self._settle_all(self._take())
        except BaseException:
            _tell_all((answer for _, answer in self._waiting), Busy())
            self._waiting.clear()
            raise
        finally:
            # At once, not when the task is found done: whoever comes in between waits for nobody.
            self._flushing.discard(asyncio.current_task())

    async def _let_in(self) -> None:
        """Give way to whoever stands at the door already, as long as somebody comes in."""
        self._is_letting_in = True
        try:
            came = 0
            while came < len(self._waiting) < self._most:
                came = len(self._waiting)
                for _ in range(TURNS):
                    await asyncio.sleep(0)
        finally:
            self._is_letting_in = False

    def _take(self) -> list[tuple[Entry, asyncio.Future[Outcome]]]:
        taken: list[tuple[Entry, asyncio.Future[Outcome]]] = []
        while self._waiting and len(taken) < self._most:
            entry, answer = self._waiting.popleft()
            if not answer.done():
                taken.append((entry, answer))
        return taken

    async def _settle_all(self, taken: list[tuple[Entry, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._settle([entry for entry, _ in taken])
            for (_, answer), outcome in zip(taken, outcomes, strict=True):
                _tell(answer, outcome)
        except Exception as error:  # noqa: BLE001 - nobody in the batch may wait for ever
            _tell_all((answer for _, answer in taken), _as_refusal(error))
        finally:
            _tell_all((answer for _, answer in taken), Busy())


def _as_refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    log.error("batch_failed", kind=type(error).__name__, exc_info=error)
    return Busy()


def _tell_all(answers: Iterable[asyncio.Future[Outcome]], refusal: Refusal) -> None:
    for answer in answers:
        _tell(answer, refusal)


def _tell(answer: asyncio.Future[Outcome], outcome: Outcome | Refusal) -> None:
    if answer.done():
        return
    if isinstance(outcome, Refusal):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
