"""What balancing is told of a hall agrees with whom the hall calls and what it predicts."""

from datetime import timedelta

from models.catalog import Window
from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.queueing.calling import call_next, finish, miss, start
from server.queueing.loads import HallLoads, load_of
from server.queueing.waits import MINUTE, look_at_queue
from server.queueing.windows import open_window
from tests.server.queueing.hall import ANOTHER_CLERK, checked_in, do, walk_in
from tests.support.booking import STREET, TEN

CONSULT, ACCEPT, ISSUE = WindowKind


def window(number, kind, *also_kinds, is_open=True):
    opened_at = TEN if is_open else None
    return Window(number=number, kind=kind, also_kinds=also_kinds or None, opened_at=opened_at)


def ticket(kind, *item_codes, state=TicketState.WAITING, lane=Lane.PLAIN, minutes=0, **columns):
    rank_at = TEN + timedelta(minutes=minutes)
    return QueueTicket(
        kind=kind, item_codes=item_codes, state=state, lane=lane, rank_at=rank_at, **columns
    )


def test_whoever_shares_the_windows_that_accept_is_in_the_way_whatever_the_kind():
    windows = [window(1, ACCEPT, CONSULT), window(2, ISSUE), window(3, ACCEPT, is_open=False)]
    tickets = [ticket(CONSULT, "c"), ticket(ACCEPT, "a", minutes=1), ticket(ISSUE, "i")]
    load = load_of(windows, tickets, now=TEN)
    assert (load.windows_open, load.waiting) == (1, (("c",), ("a",)))


def test_services_count_where_people_are_accepted_and_a_call_begins_now():
    windows = [window(1, ACCEPT), window(2, ISSUE, ACCEPT), window(3, CONSULT)]
    served, called = TicketState.SERVING, TicketState.CALLED
    tickets = [
        ticket(ACCEPT, state=called, window_no=1, called_at=TEN - MINUTE),
        ticket(ISSUE, state=served, window_no=2, serving_at=TEN - 5 * MINUTE),
        ticket(CONSULT, state=served, window_no=3, serving_at=TEN - 6 * MINUTE),
    ]
    load = load_of(windows, tickets, now=TEN)
    assert (load.windows_open, load.started) == (2, (TEN, TEN - 5 * MINUTE))


def test_who_booked_for_later_comes_then_and_green_numbers_beyond_their_turns_do_not_count():
    greens = [ticket(ACCEPT, f"g{n}", lane=Lane.GREEN, minutes=n) for n in range(-6, 0)]
    later = ticket(ACCEPT, "later", lane=Lane.BOOKED, minutes=20)
    load = load_of([window(1, ACCEPT)], [ticket(ACCEPT, "a"), later, *greens], now=TEN)
    assert load.waiting == (("g-6",), ("g-5",), ("a",), ("g-4",), ("g-3",))
    assert load.coming == (TEN + 20 * MINUTE,)


async def test_the_load_of_a_hall_is_what_a_newcomer_is_predicted_by(hall, ports, clock):
    here, _ = hall[0], await do(open_window, hall[1], ports=ports, actor=ANOTHER_CLERK)
    await do(open_window, here, ports=ports, also_kinds=[CONSULT])
    await walk_in(1, ports)
    await do(call_next, here, ports=ports)
    await do(miss, here, ports=ports)
    await checked_in(2, ports, starts_at=ports.now() + timedelta(minutes=45))
    for number, kind in enumerate((ACCEPT, CONSULT, ISSUE, ACCEPT), start=3):
        clock.advance(minutes=1)
        await walk_in(number, ports, kind=kind, is_green=number == 6)
    await do(call_next, here, ports=ports)
    await do(start, here, ports=ports)
    clock.advance(minutes=4)
    load = (await HallLoads().read_loads(now=ports.now()))[STREET]
    queue = await look_at_queue(STREET, ACCEPT, now=ports.now())
    assert load.windows_open == len(queue.windows.numbers) == 2
    assert list(load.started) == queue.facts.began == [ports.now() - 4 * MINUTE]
    assert len(load.waiting) == queue.people_before == 3
    assert queue.facts.waiting.total() == 4
    await do(finish, here, ports=ports)
