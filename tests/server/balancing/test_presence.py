"""A point is there while it is heard; a dark one gets no work, and what waits there goes on."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from models.audit import AuditEntry
from models.balancing import PointPresence
from models.bookkeeping import OutboxRow, Transition
from models.kinds import SessionKind, StaffRole
from models.prereview import ReviewTask
from models.staff import StaffAccount
from models.states import PresenceState, ReviewTaskState
from server.balancing import presence, reviews
from server.balancing.errors import LeaseLost, PointIsDark
from server.balancing.events import PointCameBack, PointWentDark
from server.balancing.tasks import drain_dark_points, take_out_silent_points
from server.identity.sessions import open_session
from server.kit.access import Actor, Role
from server.kit.errors import WrongState
from server.kit.outbox import Consumer, subscribe
from server.kit.transaction import in_transaction
from tests.support.booking import TEN, make_slots
from tests.support.papers import BRANCH, CENTER, clerk
from tests.support.relaying import relay_all

PRESENT, SILENT, EVACUATED = PresenceState
SUPERVISOR = Actor(Role.SUPERVISOR, id="supervisor")


@pytest.fixture
def heard():
    """What a listener of both events was told: topic, point, state."""
    told = []

    async def listen(event, _):
        told.append((event.topic, event.aggregate_id, getattr(event, "state", None)))

    subscribe(
        Consumer("test.went_dark", PointWentDark, listen),
        Consumer("test.came_back", PointCameBack, listen),
    )
    return told


@pytest.fixture
def hear(ports):
    async def hear(reviewer):
        return await in_transaction(
            lambda: presence.hear(reviewer.point_code, actor=reviewer, now=ports.now())
        )

    return hear


@pytest.fixture
def evacuate(ports):
    async def evacuate(code):
        return await in_transaction(
            lambda: presence.evacuate(code, actor=SUPERVISOR, now=ports.now(), reason="停电")
        )

    return evacuate


@pytest.fixture
def call_back(ports):
    async def call_back(code):
        return await in_transaction(
            lambda: presence.call_back(code, actor=SUPERVISOR, now=ports.now())
        )

    return call_back


async def open_for_an_hour(ports):
    """Let both points work for the hour that begins now."""
    for code in (CENTER, BRANCH):
        await make_slots(12, begin=ports.now(), point_code=code)


async def states():
    return dict(await PointPresence.all().order_by("id").values_list("id", "state"))


@pytest.mark.usefixtures("ports")
async def test_a_point_is_known_once_it_is_heard(hear):
    assert (await hear(clerk())).state is PRESENT
    assert await states() == {CENTER: PRESENT}
    assert await Transition.all().values_list("from_state", "to_state") == [("", "present")]


async def test_being_heard_is_noted_twice_a_minute_at_most(hear, clock, ports):
    began = ports.now()
    noted = []
    for _ in range(4):
        await hear(clerk())
        noted.append((await PointPresence.get(id=CENTER)).heard_at - began)
        clock.advance(seconds=15)
    assert [one.total_seconds() for one in noted] == [0, 0, 30, 30]


async def test_an_open_point_that_falls_silent_goes_dark_and_comes_back_when_heard(
    hear, heard, clock, ports
):
    await open_for_an_hour(ports)
    await hear(clerk(1, CENTER))
    clock.advance(seconds=200)
    await hear(clerk(1, BRANCH))
    clock.advance(seconds=101)
    await take_out_silent_points(ports)
    assert await states() == {CENTER: SILENT, BRANCH: PRESENT}
    await relay_all(ports)
    assert heard == [("point.went_dark", CENTER, SILENT)]
    assert (await hear(clerk(2, CENTER))).state is PRESENT
    assert await states() == {CENTER: PRESENT, BRANCH: PRESENT}
    await take_out_silent_points(ports)
    await relay_all(ports)
    assert heard[1:] == [("point.came_back", CENTER, None)]


@pytest.mark.usefixtures("ports")
async def test_all_who_are_heard_at_once_at_a_silent_point_are_let_through(hear):
    await PointPresence.create(id=CENTER, state=SILENT, heard_at=TEN)
    # Once for nothing, so that connections are there and all read before one writes.
    for code in (BRANCH, CENTER):
        clerks = [clerk(number, code) for number in range(8)]
        answers = await asyncio.gather(*map(hear, clerks))
    assert [one.state for one in answers] == [PRESENT] * 8
    assert await Transition.filter(aggregate_id=CENTER).values_list("to_state") == [("present",)]


async def test_silence_at_closing_time_is_no_news(hear, clock, ports):
    await open_for_an_hour(ports)
    clock.advance(minutes=57)
    await hear(clerk())
    clock.advance(minutes=6)
    await take_out_silent_points(ports)
    assert await states() == {CENTER: PRESENT}


async def test_a_point_that_just_opened_has_time_to_be_heard(hear, clock, ports):
    await hear(clerk())
    clock.advance(hours=1)
    await open_for_an_hour(ports)
    clock.advance(seconds=299)
    await take_out_silent_points(ports)
    assert await states() == {CENTER: PRESENT}
    clock.advance(seconds=1)
    await take_out_silent_points(ports)
    assert await states() == {CENTER: SILENT}


async def test_an_evacuated_point_stays_dark_until_it_is_called_back(
    hear, evacuate, call_back, clock, ports
):
    await evacuate(CENTER)
    with pytest.raises(WrongState):
        await evacuate(CENTER)
    clock.advance(minutes=10)
    assert (await hear(clerk())).state is EVACUATED
    assert (await call_back(CENTER)).heard_at == ports.now()
    with pytest.raises(WrongState):
        await call_back(CENTER)
    assert await states() == {CENTER: PRESENT}
    moves = await Transition.all().order_by("id").values_list("to_state", "actor", "reason")
    assert moves == [
        ("present", SUPERVISOR.name, ""),
        ("evacuated", SUPERVISOR.name, "停电"),
        ("present", SUPERVISOR.name, ""),
    ]


@pytest.mark.usefixtures("ports")
async def test_a_point_that_was_never_dark_cannot_be_called_back(call_back):
    with pytest.raises(WrongState):
        await call_back(CENTER)
    assert await PointPresence.all().count() == 0


async def test_a_dark_point_gets_no_work_not_even_when_wished(evacuate, enqueue):
    await evacuate(CENTER)
    assert {(await enqueue(number)).point_code for number in range(1, 6)} == {BRANCH}


async def test_what_waits_at_a_dark_point_waits_elsewhere_in_its_place(
    evacuate, enqueue, claim, ports
):
    for number in (1, 3):
        await enqueue(number, wish=CENTER)
    await enqueue(2, wish=BRANCH)
    await evacuate(CENTER)
    await drain_dark_points(ports)
    claimed = [await claim(clerk(number, BRANCH)) for number in (1, 2, 3)]
    assert [one.pre_review_id for one in claimed] == ["papers-1", "papers-2", "papers-3"]
    assert set(await ReviewTask.all().values_list("point_code", flat=True)) == {BRANCH}


async def test_with_every_point_dark_reviews_stay_where_they_are(evacuate, enqueue, ports):
    await enqueue(1)
    for code in (CENTER, BRANCH):
        await evacuate(code)
    await drain_dark_points(ports)
    task = await ReviewTask.get()
    assert (task.point_code, task.state) == (CENTER, ReviewTaskState.QUEUED)


async def test_what_is_held_at_an_evacuated_point_goes_back_at_once(
    evacuate, enqueue, claim, clock, ports
):
    await enqueue(1)
    task = await claim(clerk())
    await evacuate(CENTER)
    with pytest.raises(LeaseLost):
        await in_transaction(
            lambda: reviews.renew(
                task.pre_review_id, fence=1, reviewer=clerk(), now=ports.now(), ports=ports
            )
        )
    clock.advance(seconds=1)
    assert [one.id for one in await reviews.find_lapsed(now=ports.now())] == [task.id]


async def test_nothing_is_claimed_at_an_evacuated_point(evacuate, enqueue, claim):
    await enqueue(1, wish=BRANCH)
    await evacuate(CENTER)
    with pytest.raises(PointIsDark):
        await claim(clerk())
    assert (await ReviewTask.get()).state is ReviewTaskState.QUEUED


@pytest.mark.usefixtures("ports")
async def test_an_order_for_a_silent_point_is_news_of_its_own(heard, evacuate, ports):
    silent = await PointPresence.create(id=CENTER, state=SILENT, heard_at=ports.now())
    await evacuate(silent.id)
    rows = await OutboxRow.filter(consumer="test.went_dark").values_list("payload", flat=True)
    assert [row["state"] for row in rows] == ["evacuated"]
    assert heard == []


async def headers_of(role, point_code, ports):
    account = await StaffAccount.create(
        login=role,
        display_name=role,
        role=role,
        point_code=point_code,
        password_hash="",
        totp_secret="",
        created_at=ports.now(),
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    return {"authorization": f"Bearer {session.token}", "idempotency-key": uuid4().hex}


async def test_desks_are_heard_and_the_district_evacuates_over_http(api_url, ports):
    desk = await headers_of(StaffRole.CLERK, CENTER, ports)
    district = await headers_of(StaffRole.SUPERVISOR, None, ports)
    path = f"/district/points/{CENTER}"
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1") as http:
        heard = await http.put("/desk/presence", headers=desk)
        assert heard.json() == {"state": "present", "again_within_s": 75}
        gone = await http.post(f"{path}/evacuate", headers=district, json={"reason": "停电"})
        assert (gone.json()["point_code"], gone.json()["state"]) == (CENTER, "evacuated")
        claimed = await http.post("/desk/pre-reviews/claim-next", headers=desk)
        assert (claimed.status_code, claimed.json()["code"]) == (409, "point_is_dark")
        again = district | {"idempotency-key": uuid4().hex}
        back = await http.post(f"{path}/call-back", headers=again)
        assert back.json()["state"] == "present"
    audited = await AuditEntry.all().order_by("id").values_list("action", "subject_id")
    assert audited[-2:] == [("point.evacuate", CENTER), ("point.call_back", CENTER)]
