"""Scanned texts, the answer to a scan, clocks, order numbers, cut-offs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.ems.mapping import find_waybill
from models.states import ParcelState, PickupCodeState
from server.delivery.rules import (
    SHANGHAI,
    Form,
    Recognised,
    Scanned,
    ScanOutcome,
    Tries,
    correct_time,
    count_wrong,
    hide_numbers,
    is_locked_out,
    judge_scan,
    next_cut_off,
    order_number,
    recognise,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CODE = "ABCDEFGHIJKLMNOPQRSTUVWX27"
WAYBILL = "1000000000017"


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        (CODE, Form.CODE, CODE),
        (CODE.lower(), Form.CODE, CODE),
        (f"tb:p={CODE}", Form.CODE, CODE),
        (f"p={CODE}", Form.CODE, CODE),
        (f"  {CODE} ", Form.CODE, CODE),
        ("483920", Form.DIGITS, "483920"),
        (WAYBILL, Form.WAYBILL, WAYBILL),
        ("EA123456789CN", Form.WAYBILL, "EA123456789CN"),
        (f"https://mini.ems.com.cn/youzheng/mini/{WAYBILL}", Form.WAYBILL, WAYBILL),
        (f"http://mini.ems.com.cn/youzheng/mini/{WAYBILL}?from=label", Form.WAYBILL, WAYBILL),
    ],
)
def test_each_form_is_recognised(text, form, value):
    assert recognise(text, find_waybill) == Recognised(form, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE[:-1],
        CODE + "A",
        CODE[:-1] + "1",
        "48392",
        "４８３９２０",
        "100000000001",
        f"https://mini.ems.com.cn.evil.example/youzheng/mini/{WAYBILL}",
        f"https://evil.example/?u=https://mini.ems.com.cn/youzheng/mini/{WAYBILL}",
        "https://mini.ems.com.cn/youzheng/mini/",
    ],
)
def test_anything_else_is_not_recognised(text):
    assert recognise(text, find_waybill) is None


def test_a_recognised_code_does_not_show_itself():
    assert CODE not in repr(recognise(CODE, find_waybill))


def scanned(**changes):
    facts = {
        "form": Form.CODE,
        "at": NOW,
        "point_code": "P1",
        "own_points": frozenset({"P1", "P2"}),
        "parcel_point": "P1",
        "parcel_state": ParcelState.SEALED,
        "is_handed_over": False,
        "code_state": PickupCodeState.ISSUED,
        "code_expires_at": NOW + timedelta(days=1),
    }
    return Scanned(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, ScanOutcome.COLLECTED),
        ({"form": Form.WAYBILL, "code_state": None}, ScanOutcome.COLLECTED),
        ({"parcel_point": "P9"}, ScanOutcome.NOT_YOURS),
        ({"parcel_point": "P9", "form": Form.WAYBILL}, ScanOutcome.UNKNOWN_OR_WRONG),
        ({"parcel_point": "P2"}, ScanOutcome.WRONG_POINT),
        ({"parcel_state": ParcelState.CANCELLED}, ScanOutcome.CANCELLED),
        ({"is_handed_over": True}, ScanOutcome.ALREADY_TAKEN),
        ({"parcel_state": ParcelState.LABELLED}, ScanOutcome.NOT_SEALED),
        ({"code_state": PickupCodeState.LOCKED}, ScanOutcome.LOCKED),
        ({"code_state": PickupCodeState.REVOKED}, ScanOutcome.UNKNOWN_OR_WRONG),
        ({"code_state": PickupCodeState.EXPIRED}, ScanOutcome.UNKNOWN_OR_WRONG),
        ({"code_expires_at": NOW}, ScanOutcome.UNKNOWN_OR_WRONG),
        ({"code_expires_at": NOW + timedelta(seconds=1)}, ScanOutcome.COLLECTED),
        ({"parcel_state": ParcelState.IN_TRANSIT}, ScanOutcome.COLLECTED),
    ],
)
def test_a_scan_is_judged_by_all_its_facts(changes, outcome):
    assert judge_scan(scanned(**changes)) is outcome


def test_a_device_whose_clock_is_wrong_is_corrected():
    ahead = NOW + timedelta(days=400)
    made = correct_time(ahead - timedelta(minutes=7), device_now=ahead, now=NOW)
    assert made == NOW - timedelta(minutes=7)


def test_a_scan_from_the_future_was_made_now():
    assert correct_time(NOW + timedelta(hours=1), device_now=NOW, now=NOW) == NOW


@pytest.mark.parametrize("year", [1, 9999])
def test_no_device_time_overflows(year):
    extreme = datetime(year, 1, 1, tzinfo=UTC)
    for one, other in ((extreme, NOW), (NOW, extreme)):
        made = correct_time(one, device_now=other, now=NOW)
        assert NOW - timedelta(days=30) <= made <= NOW


def test_the_fifth_wrong_try_locks_for_a_quarter_of_an_hour():
    tries = Tries(0, NOW, None)
    for expected in range(1, 5):
        tries = count_wrong(tries, NOW)
        assert (tries.count, tries.locked_until) == (expected, None)
    tries = count_wrong(tries, NOW)
    assert tries.locked_until == NOW + timedelta(minutes=15)
    assert is_locked_out(tries, NOW + timedelta(minutes=14, seconds=59))
    assert not is_locked_out(tries, NOW + timedelta(minutes=15))
    assert count_wrong(tries, NOW + timedelta(minutes=15)).count == 1


def test_tries_are_forgotten_after_a_quiet_quarter_of_an_hour():
    assert count_wrong(Tries(4, NOW, None), NOW + timedelta(minutes=15)).count == 1


def test_order_numbers_are_made_of_the_day_and_the_parcel():
    parcel_id = "0193" + "a" * 28
    first = order_number(parcel_id, packed_on=date(2026, 11, 23), attempt=1)
    assert first == "GL20261123" + "0193" + "A" * 28
    second = order_number(parcel_id, packed_on=date(2026, 11, 23), attempt=2)
    assert second == f"{first}-2"
    assert len(order_number(parcel_id, packed_on=date(2026, 11, 23), attempt=999999)) <= 50


def local(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "cut_off"),
    [
        (local(23, 9), local(23, 11)),
        (local(23, 11), local(23, 16, 30)),
        (local(23, 16, 29), local(23, 16, 30)),
        (local(23, 16, 30), local(24, 11)),
        (local(27, 17), local(30, 11)),
    ],
)
def test_a_round_ends_at_the_next_cut_off_of_a_working_day(now, cut_off):
    assert next_cut_off(now, lambda day: day.weekday() < 5) == cut_off


def test_a_calendar_without_working_days_is_refused():
    with pytest.raises(ValueError, match="no working day"):
        next_cut_off(NOW, lambda _day: False)


def test_long_numbers_in_the_carriers_words_are_hidden():
    assert hide_numbers("投递员李,电话13900000001,第2次") == "投递员李,电话***,第2次"
