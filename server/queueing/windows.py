"""Windows: who works at which, and what it serves."""

from collections.abc import Sequence
from datetime import datetime

from models.catalog import Window
from models.kinds import HallNewsKind, WindowKind
from models.queueing import QueueTicket
from server.balancing.presence import hear
from server.catalog.rules import local_day
from server.kit.access import Actor, Role
from server.kit.states import touch
from server.queueing.errors import WindowBusy, WindowClosed, WindowTaken
from server.queueing.halls import take_hall, tell_hall
from server.queueing.repository import ticket_at_window


async def open_window(
    window: Window, *, actor: Actor, now: datetime, also_kinds: Sequence[WindowKind] = ()
) -> Window:
    """Let the actor work at the window and serve other kinds besides its own.

    Opening one's own window again changes what it serves. Raises `WindowTaken`.
    """
    current = await _take_window(window, actor, now)
    if current.staff_id not in {None, actor.id}:
        raise WindowTaken
    opened_at = current.opened_at or now
    await _staff(current, actor.id, opened_at, also_kinds)
    return current


async def close_window(window: Window, *, actor: Actor, now: datetime) -> Window:
    """Close a window that has nobody in hand; managers may close any.

    Raises `WindowClosed`, `WindowTaken` or `WindowBusy`.
    """
    current = await _take_window(window, actor, now)
    if current.opened_at is None:
        raise WindowClosed
    if current.staff_id != actor.id and actor.role is not Role.MANAGER:
        raise WindowTaken
    await require_free(current, now)
    await _staff(current, None, None)
    return current


async def change_window(window: Window, target: Window, *, actor: Actor, now: datetime) -> Window:
    """Let the clerk of a window go on at another one, with whom he has in hand.

    Raises `WindowClosed`, or `WindowTaken` if somebody works at the other one.
    """
    current = await take_own(window, actor, now)
    await target.refresh_from_db()
    if target.staff_id is not None:
        raise WindowTaken
    ticket = await ticket_at_window(current.point_code, local_day(now), current.number)
    await _staff(target, actor.id, now, [WindowKind(kind) for kind in current.also_kinds or ()])
    await _staff(current, None, None)
    if ticket is not None:
        await _lead(ticket, target.number, now)
    return target


async def take_own(window: Window, actor: Actor, now: datetime) -> Window:
    """Take the hall of a window at which the actor works; raises `WindowClosed`."""
    current = await _take_window(window, actor, now)
    if current.opened_at is None or current.staff_id != actor.id:
        raise WindowClosed
    return current


async def require_free(window: Window, now: datetime) -> None:
    """Raise `WindowBusy` if somebody is called to the window or served there."""
    if await ticket_at_window(window.point_code, local_day(now), window.number) is not None:
        raise WindowBusy


async def _take_window(window: Window, actor: Actor, now: datetime) -> Window:
    """Take the hall of a window and return the window as it is now; its point was heard by it."""
    await take_hall(window.point_code)
    await hear(window.point_code, actor=actor, now=now)
    return await Window.get(id=window.id)


async def _lead(ticket: QueueTicket, number: int, now: datetime) -> None:
    left = ticket.window_no or 0
    await touch(ticket, window_no=number)
    await tell_hall(ticket, HallNewsKind.CLEARED, window_no=left, now=now)
    await tell_hall(ticket, HallNewsKind.RECALLED, window_no=number, now=now)


async def _staff(
    window: Window,
    staff_id: str | None,
    opened_at: datetime | None,
    also_kinds: Sequence[WindowKind] = (),
) -> None:
    others = [str(kind) for kind in also_kinds if kind is not window.kind]
    columns = {"staff_id": staff_id, "opened_at": opened_at, "also_kinds": others or None}
    window.update_from_dict(columns)
    await window.save(update_fields=list(columns))
