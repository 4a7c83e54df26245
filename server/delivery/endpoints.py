"""Parcels, as their receivers follow them and the carrier reports on them."""

from pydantic_core import to_json

from integrations.contracts.carrier import UnknownCarrier
from integrations.contracts.errors import PushRefused
from server.delivery import (
    endpoints_courier,
    endpoints_desk,
    endpoints_lockers,
    endpoints_mailing,
    endpoints_reconciliation,
    endpoints_rounds,
    endpoints_tasks,
)
from server.delivery.access import access_own_parcel
from server.delivery.errors import AlreadyCollected, PushUnreadable
from server.delivery.schemas import CitizenParcelOut
from server.delivery.service import cancel_parcel
from server.delivery.timeline import show_to_citizen
from server.delivery.tracking import keep_push
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import ChangedMeanwhile, NotFound, TooLarge, WrongState
from server.kit.http.call import Call, Content, RealNameRequired
from server.kit.http.routes import Surface

PUSH_LIMIT_BYTES = 64 * 1024

citizen = Surface("/citizen", tag="parcels")
callbacks = Surface("/callbacks", tag="carriers")
SURFACES = (
    citizen,
    callbacks,
    *endpoints_desk.SURFACES,
    *endpoints_tasks.SURFACES,
    *endpoints_courier.SURFACES,
    *endpoints_mailing.SURFACES,
    *endpoints_lockers.SURFACES,
    *endpoints_rounds.SURFACES,
    *endpoints_reconciliation.SURFACES,
)


@citizen.get("/parcels/<parcel_id>", allows=CITIZENS, refuses=(RealNameRequired, NotFound))
async def follow(call: Call[None, None]) -> CitizenParcelOut:
    """Show a parcel and everything that happened to it."""
    return await show_to_citizen(await access_own_parcel(call.person_id, call.path["parcel_id"]))


@citizen.post(
    "/parcels/<parcel_id>/cancel",
    allows=CITIZENS,
    refuses=(RealNameRequired, NotFound, AlreadyCollected, WrongState, ChangedMeanwhile),
)
async def recall(call: Call[None, None]) -> CitizenParcelOut:
    """Call a parcel back before the courier takes it."""
    parcel = await access_own_parcel(call.person_id, call.path["parcel_id"])
    await cancel_parcel(parcel, actor=call.actor, now=call.now, reason="recalled by its receiver")
    return await show_to_citizen(parcel)


@callbacks.post(
    "/carriers/<carrier>",
    allows=EVERYBODY,
    refuses=(NotFound, PushUnreadable, TooLarge),
    is_keyed=False,
)
async def push(call: Call[None, None]) -> Content:
    """Take a tracking event from a carrier; one that was kept before is acknowledged again."""
    if len(call.raw) > PUSH_LIMIT_BYTES:
        raise TooLarge
    try:
        carrier = call.ports.carriers.named(call.path["carrier"])
    except UnknownCarrier:
        raise NotFound from None
    try:
        pushed = carrier.read_push(
            call.raw, content_type=call.headers.get("content-type", ""), received_at=call.now
        )
    except PushRefused:
        raise PushUnreadable from None
    await keep_push(pushed, source=carrier.name, now=call.now)
    return Content(to_json(carrier.acknowledge(pushed.serial_no)), "application/json")
