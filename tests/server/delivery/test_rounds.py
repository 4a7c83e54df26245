"""Rounds end by a count that both sides agree on; couriers hand in what comes back."""

import pytest

from integrations.contracts.carrier import TrackStep
from models.delivery import HandOver, Parcel, ParcelTask, PickupCode, PickupRound
from models.kinds import Direction, ParcelTaskKind
from models.states import ParcelState, PickupCodeState, RoundState
from server.delivery.arrivals import announce_arrival, take_in
from server.delivery.errors import CountDiffers, NotBroughtBack, RoundShort
from server.delivery.repository import hand_overs_of, parcels_of_round, parcels_on_sheet
from server.delivery.rounds import agree_on_round
from server.delivery.schemas_rounds import RoundSheetOut
from server.delivery.tasks import announce_rounds
from server.delivery.tracking import refresh_track
from server.kit.access import Actor, Role
from server.kit.errors import NotFound, WrongState
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    COURIER,
    FAR_COURIER,
    OTHER_POINT,
    make_labelled,
    make_sealed,
    scan_of,
    send,
)

OTHER_CLERK = Actor(Role.CLERK, id="clerk2", point_code=OTHER_POINT)


async def agree(ports, round_id, count, *, names_missing=False):
    async def do():
        round_ = await PickupRound.get(id=round_id)
        await agree_on_round(
            round_, count, names_missing=names_missing, actor=COURIER, now=ports.now()
        )

    await in_transaction(do)


async def sheet_of(round_id):
    round_ = await PickupRound.get(id=round_id)
    parcels = await parcels_on_sheet(round_)
    given = await hand_overs_of([one.id for one in parcels], Direction.OUT)
    return RoundSheetOut.of_sheet(round_, parcels, given)


@pytest.fixture
async def round_(desk, clock):
    """A round of three past its cut-off, two of them taken."""
    sealed = [await make_sealed(desk, case_id=f"case{n}") for n in range(3)]
    await send(desk, *(scan_of(desk, code.long) for _, code in sealed[:2]))
    clock.advance(hours=3)
    await announce_rounds(desk)
    return await PickupRound.get(id=sealed[0][0].round_id)


async def test_nothing_is_agreed_before_the_cut_off(desk):
    parcel, _ = await make_sealed(desk)
    with pytest.raises(WrongState):
        await agree(desk, parcel.round_id, 0)


async def test_another_count_closes_nothing(desk, round_):
    with pytest.raises(CountDiffers) as refused:
        await agree(desk, round_.id, 3, names_missing=True)
    assert refused.value.data == {"expected": 3, "taken": 2, "counted": 3}
    assert (await PickupRound.get(id=round_.id)).state is RoundState.ANNOUNCED


async def test_a_short_round_closes_only_by_naming_what_is_missing(desk, round_):
    with pytest.raises(RoundShort):
        await agree(desk, round_.id, 2)
    await agree(desk, round_.id, 2, names_missing=True)
    [left] = await Parcel.filter(state=ParcelState.SEALED)
    sheet = await sheet_of(round_.id)
    assert (sheet.state, sheet.expected, sheet.taken, sheet.agreed_count) == ("closed", 3, 2, 2)
    assert (sheet.agreed_by, sheet.closed_at) == (COURIER.name, desk.now())
    assert [line.id for line in sheet.missing] == [left.id]
    assert [(line.given_by, line.taken_by) for line in sheet.handed_over] == [
        (CLERK.name, COURIER.name)
    ] * 2
    with pytest.raises(WrongState):
        await agree(desk, round_.id, 2, names_missing=True)


async def test_what_was_missing_goes_with_the_next_round(desk, round_):
    await agree(desk, round_.id, 2, names_missing=True)
    [left] = await Parcel.filter(state=ParcelState.SEALED)
    following = await PickupRound.get(id=left.round_id)
    assert following.id != round_.id
    assert following.cut_off_at > round_.cut_off_at
    assert [one.id for one in await parcels_of_round(following.id)] == [left.id]
    await Parcel.filter(id=left.id).update(state=ParcelState.COLLECTED)
    assert [line.id for line in (await sheet_of(round_.id)).missing] == [left.id]


async def test_a_round_that_closed_by_itself_is_agreed_on_afterwards(desk, clock):
    parcel, code = await make_sealed(desk)
    clock.advance(hours=3)
    await announce_rounds(desk)
    await send(desk, scan_of(desk, code.long))
    assert (await PickupRound.get(id=parcel.round_id)).state is RoundState.CLOSED
    with pytest.raises(CountDiffers):
        await agree(desk, parcel.round_id, 0)
    await agree(desk, parcel.round_id, 1)
    sheet = await sheet_of(parcel.round_id)
    assert (sheet.agreed_count, sheet.missing) == (1, [])


async def announce(ports, parcel, courier=COURIER):
    return await in_transaction(
        lambda: announce_arrival(parcel.waybill_no, courier=courier, now=ports.now())
    )


async def hand_in(ports, code, *, actor=CLERK, seal_no="SEAL-1"):
    return await in_transaction(
        lambda: take_in(f"tb:p={code.long}", seal_no=seal_no, actor=actor, now=ports.now())
    )


@pytest.fixture
async def gone(desk):
    parcel, code = await make_sealed(desk)
    await send(desk, scan_of(desk, code.long))
    return await Parcel.get(id=parcel.id)


async def test_what_comes_back_is_handed_in_with_both_sides(desk, gone):
    _, code = await announce(desk, gone)
    parcel = await hand_in(desk, code)
    assert (parcel.state, parcel.ended_at) == (ParcelState.RETURNED, desk.now())
    back = await HandOver.get(parcel_id=gone.id, direction=Direction.IN)
    assert (back.given_by, back.taken_by, back.seal_no) == (COURIER.name, CLERK.name, "SEAL-1")
    assert [task.kind for task in await ParcelTask.all()] == [ParcelTaskKind.RETURNED]


async def test_the_posts_late_list_does_not_send_it_out_again(desk, carrier, gone, clock):
    carrier.tell(gone.waybill_no, "708", TrackStep.RETURNING)
    _, code = await announce(desk, gone)
    clock.advance(hours=1)
    await hand_in(desk, code)
    await refresh_track(gone.id, desk)
    assert (await Parcel.get(id=gone.id)).state is ParcelState.RETURNED


async def test_a_code_is_for_its_own_point_and_once(desk, gone):
    _, first = await announce(desk, gone)
    _, code = await announce(desk, gone)
    for wrong, actor in ((first, CLERK), (code, OTHER_CLERK)):
        with pytest.raises(NotFound):
            await hand_in(desk, wrong, actor=actor)
    await hand_in(desk, code)
    with pytest.raises(NotFound):
        await hand_in(desk, code)
    assert await HandOver.filter(direction=Direction.IN).count() == 1


async def test_what_is_not_with_the_carrier_cannot_be_brought(desk):
    parcel = await make_labelled(desk)
    with pytest.raises(NotBroughtBack):
        await announce(desk, parcel)
    with pytest.raises(NotFound):
        await announce(desk, parcel, FAR_COURIER)
    assert await PickupCode.all().count() == 0


async def test_a_code_to_go_out_with_takes_nothing_in(desk):
    _, code = await make_sealed(desk)
    with pytest.raises(NotFound):
        await hand_in(desk, code)


async def test_a_code_to_come_in_with_collects_nothing(desk, gone):
    _, code = await announce(desk, gone)
    outcomes = await send(desk, scan_of(desk, code.long), scan_of(desk, "A" * 26))
    assert {one.value for one in outcomes} == {"unknown_or_wrong"}
    live = await PickupCode.get(direction=Direction.IN)
    assert live.state is PickupCodeState.ISSUED
