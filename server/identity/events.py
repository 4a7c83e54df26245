"""What identity tells others."""

from typing import ClassVar

from server.kit.outbox import Event


class RelativeAsked(Event):
    """Somebody is asked to let an account book for them; `aggregate_id` is the line's."""

    topic: ClassVar[str] = "relative.asked"
    aggregate: ClassVar[str] = "relative"
