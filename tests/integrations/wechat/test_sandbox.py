import hmac
from io import BytesIO

import pytest
from PIL import Image

TEMPLATE = "appointment-confirmed"
SEND = "/cgi-bin/message/subscribe/send"
DRAW = "/wxa/getwxacodeunlimit"
CHECK = "/wxa/checksession"
PHONE = "/wxa/business/getuserphonenumber"


async def token_of(sandbox) -> str:
    return (await sandbox.fetch_token())["access_token"]


async def probe(sandbox, token: str) -> int:
    """Return the error code that a token gets where only the token can be wrong."""
    return (await sandbox.post(SEND, token, {"touser": "o-nobody"}))["errcode"]


async def test_a_person_has_the_same_openid_each_time_and_another_than_others(sandbox):
    first, again, other = [await sandbox.mint(name) for name in ("zhang", "zhang", "li")]
    assert first["openid"] == again["openid"] != other["openid"]
    assert first["code"] != again["code"]
    assert (first["openid"][0], len(first["openid"])) == ("o", 28)


async def test_a_success_carries_no_error_code(sandbox):
    minted = await sandbox.mint("zhang")
    answer = await sandbox.log_in(minted["code"])
    assert set(answer) == {"openid", "session_key"}


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx-another"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"grant_type": "client_credential"}, 40002),
        ({"js_code": ""}, 41008),
        ({"js_code": "unknown"}, 40029),
    ],
)
async def test_a_login_with_a_wrong_argument_is_refused_and_spends_nothing(
    sandbox, changed, errcode
):
    code = (await sandbox.mint("zhang"))["code"]
    answer = await sandbox.log_in(code, **changed)
    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]
    assert "openid" in await sandbox.log_in(code)


async def test_normal_mode_gives_the_same_token_until_its_last_five_minutes(sandbox, clock):
    first = await sandbox.fetch_token()
    assert first["expires_in"] == 7200
    clock.advance(seconds=6899)
    again = await sandbox.fetch_token()
    assert again == {"access_token": first["access_token"], "expires_in": 301}
    clock.advance(seconds=1)
    second = await sandbox.fetch_token()
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200


async def test_an_old_token_works_five_minutes_beside_the_new_one(sandbox, clock):
    old = await token_of(sandbox)
    clock.advance(seconds=6900)
    new = await token_of(sandbox)
    assert [await probe(sandbox, token) for token in (old, new)] == [40003, 40003]
    clock.advance(seconds=300)
    assert [await probe(sandbox, token) for token in (old, new)] == [42001, 40003]


async def test_forced_mode_replaces_the_token_and_twice_kills_it(sandbox, clock):
    leaked = await token_of(sandbox)
    assert (await sandbox.fetch_token(force_refresh=True))["access_token"] != leaked
    assert (await sandbox.fetch_token(force_refresh=True))["errcode"] == 45009
    assert await probe(sandbox, leaked) == 40003
    clock.advance(seconds=30)
    await sandbox.fetch_token(force_refresh=True)
    assert await probe(sandbox, leaked) == 40001


async def test_a_token_that_was_replaced_by_force_works_five_minutes_more(sandbox, clock):
    old = await token_of(sandbox)
    await sandbox.fetch_token(force_refresh=True)
    clock.advance(seconds=299)
    assert await probe(sandbox, old) == 40003
    clock.advance(seconds=1)
    assert await probe(sandbox, old) == 42001


async def test_forced_mode_is_granted_twenty_times_a_day(sandbox, clock):
    for _ in range(20):
        assert "access_token" in await sandbox.fetch_token(force_refresh=True)
        clock.advance(seconds=30)
    assert (await sandbox.fetch_token(force_refresh=True))["errcode"] == 45009
    clock.advance(days=1)
    assert "access_token" in await sandbox.fetch_token(force_refresh=True)


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"grant_type": ""}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40001),
    ],
)
async def test_a_token_is_not_given_for_a_wrong_argument(sandbox, changed, errcode):
    assert (await sandbox.fetch_token(**changed))["errcode"] == errcode


async def test_bodies_that_are_empty_or_not_json_are_refused(sandbox):
    path = "/cgi-bin/stable_token"
    assert (await sandbox.call("POST", path))["errcode"] == 44002
    assert (await sandbox.call("POST", path, content=b"a=b"))["errcode"] == 47001
    assert (await sandbox.call("POST", path, content=b"[]"))["errcode"] == 47001


@pytest.mark.parametrize("path", [SEND, DRAW, PHONE])
async def test_calls_need_a_token(sandbox, path):
    assert (await sandbox.call("POST", path, json={}))["errcode"] == 41001
    assert (await sandbox.post(path, "unknown", {}))["errcode"] == 40001


async def test_a_revoked_token_is_dead_and_another_is_given(sandbox):
    dead = await token_of(sandbox)
    await sandbox.call("POST", "/sandbox/revoke-token")
    assert await probe(sandbox, dead) == 40001
    assert await token_of(sandbox) != dead


async def test_a_session_is_checked_by_the_signature_of_its_newest_key(sandbox):
    token = await token_of(sandbox)
    answers = []
    sessions = [await sandbox.log_in((await sandbox.mint("zhang"))["code"]) for _ in range(2)]
    for session in sessions:
        signature = hmac.new(session["session_key"].encode(), b"", "sha256").hexdigest()
        query = {"access_token": token, "openid": session["openid"], "signature": signature}
        reply = await sandbox.call("GET", CHECK, params={**query, "sig_method": "hmac_sha256"})
        answers.append(reply["errcode"])
        reply = await sandbox.call("GET", CHECK, params={**query, "sig_method": "md5"})
        assert reply["errcode"] == 87008
    assert answers == [87009, 0]


async def test_a_phone_number_comes_with_the_watermark_of_the_appid(sandbox, clock):
    code = await sandbox.mint_phone("13800000001")
    answer = await sandbox.post(PHONE, await token_of(sandbox), {"code": code})
    assert answer["phone_info"] == {
        "phoneNumber": "13800000001",
        "purePhoneNumber": "13800000001",
        "countryCode": "86",
        "watermark": {"timestamp": int(clock.now().timestamp()), "appid": "wx00000000demo0000"},
    }


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"scene": "x" * 33}, 40169),
        ({"scene": "鼓楼"}, 40169),
        ({"page": "/pages/index"}, 41030),
        ({"page": "pages/index?a=1"}, 41030),
        ({"width": 279}, 40097),
        ({"width": 1281}, 40097),
    ],
)
async def test_a_code_with_a_wrong_argument_is_not_drawn(sandbox, changed, errcode):
    asked = {"scene": "p=1", "page": "pages/index", **changed}
    assert (await sandbox.post(DRAW, await token_of(sandbox), asked))["errcode"] == errcode


async def test_a_transparent_code_is_a_png_of_the_width_asked_for(sandbox):
    token = await token_of(sandbox)
    asked = {"scene": "p=1", "width": 280, "is_hyaline": True}
    reply = await sandbox.http.post(DRAW, params={"access_token": token}, json=asked)
    assert reply.headers["content-type"] == "image/png"
    image = Image.open(BytesIO(reply.content))
    assert (image.format, image.size) == ("PNG", (280, 280))


async def test_messages_are_listed_by_person_and_forgotten_when_asked(sandbox):
    token = await token_of(sandbox)
    for name in ("zhang", "li"):
        openid = (await sandbox.mint(name))["openid"]
        message = {"touser": openid, "template_id": TEMPLATE, "data": {"thing1": {"value": name}}}
        assert (await sandbox.post(SEND, token, message))["errcode"] == 0
    assert [m["data"] for m in await sandbox.messages("li")] == [{"thing1": {"value": "li"}}]
    assert len((await sandbox.call("GET", "/sandbox/messages"))["messages"]) == 2
    await sandbox.call("DELETE", "/sandbox/messages")
    assert (await sandbox.call("GET", "/sandbox/messages"))["messages"] == []


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/sandbox/codes", {}),
        ("/sandbox/codes", {"person": ""}),
        ("/sandbox/phone-codes", {"phone": "abc"}),
        ("/sandbox/subscriptions", {"person": "zhang", "template_id": TEMPLATE, "count": -1}),
        ("/sandbox/faults", {"kind": "earthquake"}),
        ("/sandbox/faults", {"kind": "slow", "count": 0}),
    ],
)
async def test_an_order_of_the_wrong_form_is_refused(sandbox, path, order):
    reply = await sandbox.http.post(path, json=order)
    assert reply.status_code == 422
