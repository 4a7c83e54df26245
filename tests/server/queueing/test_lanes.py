"""Who goes first, across lanes, kinds and windows."""

import asyncio
from datetime import timedelta

import pytest

from models.catalog import Window
from models.kinds import HallNewsKind, Lane, WindowKind
from models.notifications import Notice
from models.people import Person, WechatAccount
from models.queueing import HallNews, QueueTicket
from models.states import AppointmentState, TicketState
from server.appointments.service import get_appointment
from server.kit.access import Actor, Role
from server.kit.errors import WrongState
from server.kit.states import moves_of
from server.queueing.calling import call_next, finish, miss, start
from server.queueing.errors import KindNotServed, NobodyWaiting, WindowClosed, WindowTaken
from server.queueing.rules import label_of
from server.queueing.service import get_ticket
from server.queueing.tickets import WalkIn, take_ticket
from server.queueing.transferring import transfer_ticket
from server.queueing.windows import change_window, open_window
from tests.server.queueing.hall import ANOTHER_CLERK, checked_in, do, walk_in
from tests.support.booking import CLERK, STREET, book_now, make_booker, wish


async def call_all(window, ports):
    labels = []
    while True:
        try:
            called = await do(call_next, window, ports=ports)
        except NobodyWaiting:
            return labels
        labels.append(label_of(called.series, called.number))
        await do(finish, window, ports=ports)


async def test_green_numbers_go_first_and_every_third_call_is_a_plain_one(window, ports, clock):
    for number in range(8):
        await walk_in(number, ports, is_green=number >= 2)
        clock.advance(seconds=1)
    assert await call_all(window, ports) == [
        *("A003", "A004", "A001"),
        *("A005", "A006", "A002"),
        *("A007", "A008"),
    ]


async def test_whoever_is_old_enough_is_green_without_asking(hall, ports):
    assert len(hall) == 2
    booker = await make_booker(1)
    await Person.filter(id=booker.person_id).update(id_number="350102196111230019")
    wanted = WalkIn(STREET, WindowKind.ACCEPT, booker.person_id)
    ticket = await do(take_ticket, wanted, ports=ports, settings=ports.settings)
    assert ticket.lane is Lane.GREEN
    assert (await walk_in(2, ports)).lane is Lane.PLAIN


async def test_a_booking_that_missed_its_call_counts_as_a_plain_number(window, ports, clock):
    ticket = await checked_in(1, ports, starts_at=ports.now() + timedelta(minutes=30))
    assert ticket.lane is Lane.BOOKED
    clock.advance(minutes=35)
    await do(call_next, window, ports=ports)
    await do(miss, window, ports=ports)
    for number in range(2, 6):
        await walk_in(number, ports, is_green=number == 5)
    again = await get_ticket(ticket.id)
    assert (again.misses, again.called_as, again.lane) == (1, Lane.BOOKED, Lane.PLAIN)
    assert (await do(call_next, window, ports=ports)).number == 4
    await do(finish, window, ports=ports)
    assert (await do(call_next, window, ports=ports)).id == ticket.id
    assert (await get_ticket(ticket.id)).called_as is Lane.PLAIN


async def test_a_window_of_several_kinds_calls_whoever_came_first(hall, ports, clock):
    kinds = (WindowKind.ACCEPT, WindowKind.CONSULT, WindowKind.ISSUE, WindowKind.CONSULT)
    for number, kind in enumerate(kinds):
        await walk_in(number, ports, kind=kind)
        clock.advance(seconds=1)
    window = await do(open_window, hall[0], ports=ports, also_kinds=[WindowKind.CONSULT])
    assert await call_all(window, ports) == ["A001", "C001", "C002"]
    await do(open_window, hall[0], ports=ports, also_kinds=[WindowKind.ISSUE])
    assert await call_all(window, ports) == ["L001"]


async def test_who_is_sent_to_another_kind_has_a_new_number_and_the_old_place(window, ports, clock):
    first = await walk_in(1, ports)
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id=first.person_id, created_at=ports.now()
    )
    clock.advance(minutes=1)
    await walk_in(2, ports, kind=WindowKind.CONSULT)
    await do(call_next, window, ports=ports)
    await do(start, window, ports=ports)
    successor = await do(
        transfer_ticket, window, ports=ports, kind=WindowKind.CONSULT, window_no=None
    )
    assert (successor.series, successor.number, successor.state) == ("C", 2, TicketState.WAITING)
    assert (successor.rank_at, successor.origin_id) == (first.rank_at, first.id)
    assert (await get_ticket(first.id)).state is TicketState.TRANSFERRED
    told = await Notice.get(kind="ticket_transferred")
    assert "C002" in told.text
    await do(open_window, window, ports=ports, also_kinds=[WindowKind.CONSULT])
    assert await call_all(window, ports) == ["C002", "C001"]


async def test_the_visit_goes_along_and_ends_where_it_is_served_last(window, ports):
    ticket = await checked_in(1, ports, starts_at=ports.now() + timedelta(minutes=30))
    for kind in (WindowKind.CONSULT, WindowKind.ACCEPT):
        await do(open_window, window, ports=ports, also_kinds=[WindowKind.CONSULT])
        await do(call_next, window, ports=ports)
        await do(start, window, ports=ports)
        successor = await do(transfer_ticket, window, ports=ports, kind=kind, window_no=None)
    visit = await get_appointment(ticket.appointment_id)
    assert visit.state is AppointmentState.SERVING
    assert (successor.series, successor.appointment_id) == ("Y", visit.id)
    await do(call_next, window, ports=ports)
    await do(finish, window, ports=ports)
    visit = await get_appointment(visit.id)
    assert visit.state is AppointmentState.SERVED
    moves = [move.to_state for move in await moves_of(QueueTicket, ticket.id)]
    assert moves == ["waiting", "called", "serving", "transferred"]


async def test_who_is_sent_to_one_window_is_called_by_no_other_while_it_is_open(hall, ports):
    here, there = [
        await do(open_window, one, ports=ports, actor=actor)
        for one, actor in zip(hall, (CLERK, ANOTHER_CLERK), strict=True)
    ]
    await walk_in(1, ports)
    await do(call_next, here, ports=ports)
    sent = await do(transfer_ticket, here, ports=ports, kind=None, window_no=there.number)
    with pytest.raises(NobodyWaiting):
        await do(call_next, here, ports=ports)
    called = await do(call_next, there, ports=ports, actor=ANOTHER_CLERK)
    assert called.id == sent.id


async def test_who_was_sent_to_a_window_that_closed_is_called_by_any(hall, ports):
    here, there = [
        await do(open_window, one, ports=ports, actor=actor)
        for one, actor in zip(hall, (CLERK, ANOTHER_CLERK), strict=True)
    ]
    await walk_in(1, ports)
    await do(call_next, here, ports=ports)
    sent = await do(transfer_ticket, here, ports=ports, kind=None, window_no=there.number)
    await Window.filter(id=there.id).update(staff_id=None, opened_at=None)
    assert (await do(call_next, here, ports=ports)).id == sent.id


@pytest.mark.parametrize(
    ("kind", "number", "refusal"),
    [
        (WindowKind.ACCEPT, None, WrongState),
        (None, 1, WrongState),
        (None, 2, KindNotServed),
        (None, 99, KindNotServed),
        (WindowKind.CONSULT, 2, KindNotServed),
    ],
)
async def test_nobody_is_sent_where_nobody_serves_them(window, ports, kind, number, refusal):
    await walk_in(1, ports)
    ticket = await do(call_next, window, ports=ports)
    with pytest.raises(refusal):
        await do(transfer_ticket, window, ports=ports, kind=kind, window_no=number)
    assert (await get_ticket(ticket.id)).state is TicketState.CALLED
    assert await QueueTicket.all().count() == 1


async def test_a_clerk_goes_on_at_another_window_with_whom_he_has_in_hand(hall, ports):
    window = await do(open_window, hall[0], ports=ports, also_kinds=[WindowKind.ISSUE])
    await walk_in(1, ports)
    ticket = await do(call_next, window, ports=ports)
    moved = await do(change_window, window, hall[1], ports=ports)
    assert (moved.number, moved.staff_id, moved.also_kinds) == (2, CLERK.id, ["issue"])
    assert (await Window.get(id=window.id)).opened_at is None
    assert (await get_ticket(ticket.id)).window_no == 2
    told = [(one.kind, one.label, one.window_no) for one in await HallNews.all().order_by("change")]
    assert told == [
        (HallNewsKind.CALLED, "A001", 1),
        (HallNewsKind.CLEARED, "A001", 1),
        (HallNewsKind.RECALLED, "A001", 2),
    ]
    await do(finish, moved, ports=ports)


async def test_a_clerk_does_not_go_to_a_window_where_somebody_works(hall, ports):
    window = await do(open_window, hall[0], ports=ports)
    await do(open_window, hall[1], ports=ports, actor=ANOTHER_CLERK)
    with pytest.raises(WindowTaken):
        await do(change_window, window, hall[1], ports=ports)
    with pytest.raises(WindowClosed):
        await do(change_window, hall[1], window, ports=ports)
    assert (await Window.get(id=window.id)).staff_id == CLERK.id


async def test_taking_a_number_where_a_booking_is_due_checks_it_in(hall, ports):
    assert len(hall) == 2
    made = await book_now(
        wish(starts_at=ports.now() + timedelta(minutes=30)), await make_booker(1), ports
    )
    ticket = await walk_in(1, ports)
    assert (ticket.series, ticket.appointment_id, ticket.lane) == ("Y", made.id, Lane.BOOKED)
    assert (await get_appointment(made.id)).state is AppointmentState.CHECKED_IN


async def test_windows_calling_at_once_keep_to_every_third_call_a_plain_one(hall, ports, clock):
    assert len(hall) == 2
    for number in range(12):
        await walk_in(number, ports, is_green=number % 2 == 0)
        clock.advance(seconds=1)
    await Window.filter(point_code=STREET, number__gte=100).delete()
    windows = [
        await Window.create(
            point_code=STREET,
            number=100 + place,
            kind=WindowKind.ACCEPT,
            staff_id=f"clerk{place}",
            opened_at=ports.now(),
        )
        for place in range(4)
    ]

    async def call_three(one):
        actor = Actor(Role.CLERK, id=one.staff_id, point_code=STREET)
        for _ in range(3):
            await do(call_next, one, ports=ports, actor=actor)
            await do(finish, one, ports=ports, actor=actor)

    try:
        await asyncio.gather(*(call_three(one) for one in windows))
    finally:
        await Window.filter(point_code=STREET, number__gte=100).delete()
    called = await QueueTicket.all().order_by("called_in")
    lanes = "".join("g" if one.lane is Lane.GREEN else "p" for one in called)
    assert lanes == "ggpggpggpppp"
