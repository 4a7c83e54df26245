"""Places held for people who have not picked them."""

import asyncio

import pytest

from models.appointments import Appointment, Slot
from models.states import LIVE_APPOINTMENTS, AppointmentState, OfferState
from models.waitlist import Offer
from server.appointments.errors import (
    AlreadyBooked,
    OfferGone,
    SlotFull,
    TooLateToChange,
    TooManyAppointments,
)
from server.appointments.offers import accept_offer, carry_out, end_offer
from server.appointments.reconciling import find_differences, replay
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    TEN,
    book_now,
    cancel_now,
    everything,
    hold_now,
    in_use,
    live_of,
    make_booker,
    make_slots,
    offer_now,
    taken,
    wish,
)


async def accept_now(offer, booker, ports):
    return await in_transaction(
        lambda: accept_offer(offer, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def end_now(offer, target, ports):
    await in_transaction(
        lambda: end_offer(offer, target, actor=ENGINE, now=ports.now(), settings=ports.settings)
    )


async def test_an_offered_place_is_kept_from_others_until_it_is_declined(ports):
    await make_slots(5)
    booker, other = await make_booker(1), await make_booker(2)
    offer = await offer_now(booker, ports)
    assert (await in_use(), await live_of(booker)) == ([1] * 5, 0)
    with pytest.raises(SlotFull):
        await book_now(wish(), other, ports)
    with pytest.raises(SlotFull):
        await offer_now(other, ports)
    await end_now(offer, OfferState.DECLINED, ports)
    assert await in_use() == [0] * 5
    assert [move.to_state for move in await moves_of(Offer, offer.id)] == ["held", "declined"]


async def test_an_accepted_offer_is_a_visit_with_all_that_a_visit_has(ports):
    await make_slots(10)
    booker = await make_booker()
    offer = await offer_now(booker, ports)
    made = await accept_now(offer, booker, ports)
    assert (made.starts_at, made.minutes, made.replaced_id) == (TEN, 25, None)
    assert (await taken(), await live_of(booker)) == ([1] * 5 + [0] * 5, 1)
    with pytest.raises(AlreadyBooked):
        await book_now(wish(starts_at=TEN + 5 * QUANTUM), await make_booker(), ports)


async def test_accepting_swaps_the_old_visit_for_the_held_place(ports):
    await make_slots(8, capacity=2)
    booker = await make_booker()
    old = await book_now(wish(), booker, ports)
    offer = await offer_now(booker, ports, starts_at=TEN + 3 * QUANTUM)
    assert await in_use() == [1, 1, 1, 2, 2, 1, 1, 1]
    made = await accept_now(offer, booker, ports)
    assert made.replaced_id == old.id
    assert (await Appointment.get(id=old.id)).state is AppointmentState.RESCHEDULED
    assert (await in_use(), await live_of(booker)) == ([0] * 3 + [1] * 5, 1)
    assert await find_differences(ports) == []


async def test_an_offer_is_over_with_its_time_or_its_answer(ports, clock):
    await make_slots(5, capacity=2)
    booker = await make_booker()
    answered, late = await offer_now(booker, ports), await offer_now(booker, ports)
    await accept_now(answered, booker, ports)
    clock.advance(minutes=30)
    before = await everything()
    for offer in (answered, late):
        with pytest.raises(OfferGone):
            await accept_now(offer, booker, ports)
    with pytest.raises(OfferGone):
        await end_now(answered, OfferState.LAPSED, ports)
    assert await everything() == before


async def test_who_offers_may_carry_an_offer_out_when_its_time_is_over(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    offer = await offer_now(booker, ports)
    clock.advance(minutes=31)
    made = await in_transaction(
        lambda: carry_out(offer, actor=ENGINE, now=ports.now(), settings=ports.settings)
    )
    assert (made.starts_at, made.booked_by) == (TEN, ENGINE.name)


async def test_an_offer_does_not_break_up_a_visit_for_more_than_it(ports):
    await make_slots(10, capacity=2)
    booker = await make_booker()
    await book_now(wish(ITEM, SHORT_ITEM), booker, ports)
    offer = await offer_now(booker, ports)
    before = await everything()
    with pytest.raises(AlreadyBooked):
        await accept_now(offer, booker, ports)
    assert await everything() == before


async def test_a_visit_whose_time_has_come_is_not_swapped(ports, clock):
    await make_slots(20)
    booker = await make_booker()
    await book_now(wish(), booker, ports)
    clock.advance(seconds=(TEN - ports.now()).total_seconds())
    offer = await offer_now(booker, ports, starts_at=TEN + 10 * QUANTUM)
    before = await everything()
    with pytest.raises(TooLateToChange):
        await accept_now(offer, booker, ports)
    assert await everything() == before


async def test_accepting_counts_among_the_three_that_a_person_may_have(ports):
    await make_slots(5, capacity=4)
    booker = await make_booker()
    for _ in range(3):
        await hold_now(booker, ports)
    offer = await offer_now(booker, ports)
    with pytest.raises(TooManyAppointments):
        await accept_now(offer, booker, ports)
    assert (await Offer.get(id=offer.id)).state is OfferState.HELD


async def test_an_offer_is_answered_once_however_often_it_is_answered_at_once(ports):
    await make_slots(5, capacity=3)
    await make_slots(5, point_code=OTHER_STREET)
    booker = await make_booker()
    await book_now(wish(), booker, ports)
    offer = await offer_now(booker, ports, point_code=OTHER_STREET)
    copies = [await Offer.get(id=offer.id) for _ in range(6)]
    answers = await asyncio.gather(
        *(accept_now(copy, booker, ports) for copy in copies[:3]),
        *(end_now(copy, OfferState.DECLINED, ports) for copy in copies[3:]),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, (ChangedMeanwhile, OfferGone))]
    assert len(refused) == 5, answers
    assert sum(await in_use()) == 5
    assert await find_differences(ports) == []
    replays = [await replay(slot, settings=ports.settings) for slot in await Slot.all()]
    assert all(one.agrees for one in replays)


async def test_cancelling_the_old_visit_while_its_offer_is_accepted_leaves_one_visit_or_none(ports):
    await make_slots(5)
    await make_slots(5, point_code=OTHER_STREET)
    booker = await make_booker()
    old = await book_now(wish(), booker, ports)
    offer = await offer_now(booker, ports, point_code=OTHER_STREET)
    answers = await asyncio.gather(
        accept_now(offer, booker, ports), cancel_now(old, booker, ports), return_exceptions=True
    )
    assert all(one is None or isinstance(one, (Appointment, ChangedMeanwhile)) for one in answers)
    live = await Appointment.filter(state__in=LIVE_APPOINTMENTS).count()
    assert (live, await live_of(booker)) in {(1, 1), (0, 0)}
    assert await find_differences(ports) == []
