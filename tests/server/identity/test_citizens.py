"""Citizens log in, give a phone, say who they are."""

import pytest
from tortoise import connections

from models.fields import digest_of
from models.kinds import Assurance, OriginKind
from models.people import LoginOrigin, Person, Session, WechatAccount
from server.identity.people import register_person
from server.identity.rules import complete_id_number
from tests.support.people import Citizen, bearer, log_in, mint_login_code, mint_phone_code

ZHANG = complete_id_number("35010219000101001")
LI = complete_id_number("35010219000101003")


@pytest.fixture
async def zhang(http, wechat_sandbox) -> Citizen:
    return await log_in(http, wechat_sandbox.url, "zhang")


async def test_a_login_code_opens_a_session_once(http, wechat_sandbox):
    code = await mint_login_code(wechat_sandbox.url, "zhang")
    first = await http.post("/citizen/login", json={"code": code})
    second = await http.post("/citizen/login", json={"code": code})
    assert first.status_code == 200
    assert first.json()["expires_in_s"] == 12 * 3600
    assert (second.status_code, second.json()["code"]) == (400, "login_code_refused")
    assert await Session.all().count() == 1


async def test_a_login_leaves_a_digest_of_its_device(http, wechat_sandbox):
    code = await mint_login_code(wechat_sandbox.url, "zhang")
    device = "device-0123456789"
    answer = await http.post("/citizen/login", json={"code": code}, headers={"x-device-id": device})
    [origin] = await LoginOrigin.all()
    assert origin.account_id == answer.json()["citizen"]["id"]
    assert (origin.kind, origin.digest) == (OriginKind.DEVICE, digest_of(f"login.device:{device}"))


async def test_two_logins_of_one_person_are_one_account(http, wechat_sandbox):
    one = await log_in(http, wechat_sandbox.url, "zhang")
    two = await log_in(http, wechat_sandbox.url, "zhang")
    assert one.id == two.id
    assert one.token != two.token
    assert await WechatAccount.all().count() == 1


async def test_a_phone_is_noted_and_shown_masked(http, wechat_sandbox, zhang):
    code = await mint_phone_code(wechat_sandbox.url, "13900001234")
    answer = await http.post("/citizen/phone", json={"code": code}, headers=bearer(zhang))
    assert answer.json()["phone"] == "139****1234"
    assert (await WechatAccount.get(id=zhang.id)).phone == "13900001234"


async def test_a_real_name_needs_its_check_digit(http, zhang):
    wrong = ZHANG[:17] + ("0" if ZHANG[17] != "0" else "1")
    answer = await claim(http, zhang, "张三", wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "id_number_invalid")
    assert await Person.all().count() == 0


async def test_a_real_name_is_taken_and_shown_masked(http, zhang):
    answer = await claim(http, zhang, "张三丰", ZHANG)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["id_number"]) == ("张**", f"3501************{ZHANG[-2:]}")
    assert shown["assurance"] == Assurance.DECLARED
    assert (await claim(http, zhang, "张三丰", ZHANG)).json() == shown


async def test_an_account_cannot_become_somebody_else(http, zhang):
    await claim(http, zhang, "张三", ZHANG)
    answer = await claim(http, zhang, "李四", LI)
    assert (answer.status_code, answer.json()["code"]) == (409, "identity_fixed")
    assert await Person.all().count() == 1


async def test_a_known_identity_is_tied_again_only_at_its_phone(http, wechat_sandbox, zhang):
    phone = await mint_phone_code(wechat_sandbox.url, "13900001234")
    await http.post("/citizen/phone", json={"code": phone}, headers=bearer(zhang))
    await claim(http, zhang, "张三", ZHANG)
    other = await log_in(http, wechat_sandbox.url, "thief")
    refused = await claim(http, other, "张三", ZHANG)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity_taken")
    same_phone = await mint_phone_code(wechat_sandbox.url, "13900001234")
    await http.post("/citizen/phone", json={"code": same_phone}, headers=bearer(other))
    assert (await claim(http, other, "张三", ZHANG)).status_code == 200


async def test_what_is_kept_of_a_person_is_sealed_in_the_tables(http, zhang):
    await claim(http, zhang, "张三", ZHANG)
    rows = await connections.get("default").execute_query_dict("SELECT * FROM persons")
    kept = repr(rows)
    assert ZHANG not in kept
    assert "张三" not in kept
    assert (await Person.first()).id_number == ZHANG


async def test_a_session_ends_at_logout_within_a_second(http, zhang, clock):
    assert (await http.get("/citizen/me", headers=bearer(zhang))).status_code == 200
    ended = await http.delete("/citizen/session", headers=bearer(zhang))
    assert ended.status_code == 204
    clock.advance(seconds=1)
    refused = await http.get("/citizen/me", headers=bearer(zhang))
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_a_session_expires(http, zhang, clock):
    clock.advance(hours=12)
    refused = await http.get("/citizen/me", headers=bearer(zhang))
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def claim(http, citizen, name, id_number):
    return await http.put(
        "/citizen/identity",
        json={"name": name, "id_number": id_number},
        headers=bearer(citizen),
    )


async def test_being_seen_at_a_window_raises_what_is_known_and_a_claim_lowers_nothing(ports):
    async def register(assurance):
        return await register_person(
            name="张三", id_number=ZHANG, assurance=assurance, now=ports.now()
        )

    await register(Assurance.DECLARED)
    await register(Assurance.SEEN_AT_WINDOW)
    await register(Assurance.DECLARED)
    assert (await Person.get()).assurance is Assurance.SEEN_AT_WINDOW
