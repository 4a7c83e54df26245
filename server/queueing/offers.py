"""Offers to go elsewhere: where the policy would send one who waits in a hall, and going there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.catalog import ServicePoint
from models.kinds import PointLevel, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.appointments.service import works_within
from server.balancing.guidance import MOST_OFFERS
from server.balancing.loads import LOADS, minutes_of
from server.balancing.presence import dark_points
from server.catalog.errors import UnknownItem
from server.catalog.service import get_point, levels_for
from server.kit.access import Actor
from server.kit.errors import WrongState
from server.kit.redis import Redis
from server.queueing.errors import NoSooner
from server.queueing.halls import take_hall
from server.queueing.repository import count_sent_on, has_unfinished
from server.queueing.rules import arrive_by, lane_elsewhere
from server.queueing.service import get_ticket
from server.queueing.tickets import SOON
from server.queueing.transferring import Destination, minutes_between, move_ticket, tell_moved
from server.queueing.waits import Queue, look_at_queue, look_from

LEAST_SAVED_MINUTES = 1.0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A point where one who waits in a hall would be called sooner; `wait` is that once there.

    `saved` is None while no window is open where one waits: nobody knows how long that lasts.
    """

    point: ServicePoint
    travel: float
    wait: float
    saved: float | None

    def holds_until(self, now: datetime) -> datetime | None:
        """Return when staying will be as good, if nothing else happens."""
        if self.saved is None:
            return None
        return now + timedelta(minutes=self.saved - LEAST_SAVED_MINUTES)


async def find_offer(
    ticket: QueueTicket, queue: Queue, redis: Redis, *, now: datetime
) -> Elsewhere | None:
    """Return where the policy would send the person, if they are called sooner there themselves.

    `queue` is what they see of the hall where they wait.
    """
    if not await _may_go(ticket):
        return None
    code = await _choose(ticket, queue.people_before, redis, now)
    return None if code is None else await _weigh(ticket, queue, await get_point(code), now)


async def take_offer(
    ticket: QueueTicket, point_code: str, *, actor: Actor, now: datetime
) -> QueueTicket:
    """Give one who waits in a hall a number at another point instead, as of now.

    Raises `UnknownPoint`, `WrongState` for one who was called meanwhile or has not come yet, and
    `NoSooner`.
    """
    point = await get_point(point_code)
    await take_hall(ticket.point_code, point.code)
    current = await get_ticket(ticket.id)
    if not _waits_here(current):
        raise WrongState(state=str(current.state))
    queue = await look_from(current, now=now)
    offer = await _weigh(current, queue, point, now) if await _may_go(current) else None
    if offer is None:
        raise NoSooner
    kept_until = arrive_by(
        now=now, travel_minutes=offer.travel, wait_minutes=offer.travel + offer.wait
    )
    there = Destination(point.code, current.kind, arrive_by=kept_until, keeps_place=False)
    successor = await move_ticket(current, there, actor=actor, now=now)
    await tell_moved(successor, "ticket_moved", now=now)
    return successor


def _waits_here(ticket: QueueTicket) -> bool:
    return ticket.state is TicketState.WAITING and ticket.arrived_at is not None


async def _may_go(ticket: QueueTicket) -> bool:
    """Tell whether offers are for this one: the board knows the windows that accept, and no other.

    Whoever was sent to one window has begun here.
    """
    return (
        _waits_here(ticket)
        and ticket.kind is WindowKind.ACCEPT
        and ticket.wanted_window_no is None
        and await count_sent_on(ticket.person_id, ticket.day) < MOST_OFFERS
    )


async def _choose(ticket: QueueTicket, before: int, redis: Redis, now: datetime) -> str | None:
    known = await LOADS.look(redis, now=now)
    here = known.live.get(ticket.point_code)
    if here is None:
        return None
    board = known.board_of(await _levels_for(ticket), is_staffed=True)
    choice = board.offer_in_queue(here, before, minutes_of(now))
    return None if choice is None else choice.point.code


async def _weigh(
    ticket: QueueTicket, queue: Queue, point: ServicePoint, now: datetime
) -> Elsewhere | None:
    """Return what going there brings by what both halls predict now; None if it brings nothing."""
    if not await _takes(point, ticket):
        return None
    lane = lane_elsewhere(ticket.lane)
    called_in = (await look_at_queue(point.code, ticket.kind, now=now, lane=lane)).wait_minutes
    if called_in is None:
        return None
    travel = minutes_between(await get_point(ticket.point_code), point)
    wait = max(0.0, called_in - travel)
    if not await works_within(point.code, SOON, now=now + timedelta(minutes=travel + wait)):
        return None
    saved = None if queue.wait_minutes is None else queue.wait_minutes - travel - wait
    if saved is not None and saved < LEAST_SAVED_MINUTES:
        return None
    return Elsewhere(point, travel, wait, saved)


async def _takes(point: ServicePoint, ticket: QueueTicket) -> bool:
    return (
        point.is_open
        and point.code != ticket.point_code
        and point.level in await _levels_for(ticket)
        and not await dark_points([point.code])
        and not await has_unfinished(ticket.person_id, ticket.day, point.code)
    )


async def _levels_for(ticket: QueueTicket) -> set[PointLevel]:
    try:
        return await levels_for(ticket.item_codes)
    except UnknownItem:
        # Withdrawn since the number was taken.
        return set()
