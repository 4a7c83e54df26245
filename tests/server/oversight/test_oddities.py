"""Odd patterns as a supervisor sees them."""

from datetime import timedelta

import httpx
import pytest

from models.appointments import Appointment, Hold
from models.kinds import OriginKind, SessionKind, StaffRole
from models.people import LoginOrigin, WechatAccount
from models.staff import StaffAccount
from models.states import HoldState
from server.appointments.booking import book_held, cancel
from server.appointments.holds import hold_place, release_hold
from server.appointments.service import mark_no_show
from server.appointments.tasks import expire_holds
from server.identity.origins import forget_old_origins, note_login
from server.identity.sessions import open_session
from server.kit.access import ENGINE, Origin
from server.kit.transaction import in_transaction
from tests.support.booking import ITEM, STREET, TEN, book_now, make_booker, make_slots, wish

DEVICE = "device-0123456789"


@pytest.fixture
async def http(api_url, ports):
    """A supervisor's client."""
    account = await StaffAccount.create(
        login="supervisor",
        display_name="督查",
        role=StaffRole.SUPERVISOR,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture(autouse=True)
async def _slots(ports):
    assert ports is not None
    await make_slots(5, capacity=100)


async def look(http, kind, **more):
    answer = await http.get("/district/oddities", params={"kind": kind, "least": 2} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(page):
    return [
        (one["count"], [person["person_id"] for person in one["people"]]) for one in page["items"]
    ]


async def book_and_cancel(booker, ports, times, actor=None):
    for _ in range(times):
        visit = await book_now(wish(), booker, ports)
        await in_transaction(
            lambda visit=visit: cancel(
                visit, actor=actor or booker.actor, now=ports.now(), settings=ports.settings
            )
        )


async def hold(booker, ports):
    return await in_transaction(
        lambda: hold_place(
            STREET, TEN, (ITEM,), booker=booker, now=ports.now(), settings=ports.settings
        )
    )


async def let_go(kept, booker, ports):
    await in_transaction(
        lambda: release_hold(kept, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def test_who_books_and_cancels_again_and_again(http, ports):
    often, twice, closed_out = [await make_booker(number) for number in (1, 2, 3)]
    await book_and_cancel(often, ports, 3)
    await book_and_cancel(twice, ports, 2)
    await book_and_cancel(closed_out, ports, 4, actor=ENGINE)
    page = await look(http, "booked_and_cancelled")
    assert told(page) == [(3, [often.person_id]), (2, [twice.person_id])]
    first = page["items"][0]
    assert (first["id"], first["kind"]) == (often.person_id, "booked_and_cancelled")
    assert first["people"][0]["name"] == "张*"
    assert first["first_at"] == first["last_at"] == "2026-11-23T01:00:00Z"
    assert told(await look(http, "booked_and_cancelled", least=3)) == [(3, [often.person_id])]


async def test_who_holds_places_and_lets_them_go(http, ports, clock):
    booker, other = await make_booker(1), await make_booker(2)
    await let_go(await hold(booker, ports), booker, ports)
    await hold(booker, ports)
    kept = await hold(other, ports)
    await in_transaction(
        lambda: book_held(wish(), kept, other, now=ports.now(), settings=ports.settings)
    )
    await let_go(await hold(other, ports), other, ports)
    clock.advance(minutes=10)
    await expire_holds(ports)
    assert await Hold.filter(state=HoldState.EXPIRED).count() == 1
    assert told(await look(http, "held_and_not_booked")) == [(2, [booker.person_id])]


async def test_who_does_not_come(http, ports):
    booker, other = await make_booker(1), await make_booker(2)
    for missing, times in ((booker, 2), (other, 1)):
        for _ in range(times):
            visit = await book_now(wish(), missing, ports, is_confirmed=True)
            await Appointment.filter(id=visit.id).update(starts_at=ports.now() - timedelta(hours=1))
            visit = await Appointment.get(id=visit.id)
            await in_transaction(lambda v=visit: mark_no_show(v, actor=ENGINE, now=ports.now()))
    assert told(await look(http, "not_come")) == [(2, [booker.person_id])]
    await Appointment.all().update(starts_at=ports.now() - timedelta(days=14, seconds=1))
    assert told(await look(http, "not_come")) == []
    assert told(await look(http, "not_come", days=15)) == [(2, [booker.person_id])]


async def log_in_from(origin, number, ports):
    booker = await make_booker(number)
    await WechatAccount.create(
        id=booker.account_id,
        openid="o",
        openid_digest=f"{number}",
        person_id=booker.person_id,
        created_at=TEN,
    )
    await in_transaction(lambda: note_login(booker.account_id, origin, now=ports.now()))
    return booker


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        ("many_people_one_device", Origin(device=DEVICE)),
        ("many_people_one_address", Origin(address="192.0.2.1")),
    ],
)
async def test_many_people_who_book_from_one_origin(http, ports, kind, origin):
    bookers = [await log_in_from(origin, number, ports) for number in (1, 2, 3)]
    for booker in bookers[:2]:
        await book_now(wish(), booker, ports)
    other = await log_in_from(Origin(device="another-0123456789"), 4, ports)
    await book_now(wish(), other, ports)
    [one] = (await look(http, kind))["items"]
    assert one["count"] == 2
    assert [person["person_id"] for person in one["people"]] == [
        booker.person_id for booker in bookers[:2]
    ]
    stored = await LoginOrigin.all().values_list("digest", flat=True)
    assert one["id"] in stored
    assert not {origin.device, origin.address} & set(stored)
    assert (await look(http, kind, least=3))["items"] == []


async def test_a_login_is_noted_once_and_forgotten_thirty_days_after_the_last(ports, clock):
    origin = Origin(device=DEVICE, address="192.0.2.1")
    for _ in range(2):
        await in_transaction(lambda: note_login("account", origin, now=ports.now()))
        clock.advance(days=20)
    rows = await LoginOrigin.all().order_by("id")
    assert [row.kind for row in rows] == [OriginKind.DEVICE, OriginKind.ADDRESS]
    assert {row.last_seen_at for row in rows} == {ports.now() - timedelta(days=20)}
    clock.advance(days=10)
    assert await forget_old_origins(now=ports.now()) == 0
    clock.advance(seconds=1)
    assert await forget_old_origins(now=ports.now()) == 2


async def test_a_page_goes_on_where_the_one_before_ended(http, ports):
    bookers = sorted(
        [await make_booker(number) for number in range(1, 5)], key=lambda one: one.person_id
    )
    for booker, times in zip(bookers, (2, 3, 2, 3), strict=True):
        await book_and_cancel(booker, ports, times)
    found, cursor = [], None
    while cursor or not found:
        more = {"cursor": cursor} if cursor else {}
        page = await look(http, "booked_and_cancelled", limit=1, **more)
        found += told(page)
        cursor = page["next_cursor"]
    order = ((3, 1), (3, 3), (2, 0), (2, 2))
    assert found == [(times, [bookers[place].person_id]) for times, place in order]


@pytest.mark.parametrize("wrong", [{"kind": "x"}, {"least": 1}, {"days": 31}, {"cursor": "x"}])
async def test_what_makes_no_sense_is_refused(http, wrong):
    answer = await http.get("/district/oddities", params={"kind": "not_come"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")
