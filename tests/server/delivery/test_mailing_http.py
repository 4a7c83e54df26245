"""The form on the phone over HTTP."""

from models.delivery import DeliveryAddress, Parcel
from tests.server.delivery.test_http import ask, authenticate, http, probe
from tests.server.delivery.test_mailing import for_case, issue

__all__ = ["authenticate", "http", "probe"]

TEXT = "张三丰 13900000001 江苏省南京市玄武区某街2号院3栋"


async def test_a_text_is_read_for_the_form(http):
    status, answer = await ask(
        http, "citizen", "POST", "/citizen/addresses/parse", {"text": "南京市玄武区某街2号"}
    )
    assert (status, answer.json()) == (
        200,
        {
            "name": "",
            "phone": "",
            "province": "江苏省",
            "city": "南京市",
            "county": "玄武区",
            "address": "某街2号",
            "missing": ["name", "phone"],
        },
    )


async def test_the_form_shows_masked_what_is_known_and_takes_it(http, post_ports):
    path = f"/citizen/mail-forms/{await for_case(post_ports)}"
    status, answer = await ask(http, "citizen", "GET", path)
    assert (status, answer.json()["known"], answer.json()["contents"]) == (
        200,
        None,
        "审批结果文书",
    )
    status, answer = await ask(http, "citizen", "PUT", path, {"text": TEXT})
    assert (status, answer.json()) == (
        200,
        {
            "receiver": {
                "name": "张**",
                "phone": "139****0001",
                "region": "江苏省南京市玄武区",
                "address": "某街***",
            },
            "is_checked": True,
        },
    )
    again = f"/citizen/mail-forms/{await issue(post_ports, person_id='person1')}"
    _, answer = await ask(http, "citizen", "GET", again)
    assert answer.json()["known"]["phone"] == "139****0001"
    assert "13900000001" not in answer.text
    status, _ = await ask(http, "citizen", "PUT", again, {"use_known": True})
    assert (status, (await Parcel.get()).receiver_phone) == (200, "13900000001")


async def test_a_stranger_sees_an_empty_form_and_uses_nothing_known(http, post_ports):
    await ask(
        http, "citizen", "PUT", f"/citizen/mail-forms/{await for_case(post_ports)}", {"text": TEXT}
    )
    path = f"/citizen/mail-forms/{await for_case(post_ports)}"
    assert (await ask(http, "stranger", "GET", path))[1].json()["known"] is None
    assert (await ask(http, "stranger", "PUT", path, {"use_known": True}))[0] == 404
    assert (await ask(http, "clerk", "GET", path))[0] == 403


async def test_what_the_carrier_does_not_serve_is_refused_and_the_code_stays(http, post_ports):
    path = f"/citizen/mail-forms/{await for_case(post_ports)}"
    for text, code in (
        (TEXT.replace("江苏省南京市玄武区", "台湾省台北市信义区"), "address_out_of_range"),
        (TEXT.replace("某街2号院3栋", "某街"), "address_too_coarse"),
        (TEXT.replace("江苏省南京市玄武区", "朝阳区"), "address_unclear"),
    ):
        status, answer = await ask(http, "citizen", "PUT", path, {"text": text})
        assert (answer.json()["code"], status >= 400) == (code, True)
    assert await DeliveryAddress.all().count() == 0
    assert (await ask(http, "citizen", "PUT", path, {"text": TEXT}))[0] == 200


async def test_a_form_is_said_in_one_way(http, post_ports):
    path = f"/citizen/mail-forms/{await for_case(post_ports)}"
    for body in ({}, {"text": TEXT, "use_known": True}):
        assert (await ask(http, "citizen", "PUT", path, body))[0] == 422
