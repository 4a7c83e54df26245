"""A request that every route understands, about things of the world or things that are not."""

import json
import re

from server.identity.rules import complete_id_number
from tests.security.world import CASE_ITEM
from tests.support.booking import OTHER_STREET, SHORT_ITEM, STREET, TEN
from tests.support.papers import picture

ABSENT = "f" * 32
WHERE = {
    "code": STREET,
    "item_code": CASE_ITEM,
    "no": "1",
    "seq": "1",
    "day": "2026-12-01",
    "year": "2027",
    "locker_code": "L1",
    "carrier": "ems",
}
PLACE = {"lat": 26.092, "lng": 119.302}
REASON = {"reason": "情况说明"}
PERSON = {"name": "李四", "id_number": complete_id_number("35010219000102001")}
PARTY = {
    "name": "李四",
    "phone": "13900000002",
    "province": "福建省",
    "city": "福州市",
    "county": "台江区",
    "address": "某路8号",
}
NOON = TEN.isoformat()
LOGIN = {"login": "nobody", "password": "wrong"}
CLOSURE = {
    "intent": "preview",
    "starts_at": NOON,
    "ends_at": "2026-11-24T04:00:00Z",
    "deadline_at": NOON,
    "reason": "停电检修",
}
CALLED = {"note": "已电话联系"}
FENCE = {"fence": 1}
SCAN = {"scan_id": "s1", "scanned_at": NOON, "text": "x", "point_code": "elsewhere"}

BODIES = {
    "POST /citizen/login": {"code": "none"},
    "POST /desk/login": LOGIN | {"totp": "000000"},
    "POST /courier/login": LOGIN,
    "POST /citizen/phone": {"code": "none"},
    "PUT /citizen/identity": {"name": "李四", "id_number": "350102190001010000"},
    "POST /citizen/relatives": PERSON,
    "POST /desk/relatives/<relative_id>/agree": PERSON,
    "POST /citizen/pre-reviews": {"item_code": CASE_ITEM},
    "POST /citizen/holds": {"point_code": STREET, "starts_at": NOON, "item_codes": [SHORT_ITEM]},
    "POST /citizen/appointments": {
        "point_code": STREET,
        "starts_at": NOON,
        "item_codes": [SHORT_ITEM],
        "hold_id": "@hold",
    },
    "POST /citizen/appointments/<appointment_id>/reschedule": {"starts_at": NOON},
    "POST /citizen/tickets": {"point_code": STREET, "kind": "consult", **PLACE},
    "POST /citizen/tickets/<ticket_id>/arrive": PLACE,
    "POST /citizen/tickets/<ticket_id>/move": {"point_code": OTHER_STREET},
    "PUT /citizen/appointments/<appointment_id>/way": {"travel_minutes": 20},
    "POST /desk/windows/<no>/transfer": {"kind": "consult"},
    "POST /desk/windows/<no>/change": {"to_no": 2},
    "POST /citizen/waitlist": {
        "item_codes": [SHORT_ITEM],
        "first_on": "2026-11-24",
        "last_on": "2026-11-25",
    },
    "POST /citizen/draws/<day>/wishes": {"item_codes": [SHORT_ITEM]},
    "PUT /citizen/cases/<case_no>/delivery": PARTY,
    "POST /citizen/cases/<case_no>/locker-stays": {"locker_code": "L1", "contents": "原件"},
    "POST /desk/cases/<case_no>/locker-stays": {"locker_code": "L1"},
    "POST /citizen/lockers/<locker_code>/open": {"code": "A" * 26},
    "POST /desk/lockers/<locker_code>/open": {"code": "A" * 26},
    "PUT /admin/lockers/<locker_code>": {"point_code": STREET, "place": "大厅", "cells": 1},
    "POST /citizen/addresses/parse": {"text": "福州市台江区某路8号"},
    "PUT /citizen/mail-forms/<mail_code>": {"receiver": PARTY},
    "POST /citizen/cases/<case_no>/rating": {"score": 5},
    "POST /desk/pre-reviews/<pre_review_id>/renew": FENCE,
    "POST /desk/pre-reviews/<pre_review_id>/return": FENCE
    | {"findings": [{"seq": 1, "reason": "unreadable", "advice": "请重拍"}]},
    "POST /desk/pre-reviews/<pre_review_id>/reject": FENCE | REASON,
    "POST /desk/pre-reviews/<pre_review_id>/pass": FENCE,
    "POST /desk/pre-reviews/<pre_review_id>/release": FENCE,
    "POST /desk/appointments": PERSON | {"starts_at": NOON, "item_codes": [SHORT_ITEM]},
    "POST /desk/appointments/<appointment_id>/decline": REASON,
    "POST /desk/tickets": PERSON | {"kind": "consult"},
    "POST /desk/cases": {"item_code": CASE_ITEM, "ticket_id": "@ticket"},
    "POST /district/points/<code>/evacuate": REASON,
    "POST /desk/cases/<case_no>/refuse": REASON,
    "POST /desk/cases/<case_no>/notify-missing": {
        "findings": [{"seq": 1, "reason": "missing", "advice": "请补齐"}]
    },
    "POST /desk/tickets/<ticket_id>/mail-code": {"contents": "核验原件"},
    "POST /desk/cases/<case_no>/transfer": {"way": "digital"},
    "POST /desk/cases/<case_no>/recall": REASON,
    "POST /desk/cases/<case_no>/return": REASON,
    "POST /desk/cases/<case_no>/suspend": {"reason": "hearing", "note": "听证"},
    "POST /desk/cases/<case_no>/decide": {"outcome": "approved", "note": "准予"},
    "POST /desk/cases/<case_no>/close": REASON,
    "POST /desk/cases/<case_no>/withdraw": REASON,
    "POST /desk/parcels": {"contents": "核验原件", "receiver": PARTY},
    "POST /desk/parcels/labels": {"parcel_ids": ["@parcel"]},
    "POST /desk/parcels/<parcel_id>/repack": {},
    "POST /desk/parcels/<parcel_id>/seal": {"seal_no": "A-1"},
    "POST /desk/parcels/<parcel_id>/cancel": REASON,
    "POST /desk/reconciliation/<order_id>/waybill": {"waybill_no": "1000000000017"},
    "POST /desk/parcel-tasks/<task_id>/finish": {"note": "已联系收件人"},
    "POST /courier/rounds/<round_id>/agree": {"count": 0},
    "POST /courier/arrivals": {"text": "@waybill"},
    "POST /desk/arrivals": {"text": "tb:p=" + "A" * 26, "seal_no": "S-1"},
    "POST /courier/scans": {"device_now": NOON, "scans": [SCAN]},
    "POST /district/points/<code>/closure": CLOSURE,
    "POST /desk/closures": CLOSURE,
    "PUT /desk/roster": {"items": []},
    "POST /desk/absences": {
        "intent": "preview",
        "staff_id": ABSENT,
        "day": "2026-11-24",
        "deadline_at": NOON,
    },
    "POST /district/reseatings/<reseating_id>/called": CALLED,
    "POST /desk/reseatings/<reseating_id>/called": CALLED,
    "PUT /admin/points/<code>": {
        "is_open": True,
        "reviewers": 1,
        "confirms_by_itself": False,
        "address": "",
        "phone": "",
    },
    "PUT /admin/points/<code>/templates": {"items": []},
    "PUT /admin/calendar/<day>": {"kind": "holiday"},
    "PUT /admin/calendar/years/<year>": {"days": [{"day": "2027-05-01", "kind": "holiday"}]},
}
"""What is not named here takes no body, or an empty one."""

QUERIES = {
    "GET /public/points/<code>/times": {
        "items": SHORT_ITEM,
        "from": "2026-11-24",
        "to": "2026-11-25",
    },
    "GET /public/soonest": {"items": SHORT_ITEM},
    "GET /public/calendar": {"from": "2026-11-24", "to": "2026-11-25"},
    "GET /desk/roster/day": {"date": "2026-11-24"},
    "GET /desk/appointments": {"date": "2026-11-24"},
    "GET /desk/appointments/day-sheet": {"date": "2026-11-24"},
    "GET /district/oddities": {"kind": "not_come"},
    "GET /district/audit": {"subject": "parcel", "subject_id": "p"},
}
UPLOADS = "PUT /citizen/pre-reviews/<pre_review_id>/materials/<seq>"


def ask(http, method, path, thing, headers, *, extra=None):
    """Send a request about `thing` = (its name in the table, the id to ask for)."""
    name, known_as = thing
    route = f"{method} {path}"
    there = re.sub(r"<(\w+)>", lambda part: WHERE.get(part[1], known_as), path)
    parts = {"params": QUERIES[route]} if route in QUERIES else {}
    if route == UPLOADS:
        files = {"file": ("a.png", picture(), "image/png")}
        return http.request(method, there, files=files, headers=headers)
    if method in {"POST", "PUT"} or extra:
        parts["json"] = body_of(route, name, known_as) | (extra or {})
    return http.request(method, there, headers=headers, **parts)


def body_of(route, name="", known_as=ABSENT):
    """Return the body of a route, with ids in place of `@names`."""
    body = dict(BODIES.get(route, {}))
    if name.endswith("+person"):
        body["person"] = PERSON
    return json.loads(re.sub(r'"@\w+"', json.dumps(known_as), json.dumps(body)))
