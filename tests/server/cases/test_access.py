"""Whose case it is: not mine and not there are the same answer."""

import pytest

from models.kinds import TransferWay
from models.people import WechatAccount
from tests.server.cases.desk import (
    ADDRESS,
    CIVIL,
    HEALTH,
    OTHER_STREET,
    SENT_ON,
    assert_refused,
)

VERBS = {
    "accept": {},
    "refuse": {"reason": "不符"},
    "notify-missing": {"findings": [{"seq": 1, "reason": "缺页", "advice": "补"}]},
    "supplement": {},
    "transfer": {"way": "digital"},
    "recall": {"reason": "改"},
    "suspend": {"reason": "test", "note": "检验"},
    "resume": {},
    "decide": {"outcome": "approved", "note": "同意"},
    "issue": {},
    "close": {"reason": "领取"},
    "withdraw": {"reason": "放弃"},
}
OF_DEPARTMENTS = {"take-over": {}, "return": {"reason": "不归我局"}}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_clerk_of_another_point_finds_no_case(town, clerk, zhang, verb):
    case_no = await town.receive(clerk, zhang)
    stranger = await town.clerk(OTHER_STREET)
    theirs = await stranger.case(case_no, verb, **VERBS[verb])
    absent = await stranger.case("350102002000-20261123-9999", verb, **VERBS[verb])
    for answer in (theirs, absent):
        assert_refused(answer, 404, "not_found")
    ignored = {"request_id"}
    assert {k: v for k, v in theirs.json().items() if k not in ignored} == {
        k: v for k, v in absent.json().items() if k not in ignored
    }


@pytest.mark.parametrize("verb", VERBS | OF_DEPARTMENTS)
async def test_a_citizen_is_not_let_in_at_the_desks(town, clerk, zhang, verb):
    case_no = await town.receive(clerk, zhang)
    answer = await zhang.case(case_no, verb, **(VERBS | OF_DEPARTMENTS)[verb])
    assert_refused(answer, 403, "forbidden")


@pytest.mark.parametrize("role", ["admin", "supervisor"])
async def test_who_has_no_desk_moves_no_case(town, clerk, zhang, role):
    case_no = await town.receive(clerk, zhang)
    somebody = await town.staff(role)
    assert_refused(await somebody.case(case_no, "accept"), 403, "forbidden")
    assert_refused(await somebody.get(f"/desk/cases/{case_no}"), 403, "forbidden")


async def test_a_point_lists_and_sees_its_own_cases_only(town, clerk, zhang):
    mine = await town.receive(clerk, zhang)
    stranger = await town.clerk(OTHER_STREET)
    theirs = await town.receive(stranger, zhang)
    for somebody, own, other in ((clerk, mine, theirs), (stranger, theirs, mine)):
        listed = (await somebody.get("/desk/cases")).json()
        assert [case["case_no"] for case in listed["items"]] == [own]
        assert (await somebody.get(f"/desk/cases/{own}")).status_code == 200
        assert_refused(await somebody.get(f"/desk/cases/{other}"), 404, "not_found")


async def test_a_manager_sees_what_the_clerks_of_the_point_do(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    manager = await town.staff("manager", point_code="350102001000")
    assert (await manager.get(f"/desk/cases/{case_no}")).json()["case_no"] == case_no
    assert (await manager.case(case_no, "accept")).status_code == 200


async def test_a_department_sees_what_is_sent_to_it_and_what_it_holds(town, clerk, handler, zhang):
    case_no = await town.accept(clerk, zhang, SENT_ON)

    async def seen():
        listed = (await handler.get("/desk/cases")).json()["items"]
        shown = await handler.get(f"/desk/cases/{case_no}")
        return [case["case_no"] for case in listed], shown.status_code

    assert await seen() == ([], 404)
    await clerk.case(case_no, "transfer", way=TransferWay.DIGITAL)
    assert await seen() == ([case_no], 200)
    await clerk.case(case_no, "recall", reason="改")
    assert await seen() == ([], 404)
    await clerk.case(case_no, "transfer", way=TransferWay.DIGITAL)
    await handler.case(case_no, "take-over")
    assert await seen() == ([case_no], 200)
    stranger = await town.handler(HEALTH)
    assert (await stranger.get("/desk/cases")).json()["items"] == []
    for verb in ("decide", "suspend", "resume", "issue"):
        answer = await stranger.case(case_no, verb, **VERBS[verb])
        assert_refused(answer, 404, "not_found")


async def test_the_point_that_accepted_follows_up_what_a_department_holds(
    town, clerk, handler, zhang
):
    case_no = await town.accept(clerk, zhang, SENT_ON)
    await clerk.case(case_no, "transfer", way=TransferWay.DIGITAL)
    await handler.case(case_no, "take-over")
    shown = (await clerk.get(f"/desk/cases/{case_no}")).json()
    assert (shown["holder_code"], shown["transfers"][0]["state"]) == (CIVIL, "taken_over")
    assert_refused(await clerk.case(case_no, "suspend", **VERBS["suspend"]), 404, "not_found")


async def test_a_citizen_sees_and_sends_his_own_only(town, clerk, zhang):
    li = await town.citizen(2)
    mine, theirs = await town.receive(clerk, zhang), await town.receive(clerk, li)
    listed = (await zhang.get("/citizen/cases")).json()["items"]
    assert [case["case_no"] for case in listed] == [mine]
    assert_refused(await zhang.get(f"/citizen/cases/{theirs}"), 404, "not_found")
    answer = await zhang.put(f"/citizen/cases/{theirs}/delivery", ADDRESS)
    assert_refused(answer, 404, "not_found")


async def test_a_citizen_without_a_real_name_has_no_cases(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    await WechatAccount.filter(id=zhang.id).update(person_id=None)
    assert_refused(await zhang.get("/citizen/cases"), 403, "real_name_required")
    assert_refused(await zhang.get(f"/citizen/cases/{case_no}"), 404, "not_found")


async def test_a_desk_pages_and_filters_its_cases(town, clerk, zhang):
    numbers = [await town.receive(clerk, zhang) for _ in range(5)]
    await clerk.case(numbers[0], "refuse", reason="不符")
    first = (await clerk.get("/desk/cases?limit=2&state=received")).json()
    assert [case["case_no"] for case in first["items"]] == [numbers[4], numbers[3]]
    second = (
        await clerk.get(f"/desk/cases?limit=2&state=received&cursor={first['next_cursor']}")
    ).json()
    assert [case["case_no"] for case in second["items"]] == [numbers[2], numbers[1]]
    assert second["next_cursor"] is None
    assert_refused(await clerk.get("/desk/cases?state=nonsense"), 422, "invalid_shape")
