"""How near the predicted waits came, point by point: asked of a day's numbers when wanted."""

from dataclasses import dataclass
from datetime import date

from tortoise import connections

from server.kit.bulk import marks

_WAITED = {
    "mysql": "TIMESTAMPDIFF(MICROSECOND, taken_at, first_called_at) / 60000000",
    "sqlite": "(JULIANDAY(first_called_at) - JULIANDAY(taken_at)) * 1440",
}
# Whoever took the number from afar may have let others go first: who waited for whom is not known.
_ERRORS = """
SELECT point_code, COUNT(*) AS people, AVG(ABS(predicted_minutes - {waited})) AS error_minutes,
    AVG(ABS(naive_minutes - {waited})) AS naive_error_minutes
FROM queue_tickets
WHERE state IN ('called', 'serving', 'done', 'missed', 'abandoned', 'transferred') AND day = {mark}
  AND arrived_at = taken_at AND first_called_at IS NOT NULL
  AND predicted_minutes IS NOT NULL AND naive_minutes IS NOT NULL
GROUP BY point_code ORDER BY point_code
"""


@dataclass(frozen=True, slots=True)
class WaitError:
    """By how many minutes predicted waits were off at a point, on the mean of its people.

    `naive_error_minutes`: if they had been predicted as *all who are before × mean minutes ÷
    windows*.
    """

    point_code: str
    people: int
    error_minutes: float
    naive_error_minutes: float

    @property
    def ratio(self) -> float | None:
        """The error over the naive one; None where the naive one was right."""
        naive = self.naive_error_minutes
        return self.error_minutes / naive if naive else None


async def judge_waits(day: date) -> list[WaitError]:
    """Return how the predictions of a day held, of those who were called, by point."""
    connection = connections.get("default")
    waited = _WAITED[connection.capabilities.dialect]
    statement = _ERRORS.format(waited=waited, mark=marks(1))
    return [
        WaitError(**row)
        for row in await connection.execute_query_dict(statement, [day.isoformat()])
    ]
