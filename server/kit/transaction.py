"""One unit of work against the database: bounded in time, whole or not at all.

The work runs in a task of its own, so that a client who hangs up does not cut it in the middle: it
commits or rolls back by itself. Deadlocks and lock waits are tried again from the start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction as tortoise_transaction

from server.kit.errors import Busy

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]

LOCK_WAIT_TIMEOUT, DEADLOCK = 1205, 1213
CONTENTION = frozenset({LOCK_WAIT_TIMEOUT, DEADLOCK})
"""The only errors after which the same work is tried again."""

DISCONNECTED = frozenset({1040, 1053, 1927, 2002, 2003, 2006, 2013, 2014, 2055})
"""Too many connections, server shutting down, connection killed, lost or refused."""

TIMEOUT_S = 10.0

_inside: ContextVar[bool] = ContextVar("inside_a_transaction", default=False)
_running: set[asyncio.Task[object]] = set()


def error_number(error: BaseException) -> int | None:
    """Return the server's own number of a database error, if it has one."""
    cause = error.args[0] if error.args else None
    number = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    return number if isinstance(number, int) else None


async def in_transaction(work: Work[T], *, timeout_s: float = TIMEOUT_S) -> T:
    """Run `work` in one transaction and return what it returns.

    Raises what `work` raises, after rolling back; `Busy` if the database is away or too slow.
    Transactions do not nest: a service function that needs one is given it by its caller.
    """
    if _inside.get():
        raise RuntimeError("a transaction is open already: call the function inside it instead")
    task: asyncio.Task[T] = asyncio.create_task(_bounded(work, timeout_s))
    _running.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def run_apart(work: Coroutine[None, None, T]) -> asyncio.Task[T]:
    """Start work that belongs to no request: it knows nothing of who began it and ends by itself.

    `finish_running` waits for it.
    """
    task = asyncio.create_task(work, context=Context())
    _running.add(task)
    task.add_done_callback(_forget)
    return task


async def finish_running() -> None:
    """Wait until no transaction of this process is under way, and nothing that runs apart."""
    while _running:
        await asyncio.wait(set(_running))


def _forget(task: asyncio.Task[T]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()


async def _bounded(work: Work[T], timeout_s: float) -> T:
    _inside.set(True)
    return await guard_database(lambda: until_uncontended(lambda: _once(work)), timeout_s=timeout_s)


async def guard_database(work: Work[T], *, timeout_s: float = TIMEOUT_S) -> T:
    """Run `work`; raise `Busy` where the database is away or does not answer in time."""
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            return await work()
    except Exception as error:
        # The driver hides a cancelled statement behind an error of its own.
        if limit.expired() or _is_unreachable(error):
            raise Busy from error
        raise


def _is_unreachable(error: Exception) -> bool:
    if isinstance(error, OperationalError):
        return error_number(error) in DISCONNECTED | CONTENTION
    return isinstance(error, (TimeoutError, DBConnectionError, ConnectionError))


async def until_uncontended(work: Work[T]) -> T:
    """Run `work`, anew after a deadlock or a lock wait, five times at most."""
    try:
        return await work()
    except OperationalError as error:
        if not _is_contention(error):
            raise
    retrying = AsyncRetrying(
        retry=retry_if_exception(_is_contention),
        stop=stop_after_attempt(4),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        reraise=True,
    )
    return await retrying(_run, work)


async def _run(work: Work[T]) -> T:
    return await work()


def _is_contention(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and error_number(error) in CONTENTION


async def _once(work: Work[T]) -> T:
    async with _Transaction():
        return await work()


class _Transaction:
    """The ORM's, which would never give back a connection whose BEGIN was cut off."""

    def __init__(self) -> None:
        self._inner = tortoise_transaction()

    async def __aenter__(self) -> None:
        try:
            await self._inner.__aenter__()
        except BaseException as error:
            if hasattr(self._inner, "token"):
                with suppress(Exception):
                    await self.__aexit__(type(error), error, None)
            raise

    async def __aexit__(self, *failure: object) -> None:
        await self._inner.__aexit__(*failure)
