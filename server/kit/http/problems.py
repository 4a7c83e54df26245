"""Refusals as `application/problem+json` (RFC 9457)."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from http import HTTPStatus

import orjson
import structlog
from pydantic import ValidationError
from sanic import HTTPResponse, Request
from sanic import exceptions as sanic_errors
from sanic.constants import HTTP_METHODS

from server.kit.errors import (
    Busy,
    InvalidShape,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Refusal,
    TooLarge,
    Unexpected,
)
from server.kit.http.answers import Answer
from server.kit.messages import text

PROBLEM_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)

_SANIC: dict[type[BaseException], Callable[[], Refusal]] = {
    sanic_errors.NotFound: NotFound,
    sanic_errors.MethodNotAllowed: MethodNotAllowed,
    sanic_errors.PayloadTooLarge: TooLarge,
    sanic_errors.ServiceUnavailable: Busy,
    sanic_errors.RequestCancelled: Busy,
}


def render(refusal: Refusal, *, request_id: str) -> HTTPResponse:
    """Return the problem document of `refusal`."""
    code, status = refusal.code, refusal.status
    headers = {"x-request-id": request_id, "content-type": PROBLEM_TYPE}
    if not refusal.data and refusal.retry_after_s is None:
        return Answer(_head_of(code, status) + orjson.dumps(request_id) + b"}", status, headers)
    problem = {**_describe(code, status, refusal.detail), "request_id": request_id}
    if refusal.data:
        problem["data"] = refusal.data
    if refusal.retry_after_s is not None:
        problem["retry_after_s"] = refusal.retry_after_s
        headers["retry-after"] = str(refusal.retry_after_s)
    return Answer(orjson.dumps(problem, default=str), status, headers)


def _describe(code: str, status: int, detail: str) -> dict[str, object]:
    kind = f"urn:tongban:problem:{code}"
    return {"type": kind, "title": detail, "status": status, "detail": detail, "code": code}


@cache
def _head_of(code: str, status: int) -> bytes:
    """What every refusal of a code says that knows nothing more, up to the request's id."""
    return orjson.dumps(_describe(code, status, text(code)))[:-1] + b',"request_id":'


def from_validation(error: ValidationError) -> Refusal:
    """Turn what pydantic found into `Malformed` (not JSON) or `InvalidShape` (each field named)."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in errors):
        return Malformed()
    fields = [
        {"field": ".".join(str(part) for part in one["loc"]), "problem": one["type"]}
        for one in errors[:20]
    ]
    return InvalidShape(fields=fields)


def from_exception(error: Exception) -> Refusal:
    """Return the refusal that `error` amounts to; what nobody foresaw is logged: `Unexpected`."""
    if isinstance(error, Refusal):
        return error
    for kind, make in _SANIC.items():
        if isinstance(error, kind):
            return make()
    if isinstance(error, sanic_errors.SanicException) and _is_the_clients(error):
        return Malformed()
    log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
    return Unexpected()


def _is_the_clients(error: sanic_errors.SanicException) -> bool:
    return error.status_code is not None and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


def handle(request: Request, error: Exception) -> HTTPResponse:
    """Answer an error that the framework met outside of a route's pipeline."""
    refusal = from_exception(error)
    answer = render(refusal, request_id=request.ctx.request_id)
    if isinstance(error, sanic_errors.MethodNotAllowed):
        answer.headers["allow"] = ", ".join(_allowed_methods(request))
    return answer


def _allowed_methods(request: Request) -> Iterator[str]:
    # The error itself names none where several routes share a path.
    for method in HTTP_METHODS:
        with suppress(sanic_errors.MethodNotAllowed):
            request.app.router.get(request.path, method, request.headers.getone("host", None))
            yield method
