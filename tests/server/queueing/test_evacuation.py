"""A point that goes dark: everybody waiting keeps their place in time elsewhere."""

import pytest

from models.balancing import PointPresence
from models.catalog import ServicePoint, Window
from models.kinds import HallNewsKind, WindowKind
from models.notifications import Notice
from models.people import WechatAccount
from models.queueing import HallNews, QueueTicket
from models.states import TicketState
from server.balancing.presence import call_back, evacuate, hear, take_out
from server.kit.transaction import in_transaction
from server.queueing.calling import call_next, finish, start
from server.queueing.remote import arrive
from server.queueing.rules import label_of
from server.queueing.service import get_ticket
from server.queueing.tickets import WalkIn, take_ticket
from server.queueing.windows import open_window
from tests.server.queueing.hall import MANAGER, do, walk_in
from tests.support.booking import OTHER_STREET, STREET, make_booker, make_slots
from tests.support.relaying import relay_all


async def go_dark(ports):
    await in_transaction(
        lambda: evacuate(STREET, actor=MANAGER, now=ports.now(), reason="power cut")
    )


@pytest.fixture
async def refuge(ports):
    """The one other point that works today, where a window is open."""
    await make_slots(30, capacity=9, begin=ports.now(), point_code=OTHER_STREET)
    window = await Window.filter(point_code=OTHER_STREET, kind=WindowKind.ACCEPT).first()
    await Window.filter(id=window.id).update(staff_id="clerk2", opened_at=ports.now())
    yield await Window.get(id=window.id)
    await Window.filter(id=window.id).update(staff_id=None, opened_at=None)


async def here_at(point_code, number, ports):
    booker = await make_booker(number)
    wanted = WalkIn(point_code, WindowKind.ACCEPT, booker.person_id)
    return await do(take_ticket, wanted, ports=ports, actor=booker.actor, settings=ports.settings)


@pytest.mark.usefixtures("window", "refuge")
async def test_a_point_that_only_fell_silent_keeps_its_people(ports):
    ticket = await walk_in(1, ports)
    await in_transaction(lambda: hear(STREET, actor=MANAGER, now=ports.now()))
    heard = await PointPresence.get(id=STREET)
    await in_transaction(lambda: take_out(heard, now=ports.now()))
    await relay_all(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.WAITING
    assert await Notice.filter(kind="ticket_evacuated").count() == 0


async def test_people_keep_their_place_in_time_at_the_named_point(window, refuge, ports, clock):
    first = await walk_in(1, ports)
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id=first.person_id, created_at=ports.now()
    )
    clock.advance(minutes=1)
    there = await here_at(OTHER_STREET, 2, ports)
    clock.advance(minutes=1)
    last = await walk_in(3, ports)
    assert window.opened_at
    await go_dark(ports)
    await relay_all(ports)
    moved = {one.origin_id: one for one in await QueueTicket.filter(origin_id__not_isnull=True)}
    assert set(moved) == {first.id, last.id}
    assert (await get_ticket(first.id)).state is TicketState.TRANSFERRED
    successor = moved[first.id]
    assert (successor.point_code, successor.rank_at) == (OTHER_STREET, first.rank_at)
    assert successor.arrived_at is None
    assert {one.number for one in moved.values()} == {2, 3}
    told = await Notice.get(kind="ticket_evacuated")
    assert label_of(successor.series, successor.number) in told.text
    point = await ServicePoint.get(code=OTHER_STREET)
    assert point.name in told.text
    for one in moved.values():
        await in_transaction(lambda one=one: arrive(one, place=None, now=ports.now()))
    clerk = MANAGER.__class__(MANAGER.role, id="clerk2", point_code=OTHER_STREET)
    called = []
    for _ in range(3):
        called.append((await do(call_next, refuge, ports=ports, actor=clerk)).id)
        await do(finish, refuge, ports=ports, actor=clerk)
    assert called == [successor.id, there.id, moved[last.id].id]


async def test_who_is_called_goes_too_and_who_is_served_stays(hall, refuge, ports):
    assert refuge.opened_at
    windows = [await do(open_window, one, ports=ports) for one in hall]
    served, called = await walk_in(1, ports), await walk_in(2, ports)
    for window in windows:
        await do(call_next, window, ports=ports)
    await do(start, windows[0], ports=ports)
    await go_dark(ports)
    await relay_all(ports)
    assert (await get_ticket(served.id)).state is TicketState.SERVING
    assert (await get_ticket(called.id)).state is TicketState.TRANSFERRED
    news = await HallNews.filter(kind=HallNewsKind.CLEARED)
    assert [(one.label, one.window_no) for one in news] == [("A002", windows[1].number)]


async def test_news_told_twice_moves_nobody_twice(window, refuge, ports):
    assert window.opened_at
    assert refuge.opened_at
    await walk_in(1, ports)
    await go_dark(ports)
    await in_transaction(lambda: call_back(STREET, actor=MANAGER, now=ports.now()))
    await go_dark(ports)
    await relay_all(ports)
    assert await QueueTicket.filter(point_code=OTHER_STREET).count() == 1


async def test_a_point_that_is_back_keeps_its_people(window, refuge, ports):
    assert window.opened_at
    assert refuge.opened_at
    ticket = await walk_in(1, ports)
    await go_dark(ports)
    await in_transaction(lambda: call_back(STREET, actor=MANAGER, now=ports.now()))
    await relay_all(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.WAITING


async def test_where_there_is_nowhere_to_go_the_number_stays(window, ports):
    assert window.opened_at
    ticket = await walk_in(1, ports)
    await go_dark(ports)
    await relay_all(ports)
    assert (await get_ticket(ticket.id)).state is TicketState.WAITING
