"""Lockers over HTTP: materials brought to a case, a result fetched from a cell."""

import pytest

from models.delivery import LockerStay
from models.states import StayState
from tests.server.cases.desk import DIRECT, SENT_ON, STREET


@pytest.fixture
async def locker(town):
    admin = await town.staff("admin")
    body = {"point_code": STREET, "place": "大厅", "cells": 1}
    answer = await admin.put("/admin/lockers/L1", body)
    assert answer.json() == {
        "code": "L1",
        "point_code": STREET,
        "place": "大厅",
        "cells": 1,
        "free": 1,
    }
    return "L1"


async def test_materials_reach_the_department_through_a_cell(town, clerk, locker):
    zhang = await town.citizen()
    case_no = await town.accept(clerk, zhang, SENT_ON)
    body = {"locker_code": locker, "contents": "核验原件"}
    given = (await zhang.post(f"/citizen/cases/{case_no}/locker-stays", body)).json()
    full = await zhang.post(f"/citizen/cases/{case_no}/locker-stays", body)
    assert (full.status_code, full.json()["code"]) == (409, "no_free_cell")
    shown = (await zhang.get(f"/public/points/{STREET}/lockers")).json()
    assert [one["free"] for one in shown["items"]] == [0]
    opened = await zhang.post(f"/citizen/lockers/{locker}/open", {"code": given["code"]})
    assert (opened.json()["outcome"], opened.json()["stay"]["cell"]) == ("opened", 1)
    handler = await town.handler()
    [listed] = (await handler.get("/desk/locker-stays?state=placed")).json()["items"]
    code = (await handler.post(f"/desk/locker-stays/{listed['id']}/code")).json()
    body = {"stay_id": listed["id"], "digits": code["digits"]}
    taken = await handler.post(f"/desk/lockers/{locker}/open", body)
    assert taken.json()["outcome"] == "opened"
    assert (await LockerStay.get()).state is StayState.TAKEN


async def test_a_result_fetched_from_a_cell_closes_its_case(town, clerk, locker):
    zhang = await town.citizen()
    case_no = await town.accept(clerk, zhang, DIRECT)
    early = await clerk.case(case_no, "locker-stays", locker_code=locker)
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    await clerk.case(case_no, "decide", outcome="approved", note="准予")
    await clerk.case(case_no, "issue")
    given = (await clerk.case(case_no, "locker-stays", locker_code=locker)).json()
    await clerk.post(f"/desk/lockers/{locker}/open", {"code": given["code"]})
    [mine] = (await zhang.get("/citizen/locker-stays")).json()["items"]
    code = (await zhang.post(f"/citizen/locker-stays/{mine['id']}/code")).json()
    wrong = await zhang.post(f"/citizen/lockers/{locker}/open", {"code": "A" * 26})
    assert wrong.json() == {"outcome": "wrong", "text": "开柜码不存在或不正确", "stay": None}
    await zhang.post(f"/citizen/lockers/{locker}/open", {"code": code["code"]})
    await town.relay()
    assert (await zhang.get(f"/citizen/cases/{case_no}")).json()["state"] == "closed"


async def test_a_result_on_its_way_is_not_put_into_a_cell(town, clerk, locker):
    zhang = await town.citizen()
    case_no = await town.accept(clerk, zhang, DIRECT)
    shown = (await clerk.case(case_no, "mail-code")).json()
    form = {"text": "李四 13900001234 四川省成都市武侯区某路5号4单元"}
    await zhang.put(f"/citizen/mail-forms/{shown['code']}", form)
    await clerk.case(case_no, "decide", outcome="approved", note="准予")
    await clerk.case(case_no, "issue")
    answer = await clerk.case(case_no, "locker-stays", locker_code=locker)
    assert (answer.status_code, answer.json()["code"]) == (409, "result_under_way")
    assert await LockerStay.all().count() == 0
