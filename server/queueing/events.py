"""What the queue tells once a transaction is through."""

from typing import ClassVar

from server.kit.outbox import Event


class HallChanged(Event):
    """The display of a hall has something new to show; `aggregate_id` is the point's code."""

    topic: ClassVar[str] = "hall.changed"
    aggregate: ClassVar[str] = "hall"


class TicketStranded(Event):
    """A number waits at a point that went dark; `aggregate_id` is the ticket's."""

    topic: ClassVar[str] = "ticket.stranded"
    aggregate: ClassVar[str] = "ticket"
