"""A wish for a place: who may wait, how a wish ends, and answers to what it is offered."""

import asyncio
from datetime import date

import pytest

from models.appointments import Appointment
from models.notifications import Notice
from models.states import AppointmentState, OfferState, WaitlistState
from models.waitlist import Offer, WaitlistEntry
from server.appointments.errors import (
    AlreadyBooked,
    NotAcceptedHere,
    OfferGone,
    TooLateToWait,
    TooManyWaiting,
)
from server.appointments.reconciling import find_differences
from server.appointments.tasks import end_waiting, release_places
from server.appointments.waitlist import accept, decline, withdraw
from server.catalog.errors import UnknownPoint
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.states import moves_of
from tests.server.appointments.test_http import book, citizen, keyed
from tests.server.appointments.waiting import answer_now, free_one, offered_to, state_of, wait_now
from tests.support.booking import (
    ITEM,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    book_now,
    expect_refused,
    in_use,
    live_of,
    make_booker,
    make_slots,
    release_all,
    taken,
    wish,
)


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
    await expect_refused(TooManyWaiting, wait_now(booker, ports))
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
    await expect_refused(TooLateToWait, wait_now(booker, ports, last_on=date(2026, 11, 22)))
    await expect_refused(UnknownPoint, wait_now(booker, ports, points=("nowhere",)))
    await expect_refused(NotAcceptedHere, wait_now(booker, ports, codes=("GL0012",)))
    await book_now(wish(ITEM, SHORT_ITEM), booker, ports)
    await expect_refused(AlreadyBooked, wait_now(booker, ports))


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
