"""Moving a row from one state to the next: decided by the table, won by one writer."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from tortoise import Model
from tortoise.expressions import F

from models.bookkeeping import Transition
from models.moves import allows_move
from server.kit.access import Actor
from server.kit.bulk import Statement, insert
from server.kit.errors import ChangedMeanwhile, WrongState

_MADE = ("aggregate", "aggregate_id", "from_state", "to_state", "actor", "moved_at")


class Stateful(Protocol):
    """A row with an id, a state and a version."""

    id: Any
    state: Any
    version: int


async def advance(
    row: Stateful,
    target: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    **changes: object,
) -> None:
    """Move `row` to `target`, setting the columns in `changes` with it, and record the move.

    Raises `WrongState` if the table forbids the move, `ChangedMeanwhile` if the row is no longer
    as it was read. Call it inside a transaction.
    """
    origin = row.state
    if not allows_move(origin, target):
        raise WrongState(state=str(origin), wanted=str(target))
    await _claim(row, origin, state=target, **changes)
    for column, value in {"state": target, **changes}.items():
        setattr(row, column, value)
    await record_move(row, from_state=origin, to_state=target, actor=actor, now=now, reason=reason)


async def touch(row: Stateful, **changes: object) -> None:
    """Win `row` as it was read without moving it: nobody else moves it until the transaction ends.

    Sets the columns in `changes`. Raises `ChangedMeanwhile`. For work that rests on the state that
    it leaves as it is.
    """
    await _claim(row, row.state, **changes)
    for column, value in changes.items():
        setattr(row, column, value)


async def _claim(row: Stateful, origin: StrEnum, **columns: object) -> None:
    model = type(row)
    assert issubclass(model, Model)  # noqa: S101 - narrows the protocol for the type checker
    changed = await model.filter(id=row.id, state=origin, version=row.version).update(
        version=row.version + 1, **columns
    )
    if changed != 1:
        raise ChangedMeanwhile
    row.version += 1


async def record_move(
    row: Stateful,
    *,
    from_state: StrEnum | None,
    to_state: StrEnum,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Write the row of the move; `from_state` is None for a thing that was just made."""
    await Transition.create(
        aggregate=type(row).__name__,
        aggregate_id=row.id,
        from_state=from_state or "",
        to_state=to_state,
        actor=actor.name,
        reason=reason,
        moved_at=now,
    )


async def advance_all(
    rows: Sequence[Stateful], target: StrEnum, *, actor: Actor, now: datetime, **changes: object
) -> None:
    """Move rows of one kind that are all in the same state, as `advance` does, in two statements.

    Raises `ChangedMeanwhile` if any is no longer in that state; call it with the rows kept from
    changing otherwise.
    """
    if not rows:
        return
    origin, model = rows[0].state, type(rows[0])
    assert issubclass(model, Model)  # noqa: S101 - narrows the protocol for the type checker
    if not allows_move(origin, target):
        raise WrongState(state=str(origin), wanted=str(target))
    same = model.filter(id__in=[row.id for row in rows], state=origin)
    if await same.update(state=target, version=F("version") + 1, **changes) != len(rows):
        raise ChangedMeanwhile
    moves = [
        Transition(
            aggregate=model.__name__,
            aggregate_id=row.id,
            from_state=origin,
            to_state=target,
            actor=actor.name,
            moved_at=now,
        )
        for row in rows
    ]
    await Transition.bulk_create(moves)


class Made(NamedTuple):
    """A thing that was just made: its id, its first state, by whom and when."""

    id: str
    state: StrEnum
    actor: Actor
    at: datetime


def record_made(aggregate: type[Model], made: Iterable[Made]) -> Statement:
    """Write the first move of many things of one kind, in the order given."""
    rows = [
        (aggregate.__name__, one.id, "", one.state.value, one.actor.name, one.at) for one in made
    ]
    return insert(Transition, _MADE, rows)


async def moves_of(aggregate: type[Model], aggregate_id: str) -> list[Transition]:
    """Return every move of one thing, first to last."""
    return await Transition.filter(
        aggregate=aggregate.__name__, aggregate_id=aggregate_id
    ).order_by("id")
