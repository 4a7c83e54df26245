"""What appointments tell others once a transaction is through."""

from typing import ClassVar

from server.kit.outbox import Event


class VisitBooked(Event):
    """A visit was written down; `aggregate_id` is the appointment's, and there is one a visit."""

    topic: ClassVar[str] = "visit.booked"
    aggregate: ClassVar[str] = "appointment"

    key: str = "booked"
