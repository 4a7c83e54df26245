import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.contracts.errors import VendorRefused, VendorUnavailable
from integrations.wechat.codes import BUSY_CODES, REASONS, TOKEN_CODES, Meaning, judge
from integrations.wechat.mapping import (
    LIMITS,
    fit_value,
    read_errcode,
    read_login,
    read_phone,
    read_refusal,
)
from integrations.wechat.sandbox.refusal import Refusal
from integrations.wechat.sandbox.values import check_values

TWENTY = "鼓楼区政务服务中心综合受理窗口一二三四五"


@pytest.mark.parametrize(
    ("key", "text", "fitted"),
    [
        ("thing1", TWENTY, TWENTY),
        ("thing1", TWENTY + "六", TWENTY[:19] + "…"),
        ("thing12", "two\r\nlines\tand\u2028more", "two lines and more"),
        ("thing1", " \n", "无"),
        ("letter1", "ab-12-cd", "abcd"),
        ("letter1", "x" * 40, "x" * 32),
        ("letter1", "鼓楼", "N"),
        ("symbol1", "a#b!c?d*e+f=", "#!?*+"),
        ("character_string1", "NO 2025-001号", "NO2025-001"),
        ("character_string1", "编号", "-"),
        ("phone_number1", "0591 8755 5555 转 1", "0591875555551"),
        ("phone_number1", "+86-591-87555555-123456", "+86-591-87555555-"),
        ("car_number1", "闽A12345", "闽A12345"),
        ("name1", "欧阳娜娜阿依古丽买买提", "欧阳娜娜阿依古丽买买"),
        ("name1", "Alexander von Humboldt", "Alexander von Humbol"),
        ("name1", "Li雷3", "Li雷"),
        ("phrase1", "已确认,请准时", "已确认请准"),
        ("phrase1", "ok", "无"),
        ("number1", " 12.5 ", "12.5"),
        ("amount1", "￥12.5元", "￥12.5元"),
        ("time1", "2025年3月3日 15:01~16:00", "2025年3月3日 15:01~16:00"),
        ("date1", "2025年3月3日", "2025年3月3日"),
        ("time1", "", ""),
        ("remark", "as it is", "as it is"),
    ],
)
def test_a_value_is_fitted_to_the_kind_of_its_key(key, text, fitted):
    assert fit_value(key, text) == fitted


@given(kind=st.sampled_from(sorted(LIMITS)), text=st.text(max_size=60))
@example(kind="name", text="\N{MATHEMATICAL BOLD DIGIT ZERO}")
def test_whatever_the_text_a_cut_value_is_accepted(kind, text):
    check_values({f"{kind}1": {"value": fit_value(f"{kind}1", text)}})


@given(kind=st.sampled_from(sorted(LIMITS)), text=st.text(max_size=60))
def test_fitting_twice_changes_nothing_more(kind, text):
    once = fit_value(f"{kind}1", text)
    assert fit_value(f"{kind}1", once) == once


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"thing1": {"value": "x" * 21}}, "data.thing1.value invalid"),
        ({"thing1": {"value": "a\nb"}}, "data.thing1.value invalid"),
        ({"thing1": {"value": ""}}, "data.thing1.value is emtpy"),
        ({"thing1": "x"}, "data.thing1.value is emtpy"),
        ({"number2": {"value": "1e5"}}, "data.number2.value invalid"),
        ({"time3": {"value": "2025-03-03 15:01"}}, "data.time3.value invalid"),
        ({"time3": {"value": "24:00"}}, "data.time3.value invalid"),
        ({"date4": {"value": "15:01"}}, "data.date4.value invalid"),
        ({"amount5": {"value": "12345678901"}}, "data.amount5.value invalid"),
        ({"name6": {"value": "张三3"}}, "data.name6.value invalid"),
        ({"phrase7": {"value": "六个字的短语"}}, "data.phrase7.value invalid"),
        ({"other8": {"value": "x"}}, "data.other8.value invalid"),
        ({}, "data is empty"),
        (None, "data is empty"),
    ],
)
def test_the_sandbox_refuses_a_value_that_is_not_as_documented(data, detail):
    with pytest.raises(Refusal) as caught:
        check_values(data)
    assert (caught.value.errcode, caught.value.detail) == (47003, detail)


@pytest.mark.parametrize(
    ("document", "errcode"),
    [({}, 0), ({"errcode": 0}, 0), ({"errcode": "0"}, 0), ({"errcode": -1}, -1)],
)
def test_an_error_code_may_be_absent_or_text(document, errcode):
    assert read_errcode(document) == errcode


@pytest.mark.parametrize("errcode", [None, True, 1.5, "x", [], {}])
def test_an_error_code_of_another_kind_is_unintelligible(errcode):
    with pytest.raises(VendorUnavailable) as caught:
        read_errcode({"errcode": errcode})
    assert caught.value.code == "unintelligible"


def test_a_refusal_keeps_field_and_request_id_and_none_of_the_foreign_text():
    document = {
        "errcode": 47003,
        "errmsg": "argument invalid! data.thing3.value invalid o-zhang rid: 65f0a1b2-2c3d4e5f-1234",
    }
    refusal = read_refusal(document)
    assert type(refusal) is VendorRefused
    assert str(refusal) == "wechat 47003 argument not valid thing3"
    assert refusal.trace == "65f0a1b2-2c3d4e5f-1234"


def test_a_success_is_no_refusal():
    assert read_refusal({"errcode": 0, "errmsg": "ok"}) is None


def test_every_code_has_one_meaning():
    final = {code for code in REASONS if judge(code) is Meaning.FINAL}
    assert {code for code in REASONS if judge(code) is Meaning.TOKEN} == TOKEN_CODES
    assert {code for code in REASONS if judge(code) is Meaning.BUSY} == BUSY_CODES
    assert final == set(REASONS) - TOKEN_CODES - BUSY_CODES
    assert judge(12345) is Meaning.BUSY


@pytest.mark.parametrize(
    "document",
    [{}, {"openid": "o"}, {"session_key": "k"}, {"openid": "", "session_key": "k"}],
)
def test_a_login_without_openid_or_session_key_is_unintelligible(document):
    with pytest.raises(VendorUnavailable):
        read_login(document)


def test_a_login_may_tell_a_unionid():
    assert read_login({"openid": "o", "session_key": "k", "unionid": "u"}).unionid == "u"


@pytest.mark.parametrize("country_code", [86, "86"])
def test_a_phone_is_read_whatever_the_form_of_its_country_code(country_code):
    info = {
        "phoneNumber": "+8613800000001",
        "purePhoneNumber": "13800000001",
        "countryCode": country_code,
        "watermark": {"appid": "wx1", "timestamp": 1637744274},
    }
    assert read_phone({"phone_info": info}, appid="wx1") == "13800000001"


@pytest.mark.parametrize("info", [None, [], {"watermark": 1}, {"watermark": {"appid": "wx1"}}])
def test_a_phone_answer_of_another_shape_is_unintelligible(info):
    with pytest.raises(VendorUnavailable):
        read_phone({"phone_info": info}, appid="wx1")
