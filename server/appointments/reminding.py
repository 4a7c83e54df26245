"""Reminding people of their visits: each time once, whatever dies."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import Q

from models.appointments import Appointment
from models.states import AppointmentState
from server.appointments.notices import show_time
from server.catalog.service import get_point
from server.notifications.events import notify


async def find_due(hours: int, *, now: datetime, limit: int) -> Sequence[str]:
    """Return confirmed visits that begin within so many hours and were not looked at for that."""
    due = Appointment.filter(
        Q(reminded_hours=None) | Q(reminded_hours__gt=hours),
        state=AppointmentState.CONFIRMED,
        starts_at__gt=now,
        starts_at__lte=now + timedelta(hours=hours),
    )
    rows = await due.order_by("starts_at").limit(limit).values_list("id", flat=True)
    return [str(row) for row in rows]


async def remind(appointment_id: str, hours: int, *, now: datetime) -> None:
    """Remind the person of a visit, unless somebody did, or it is off, or just booked."""
    claimed = await Appointment.filter(
        Q(reminded_hours=None) | Q(reminded_hours__gt=hours),
        id=appointment_id,
        state=AppointmentState.CONFIRMED,
    ).update(reminded_hours=hours)
    if claimed != 1:
        return
    visit = await Appointment.get(id=appointment_id)
    if visit.created_at > visit.starts_at - timedelta(hours=hours):
        return
    point = await get_point(visit.point_code)
    await notify(
        kind="appointment_reminder",
        account_id=visit.account_id,
        subject_id=visit.id,
        key=f"{hours}h",
        now=now,
        data={"point": point.name, "time": show_time(visit.starts_at)},
    )
