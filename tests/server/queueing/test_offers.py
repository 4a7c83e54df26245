"""Whoever waits where it takes longer is shown another point, and moves there whole or not."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.appointments import Slot
from models.catalog import ServicePoint, Window
from models.kinds import Lane, PointLevel, SessionKind, WindowKind
from models.notifications import Notice
from models.people import WechatAccount
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.guidance import MOST_OFFERS
from server.balancing.loads import LOADS, minutes_of
from server.balancing.presence import evacuate
from server.balancing.rules import Place, distance_km, travel_minutes
from server.identity.sessions import open_session
from server.kit.access import ENGINE
from server.kit.errors import WrongState
from server.kit.transaction import in_transaction
from server.queueing.calling import call_next, finish
from server.queueing.errors import NoSooner
from server.queueing.offers import find_offer, take_offer
from server.queueing.remote import arrive
from server.queueing.service import get_ticket
from server.queueing.tasks import give_up_numbers
from server.queueing.tickets import WalkIn, take_ticket
from server.queueing.waits import MINUTE, look_at_queue, look_from
from server.queueing.windows import open_window
from tests.server.queueing.hall import checked_in, do, walk_in
from tests.support.booking import CLERK, OTHER_STREET, STREET, make_booker, make_slots
from tests.support.engine import MONDAY_MORNING

CENTER_ITEM = "GL0070"
"""Not taken at streets."""
WAITING = 8
"""With one window, 96 minutes and more."""


@pytest.fixture(autouse=True)
async def _fresh():
    LOADS.forget()


@pytest.fixture
async def elsewhere(ports):
    """The other point that works today; its one open window is free."""
    await make_slots(30, capacity=9, begin=ports.now(), point_code=OTHER_STREET)
    window = await Window.filter(point_code=OTHER_STREET, kind=WindowKind.ACCEPT).first()
    await Window.filter(id=window.id).update(staff_id="clerk2", opened_at=ports.now())
    yield await Window.get(id=window.id)
    await Window.filter(point_code=OTHER_STREET).update(
        staff_id=None, opened_at=None, also_kinds=None
    )


@pytest.fixture
async def crowd(window, elsewhere, ports, clock):
    """Eight who wait behind one who was called to the one open window, the longest first."""
    assert elsewhere.opened_at
    await walk_in(50, ports)
    await do(call_next, window, ports=ports)
    waiting = []
    for number in range(1, WAITING + 1):
        clock.advance(seconds=1)
        waiting.append(await walk_in(number, ports))
    return waiting


async def look(ticket, ports):
    """The offer that is shown to one with a ticket."""
    ticket = await get_ticket(ticket.id)
    queue = await look_from(ticket, now=ports.now())
    return await find_offer(ticket, queue, ports.redis, now=ports.now())


async def go(ticket, ports, point_code=OTHER_STREET):
    return await do(take_offer, ticket, point_code, ports=ports)


async def minutes_of_way():
    places = [
        Place(one.lat, one.lng)
        for one in [await ServicePoint.get(code=code) for code in (STREET, OTHER_STREET)]
    ]
    return travel_minutes(distance_km(*places))


async def queue_there(count, ports):
    """Let others take numbers at the other point."""
    for number in range(100, 100 + count):
        booker = await make_booker(number)
        wanted = WalkIn(OTHER_STREET, WindowKind.ACCEPT, booker.person_id)
        await do(take_ticket, wanted, ports=ports, actor=booker.actor, settings=ports.settings)
    LOADS.forget()


@pytest.mark.parametrize(("others", "offered"), [(0, 8), (3, 5), (6, 2), (9, 0)])
async def test_what_is_offered_is_the_choice_of_the_policy_for_the_same_hall(
    crowd, ports, others, offered
):
    await queue_there(others, ports)
    known = await LOADS.look(ports.redis, now=ports.now())
    board = known.board_of([*PointLevel], is_staffed=True)
    chosen = [
        board.offer_in_queue(known.live[STREET], before, minutes_of(ports.now()))
        for before in range(WAITING)
    ]
    assert [choice is not None for choice in chosen] == [n >= WAITING - offered for n in range(8)]
    for choice, ticket in zip(chosen, crowd, strict=True):
        offer = await look(ticket, ports)
        if choice is None:
            assert offer is None
            continue
        assert offer.point.code == choice.point.code == OTHER_STREET
        assert (offer.travel, offer.wait) == pytest.approx((choice.travel, choice.wait), abs=0.01)


async def test_an_offer_tells_what_is_saved_and_until_when(crowd, ports):
    await queue_there(3, ports)
    offer = await look(crowd[-1], ports)
    here = await look_from(crowd[-1], now=ports.now())
    there = await look_at_queue(OTHER_STREET, WindowKind.ACCEPT, now=ports.now())
    assert offer.travel == await minutes_of_way() == pytest.approx(8.012, abs=0.001)
    assert offer.travel + offer.wait == there.wait_minutes
    assert offer.saved == here.wait_minutes - there.wait_minutes
    assert offer.holds_until(ports.now()) == ports.now() + timedelta(minutes=offer.saved - 1)


async def test_nobody_is_sent_where_they_cannot_be_served(crowd, elsewhere, ports, clock):
    ticket = crowd[-1]
    assert await look(ticket, ports)
    await QueueTicket.filter(id=ticket.id).update(item_codes=["no such item"])
    await refused(ticket, ports)
    await QueueTicket.filter(id=ticket.id).update(item_codes=[CENTER_ITEM])
    await refused(ticket, ports)
    await QueueTicket.filter(id=ticket.id).update(item_codes=[])
    await Window.filter(id=elsewhere.id).update(opened_at=None)
    await refused(ticket, ports)
    await Window.filter(id=elsewhere.id).update(opened_at=ports.now())
    clock.advance(seconds=1)
    assert await look(ticket, ports)
    await Slot.filter(point_code=OTHER_STREET, starts_at__gte=ports.now() + 8 * MINUTE).delete()
    await refused(ticket, ports)


async def test_a_dark_point_is_offered_to_nobody(crowd, ports):
    assert await look(crowd[-1], ports)
    await in_transaction(
        lambda: evacuate(OTHER_STREET, actor=ENGINE, now=ports.now(), reason="fire")
    )
    await refused(crowd[-1], ports)


async def test_who_has_a_number_there_or_was_sent_to_a_window_or_is_issued_stays(
    crowd, elsewhere, ports
):
    await Window.filter(id=elsewhere.id).update(also_kinds=[WindowKind.ISSUE])
    await queue_there(1, ports)
    assert all([await look(ticket, ports) for ticket in crowd[-3:]])
    there = await QueueTicket.get(point_code=OTHER_STREET)
    await QueueTicket.filter(id=there.id).update(person_id=crowd[-1].person_id)
    await refused(crowd[-1], ports)
    await QueueTicket.filter(id=crowd[-2].id).update(wanted_window_no=1)
    await refused(crowd[-2], ports)
    await QueueTicket.filter(id=crowd[-3].id).update(kind=WindowKind.ISSUE)
    await refused(crowd[-3], ports)


async def test_nobody_is_sent_on_more_often_than_the_policy_says(crowd, ports):
    ticket = crowd[-1]
    for number in range(MOST_OFFERS):
        assert await look(ticket, ports)
        await QueueTicket.create(
            point_code="before",
            day=ticket.day,
            series="A",
            number=number,
            kind=WindowKind.ACCEPT,
            person_id=ticket.person_id,
            item_codes=[],
            state=TicketState.TRANSFERRED,
            rank_at=ports.now(),
            taken_at=ports.now(),
        )
    await refused(ticket, ports)


async def test_what_helps_others_alone_is_not_offered(window, elsewhere, ports):
    assert elsewhere.opened_at
    await queue_there(2, ports)
    early = await checked_in(90, ports, starts_at=ports.now() + 10 * MINUTE)
    for number in range(1, WAITING):
        await walk_in(number, ports)
    await do(call_next, window, ports=ports)
    queue = await look_from(early, now=ports.now())
    assert (queue.people_before, round(queue.wait_minutes)) == (WAITING - 2, 23)
    await refused(early, ports)


async def test_whoever_goes_ranks_there_as_of_now_and_is_on_the_way(crowd, ports, clock):
    await queue_there(3, ports)
    clock.advance(minutes=2)
    ticket = crowd[-1]
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id=ticket.person_id, created_at=ports.now()
    )
    offer = await look(ticket, ports)
    moved = await go(ticket, ports)
    assert (moved.point_code, moved.origin_id, moved.number) == (OTHER_STREET, ticket.id, 4)
    assert (moved.lane, moved.rank_at, moved.arrived_at) == (Lane.PLAIN, ports.now(), None)
    assert moved.predicted_minutes == offer.travel + offer.wait
    assert moved.arrive_by == ports.now() + timedelta(minutes=offer.travel + offer.wait + 20)
    assert (await get_ticket(ticket.id)).state is TicketState.TRANSFERRED
    told = await Notice.get(kind="ticket_moved")
    assert told.text.endswith("新排队号 A004;到达后请点击“我已到达”")
    assert await look(moved, ports) is None
    with pytest.raises(WrongState):
        await go(moved, ports, STREET)


async def test_the_board_counts_who_goes_at_once_and_the_others_stay(crowd, ports, clock):
    await queue_there(5, ports)
    last, next_to_last, third = crowd[-1], crowd[-2], crowd[-3]
    assert await look(next_to_last, ports)
    assert await look(third, ports)
    await go(last, ports)
    await go(next_to_last, ports)
    assert await look(third, ports) is None
    before = await QueueTicket.all().order_by("id").values()
    with pytest.raises(NoSooner):
        await go(third, ports)
    assert await QueueTicket.all().order_by("id").values() == before
    clock.advance(seconds=1)
    known = await LOADS.look(ports.redis, now=ports.now())
    assert len(known.loads[OTHER_STREET].waiting) == 7
    assert len(known.loads[STREET].waiting) == 6


async def test_a_green_number_stays_green_and_a_booking_goes_as_a_plain_one(crowd, ports, clock):
    assert crowd
    booked = await checked_in(20, ports, starts_at=MONDAY_MORNING + 5 * MINUTE)
    clock.advance(minutes=6)
    greens = [await walk_in(number, ports, is_green=True) for number in range(30, 36)]
    assert (booked.lane, greens[-1].lane) == (Lane.BOOKED, Lane.GREEN)
    visit = await go(booked, ports)
    assert (visit.lane, visit.appointment_id) == (Lane.PLAIN, booked.appointment_id)
    assert (await get_ticket(booked.id)).appointment_id is None
    moved = await go(greens[-1], ports)
    assert (moved.lane, moved.rank_at) == (Lane.GREEN, ports.now())


async def test_whoever_was_called_meanwhile_stays(crowd, window, ports):
    called = crowd[0]
    assert await look(called, ports)
    await do(finish, window, ports=ports)
    assert (await do(call_next, window, ports=ports)).id == called.id
    with pytest.raises(WrongState) as refusal:
        await go(called, ports)
    assert refusal.value.data["state"] == "called"
    assert await QueueTicket.filter(point_code=OTHER_STREET).count() == 0


async def test_a_call_and_a_move_at_once_do_not_both_happen(hall, elsewhere, ports):
    assert elsewhere.opened_at
    first, second = [await do(open_window, one, ports=ports) for one in hall]
    await walk_in(1, ports)
    await do(call_next, first, ports=ports)
    for number in range(2, 6):
        ticket = await walk_in(number, ports)
        await QueueTicket.filter(id=ticket.id).update(wanted_window_no=first.number)
    ticket = await walk_in(6, ports)
    answers = await asyncio.gather(
        go(ticket, ports),
        do(call_next, second, ports=ports, actor=CLERK),
        return_exceptions=True,
    )
    ended = (await get_ticket(ticket.id)).state
    moved = await QueueTicket.filter(origin_id=ticket.id).count()
    assert (ended, moved) in {(TicketState.CALLED, 0), (TicketState.TRANSFERRED, 1)}
    assert sum(isinstance(one, QueueTicket) for one in answers) == 1


async def test_two_takes_at_once_move_once(crowd, ports):
    answers = await asyncio.gather(
        *(go(crowd[-1], ports) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, QueueTicket) for one in answers) == 1
    assert sum(isinstance(one, WrongState) for one in answers) == 3
    assert await QueueTicket.filter(point_code=OTHER_STREET).count() == 1


async def test_who_chose_to_go_and_does_not_come_counts_as_not_seen(crowd, ports, clock):
    went, came = await go(crowd[-1], ports), await go(crowd[-2], ports)
    await in_transaction(lambda: arrive(came, place=None, now=ports.now()))
    clock.advance(hours=1)
    await give_up_numbers(ports)
    assert (await get_ticket(went.id)).state is TicketState.NO_SHOW
    assert (await get_ticket(came.id)).state is TicketState.WAITING


async def test_over_http_one_is_shown_the_offer_and_the_same_key_moves_once(crowd, ports, http):
    ticket = crowd[-1]
    account = await WechatAccount.create(
        openid="o", openid_digest="o", person_id=ticket.person_id, created_at=ports.now()
    )
    session = await open_session(SessionKind.CITIZEN, account.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}", "idempotency-key": uuid4().hex}
    shown = (await http.get(f"/citizen/tickets/{ticket.id}", headers=headers)).json()
    point = await ServicePoint.get(code=OTHER_STREET)
    assert shown["wait_minutes"] == 97
    assert shown["offer"] == {
        "point_code": OTHER_STREET,
        "point_name": point.name,
        "travel_minutes": 9,
        "wait_minutes": 0,
        "saved_minutes": 88,
        "holds_until": shown["offer"]["holds_until"],
    }
    wanted = {"point_code": OTHER_STREET}
    path = f"/citizen/tickets/{ticket.id}/move"
    answers = [await http.post(path, json=wanted, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["point_code"] == OTHER_STREET
    again = await http.post(path, json=wanted, headers=headers | {"idempotency-key": uuid4().hex})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert await QueueTicket.filter(person_id=ticket.person_id).count() == 2
    shown = (await http.get(f"/citizen/tickets/{ticket.id}", headers=headers)).json()
    assert shown["offer"] is None


async def refused(ticket, ports):
    """Neither shown an offer nor let go; nothing has changed."""
    LOADS.forget()
    assert await look(ticket, ports) is None
    before = await QueueTicket.all().order_by("id").values()
    with pytest.raises(NoSooner):
        await go(ticket, ports)
    assert await QueueTicket.all().order_by("id").values() == before
