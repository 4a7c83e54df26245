"""Numbers, calls and windows against the database."""

import asyncio
import contextlib
from datetime import date, timedelta

import pytest

from models.appointments import Appointment
from models.balancing import PointPresence
from models.catalog import Window
from models.kinds import WindowKind
from models.notifications import Notice
from models.people import WechatAccount
from models.queueing import QueueTicket, TicketCounter
from models.states import AppointmentState, PresenceState, TicketState
from server.appointments.errors import NotAcceptedHere, TooEarly
from server.appointments.service import get_appointment
from server.balancing.presence import evacuate
from server.balancing.tasks import take_out_silent_points
from server.balancing.waits import Hall, predict_wait
from server.kit.access import Actor, Role
from server.kit.counters import next_number
from server.kit.errors import WrongState
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from server.queueing.calling import call_next, finish, miss, recall, start
from server.queueing.errors import (
    AlreadyInQueue,
    NobodyWaiting,
    NoTicketAtWindow,
    PointClosed,
    WindowBusy,
    WindowClosed,
    WindowTaken,
)
from server.queueing.rules import label_of
from server.queueing.service import get_ticket
from server.queueing.tasks import close_past_days
from server.queueing.tickets import check_in
from server.queueing.waits import look_at_queue, look_from
from server.queueing.windows import close_window, open_window
from tests.server.queueing.hall import ANOTHER_CLERK, MANAGER, checked_in, do, walk_in
from tests.support.booking import (
    CLERK,
    STREET,
    TEN,
    book_now,
    make_booker,
    make_slots,
    taken,
    wish,
)

TODAY = date(2026, 11, 23)


async def test_walk_ins_are_numbered_in_order_within_their_series(hall, ports):
    assert len(hall) == 2
    tickets = [await walk_in(number, ports) for number in range(3)]
    advice = await walk_in(3, ports, kind=WindowKind.CONSULT)
    labels = [label_of(one.series, one.number) for one in (*tickets, advice)]
    assert labels == ["A001", "A002", "A003", "C001"]


async def test_a_person_is_in_the_queue_once_even_when_asking_twice_at_once(hall, ports):
    assert len(hall) == 2
    answers = await asyncio.gather(*(walk_in(1, ports) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, QueueTicket) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyInQueue) for answer in answers) == 4
    assert (await TicketCounter.get()).last_number == 1


async def test_no_number_is_given_where_nobody_works_soon(ports):
    await make_slots(5, begin=ports.now() + timedelta(hours=2))
    with pytest.raises(PointClosed):
        await walk_in(1, ports)
    assert await TicketCounter.all().count() == 0


async def test_no_number_is_given_for_items_that_the_point_does_not_take(hall, ports):
    assert len(hall) == 2
    with pytest.raises(NotAcceptedHere):
        await walk_in(1, ports, item_codes=("GL0011",))


async def test_a_thousand_numbers_from_twenty_at_once_have_no_gap_and_none_twice(ports):
    async def take_fifty():
        return [await in_transaction(take_number) for _ in range(50)]

    assert ports.now().date() == TODAY
    taken_numbers = await asyncio.gather(*(take_fifty() for _ in range(20)))
    numbers = [number for fifty in taken_numbers for number in fifty]
    assert sorted(numbers) == list(range(1, 1001))


async def test_a_number_of_a_transaction_that_failed_is_given_to_the_next(ports):
    async def take_and_fail():
        await take_number()
        raise WrongState

    assert ports.now().date() == TODAY
    await in_transaction(take_number)
    with pytest.raises(WrongState):
        await in_transaction(take_and_fail)
    assert await in_transaction(take_number) == 2


async def test_eight_windows_never_call_the_same_ticket(hall, ports):
    assert len(hall) == 2
    for number in range(40):
        await walk_in(number, ports)
    await Window.filter(point_code=STREET, number__gte=100).delete()
    windows = [
        await Window.create(
            point_code=STREET,
            number=100 + place,
            kind=WindowKind.ACCEPT,
            staff_id=f"clerk{place}",
            opened_at=ports.now(),
        )
        for place in range(8)
    ]

    async def call_five(one):
        actor = Actor(Role.CLERK, id=one.staff_id, point_code=STREET)
        called = []
        for _ in range(5):
            called.append((await do(call_next, one, ports=ports, actor=actor)).number)
            await do(finish, one, ports=ports, actor=actor)
        return called

    try:
        called = await asyncio.gather(*(call_five(one) for one in windows))
    finally:
        await Window.filter(point_code=STREET, number__gte=100).delete()
    assert sorted(number for five in called for number in five) == list(range(1, 41))


async def test_one_window_asking_twice_at_once_has_one_ticket(window, ports):
    for number in range(3):
        await walk_in(number, ports)
    answers = await asyncio.gather(
        *(do(call_next, window, ports=ports) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(answer, QueueTicket) for answer in answers) == 1
    assert sum(isinstance(answer, WindowBusy) for answer in answers) == 2
    assert await QueueTicket.filter(state=TicketState.WAITING).count() == 2


async def test_a_booking_is_called_at_its_time_and_served_to_the_end(window, ports, clock):
    await make_slots(5, capacity=9)
    clock.advance(days=1)
    await do(open_window, window, ports=ports)
    await make_slots(5, begin=ports.now() + timedelta(minutes=5))
    ticket = await checked_in(1, ports)
    assert (label_of(ticket.series, ticket.number), ticket.rank_at) == ("Y001", TEN)
    await walk_in(2, ports)
    clock.advance(hours=1)
    await walk_in(3, ports)
    called = await do(call_next, window, ports=ports)
    assert called.id == ticket.id
    await do(start, window, ports=ports)
    appointment = await Appointment.get(id=ticket.appointment_id)
    assert appointment.state is AppointmentState.SERVING
    await do(finish, window, ports=ports)
    appointment = await Appointment.get(id=ticket.appointment_id)
    assert appointment.state is AppointmentState.SERVED
    assert (await get_ticket(ticket.id)).served_by == CLERK.id
    moves = [move.to_state for move in await moves_of(QueueTicket, ticket.id)]
    assert moves == ["waiting", "called", "serving", "done"]


async def test_check_in_is_an_hour_ahead_at_most_and_on_the_day(ports, clock):
    await make_slots(5)
    made = await book_now(wish(), await make_booker(), ports)
    clock.advance(days=1, minutes=-1)
    with pytest.raises(TooEarly):
        await do(check_in, made, ports=ports, settings=ports.settings)
    clock.advance(days=1)
    with pytest.raises(WrongState):
        await do(check_in, made, ports=ports, settings=ports.settings)
    assert (await get_appointment(made.id)).state is AppointmentState.PENDING
    assert await QueueTicket.all().count() == 0


async def test_checking_in_twice_at_once_gives_one_ticket(ports, clock):
    await make_slots(5)
    made = await book_now(wish(), await make_booker(), ports)
    copies = [await get_appointment(made.id) for _ in range(4)]
    clock.advance(days=1)
    answers = await asyncio.gather(
        *(do(check_in, copy, ports=ports, settings=ports.settings) for copy in copies),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, QueueTicket) for answer in answers) == 1
    assert await QueueTicket.all().count() == 1
    assert (await TicketCounter.get()).last_number == 1


async def test_whoever_misses_the_call_comes_back_behind_three_and_leaves_the_second_time(
    window, ports, clock
):
    for number in range(5):
        await walk_in(number, ports)
        clock.advance(minutes=1)
    await do(call_next, window, ports=ports)
    missed = await do(miss, window, ports=ports)
    assert (missed.number, missed.state, missed.window_no) == (1, TicketState.WAITING, None)
    called = []
    for _ in range(4):
        called.append((await do(call_next, window, ports=ports)).number)
        await do(finish if len(called) < 4 else miss, window, ports=ports)
    assert called == [2, 3, 4, 1]
    gone = await get_ticket(missed.id)
    assert gone.state is TicketState.ABANDONED
    moves = [move.to_state for move in await moves_of(QueueTicket, gone.id)]
    assert moves == ["waiting", "called", "missed", "waiting", "called", "missed", "abandoned"]


async def test_a_booking_that_misses_twice_is_abandoned_and_keeps_its_place(window, ports, clock):
    await make_slots(5)
    clock.advance(days=1)
    await do(open_window, window, ports=ports)
    ticket = await checked_in(1, ports)
    for _ in range(2):
        await do(call_next, window, ports=ports)
        await do(miss, window, ports=ports)
    appointment = await get_appointment(ticket.appointment_id)
    assert appointment.state is AppointmentState.ABANDONED
    assert (await taken())[-5:] == [1] * 5


async def test_a_recalled_ticket_stays_and_one_being_served_is_not_recalled(window, ports, clock):
    await walk_in(1, ports)
    called = await do(call_next, window, ports=ports)
    clock.advance(minutes=1)
    again = await do(recall, window, ports=ports)
    assert (again.id, again.called_at) == (called.id, ports.now())
    await do(start, window, ports=ports)
    with pytest.raises(NoTicketAtWindow):
        await do(recall, window, ports=ports)
    with pytest.raises(WrongState):
        await do(miss, window, ports=ports)


async def test_a_window_is_worked_at_by_one(hall, ports):
    await do(open_window, hall[0], ports=ports)
    await do(open_window, hall[0], ports=ports)
    for step, refusal in (
        (open_window, WindowTaken),
        (close_window, WindowTaken),
        (call_next, WindowClosed),
    ):
        with pytest.raises(refusal):
            await do(step, hall[0], ports=ports, actor=ANOTHER_CLERK)
    with pytest.raises(NobodyWaiting):
        await do(call_next, hall[0], ports=ports)
    with pytest.raises(NoTicketAtWindow):
        await do(finish, hall[0], ports=ports)


async def test_a_window_with_somebody_in_hand_stays_open(window, ports):
    await walk_in(1, ports)
    await do(call_next, window, ports=ports)
    with pytest.raises(WindowBusy):
        await do(close_window, window, ports=ports)
    await do(finish, window, ports=ports)
    closed = await do(close_window, window, ports=ports, actor=MANAGER)
    assert (closed.staff_id, closed.opened_at) == (None, None)
    with pytest.raises(WindowClosed):
        await do(close_window, window, ports=ports)


async def test_the_wait_counts_who_is_called_before(window, ports, clock):
    tickets = [await walk_in(number, ports) for number in range(4)]
    await do(call_next, window, ports=ports)
    await do(start, window, ports=ports)
    clock.advance(minutes=6)
    await do(finish, window, ports=ports)
    queue = await look_from(tickets[3], now=ports.now())
    assert (queue.windows.numbers, queue.facts.began) == ({1}, [])
    assert queue.facts.served == [(ports.now() - timedelta(minutes=6), ports.now())]
    assert (queue.people_before, queue.facts.waiting.total()) == (2, 3)
    assert queue.wait_minutes == predict_wait(Hall(windows=1, ahead=2, mean_minutes=6.0))
    newcomers = await look_at_queue(STREET, WindowKind.ACCEPT, now=ports.now())
    assert (newcomers.people_before, newcomers.facts.waiting.total()) == (3, 3)


async def test_the_night_ends_every_ticket_and_tells_whom_nobody_called(window, ports, clock):
    tickets = [await walk_in(number, ports) for number in range(3)]
    for ticket in tickets:
        await WechatAccount.create(
            openid="o", openid_digest=ticket.id, person_id=ticket.person_id, created_at=TEN
        )
    await do(call_next, window, ports=ports)
    await do(start, window, ports=ports)
    clock.advance(hours=14)
    await close_past_days(ports)
    assert await QueueTicket.filter(state=TicketState.WAITING).count() == 2
    clock.advance(hours=1)
    await close_past_days(ports)
    states = [(await get_ticket(ticket.id)).state for ticket in tickets]
    assert states == [TicketState.DONE, TicketState.ABANDONED, TicketState.ABANDONED]
    told = await Notice.filter(kind="ticket_closed").order_by("id")
    assert [notice.text.count("A002") + notice.text.count("A003") for notice in told] == [1, 1]
    assert (await Window.get(id=window.id)).opened_at is None


async def test_a_point_is_heard_by_its_windows_and_noted_twice_a_minute_at_most(
    window, ports, clock
):
    for number in range(2):
        await walk_in(number, ports)
    began, noted = ports.now(), []
    for step in (call_next, start, recall, finish, call_next, miss):
        clock.advance(seconds=10)
        with contextlib.suppress(NoTicketAtWindow):
            await do(step, window, ports=ports)
        noted.append((await PointPresence.get(id=STREET)).heard_at - began)
    assert [one.total_seconds() for one in noted] == [0, 0, 0, 40, 40, 40]
    assert (await PointPresence.get(id=STREET)).version == 2


async def test_a_silent_point_is_back_when_one_of_its_windows_calls(window, ports, clock):
    await walk_in(1, ports)
    clock.advance(seconds=301)
    await take_out_silent_points(ports)
    assert (await PointPresence.get(id=STREET)).state is PresenceState.SILENT
    await do(call_next, window, ports=ports)
    presence = await PointPresence.get(id=STREET)
    assert (presence.state, presence.heard_at) == (PresenceState.PRESENT, ports.now())


async def test_windows_of_an_evacuated_point_go_on_with_whom_they_have(window, ports):
    await walk_in(1, ports)
    await do(evacuate, STREET, ports=ports, reason="停电")
    ticket = await do(call_next, window, ports=ports)
    await do(finish, window, ports=ports)
    assert (await get_ticket(ticket.id)).state is TicketState.DONE
    assert (await PointPresence.get(id=STREET)).state is PresenceState.EVACUATED


async def take_number():
    return await next_number(TicketCounter, point_code=STREET, day=TODAY, series="A")
