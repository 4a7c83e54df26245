"""A request as a handler sees it, and what a handler may answer besides a schema."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from typing_extensions import TypeVar

from server.kit.access import NOWHERE, Actor, Origin
from server.kit.errors import Forbidden, NotFound
from server.kit.ports import Ports

Body = TypeVar("Body", default=None)
Query = TypeVar("Query", default=None)
Shape = TypeVar("Shape")


DRAINED_WITHIN_S = 10.0

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """The raw body of a request, as it arrives."""

    content_type: str
    chunks: AsyncIterator[bytes]

    async def drain(self, *, limit_bytes: int) -> None:
        """Read on to the end of a body that is refused, so that its sender gets to hear why.

        Whoever sends more than `limit_bytes` or takes longer than `DRAINED_WITHIN_S` is cut off.
        """
        left_bytes = limit_bytes
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAINED_WITHIN_S):
                async for chunk in self.chunks:
                    left_bytes -= len(chunk)
                    if left_bytes < 0:
                        return


@dataclass(slots=True)
class Call(Generic[Body, Query]):
    """One request: who asks what; `now` is the moment it arrived."""

    actor: Actor
    body: Body
    query: Query
    path: Mapping[str, str]
    ports: Ports
    now: datetime
    request_id: str
    headers: Mapping[str, str] = field(repr=False)
    raw: bytes = field(repr=False, default=b"")
    raw_query: Mapping[str, str] = field(repr=False, default_factory=dict)
    upload: Upload | None = None
    origin: Origin = NOWHERE
    """Only where somebody logs in."""

    @property
    def person_id(self) -> str:
        """The citizen's person; raises `RealNameRequired` before a real name was given."""
        if self.actor.person_id is None:
            raise RealNameRequired
        return self.actor.person_id

    @property
    def point_code(self) -> str:
        """The point that the actor works at; raises `NotFound` for staff of no point."""
        if self.actor.point_code is None:
            raise NotFound
        return self.actor.point_code


class RealNameRequired(Forbidden):
    """Only a person with a real name may do this."""

    code = "real_name_required"


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as an answer, such as a PDF or an image; `name` offers them as a download."""

    body: bytes
    media_type: str
    name: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Rendered(Generic[Shape]):
    """The JSON of a `Shape`, made ahead for many; `tag` differs where the JSON does.

    Whoever has it already, by `If-None-Match`, is told so by 304.
    """

    body: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Look elsewhere."""

    location: str


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event; whoever comes again names the last `id` in `Last-Event-ID`."""

    data: str
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class EventStream:
    """Events as they happen, as an answer that stays open."""

    events: AsyncGenerator[ServerEvent, None]
