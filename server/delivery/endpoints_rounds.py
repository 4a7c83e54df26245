"""Rounds as their point sees them, and what couriers bring back."""

from models.delivery import PickupRound
from models.kinds import Direction
from server.delivery.access import access_desk_round, access_round
from server.delivery.arrivals import announce_arrival, take_in
from server.delivery.errors import CountDiffers, NotBroughtBack, RoundShort
from server.delivery.repository import hand_overs_of, lock_round, parcels_on_sheet
from server.delivery.rounds import agree_on_round
from server.delivery.schemas import ParcelOut
from server.delivery.schemas_rounds import (
    AgreeIn,
    ArrivalCodeOut,
    ArrivalIn,
    RoundSheetOut,
    TakeInIn,
    TakenInOut,
)
from server.kit.access import COURIERS, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.paging import cursor_page
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

courier = Surface("/courier", tag="courier_rounds")
desk = Surface("/desk", tag="desk_rounds")
SURFACES = (courier, desk)


@courier.post(
    "/rounds/<round_id>/agree",
    allows=COURIERS,
    refuses=(NotFound, WrongState, ChangedMeanwhile, CountDiffers, RoundShort),
)
async def agree(call: Call[AgreeIn, None]) -> RoundSheetOut:
    """Agree on the count of a round; one that is short closes only by naming what is missing."""
    found = await access_round(call.actor, call.path["round_id"])
    round_ = await lock_round(found.id)
    await agree_on_round(
        round_,
        call.body.count,
        names_missing=call.body.names_missing,
        actor=call.actor,
        now=call.now,
    )
    return await _sheet(round_)


@courier.get("/rounds/<round_id>/sheet", allows=COURIERS, refuses=(NotFound,))
async def courier_sheet(call: Call[None, None]) -> RoundSheetOut:
    """Show the closing sheet of a round."""
    return await _sheet(await access_round(call.actor, call.path["round_id"]))


@courier.post("/arrivals", allows=COURIERS, refuses=(NotFound, NotBroughtBack, ChangedMeanwhile))
async def bring(call: Call[ArrivalIn, None]) -> ArrivalCodeOut:
    """Show a code by which a parcel is handed in at the point that it came from."""
    waybill_no = call.ports.carriers.find_waybill(call.body.text)
    parcel, fresh = await announce_arrival(waybill_no, courier=call.actor, now=call.now)
    return ArrivalCodeOut.of(parcel, fresh)


@desk.get("/rounds", allows=POINT_STAFF, refuses=(NotFound,))
async def list_rounds(call: Call[None, PageQuery]) -> Page[RoundSheetOut]:
    """List the rounds of one's point, the newest first, each with its sheet."""
    rows, next_cursor = await cursor_page(
        PickupRound.filter(point_code=call.point_code), call.query
    )
    return Page(items=[await _sheet(row) for row in rows], next_cursor=next_cursor)


@desk.get("/rounds/<round_id>/sheet", allows=POINT_STAFF, refuses=(NotFound,))
async def desk_sheet(call: Call[None, None]) -> RoundSheetOut:
    """Show the closing sheet of a round."""
    return await _sheet(await access_desk_round(call.point_code, call.path["round_id"]))


@desk.post("/arrivals", allows=POINT_STAFF, refuses=(NotFound, ChangedMeanwhile))
async def receive(call: Call[TakeInIn, None]) -> TakenInOut:
    """Take a parcel in from the courier whose code is scanned."""
    parcel = await take_in(
        call.body.text, seal_no=call.body.seal_no, actor=call.actor, now=call.now
    )
    is_intact = parcel.seal_no == call.body.seal_no
    return TakenInOut(parcel=ParcelOut.of(parcel), is_seal_intact=is_intact)


async def _sheet(round_: PickupRound) -> RoundSheetOut:
    parcels = await parcels_on_sheet(round_)
    given = await hand_overs_of([parcel.id for parcel in parcels], Direction.OUT)
    return RoundSheetOut.of_sheet(round_, parcels, given)
