"""Calling: each ticket goes to one window, each window has one ticket."""

from datetime import datetime

from models.catalog import Window
from models.queueing import QueueTicket
from models.states import TicketState
from server.appointments.service import (
    get_appointment,
    mark_abandoned,
    mark_served,
    mark_serving,
)
from server.catalog.rules import local_day
from server.kit.access import Actor, Role
from server.kit.errors import ChangedMeanwhile
from server.kit.states import advance, moves_of
from server.queueing.errors import (
    NobodyWaiting,
    NoTicketAtWindow,
    WindowBusy,
    WindowClosed,
    WindowTaken,
)
from server.queueing.repository import (
    as_waiting,
    booked_in_a_row,
    lock_window,
    ticket_at_window,
    waiting_at,
)
from server.queueing.rules import MOST_MISSES, call_order, rank_after_miss


async def open_window(window: Window, *, actor: Actor, now: datetime) -> Window:
    """Let the actor work at the window; raises `WindowTaken`."""
    current = await lock_window(window)
    if current.staff_id not in {None, actor.id}:
        raise WindowTaken
    if current.staff_id is None:
        await _staff(current, actor.id, now)
    return current


async def close_window(window: Window, *, actor: Actor, now: datetime) -> Window:
    """Close a window that has nobody in hand; managers may close any.

    Raises `WindowClosed`, `WindowTaken` or `WindowBusy`.
    """
    current = await lock_window(window)
    if current.opened_at is None:
        raise WindowClosed
    if current.staff_id != actor.id and actor.role is not Role.MANAGER:
        raise WindowTaken
    await _require_free(current, now)
    await _staff(current, None, None)
    return current


async def call_next(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Call whoever is next to the window; no other window gets the same ticket.

    Raises `WindowClosed`, `WindowBusy` or `NobodyWaiting`.
    """
    current = await _lock_own(window, actor)
    await _require_free(current, now)
    ticket = await _claim_next(current, actor, now)
    if ticket is None:
        raise NobodyWaiting
    return ticket


async def recall(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Call the window's ticket once more; raises `WindowClosed` or `NoTicketAtWindow`."""
    ticket = await _in_hand(window, actor, now)
    called = QueueTicket.filter(id=ticket.id, state=TicketState.CALLED, version=ticket.version)
    if await called.update(version=ticket.version + 1, called_at=now) != 1:
        raise NoTicketAtWindow
    ticket.version, ticket.called_at = ticket.version + 1, now
    return ticket


async def start(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that the person called has come; raises as `recall`, or `WrongState`."""
    ticket = await _in_hand(window, actor, now)
    await _serve(ticket, actor, now)
    return ticket


async def finish(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that the person was served; raises as `recall`."""
    ticket = await _in_hand(window, actor, now)
    if ticket.state is TicketState.CALLED:
        await _serve(ticket, actor, now)
    await conclude(ticket, actor=actor, now=now)
    return ticket


async def miss(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that nobody came: back behind three others, or out of the queue the second time.

    Raises as `recall`, or `WrongState` if the person is being served.
    """
    ticket = await _in_hand(window, actor, now)
    await advance(ticket, TicketState.MISSED, actor=actor, now=now, window_no=None)
    moves = await moves_of(QueueTicket, ticket.id)
    misses = sum(move.to_state == TicketState.MISSED for move in moves)
    if misses >= MOST_MISSES:
        await abandon(ticket, actor=actor, now=now, reason="missed twice")
        return ticket
    waiting = await waiting_at(ticket.point_code, ticket.day, ticket.kind)
    others = [one for one in map(as_waiting, waiting.values()) if not one.is_booked]
    rank_at = rank_after_miss(others, now=now)
    await advance(ticket, TicketState.WAITING, actor=actor, now=now, rank_at=rank_at)
    return ticket


async def conclude(ticket: QueueTicket, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """End a ticket that is being served, and its visit."""
    await advance(ticket, TicketState.DONE, actor=actor, now=now, reason=reason, done_at=now)
    if ticket.appointment_id is not None:
        appointment = await get_appointment(ticket.appointment_id)
        await mark_served(appointment, actor=actor, now=now)


async def abandon(ticket: QueueTicket, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a ticket whose person was not served, and its visit."""
    await advance(ticket, TicketState.ABANDONED, actor=actor, now=now, reason=reason, done_at=now)
    if ticket.appointment_id is not None:
        appointment = await get_appointment(ticket.appointment_id)
        await mark_abandoned(appointment, actor=actor, now=now)


async def _serve(ticket: QueueTicket, actor: Actor, now: datetime) -> None:
    await advance(
        ticket, TicketState.SERVING, actor=actor, now=now, serving_at=now, served_by=actor.id
    )
    if ticket.appointment_id is not None:
        appointment = await get_appointment(ticket.appointment_id)
        await mark_serving(appointment, actor=actor, now=now)


async def _claim_next(window: Window, actor: Actor, now: datetime) -> QueueTicket | None:
    day = local_day(now)
    while waiting := await waiting_at(window.point_code, day, window.kind):
        streak = await booked_in_a_row(window.point_code, day, window.kind)
        order = call_order(map(as_waiting, waiting.values()), now=now, booked_in_a_row=streak)
        for one in order:
            if await _claim(waiting[one.id], window, actor, now):
                return waiting[one.id]
    return None


async def _claim(ticket: QueueTicket, window: Window, actor: Actor, now: datetime) -> bool:
    try:
        await advance(
            ticket,
            TicketState.CALLED,
            actor=actor,
            now=now,
            window_no=window.number,
            called_at=now,
        )
    except ChangedMeanwhile:
        return False
    return True


async def _in_hand(window: Window, actor: Actor, now: datetime) -> QueueTicket:
    current = await _lock_own(window, actor)
    ticket = await ticket_at_window(current.point_code, local_day(now), current.number)
    if ticket is None:
        raise NoTicketAtWindow
    return ticket


async def _lock_own(window: Window, actor: Actor) -> Window:
    current = await lock_window(window)
    if current.opened_at is None or current.staff_id != actor.id:
        raise WindowClosed
    return current


async def _require_free(window: Window, now: datetime) -> None:
    if await ticket_at_window(window.point_code, local_day(now), window.number) is not None:
        raise WindowBusy


async def _staff(window: Window, staff_id: str | None, opened_at: datetime | None) -> None:
    await Window.filter(id=window.id).update(staff_id=staff_id, opened_at=opened_at)
    window.update_from_dict({"staff_id": staff_id, "opened_at": opened_at})
