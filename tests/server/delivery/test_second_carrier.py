"""A point that another carrier comes to: the same parcel, the other company."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from config.settings import Settings
from integrations.contracts.carrier import Carriers, TrackStep
from models.delivery import CourierOrder, Parcel
from models.kinds import OrderState
from models.states import ParcelState
from server.bootstrap import Engine
from server.delivery.orders import drive_order
from server.delivery.service import cancel_parcel
from server.delivery.tracking import refresh_track
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    OTHER_POINT,
    POINT,
    FakeCarrier,
    make_sealed,
    pack,
    scan_of,
    send,
)


@pytest.fixture
def other(clock):
    """A second carrier, whose numbers are its own."""
    return FakeCarrier(clock, name="other", series="20000000")


@pytest.fixture
def both(post_ports, carrier, other):
    by_name = {"ems": carrier, "other": other}
    return replace(post_ports, carriers=Carriers("ems", by_name, {POINT: "other"}))


async def test_a_point_is_served_by_the_carrier_that_is_set_for_it(both, carrier, other):
    here, there = await pack(both), await pack(both, case_id="case2", point_code=OTHER_POINT)
    for parcel in (here, there):
        await drive_order(parcel.id, both)
    orders = {one.parcel_id: one for one in await CourierOrder.all()}
    assert (orders[here.id].carrier, orders[there.id].carrier) == ("other", "ems")
    assert other.sent == [orders[here.id].order_no]
    assert carrier.sent == [orders[there.id].order_no]
    assert (len(other.labels), len(carrier.labels)) == (1, 1)


async def test_an_order_stays_with_the_carrier_it_was_sent_to(both, carrier, other):
    parcel = await pack(both)
    await drive_order(parcel.id, both)
    moved = replace(both, carriers=Carriers("ems", both.carriers.by_name))
    row = await Parcel.get(id=parcel.id)
    await in_transaction(
        lambda: cancel_parcel(row, actor=CLERK, now=both.now(), reason="wrong contents")
    )
    await drive_order(parcel.id, moved)
    assert (len(other.cancelled), carrier.cancelled) == (1, [])
    assert (await CourierOrder.get()).state is OrderState.CANCELLED


async def test_its_courier_scans_and_its_list_is_asked(both, carrier, other, clock):
    parcel, _ = await make_sealed(both)
    await send(both, scan_of(both, str(parcel.waybill_no)))
    clock.advance(hours=1)
    other.tell(parcel.waybill_no, "80", TrackStep.DELIVERED)
    await refresh_track(parcel.id, both)
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.DELIVERED
    assert (other.asked, carrier.asked) == ([parcel.waybill_no], [])
    assert (await Parcel.get(id=parcel.id)).collected_at == both.now() - timedelta(hours=1)


def test_a_carrier_nobody_knows_is_refused_at_the_start(settings):
    with pytest.raises(LookupError):
        Engine(settings.model_copy(update={"carrier": "pigeon"}))


def test_production_refuses_the_demo_word_only_where_it_is_used():
    secrets = {
        name: SecretStr("AAECAwQFBgcICQoLDA0ODw==")
        for name in (
            "digest_key",
            "wechat_secret",
            "wechat_push_token",
            "wechat_push_aes_key",
            "ems_authorization",
            "ems_sign_key",
        )
    }
    columns = {"k1": SecretStr("AAECAwQFBgcICQoLDA0ODw==")}
    fine = Settings(environment="production", column_keys=columns, **secrets)
    assert fine.carrier == "ems"
    with pytest.raises(ValueError, match="SF_CHECK_WORD"):
        Settings(
            environment="production",
            column_keys=columns,
            carriers_by_point={POINT: "sf"},
            **secrets,
        )
