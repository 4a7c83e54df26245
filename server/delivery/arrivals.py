"""What a courier brings back to a point: he shows a code, the point scans it, both sides stand.

The hand-over is proof of its own: it counts as the end of the way back, whatever the carrier's list
says so far.
"""

from datetime import datetime

from integrations.contracts.carrier import TrackEvent, TrackStep
from models.delivery import HandOver, Parcel, PickupCode
from models.kinds import Direction
from models.states import CARRIER_STATES, PickupCodeState
from server.catalog.service import get_point
from server.delivery.codes import FreshCode, find_by_long, issue_code, redeem_code
from server.delivery.errors import NotBroughtBack
from server.delivery.repository import lock_parcel, who_made
from server.delivery.rules import Form, recognise
from server.delivery.tracking import apply_events
from server.kit.access import Actor
from server.kit.errors import NotFound
from server.kit.states import advance

HANDED_IN = "IN"
"""Our own code among the carrier's."""


async def announce_arrival(
    waybill_no: str | None, *, courier: Actor, now: datetime
) -> tuple[Parcel, FreshCode]:
    """Make the code by which a courier hands a parcel in at the point it came from.

    Raises `NotFound` for what is not of his points, `NotBroughtBack` if the carrier has it not.
    """
    parcel = await _find(waybill_no, courier)
    if parcel.state not in CARRIER_STATES:
        raise NotBroughtBack
    earlier = PickupCode.filter(parcel_id=parcel.id, direction=Direction.IN, live=True)
    for code in await earlier:
        await advance(code, PickupCodeState.REVOKED, actor=courier, now=now, live=None)
    return parcel, await issue_code(parcel, direction=Direction.IN, actor=courier, now=now)


async def take_in(text: str, *, seal_no: str, actor: Actor, now: datetime) -> Parcel:
    """Take a parcel from the courier whose code was scanned; raises `NotFound` for no such code."""
    said = recognise(text, lambda _: None)
    code = await find_by_long(said.value) if said and said.form is Form.CODE else None
    if code is None or code.parcel_id is None or code.direction is not Direction.IN:
        raise NotFound
    if code.point_code != actor.point_code or not _is_live(code, now):
        raise NotFound
    parcel = await lock_parcel(code.parcel_id)
    await redeem_code(code, actor=actor, now=now)
    await HandOver.create(
        parcel_id=parcel.id,
        direction=Direction.IN,
        point_code=parcel.point_code,
        given_by=await who_made(code),
        taken_by=actor.name,
        seal_no=seal_no,
        scanned_at=now,
        recorded_at=now,
    )
    await apply_events(parcel, [await _arrived(parcel, now)], confirmed=True, now=now)
    return parcel


async def _find(waybill_no: str | None, courier: Actor) -> Parcel:
    points = sorted(courier.point_codes)
    found = await Parcel.get_or_none(waybill_no=waybill_no or "", point_code__in=points)
    if found is None:
        raise NotFound
    return await lock_parcel(found.id)


def _is_live(code: PickupCode, now: datetime) -> bool:
    return code.state is PickupCodeState.ISSUED and now < code.expires_at


async def _arrived(parcel: Parcel, now: datetime) -> TrackEvent:
    point = await get_point(parcel.point_code)
    return TrackEvent(
        waybill_no=str(parcel.waybill_no),
        occurred_at=now,
        code=HANDED_IN,
        step=TrackStep.RETURNED,
        place=point.name,
        office_code=parcel.point_code,
    )
