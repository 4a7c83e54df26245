"""The fault switch of a vendor's sandbox: the next answers go wrong in a way that is asked for.

`FaultSwitch(render_errcode).attach(app)` adds to a Sanic sandbox:

- `POST /sandbox/faults` `{kind, path?, errcode?, count?, delay_s?, after?}` -> 201 and what is set
- `GET /sandbox/faults` -> `{"faults": [...]}` with what is left of each `count`
- `DELETE /sandbox/faults` -> 204, nothing goes wrong any more
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse, empty, html, json, raw, text

CONTROL_PREFIX = "/sandbox/"


class FaultKind(StrEnum):
    """How an answer goes wrong."""

    ERRCODE = "errcode"
    HTTP_500 = "http_500"
    SLOW = "slow"
    RESET = "reset"
    GARBAGE = "garbage"
    HTML = "html"


class Fault(BaseModel):
    """One fault that waits for its requests.

    `path` is a part of the request's path, empty for any; `count` is how many requests it spoils,
    None for all; with `after` the request takes effect first and only its answer is spoilt.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    kind: FaultKind
    path: str = ""
    errcode: str = "-1"
    count: int | None = Field(default=1, ge=1)
    delay_s: float = Field(default=30.0, gt=0)
    after: bool = False


RenderErrcode = Callable[[Request, str], HTTPResponse]
"""Draws the vendor's own error answer for a request and an error code."""


class FaultSwitch:
    """Faults set on a running sandbox; the control surface itself is never spoilt."""

    def __init__(self, render_errcode: RenderErrcode) -> None:
        self._faults: list[Fault] = []
        self._appliers: dict[FaultKind, Callable[[Request, Fault], Awaitable[HTTPResponse | None]]]
        self._appliers = {
            FaultKind.ERRCODE: _answering(lambda r, fault: render_errcode(r, fault.errcode)),
            FaultKind.HTTP_500: _answering(lambda *_: text("Internal Server Error", status=500)),
            FaultKind.SLOW: _delay,
            FaultKind.RESET: _reset,
            FaultKind.GARBAGE: _answering(
                lambda *_: raw(b'\xff\xfe{"errcode":', content_type="application/json")
            ),
            FaultKind.HTML: _answering(lambda *_: html("<html><body>Bad gateway</body></html>")),
        }

    def attach(self, app: Sanic[Any, Any]) -> None:
        """Register the `/sandbox/faults` routes and the middleware that applies the faults."""
        app.add_route(self._add, "/sandbox/faults", methods=["POST"], name="faults_add")
        app.add_route(self._list, "/sandbox/faults", methods=["GET"], name="faults_list")
        app.add_route(self._clear, "/sandbox/faults", methods=["DELETE"], name="faults_clear")
        app.register_middleware(self._spoil_request, "request")
        app.register_middleware(self._spoil_answer, "response")

    def set(self, fault: Fault) -> None:
        """Let the next matching requests go wrong."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Let everything go right again."""
        self._faults.clear()

    def take(self, path: str, *, after: bool = False) -> Fault | None:
        """Return the oldest fault that is due for a request to `path` and count it down."""
        if path.startswith(CONTROL_PREFIX):
            return None
        found = next((f for f in self._faults if f.after == after and f.path in path), None)
        if found and found.count is not None:
            found.count -= 1
            if not found.count:
                self._faults.remove(found)
        return found

    async def _spoil_request(self, request: Request) -> HTTPResponse | None:
        fault = self.take(request.path)
        request.ctx.is_spoilt = fault is not None and fault.kind is not FaultKind.SLOW
        return await self._appliers[fault.kind](request, fault) if fault else None

    async def _spoil_answer(
        self, request: Request, _answer: BaseHTTPResponse
    ) -> HTTPResponse | None:
        if getattr(request.ctx, "is_spoilt", False):
            return None
        fault = self.take(request.path, after=True)
        return await self._appliers[fault.kind](request, fault) if fault else None

    async def _add(self, request: Request) -> HTTPResponse:
        try:
            fault = Fault.model_validate_json(request.body)
        except ValidationError as error:
            return raw(error.json(include_url=False), status=422, content_type="application/json")
        self.set(fault)
        return json(fault.model_dump(mode="json"), status=201)

    async def _list(self, _request: Request) -> HTTPResponse:
        return json({"faults": [fault.model_dump(mode="json") for fault in self._faults]})

    async def _clear(self, _request: Request) -> HTTPResponse:
        self.clear()
        return empty()


def _answering(
    render: Callable[[Request, Fault], HTTPResponse],
) -> Callable[[Request, Fault], Awaitable[HTTPResponse | None]]:
    async def answer(request: Request, fault: Fault) -> HTTPResponse | None:
        return render(request, fault)

    return answer


async def _delay(_request: Request, fault: Fault) -> None:
    await asyncio.sleep(fault.delay_s)


async def _reset(request: Request, _fault: Fault) -> HTTPResponse:
    transport = cast(asyncio.Transport, request.transport)
    linger_off = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)
    transport.abort()
    return empty()
