"""The queue as citizens and the hall see it."""

from datetime import datetime

from models.kinds import WindowKind
from models.queueing import QueueTicket
from server.appointments.access import access_own_appointment
from server.appointments.errors import AlreadyBooked, NotAcceptedHere, TooEarly
from server.catalog.errors import UnknownItem, UnknownPoint
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.routes import Surface
from server.queueing import endpoints_desk
from server.queueing.access import access_own_ticket
from server.queueing.errors import AlreadyInQueue, PointClosed
from server.queueing.repository import tickets_at_windows
from server.queueing.rules import label_of
from server.queueing.schemas import (
    CallOut,
    DisplayOut,
    KindOut,
    TicketDetailOut,
    TicketIn,
    TicketOut,
    facts_of,
)
from server.queueing.service import load_of_point, people_before
from server.queueing.tickets import WalkIn, check_in, take_ticket

public = Surface("/public", tag="display")
citizen = Surface("/citizen", tag="tickets")
SURFACES = (public, citizen, *endpoints_desk.SURFACES)

MOST_NEXT = 5


@public.get("/points/<code>/display", allows=EVERYBODY, refuses=(UnknownPoint,))
async def display(call: Call[None, None]) -> DisplayOut:
    """Show whom the windows call and who is next."""
    point = await get_point(call.path["code"])
    rows = await tickets_at_windows(point.code, local_day(call.now))
    return DisplayOut(
        point_code=point.code,
        calls=[_call(row) for row in rows if row.window_no is not None],
        kinds=[await _kind(point.code, kind, call.now) for kind in WindowKind],
    )


@citizen.post(
    "/appointments/<appointment_id>/check-in",
    allows=CITIZENS,
    refuses=(NotFound, RealNameRequired, TooEarly, WrongState, ChangedMeanwhile, AlreadyBooked),
    status=201,
)
async def check_in_own(call: Call[None, None]) -> TicketOut:
    """Check in for a visit: the booking becomes a place in the queue."""
    row = await access_own_appointment(
        call.person_id, call.path["appointment_id"], account_id=call.actor.id
    )
    ticket = await check_in(
        row,
        actor=call.actor,
        now=call.now,
        at_any_time=call.ports.settings.check_in_at_any_time,
    )
    return TicketOut.of(ticket)


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
    ),
    status=201,
)
async def take(call: Call[TicketIn, None]) -> TicketOut:
    """Take a queue number without a booking."""
    walk_in = WalkIn(
        point_code=call.body.point_code,
        kind=call.body.kind,
        person_id=call.person_id,
        item_codes=tuple(call.body.item_codes or ()),
    )
    return TicketOut.of(await take_ticket(walk_in, actor=call.actor, now=call.now))


@citizen.get("/tickets/<ticket_id>", allows=CITIZENS, refuses=(NotFound, RealNameRequired))
async def show(call: Call[None, None]) -> TicketDetailOut:
    """Show one's ticket, how many are before it and how long that may take."""
    ticket = await access_own_ticket(call.person_id, call.path["ticket_id"])
    load = await load_of_point(ticket.point_code, now=call.now, kind=ticket.kind)
    before = people_before(ticket, load)
    return TicketDetailOut(
        **facts_of(ticket), people_before=before, wait_minutes=load.wait_minutes(before)
    )


def _call(row: QueueTicket) -> CallOut:
    label = label_of(row.series, row.number)
    return CallOut(label=label, window_no=row.window_no or 0, state=row.state)


async def _kind(point_code: str, kind: WindowKind, now: datetime) -> KindOut:
    load = await load_of_point(point_code, now=now, kind=kind)
    return KindOut(
        kind=kind,
        waiting=len(load.order),
        open_windows=load.open_windows,
        wait_minutes=load.wait_minutes(len(load.order)),
        next_labels=[label_of(row.series, row.number) for row in load.order[:MOST_NEXT]],
    )
