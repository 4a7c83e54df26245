"""Who reaches which appointment and hold; whoever may not is told that there is none."""

from models.appointments import Appointment, Hold
from models.waitlist import Offer
from server.kit.errors import NotFound


async def access_own_appointment(person_id: str, appointment_id: str) -> Appointment:
    """Return the person's own appointment; raise `NotFound`."""
    return _found(await Appointment.get_or_none(id=appointment_id, person_id=person_id))


async def access_point_appointment(point_code: str, appointment_id: str) -> Appointment:
    """Return an appointment at the point; raise `NotFound`."""
    return _found(await Appointment.get_or_none(id=appointment_id, point_code=point_code))


async def access_own_hold(person_id: str, hold_id: str) -> Hold:
    """Return the person's own hold; raise `NotFound`."""
    hold = await Hold.get_or_none(id=hold_id, person_id=person_id)
    if hold is None:
        raise NotFound
    return hold


async def access_own_offer(person_id: str, offer_id: str) -> Offer:
    """Return an offer to the person; raise `NotFound`."""
    offer = await Offer.get_or_none(id=offer_id, person_id=person_id)
    if offer is None:
        raise NotFound
    return offer


def _found(appointment: Appointment | None) -> Appointment:
    if appointment is None:
        raise NotFound
    return appointment
