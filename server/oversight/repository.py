"""Rows of closures and of whom they hit."""

from collections import Counter
from collections.abc import Collection

from tortoise.queryset import QuerySet

from models.appointments import Appointment
from models.closures import Closure, Reseating
from models.states import ReseatingState


def closures_of(point_code: str | None) -> QuerySet[Closure]:
    """Return the closures of a point, or all."""
    return Closure.filter(point_code=point_code) if point_code else Closure.all()


async def count_people(closure_id: str) -> dict[ReseatingState, int]:
    """Return how many people of a closure are how far."""
    rows = await Reseating.filter(closure_id=closure_id).only("state")
    return dict(Counter(row.state for row in rows))


async def find_to_call(closure_id: str) -> list[Reseating]:
    """Return the lines of a closure's list that wait for a call, first to last."""
    return await Reseating.filter(closure_id=closure_id, state=ReseatingState.TO_CALL).order_by(
        "id"
    )


async def visits_of(rows: Collection[Reseating]) -> dict[str, Appointment]:
    """Return the visits of those lines by id."""
    return await Appointment.in_bulk([row.appointment_id for row in rows], "id")
