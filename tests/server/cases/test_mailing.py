"""Codes at the window for cases and visits; addresses that the carrier was asked about."""

import pytest

from models.delivery import DeliveryAddress, MailCode, Parcel
from models.kinds import ParcelPurpose
from models.states import ParcelState, TransferState
from server.delivery.service import cancel_parcel, repack_parcel
from server.kit.access import ENGINE
from server.kit.transaction import in_transaction
from tests.server.cases.desk import ADDRESS, DIRECT, NOT_MAILED, OTHER_STREET, SENT_ON

FORM = {"receiver": ADDRESS}


@pytest.fixture
async def clerk(town):
    return await town.clerk()


@pytest.fixture
async def zhang(town):
    return await town.citizen()


async def test_the_result_goes_where_the_phone_said(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, DIRECT)
    shown = (await clerk.case(case_no, "mail-code")).json()
    assert shown["qr_svg"].startswith("<svg")
    answer = await zhang.put(f"/citizen/mail-forms/{shown['code']}", FORM)
    assert answer.json()["is_checked"] is True
    assert (await DeliveryAddress.get()).person_id == zhang.person_id
    await clerk.case(case_no, "decide", outcome="approved", note="准予")
    await clerk.case(case_no, "issue")
    assert (await Parcel.get(purpose=ParcelPurpose.RESULT)).receiver_name == "李四"


async def test_another_point_shows_no_code_for_it(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang)
    elsewhere = await town.clerk(OTHER_STREET)
    assert (await elsewhere.case(case_no, "mail-code")).status_code == 404
    assert await MailCode.all().count() == 0


async def test_what_is_not_mailed_has_no_code(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, NOT_MAILED)
    answer = await clerk.case(case_no, "mail-code")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_mailable")


async def test_a_visitor_has_something_sent_without_a_case(town, clerk, zhang):
    ticket = await town.ticket(zhang)
    path = f"/desk/tickets/{ticket.id}/mail-code"
    shown = (await clerk.post(path, {"contents": "核验原件"})).json()
    await zhang.put(f"/citizen/mail-forms/{shown['code']}", FORM)
    parcel = await Parcel.get()
    assert (parcel.contents, parcel.person_id, parcel.case_id) == (
        "核验原件",
        zhang.person_id,
        None,
    )
    elsewhere = await town.clerk(OTHER_STREET)
    assert (await elsewhere.post(path, {"contents": "核验原件"})).status_code == 404


async def test_a_recalled_transfer_takes_back_what_was_packed_again(town, clerk, zhang):
    case_no = await town.accept(clerk, zhang, SENT_ON)
    await clerk.case(case_no, "transfer", way="mailed")
    first, now = await Parcel.get(), town.ports.now()

    async def pack_again():
        await cancel_parcel(first, actor=ENGINE, now=now, reason="wrong contents")
        return await repack_parcel(first, actor=ENGINE, now=now)

    second = await in_transaction(pack_again)
    shown = (await clerk.get(f"/desk/cases/{case_no}")).json()
    assert [one["parcel_id"] for one in shown["transfers"]] == [second.id]
    shown = (await clerk.case(case_no, "recall", reason="转错部门")).json()
    assert [one["state"] for one in shown["transfers"]] == [TransferState.RECALLED]
    assert (await Parcel.get(id=second.id)).state is ParcelState.CANCELLED
