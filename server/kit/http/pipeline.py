"""The one way through which every request goes: who, what, once, whole, answered."""

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from sanic import HTTPResponse, Request

from server.kit.access import NOBODY, NOWHERE, Actor, Authenticator
from server.kit.challenges import SOLUTION_HEADER
from server.kit.errors import (
    Forbidden,
    KeyRequired,
    Malformed,
    NotFound,
    Unauthenticated,
)
from server.kit.http import problems
from server.kit.http.answers import (
    JSON,
    respond_content,
    respond_empty,
    respond_json,
    respond_rendered,
)
from server.kit.http.call import Call, Content, EventStream, Redirect, Rendered, Upload
from server.kit.http.limits import Limited, Limits, origin_of
from server.kit.http.routes import Route
from server.kit.http.streams import OpenStreams
from server.kit.idempotency import KeyedRequest, StoredAnswer, claim, keep
from server.kit.ports import Ports
from server.kit.transaction import guard_database, in_transaction

KEY_HEADER = "idempotency-key"
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
PATH_PART = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""As long as the longest id."""


class Pipeline:
    """Runs a route's handler for a request, with everything that is the same for all routes."""

    def __init__(
        self, ports: Ports, *, authenticate: Authenticator, limits: Limits, streams: OpenStreams
    ) -> None:
        self._ports = ports
        self._authenticate = authenticate
        self._limits = limits
        self._streams = streams

    def serve(self, route: Route) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
        """Return the function that the framework calls for `route`.

        What it returns is still to be sent; of a stream, all was.
        """

        async def answer(request: Request, **path: str) -> HTTPResponse | None:
            try:
                return await self._answer(route, request, path)
            except Exception as error:  # noqa: BLE001 - the outermost place: everything becomes a problem document
                refusal = problems.from_exception(error)
                await self._hear_out(route, request)
                return problems.render(refusal, request_id=request.ctx.request_id)

        answer.__name__ = route.name
        return answer

    async def _answer(
        self, route: Route, request: Request, path: Mapping[str, str]
    ) -> HTTPResponse | None:
        now = self._ports.now()
        actor = await self._admit(route, request, now)
        call = _read(route, request, path, actor=actor, ports=self._ports, now=now)
        keyed = _keyed(route, request, actor)
        if route.limited is Limited.BOOKING and self._ports.rush.note_try():
            await self._require_work(request, actor)
        answer = await _run(route, call, keyed)
        if isinstance(answer, HTTPResponse):
            return answer
        await self._streams.send(answer, request)
        return None

    async def _require_work(self, request: Request, actor: Actor) -> None:
        await self._ports.challenges.require(
            request.headers.get(SOLUTION_HEADER, ""),
            account_id=actor.id,
            request_key=request.headers.get(KEY_HEADER, ""),
        )

    async def _hear_out(self, route: Route, request: Request) -> None:
        if route.takes_upload:
            await _upload(request).drain(limit_bytes=self._ports.settings.upload_limit_bytes)

    async def _admit(self, route: Route, request: Request, now: datetime) -> Actor:
        token = _bearer(request)
        actor = await self._authenticate(token) if token else None
        request.ctx.actor = actor
        if actor is None and not route.allows.is_open:
            raise Unauthenticated
        if not route.allows.admits(actor or NOBODY):
            raise Forbidden
        if route.limited is not None:
            self._limits.require(route.limited, actor or NOBODY, request, now=now)
        return actor or NOBODY


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _read(
    route: Route,
    request: Request,
    path: Mapping[str, str],
    *,
    actor: Actor,
    ports: Ports,
    now: datetime,
) -> Call[Any, Any]:
    if not all(PATH_PART.fullmatch(part) for part in path.values()):
        raise NotFound
    query = _single_values(request)
    return Call(
        actor=actor,
        body=_parse_body(route, request),
        query=_parse_query(route, query),
        path=path,
        ports=ports,
        now=now,
        request_id=request.ctx.request_id,
        headers=request.headers,
        raw=b"" if route.takes_upload else request.body,
        raw_query=query,
        upload=_upload(request) if route.takes_upload else None,
        origin=origin_of(request) if route.limited is Limited.LOGIN else NOWHERE,
    )


def _single_values(request: Request) -> dict[str, str]:
    if not request.query_string:
        return {}
    values: dict[str, str] = {}
    for name, given in request.get_args(keep_blank_values=True).items():
        if len(given) > 1:
            raise Malformed
        values[name] = given[0]
    return values


def _parse_body(route: Route, request: Request) -> BaseModel | None:
    if route.body is None:
        return None
    media_type = request.headers.get("content-type", JSON)
    if media_type != JSON and media_type.partition(";")[0].strip().lower() != JSON:
        raise Malformed
    try:
        return route.body.model_validate_json(request.body or b"{}")
    except ValidationError as error:
        raise problems.from_validation(error) from None


def _parse_query(route: Route, values: dict[str, str]) -> BaseModel | None:
    if route.query is None:
        return None
    try:
        return route.query.model_validate_strings(values)
    except ValidationError as error:
        raise problems.from_validation(error) from None


def _upload(request: Request) -> Upload:
    return Upload(
        content_type=request.headers.get("content-type", ""),
        chunks=aiter(request.stream),  # type: ignore[arg-type]
    )


def _keyed(route: Route, request: Request, actor: Actor) -> KeyedRequest | None:
    if not route.is_keyed:
        return None
    key = request.headers.get(KEY_HEADER, "")
    if not KEY.fullmatch(key):
        raise KeyRequired
    asked = f"{request.path}?{request.query_string}"
    return KeyedRequest.of(
        actor.name, key=key, method=request.method, path=asked, body=request.body
    )


async def _run(
    route: Route, call: Call[Any, Any], keyed: KeyedRequest | None
) -> HTTPResponse | EventStream:
    if keyed is not None:
        done = await route.batch(call, keyed) if route.batch else None
        if done is not None:
            return respond_json(done.body, done.status, request_id=call.request_id)
        return await in_transaction(lambda: _run_keyed(route, call, keyed))
    if route.is_transactional:
        return _respond(route, await in_transaction(lambda: route.handler(call)), call)
    if route.takes_upload or route.method != "GET":
        return _respond(route, await route.handler(call), call)
    answer = await guard_database(lambda: route.handler(call))
    return answer if isinstance(answer, EventStream) else _respond(route, answer, call)


async def _run_keyed(route: Route, call: Call[Any, Any], keyed: KeyedRequest) -> HTTPResponse:
    stored = await claim(keyed, now=call.now)
    if stored is not None:
        return respond_json(stored.body, stored.status, request_id=call.request_id)
    answer = _respond(route, await route.handler(call), call)
    body = answer.body.decode() if answer.body else ""
    await keep(keyed, StoredAnswer(status=answer.status, body=body))
    return answer


def _respond(route: Route, answer: Any, call: Call[Any, Any]) -> HTTPResponse:
    request_id = call.request_id
    match answer:
        case None:
            return respond_empty(request_id=request_id)
        case BaseModel():
            return respond_json(answer.model_dump_json(), route.status, request_id=request_id)
        case Rendered():
            known_tags = call.headers.get("if-none-match", "")
            return respond_rendered(answer, known_tags=known_tags, request_id=request_id)
        case Content():
            return respond_content(answer, request_id=request_id)
        case Redirect():
            return HTTPResponse(status=302, headers={"Location": answer.location})
    raise TypeError(f"{route.name} answers neither a schema nor content")
