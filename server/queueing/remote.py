"""Numbers taken from afar: near enough, kept while one is on the way, given up if nobody comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import Settings
from models.catalog import ServicePoint
from models.kinds import Assurance
from models.people import Person
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.rules import Place, distance_km, travel_minutes
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.identity.people import find_account_of
from server.kit.access import ENGINE, Actor
from server.kit.errors import WrongState
from server.kit.states import touch
from server.notifications.events import notify
from server.queueing.calling import abandon
from server.queueing.errors import AlreadyInQueue, AssuranceTooLow, RemotePaused, TooFar
from server.queueing.halls import take_hall
from server.queueing.leaving import plan_departure
from server.queueing.repository import count_unseen, has_unfinished
from server.queueing.rules import HERE_KM, arrive_by, label_of
from server.queueing.service import get_ticket
from server.queueing.tickets import WalkIn, take_ticket
from server.queueing.waits import look_from

ASSURED_ENOUGH = frozenset(Assurance) - {Assurance.DECLARED}
MOST_UNSEEN = 2
UNSEEN_COUNT_FOR = timedelta(days=30)
TURN_HAS_COME_MINUTES = 1.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody's phone is, and how many minutes the way takes if they said so."""

    place: Place
    travel_minutes: int | None = None


async def take_by_phone(
    walk_in: WalkIn,
    whereabouts: Whereabouts,
    *,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> QueueTicket:
    """Give a number to somebody with a phone: in the hall, or on the way to it.

    Raises as `take_ticket`; and for one who is not in the hall `TooFar`, `AssuranceTooLow`,
    `RemotePaused`, or `AlreadyInQueue` for one who has a number elsewhere.
    """
    point = await get_point(walk_in.point_code)
    far_km = _distance(point, whereabouts.place)
    if far_km <= HERE_KM:
        return await take_ticket(walk_in, actor=actor, now=now, settings=settings)
    if far_km > settings.remote_ticket_km:
        raise TooFar(within_km=settings.remote_ticket_km)
    await take_hall(point.code)
    await _require_trust(walk_in.person_id, now)
    distant = WalkIn(point.code, walk_in.kind, walk_in.person_id, walk_in.item_codes, is_here=False)
    ticket = await take_ticket(distant, actor=actor, now=now, settings=settings)
    minutes = whereabouts.travel_minutes or round(travel_minutes(far_km))
    await _expect(ticket, minutes, now)
    return ticket


async def arrive(ticket: QueueTicket, *, place: Place | None, now: datetime) -> QueueTicket:
    """Record that somebody has come: shown by the phone's place, or seen by a clerk (no place).

    Raises `TooFar`, or `WrongState` for one who was here or no longer waits.
    """
    point = await get_point(ticket.point_code)
    if place is not None and _distance(point, place) > HERE_KM:
        raise TooFar(within_km=HERE_KM)
    await take_hall(point.code)
    current = await get_ticket(ticket.id)
    if current.state is not TicketState.WAITING or current.arrived_at is not None:
        raise WrongState(state=str(current.state))
    await touch(current, arrived_at=now)
    return current


async def withdraw(ticket: QueueTicket, *, actor: Actor, now: datetime) -> QueueTicket:
    """Give a number back that still waits; raises `WrongState`."""
    await take_hall(ticket.point_code)
    current = await get_ticket(ticket.id)
    if current.state is not TicketState.WAITING:
        raise WrongState(state=str(current.state))
    await abandon(current, actor=actor, now=now, reason="withdrawn")
    return current


async def give_up_unarrived(ticket_id: str, now: datetime) -> None:
    """End a number whose turn came and whose person did not; wait on while it is not their turn."""
    ticket = await get_ticket(ticket_id)
    await take_hall(ticket.point_code)
    ticket = await get_ticket(ticket_id)
    if ticket.state is not TicketState.WAITING or ticket.arrived_at is not None:
        return
    left = (await look_from(ticket, now=now)).wait_minutes
    if left is not None and left > TURN_HAS_COME_MINUTES:
        await touch(ticket, arrive_by=arrive_by(now=now, travel_minutes=0, wait_minutes=left))
        return
    await _end_unarrived(ticket, now)


async def _end_unarrived(ticket: QueueTicket, now: datetime) -> None:
    # Whoever was sent here from a point that went dark did not choose to come, and keeps the rank.
    has_chosen = ticket.origin_id is None or ticket.rank_at == ticket.taken_at
    state = TicketState.NO_SHOW if has_chosen else TicketState.ABANDONED
    await abandon(ticket, actor=ENGINE, now=now, reason="did not come", state=state)
    point = await get_point(ticket.point_code)
    await notify(
        kind="ticket_not_used",
        account_id=await find_account_of(ticket.person_id),
        subject_id=ticket.id,
        key="ended",
        now=now,
        data={"point": point.name, "ticket": label_of(ticket.series, ticket.number)},
    )


async def _require_trust(person_id: str, now: datetime) -> None:
    # Locked, so that two numbers taken at once at two points are seen one by the other.
    person = await Person.filter(id=person_id).select_for_update().get()
    if person.assurance not in ASSURED_ENOUGH:
        raise AssuranceTooLow
    if await count_unseen(person_id, local_day(now - UNSEEN_COUNT_FOR)) >= MOST_UNSEEN:
        raise RemotePaused
    if await has_unfinished(person_id, local_day(now)):
        raise AlreadyInQueue


async def _expect(ticket: QueueTicket, minutes: int, now: datetime) -> None:
    kept_until = arrive_by(now=now, travel_minutes=minutes, wait_minutes=ticket.predicted_minutes)
    await touch(ticket, arrive_by=kept_until)
    await plan_departure(ticket, minutes=minutes)


def _distance(point: ServicePoint, place: Place) -> float:
    return distance_km(place, Place(point.lat, point.lng))
