"""The OpenAPI 3.1 document, made from the route declarations."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from server.kit.challenges import SOLUTION_HEADER
from server.kit.errors import (
    Busy,
    ChallengeNotSolved,
    ChallengeRequired,
    Forbidden,
    InProgress,
    InvalidShape,
    KeyRequired,
    KeyReused,
    Malformed,
    NotFound,
    Refusal,
    TooLarge,
    TooMany,
    Unauthenticated,
)
from server.kit.http.call import EVENT_STREAM, Content, Redirect
from server.kit.http.limits import Limited
from server.kit.http.problems import PROBLEM_TYPE
from server.kit.http.routes import Route
from server.kit.messages import text

REFERENCE = "#/components/schemas/{model}"
_PATH_PART = re.compile(r"<(\w+)>")

DESCRIPTION = (
    "Whoever creates or moves something sends an `Idempotency-Key` of 8 to 64 letters and digits: "
    "the same key takes effect once and gets the first answer. Refusals are "
    "`application/problem+json`: `detail` is for people, `code` for programs. "
    "Lists go on with `?cursor=` of `next_cursor`."
)
AUDIENCES = {
    "public": "公开: catalogue, points, times, hall display; no login",
    "citizen": "群众: logged in by WeChat",
    "desk": "窗口: clerks and managers of a point, handlers of a department",
    "courier": "快递员",
    "district": "督查: over all points",
    "admin": "管理: catalogue, calendar, opening hours",
    "callbacks": "WeChat and the post call here",
}

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "给用户看的说明"},
        "code": {"type": "string", "description": "给程序用的代码"},
        "request_id": {"type": "string"},
        "data": {"type": "object"},
        "retry_after_s": {"type": "integer"},
    },
}


def describe(routes: Iterable[Route], *, prefix: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI document of `routes`, which are served below `prefix`."""
    known = list(routes)
    schemas = _schemas(known)
    paths: dict[str, dict[str, Any]] = {}
    for route in known:
        path = _PATH_PART.sub(r"{\1}", prefix + route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    definitions = {"Problem": PROBLEM_SCHEMA, **schemas["definitions"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tongban 通办", "version": version, "description": DESCRIPTION},
        "tags": [{"name": name, "description": words} for name, words in AUDIENCES.items()],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: list[Route]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Any]] = []
    for route in routes:
        if route.body is not None:
            wanted.append((route.body, "validation"))
        if _is_schema(route.answer):
            wanted.append((route.answer, "serialization"))
    references, document = models_json_schema(list(dict.fromkeys(wanted)), ref_template=REFERENCE)
    return {"references": references, "definitions": document.get("$defs", {})}


def _is_schema(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseModel)


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = (route.handler.__doc__ or route.name).strip().partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.audience],
        "summary": summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {**_answers(route, schemas), **_problems(route)},
    }
    if description.strip():
        operation["description"] = description.strip()
    if not route.allows.is_open:
        operation["security"] = [{"bearer": []}]
        operation["x-roles"] = sorted(route.allows.roles)
    if route.body is not None:
        reference = schemas["references"][(route.body, "validation")]
        operation["requestBody"] = {
            "required": route.body.model_json_schema().get("required") is not None,
            "content": {"application/json": {"schema": reference}},
        }
    if route.takes_upload:
        operation["requestBody"] = _upload_body()
    return operation


def _upload_body() -> dict[str, Any]:
    binary = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {"file": binary}, "required": ["file"]}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form},
            "application/octet-stream": {"schema": binary},
        },
    }


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in _PATH_PART.findall(route.path):
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterator[dict[str, Any]]:
    if route.query is None:
        return
    document = route.query.model_json_schema(ref_template=REFERENCE)
    required = document.get("required", [])
    for name, schema in document.get("properties", {}).items():
        resolved = _inline(schema, document.get("$defs", {}))
        yield {"name": name, "in": "query", "required": name in required, "schema": resolved}


def _inline(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return definitions[reference.rpartition("/")[2]] if reference else schema


def _headers(route: Route) -> Iterator[dict[str, Any]]:
    if route.is_keyed:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}
        yield {"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema}
    if route.limited is Limited.BOOKING:
        schema = {"type": "string"}
        yield {"name": SOLUTION_HEADER, "in": "header", "required": False, "schema": schema}
    if route.has_tag:
        schema = {"type": "string"}
        yield {"name": "If-None-Match", "in": "header", "required": False, "schema": schema}


def _answers(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.answer is None:
        return {"204": {"description": "done"}}
    if route.answer is Redirect:
        return {"302": {"description": "look elsewhere"}}
    if route.answer is Content or not _is_schema(route.answer):
        schema: dict[str, Any] = {"type": "string"}
    else:
        schema = schemas["references"][(route.answer, "serialization")]
    content = {route.media_type: {"schema": schema}}
    if route.streams:
        content[EVENT_STREAM] = {"schema": {"type": "string"}}
    answers: dict[str, Any] = {str(route.status): {"description": "done", "content": content}}
    if route.has_tag:
        answers["304"] = {"description": "as you have it"}
    return answers


def _problems(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys([*_common_refusals(route), *route.refuses]):
        by_status.setdefault(refusal.status, []).append(refusal)
    return {str(status): _problem(kinds) for status, kinds in sorted(by_status.items())}


def _problem(kinds: list[type[Refusal]]) -> dict[str, Any]:
    lines = [f"`{kind.code}` {_plain(kind.code)}" for kind in kinds]
    codes = {"properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    schema = {"allOf": [{"$ref": REFERENCE.format(model="Problem")}, codes]}
    return {"description": "\n\n".join(lines), "content": {PROBLEM_TYPE: {"schema": schema}}}


def _plain(code: str) -> str:
    try:
        return text(code)
    except (KeyError, IndexError):
        return HTTPStatus(400).phrase


def _common_refusals(route: Route) -> Iterator[type[Refusal]]:
    yield Malformed
    yield Busy
    if not route.allows.is_open:
        yield from (Unauthenticated, Forbidden)
    if route.limited is not None:
        yield TooMany
    if route.limited is Limited.BOOKING:
        yield from (ChallengeRequired, ChallengeNotSolved)
    if "<" in route.path:
        yield NotFound
    if route.body is not None or route.query is not None:
        yield InvalidShape
    if route.body is not None or route.takes_upload:
        yield TooLarge
    if route.is_keyed:
        yield from (KeyRequired, KeyReused, InProgress)
    if route.streams:
        yield TooMany
