"""Persons, slots and visits for the tests of appointments and the queue."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from models.appointments import Appointment, AppointmentItem, BookingAllowance, Hold, Slot
from models.bookkeeping import Transition
from models.draws import Draw, DrawWish
from models.kinds import OfferCause, WindowKind
from models.states import ReleaseState
from models.waitlist import Offer, Release, WaitlistEntry
from server.appointments.booking import Booker, book, book_held, cancel, reschedule
from server.appointments.holds import hold_place
from server.appointments.offers import Proposal, make_offer
from server.appointments.repository import Place
from server.appointments.tasks import release_places
from server.appointments.visits import Plan, Wish, find_at
from server.identity.people import register_person
from server.identity.rules import complete_id_number
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction

STREET = "350102001000"
OTHER_STREET = "350102002000"
ITEM = "GL0001"
"""25 minutes at the window: five slots."""
SHORT_ITEM = "GL0004"
"""12 minutes: three slots."""

QUANTUM = timedelta(minutes=5)
TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""Ten o'clock in Fuzhou on the day after the tests' Monday."""

CLERK = Actor(Role.CLERK, id="clerk", point_code=STREET)


async def make_booker(number=1):
    """A person with an account, known by a number."""
    person = await register_person(
        name="张三",
        id_number=complete_id_number(f"35010219{70 + number // 1000:02d}0101{number % 1000:03d}"),
        now=TEN,
    )
    actor = Actor(Role.CITIZEN, id=f"account{number}", person_id=person.id)
    return Booker(person.id, person.id_digest, actor.id, actor)


async def make_slots(count, *, capacity=1, begin=TEN, point_code=STREET):
    """So many neighbouring slots; their ids in time order."""
    slots = [
        await Slot.create(
            point_code=point_code,
            kind=WindowKind.ACCEPT,
            starts_at=begin + place * QUANTUM,
            capacity=capacity,
        )
        for place in range(count)
    ]
    return [slot.id for slot in slots]


def wish(*item_codes, starts_at=TEN, point_code=STREET, **more):
    """A wish for an item that takes 25 minutes, unless others are named."""
    return Wish(item_codes or (ITEM,), point_code, starts_at, **more)


async def book_now(wanted, booker, ports, **options):
    """Book in a transaction, as a request does."""
    return await in_transaction(
        lambda: book(wanted, booker, now=ports.now(), settings=ports.settings, **options)
    )


async def hold_now(booker, ports, *item_codes):
    """Hold ten o'clock in the street for somebody."""
    return await in_transaction(
        lambda: hold_place(
            STREET,
            TEN,
            item_codes or (ITEM,),
            booker=booker,
            now=ports.now(),
            settings=ports.settings,
        )
    )


async def book_held_now(hold, wanted, booker, ports):
    """Turn a hold into a visit."""
    return await in_transaction(
        lambda: book_held(wanted, hold, booker, now=ports.now(), settings=ports.settings)
    )


async def cancel_now(appointment, booker, ports):
    """Cancel as the citizen does."""
    await in_transaction(
        lambda: cancel(appointment, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def move_now(appointment, starts_at, booker, ports, point_code=STREET):
    """Move a visit to another time, at another point where one is named."""
    return await in_transaction(
        lambda: reschedule(
            appointment,
            starts_at,
            point_code,
            actor=booker.actor,
            now=ports.now(),
            settings=ports.settings,
        )
    )


async def offer_now(booker, ports, *, point_code=STREET, starts_at=TEN, minutes=30, codes=(ITEM,)):
    """Offer somebody a place, as a closure does."""
    place = Place(point_code, WindowKind.ACCEPT, starts_at, 5)
    proposal = Proposal(
        OfferCause.CLOSURE,
        place,
        Plan(codes, 25, 5),
        booker,
        held_until=ports.now() + timedelta(minutes=minutes),
    )

    async def work():
        found = await find_at(place, now=ports.now(), settings=ports.settings)
        return await make_offer(proposal, found, now=ports.now())

    return await in_transaction(work)


async def taken():
    """What is taken of each slot, in order of id."""
    return await Slot.all().order_by("id").values_list("taken", flat=True)


async def in_use():
    """The same without the freed places that wait for their release."""
    places = [Place.of(one) for one in await Release.filter(state=ReleaseState.PENDING)]
    waiting = Counter(
        (place.point_code, place.kind, start) for place in places for start in place.starts(QUANTUM)
    )
    slots = await Slot.all().order_by("id")
    return [slot.taken - waiting[slot.point_code, slot.kind, slot.starts_at] for slot in slots]


async def release_all(ports, clock):
    """Let the longest delay pass and put every freed place back on sale."""
    clock.advance(seconds=ports.settings.release_delay_max_s)
    await release_places(ports)


async def live_of(booker):
    """How many live appointments and holds are counted for somebody."""
    row = await BookingAllowance.get_or_none(person_digest=booker.person_digest)
    return row.live if row else 0


async def everything():
    """All that booking may change, to compare before and after."""
    return {
        model.__name__: await model.all().order_by(order).values()
        for model, order in (
            (Slot, "id"),
            (Appointment, "id"),
            (AppointmentItem, "id"),
            (BookingAllowance, "person_digest"),
            (Hold, "id"),
            (Offer, "id"),
            (Release, "id"),
            (WaitlistEntry, "id"),
            (Draw, "id"),
            (DrawWish, "id"),
            (Transition, "id"),
        )
    }


async def expect_refused(refusal, work):
    """The refusal that some work ends in; it changed nothing."""
    before = await everything()
    with pytest.raises(refusal) as caught:
        await work
    assert await everything() == before
    return caught.value
