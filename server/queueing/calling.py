"""Calling: each ticket goes to one window, each window has one ticket."""

from datetime import datetime

from tortoise.expressions import Q

from models.catalog import Window
from models.kinds import HallNewsKind, Lane
from models.queueing import QueueTicket
from models.states import AppointmentState, TicketState
from server.appointments.service import (
    get_appointment,
    mark_abandoned,
    mark_served,
    mark_serving,
)
from server.catalog.rules import local_day
from server.kit.access import Actor
from server.kit.states import advance, touch
from server.queueing.errors import NobodyWaiting, NoTicketAtWindow
from server.queueing.halls import tell_hall
from server.queueing.repository import (
    first_in_a_row,
    kinds_of,
    next_of_each,
    next_plain,
    ticket_at_window,
    waiting_at,
    windows_of,
)
from server.queueing.rules import (
    BACK_AFTER,
    MOST_MISSES,
    Standing,
    Waiting,
    call_order,
    rank_after_miss,
)
from server.queueing.windows import require_free, take_own


async def call_next(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Call whoever is next to the window; no other window gets the same ticket.

    Raises `WindowClosed`, `WindowBusy` or `NobodyWaiting`.
    """
    current = await take_own(window, actor, now)
    await require_free(current, now)
    chosen = await _choose(current, now)
    ticket = await QueueTicket.get(id=chosen.id)
    change = await tell_hall(ticket, HallNewsKind.CALLED, window_no=current.number, now=now)
    await advance(
        ticket,
        TicketState.CALLED,
        actor=actor,
        now=now,
        window_no=current.number,
        called_at=now,
        called_in=change,
        called_as=chosen.lane if chosen.standing(now) is Standing.FIRST else Lane.PLAIN,
        first_called_at=ticket.first_called_at or now,
    )
    return ticket


async def recall(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Call the window's ticket once more; raises `WindowClosed` or `NoTicketAtWindow`."""
    ticket = await in_hand(window, actor, now)
    if ticket.state is not TicketState.CALLED:
        raise NoTicketAtWindow
    await touch(ticket, called_at=now)
    number = ticket.window_no or 0
    await tell_hall(ticket, HallNewsKind.RECALLED, window_no=number, now=now)
    return ticket


async def start(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that the person called has come; raises as `recall`, or `WrongState`."""
    ticket = await in_hand(window, actor, now)
    await _serve(ticket, actor, now)
    return ticket


async def finish(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that the person was served; raises as `recall`."""
    ticket = await in_hand(window, actor, now)
    if ticket.state is TicketState.CALLED:
        await _serve(ticket, actor, now)
    await conclude(ticket, actor=actor, now=now)
    await clear_window(ticket, now)
    return ticket


async def miss(window: Window, *, actor: Actor, now: datetime) -> QueueTicket:
    """Record that nobody came: back as a plain one behind three, or out the second time.

    Raises as `recall`, or `WrongState` if the person is being served.
    """
    ticket = await in_hand(window, actor, now)
    misses = ticket.misses + 1
    await advance(ticket, TicketState.MISSED, actor=actor, now=now, misses=misses)
    await clear_window(ticket, now)
    if misses >= MOST_MISSES:
        await abandon(ticket, actor=actor, now=now, reason="missed twice")
        return ticket
    waiting = waiting_at(ticket.point_code, ticket.day, [ticket.kind])
    await advance(
        ticket,
        TicketState.WAITING,
        actor=actor,
        now=now,
        lane=Lane.PLAIN,
        rank_at=rank_after_miss(await next_plain(waiting, limit=BACK_AFTER), now=now),
        window_no=None,
    )
    return ticket


async def conclude(ticket: QueueTicket, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """End a ticket that is being served, and its visit."""
    await advance(ticket, TicketState.DONE, actor=actor, now=now, reason=reason, done_at=now)
    if ticket.appointment_id is not None:
        appointment = await get_appointment(ticket.appointment_id)
        await mark_served(appointment, actor=actor, now=now)


async def abandon(
    ticket: QueueTicket,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
    state: TicketState = TicketState.ABANDONED,
) -> None:
    """End a ticket whose person was not served, and its visit."""
    await advance(ticket, state, actor=actor, now=now, reason=reason, done_at=now)
    if ticket.appointment_id is None:
        return
    appointment = await get_appointment(ticket.appointment_id)
    if appointment.state is AppointmentState.SERVING:
        # Served at one window before being sent to the next.
        await mark_served(appointment, actor=actor, now=now)
    else:
        await mark_abandoned(appointment, actor=actor, now=now)


async def in_hand(window: Window, actor: Actor, now: datetime) -> QueueTicket:
    """Take the hall and return the ticket at the actor's window.

    Raises `WindowClosed` or `NoTicketAtWindow`.
    """
    current = await take_own(window, actor, now)
    ticket = await ticket_at_window(current.point_code, local_day(now), current.number)
    if ticket is None:
        raise NoTicketAtWindow
    return ticket


async def clear_window(ticket: QueueTicket, now: datetime) -> None:
    """Tell the display that the ticket's window has nobody any more."""
    await tell_hall(ticket, HallNewsKind.CLEARED, window_no=ticket.window_no or 0, now=now)


async def _serve(ticket: QueueTicket, actor: Actor, now: datetime) -> None:
    await advance(
        ticket, TicketState.SERVING, actor=actor, now=now, serving_at=now, served_by=actor.id
    )
    if ticket.appointment_id is None:
        return
    appointment = await get_appointment(ticket.appointment_id)
    if appointment.state is not AppointmentState.SERVING:
        await mark_serving(appointment, actor=actor, now=now)


async def _choose(window: Window, now: datetime) -> Waiting:
    """Return whoever is next among those who are here and were not sent to another open window."""
    day, kinds = local_day(now), kinds_of(window)
    windows = await windows_of(window.point_code)
    others = [one.number for one in windows if one.opened_at and one.number != window.number]
    here = waiting_at(window.point_code, day, kinds).exclude(arrived_at=None)
    mine = here.filter(Q(wanted_window_no=None) | ~Q(wanted_window_no__in=others))
    streak = await first_in_a_row(window.point_code, day, kinds)
    waiting = await next_of_each(mine, now=now, limit=1)
    order = call_order(waiting, now=now, first_in_a_row=streak)
    if not order:
        raise NobodyWaiting
    return order[0]
