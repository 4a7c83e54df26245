"""What a person is told about a visit."""

from datetime import datetime

from models.appointments import Appointment
from server.catalog.rules import SHANGHAI
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


def show_time(moment: datetime) -> str:
    """Return the date and minute in Fuzhou, such as `2026-11-24 09:30`."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
