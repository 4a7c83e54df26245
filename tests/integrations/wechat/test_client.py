import asyncio
from io import BytesIO

import pytest
from PIL import Image
from sanic import Sanic
from sanic.response import json
from tenacity import wait_none

from integrations.contracts.errors import VendorError, VendorRefused, VendorUnavailable
from integrations.contracts.mini_program import SubscribeMessage
from integrations.http import VendorClient
from tests.integrations.wechat.conftest import make_client
from tests.support.sanic_server import serve

LOGIN = "/sns/jscode2session"
TOKEN = "/cgi-bin/stable_token"
PHONE = "/wxa/business/getuserphonenumber"
SEND = "/cgi-bin/message/subscribe/send"
DRAW = "/wxa/getwxacodeunlimit"
TEMPLATE = "appointment-confirmed"


async def expect_failure(awaitable, kind: type[VendorError], code: str) -> VendorError:
    with pytest.raises(kind) as caught:
        await awaitable
    assert (type(caught.value), caught.value.vendor, caught.value.code) == (kind, "wechat", code)
    return caught.value


def make_message(openid: str, **fields: str) -> SubscribeMessage:
    return SubscribeMessage(openid, TEMPLATE, "pages/case/index?no=1", fields or {"thing1": "ok"})


async def test_a_login_code_is_worth_an_openid_and_a_session_key(client, sandbox):
    minted = await sandbox.mint("zhang")
    login = await client.exchange_login_code(minted["code"])
    assert (login.openid, login.unionid) == (minted["openid"], "")
    assert len(login.session_key) == 24
    assert login.session_key not in repr(login)


async def test_a_used_code_is_refused(client, sandbox):
    code = (await sandbox.mint("zhang"))["code"]
    await client.exchange_login_code(code)
    failure = await expect_failure(client.exchange_login_code(code), VendorRefused, "40163")
    assert failure.reason == "code used"
    assert len(failure.trace) == 26
    assert code not in str(failure)


async def test_an_unknown_code_is_refused(client):
    await expect_failure(client.exchange_login_code("no-such-code"), VendorRefused, "40029")


async def test_a_code_is_refused_after_five_minutes(client, sandbox, clock):
    code = (await sandbox.mint("zhang"))["code"]
    clock.advance(minutes=5)
    await expect_failure(client.exchange_login_code(code), VendorRefused, "40029")


@pytest.mark.parametrize(
    ("kind", "code"), [("reset", "cut_off"), ("slow", "timeout"), ("http_500", "http_500")]
)
async def test_a_login_whose_answer_is_lost_is_not_sent_again(client, sandbox, kind, code):
    minted = await sandbox.mint("zhang")
    await sandbox.spoil(kind, after=True)
    await expect_failure(client.exchange_login_code(minted["code"]), VendorUnavailable, code)
    assert await sandbox.count(LOGIN) == 1
    await expect_failure(client.exchange_login_code(minted["code"]), VendorRefused, "40163")


@pytest.mark.parametrize("kind", ["garbage", "html"])
async def test_an_answer_that_is_not_json_is_unintelligible(client, sandbox, kind):
    await sandbox.spoil(kind)
    await expect_failure(client.exchange_login_code("any"), VendorUnavailable, "unintelligible")


@pytest.mark.parametrize("errcode", [-1, 45009, 45011, 40001, 99999])
async def test_busy_and_unknown_errors_may_be_tried_again(client, sandbox, errcode):
    await sandbox.spoil("errcode", errcode=errcode)
    await expect_failure(client.exchange_login_code("any"), VendorUnavailable, str(errcode))


@pytest.mark.parametrize("errcode", [40013, 40125, 40226, 40164])
async def test_final_errors_are_refusals(client, sandbox, errcode):
    await sandbox.spoil("errcode", errcode=errcode)
    await expect_failure(client.exchange_login_code("any"), VendorRefused, str(errcode))


async def test_a_phone_code_is_worth_a_number_once(client, sandbox):
    code = await sandbox.mint_phone("13800000001")
    assert await client.exchange_phone_code(code) == "13800000001"
    await expect_failure(client.exchange_phone_code(code), VendorRefused, "40029")


async def test_a_number_with_the_watermark_of_another_appid_is_refused(clock):
    app = Sanic("other-appid", configure_logging=False)
    watermark = {"timestamp": 1, "appid": "wx-another"}
    info = {"purePhoneNumber": "13800000001", "countryCode": 86, "watermark": watermark}

    @app.post(TOKEN)
    async def answer_token(_request):
        return json({"access_token": "t", "expires_in": 7200})

    @app.post(PHONE)
    async def answer_phone(_request):
        return json({"errcode": 0, "errmsg": "ok", "phone_info": info})

    async with serve(app) as url:
        http = VendorClient("wechat", url)
        client = make_client(http, clock)
        failure = await expect_failure(
            client.exchange_phone_code("c"), VendorRefused, "foreign_appid"
        )
        assert "13800000001" not in str(failure)
        await http.close()


async def test_a_message_arrives_with_its_values_cut_to_their_limits(client, sandbox):
    openid = (await sandbox.mint("zhang"))["openid"]
    fields = {"thing1": "鼓楼区政务服务中心综合受理窗口第十二号柜台\n", "phrase2": "已确认!"}
    await client.send(make_message(openid, time3="2025年3月3日 15:01", **fields))
    [message] = await sandbox.messages("zhang")
    assert message == {
        "touser": openid,
        "template_id": TEMPLATE,
        "page": "pages/case/index?no=1",
        "data": {
            "time3": {"value": "2025年3月3日 15:01"},
            "thing1": {"value": "鼓楼区政务服务中心综合受理窗口第十二号…"},
            "phrase2": {"value": "已确认"},
        },
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "sent_at": "2025-03-03T04:00:00+00:00",
    }


async def test_a_message_beyond_the_acceptances_is_refused(client, sandbox):
    limit = {"person": "zhang", "template_id": TEMPLATE, "count": 1}
    await sandbox.call("POST", "/sandbox/subscriptions", json=limit)
    openid = (await sandbox.mint("zhang"))["openid"]
    await client.send(make_message(openid))
    await expect_failure(client.send(make_message(openid)), VendorRefused, "43101")
    assert len(await sandbox.messages("zhang")) == 1


async def test_a_refused_value_names_its_field_and_nothing_else(client, sandbox):
    openid = (await sandbox.mint("zhang"))["openid"]
    message = make_message(openid, number3="not a number")
    failure = await expect_failure(client.send(message), VendorRefused, "47003")
    assert failure.reason == "argument not valid number3"
    assert await sandbox.messages("zhang") == []


async def test_an_unknown_openid_and_an_unknown_template_are_refused(client, sandbox):
    await expect_failure(client.send(make_message("o-nobody")), VendorRefused, "40003")
    openid = (await sandbox.mint("zhang"))["openid"]
    message = SubscribeMessage(openid, "?", "", {"thing1": "ok"})
    await expect_failure(client.send(message), VendorRefused, "40037")


@pytest.mark.parametrize("kind", ["reset", "slow", "http_500"])
async def test_a_message_whose_answer_is_lost_is_not_sent_twice(client, sandbox, kind):
    openid = (await sandbox.mint("zhang"))["openid"]
    await sandbox.spoil(kind, path=SEND, after=True)
    with pytest.raises(VendorUnavailable):
        await client.send(make_message(openid))
    assert len(await sandbox.messages("zhang")) == 1


async def test_a_code_is_drawn_as_an_image(client):
    image = Image.open(BytesIO(await client.draw_code("p=12&w=3", page="pages/mail/index")))
    assert (image.format, image.size) == ("JPEG", (430, 430))


async def test_drawing_is_repeated_for_it_changes_nothing(client, sandbox):
    await sandbox.spoil("http_500", path=DRAW, count=2)
    await client.draw_code("p=12", page="pages/mail/index")
    assert await sandbox.count(DRAW) == 3


@pytest.mark.parametrize("scene", ["", "x" * 33, "鼓楼", "a%20b", "a b", "a\n"])
async def test_a_scene_that_the_platform_would_refuse_is_not_sent(client, sandbox, scene):
    await expect_failure(client.draw_code(scene, page="pages/mail/index"), VendorRefused, "40169")
    assert await sandbox.count(DRAW) == 0


async def test_a_refusal_to_draw_comes_as_json(client):
    await expect_failure(client.draw_code("p=1", page="/pages/mail"), VendorRefused, "41030")


async def test_json_without_an_error_is_no_image(client, sandbox):
    await sandbox.spoil("errcode", path=DRAW, errcode=0)
    await expect_failure(client.draw_code("p=1", page="p"), VendorUnavailable, "unintelligible")


async def test_fifty_calls_at_once_fetch_one_token(client, sandbox):
    openid = (await sandbox.mint("zhang"))["openid"]
    await asyncio.gather(*(client.send(make_message(openid)) for _ in range(50)))
    assert await sandbox.count(TOKEN) == 1
    assert len(await sandbox.messages("zhang")) == 50


async def test_fifty_calls_with_a_dead_token_fetch_one_new_token(client, sandbox):
    openid = (await sandbox.mint("zhang"))["openid"]
    await client.send(make_message(openid))
    await sandbox.call("POST", "/sandbox/revoke-token")
    await asyncio.gather(*(client.send(make_message(openid)) for _ in range(50)))
    assert await sandbox.count(TOKEN) == 2
    assert len(await sandbox.messages("zhang")) == 51


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_that_stays_refused_is_tried_twice_and_no_more(client, sandbox, errcode):
    openid = (await sandbox.mint("zhang"))["openid"]
    await sandbox.spoil("errcode", path=SEND, errcode=errcode, count=None)
    await expect_failure(client.send(make_message(openid)), VendorUnavailable, str(errcode))
    assert (await sandbox.count(SEND), await sandbox.count(TOKEN)) == (2, 2)


async def test_a_token_is_kept_until_two_minutes_before_its_end(client, sandbox, clock):
    openid = (await sandbox.mint("zhang"))["openid"]
    await client.send(make_message(openid))
    clock.advance(seconds=7200 - 120 - 1)
    await client.send(make_message(openid))
    assert await sandbox.count(TOKEN) == 1
    clock.advance(seconds=1)
    await client.send(make_message(openid))
    assert await sandbox.count(TOKEN) == 2


async def test_fetching_a_token_is_repeated_for_it_changes_nothing(client, sandbox):
    openid = (await sandbox.mint("zhang"))["openid"]
    await sandbox.spoil("http_500", path=TOKEN, count=2)
    await client.send(make_message(openid))
    assert await sandbox.count(TOKEN) == 3


async def test_a_wrong_secret_is_final_and_asked_about_once(sandbox, clock):
    http = VendorClient("wechat", sandbox.url, retry_wait=wait_none())
    client = make_client(http, clock, secret="wrong-secret")
    failure = await expect_failure(client.exchange_phone_code("c"), VendorRefused, "40001")
    assert "wrong-secret" not in str(failure)
    assert (await sandbox.count(TOKEN), await sandbox.count(PHONE)) == (1, 0)
    await http.close()
