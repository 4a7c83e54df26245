"""Rounds and scans, as a courier's device uses them."""

from server.delivery.access import access_round
from server.delivery.answers import ScanAnswer
from server.delivery.repository import parcels_of_round, rounds_of
from server.delivery.scans import take_scans
from server.delivery.schemas import ScanOut, ScansIn, ScansOut
from server.delivery.schemas_rounds import RoundDetailOut, RoundOut
from server.kit.access import COURIERS
from server.kit.errors import NotFound
from server.kit.http.call import Call
from server.kit.http.paging import cursor_page
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.kit.messages import text

courier = Surface("/courier", tag="courier")
SURFACES = (courier,)


@courier.get("/rounds", allows=COURIERS)
async def list_rounds(call: Call[None, PageQuery]) -> Page[RoundOut]:
    """List the rounds on one's tour that are not closed, in order of their making."""
    rounds = rounds_of(call.actor.point_codes)
    shown, next_cursor = await cursor_page(rounds, call.query, oldest_first=True)
    return Page(
        items=[RoundOut.of(row, await parcels_of_round(row.id)) for row in shown],
        next_cursor=next_cursor,
    )


@courier.get("/rounds/<round_id>", allows=COURIERS, refuses=(NotFound,))
async def show_round(call: Call[None, None]) -> RoundDetailOut:
    """Show the parcels of a round: what is expected, what is taken, what is missing."""
    round_ = await access_round(call.actor, call.path["round_id"])
    return RoundDetailOut.of(round_, await parcels_of_round(round_.id))


@courier.post("/scans", allows=COURIERS, is_transactional=False, is_keyed=False)
async def scan(call: Call[ScansIn, None]) -> ScansOut:
    """Take parcels over by scanning; each scan has its own answer, and may be sent again."""
    answers = await take_scans(
        call.body.scans,
        device_now=call.body.device_now,
        courier=call.actor,
        find_waybill=call.ports.carriers.find_waybill,
        now=call.now,
    )
    return ScansOut(answers=[_show(answer) for answer in answers])


def _show(answer: ScanAnswer) -> ScanOut:
    return ScanOut(
        scan_id=answer.scan_id,
        outcome=answer.outcome,
        text=text(f"scan_{answer.first or answer.outcome}"),
        first_outcome=answer.first,
        parcel_id=answer.parcel_id,
        scanned_at=answer.scanned_at,
    )
