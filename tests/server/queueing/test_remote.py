"""Numbers taken from afar, kept for those on the way, and when they are told to leave."""

import asyncio
from datetime import timedelta

import pytest

from models.kinds import Assurance, Lane, WindowKind
from models.notifications import Notice
from models.people import Person, WechatAccount
from models.queueing import Departure, QueueTicket
from models.states import AppointmentState, TicketState
from server.appointments.desk import confirm
from server.appointments.service import get_appointment
from server.balancing.rules import Place
from server.kit.errors import WrongState
from server.kit.transaction import in_transaction
from server.queueing.calling import call_next
from server.queueing.errors import (
    AlreadyInQueue,
    AssuranceTooLow,
    NobodyWaiting,
    RemotePaused,
    TooFar,
)
from server.queueing.leaving import plan_departure
from server.queueing.remote import Whereabouts, arrive, take_by_phone, withdraw
from server.queueing.service import get_ticket
from server.queueing.tasks import close_past_days, give_up_numbers, tell_all_to_leave
from server.queueing.tickets import WalkIn
from tests.server.queueing.hall import do, walk_in
from tests.support.booking import (
    CLERK,
    OTHER_STREET,
    STREET,
    book_now,
    make_booker,
    make_slots,
    wish,
)

HERE = Place(26.092, 119.302)
NEAR = Place(26.102, 119.302)
"""1.1 km to the north: 9 minutes."""
FAR = Place(26.122, 119.302)
"""3.3 km."""


async def take(number, ports, place, *, point_code=STREET, minutes=None, assured=True):
    booker = await make_booker(number)
    if assured:
        await Person.filter(id=booker.person_id).update(assurance=Assurance.PHONE_MATCHED)
    await WechatAccount.get_or_create(
        openid_digest=booker.person_id,
        defaults={"openid": "o", "person_id": booker.person_id, "created_at": ports.now()},
    )
    wanted = WalkIn(point_code, WindowKind.ACCEPT, booker.person_id)
    where = Whereabouts(place, minutes)
    return await do(
        take_by_phone, wanted, where, ports=ports, actor=booker.actor, settings=ports.settings
    )


async def come(ticket, ports, place=HERE):
    return await in_transaction(lambda: arrive(ticket, place=place, now=ports.now()))


async def test_in_the_hall_a_phone_takes_a_number_as_anybody_does(hall, ports):
    assert len(hall) == 2
    ticket = await take(1, ports, HERE, assured=False)
    assert (ticket.arrived_at, ticket.arrive_by) == (ports.now(), None)
    assert await Departure.all().count() == 0


async def test_whoever_is_on_the_way_keeps_the_place_and_is_called_once_there(window, ports, clock):
    first = await take(1, ports, NEAR)
    assert (first.number, first.arrived_at) == (1, None)
    assert first.arrive_by == ports.now() + timedelta(minutes=29)
    clock.advance(minutes=1)
    second = await walk_in(2, ports)
    assert second.people_before == 1
    await come(first, ports)
    assert (await do(call_next, window, ports=ports)).id == first.id


async def test_whoever_is_not_there_is_passed_by(window, ports):
    await take(1, ports, NEAR)
    with pytest.raises(NobodyWaiting):
        await do(call_next, window, ports=ports)
    second = await walk_in(2, ports)
    assert (await do(call_next, window, ports=ports)).id == second.id


async def test_a_number_from_afar_needs_to_be_near_and_a_phone_that_matched(hall, ports):
    assert len(hall) == 2
    with pytest.raises(TooFar) as refused:
        await take(1, ports, FAR)
    assert refused.value.data == {"within_km": 3.0}
    with pytest.raises(AssuranceTooLow):
        await take(2, ports, NEAR, assured=False)
    assert await QueueTicket.all().count() == 0


async def test_one_person_is_on_the_way_to_one_point_even_when_asking_at_once(hall, ports):
    assert len(hall) == 2
    await make_slots(30, begin=ports.now(), point_code=OTHER_STREET)
    answers = await asyncio.gather(
        *(take(1, ports, NEAR, point_code=point) for point in (STREET, OTHER_STREET)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, QueueTicket) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyInQueue) for answer in answers) == 1


async def test_arriving_is_shown_by_the_place_or_seen_by_a_clerk_and_only_once(hall, ports):
    assert len(hall) == 2
    first, second = await take(1, ports, NEAR), await take(2, ports, NEAR)
    with pytest.raises(TooFar):
        await come(first, ports, NEAR)
    assert (await get_ticket(first.id)).arrived_at is None
    await come(first, ports)
    with pytest.raises(WrongState):
        await come(first, ports)
    await come(second, ports, None)
    assert (await get_ticket(second.id)).arrived_at == ports.now()


async def test_a_place_is_given_up_once_the_turn_came_and_nobody_did(window, ports, clock):
    assert window.opened_at
    ticket = await take(1, ports, NEAR)
    clock.advance(minutes=28)
    await give_up_numbers(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.WAITING
    clock.advance(minutes=1)
    await give_up_numbers(ports)
    await give_up_numbers(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.NO_SHOW
    assert "A001" in (await Notice.get(kind="ticket_not_used")).text


async def test_a_place_is_kept_while_the_queue_is_slower_than_was_thought(window, ports, clock):
    for number in range(2, 8):
        await walk_in(number, ports)
    await do(call_next, window, ports=ports)
    ticket = await take(1, ports, NEAR)
    assert ticket.arrive_by > ports.now() + timedelta(minutes=60)
    clock.advance(minutes=120)
    await give_up_numbers(ports)
    kept = await get_ticket(ticket.id)
    assert kept.state is TicketState.WAITING
    assert kept.arrive_by > ports.now() + timedelta(minutes=60)


async def test_whoever_did_not_come_twice_takes_numbers_in_the_hall(hall, ports, clock):
    assert len(hall) == 2
    for _ in range(2):
        ticket = await take(1, ports, NEAR)
        await QueueTicket.filter(id=ticket.id).update(state=TicketState.NO_SHOW)
    with pytest.raises(RemotePaused):
        await take(1, ports, NEAR)
    await take(1, ports, HERE)
    clock.advance(days=31)
    await make_slots(5, begin=ports.now())
    assert (await take(1, ports, NEAR)).arrived_at is None


async def test_a_number_is_given_back_while_it_waits(window, ports):
    ticket = await walk_in(1, ports)
    await do(withdraw, ticket, ports=ports)
    assert (await get_ticket(ticket.id)).state is TicketState.ABANDONED
    other = await walk_in(2, ports)
    await do(call_next, window, ports=ports)
    with pytest.raises(WrongState):
        await do(withdraw, other, ports=ports)


async def test_who_waits_at_home_is_told_once_when_to_leave(window, ports, clock):
    for number in range(2, 6):
        await walk_in(number, ports)
    await do(call_next, window, ports=ports)
    ticket = await take(1, ports, NEAR, minutes=20)
    assert 25 < ticket.predicted_minutes < 60
    await tell_all_to_leave(ports)
    assert await Notice.filter(kind="leave_now").count() == 0
    await QueueTicket.filter(state=TicketState.WAITING).exclude(id=ticket.id).delete()
    for _ in range(3):
        await tell_all_to_leave(ports)
        clock.advance(seconds=30)
    told = await Notice.get(kind="leave_now")
    assert "20 分钟" in told.text


async def test_nobody_is_told_to_leave_for_where_they_are(window, ports):
    assert window.opened_at
    ticket = await take(1, ports, NEAR)
    await come(ticket, ports)
    await tell_all_to_leave(ports)
    assert await Notice.filter(kind="leave_now").count() == 0


async def test_who_booked_and_said_how_far_is_told_when_to_leave(hall, ports, clock):
    assert len(hall) == 2
    booker = await make_booker(1)
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id=booker.person_id, created_at=ports.now()
    )
    made = await book_now(wish(starts_at=ports.now() + timedelta(minutes=60)), booker, ports)
    await in_transaction(lambda: confirm(made, actor=CLERK, now=ports.now()))
    for minutes in (10, 30):
        await in_transaction(lambda minutes=minutes: plan_departure(made, minutes=minutes))
    clock.advance(minutes=24)
    await tell_all_to_leave(ports)
    assert await Notice.filter(kind="leave_now").count() == 0
    clock.advance(minutes=1)
    for _ in range(2):
        await tell_all_to_leave(ports)
    assert await Notice.filter(kind="leave_now").count() == 1


async def test_the_night_tells_those_on_the_way_and_forgets_where_they_were_coming_from(
    hall, ports, clock
):
    assert len(hall) == 2
    ticket = await take(1, ports, NEAR)
    clock.advance(hours=15)
    await close_past_days(ports)
    await close_past_days(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.ABANDONED
    assert await Notice.filter(kind="ticket_closed").count() == 1
    assert await Departure.all().count() == 0


async def test_a_booking_taken_up_on_the_way_is_a_place_on_the_way(hall, ports):
    assert len(hall) == 2
    made = await book_now(
        wish(starts_at=ports.now() + timedelta(minutes=30)), await make_booker(1), ports
    )
    ticket = await take(1, ports, NEAR)
    assert (ticket.appointment_id, ticket.lane, ticket.arrived_at) == (made.id, Lane.BOOKED, None)
    await do(withdraw, ticket, ports=ports)
    assert (await get_appointment(made.id)).state is AppointmentState.ABANDONED
