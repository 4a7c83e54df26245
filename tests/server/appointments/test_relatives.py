"""A family phone: who agreed is booked for, by their own limits, and nobody else is."""

from uuid import uuid4

import pytest

from models.appointments import Appointment
from models.audit import AuditEntry
from models.kinds import Assurance, SessionKind, StaffRole
from models.notifications import Notice
from models.people import Person, Relative, WechatAccount
from models.staff import StaffAccount
from server.identity.rules import complete_id_number
from server.identity.sessions import open_session
from tests.support.booking import (
    ITEM,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    live_of,
    make_booker,
    make_slots,
)
from tests.support.relaying import relay_all

GRANDMOTHER = {"name": "林秀英", "id_number": complete_id_number("35010219400101002")}


class Phone:
    """Somebody at a phone or a window."""

    def __init__(self, http, token):
        self.http = http
        self.token = token

    async def send(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": uuid4().hex}
        parts = {"json": body or {}} if method == "POST" else {}
        return await self.http.request(method, path, headers=headers, **parts)

    async def get(self, path):
        return (await self.send("GET", path)).json()["items"]

    async def post(self, path, body=None):
        return await self.send("POST", path, body)

    async def ask(self, card):
        answer = await self.post("/citizen/relatives", card)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def book(self, relative_id, *, starts_at=TEN, item=ITEM):
        wanted = {"point_code": STREET, "starts_at": starts_at.isoformat(), "item_codes": [item]}
        return await self.post("/citizen/appointments", wanted | {"relative_id": relative_id})


async def phone_of(number, http, ports):
    """A citizen's phone, and what their identity card says."""
    booker = await make_booker(number)
    await WechatAccount.create(
        id=booker.account_id,
        openid="o",
        openid_digest=str(number),
        person_id=booker.person_id,
        created_at=TEN,
    )
    person = await Person.get(id=booker.person_id)
    card = {"name": person.name, "id_number": person.id_number}
    return await log_in(SessionKind.CITIZEN, booker.account_id, http, ports), booker, card


async def log_in(kind, subject_id, http, ports):
    session = await open_session(kind, subject_id, ports=ports, now=ports.now())
    return Phone(http, session.token)


@pytest.fixture
async def family(http, ports):
    return await phone_of(1, http, ports)


@pytest.fixture
async def aunt(http, ports):
    return await phone_of(2, http, ports)


@pytest.fixture
async def window(http, ports):
    account = await StaffAccount.create(
        login="clerk",
        display_name="clerk",
        role=StaffRole.CLERK,
        point_code=STREET,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    return await log_in(SessionKind.STAFF, account.id, http, ports)


async def test_who_agrees_on_their_own_phone_is_booked_for_by_their_own_limits(family, aunt, ports):
    await make_slots(10, capacity=2)
    phone, booker, _ = family
    other, her, card = aunt
    line = await phone.ask(card)
    await relay_all(ports)
    assert await Notice.filter(kind="relative_asked", account_id=her.account_id).count() == 1
    assert (await phone.book(line)).status_code == 404
    assert [(one["is_mine"], one["state"]) for one in await other.get("/citizen/relatives")] == [
        (False, "asked")
    ]
    assert (await other.post(f"/citizen/relatives/{line}/agree")).status_code == 204
    made = await phone.book(line)
    assert made.status_code == 201
    visit = await Appointment.get(id=made.json()["id"])
    assert (visit.person_id, visit.account_id) == (her.person_id, booker.account_id)
    assert (await live_of(her), await live_of(booker)) == (1, 0)
    again = await phone.book(line, starts_at=TEN + 5 * QUANTUM)
    assert (again.status_code, again.json()["code"]) == (409, "already_booked")
    own = {"point_code": STREET, "starts_at": TEN.isoformat(), "item_codes": [ITEM]}
    assert (await phone.post("/citizen/appointments", own)).status_code == 201


async def test_somebody_without_a_phone_agrees_at_the_window(family, window, ports):
    await make_slots(5)
    phone, _, _ = family
    line = await phone.ask(GRANDMOTHER)
    await relay_all(ports)
    assert await Notice.all().count() == 0
    assert await Person.filter(name="林秀英").count() == 0
    wrong = await window.post(f"/desk/relatives/{line}/agree", GRANDMOTHER | {"name": "林秀"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "relative_unlike")
    assert (await window.post(f"/desk/relatives/{line}/agree", GRANDMOTHER)).status_code == 204
    row = await Relative.get(id=line)
    person = await Person.get(id=row.person_id)
    assert person.assurance is Assurance.SEEN_AT_WINDOW
    made = await phone.book(line)
    assert made.status_code == 201
    listed = await phone.get("/citizen/appointments")
    assert [one["id"] for one in listed] == [made.json()["id"]]
    cancelled = await phone.post(f"/citizen/appointments/{made.json()['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    trail = await AuditEntry.filter(action="relative.agree").values_list("subject_id", flat=True)
    assert trail == [line]


async def test_either_side_ends_it_and_then_nothing_is_shown_or_booked(family, aunt):
    await make_slots(5, capacity=2)
    phone, _, own = family
    other, _, card = aunt
    for ends in (phone, other):
        line = await phone.ask(card)
        await other.post(f"/citizen/relatives/{line}/agree")
        visit = (await phone.book(line, item=SHORT_ITEM)).json()["id"]
        assert (await ends.send("DELETE", f"/citizen/relatives/{line}")).status_code == 204
        assert (await phone.book(line)).status_code == 404
        assert await phone.get("/citizen/relatives") == []
        hidden = await phone.send("GET", f"/citizen/appointments/{visit}")
        assert (hidden.status_code, await phone.get("/citizen/appointments")) == (404, [])
        [hers] = [one for one in await other.get("/citizen/appointments") if one["id"] == visit]
        await other.post(f"/citizen/appointments/{hers['id']}/cancel")
    assert own["name"] == "张三"


async def test_nobody_agrees_for_others_or_twice_or_for_more_than_a_family(
    family, aunt, http, ports
):
    phone, _, _ = family
    other, _, card = aunt
    stranger, _, _ = await phone_of(3, http, ports)
    line = await phone.ask(card)
    again = await phone.post("/citizen/relatives", card)
    assert (again.status_code, again.json()["code"]) == (409, "relative_known")
    for somebody in (stranger, phone):
        agreed = await somebody.post(f"/citizen/relatives/{line}/agree")
        assert agreed.status_code == 404
    assert (await other.post(f"/citizen/relatives/{line}/refuse")).status_code == 204
    late = await other.post(f"/citizen/relatives/{line}/agree")
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    numbers = [complete_id_number(f"3501021950010100{place}") for place in range(7)]
    answers = [
        await phone.post("/citizen/relatives", {"name": "林", "id_number": number})
        for number in numbers
    ]
    assert [one.status_code for one in answers] == [201] * 6 + [409]
    assert answers[-1].json()["code"] == "too_many_relatives"


async def test_whether_somebody_is_known_is_not_told(family, aunt):
    phone, _, _ = family
    _, _, card = aunt
    known, unknown = [
        (await phone.post("/citizen/relatives", one)).json() for one in (card, GRANDMOTHER)
    ]
    assert known.keys() == unknown.keys()
    assert (known["state"], unknown["state"]) == ("asked", "asked")
    wrong = await phone.post(
        "/citizen/relatives", GRANDMOTHER | {"id_number": "350102194001010020"}
    )
    assert wrong.status_code == 422
