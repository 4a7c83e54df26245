"""What oversight reaches: all of the district, so only what is not there fails."""

from models.closures import Closure, Reseating
from server.kit.errors import NotFound


async def access_closure(closure_id: str) -> Closure:
    """Return a closure; raise `NotFound`."""
    closure = await Closure.get_or_none(id=closure_id)
    if closure is None:
        raise NotFound
    return closure


async def access_reseating(reseating_id: str) -> Reseating:
    """Return one person's line of a closure's list; raise `NotFound`."""
    row = await Reseating.get_or_none(id=reseating_id)
    if row is None:
        raise NotFound
    return row
