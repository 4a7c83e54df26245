"""The queue as the windows work it."""

from models.kinds import Assurance
from server.appointments.access import access_point_appointment
from server.appointments.errors import AlreadyBooked, NotAcceptedHere, TooEarly
from server.catalog.errors import UnknownItem
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.people import register_person
from server.kit.access import POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.queueing.access import access_window
from server.queueing.errors import (
    AlreadyInQueue,
    NobodyWaiting,
    NoTicketAtWindow,
    PointClosed,
    WindowBusy,
    WindowClosed,
    WindowTaken,
)
from server.queueing.schemas import DeskTicketIn, TicketOut, WindowOut
from server.queueing.tickets import WalkIn, check_in, take_ticket
from server.queueing.windows import (
    call_next,
    close_window,
    finish,
    miss,
    open_window,
    recall,
    start,
)

desk = Surface("/desk", tag="queue")
SURFACES = (desk,)

_IN_HAND = (NotFound, WindowClosed, NoTicketAtWindow, WrongState, ChangedMeanwhile)


@desk.post(
    "/appointments/<appointment_id>/check-in",
    allows=POINT_STAFF,
    refuses=(NotFound, TooEarly, WrongState, ChangedMeanwhile, AlreadyBooked),
    status=201,
)
async def check_visitor_in(call: Call[None, None]) -> TicketOut:
    """Check somebody in who is at the point."""
    row = await access_point_appointment(call.point_code, call.path["appointment_id"])
    ticket = await check_in(
        row,
        actor=call.actor,
        now=call.now,
        at_any_time=call.ports.settings.check_in_at_any_time,
    )
    return TicketOut.of(ticket)


@desk.post(
    "/tickets",
    allows=POINT_STAFF,
    refuses=(
        NotFound,
        UnknownItem,
        NotAcceptedHere,
        PointClosed,
        AlreadyInQueue,
        IdNumberInvalid,
        IdentityTaken,
    ),
    status=201,
)
async def give_ticket(call: Call[DeskTicketIn, None]) -> TicketOut:
    """Give a queue number to somebody without a phone."""
    person = await register_person(
        name=call.body.name,
        id_number=call.body.id_number,
        assurance=Assurance.SEEN_AT_WINDOW,
        now=call.now,
    )
    items = tuple(call.body.item_codes or ())
    walk_in = WalkIn(call.point_code, call.body.kind, person.id, items)
    return TicketOut.of(await take_ticket(walk_in, actor=call.actor, now=call.now))


@desk.post("/windows/<no>/open", allows=POINT_STAFF, refuses=(NotFound, WindowTaken))
async def open_one(call: Call[None, None]) -> WindowOut:
    """Open a window and work at it."""
    window = await access_window(call.point_code, call.path["no"])
    return WindowOut.of(await open_window(window, actor=call.actor, now=call.now))


@desk.post(
    "/windows/<no>/close",
    allows=POINT_STAFF,
    refuses=(NotFound, WindowClosed, WindowTaken, WindowBusy),
)
async def close_one(call: Call[None, None]) -> WindowOut:
    """Close a window; managers may close any."""
    window = await access_window(call.point_code, call.path["no"])
    return WindowOut.of(await close_window(window, actor=call.actor, now=call.now))


@desk.post(
    "/windows/<no>/call-next",
    allows=POINT_STAFF,
    refuses=(NotFound, WindowClosed, WindowBusy, NobodyWaiting),
)
async def call_one(call: Call[None, None]) -> TicketOut:
    """Call whoever is next."""
    window = await access_window(call.point_code, call.path["no"])
    return TicketOut.of(await call_next(window, actor=call.actor, now=call.now))


@desk.post("/windows/<no>/recall", allows=POINT_STAFF, refuses=_IN_HAND)
async def recall_one(call: Call[None, None]) -> TicketOut:
    """Call the same number once more."""
    window = await access_window(call.point_code, call.path["no"])
    return TicketOut.of(await recall(window, actor=call.actor, now=call.now))


@desk.post("/windows/<no>/start", allows=POINT_STAFF, refuses=_IN_HAND)
async def start_one(call: Call[None, None]) -> TicketOut:
    """Record that the person called has come."""
    window = await access_window(call.point_code, call.path["no"])
    return TicketOut.of(await start(window, actor=call.actor, now=call.now))


@desk.post("/windows/<no>/finish", allows=POINT_STAFF, refuses=_IN_HAND)
async def finish_one(call: Call[None, None]) -> TicketOut:
    """Record that the person was served."""
    window = await access_window(call.point_code, call.path["no"])
    return TicketOut.of(await finish(window, actor=call.actor, now=call.now))


@desk.post("/windows/<no>/miss", allows=POINT_STAFF, refuses=_IN_HAND)
async def miss_one(call: Call[None, None]) -> TicketOut:
    """Record that nobody came when called."""
    window = await access_window(call.point_code, call.path["no"])
    return TicketOut.of(await miss(window, actor=call.actor, now=call.now))
