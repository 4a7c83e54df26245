"""News that leaves with the transaction that made it, one row for each consumer."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from models.bookkeeping import OutboxRow
from models.fields import new_id
from server.kit.bulk import Statement, insert
from server.kit.ports import Ports

_WRITTEN = (
    "topic",
    "consumer",
    "aggregate",
    "aggregate_id",
    "payload",
    "dedupe_key",
    "created_at",
    "available_at",
)


class Event(BaseModel):
    """Something that happened to one aggregate; holds ids and plain facts, no personal data.

    `key` makes it unique: give one that is derived from the facts where the same news may be
    emitted twice.
    """

    model_config = ConfigDict(frozen=True)

    topic: ClassVar[str]
    aggregate: ClassVar[str]

    aggregate_id: str
    key: str = Field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Consumer:
    """One that hears a kind of event, in order for each aggregate.

    A local consumer's effects are rows: it runs in the transaction that marks the news as done, so
    exactly once. A remote one calls somebody outside any transaction: at least once, and what it
    does is deduplicated by whoever receives it.
    """

    name: str
    event_type: type[Event]
    handle: Callable[[Any, Ports], Awaitable[None]]
    is_remote: bool = False


_consumers: dict[str, list[Consumer]] = {}


def subscribe(*consumers: Consumer) -> None:
    """Let `consumers` hear their events from now on; called by the composition root."""
    for consumer in consumers:
        heard = _consumers.setdefault(consumer.event_type.topic, [])
        if all(other.name != consumer.name for other in heard):
            heard.append(consumer)


def consumer_of(topic: str, name: str) -> Consumer | None:
    """Return the consumer of that name, or None if it no longer listens."""
    return next((one for one in _consumers.get(topic, []) if one.name == name), None)


async def emit(event: Event, *, now: datetime, available_at: datetime | None = None) -> None:
    """Write `event` for everyone who hears it; call it inside the transaction that made it."""
    for row in _rows_of(event, now, available_at or now):
        await row.save()


async def emit_all(events: Iterable[Event], *, now: datetime) -> None:
    """Write many events in one statement, in their order."""
    rows = [row for event in events for row in _rows_of(event, now, now)]
    if rows:
        await OutboxRow.bulk_create(rows)


def _rows_of(event: Event, now: datetime, available_at: datetime) -> list[OutboxRow]:
    payload = event.model_dump(mode="json")
    return [
        OutboxRow(
            topic=event.topic,
            consumer=consumer.name,
            aggregate=event.aggregate,
            aggregate_id=event.aggregate_id,
            payload=payload,
            dedupe_key=_dedupe_key(event, consumer),
            created_at=now,
            available_at=available_at,
        )
        for consumer in _consumers.get(event.topic, [])
    ]


def write_events(events: Iterable[tuple[Event, datetime]]) -> list[Statement]:
    """Write events, each with its moment, for everyone who hears them; as statements."""
    rows = [
        (
            event.topic,
            consumer.name,
            event.aggregate,
            event.aggregate_id,
            event.model_dump_json(),
            _dedupe_key(event, consumer),
            now,
            now,
        )
        for event, now in events
        for consumer in _consumers.get(event.topic, [])
    ]
    return [insert(OutboxRow, _WRITTEN, rows)] if rows else []


def _dedupe_key(event: Event, consumer: Consumer) -> str:
    return f"{consumer.name}:{event.topic}:{event.aggregate_id}:{event.key}"
