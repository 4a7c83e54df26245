"""What balancing is told of those who have booked and will come soon."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from models.appointments import Appointment
from models.kinds import WindowKind
from models.states import AppointmentState
from server.balancing.loads import HallLoad

EXPECTED = (AppointmentState.PENDING, AppointmentState.CONFIRMED)
AHEAD = timedelta(hours=1)
"""Nobody is on the way to a point for longer."""


class BookingLoads:
    """Tells who has booked and has not checked in."""

    async def read_loads(self, *, now: datetime) -> Mapping[str, HallLoad]:
        """Return the bookings of the next hour by point."""
        rows = Appointment.filter(
            state__in=EXPECTED,
            kind=WindowKind.ACCEPT,
            starts_at__gte=now,
            starts_at__lt=now + AHEAD,
        ).values_list("point_code", "starts_at")
        loads: dict[str, HallLoad] = defaultdict(HallLoad)
        for code, starts_at in await rows:
            loads[str(code)] += HallLoad(coming=(starts_at,))
        return loads
