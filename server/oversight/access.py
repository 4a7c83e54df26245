"""What oversight reaches: all of the district, so only what is not there fails."""

from models.closures import Closure, Reseating
from server.kit.access import found


async def access_closure(closure_id: str) -> Closure:
    """Return a closure; raise `NotFound`."""
    return found(await Closure.get_or_none(id=closure_id))


async def access_reseating(reseating_id: str) -> Reseating:
    """Return one person's line of a closure's list; raise `NotFound`."""
    return found(await Reseating.get_or_none(id=reseating_id))
