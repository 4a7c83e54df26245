"""Waiting for places, and answering the offers that are made."""

from models.waitlist import WaitlistEntry
from server.appointments.access import access_own_entry
from server.appointments.booking import booker_of
from server.appointments.errors import (
    AlreadyBooked,
    NotAcceptedHere,
    OfferGone,
    TooLateToWait,
    TooManyWaiting,
)
from server.appointments.schemas_waitlist import WaitIn, WaitOut
from server.appointments.waitlist import join_waitlist, withdraw
from server.catalog.errors import UnknownItem, UnknownPoint
from server.kit.access import CITIZENS
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

citizen = Surface("/citizen", tag="waitlist")
SURFACES = (citizen,)

_ANSWER = (NotFound, RealNameRequired, OfferGone, ChangedMeanwhile, WrongState)


@citizen.post(
    "/waitlist",
    allows=CITIZENS,
    refuses=(
        RealNameRequired,
        UnknownItem,
        UnknownPoint,
        NotAcceptedHere,
        TooLateToWait,
        AlreadyBooked,
        TooManyWaiting,
        ChangedMeanwhile,
    ),
    status=201,
)
async def join(call: Call[WaitIn, None]) -> WaitOut:
    """Wait for a place that somebody gives up; a visit for the same items stays meanwhile."""
    entry = await join_waitlist(
        call.body.between(call.body.first_on, call.body.last_on),
        await booker_of(call.person_id, call.actor),
        now=call.now,
        settings=call.ports.settings,
    )
    return WaitOut.of(entry)


@citizen.get("/waitlist", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_wishes(call: Call[None, PageQuery]) -> Page[WaitOut]:
    """List one's wishes, the newest first."""
    rows = WaitlistEntry.filter(person_id=call.person_id)
    return await page_of(rows, call.query, WaitOut.of)


@citizen.delete(
    "/waitlist/<entry_id>",
    allows=CITIZENS,
    refuses=(NotFound, RealNameRequired, WrongState, ChangedMeanwhile),
)
async def leave(call: Call[None, None]) -> None:
    """Wait no longer; a place that was offered goes to the next."""
    entry = await access_own_entry(call.person_id, call.path["entry_id"])
    await withdraw(entry, actor=call.actor, now=call.now, settings=call.ports.settings)
