"""What the catalogue tells others."""

from datetime import date
from typing import ClassVar

from server.kit.outbox import Event


class CalendarChanged(Event):
    """Days from `first_day` to `last_day` may be worked or not, unlike before.

    `aggregate_id` is the year. It is heard after every process has let go of the old calendar.
    """

    topic: ClassVar[str] = "calendar_changed"
    aggregate: ClassVar[str] = "calendar"

    first_day: date
    last_day: date
