"""What a person is told about a visit."""

from datetime import datetime

from models.appointments import Appointment
from models.states import AppointmentState
from server.appointments.events import VisitBooked
from server.catalog.rules import SHANGHAI
from server.catalog.service import get_point
from server.kit.ports import Ports
from server.notifications.events import notify


async def tell(
    appointment: Appointment, kind: str, *, now: datetime, point_name: str, **data: str
) -> None:
    """Tell the person, once for each `kind`, with the point and the time filled in."""
    await notify(
        kind=kind,
        account_id=appointment.account_id,
        subject_id=appointment.id,
        key=str(appointment.version),
        now=now,
        data={"point": point_name, "time": show_time(appointment.starts_at), **data},
    )


async def tell_booked(event: VisitBooked, ports: Ports) -> None:
    """Tell the person of a visit that was booked; whoever moved it on since has told more."""
    appointment = await Appointment.get(id=event.aggregate_id)
    if appointment.version > 1:
        return
    is_confirmed = appointment.state is AppointmentState.CONFIRMED
    kind = "appointment_confirmed" if is_confirmed else "appointment_received"
    point = await get_point(appointment.point_code)
    await tell(appointment, kind, now=ports.now(), point_name=point.name)


def show_time(moment: datetime) -> str:
    """Return the date and minute in Fuzhou, such as `2026-11-24 09:30`."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
