"""The roster of a point: who staffs which window on which weekday, and who stands in."""

from collections.abc import Sequence
from datetime import date

from tortoise.exceptions import IntegrityError

from models.rosters import Duty
from server.appointments.hours import weekday_in_force
from server.catalog.service import lock_points, read_calendar, windows_of
from server.identity.staff import staff_of_point
from server.kit.errors import ChangedMeanwhile
from server.rosters.errors import RosterWrong
from server.rosters.rules import Post


async def duties_of(point_code: str) -> list[Duty]:
    """Return the roster of a point through the week."""
    return await Duty.filter(point_code=point_code).order_by("weekday", "window_number")


async def replace_duties(point_code: str, duties: Sequence[Duty]) -> None:
    """Let these be the whole roster of a point; absences that are recorded stay as they are.

    Raises `RosterWrong`, or `ChangedMeanwhile` if somebody else sets it at the same time.
    """
    windows, staff = await windows_of(point_code), await staff_of_point(point_code)
    named = {one for duty in duties for one in (duty.staff_id, duty.backup_id)}
    numbers = {duty.window_number for duty in duties}
    if not (named <= staff.keys() and numbers <= windows.keys()):
        raise RosterWrong
    await lock_points([point_code])
    try:
        await Duty.filter(point_code=point_code).delete()
        await Duty.bulk_create(duties)
    except IntegrityError as error:
        raise ChangedMeanwhile from error


async def posts_on(point_code: str, day: date) -> list[Post]:
    """Return the windows that are staffed on a day, by number; none if the point is closed."""
    weekday = weekday_in_force(day, await read_calendar(day, day))
    return [
        Post(duty.window_number, duty.staff_id, duty.backup_id)
        for duty in await duties_of(point_code)
        if duty.weekday == weekday
    ]
