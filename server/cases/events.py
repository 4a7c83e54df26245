"""What cases tell others."""

from typing import ClassVar

from server.kit.outbox import Event


class CaseClosed(Event):
    """A case has come to its end; `aggregate_id` is the case's."""

    topic: ClassVar[str] = "case.closed"
    aggregate: ClassVar[str] = "case"
