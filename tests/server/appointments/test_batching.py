"""Bookings that are committed together are what each would have been alone."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from models.appointments import Appointment, AppointmentItem, BookingAllowance, Slot
from models.bookkeeping import IdempotencyKey, OutboxRow, Transition
from server.appointments import bulk
from server.appointments.reconciling import find_differences, replay
from server.kit.transaction import in_transaction
from tests.server.appointments.test_http import booking, citizen, keyed
from tests.support.booking import (
    ITEM,
    QUANTUM,
    SHORT_ITEM,
    TEN,
    everything,
    make_slots,
    release_all,
    taken,
)

OWN = {"id", "appointment_id", "aggregate_id", "person_id", "person_digest", "account_id"}
OWN |= {"actor", "booked_by", "dedupe_key", "key", "fingerprint", "answer", "payload", "text"}
"""Columns that differ between any two bookings of different people."""


@pytest.fixture
def sizes(monkeypatch):
    """How many bookings each batch held that was written."""
    seen = []
    write = bulk._write

    async def note(asked):
        seen.append(len(asked))
        return await write(asked)

    monkeypatch.setattr(bulk, "_write", note)
    return seen


async def post(http, headers, **more):
    return await http.post("/citizen/appointments", json=booking(**more), headers=headers)


async def post_all(http, people, **more):
    return await asyncio.gather(*(post(http, keyed(one), **more) for one in people))


def codes(answers):
    return sorted(
        answer.json()["code"] if answer.status_code >= 400 else "booked" for answer in answers
    )


async def rows_of_all():
    models = (Appointment, AppointmentItem, BookingAllowance, Transition, OutboxRow)
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in OWN}
            for row in await model.all().values()
        ]
        for model in (*models, IdempotencyKey)
    }


async def test_the_rows_are_those_of_a_booking_alone(http, ports, sizes):
    await make_slots(5, capacity=2)
    alone, batched = await citizen(1, ports), await citizen(2, ports)
    search = {"point_code": "any"}
    first = (await post(http, keyed(alone), **search)).json()
    assert sizes == []
    second = (await post(http, keyed(batched))).json()
    assert sizes == [1]
    assert {**first, "id": ""} == {**second, "id": ""}
    for name, rows in (await rows_of_all()).items():
        assert len(rows) == 2, name
        assert rows[0] == rows[1], name
    news = await OutboxRow.all().order_by("id")
    assert [one.payload for one in news] == [
        {"aggregate_id": one["id"], "key": "booked"} for one in (first, second)
    ]
    moves = await Transition.filter(aggregate="Appointment").order_by("id")
    assert [move.aggregate_id for move in moves] == [first["id"], second["id"]]


async def test_many_at_once_are_written_together(http, ports, sizes):
    await make_slots(5, capacity=40)
    people = [await citizen(number, ports) for number in range(30)]
    answers = await post_all(http, people)
    assert codes(answers) == ["booked"] * 30
    assert len({answer.json()["id"] for answer in answers}) == 30
    assert sum(sizes) == 30
    assert max(sizes) > 1
    assert await taken() == [30] * 5


async def test_overlapping_visits_are_counted_slot_by_slot(http, ports):
    await make_slots(8, capacity=4)
    people = [await citizen(number, ports) for number in range(12)]
    answers = await asyncio.gather(
        *(
            post(
                http,
                keyed(one),
                item_codes=[SHORT_ITEM],
                starts_at=(TEN + number % 3 * QUANTUM).isoformat(),
            )
            for number, one in enumerate(people)
        )
    )
    booked = [answer.json() for answer in answers if answer.status_code == 201]
    assert set(codes(answers)) == {"booked", "slot_full"}
    assert sum(await taken()) == 3 * len(booked)
    assert max(await taken()) == 4
    assert await find_differences(ports) == []


async def test_as_many_are_booked_as_there_is_room_and_the_rest_leave_nothing(http, ports):
    await make_slots(5, capacity=7)
    people = [await citizen(number, ports) for number in range(25)]
    answers = await post_all(http, people)
    assert codes(answers) == ["booked"] * 7 + ["slot_full"] * 18
    assert await taken() == [7] * 5
    assert await IdempotencyKey.all().count() == 7
    assert await BookingAllowance.filter(live=1).count() == 7
    replays = [await replay(slot, settings=ports.settings) for slot in await Slot.all()]
    assert all(one.agrees and one.peak == 7 for one in replays)


async def test_a_place_back_on_sale_is_sold_at_once(http, ports, clock):
    await make_slots(5)
    first, second = await citizen(1, ports), await citizen(2, ports)
    made = (await post(http, keyed(first))).json()
    assert (await post(http, keyed(second))).json()["code"] == "slot_full"
    await http.post(f"/citizen/appointments/{made['id']}/cancel", headers=keyed(first))
    assert (await post(http, keyed(second))).json()["code"] == "slot_full"
    await release_all(ports, clock)
    assert (await post(http, keyed(second))).status_code == 201


async def test_the_same_key_at_once_books_once_and_answers_all_alike(http, ports):
    await make_slots(5, capacity=9)
    headers = keyed(await citizen(1, ports))
    answers = await asyncio.gather(*(post(http, headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await taken() == [1] * 5


async def test_a_key_that_took_the_last_place_is_answered_as_the_first_time(http, ports):
    await make_slots(5)
    headers, other = keyed(await citizen(1, ports)), await citizen(2, ports)
    first = await post(http, headers)
    assert (await post(http, keyed(other))).json()["code"] == "slot_full"
    again = await post(http, headers)
    assert (again.status_code, again.content) == (201, first.content)
    before = await everything()
    different = await post(http, headers, item_codes=[SHORT_ITEM])
    assert (different.status_code, different.json()["code"]) == (422, "idempotency_key_reused")
    assert await everything() == before


async def test_those_who_cannot_be_booked_do_not_hurt_their_neighbours(http, ports, sizes):
    await make_slots(40, capacity=40)
    booked, full, paused = [await citizen(number, ports) for number in range(3)]
    await post(http, keyed(booked))
    for item_code in ("GL0001", "GL0002", "GL0003"):
        assert (await post(http, keyed(full), item_codes=[item_code])).status_code == 201
    made = (await post(http, keyed(paused), item_codes=["GL0002"])).json()
    item = await AppointmentItem.get(appointment_id=made["id"])
    until = ports.now() + 9000 * QUANTUM
    await BookingAllowance.filter(person_digest=item.person_digest).update(paused_until=until)
    del sizes[:]
    others = [await citizen(number, ports) for number in range(10, 20)]
    answers = await asyncio.gather(
        *(post(http, keyed(one)) for one in (booked, paused, *others)),
        post(http, keyed(full), item_codes=[SHORT_ITEM]),
    )
    assert codes(answers) == sorted(
        ["already_booked", "booking_paused", "too_many_appointments", *["booked"] * 10]
    )
    assert max(sizes) > 1
    assert await find_differences(ports) == []


async def test_one_person_booking_twice_at_once_is_judged_one_after_the_other(http, ports):
    await make_slots(5, capacity=9)
    one = await citizen(1, ports)
    assert codes(await post_all(http, [one] * 4)) == ["already_booked"] * 3 + ["booked"]
    assert await taken() == [1] * 5


async def test_an_older_answer_of_the_same_key_by_another_survives_a_refusal(http, ports):
    await make_slots(5)
    key = uuid4().hex
    first, second = await citizen(1, ports), await citizen(2, ports)
    answer = await post(http, keyed(first, key))
    assert (await post(http, keyed(second, key))).json()["code"] == "slot_full"
    assert (await post(http, keyed(first, key))).content == answer.content
    assert await IdempotencyKey.all().count() == 1


async def test_what_is_committed_is_whole_when_the_client_hangs_up(http, ports):
    await make_slots(5, capacity=9)
    one = await citizen(1, ports)
    with pytest.raises(httpx.ReadTimeout):
        await http.post(
            "/citizen/appointments",
            json=booking(),
            headers=keyed(one),
            timeout=httpx.Timeout(5, read=0.0005),
        )
    await in_transaction(lambda: Slot.all().count())
    assert await find_differences(ports) == []
    rows = await Appointment.all().count()
    assert await taken() == [rows] * 5
    assert await AppointmentItem.filter(item_code=ITEM).count() == rows
