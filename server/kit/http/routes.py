"""Routes as declarations: path, who may come in, what comes in and goes out, how it may be refused.

The shapes are read from the handler's own annotations:
`async def book(call: Call[BookingIn, None]) -> AppointmentOut`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from server.kit.access import Policy
from server.kit.errors import Refusal
from server.kit.http.call import Call, EventStream, Rendered
from server.kit.http.limits import Limited
from server.kit.idempotency import KeyedRequest, StoredAnswer

Handler = Callable[[Call[Any, Any]], Awaitable[Any]]
Refusals = tuple[type[Refusal], ...]
Batch = Callable[[Call[Any, Any], KeyedRequest], Awaitable[StoredAnswer | None]]
"""Answers a keyed call whose effect it committed among others'; None: it is to be run alone."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way in.

    `is_transactional`: the handler runs in one transaction; a handler that calls a vendor opens
    its own afterwards instead. `is_keyed`: an `Idempotency-Key` is required. `takes_upload`: the
    body is streamed to the handler. `has_tag`: whoever has the answer already may be told so.
    `limited`: what one person, device or address may do so often only. `streams`: who accepts
    server-sent events gets them instead. `batch`: takes the calls that can be settled with others.
    """

    method: str
    path: str
    handler: Handler
    allows: Policy
    status: int
    refuses: Refusals
    is_transactional: bool
    is_keyed: bool
    takes_upload: bool
    media_type: str
    tag: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: Any
    has_tag: bool = False
    limited: Limited | None = None
    streams: bool = False
    batch: Batch | None = None

    @property
    def audience(self) -> str:
        """Whom the route is for: the first part of its path."""
        return self.path.split("/")[1]

    @property
    def name(self) -> str:
        """The name that logs, metrics and the documentation know it by."""
        return f"{self.tag}_{self.handler.__name__}"


@dataclass(slots=True)
class Surface:
    """The routes of one capability for one audience, below one prefix."""

    prefix: str
    tag: str
    routes: list[Route] = field(default_factory=list)

    def get(
        self, path: str, *, allows: Policy, refuses: Refusals = (), **options: Any
    ) -> Callable[[Handler], Handler]:
        """Declare a reading route; `is_transactional=True` where reading is itself recorded."""
        options = {"is_transactional": False, "is_keyed": False, **options}
        return self._declare("GET", path, allows, refuses, options)

    def post(
        self, path: str, *, allows: Policy, refuses: Refusals = (), **options: Any
    ) -> Callable[[Handler], Handler]:
        """Declare a route that creates or moves something: one transaction, keyed."""
        options = {"is_transactional": True, "is_keyed": True, **options}
        return self._declare("POST", path, allows, refuses, options)

    def put(
        self, path: str, *, allows: Policy, refuses: Refusals = (), **options: Any
    ) -> Callable[[Handler], Handler]:
        """Declare a route that sets something: one transaction, idempotent by itself."""
        options = {"is_transactional": True, "is_keyed": False, **options}
        return self._declare("PUT", path, allows, refuses, options)

    def delete(
        self, path: str, *, allows: Policy, refuses: Refusals = (), **options: Any
    ) -> Callable[[Handler], Handler]:
        """Declare a route that takes something away: one transaction, idempotent by itself."""
        options = {"is_transactional": True, "is_keyed": False, **options}
        return self._declare("DELETE", path, allows, refuses, options)

    def _declare(
        self, method: str, path: str, allows: Policy, refuses: Refusals, options: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            body, query, answer, has_tag = _shapes(handler)
            streams = EventStream in get_args(answer)
            if streams:
                answer = next(one for one in get_args(answer) if one is not EventStream)
            defaults = {"status": 200, "takes_upload": False, "media_type": "application/json"}
            self.routes.append(
                Route(
                    method=method,
                    path=self.prefix + path,
                    handler=handler,
                    allows=allows,
                    refuses=refuses,
                    tag=self.tag,
                    body=body,
                    query=query,
                    answer=answer,
                    has_tag=has_tag,
                    streams=streams,
                    **{**defaults, **options},
                )
            )
            return handler

        return keep


def _shapes(handler: Handler) -> tuple[type[BaseModel] | None, type[BaseModel] | None, Any, bool]:
    hints = get_type_hints(handler)
    arguments = (*get_args(hints["call"]), None, None)
    body, query = (None if shape is type(None) else shape for shape in arguments[:2])
    answer = hints.get("return")
    if get_origin(answer) is Rendered:
        return body, query, get_args(answer)[0], True
    return body, query, None if answer is type(None) else answer, False
