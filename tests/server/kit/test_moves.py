"""Every state × every event of every machine, on a row of its own table."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from tortoise import Tortoise, fields

from models.bookkeeping import Transition
from models.moves import MOVES, allows_move
from models.states import CaseState
from server.kit.access import ENGINE, Actor, Role
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.states import advance, moves_of
from server.kit.transaction import in_transaction

CLERK = Actor(Role.CLERK, id="c" * 32, point_code="350102-C")
DAYS = count()
"""Some tables hold a day once."""
ORIGINS = [(machine, origin) for machine in MOVES for origin in machine]


def models():
    return Tortoise.apps["models"].values()


def table_of(machine):
    """The one table whose rows go through `machine`."""
    found = [
        model
        for model in models()
        if getattr(model._meta.fields_map.get("state"), "enum_type", None) is machine
    ]
    assert len(found) == 1
    return found[0]


async def make_row(model, now, **given):
    """A row with its required columns, each filled with something that fits."""
    meta = model._meta
    columns = {
        name: value_for(meta.fields_map[name], now)
        for name in meta.fields_db_projection
        if meta.fields_map[name].required and meta.fields_map[name].reference is None
    }
    for name in meta.fk_fields:
        other = meta.fields_map[name].related_model
        columns[name] = await make_row(other, now, state=CaseState.ACCEPTED)
    return await model.create(**columns | given)


def value_for(column, now):
    if hasattr(column, "enum_type"):
        return next(iter(column.enum_type))
    match column:
        case fields.JSONField():
            return []
        case fields.IntField() | fields.BigIntField():
            return 1
        case fields.DatetimeField():
            return now
        case fields.DateField():
            return now.date() + timedelta(days=next(DAYS))
    return uuid4().hex[: getattr(column, "max_length", None) or 32]


@pytest.mark.parametrize(
    ("machine", "origin"), ORIGINS, ids=lambda value: getattr(value, "__name__", value)
)
async def test_allowed_moves_move_and_all_others_write_nothing(ports, machine, origin):
    model = table_of(machine)
    for target in machine:
        row = await make_row(model, ports.now(), state=origin)
        if allows_move(origin, target):
            await move(row, target, ports)
            await assert_moved(model, row, origin, target, ports)
        else:
            with pytest.raises(WrongState) as refused:
                await move(row, target, ports)
            assert refused.value.data == {"state": origin.value, "wanted": target.value}
            await assert_untouched(model, row, origin)


async def move(row, target, ports):
    await in_transaction(
        lambda: advance(row, target, actor=CLERK, now=ports.now(), reason="for a reason")
    )


async def assert_moved(model, row, origin, target, ports):
    kept = await model.get(pk=row.pk)
    assert (kept.state, kept.version) == (target, 2) == (row.state, row.version)
    (written,) = await Transition.filter(aggregate_id=row.pk).values()
    written.pop("id")
    assert written == {
        "aggregate": model.__name__,
        "aggregate_id": row.pk,
        "from_state": origin.value,
        "to_state": target.value,
        "actor": CLERK.name,
        "reason": "for a reason",
        "moved_at": ports.now(),
    }


async def assert_untouched(model, row, origin):
    kept = await model.get(pk=row.pk)
    assert (kept.state, kept.version) == (origin, 1)
    assert await Transition.filter(aggregate_id=row.pk).count() == 0


async def test_who_read_the_row_before_another_moved_it_loses(ports):
    model = table_of(CaseState)
    first = await make_row(model, ports.now(), state=CaseState.RECEIVED)
    second = await model.get(id=first.id)
    await move(first, CaseState.ACCEPTED, ports)
    with pytest.raises(ChangedMeanwhile):
        await move(second, CaseState.NOT_ACCEPTED, ports)
    assert (await model.get(id=first.id)).state is CaseState.ACCEPTED
    assert [step.to_state for step in await moves_of(model, first.id)] == ["accepted"]


async def test_columns_are_set_with_the_move_in_row_and_object(ports):
    model = table_of(CaseState)
    row = await make_row(model, ports.now(), state=CaseState.RECEIVED)
    await in_transaction(
        lambda: advance(
            row, CaseState.ACCEPTED, actor=ENGINE, now=ports.now(), accepted_at=ports.now()
        )
    )
    assert row.accepted_at == ports.now() == (await model.get(id=row.id)).accepted_at


async def test_the_engine_and_nobody_have_names(ports):
    assert (ENGINE.name, Actor(Role.NOBODY).name) == ("nobody:engine", "nobody")
    assert ports.now().utcoffset().total_seconds() == 0
