"""A case on its way to whoever decides it: sent, called back, handed back, taken over."""

import asyncio

import pytest

from models.bookkeeping import Transition
from models.cases import Case, Transfer
from models.delivery import Parcel
from models.kinds import HolderKind, ParcelPurpose, TransferKind, TransferWay
from models.notifications import Notice
from models.states import ParcelState, TransferState
from server.cases.recall import recall_transfer
from server.cases.take_over import take_over_case
from server.cases.transfer import transfer_case
from server.cases.withdraw import withdraw_case
from server.kit.access import Actor, Role
from server.kit.errors import ChangedMeanwhile
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.server.cases.desk import (
    CIVIL,
    CIVIL_OF_STREET,
    COMMUNITY,
    DIRECT,
    HEALTH,
    INSTANT,
    NOT_MAILED,
    SENT_ON,
    STREET,
    assert_refused,
    parcel_of,
)

MAILED, CARRIED, DIGITAL = TransferWay.MAILED, TransferWay.CARRIED, TransferWay.DIGITAL
ACTOR = Actor(Role.CLERK, id="c" * 32, point_code=STREET)
HANDLER = Actor(Role.HANDLER, id="h" * 32, department_code=CIVIL)


@pytest.fixture
async def accepted(town, clerk, zhang):
    """An accepted case that civil affairs decide."""
    return await town.accept(clerk, zhang, SENT_ON)


async def send(clerk, case_no, way=DIGITAL):
    answer = await clerk.case(case_no, "transfer", way=way)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def steps(transfer):
    return [move.to_state for move in await moves_of(Transfer, transfer.id)]


@pytest.mark.parametrize(
    ("way", "state", "walked"),
    [
        (DIGITAL, "arrived", ["requested", "dispatched", "arrived"]),
        (CARRIED, "dispatched", ["requested", "dispatched"]),
        (MAILED, "requested", ["requested"]),
    ],
)
async def test_materials_travel_by_each_way(clerk, accepted, way, state, walked):
    shown = await send(clerk, accepted, way)
    (sent,) = shown["transfers"]
    assert (sent["way"], sent["kind"], sent["to_code"]) == (way, "cross_level", CIVIL)
    assert sent["state"] == state
    transfer = await Transfer.get()
    assert await steps(transfer) == walked
    assert (transfer.from_kind, transfer.from_code) == (HolderKind.POINT, STREET)
    assert transfer.to_kind is HolderKind.DEPARTMENT
    assert (shown["state"], shown["holder_code"]) == ("accepted", STREET)


async def test_what_is_mailed_becomes_a_parcel_to_the_department(clerk, accepted):
    await send(clerk, accepted, MAILED)
    transfer, parcel = await Transfer.get(), await parcel_of(accepted, ParcelPurpose.TRANSFER)
    assert parcel.transfer_id == transfer.id
    assert (parcel.state, parcel.point_code) == (ParcelState.PACKED, STREET)
    assert (parcel.receiver_name, parcel.department_code) == ("鼓楼区民政局", CIVIL)
    assert (parcel.receiver_province, parcel.receiver_city) == ("福建省", "福州市")


@pytest.mark.parametrize("way", [DIGITAL, CARRIED])
async def test_what_is_not_mailed_needs_no_parcel(clerk, accepted, way):
    await send(clerk, accepted, way)
    assert await Parcel.all().count() == 0


@pytest.mark.parametrize("way", [MAILED, CARRIED])
async def test_an_instant_item_goes_digitally_only(town, zhang, way):
    clerk = await town.clerk(COMMUNITY)
    case_no = await town.accept(clerk, zhang, INSTANT)
    assert_refused(await clerk.case(case_no, "transfer", way=way), 409, "digital_only")
    assert await Transfer.all().count() == await Parcel.all().count() == 0
    await send(clerk, case_no)
    assert (await Transfer.get()).state is TransferState.ARRIVED


async def test_what_is_decided_here_is_not_sent_away(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, DIRECT)
    await Case.filter(case_no=case_no).update(state="accepted")
    assert_refused(await clerk.case(case_no, "transfer", way=DIGITAL), 409, "decided_here")
    assert await Transfer.all().count() == 0


async def test_a_community_sends_to_the_street_what_the_street_decides(town, zhang):
    clerk = await town.clerk(COMMUNITY)
    case_no = await town.accept(clerk, zhang, DIRECT)
    await send(clerk, case_no)
    transfer = await Transfer.get()
    assert (transfer.to_code, transfer.kind) == (CIVIL_OF_STREET, TransferKind.CROSS_LEVEL)


async def test_a_case_under_way_is_not_sent_again(clerk, accepted):
    await send(clerk, accepted)
    again = await clerk.case(accepted, "transfer", way=CARRIED)
    assert_refused(again, 409, "transfer_open")
    assert (await Transfer.get()).way is DIGITAL


async def test_a_received_case_is_not_sent(town, clerk, zhang):
    case_no = await town.receive(clerk, zhang, SENT_ON)
    assert_refused(await clerk.case(case_no, "transfer", way=DIGITAL), 409, "wrong_state")
    assert await Transfer.all().count() == 0


async def test_the_department_takes_over_work_and_holding_together(clerk, handler, accepted):
    await send(clerk, accepted)
    taken = await handler.case(accepted, "take-over")
    shown = taken.json()
    assert (shown["state"], shown["holder_kind"], shown["holder_code"]) == (
        "in_progress",
        "department",
        CIVIL,
    )
    transfer = await Transfer.get()
    assert (transfer.state, transfer.open) == (TransferState.TAKEN_OVER, None)
    assert transfer.taken_over_at is not None
    assert_refused(await handler.case(accepted, "take-over"), 404, "not_found")


async def test_carried_papers_have_arrived_when_they_are_taken_over(clerk, handler, accepted):
    await send(clerk, accepted, CARRIED)
    assert (await handler.case(accepted, "take-over")).status_code == 200
    transfer = await Transfer.get()
    assert await steps(transfer) == ["requested", "dispatched", "arrived", "taken_over"]


async def test_what_was_not_even_collected_is_not_taken_over(clerk, handler, accepted):
    await send(clerk, accepted, MAILED)
    assert_refused(await handler.case(accepted, "take-over"), 409, "wrong_state")
    assert (await Case.get(case_no=accepted)).holder_code == STREET


async def test_the_parcels_news_move_the_transfer(town, clerk, handler, accepted):
    await send(clerk, accepted, MAILED)
    parcel = await parcel_of(accepted, ParcelPurpose.TRANSFER)
    await town.collect(parcel)
    assert (await Transfer.get()).state is TransferState.DISPATCHED
    await town.end(parcel)
    assert (await Transfer.get()).state is TransferState.ARRIVED
    assert (await handler.case(accepted, "take-over")).status_code == 200
    await town.end(parcel)
    assert (await Transfer.get()).state is TransferState.TAKEN_OVER


async def test_a_delivery_without_a_scan_has_been_dispatched_too(town, clerk, accepted):
    await send(clerk, accepted, MAILED)
    await town.end(await parcel_of(accepted, ParcelPurpose.TRANSFER))
    assert await steps(await Transfer.get()) == ["requested", "dispatched", "arrived"]


async def test_a_returned_parcel_has_not_arrived(town, clerk, accepted):
    await send(clerk, accepted, MAILED)
    parcel = await parcel_of(accepted, ParcelPurpose.TRANSFER)
    await town.collect(parcel)
    await town.end(parcel, ParcelState.RETURNED)
    assert (await Transfer.get()).state is TransferState.DISPATCHED


async def test_a_transfer_called_back_takes_its_parcel_along(town, clerk, handler, accepted):
    await send(clerk, accepted, MAILED)
    answer = await clerk.case(accepted, "recall", reason="送错部门")
    assert answer.json()["transfers"][0]["state"] == "recalled"
    parcel = await parcel_of(accepted, ParcelPurpose.TRANSFER)
    assert parcel.state is ParcelState.CANCELLED
    assert_refused(await handler.case(accepted, "take-over"), 404, "not_found")
    await town.end(parcel)
    assert (await Transfer.get()).state is TransferState.RECALLED
    again = await clerk.case(accepted, "recall", reason="送错部门")
    assert_refused(again, 409, "no_open_transfer")


async def test_a_parcel_that_a_courier_has_goes_on_when_its_transfer_is_called_back(
    clerk, accepted
):
    await send(clerk, accepted, MAILED)
    await Parcel.all().update(state=ParcelState.COLLECTED)
    await clerk.case(accepted, "recall", reason="送错部门")
    assert (await Parcel.get()).state is ParcelState.COLLECTED


async def test_what_was_called_back_can_be_sent_again(clerk, handler, accepted):
    await send(clerk, accepted)
    await clerk.case(accepted, "recall", reason="补充材料")
    await send(clerk, accepted, CARRIED)
    states = await Transfer.all().order_by("id").values_list("state", "open")
    assert list(states) == [("recalled", None), ("dispatched", True)]
    assert (await handler.case(accepted, "take-over")).status_code == 200


async def test_a_transfer_handed_back_says_why_and_stays_with_the_point(
    clerk, handler, accepted, zhang
):
    await send(clerk, accepted)
    answer = await handler.case(accepted, "return", reason="材料不清")
    assert (answer.json()["state"], answer.json()["holder_code"]) == ("accepted", STREET)
    transfer = await Transfer.get()
    assert (transfer.state, transfer.reason, transfer.open) == (
        TransferState.RETURNED,
        "材料不清",
        None,
    )
    assert (await handler.get(f"/desk/cases/{accepted}")).status_code == 404
    notice = await Notice.filter(account_id=zhang.id).order_by("-id").first()
    assert notice.kind == "case_handed_back"
    assert "材料不清" in notice.text


async def test_a_transfer_handed_back_leaves_no_parcel_to_be_collected(clerk, handler, accepted):
    await send(clerk, accepted, MAILED)
    await handler.case(accepted, "return", reason="不归我局")
    assert (await Parcel.get()).state is ParcelState.CANCELLED


async def test_the_citizen_is_told_of_every_transfer(clerk, handler, accepted, zhang):
    for _ in range(2):
        await send(clerk, accepted)
        await handler.case(accepted, "return", reason="材料不清")
    kinds = list(await Notice.filter(account_id=zhang.id).values_list("kind", flat=True))
    assert (kinds.count("case_transferred"), kinds.count("case_handed_back")) == (2, 2)


async def test_a_withdrawn_case_calls_its_transfer_back(clerk, handler, accepted):
    await send(clerk, accepted, MAILED)
    answer = await clerk.case(accepted, "withdraw", reason="申请人放弃")
    assert answer.json()["state"] == "withdrawn"
    assert (await Transfer.get()).state is TransferState.RECALLED
    assert (await Parcel.get()).state is ParcelState.CANCELLED
    assert_refused(await handler.case(accepted, "take-over"), 404, "not_found")


async def test_a_case_in_progress_at_the_department_can_be_withdrawn(clerk, handler, accepted):
    await send(clerk, accepted)
    await handler.case(accepted, "take-over")
    answer = await clerk.case(accepted, "withdraw", reason="申请人放弃")
    assert answer.json()["state"] == "withdrawn"
    assert (await Transfer.get()).state is TransferState.TAKEN_OVER


async def test_a_department_of_another_matter_sees_and_takes_nothing(town, clerk, accepted):
    await send(clerk, accepted)
    stranger = await town.handler(HEALTH)
    assert_refused(await stranger.get(f"/desk/cases/{accepted}"), 404, "not_found")
    assert_refused(await stranger.case(accepted, "take-over"), 404, "not_found")
    assert_refused(await stranger.case(accepted, "return", reason="不"), 404, "not_found")


async def test_sending_twice_at_once_makes_one_transfer_and_one_parcel(town, clerk, zhang):
    for turn in range(1, 6):
        case_no = await town.accept(clerk, zhang, SENT_ON)
        answers = await asyncio.gather(
            *(clerk.case(case_no, "transfer", way=MAILED) for _ in range(4))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert await Transfer.all().count() == await Parcel.all().count() == turn


async def test_taking_over_and_calling_back_at_once_has_one_winner(town, clerk, handler, zhang):
    for _ in range(8):
        case_no = await town.accept(clerk, zhang, SENT_ON)
        await send(clerk, case_no)
        took, called = await asyncio.gather(
            handler.case(case_no, "take-over"), clerk.case(case_no, "recall", reason="改")
        )
        case = await Case.get(case_no=case_no)
        transfer = await Transfer.get(case_id=case.id)
        if took.status_code == 200:
            assert called.status_code == 409
            assert (transfer.state, case.holder_code) == (TransferState.TAKEN_OVER, CIVIL)
        else:
            assert called.status_code == 200
            assert took.status_code in {404, 409}
            assert (transfer.state, case.holder_code) == (TransferState.RECALLED, STREET)
        assert transfer.open is None


async def test_a_writer_between_reading_and_taking_over_wins(clerk, accepted, ports):
    await send(clerk, accepted)
    case, transfer = await Case.get(case_no=accepted), await Transfer.get()
    await clerk.case(accepted, "recall", reason="改")
    moves = await Transition.all().count()
    with pytest.raises(ChangedMeanwhile):
        await in_transaction(lambda: take_over_case(case, transfer, actor=HANDLER, now=ports.now()))
    kept = await Case.get(case_no=accepted)
    assert (kept.holder_code, kept.state) == (STREET, "accepted")
    assert await Transition.all().count() == moves


async def test_a_writer_between_reading_and_calling_back_wins(clerk, handler, accepted, ports):
    await send(clerk, accepted)
    case = await Case.get(case_no=accepted)
    await handler.case(accepted, "take-over")
    with pytest.raises(Exception, match="no_open_transfer"):
        await in_transaction(
            lambda: recall_transfer(case, reason="改", actor=ACTOR, now=ports.now())
        )
    assert (await Transfer.get()).state is TransferState.TAKEN_OVER


async def test_a_case_withdrawn_between_reading_and_sending_is_not_sent(accepted, ports):
    case, same = await Case.get(case_no=accepted), await Case.get(case_no=accepted)
    await in_transaction(lambda: withdraw_case(same, reason="放弃", actor=ACTOR, now=ports.now()))
    with pytest.raises(ChangedMeanwhile):
        await in_transaction(lambda: transfer_case(case, way=MAILED, actor=ACTOR, now=ports.now()))
    assert await Transfer.all().count() == await Parcel.all().count() == 0


async def test_a_case_sent_between_reading_and_withdrawing_is_not_withdrawn(accepted, ports):
    case, same = await Case.get(case_no=accepted), await Case.get(case_no=accepted)
    await in_transaction(lambda: transfer_case(same, way=DIGITAL, actor=ACTOR, now=ports.now()))
    with pytest.raises(ChangedMeanwhile):
        await in_transaction(
            lambda: withdraw_case(case, reason="放弃", actor=ACTOR, now=ports.now())
        )
    assert (await Transfer.get()).open is True


async def test_what_is_not_mailed_to_citizens_is_mailed_to_departments(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, NOT_MAILED)
    await send(clerk, case_no, MAILED)
    assert (await Parcel.get()).department_code == HEALTH
