"""Waiting for a place, being offered one, answering."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest

from models.appointments import Appointment, Slot
from models.catalog import ServicePoint
from models.notifications import Notice
from models.states import AppointmentState, OfferState, ReleaseState, WaitlistState
from models.waitlist import Offer, Release, WaitlistEntry
from server.appointments import offering
from server.appointments.errors import (
    AlreadyBooked,
    NotAcceptedHere,
    OfferGone,
    SlotFull,
    TooLateToWait,
    TooManyWaiting,
)
from server.appointments.reconciling import find_differences, replay
from server.appointments.tasks import end_waiting, release_places
from server.appointments.waitlist import Wanted, accept, decline, join_waitlist, withdraw
from server.appointments.wishes import Times
from server.catalog.errors import UnknownPoint
from server.catalog.service import forget_caches
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.server.appointments.test_booking import cancel_now, refused
from tests.server.appointments.test_holds import hold_now
from tests.server.appointments.test_http import book, citizen, keyed
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    book_now,
    everything,
    in_use,
    live_of,
    make_booker,
    make_slots,
    release_all,
    taken,
    wish,
)


@pytest.fixture
async def http(api_url):
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1") as client:
        yield client


TOMORROW = date(2026, 11, 24)


async def wait_now(booker, ports, *, codes=(ITEM,), points=(STREET,), hours=(), last_on=TOMORROW):
    wanted = Wanted(codes, points, Times(min(TOMORROW, last_on), last_on, hours))
    return await in_transaction(
        lambda: join_waitlist(wanted, booker, now=ports.now(), settings=ports.settings)
    )


async def answer_now(answer, row, booker, ports):
    return await in_transaction(
        lambda: answer(row, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def free_one(number, ports, *codes, **more):
    """Somebody books and cancels."""
    booker = await make_booker(number)
    await cancel_now(await book_now(wish(*codes, **more), booker, ports), booker, ports)


async def state_of(entry):
    return (await WaitlistEntry.get(id=entry.id)).state


async def offered_to(booker):
    return await Offer.get_or_none(person_id=booker.person_id, state=OfferState.HELD)


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


async def test_an_accepted_offer_is_a_visit_and_ends_the_wish(ports):
    await make_slots(5)
    booker = await make_booker()
    entry = await wait_now(booker, ports)
    twin, other = await wait_now(booker, ports), await wait_now(booker, ports, codes=(SHORT_ITEM,))
    await free_one(9, ports)
    await release_places(ports)
    made = await answer_now(accept, await Offer.get(), booker, ports)
    assert (made.starts_at, made.state) == (TEN, AppointmentState.PENDING)
    assert [await state_of(one) for one in (entry, twin, other)] == [
        WaitlistState.ACCEPTED,
        WaitlistState.WITHDRAWN,
        WaitlistState.WAITING,
    ]
    assert (await taken(), await live_of(booker)) == ([1] * 5, 1)


async def test_the_old_visit_stays_until_the_offer_swaps_it(ports, clock):
    await make_slots(10)
    booker = await make_booker()
    old = await book_now(wish(starts_at=TEN + 5 * QUANTUM), booker, ports)
    await wait_now(booker, ports, hours=(("09:00", "10:05"),))
    await free_one(9, ports)
    await release_places(ports)
    assert (await Appointment.get(id=old.id)).state is AppointmentState.PENDING
    made = await answer_now(accept, await Offer.get(), booker, ports)
    assert (made.replaced_id, made.starts_at) == (old.id, TEN)
    assert (await in_use(), await live_of(booker)) == ([1] * 5 + [0] * 5, 1)
    await release_all(ports, clock)
    assert await taken() == [1] * 5 + [0] * 5
    assert await find_differences(ports) == []


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


async def test_a_wish_is_withdrawn_with_what_was_offered(ports):
    await make_slots(5)
    one, other = await make_booker(1), await make_booker(2)
    entry, _ = await wait_now(one, ports), await wait_now(other, ports)
    await free_one(9, ports)
    await release_places(ports)
    await answer_now(withdraw, await WaitlistEntry.get(id=entry.id), one, ports)
    await answer_now(withdraw, await WaitlistEntry.get(id=entry.id), one, ports)
    await release_places(ports)
    assert await state_of(entry) is WaitlistState.WITHDRAWN
    assert [row.state for row in await Offer.all().order_by("id")] == [
        OfferState.WITHDRAWN,
        OfferState.HELD,
    ]
    settled = await WaitlistEntry.get(person_id=other.person_id)
    await answer_now(accept, await offered_to(other), other, ports)
    with pytest.raises(WrongState):
        await answer_now(withdraw, await WaitlistEntry.get(id=settled.id), other, ports)


async def test_a_person_waits_for_three_things_at_most_and_again_when_one_is_over(ports):
    booker = await make_booker()
    entries = [await wait_now(booker, ports) for _ in range(3)]
    await refused(TooManyWaiting, wait_now(booker, ports))
    await answer_now(withdraw, entries[1], booker, ports)
    assert (await wait_now(booker, ports)).live_no == 2


async def test_many_who_join_at_once_for_one_person_are_three_at_most(ports):
    booker = await make_booker()
    answers = await asyncio.gather(
        *(wait_now(booker, ports) for _ in range(12)), return_exceptions=True
    )
    joined = [one for one in answers if isinstance(one, WaitlistEntry)]
    others = [one for one in answers if not isinstance(one, WaitlistEntry)]
    assert all(isinstance(one, (TooManyWaiting, ChangedMeanwhile)) for one in others)
    assert 1 <= len(joined) <= 3
    assert await WaitlistEntry.all().count() == len(joined)


async def test_what_cannot_come_true_is_refused_at_once(ports):
    await make_slots(10)
    booker = await make_booker()
    await refused(TooLateToWait, wait_now(booker, ports, last_on=date(2026, 11, 22)))
    await refused(UnknownPoint, wait_now(booker, ports, points=("nowhere",)))
    await refused(NotAcceptedHere, wait_now(booker, ports, codes=("GL0012",)))
    await book_now(wish(ITEM, SHORT_ITEM), booker, ports)
    await refused(AlreadyBooked, wait_now(booker, ports))


async def test_a_wish_ends_with_its_days(ports, clock):
    entry = await wait_now(await make_booker(), ports)
    clock.advance(days=1)
    await end_waiting(ports)
    assert await state_of(entry) is WaitlistState.WAITING
    clock.advance(days=1)
    await end_waiting(ports)
    await end_waiting(ports)
    assert await state_of(entry) is WaitlistState.LAPSED
    assert await Notice.filter(kind="waitlist_lapsed").count() == 1


async def test_a_place_is_offered_once_however_many_do_it_at_once(ports):
    await make_slots(5)
    for number in range(4):
        await wait_now(await make_booker(number), ports)
    await free_one(9, ports)
    await asyncio.gather(*(release_places(ports) for _ in range(4)))
    assert await Offer.filter(state=OfferState.HELD).count() == 1
    assert await taken() == [1] * 5
    assert await find_differences(ports) == []


async def test_answers_at_once_settle_an_offer_once(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    entry = await wait_now(booker, ports)
    await free_one(9, ports)
    await release_places(ports)
    offer = await Offer.get()
    copies = [await Offer.get(id=offer.id) for _ in range(6)]
    answers = await asyncio.gather(
        *(answer_now(accept, one, booker, ports) for one in copies[:3]),
        *(answer_now(decline, one, booker, ports) for one in copies[3:]),
        return_exceptions=True,
    )
    lost = [one for one in answers if isinstance(one, (ChangedMeanwhile, OfferGone))]
    assert len(lost) == 5, answers
    assert await state_of(entry) in {WaitlistState.ACCEPTED, WaitlistState.DECLINED}
    assert len(await moves_of(Offer, offer.id)) == 2
    await release_all(ports, clock)
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


async def test_one_waits_is_offered_and_accepts_over_http(http, ports):
    await make_slots(5)
    mine, other = await citizen(1, ports), await citizen(2, ports)
    made = await book(http, other)
    wanted = {
        "item_codes": [ITEM],
        "point_codes": [STREET],
        "hours": [{"begins": "09:00", "ends": "12:00"}],
        "first_on": "2026-11-24",
        "last_on": "2026-11-25",
    }
    answer = await http.post("/citizen/waitlist", json=wanted, headers=keyed(mine))
    assert answer.status_code == 201, answer.text
    entry = answer.json()
    assert (entry["state"], entry["minutes"]) == ("waiting", 25)
    assert entry["hours"] == [{"begins": "09:00", "ends": "12:00"}]
    await http.post(f"/citizen/appointments/{made['id']}/cancel", headers=keyed(other))
    await release_places(ports)
    [offer] = (await http.get("/citizen/offers", headers=mine)).json()["items"]
    assert (offer["cause"], offer["point_code"]) == ("waitlist", STREET)
    key = keyed(mine)
    path = f"/citizen/offers/{offer['id']}/accept"
    taken_up = await http.post(path, headers=key)
    assert (taken_up.status_code, taken_up.json()["item_codes"]) == (201, [ITEM])
    assert (await http.post(path, headers=key)).json() == taken_up.json()
    assert (await http.post(path, headers=keyed(mine))).json()["code"] == "offer_gone"
    [entry] = (await http.get("/citizen/waitlist", headers=mine)).json()["items"]
    assert entry["state"] == "accepted"
    gone = await http.delete(f"/citizen/waitlist/{entry['id']}", headers=mine)
    assert gone.json()["code"] == "wrong_state"


async def test_an_offer_is_declined_over_http(http, ports):
    await make_slots(5)
    mine = await citizen(1, ports)
    entry = await wait_now(await make_booker(1), ports)
    await free_one(9, ports)
    await release_places(ports)
    [offer] = (await http.get("/citizen/offers", headers=mine)).json()["items"]
    path = f"/citizen/offers/{offer['id']}/decline"
    assert (await http.post(path, headers=keyed(mine))).status_code == 204
    assert (await http.post(path, headers=keyed(mine))).json()["code"] == "offer_gone"
    assert await state_of(entry) is WaitlistState.DECLINED
    assert sum(await in_use()) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_on": "2026-11-23"},
        {"hours": [{"begins": "12:00", "ends": "09:00"}]},
        {"hours": [{"begins": "9:00", "ends": "12:00"}]},
        {"point_codes": ["x"] * 11},
        {"item_codes": []},
    ],
)
async def test_a_wish_of_the_wrong_shape_is_refused(http, ports, wrong):
    wanted = {"item_codes": [ITEM], "first_on": "2026-11-24", "last_on": "2026-11-25"}
    headers = keyed(await citizen(1, ports))
    answer = await http.post("/citizen/waitlist", json=wanted | wrong, headers=headers)
    assert answer.status_code == 422
    assert await WaitlistEntry.all().count() == 0
