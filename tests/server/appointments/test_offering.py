"""A freed place is offered to whoever has waited longest for it, before it is on sale again."""

import asyncio
from datetime import timedelta

import pytest

from models.appointments import Slot
from models.catalog import ServicePoint
from models.notifications import Notice
from models.states import OfferState, ReleaseState, WaitlistState
from models.waitlist import Offer, Release
from server.appointments import offering
from server.appointments.errors import OfferGone, SlotFull
from server.appointments.reconciling import find_differences, replay
from server.appointments.tasks import end_waiting, release_places
from server.appointments.waitlist import accept, decline
from server.catalog.service import forget_caches
from tests.server.appointments.waiting import answer_now, free_one, offered_to, state_of, wait_now
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    book_now,
    everything,
    hold_now,
    make_booker,
    make_slots,
    release_all,
    taken,
    wish,
)


async def test_a_freed_place_is_offered_to_the_oldest_wish_that_it_fits(ports, clock):
    await make_slots(5)
    first, second, third = [await make_booker(number) for number in (1, 2, 3)]
    elsewhere = await wait_now(first, ports, points=(OTHER_STREET,))
    clock.advance(seconds=1)
    oldest = await wait_now(second, ports)
    clock.advance(seconds=1)
    await wait_now(third, ports)
    await free_one(9, ports)
    await release_places(ports)
    offer = await Offer.get()
    assert (offer.person_id, offer.entry_id) == (second.person_id, oldest.id)
    assert (offer.point_code, offer.starts_at, offer.quanta) == (STREET, TEN, 5)
    assert offer.held_until == ports.now() + timedelta(minutes=30)
    assert await state_of(oldest) is WaitlistState.OFFERED
    assert await state_of(elsewhere) is WaitlistState.WAITING
    assert (await Release.get()).state is ReleaseState.OFFERED
    assert await taken() == [1] * 5
    notice = await Notice.get(kind="offer_made", account_id=second.account_id)
    assert "2026-11-24 10:00" in notice.text


async def test_a_declined_or_lapsed_offer_goes_to_the_next(ports, clock):
    await make_slots(5)
    people = [await make_booker(number) for number in range(3)]
    entries = [await wait_now(one, ports) for one in people]
    await free_one(9, ports)
    await release_places(ports)
    await answer_now(decline, await offered_to(people[0]), people[0], ports)
    await release_places(ports)
    assert await offered_to(people[1]) is not None
    clock.advance(minutes=30)
    await end_waiting(ports)
    await end_waiting(ports)
    await release_places(ports)
    assert [await state_of(one) for one in entries] == [
        WaitlistState.DECLINED,
        WaitlistState.LAPSED,
        WaitlistState.OFFERED,
    ]
    lapsed = await Offer.get(person_id=people[1].person_id)
    with pytest.raises(OfferGone):
        await answer_now(accept, lapsed, people[1], ports)
    assert await Notice.filter(kind="offer_lapsed").count() == 1
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []


async def test_only_what_nobody_waits_for_goes_back_on_sale(ports, clock):
    await make_slots(8)
    booker = await make_booker()
    await wait_now(booker, ports, codes=(SHORT_ITEM,), hours=(("10:10", "10:15"),))
    await free_one(9, ports, ITEM, SHORT_ITEM)
    await release_all(ports, clock)
    assert await taken() == [0, 0, 1, 1, 1, 0, 0, 0]
    rest = await Release.filter(state=ReleaseState.ON_SALE).order_by("starts_at")
    assert [(one.starts_at, one.quanta) for one in rest] == [(TEN, 2), (TEN + 5 * QUANTUM, 3)]
    assert await find_differences(ports) == []


async def test_two_neighbouring_freed_places_and_a_free_slot_make_one_offer(ports):
    await make_slots(9)
    await free_one(8, ports, SHORT_ITEM)
    await free_one(9, ports, SHORT_ITEM, starts_at=TEN + 3 * QUANTUM)
    booker = await make_booker()
    await wait_now(booker, ports, codes=(ITEM, SHORT_ITEM), points=())
    await release_places(ports)
    offer = await offered_to(booker)
    assert (offer.starts_at, offer.quanta) == (TEN, 8)
    assert await taken() == [1] * 8 + [0]
    replays = [await replay(slot, settings=ports.settings) for slot in await Slot.all()]
    assert all(one.agrees and one.peak <= 1 for one in replays)


async def test_what_begins_before_an_offer_could_lapse_is_offered_to_nobody(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    await wait_now(booker, ports)
    clock.advance(seconds=(TEN - ports.now()).total_seconds() - 30 * 60)
    await free_one(9, ports)
    await release_places(ports)
    assert await Offer.all().count() == 0


async def test_nobody_is_offered_two_places_at_once(ports):
    await make_slots(10)
    booker = await make_booker()
    await wait_now(booker, ports)
    await wait_now(booker, ports, codes=(SHORT_ITEM,))
    await free_one(8, ports)
    await free_one(9, ports, starts_at=TEN + 5 * QUANTUM)
    await release_places(ports)
    await release_places(ports)
    assert await Offer.all().count() == 1


async def test_who_has_three_visits_already_is_passed_over_until_one_ends(ports):
    await make_slots(5, capacity=4)
    booker, other = await make_booker(1), await make_booker(2)
    holds = [await hold_now(booker, ports) for _ in range(3)]
    await wait_now(booker, ports)
    await free_one(9, ports)
    await wait_now(other, ports)
    await release_places(ports)
    assert len(holds) == 3
    assert await offered_to(booker) is None
    assert await offered_to(other) is not None


@pytest.mark.usefixtures("catalogue")
async def test_a_closed_point_offers_nothing(ports):
    await make_slots(5)
    booker = await make_booker()
    await wait_now(booker, ports, points=())
    await free_one(9, ports)
    await ServicePoint.filter(code=STREET).update(is_open=False)
    forget_caches()
    await release_places(ports)
    assert await Offer.all().count() == 0


async def test_a_place_is_offered_once_however_many_do_it_at_once(ports):
    await make_slots(5)
    for number in range(4):
        await wait_now(await make_booker(number), ports)
    await free_one(9, ports)
    await asyncio.gather(*(release_places(ports) for _ in range(4)))
    assert await Offer.filter(state=OfferState.HELD).count() == 1
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []


@pytest.mark.parametrize("step", ["write_offer", "keep_back", "advance", "_tell"])
async def test_an_offer_that_is_cut_off_leaves_all_as_it_was(ports, monkeypatch, step):
    await make_slots(8)
    await wait_now(await make_booker(), ports, codes=(SHORT_ITEM,))
    await free_one(9, ports, ITEM, SHORT_ITEM)
    before = await everything()

    async def die(*_args, **_options):
        raise RuntimeError("cut off")

    monkeypatch.setattr(offering, step, die)
    with pytest.raises(RuntimeError):
        await release_places(ports)
    assert await everything() == before
    monkeypatch.undo()
    await release_places(ports)
    assert await Offer.filter(state=OfferState.HELD).count() == 1
    assert await find_differences(ports) == []


async def test_who_watches_gets_nothing_while_somebody_waits(ports, clock):
    await make_slots(5)
    booker, watcher = await make_booker(1), await make_booker(2)
    await wait_now(booker, ports)
    await free_one(9, ports)
    for _ in range(20):
        clock.advance(seconds=30)
        await release_places(ports)
        with pytest.raises(SlotFull):
            await book_now(wish(), watcher, ports)
    assert (await offered_to(booker)).starts_at == TEN
