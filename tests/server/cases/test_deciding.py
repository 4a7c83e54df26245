"""From the work on a case to its end: suspended, decided, issued, mailed or fetched, closed."""

import asyncio
from datetime import UTC, datetime

import pytest

from integrations.contracts.carrier import Party
from models.bookkeeping import OutboxRow
from models.cases import Case, Certificate, ClockSegment
from models.delivery import DeliveryAddress, Parcel
from models.kinds import TransferWay
from models.notifications import Notice
from models.states import ParcelState
from server.cases.issue import issue_case
from server.cases.tasks import pack_for_address
from server.delivery.addresses import give_address
from server.delivery.events import AddressGiven
from server.kit.access import ENGINE
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.server.cases.desk import (
    ADDRESS,
    CIVIL,
    NOT_MAILED,
    SENT_ON,
    STREET,
    assert_refused,
    parcel_of,
)

HEARING = {"reason": "hearing", "note": "依法听证"}


@pytest.fixture
async def begun(town, clerk, zhang):
    """A case that its street decides itself."""
    return await town.accept(clerk, zhang)


@pytest.fixture
async def issued(clerk, begun):
    """A case whose result lies at the street."""
    await decide(clerk, begun)
    assert (await clerk.case(begun, "issue")).status_code == 200
    return begun


async def decide(somebody, case_no, outcome="approved"):
    answer = await somebody.case(case_no, "decide", outcome=outcome, note="材料齐全")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def state_of(case_no):
    return (await Case.get(case_no=case_no)).state.value


async def test_a_suspended_clock_stands_and_goes_on_with_the_lost_days(clerk, begun, zhang, clock):
    clock.advance(days=2)
    assert (await clerk.case(begun, "suspend", **HEARING)).json()["state"] == "suspended"
    shown = (await zhang.get(f"/citizen/cases/{begun}")).json()
    assert shown["clock"] == {
        "is_running": False,
        "working_days_left": None,
        "is_overdue": False,
        "suspended_on": "2026-11-25",
    }
    assert shown["timeline"][-1]["reason"] == "听证"
    clock.advance(days=7)
    assert (await clerk.case(begun, "resume")).json()["state"] == "in_progress"
    row = await Case.get(case_no=begun)
    assert row.promised_due_at == datetime(2026, 12, 14, 9, 30, tzinfo=UTC)
    assert row.statutory_due_at == datetime(2026, 12, 28, 9, 30, tzinfo=UTC)
    segment = await ClockSegment.get()
    assert (segment.reason, segment.note) == ("hearing", "依法听证")
    assert [str(segment.suspended_on), str(segment.resumed_on)] == ["2026-11-25", "2026-12-02"]


async def test_a_clock_stopped_twice_is_put_off_twice(clerk, begun, clock):
    for days in (2, 5):
        clock.advance(days=days)
        await clerk.case(begun, "suspend", **HEARING)
        clock.advance(days=1)
        await clerk.case(begun, "resume")
    row = await Case.get(case_no=begun)
    assert row.promised_due_at == datetime(2026, 12, 9, 9, 30, tzinfo=UTC)
    assert await ClockSegment.filter(resumed_on=None).count() == 0


async def test_a_clock_stopped_and_started_on_one_day_loses_none(clerk, begun):
    before = (await Case.get(case_no=begun)).promised_due_at
    await clerk.case(begun, "suspend", **HEARING)
    await clerk.case(begun, "resume")
    assert (await Case.get(case_no=begun)).promised_due_at == before


async def test_a_suspended_case_can_be_withdrawn_and_its_clock_is_closed(clerk, begun, clock):
    await clerk.case(begun, "suspend", **HEARING)
    clock.advance(days=1)
    answer = await clerk.case(begun, "withdraw", reason="申请人放弃")
    assert answer.json()["state"] == "withdrawn"
    assert str((await ClockSegment.get()).resumed_on) == "2026-11-24"


async def test_only_reasons_that_the_law_knows_stop_the_clock(clerk, begun):
    answer = await clerk.case(begun, "suspend", reason="holiday", note="休假")
    assert_refused(answer, 422, "invalid_shape")
    assert await state_of(begun) == "in_progress"


async def test_a_suspended_case_is_not_decided(clerk, begun):
    await clerk.case(begun, "suspend", **HEARING)
    answer = await clerk.case(begun, "decide", outcome="approved", note="同意")
    assert_refused(answer, 409, "wrong_state")
    assert_refused(await clerk.case(begun, "suspend", **HEARING), 409, "wrong_state")
    assert await ClockSegment.all().count() == 1


async def test_resuming_twice_at_once_moves_the_end_once(clerk, begun, clock):
    await clerk.case(begun, "suspend", **HEARING)
    clock.advance(days=1)
    answers = await asyncio.gather(*(clerk.case(begun, "resume") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    row = await Case.get(case_no=begun)
    assert row.promised_due_at == datetime(2026, 12, 7, 9, 30, tzinfo=UTC)


async def test_a_clock_is_overdue_once_the_hour_has_passed(zhang, begun, clock):
    async def clock_of():
        return (await zhang.get(f"/citizen/cases/{begun}")).json()["clock"]

    assert (await clock_of())["working_days_left"] == 10
    clock.advance(days=14, hours=8, minutes=30)
    shown = await clock_of()
    assert (shown["working_days_left"], shown["is_overdue"]) == (0, False)
    clock.advance(seconds=1)
    shown = await clock_of()
    assert (shown["working_days_left"], shown["is_overdue"]) == (0, True)
    clock.advance(days=1)
    shown = await clock_of()
    assert (shown["working_days_left"], shown["is_overdue"]) == (-1, True)


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
async def test_a_point_decides_what_is_its_own(clerk, begun, zhang, outcome):
    shown = await decide(clerk, begun, outcome)
    assert (shown["state"], shown["outcome"]) == (outcome, outcome)
    row = await Case.get(case_no=begun)
    assert (row.decision_note, row.decided_at) == ("材料齐全", clerk.ports.now())
    notice = await Notice.filter(account_id=zhang.id).order_by("-id").first()
    assert notice.kind == "case_decided"


async def test_a_point_does_not_decide_what_is_a_departments(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, SENT_ON)
    await Case.filter(case_no=case_no).update(state="in_progress")
    answer = await clerk.case(case_no, "decide", outcome="approved", note="同意")
    assert_refused(answer, 409, "decided_elsewhere")
    assert await state_of(case_no) == "in_progress"


async def test_the_department_decides_and_issues_and_the_point_no_longer(
    town, clerk, handler, zhang
):
    case_no = await town.accept(clerk, zhang, SENT_ON)
    await clerk.case(case_no, "transfer", way=TransferWay.DIGITAL)
    await handler.case(case_no, "take-over")
    refused = await clerk.case(case_no, "decide", outcome="approved", note="同意")
    assert_refused(refused, 404, "not_found")
    await decide(handler, case_no)
    assert_refused(await clerk.case(case_no, "issue"), 404, "not_found")
    issued = (await handler.case(case_no, "issue")).json()
    assert issued["certificate"]["issued_by"] == "鼓楼区民政局"
    assert (await Case.get(case_no=case_no)).holder_code == CIVIL


async def test_deciding_both_ways_at_once_ends_in_exactly_one(town, clerk, zhang):
    for _ in range(5):
        case_no = await town.accept(clerk, zhang)
        answers = await asyncio.gather(
            clerk.case(case_no, "decide", outcome="approved", note="同意"),
            clerk.case(case_no, "decide", outcome="rejected", note="不同意"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        row = await Case.get(case_no=case_no)
        assert row.state.value == row.outcome.value


async def test_an_approved_case_is_issued_with_its_certificate(clerk, begun, zhang):
    await decide(clerk, begun)
    shown = (await clerk.case(begun, "issue")).json()
    assert shown["state"] == "issued"
    assert shown["certificate"]["number"] == f"{begun}-Z"
    assert shown["certificate"]["title"] == "救助审批结果"
    assert (await Certificate.get()).holder_name == "张三1"
    assert await Parcel.all().count() == 0
    assert_refused(await clerk.case(begun, "issue"), 409, "wrong_state")
    assert (await zhang.get(f"/citizen/cases/{begun}")).json()["applicant"] == "张**"


async def test_a_rejected_case_is_issued_without_a_certificate(clerk, begun):
    await decide(clerk, begun, "rejected")
    assert (await clerk.case(begun, "issue")).json()["certificate"] is None
    assert await Certificate.all().count() == 0


async def test_a_result_with_an_address_is_packed_when_it_is_issued(clerk, begun, zhang):
    answer = await zhang.put(f"/citizen/cases/{begun}/delivery", ADDRESS)
    assert answer.json() == {
        "case_no": begun,
        "name": "李*",
        "phone": "139****1234",
        "address": "某路***",
        "is_checked": True,
    }
    await decide(clerk, begun)
    shown = (await clerk.case(begun, "issue")).json()
    parcel = await parcel_of(begun)
    assert shown["parcel_ids"] == [parcel.id]
    assert (parcel.receiver_name, parcel.receiver_phone) == ("李四", "13900001234")
    assert parcel.point_code == STREET


async def test_an_address_that_comes_later_packs_the_parcel(town, issued, zhang):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    assert await Parcel.all().count() == 0
    await town.relay()
    assert (await parcel_of(issued)).receiver_name == "李四"


async def test_an_address_given_twice_packs_one_parcel(town, issued, zhang):
    for _ in range(2):
        await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    assert await Parcel.all().count() == 1


async def test_another_address_packs_the_result_again(town, issued, zhang):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS | {"name": "王五"})
    await town.relay()
    parcels = await Parcel.all().order_by("id")
    assert [parcel.receiver_name for parcel in parcels] == ["李四", "王五"]
    assert parcels[0].state is ParcelState.CANCELLED
    assert parcels[1].state is not ParcelState.CANCELLED


async def test_an_address_changes_no_more_once_a_courier_has_the_parcel(town, issued, zhang):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    await Parcel.all().update(state=ParcelState.COLLECTED)
    answer = await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS | {"name": "王五"})
    assert_refused(answer, 409, "parcel_already_collected")
    assert (await DeliveryAddress.get()).name == "李四"


async def test_what_is_not_mailed_takes_no_address(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, NOT_MAILED)
    answer = await zhang.put(f"/citizen/cases/{case_no}/delivery", ADDRESS)
    assert_refused(answer, 409, "not_mailable")
    assert (
        await DeliveryAddress.all().count()
        == await OutboxRow.filter(topic="address.given").count()
        == 0
    )


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "12345"},
        {"province": "四\x00川"},
        {"county": "x" * 33},
        {"address": ""},
        {"id_number": "350102190001010010"},
    ],
    ids=str,
)
async def test_an_address_that_nobody_can_deliver_to_is_refused(begun, zhang, change):
    answer = await zhang.put(f"/citizen/cases/{begun}/delivery", ADDRESS | change)
    assert_refused(answer, 422, "invalid_shape")
    assert await DeliveryAddress.all().count() == 0


async def test_a_result_fetched_at_the_window_closes_the_case(clerk, issued):
    shown = (await clerk.case(issued, "close", reason="窗口领取")).json()
    assert shown["state"] == "closed"
    assert (await Case.get(case_no=issued)).closed_at == clerk.ports.now()


async def test_a_result_under_way_is_not_closed_at_the_window(town, clerk, issued, zhang):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    answer = await clerk.case(issued, "close", reason="窗口领取")
    assert_refused(answer, 409, "result_under_way")
    assert await state_of(issued) == "issued"


async def test_a_delivered_result_closes_its_case_once_and_tells_the_citizen(town, issued, zhang):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    parcel = await parcel_of(issued)
    await town.end(parcel)
    await town.end(parcel)
    assert await state_of(issued) == "closed"
    case = await Case.get(case_no=issued)
    assert [move.to_state for move in await moves_of(Case, case.id)][-2:] == ["issued", "closed"]
    assert (await moves_of(Case, case.id))[-1].reason == "结果已送达"
    kinds = list(await Notice.filter(account_id=zhang.id).values_list("kind", flat=True))
    assert kinds.count("case_delivered") == 1


@pytest.mark.parametrize("state", [ParcelState.RETURNED, ParcelState.LOST])
async def test_a_result_that_did_not_arrive_closes_nothing(town, issued, zhang, state):
    await zhang.put(f"/citizen/cases/{issued}/delivery", ADDRESS)
    await town.relay()
    await town.end(await parcel_of(issued), state)
    assert await state_of(issued) == "issued"


async def test_an_address_given_while_the_case_is_being_issued_is_not_forgotten(
    ports, clerk, begun, zhang, is_embedded
):
    """The relay hears of the address before the issue is committed, and must wait for it."""
    await decide(clerk, begun)
    looked, may_go = asyncio.Event(), asyncio.Event()

    async def issue():
        case = await Case.get(case_no=begun)
        await issue_case(case, actor=ENGINE, now=ports.now())
        looked.set()
        if not is_embedded:  # it lets in one transaction at a time
            await may_go.wait()

    issuing = asyncio.create_task(in_transaction(issue))
    await looked.wait()
    case = await Case.get(case_no=begun)
    party = await in_transaction(lambda: _give(case, ports))
    heard = AddressGiven(aggregate_id=case.id, person_id=case.person_id)
    packing = asyncio.create_task(in_transaction(lambda: pack_for_address(heard, ports)))
    done, _ = await asyncio.wait([packing], timeout=0.3)
    assert bool(done) is is_embedded
    may_go.set()
    await asyncio.gather(issuing, packing)
    assert (await parcel_of(begun)).receiver_name == party.name
    assert zhang.person_id == case.person_id


async def _give(case, ports):
    party = Party(**ADDRESS)
    await give_address(case.id, case.person_id, party, actor=ENGINE, now=ports.now())
    return party


async def test_packing_and_closing_at_once_leave_no_parcel_of_a_closed_case(town, clerk, zhang):
    for _ in range(5):
        case_no = await town.accept(clerk, zhang)
        await decide(clerk, case_no)
        await clerk.case(case_no, "issue")
        await zhang.put(f"/citizen/cases/{case_no}/delivery", ADDRESS)
        closed, _ = await asyncio.gather(
            clerk.case(case_no, "close", reason="窗口领取"), town.relay()
        )
        await town.relay()
        case = await Case.get(case_no=case_no)
        packed = await Parcel.filter(case_id=case.id).count()
        assert (closed.status_code, case.state.value, packed) in {
            (200, "closed", 0),
            (409, "issued", 1),
        }
