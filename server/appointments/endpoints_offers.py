"""Places that are held for citizens, as they answer them."""

from models.states import OfferState
from models.waitlist import Offer
from server.appointments import waitlist
from server.appointments.access import access_own_offer
from server.appointments.errors import (
    AlreadyBooked,
    BookingPaused,
    OfferGone,
    TooLateToChange,
    TooManyAppointments,
)
from server.appointments.schemas import AppointmentOut
from server.appointments.schemas_offers import OfferOut
from server.kit.access import CITIZENS
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

citizen = Surface("/citizen", tag="offers")
SURFACES = (citizen,)

_OWN = (NotFound, RealNameRequired, OfferGone, ChangedMeanwhile)


@citizen.get("/offers", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_offers(call: Call[None, PageQuery]) -> Page[OfferOut]:
    """List the places that are held for oneself, the newest first."""
    held = Offer.filter(person_id=call.person_id, state=OfferState.HELD)
    return await page_of(held, call.query, OfferOut.of)


@citizen.post(
    "/offers/<offer_id>/accept",
    allows=CITIZENS,
    refuses=(
        *_OWN,
        WrongState,
        TooLateToChange,
        AlreadyBooked,
        TooManyAppointments,
        BookingPaused,
    ),
    status=201,
)
async def accept(call: Call[None, None]) -> AppointmentOut:
    """Take the place that is held; the visit that it replaces ends in the same step."""
    offer = await access_own_offer(call.person_id, call.path["offer_id"])
    made = await waitlist.accept(
        offer, actor=call.actor, now=call.now, settings=call.ports.settings
    )
    return AppointmentOut.of(made)


@citizen.post("/offers/<offer_id>/decline", allows=CITIZENS, refuses=_OWN)
async def decline(call: Call[None, None]) -> None:
    """Turn the place down; what one has stays as it is."""
    offer = await access_own_offer(call.person_id, call.path["offer_id"])
    await waitlist.decline(offer, actor=call.actor, now=call.now, settings=call.ports.settings)
