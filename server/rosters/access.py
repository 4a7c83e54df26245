"""Who reaches which absence: the managers of its point; nobody else is told that there is one."""

from models.rosters import Absence
from server.kit.access import found


async def access_point_absence(point_code: str, absence_id: str) -> Absence:
    """Return an absence at the point; raise `NotFound`."""
    return found(await Absence.get_or_none(id=absence_id, point_code=point_code))
