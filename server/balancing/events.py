"""What balancing tells itself and others once a transaction is through."""

from typing import ClassVar

from models.states import PresenceState
from server.kit.outbox import Event


class ReviewTaskMoved(Event):
    """A review was queued, claimed, given back or finished; `aggregate_id` is the task's.

    `left_point_code` names the queue it was taken out of by another point.
    """

    topic: ClassVar[str] = "review_task.moved"
    aggregate: ClassVar[str] = "review_task"

    left_point_code: str | None = None


class PointWentDark(Event):
    """A point fell silent or was evacuated; `aggregate_id` is its code.

    Whoever has people or work there takes them elsewhere. A silent point that is then evacuated is
    told of twice, with either state.
    """

    topic: ClassVar[str] = "point.went_dark"
    aggregate: ClassVar[str] = "point"

    state: PresenceState


class PointCameBack(Event):
    """A dark point takes part again; `aggregate_id` is its code."""

    topic: ClassVar[str] = "point.came_back"
    aggregate: ClassVar[str] = "point"
