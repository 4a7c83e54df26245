"""Who reaches which closure: the district all, the managers of a point those of their own."""

from models.closures import Closure, Reseating
from server.kit.access import Actor, Role, found
from server.kit.errors import NotFound


async def access_closure(actor: Actor, closure_id: str) -> Closure:
    """Return a closure that the actor may see; raise `NotFound`."""
    closure = found(await Closure.get_or_none(id=closure_id))
    if actor.role is not Role.SUPERVISOR and closure.point_code != actor.point_code:
        raise NotFound
    return closure


async def access_to_lift(actor: Actor, closure_id: str) -> Closure:
    """Return a closure that the actor may lift, a point only what it closed; raise `NotFound`."""
    closure = await access_closure(actor, closure_id)
    if actor.role is Role.MANAGER and not closure.created_by.startswith(f"{Role.MANAGER}:"):
        raise NotFound
    return closure


async def access_reseating(actor: Actor, reseating_id: str) -> Reseating:
    """Return one person's line of such a closure's list; raise `NotFound`."""
    row = found(await Reseating.get_or_none(id=reseating_id))
    await access_closure(actor, row.closure_id)
    return row
