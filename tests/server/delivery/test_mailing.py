"""扫码寄递: the code at the window, the form on the phone, the range that is asked about."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts.carrier import Reach
from integrations.contracts.errors import VendorUnavailable
from models.delivery import DeliveryAddress, MailCode, Parcel, ParcelTask
from models.kinds import ParcelTaskKind
from models.notifications import Notice
from models.people import WechatAccount
from models.states import MailCodeState
from server.delivery.addresses import give_address
from server.delivery.errors import (
    AddressTooCoarse,
    AddressUnclear,
    MailCodeEnded,
    OutOfRange,
)
from server.delivery.mail_codes import (
    expire_mail_codes,
    fill_in,
    find_mail_code,
    issue_mail_code,
    known_receiver,
)
from server.delivery.reach import Settled, check_addresses, check_receiver, note_reach
from server.delivery.service import receiver_of
from server.kit.access import Actor, Role
from server.kit.errors import NotFound
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import CITIZEN, CLERK, ELSEWHERE, POINT, RECEIVER

BEARER = Actor(Role.CITIZEN, id="account9", person_id="person9")
AWAY = VendorUnavailable("ems", code="timeout")


async def issue(ports, **changes):
    facts = {"point_code": POINT, "contents": "审批结果文书", "actor": CLERK, "now": ports.now()}
    return (await in_transaction(lambda: issue_mail_code(**(facts | changes)))).long


async def for_case(ports):
    return await issue(ports, case_id="case1", person_id="person1")


async def fill(ports, long, receiver=RECEIVER, *, actor=CITIZEN, is_checked=True):
    async def keep():
        code = await find_mail_code(long, actor=actor, now=ports.now())
        settled = Settled(receiver, is_checked=is_checked)
        await fill_in(code, settled, actor=actor, now=ports.now())

    await in_transaction(keep)


async def live_tasks():
    return [(task.kind, task.subject) for task in await ParcelTask.filter(live=True)]


async def test_a_form_gives_the_case_its_address(desk):
    await fill(desk, await for_case(desk))
    address = await DeliveryAddress.get()
    assert (address.case_id, address.person_id, address.name) == ("case1", "person1", "张三丰")
    assert (await MailCode.get()).state is MailCodeState.USED
    assert await live_tasks() == []


async def test_a_visitors_form_packs_a_parcel_of_his(desk):
    await fill(desk, await issue(desk, contents="核验原件", person_id="person1"))
    parcel, code = await Parcel.get(), await MailCode.get()
    assert (parcel.contents, parcel.point_code, parcel.person_id) == ("核验原件", POINT, "person1")
    assert (receiver_of(parcel), code.parcel_id) == (RECEIVER, parcel.id)


async def test_the_same_form_may_be_sent_again_by_the_same_phone_only(desk):
    long = await issue(desk)
    for _ in range(2):
        await fill(desk, long)
    with pytest.raises(MailCodeEnded):
        await fill(desk, long, ELSEWHERE)
    with pytest.raises(MailCodeEnded):
        await fill(desk, long, actor=BEARER)
    assert receiver_of(await Parcel.get()) == RECEIVER


async def test_of_many_phones_at_once_one_fills_the_form(desk):
    long = await issue(desk)
    phones = [Actor(Role.CITIZEN, id=f"account{n}", person_id=f"p{n}") for n in range(5)]
    ended = await asyncio.gather(
        *(fill(desk, long, actor=phone) for phone in phones), return_exceptions=True
    )
    assert sum(one is None for one in ended) == 1
    assert await Parcel.all().count() == 1


async def test_a_code_lives_a_quarter_of_an_hour(desk, clock):
    long = await for_case(desk)
    clock.advance(minutes=15)
    with pytest.raises(MailCodeEnded):
        await fill(desk, long)
    await expire_mail_codes(desk)
    assert (await MailCode.get()).state is MailCodeState.EXPIRED
    assert await DeliveryAddress.all().count() == 0


async def test_a_code_that_was_never_shown_is_not_there(desk):
    await for_case(desk)
    with pytest.raises(NotFound):
        await find_mail_code("A" * 26, actor=CITIZEN, now=desk.now())


async def test_only_the_codes_own_person_sees_where_his_mail_went(desk):
    await in_transaction(
        lambda: give_address("old", "person1", ELSEWHERE, actor=CITIZEN, now=desk.now())
    )
    code = await find_mail_code(await for_case(desk), actor=CITIZEN, now=desk.now())
    assert await known_receiver(code, CITIZEN) == ELSEWHERE
    assert await known_receiver(code, BEARER) is None
    assert await known_receiver(code, Actor(Role.CITIZEN, id="nameless")) is None


async def test_the_owner_is_told_where_his_result_goes(desk):
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id="person1", created_at=desk.now()
    )
    await fill(desk, await for_case(desk), actor=BEARER)
    notice = await Notice.get(kind="parcel_address_given")
    assert "南京市" in notice.text
    assert "某街" not in notice.text


async def test_the_carrier_is_asked_with_the_full_names(desk, carrier):
    settled = await check_receiver(replace(RECEIVER, province="江苏", city="南京"), POINT, desk)
    assert settled == Settled(RECEIVER, is_checked=True)
    assert carrier.looked_for == [RECEIVER]


@pytest.mark.parametrize(
    ("reach", "refusal"),
    [(Reach.OUT_OF_RANGE, OutOfRange), (Reach.TOO_COARSE, AddressTooCoarse)],
)
async def test_an_address_beyond_the_range_is_refused(desk, carrier, reach, refusal):
    carrier.reach = reach
    with pytest.raises(refusal):
        await check_receiver(RECEIVER, POINT, desk)


async def test_a_city_of_another_province_is_refused_without_asking(desk, carrier):
    with pytest.raises(AddressUnclear):
        await check_receiver(replace(RECEIVER, province="福建省"), POINT, desk)
    assert carrier.looked_for == []


@pytest.mark.parametrize("answer", [AWAY, Reach.UNKNOWN])
async def test_an_address_nobody_could_ask_about_is_taken_with_a_task(desk, carrier, answer):
    if isinstance(answer, Exception):
        carrier.failures["check_reach"] = answer
    else:
        carrier.reach = answer
    settled = await check_receiver(RECEIVER, POINT, desk)
    assert settled.is_checked is False
    await fill(desk, await for_case(desk), is_checked=settled.is_checked)
    address = await DeliveryAddress.get()
    assert await live_tasks() == [(ParcelTaskKind.ADDRESS_TO_CHECK, address.id)]
    assert (await ParcelTask.get()).point_code == POINT


async def test_it_is_asked_later_and_the_task_closes(desk, carrier):
    await fill(desk, await for_case(desk), is_checked=False)
    carrier.failures["check_reach"] = AWAY
    await check_addresses(desk)
    assert len(await live_tasks()) == 1
    await check_addresses(desk)
    assert await live_tasks() == []
    assert carrier.looked_for == [RECEIVER] * 2


async def test_a_visitors_parcel_is_asked_about_later_too(desk, carrier):
    await fill(desk, await issue(desk), is_checked=False)
    await check_addresses(desk)
    assert carrier.looked_for == [RECEIVER]
    assert await live_tasks() == []


async def test_one_that_is_refused_later_is_for_the_point_and_its_person(desk, carrier):
    await WechatAccount.create(
        openid="o", openid_digest="o", person_id="person1", created_at=desk.now()
    )
    await fill(desk, await for_case(desk), is_checked=False)
    carrier.reach = Reach.OUT_OF_RANGE
    for _ in range(2):
        await check_addresses(desk)
    address = await DeliveryAddress.get()
    assert await live_tasks() == [(ParcelTaskKind.ADDRESS_REFUSED, address.id)]
    assert await Notice.filter(kind="parcel_address_refused").count() == 1


async def test_a_checked_address_in_its_place_closes_the_task(desk):
    long = await for_case(desk)
    await fill(desk, long, is_checked=False)
    await fill(desk, long, ELSEWHERE)
    assert await live_tasks() == []


async def test_a_task_about_nothing_any_more_is_closed(desk, carrier):
    await in_transaction(
        lambda: note_reach("gone", is_checked=False, point_code=POINT, now=desk.now())
    )
    await check_addresses(desk)
    assert await live_tasks() == []
    assert carrier.looked_for == []


async def test_a_code_is_not_kept(desk):
    long = await for_case(desk)
    code = await MailCode.get()
    assert long not in str(dict(code))
    assert code.expires_at - code.issued_at == timedelta(minutes=15)
