"""What balancing tells others once a transaction is through."""

from typing import ClassVar

from models.states import PresenceState
from server.kit.outbox import Event


class PointWentDark(Event):
    """A point fell silent or was evacuated; `aggregate_id` is its code.

    Reviews that wait there go elsewhere, people only from an evacuated point. A silent point that
    is then evacuated is told of twice, with either state.
    """

    topic: ClassVar[str] = "point.went_dark"
    aggregate: ClassVar[str] = "point"

    state: PresenceState


class PointCameBack(Event):
    """A dark point takes part again; `aggregate_id` is its code."""

    topic: ClassVar[str] = "point.came_back"
    aggregate: ClassVar[str] = "point"
