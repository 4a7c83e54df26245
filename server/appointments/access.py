"""Who reaches which appointment, hold, wish, offer; who may not is told that there is none."""

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.appointments import Appointment, Hold
from models.draws import DrawWish
from models.waitlist import Offer, WaitlistEntry
from server.identity.relatives import find_bound
from server.kit.access import found


async def access_own_appointment(
    person_id: str, appointment_id: str, *, account_id: str
) -> Appointment:
    """Return one of `own_appointments`; raise `NotFound`."""
    own = await own_appointments(person_id, account_id)
    return found(await own.get_or_none(id=appointment_id))


async def own_appointments(person_id: str, account_id: str) -> QuerySet[Appointment]:
    """Return a person's appointments, and those that their account booked for relatives."""
    relatives = await find_bound(account_id)
    theirs = Q(account_id=account_id, person_id__in=[*relatives, person_id])
    return Appointment.filter(Q(person_id=person_id) | theirs)


async def access_point_appointment(point_code: str, appointment_id: str) -> Appointment:
    """Return an appointment at the point; raise `NotFound`."""
    return found(await Appointment.get_or_none(id=appointment_id, point_code=point_code))


async def access_own_hold(person_id: str, hold_id: str) -> Hold:
    """Return the person's own hold; raise `NotFound`."""
    return found(await Hold.get_or_none(id=hold_id, person_id=person_id))


async def access_own_entry(person_id: str, entry_id: str) -> WaitlistEntry:
    """Return the person's own wish on the waiting list; raise `NotFound`."""
    return found(await WaitlistEntry.get_or_none(id=entry_id, person_id=person_id))


async def access_own_draw_wish(person_id: str, wish_id: str) -> DrawWish:
    """Return the person's own wish for a new day; raise `NotFound`."""
    return found(await DrawWish.get_or_none(id=wish_id, person_id=person_id))


async def access_own_offer(person_id: str, offer_id: str) -> Offer:
    """Return an offer made to the person; raise `NotFound`."""
    return found(await Offer.get_or_none(id=offer_id, person_id=person_id))
