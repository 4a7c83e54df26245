"""Papers come in at a window; they are accepted, refused, or what is missing is told."""

import asyncio
from datetime import UTC, datetime

import pytest

from models.bookkeeping import Transition
from models.cases import Case, CaseCounter
from models.notifications import Notice
from models.prereview import Finding, OneTimeNotice
from models.states import PreReviewState, TicketState
from server.cases.tasks import accept_the_unanswered
from server.kit.states import moves_of
from tests.server.cases.desk import (
    CIVIL,
    COMMUNITY,
    DIRECT,
    INSTANT,
    OTHER_STREET,
    SENT_ON,
    STREET,
    assert_refused,
)

FINDINGS = [
    {"seq": 1, "reason": "缺页", "advice": "请补第二页"},
    {"seq": 2, "reason": "模糊", "advice": "请重拍"},
]


def at(year, month, day, hour=9, minute=30):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


async def steps(case_no):
    case = await Case.get(case_no=case_no)
    return [move.to_state for move in await moves_of(Case, case.id)]


async def told(citizen):
    return list(
        await Notice.filter(account_id=citizen.id).order_by("id").values_list("kind", flat=True)
    )


async def test_papers_of_somebody_shown_by_card_are_received(town, clerk, zhang):
    body = {"item_code": DIRECT, "person": await town.card_of(zhang)}
    answer = await clerk.post("/desk/cases", body)
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["case_no"] == f"{STREET}-20261123-0001"
    assert (shown["state"], shown["state_text"]) == ("received", "已收件")
    assert (shown["holder_kind"], shown["holder_code"]) == ("point", STREET)
    assert (shown["accepted_at"], shown["promised_due_at"]) == (None, None)
    row = await Case.get(case_no=shown["case_no"])
    assert (row.person_id, row.account_id) == (zhang.person_id, zhang.id)
    assert row.answer_by == at(2026, 11, 30)
    assert await steps(shown["case_no"]) == ["received"]
    assert await told(zhang) == ["case_received"]


async def test_papers_of_the_person_being_served_are_received(town, clerk, zhang):
    ticket = await town.ticket(zhang)
    answer = await clerk.post("/desk/cases", {"item_code": DIRECT, "ticket_id": ticket.id})
    assert answer.status_code == 201
    row = await Case.get(case_no=answer.json()["case_no"])
    assert (row.person_id, row.ticket_id) == (zhang.person_id, ticket.id)
    assert row.appointment_id == ticket.appointment_id


@pytest.mark.parametrize("state", [TicketState.CALLED, TicketState.DONE, TicketState.WAITING])
async def test_a_ticket_that_is_not_being_served_brings_no_papers(town, clerk, zhang, state):
    ticket = await town.ticket(zhang, state=state)
    answer = await clerk.post("/desk/cases", {"item_code": DIRECT, "ticket_id": ticket.id})
    assert_refused(answer, 409, "ticket_not_served")
    assert await Case.all().count() == await CaseCounter.all().count() == 0


async def test_a_ticket_of_another_point_is_not_found(town, clerk, zhang):
    ticket = await town.ticket(zhang, point_code=OTHER_STREET)
    answer = await clerk.post("/desk/cases", {"item_code": DIRECT, "ticket_id": ticket.id})
    assert_refused(answer, 404, "not_found")
    unknown = await clerk.post("/desk/cases", {"item_code": DIRECT, "ticket_id": "nothing"})
    assert_refused(unknown, 404, "not_found")


async def test_a_ticket_of_another_person_brings_no_papers(town, clerk, zhang):
    ticket = await town.ticket(await town.citizen(2))
    body = {"item_code": DIRECT, "ticket_id": ticket.id, "person": await town.card_of(zhang)}
    assert_refused(await clerk.post("/desk/cases", body), 409, "ticket_not_served")
    assert await Case.all().count() == 0


async def test_neither_ticket_nor_card_is_not_enough(clerk):
    assert_refused(await clerk.post("/desk/cases", {"item_code": DIRECT}), 422, "invalid_shape")


async def test_a_card_that_cannot_be_is_refused(clerk):
    body = {"item_code": DIRECT, "person": {"name": "张三", "id_number": "350102190001010010"}}
    assert_refused(await clerk.post("/desk/cases", body), 422, "id_number_invalid")


async def test_a_card_under_another_name_is_refused(town, clerk, zhang):
    card = await town.card_of(zhang) | {"name": "别人"}
    answer = await clerk.post("/desk/cases", {"item_code": DIRECT, "person": card})
    assert_refused(answer, 409, "identity_taken")
    assert await Case.all().count() == 0


async def test_a_point_takes_only_what_its_level_takes(town, clerk, zhang):
    body = {"item_code": "GL0011", "person": await town.card_of(zhang)}
    assert_refused(await clerk.post("/desk/cases", body), 409, "item_not_taken_here")
    unknown = body | {"item_code": "GL9999"}
    assert_refused(await clerk.post("/desk/cases", unknown), 404, "unknown_item")
    assert await Case.all().count() == 0


@pytest.mark.parametrize(
    ("number", "item", "state"),
    [
        (1, DIRECT, PreReviewState.RETURNED),
        (1, SENT_ON, PreReviewState.PASSED),
        (2, DIRECT, PreReviewState.PASSED),
    ],
    ids=["not passed", "other item", "other person"],
)
async def test_an_unfit_pre_review_brings_no_papers(town, clerk, zhang, number, item, state):
    owner = await town.citizen(number) if number > 1 else zhang
    review = await town.pre_review(owner, item=item, state=state)
    body = {"item_code": DIRECT, "person": await town.card_of(zhang), "pre_review_id": review.id}
    assert_refused(await clerk.post("/desk/cases", body), 409, "pre_review_unfit")
    assert await Case.all().count() == 0


async def test_a_passed_pre_review_comes_along(town, clerk, zhang):
    review = await town.pre_review(zhang)
    body = {"item_code": DIRECT, "person": await town.card_of(zhang), "pre_review_id": review.id}
    answer = await clerk.post("/desk/cases", body)
    assert (await Case.get(case_no=answer.json()["case_no"])).pre_review_id == review.id


async def test_numbers_of_many_papers_at_once_have_no_gap(town, clerk, zhang):
    numbers = await asyncio.gather(*(town.receive(clerk, zhang) for _ in range(20)))
    assert sorted(numbers) == [f"{STREET}-20261123-{number:04d}" for number in range(1, 21)]


async def test_what_is_decided_here_begins_when_it_is_accepted(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    shown = (await clerk.case(case_no, "accept")).json()
    assert shown["state"] == "in_progress"
    row = await Case.get(case_no=case_no)
    assert row.accepted_at == town.ports.now()
    assert (row.promised_due_at, row.statutory_due_at) == (at(2026, 12, 7), at(2026, 12, 21))
    assert await steps(case_no) == ["received", "accepted", "in_progress"]
    assert await told(zhang) == ["case_received", "case_accepted"]


async def test_what_is_decided_elsewhere_waits_for_its_transfer(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang, SENT_ON)
    assert (await clerk.case(case_no, "accept")).json()["state"] == "accepted"
    assert (await Case.get(case_no=case_no)).department_code == CIVIL


async def test_an_instant_item_is_due_the_next_working_day(town, zhang):
    clerk = await town.clerk(COMMUNITY)
    case_no = await town.accept(clerk, zhang, INSTANT)
    assert (await Case.get(case_no=case_no)).promised_due_at == at(2026, 11, 24)


async def test_the_new_year_is_not_counted(town, clerk, zhang, clock):
    clock.advance(days=31)
    case_no = await town.accept(clerk, zhang)
    assert (await Case.get(case_no=case_no)).promised_due_at == at(2027, 1, 8)


async def test_the_national_holiday_is_not_counted_and_its_make_up_day_is(
    town, clerk, zhang, clock
):
    clock.advance(days=-60)
    case_no = await town.accept(clerk, zhang)
    assert (await Case.get(case_no=case_no)).promised_due_at == at(2026, 10, 15)


async def test_a_refusal_says_why_and_ends_the_case(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    answer = await clerk.case(case_no, "refuse", reason="不属于本机关职权")
    assert answer.json()["state"] == "not_accepted"
    row = await Case.get(case_no=case_no)
    assert (row.decision_note, row.closed_at) == ("不属于本机关职权", town.ports.now())
    assert await told(zhang) == ["case_received", "case_not_accepted"]
    assert_refused(await clerk.case(case_no, "accept"), 409, "wrong_state")
    assert await steps(case_no) == ["received", "not_accepted"]


async def test_a_refusal_without_a_reason_is_none(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    assert_refused(await clerk.case(case_no, "refuse"), 422, "invalid_shape")
    assert_refused(await clerk.case(case_no, "refuse", reason="  "), 422, "invalid_shape")
    assert await steps(case_no) == ["received"]


async def test_what_is_missing_is_told_whole(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    answer = await clerk.case(case_no, "notify-missing", findings=FINDINGS)
    assert answer.json()["state"] == "supplement_asked"
    (notice,) = (await zhang.get(f"/citizen/cases/{case_no}")).json()["notices"]
    assert notice["findings"] == FINDINGS
    assert (await told(zhang))[-1] == "case_missing"


@pytest.mark.parametrize(
    "findings",
    [[FINDINGS[0], FINDINGS[0]], [{"seq": 999, "reason": "无", "advice": "无"}]],
    ids=["twice", "unknown material"],
)
async def test_a_notice_that_does_not_fit_the_item_is_refused(town, clerk, zhang, findings):
    case_no = await town.receive(clerk, zhang)
    answer = await clerk.case(case_no, "notify-missing", findings=findings)
    assert_refused(answer, 422, "findings_unfit")
    assert await steps(case_no) == ["received"]
    assert await OneTimeNotice.all().count() == await Finding.all().count() == 0


async def test_a_notice_of_nothing_is_refused(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    answer = await clerk.case(case_no, "notify-missing", findings=[])
    assert_refused(answer, 422, "invalid_shape")


async def test_a_second_notice_needs_a_reason(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    await clerk.case(case_no, "notify-missing", findings=FINDINGS)
    assert (await clerk.case(case_no, "supplement")).json()["state"] == "received"
    again = await clerk.case(case_no, "notify-missing", findings=FINDINGS[:1])
    assert_refused(again, 409, "already_notified")
    assert await OneTimeNotice.all().count() == 1
    with_reason = await clerk.case(
        case_no, "notify-missing", findings=FINDINGS[:1], repeat_reason="新提交的材料有误"
    )
    assert with_reason.json()["state"] == "supplement_asked"
    rounds = await OneTimeNotice.all().order_by("id").values_list("round_no", "repeat_reason")
    assert list(rounds) == [(1, ""), (2, "新提交的材料有误")]
    assert (await told(zhang)).count("case_missing") == 2


async def test_supplemented_papers_begin_the_five_days_anew(town, clerk, zhang, clock):
    case_no = await town.receive(clerk, zhang)
    await clerk.case(case_no, "notify-missing", findings=FINDINGS)
    clock.advance(days=2)
    await clerk.case(case_no, "supplement")
    assert (await Case.get(case_no=case_no)).answer_by == at(2026, 12, 2)


async def test_silence_counts_as_acceptance_from_the_day_of_receipt(town, clerk, zhang, clock):
    case_no = await town.receive(clerk, zhang)
    received_at = town.ports.now()
    clock.advance(days=7, hours=8, minutes=30)
    await accept_the_unanswered(town.ports)
    assert await steps(case_no) == ["received"]
    clock.advance(seconds=1)
    await accept_the_unanswered(town.ports)
    await accept_the_unanswered(town.ports)
    row = await Case.get(case_no=case_no)
    assert (row.accepted_at, row.promised_due_at) == (received_at, at(2026, 12, 7))
    assert await steps(case_no) == ["received", "accepted", "in_progress"]
    accepted = (await moves_of(Case, row.id))[1]
    assert accepted.actor == "nobody:engine"
    assert "第三十二条" in accepted.reason


async def test_silence_about_supplemented_papers_counts_from_when_they_came(
    town, clerk, zhang, clock
):
    case_no = await town.receive(clerk, zhang)
    await clerk.case(case_no, "notify-missing", findings=FINDINGS)
    clock.advance(days=14)
    await clerk.case(case_no, "supplement")
    supplemented_at = town.ports.now()
    clock.advance(days=8)
    await accept_the_unanswered(town.ports)
    row = await Case.get(case_no=case_no)
    assert (row.accepted_at, row.promised_due_at) == (supplemented_at, at(2026, 12, 21))


async def test_one_unanswered_case_that_cannot_be_accepted_holds_back_no_other(
    town, clerk, zhang, clock
):
    broken = await town.receive(clerk, zhang)
    sound = await town.receive(clerk, zhang)
    await Case.filter(case_no=broken).update(item_version=99)
    clock.advance(days=8)
    await accept_the_unanswered(town.ports)
    assert await steps(broken) == ["received"]
    assert await steps(sound) == ["received", "accepted", "in_progress"]


async def test_accepting_and_refusing_at_once_ends_in_exactly_one(town, clerk, zhang):
    for _ in range(8):
        case_no = await town.receive(clerk, zhang)
        answers = await asyncio.gather(
            clerk.case(case_no, "accept"), clerk.case(case_no, "refuse", reason="不符")
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        kept = await steps(case_no)
        assert kept in (["received", "not_accepted"], ["received", "accepted", "in_progress"])


async def test_nothing_is_written_of_a_refused_verb(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang)
    before = (await Transition.all().count(), await Notice.all().count())
    for verb, body in {
        "supplement": {},
        "issue": {},
        "resume": {},
        "close": {"reason": "已领取"},
        "transfer": {"way": "digital"},
        "decide": {"outcome": "approved", "note": "同意"},
        "suspend": {"reason": "hearing", "note": "听证"},
    }.items():
        assert_refused(await clerk.case(case_no, verb, **body), 409, "wrong_state")
    assert (await Transition.all().count(), await Notice.all().count()) == before
    assert (await Case.get(case_no=case_no)).version == 1
