"""The queue as the windows work it."""

from models.kinds import Assurance
from models.queueing import QueueTicket
from server.appointments.access import access_point_appointment
from server.appointments.errors import AlreadyBooked, NotAcceptedHere, TooEarly
from server.catalog.errors import UnknownItem
from server.catalog.rules import local_day
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.people import register_person
from server.kit.access import POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page
from server.queueing.access import access_point_ticket, access_window
from server.queueing.calling import call_next, finish, miss, recall, start
from server.queueing.errors import (
    AlreadyInQueue,
    KindNotServed,
    NobodyWaiting,
    NoTicketAtWindow,
    PointClosed,
    WindowBusy,
    WindowClosed,
    WindowTaken,
)
from server.queueing.remote import arrive
from server.queueing.schemas import (
    ChangeIn,
    DeskTicketIn,
    OpenIn,
    TicketOut,
    TicketsQuery,
    TransferIn,
    WindowOut,
)
from server.queueing.tickets import WalkIn, check_in, take_ticket
from server.queueing.transferring import transfer_ticket
from server.queueing.windows import change_window, close_window, open_window

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
    settings = call.ports.settings
    return TicketOut.of(await check_in(row, actor=call.actor, now=call.now, settings=settings))


@desk.get("/tickets", allows=POINT_STAFF, refuses=(NotFound,))
async def list_tickets(call: Call[None, TicketsQuery]) -> Page[TicketOut]:
    """List the numbers of a day at one's own point, the oldest first.

    Those that the end of a day left `abandoned` are people to be called back.
    """
    day = call.query.day or local_day(call.now)
    rows = QueueTicket.filter(point_code=call.point_code, day=day)
    if call.query.state is not None:
        rows = rows.filter(state=call.query.state)
    return await page_of(rows, call.query, TicketOut.of, oldest_first=True)


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
        TooEarly,
        WrongState,
        ChangedMeanwhile,
        AlreadyBooked,
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
    walk_in = WalkIn(call.point_code, call.body.kind, person.id, items, call.body.is_green)
    settings = call.ports.settings
    return TicketOut.of(
        await take_ticket(walk_in, actor=call.actor, now=call.now, settings=settings)
    )


@desk.post(
    "/tickets/<ticket_id>/arrive",
    allows=POINT_STAFF,
    refuses=(NotFound, WrongState, ChangedMeanwhile),
)
async def see_arrived(call: Call[None, None]) -> TicketOut:
    """Record that somebody with a number taken from afar is here."""
    ticket = await access_point_ticket(call.point_code, call.path["ticket_id"])
    return TicketOut.of(await arrive(ticket, place=None, now=call.now))


@desk.post("/windows/<no>/open", allows=POINT_STAFF, refuses=(NotFound, WindowTaken))
async def open_one(call: Call[OpenIn, None]) -> WindowOut:
    """Open a window and work at it; once more to change what else it serves."""
    window = await access_window(call.point_code, call.path["no"])
    kinds = call.body.also_kinds
    return WindowOut.of(await open_window(window, actor=call.actor, now=call.now, also_kinds=kinds))


@desk.post(
    "/windows/<no>/change",
    allows=POINT_STAFF,
    refuses=(NotFound, WindowClosed, WindowTaken, ChangedMeanwhile),
)
async def change_one(call: Call[ChangeIn, None]) -> WindowOut:
    """Go on at another window, with whom one has in hand."""
    window = await access_window(call.point_code, call.path["no"])
    target = await access_window(call.point_code, str(call.body.to_no))
    return WindowOut.of(await change_window(window, target, actor=call.actor, now=call.now))


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


@desk.post("/windows/<no>/transfer", allows=POINT_STAFF, refuses=(*_IN_HAND, KindNotServed))
async def transfer_one(call: Call[TransferIn, None]) -> TicketOut:
    """Send whoever is here on to another kind of window, or to one window; show the new number."""
    window = await access_window(call.point_code, call.path["no"])
    wanted = call.body
    successor = await transfer_ticket(
        window, kind=wanted.kind, window_no=wanted.window_no, actor=call.actor, now=call.now
    )
    return TicketOut.of(successor)
