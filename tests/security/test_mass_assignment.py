"""No column of any table can be set by naming it in a request that does not offer it."""

from itertools import islice

import httpx
import pytest
from pydantic import BaseModel, ValidationError
from tortoise import Tortoise, connections

from server.kit.http.schemas import Incoming
from server.wiring import SURFACES
from tests.security.matrix import rows
from tests.security.requests import ABSENT, ask, body_of

MARK = "mass4ssigned"
AT_ONCE = 20
"""As many unknown fields as a refusal names."""
ROUTES = {(route.method, route.path): route for surface in SURFACES for route in surface.routes}
WITH_BODY = [key for key, route in ROUTES.items() if route.body is not None]
WITHOUT_BODY = [
    (method, path)
    for (method, path), route in ROUTES.items()
    if method != "GET" and route.body is None and not path.startswith("/callbacks")
]


def columns():
    models = Tortoise.apps["models"].values()
    return sorted({name for model in models for name in model._meta.fields_map})


def shapes_of(shape, seen=None):
    """A body's own shape and all that it holds."""
    seen = set() if seen is None else seen
    if shape in seen:
        return seen
    seen.add(shape)
    for field in shape.model_fields.values():
        for part in _parts(field.annotation):
            shapes_of(part, seen)
    return seen


def _parts(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [part for argument in arguments for part in _parts(argument)]


def test_every_part_of_every_body_forbids_what_it_does_not_know():
    parts = {part for key in WITH_BODY for part in shapes_of(ROUTES[key].body)}
    assert len(parts) > 20
    for part in parts:
        assert issubclass(part, Incoming), part
        assert (part.model_config["extra"], part.model_config["strict"]) == ("forbid", True), part


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("key", WITH_BODY, ids=" ".join)
def test_no_column_is_a_field_that_is_not_offered(key):
    shape = ROUTES[key].body
    known = {field.alias or name for name, field in shape.model_fields.items()}
    body = body_of(" ".join(key))
    shape.model_validate_json(httpx.Request("POST", "http://x", json=body).content)
    for column in set(columns()) - known:
        with pytest.raises(ValidationError) as caught:
            shape.model_validate({**body, column: MARK})
        assert (column,) in {
            one["loc"] for one in caught.value.errors() if one["type"] == "extra_forbidden"
        }, column


async def test_columns_sent_to_a_route_that_takes_a_body_are_refused(http, world):
    before = await _dump(but={"sessions"})
    for method, path, thing, who in _askers(WITH_BODY):
        shape = ROUTES[method, path].body
        names = set(columns()) - {field.alias or name for name, field in shape.model_fields.items()}
        headers = await world.headers(who)
        for some in _in_chunks(sorted(names)):
            answer = await _ask(
                http, world, (method, path, thing), headers, dict.fromkeys(some, MARK)
            )
            told = [(one["field"], one["problem"]) for one in answer.json()["data"]["fields"]]
            assert answer.status_code == 422, (method, path, answer.text)
            assert told == [(name, "extra_forbidden") for name in some], (method, path)
    assert await _dump(but={"sessions"}) == before


@pytest.mark.usefixtures("catalogue")
async def test_columns_sent_to_a_route_without_a_body_are_not_taken(http, world):
    for method, path, thing, who in _askers(WITHOUT_BODY):
        if "materials" in path:
            continue
        extra = dict.fromkeys(columns(), MARK)
        headers = await world.headers(who)
        await _ask(http, world, (method, path, thing), headers, extra)
    assert MARK not in str(await _dump())


def _askers(keys):
    """Each route once, by somebody who reaches it, at least to be told that nothing is there."""
    told = set()
    for method, path, thing, expected in rows():
        if (method, path) in keys and (method, path) not in told:
            told.add((method, path))
            yield (
                method,
                path,
                thing,
                next(who for mark in ".0" for who, how in expected.items() if how == mark),
            )
    assert told == set(keys)


async def _ask(http, world, line, headers, extra):
    method, path, thing = line
    known_as = world.ids.get(thing.lstrip("@"), ABSENT)
    return await ask(http, method, path, (thing, known_as), headers, extra=extra)


def _in_chunks(names):
    remaining = iter(names)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


async def _dump(*, but=frozenset()):
    connection = connections.get("default")
    tables = {model._meta.db_table for model in Tortoise.apps["models"].values()} - set(but)
    return {
        table: (await connection.execute_query(f"SELECT * FROM {table}"))[1]
        for table in sorted(tables)
    }
