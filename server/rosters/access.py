"""Who reaches which absence: the managers of its point; nobody else is told that there is one."""

from models.rosters import Absence
from server.kit.errors import NotFound


async def access_point_absence(point_code: str, absence_id: str) -> Absence:
    """Return an absence at the point; raise `NotFound`."""
    absence = await Absence.get_or_none(id=absence_id, point_code=point_code)
    if absence is None:
        raise NotFound
    return absence
