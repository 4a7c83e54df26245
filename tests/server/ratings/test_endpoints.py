"""Citizens rate their cases over HTTP."""

import asyncio
from datetime import UTC, datetime

import pytest
from tortoise import connections

from models.cases import Case
from models.kinds import HolderKind
from models.people import WechatAccount
from models.ratings import Rating
from models.states import CaseState
from server.identity.rules import complete_id_number
from tests.support.people import bearer, keyed, log_in

ZHANG = complete_id_number("35010219000101001")
LI = complete_id_number("35010219000101003")
CASE_NO = "350102-C-20261123-0001"
POINT = "350102-C"


@pytest.fixture
async def zhang(http, wechat_sandbox):
    return await register(http, wechat_sandbox.url, "zhang", "张三", ZHANG)


@pytest.fixture
async def li(http, wechat_sandbox):
    return await register(http, wechat_sandbox.url, "li", "李四", LI)


@pytest.fixture
async def case(zhang, ports):
    """A closed case of Zhang's."""
    return await make_case(zhang, ports, CASE_NO, CaseState.CLOSED)


async def register(http, sandbox_url, person, name, id_number):
    citizen = await log_in(http, sandbox_url, person)
    body = {"name": name, "id_number": id_number}
    answer = await http.put("/citizen/identity", json=body, headers=bearer(citizen))
    answer.raise_for_status()
    return citizen


async def make_case(citizen, ports, case_no, state):
    account = await WechatAccount.get(id=citizen.id)
    return await Case.create(
        case_no=case_no,
        person_id=account.person_id,
        item_code="GL0012",
        item_version=1,
        item_name="结婚登记",
        point_code=POINT,
        department_code="350102-MZ",
        holder_kind=HolderKind.POINT,
        holder_code=POINT,
        state=state,
        received_at=ports.now(),
        answer_by=ports.now(),
        created_at=ports.now(),
    )


def rate(http, citizen, *, case_no=CASE_NO, **body):
    return http.post(f"/citizen/cases/{case_no}/rating", json=body, headers=keyed(citizen))


async def test_a_bad_rating_is_kept_and_called_back(http, zhang, case, ports):
    answer = await rate(http, zhang, score=2, reason_codes=["209", "212"], comment="等了两周")
    assert answer.status_code == 201
    assert answer.json() == {
        "score": 2,
        "score_name": "不满意",
        "reason_codes": ["209", "212"],
        "comment": "等了两周",
        "call_back_by": "2026-11-30T09:30:00Z",
        "rated_at": "2026-11-23T01:00:00Z",
    }
    rating = await Rating.get(case_id=case.id)
    assert (rating.point_code, rating.item_code) == (POINT, "GL0012")
    assert rating.person_id == case.person_id
    assert rating.call_back_by == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
    assert rating.rated_at == ports.now()


@pytest.mark.usefixtures("case")
async def test_a_good_rating_needs_no_reason_and_no_call(http, zhang):
    answer = await rate(http, zhang, score=5)
    assert answer.status_code == 201
    assert (answer.json()["call_back_by"], answer.json()["comment"]) == (None, None)


@pytest.mark.usefixtures("case")
async def test_a_person_sees_what_was_said(http, zhang):
    missing = await http.get(f"/citizen/cases/{CASE_NO}/rating", headers=bearer(zhang))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_rated")
    given = await rate(http, zhang, score=4, comment="好")
    shown = await http.get(f"/citizen/cases/{CASE_NO}/rating", headers=bearer(zhang))
    assert shown.json() == given.json()


@pytest.mark.usefixtures("case")
async def test_what_was_said_is_sealed_in_the_table(http, zhang):
    await rate(http, zhang, score=4, comment="请联系王主任")
    rows = await connections.get("default").execute_query_dict("SELECT comment FROM ratings")
    assert rows[0]["comment"].startswith("v1.")


@pytest.mark.usefixtures("case")
async def test_a_case_is_rated_once(http, zhang):
    await rate(http, zhang, score=1, reason_codes=["115"])
    again = await rate(http, zhang, score=5)
    assert (again.status_code, again.json()["code"]) == (409, "already_rated")
    assert [one.score for one in await Rating.all()] == [1]


@pytest.mark.usefixtures("case")
async def test_of_many_ratings_at_once_one_is_kept(http, zhang):
    answers = await asyncio.gather(*(rate(http, zhang, score=1 + n % 5) for n in range(10)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 9
    assert await Rating.all().count() == 1


@pytest.mark.usefixtures("case")
async def test_somebody_else_finds_no_such_case(http, li):
    answer = await rate(http, li, score=1)
    absent = await rate(http, li, case_no="350102-C-20261123-0002", score=1)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert absent.json()["code"] == "not_found"
    shown = await http.get(f"/citizen/cases/{CASE_NO}/rating", headers=bearer(li))
    assert (shown.status_code, shown.json()["code"]) == (404, "not_found")
    assert await Rating.all().count() == 0


@pytest.mark.usefixtures("case")
async def test_nobody_rates_without_a_session(http):
    path = f"/citizen/cases/{CASE_NO}/rating"
    assert (await http.post(path, json={"score": 5})).status_code == 401
    assert (await http.get(path)).status_code == 401


RATEABLE = {"not_accepted", "approved", "rejected", "issued", "closed"}


@pytest.mark.parametrize("state", CaseState)
async def test_a_case_is_rated_only_after_its_outcome(http, zhang, ports, state):
    await make_case(zhang, ports, CASE_NO, state)
    answer = await rate(http, zhang, score=5)
    if state in RATEABLE:
        assert answer.status_code == 201
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "not_yet_rateable")
        assert await Rating.all().count() == 0


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"score": 2, "reason_codes": ["115"]}, "reasons_mismatch"),
        ({"score": 2, "reason_codes": ["299"]}, "reasons_mismatch"),
        ({"score": 2, "reason_codes": ["209", "209"]}, "reasons_mismatch"),
        ({"score": 2, "reason_codes": ["x"]}, "invalid_shape"),
        ({"score": 2, "reason_codes": ["209"] * 9}, "invalid_shape"),
        ({"score": 0}, "invalid_shape"),
        ({"score": 6}, "invalid_shape"),
        ({"score": "5"}, "invalid_shape"),
        ({"score": 4.5}, "invalid_shape"),
        ({}, "invalid_shape"),
        ({"score": 5, "person_id": "x"}, "invalid_shape"),
        ({"score": 5, "comment": "长" * 501}, "invalid_shape"),
    ],
)
async def test_a_rating_that_makes_no_sense_is_refused(http, zhang, body, code):
    answer = await rate(http, zhang, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await Rating.all().count() == 0


async def test_the_summary_counts_scores_of_one_point_and_of_all(http, ports):
    for number, (point, score) in enumerate(
        [(POINT, 5), (POINT, 5), (POINT, 2), ("350102-B", 3)], start=1
    ):
        await Rating.create(
            case_id=f"{number:032d}",
            person_id="p",
            point_code=point,
            item_code="GL0012",
            score=score,
            rated_at=ports.now(),
        )
    center = await http.get("/public/ratings/summary", params={"point_code": POINT})
    assert center.json() == {
        "point_code": POINT,
        "ratings": 3,
        "counts": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 2},
        "mean_score": 4.0,
        "satisfied_share": 0.6667,
    }
    everywhere = (await http.get("/public/ratings/summary")).json()
    assert (everywhere["ratings"], everywhere["mean_score"]) == (4, 3.75)


async def test_a_point_without_ratings_has_no_mean_and_one_that_is_none_is_unknown(http):
    silent = (await http.get("/public/ratings/summary", params={"point_code": POINT})).json()
    assert (silent["ratings"], silent["mean_score"], silent["satisfied_share"]) == (0, None, None)
    unknown = await http.get("/public/ratings/summary", params={"point_code": "nowhere"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_point")


async def test_the_reasons_to_choose_from_are_listed_by_score(http):
    scores = (await http.get("/public/ratings/reasons")).json()["items"]
    assert [one["score"] for one in scores] == [5, 4, 3, 2, 1]
    assert scores[0]["reasons"][0] == {"code": "510", "name": "一窗受理一次办结"}
    assert scores[4]["reasons"][-1] == {"code": "115", "name": "服务态度差效率低"}
