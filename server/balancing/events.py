"""What balancing tells itself once a transaction is through."""

from typing import ClassVar

from server.kit.outbox import Event


class ReviewTaskMoved(Event):
    """A review was queued, claimed, given back or finished; `aggregate_id` is the task's.

    `left_point_code` names the queue it was taken out of by another point.
    """

    topic: ClassVar[str] = "review_task.moved"
    aggregate: ClassVar[str] = "review_task"

    left_point_code: str | None = None
