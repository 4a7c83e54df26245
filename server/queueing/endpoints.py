"""The queue as citizens and the hall see it."""

from models.states import TicketState
from server.appointments.access import access_own_appointment
from server.appointments.errors import AlreadyBooked, NotAcceptedHere, TooEarly
from server.balancing.rules import Place, distance_km, travel_minutes
from server.catalog.errors import UnknownItem, UnknownPoint
from server.catalog.service import get_point
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import EVENT_STREAM, Call, EventStream, RealNameRequired
from server.kit.http.routes import Surface
from server.queueing import endpoints_desk, endpoints_district
from server.queueing.access import access_own_ticket
from server.queueing.display import show_hall, whole_minutes
from server.queueing.errors import (
    AlreadyInQueue,
    AssuranceTooLow,
    NoSooner,
    PointClosed,
    RemotePaused,
    TooFar,
)
from server.queueing.feed import HallFeed
from server.queueing.leaving import plan_departure
from server.queueing.offers import find_offer, take_offer
from server.queueing.remote import Whereabouts, arrive, take_by_phone, withdraw
from server.queueing.schemas import (
    LONGEST_WAY_MINUTES,
    DisplayOut,
    ElsewhereOut,
    MoveIn,
    PlaceIn,
    TicketDetailOut,
    TicketIn,
    TicketOut,
    WayIn,
    WayOut,
    facts_of,
)
from server.queueing.tickets import WalkIn, check_in
from server.queueing.waits import look_from

public = Surface("/public", tag="display")
citizen = Surface("/citizen", tag="tickets")
SURFACES = (public, citizen, *endpoints_desk.SURFACES, endpoints_district.district)

_MOVES = (NotFound, RealNameRequired, WrongState, ChangedMeanwhile)


@public.get("/points/<code>/display", allows=EVERYBODY, refuses=(UnknownPoint,))
async def display(call: Call[None, None]) -> DisplayOut | EventStream:
    """Show whom the windows call and who is next.

    Whoever accepts `text/event-stream` is told each change as it happens, and after a break goes
    on from the `Last-Event-ID` that it names.
    """
    point = await get_point(call.path["code"])
    if EVENT_STREAM not in call.headers.get("accept", ""):
        return await show_hall(point.code, now=call.now)
    last_event_id = call.headers.get("last-event-id", "")
    return EventStream(HallFeed(point.code, call.ports, last_event_id=last_event_id).events())


@citizen.post(
    "/appointments/<appointment_id>/check-in",
    allows=CITIZENS,
    refuses=(*_MOVES, TooEarly, AlreadyBooked),
    status=201,
)
async def check_in_own(call: Call[None, None]) -> TicketOut:
    """Check in for a visit: the booking becomes a place in the queue."""
    row = await access_own_appointment(
        call.person_id, call.path["appointment_id"], account_id=call.actor.id
    )
    settings = call.ports.settings
    return TicketOut.of(await check_in(row, actor=call.actor, now=call.now, settings=settings))


@citizen.put(
    "/appointments/<appointment_id>/way",
    allows=CITIZENS,
    refuses=(NotFound, RealNameRequired),
)
async def set_way(call: Call[WayIn, None]) -> WayOut:
    """Say how long the way to a booked visit takes, to be told when to set out."""
    row = await access_own_appointment(
        call.person_id, call.path["appointment_id"], account_id=call.actor.id
    )
    point = await get_point(row.point_code)
    minutes = call.body.travel_minutes or _minutes_to(call.body.place, Place(point.lat, point.lng))
    await plan_departure(row, minutes=minutes)
    return WayOut(travel_minutes=minutes)


@citizen.post(
    "/tickets",
    allows=CITIZENS,
    refuses=(
        RealNameRequired,
        UnknownPoint,
        UnknownItem,
        NotAcceptedHere,
        PointClosed,
        AlreadyInQueue,
        TooFar,
        AssuranceTooLow,
        RemotePaused,
        TooEarly,
        WrongState,
        ChangedMeanwhile,
        AlreadyBooked,
    ),
    status=201,
)
async def take(call: Call[TicketIn, None]) -> TicketOut:
    """Take a queue number: in the hall, or on the way to it.

    A booking that is due at the point is checked in by it. Whoever is on the way keeps the place,
    and is called once `arrive` was said.
    """
    body = call.body
    walk_in = WalkIn(body.point_code, body.kind, call.person_id, tuple(body.item_codes or ()))
    whereabouts = Whereabouts(body.place, body.travel_minutes)
    return TicketOut.of(
        await take_by_phone(
            walk_in, whereabouts, actor=call.actor, now=call.now, settings=call.ports.settings
        )
    )


@citizen.get("/tickets/<ticket_id>", allows=CITIZENS, refuses=(NotFound, RealNameRequired))
async def show(call: Call[None, None]) -> TicketDetailOut:
    """Show one's ticket, how many are before it, how long that may take, and where it is sooner."""
    ticket = await access_own_ticket(call.person_id, call.path["ticket_id"])
    if ticket.state is not TicketState.WAITING:
        return TicketDetailOut(**facts_of(ticket), people_before=0, wait_minutes=None)
    queue = await look_from(ticket, now=call.now)
    offer = await find_offer(ticket, queue, call.ports.redis, now=call.now)
    return TicketDetailOut(
        **facts_of(ticket),
        people_before=queue.people_before,
        wait_minutes=whole_minutes(queue.wait_minutes),
        offer=None if offer is None else ElsewhereOut.of(offer, now=call.now),
    )


@citizen.post(
    "/tickets/<ticket_id>/move",
    allows=CITIZENS,
    refuses=(*_MOVES, UnknownPoint, NoSooner),
    status=201,
)
async def move(call: Call[MoveIn, None]) -> TicketOut:
    """Go to the point that was offered: a number there, as of now, takes the place of this one.

    Whoever was called meanwhile stays, and so does everybody once the other point is no sooner.
    """
    ticket = await access_own_ticket(call.person_id, call.path["ticket_id"])
    return TicketOut.of(
        await take_offer(ticket, call.body.point_code, actor=call.actor, now=call.now)
    )


@citizen.post("/tickets/<ticket_id>/arrive", allows=CITIZENS, refuses=(*_MOVES, TooFar))
async def arrive_here(call: Call[PlaceIn, None]) -> TicketOut:
    """Say that one has come to the point, shown by where the phone is."""
    ticket = await access_own_ticket(call.person_id, call.path["ticket_id"])
    return TicketOut.of(await arrive(ticket, place=call.body.place, now=call.now))


@citizen.post("/tickets/<ticket_id>/withdraw", allows=CITIZENS, refuses=_MOVES)
async def give_back(call: Call[None, None]) -> TicketOut:
    """Give a number back that one no longer needs."""
    ticket = await access_own_ticket(call.person_id, call.path["ticket_id"])
    return TicketOut.of(await withdraw(ticket, actor=call.actor, now=call.now))


def _minutes_to(place: Place | None, point: Place) -> int:
    distance = None if place is None else distance_km(place, point)
    return min(LONGEST_WAY_MINUTES, max(1, round(travel_minutes(distance))))
