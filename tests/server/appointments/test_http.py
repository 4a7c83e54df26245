"""Booking and queueing over HTTP: shapes, keys, and who reaches what."""

from uuid import uuid4

import pytest

from models.appointments import Appointment, Slot
from models.catalog import ServicePoint, Window
from models.kinds import SessionKind, StaffRole, WindowKind
from models.people import WechatAccount
from models.staff import StaffAccount
from server.appointments.shown import forget_shown
from server.identity.rules import complete_id_number
from server.identity.sessions import open_session
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    STREET,
    TEN,
    everything,
    make_booker,
    make_slots,
    taken,
)

TEN_TEXT = TEN.isoformat()


async def citizen(number, ports):
    booker = await make_booker(number)
    account = await WechatAccount.create(
        id=booker.account_id,
        openid="o",
        openid_digest=str(number),
        person_id=booker.person_id,
        created_at=TEN,
    )
    return await log_in(SessionKind.CITIZEN, account.id, ports)


async def staff(login, ports, *, role=StaffRole.CLERK, point_code=STREET):
    account = await StaffAccount.create(
        login=login,
        display_name=login,
        role=role,
        point_code=point_code,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    return await log_in(SessionKind.STAFF, account.id, ports)


async def log_in(kind, subject_id, ports):
    session = await open_session(kind, subject_id, ports=ports, now=ports.now())
    return {"authorization": f"Bearer {session.token}"}


def keyed(headers, key=None):
    return headers | {"idempotency-key": key or uuid4().hex}


def booking(**more):
    return {"point_code": STREET, "starts_at": TEN_TEXT, "item_codes": [ITEM], **more}


async def book(http, headers, **more):
    answer = await http.post("/citizen/appointments", json=booking(**more), headers=keyed(headers))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_what_is_listed_can_be_booked_and_is_then_listed_no_more(http, ports):
    await make_slots(6)
    query = {"items": ITEM, "from": "2026-11-24", "to": "2026-12-07"}
    listed = (await http.get(f"/public/points/{STREET}/times", params=query)).json()
    assert listed["minutes"] == 25
    assert [one["starts_at"] for one in listed["times"]] == [
        "2026-11-24T02:00:00Z",
        "2026-11-24T02:05:00Z",
    ]
    made = await book(http, await citizen(1, ports))
    assert (made["state"], made["starts_at"]) == ("pending", "2026-11-24T02:00:00Z")
    forget_shown()
    listed = (await http.get(f"/public/points/{STREET}/times", params=query)).json()
    assert listed["times"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"items": ITEM, "from": "2026-11-24", "to": "2026-12-08"},
        {"items": ITEM, "from": "2026-11-24", "to": "2026-11-23"},
        {"items": ITEM, "from": "9999-12-31", "to": "9999-12-31"},
        {"items": "A,B,C,D,E,F", "from": "2026-11-24", "to": "2026-11-24"},
        {"items": ITEM},
    ],
)
async def test_a_range_that_makes_no_sense_is_refused(http, query):
    answer = await http.get(f"/public/points/{STREET}/times", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": "9999-12-31T23:59:59-14:00"},
        {"starts_at": "2026-11-24T10:00:00"},
        {"item_codes": []},
        {"item_codes": [ITEM, ITEM]},
        {"surprise": 1},
    ],
)
async def test_a_booking_of_the_wrong_shape_is_refused(http, ports, change):
    await make_slots(5)
    headers = keyed(await citizen(1, ports))
    answer = await http.post("/citizen/appointments", json=booking(**change), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")
    assert await taken() == [0] * 5


async def test_a_repeated_key_books_once_and_gives_the_first_answer(http, ports):
    await make_slots(5, capacity=3)
    headers = keyed(await citizen(1, ports))
    first = await http.post("/citizen/appointments", json=booking(), headers=headers)
    again = await http.post("/citizen/appointments", json=booking(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert await taken() == [1] * 5


async def test_a_refusal_says_why_in_chinese_and_changes_nothing(http, ports):
    await make_slots(5)
    await book(http, await citizen(1, ports))
    before = await everything()
    other = keyed(await citizen(2, ports))
    answer = await http.post("/citizen/appointments", json=booking(), headers=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_full")
    assert answer.json()["detail"] == "该时段已约满,请选择其他时间"
    unknown = await http.post(
        "/citizen/appointments", json=booking(point_code="nowhere"), headers=other
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_point")
    assert await everything() == before


async def test_any_point_and_no_time_is_the_earliest_anywhere(http, ports):
    await make_slots(5, point_code=OTHER_STREET)
    headers = keyed(await citizen(1, ports))
    wanted = {"point_code": "any", "item_codes": [ITEM]}
    answer = await http.post("/citizen/appointments", json=wanted, headers=headers)
    assert answer.json()["point_code"] == OTHER_STREET


async def test_a_hold_is_made_used_and_released_by_its_owner_only(http, ports):
    await make_slots(10)
    owner, other = await citizen(1, ports), await citizen(2, ports)
    wanted = {"point_code": STREET, "starts_at": TEN_TEXT, "item_codes": [ITEM]}
    hold = (await http.post("/citizen/holds", json=wanted, headers=keyed(owner))).json()
    assert hold["expires_at"] == "2026-11-23T01:10:00Z"
    stolen = await http.delete(f"/citizen/holds/{hold['id']}", headers=other)
    assert stolen.status_code == 404
    used = await http.post(
        "/citizen/appointments", json=booking(hold_id=hold["id"]), headers=keyed(other)
    )
    assert used.status_code == 404
    await book(http, owner, hold_id=hold["id"])
    released = await http.delete(f"/citizen/holds/{hold['id']}", headers=owner)
    assert (released.status_code, released.json()["code"]) == (409, "hold_gone")
    assert await taken() == [1] * 5 + [0] * 5


async def test_somebody_elses_appointment_is_not_there(http, ports):
    await make_slots(10)
    made = await book(http, await citizen(1, ports))
    other = await citizen(2, ports)
    far = await staff("far", ports, point_code=OTHER_STREET)
    before = await everything()
    path = f"/citizen/appointments/{made['id']}"
    move = {"starts_at": TEN_TEXT}
    answers = [
        await http.get(path, headers=other),
        await http.post(f"{path}/cancel", headers=keyed(other)),
        await http.post(f"{path}/reschedule", json=move, headers=keyed(other)),
        await http.post(f"{path}/check-in", headers=keyed(other)),
        await http.post(f"/desk/appointments/{made['id']}/confirm", headers=keyed(far)),
        await http.post(f"/desk/appointments/{made['id']}/check-in", headers=keyed(far)),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert await everything() == before


async def test_a_citizen_moves_cancels_and_lists_own_visits_by_page(http, ports):
    await make_slots(10)
    own = await citizen(1, ports)
    made = await book(http, own)
    move = {"starts_at": "2026-11-24T10:25:00+08:00"}
    path = f"/citizen/appointments/{made['id']}/reschedule"
    moved = (await http.post(path, json=move, headers=keyed(own))).json()
    assert (moved["replaced_id"], moved["starts_at"]) == (made["id"], "2026-11-24T02:25:00Z")
    path = f"/citizen/appointments/{moved['id']}/cancel"
    cancelled = await http.post(path, headers=keyed(own))
    assert cancelled.json()["state"] == "cancelled"
    first = (await http.get("/citizen/appointments?limit=1", headers=own)).json()
    rest = (
        await http.get(f"/citizen/appointments?cursor={first['next_cursor']}", headers=own)
    ).json()
    assert [one["state"] for one in first["items"] + rest["items"]] == [
        "cancelled",
        "rescheduled",
    ]
    assert rest["next_cursor"] is None


async def test_the_point_lists_confirms_and_declines_with_other_times(http, ports):
    await make_slots(40, capacity=2)
    own = await citizen(1, ports)
    made = await book(http, own)
    clerk = await staff("clerk1", ports)
    query = {"date": "2026-11-24", "status": "pending"}
    listed = (await http.get("/desk/appointments", params=query, headers=clerk)).json()
    assert [one["person_name"] for one in listed["items"]] == ["张*"]
    path = f"/desk/appointments/{made['id']}"
    confirmed = await http.post(f"{path}/confirm", headers=keyed(clerk))
    assert confirmed.json()["state"] == "confirmed"
    declined = await http.post(f"{path}/decline", json={"reason": "停电"}, headers=keyed(clerk))
    assert [one["starts_at"] for one in declined.json()["alternatives"]] == [
        "2026-11-24T02:05:00Z",
        "2026-11-24T03:05:00Z",
        "2026-11-24T04:05:00Z",
    ]
    shown = (await http.get(f"/citizen/appointments/{made['id']}", headers=own)).json()
    assert (shown["state"], shown["reason"], len(shown["alternatives"])) == ("declined", "停电", 3)
    again = await http.post(f"{path}/confirm", headers=keyed(clerk))
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


async def test_the_way_from_desk_booking_to_served_and_the_display(http, ports, clock):
    await make_slots(20, begin=ports.now(), capacity=2)
    clerk = await staff("clerk1", ports)
    visitor = {
        "name": "林秀英",
        "id_number": complete_id_number("35010219400101002"),
        "starts_at": "2026-11-23T09:30:00+08:00",
        "item_codes": [ITEM],
    }
    made = await http.post("/desk/appointments", json=visitor, headers=keyed(clerk))
    assert (made.status_code, made.json()["state"]) == (201, "confirmed")
    walk_in = {"point_code": STREET, "kind": "accept", "lat": 26.092, "lng": 119.302}
    waiting = await citizen(3, ports)
    second = (await http.post("/citizen/tickets", json=walk_in, headers=keyed(waiting))).json()
    assert second["label"] == "A001"
    clock.advance(minutes=31)
    path = f"/desk/appointments/{made.json()['id']}/check-in"
    ticket = (await http.post(path, headers=keyed(clerk))).json()
    assert ticket["label"] == "Y001"
    window = await Window.filter(point_code=STREET, kind=WindowKind.ACCEPT).first()
    desk = f"/desk/windows/{window.number}"
    try:
        for step in ("open", "call-next", "start"):
            answer = await http.post(f"{desk}/{step}", headers=keyed(clerk))
            assert answer.status_code == 200, answer.text
        display = (await http.get(f"/public/points/{STREET}/display")).json()
        ahead = (await http.get(f"/citizen/tickets/{second['id']}", headers=waiting)).json()
        finished = await http.post(f"{desk}/finish", headers=keyed(clerk))
    finally:
        await Window.filter(id=window.id).update(staff_id=None, opened_at=None)
    assert display["calls"] == [{"label": "Y001", "window_no": window.number, "state": "serving"}]
    accepting = next(one for one in display["kinds"] if one["kind"] == "accept")
    assert (accepting["waiting"], accepting["next_labels"]) == (1, ["A001"])
    assert (ahead["people_before"], ahead["wait_minutes"]) == (0, 14)
    assert (finished.json()["id"], finished.json()["state"]) == (ticket["id"], "done")
    assert (await Appointment.get()).state == "served"
    strange = await http.post("/desk/windows/9x/open", headers=keyed(clerk))
    assert strange.status_code == 404


async def test_opening_hours_are_set_by_an_administrator_and_hold_at_once(http, ports, catalogue):
    assert catalogue is None
    admin = await staff("admin1", ports, role=StaffRole.ADMIN, point_code=None)
    clerk = await staff("clerk1", ports)
    hours = {
        "kind": "accept",
        "weekday": 1,
        "opens_at": "10:00",
        "closes_at": "11:00",
        "windows": 4,
        "walk_in_reserve": 1,
    }
    path = f"/admin/points/{STREET}/templates"
    refused = await http.put(path, json={"items": [hours]}, headers=clerk)
    assert refused.status_code == 403
    overlapping = {"items": [hours, hours | {"opens_at": "10:30", "closes_at": "12:00"}]}
    assert (await http.put(path, json=overlapping, headers=admin)).status_code == 422
    assert await Slot.all().count() == 0
    answer = await http.put(path, json={"items": [hours]}, headers=admin)
    assert answer.json()["items"] == [hours | {"capacity": 3}]
    assert await Slot.filter(point_code=STREET, capacity=3).count() == 2 * 12
    nothing = await http.put(path, json={"items": []}, headers=admin)
    assert nothing.json() == {"point_code": STREET, "items": []}
    assert await Slot.filter(point_code=STREET, capacity=0).count() == 2 * 12
    assert (await http.get(path, headers=admin)).json()["items"] == []


async def test_whoever_tries_to_book_too_often_is_told_when_to_come_again(http, ports):
    headers = await citizen(1, ports)
    answers = [await http.post("/citizen/holds", json={}, headers=headers) for _ in range(61)]
    assert {one.status_code for one in answers[:60]} == {422}
    assert (answers[60].status_code, answers[60].json()["code"]) == (429, "too_many")
    assert answers[60].json()["retry_after_s"] == int(answers[60].headers["retry-after"]) == 60
    other = await http.post("/citizen/holds", json={}, headers=await citizen(2, ports))
    assert other.status_code == 422


async def test_any_point_near_a_place_is_the_one_with_the_shorter_way(http, ports):
    await make_slots(5)
    await make_slots(5, capacity=9, point_code=OTHER_STREET)
    street = await ServicePoint.get(code=STREET)
    wanted = {"point_code": "any", "item_codes": [ITEM], "lat": street.lat, "lng": street.lng}
    half = {**wanted, "lng": None}
    headers = {**await citizen(1, ports), "Idempotency-Key": uuid4().hex}
    refused = await http.post("/citizen/appointments", json=half, headers=headers)
    answer = await http.post("/citizen/appointments", json=wanted, headers=headers)
    assert (refused.status_code, answer.status_code) == (422, 201)
    assert answer.json()["point_code"] == STREET
