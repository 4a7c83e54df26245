"""What happened to a parcel, as its receiver is told."""

from models.bookkeeping import Transition
from models.delivery import Parcel, TrackRecord
from models.states import CARRIER_STATES, ParcelState
from server.delivery.rules import AT_THE_POINT, does_count, strike_revoked
from server.delivery.schemas import CitizenParcelOut, TimelineStep
from server.delivery.tracking import told_of
from server.kit.access import ENGINE
from server.kit.messages import text
from server.kit.states import moves_of

OUR_STEPS = frozenset({ParcelState.PACKED, ParcelState.SEALED, ParcelState.CANCELLED})


async def show_to_citizen(parcel: Parcel) -> CitizenParcelOut:
    """Return a parcel with everything that happened to it, first to last."""
    ours = [_of_move(move) for move in await moves_of(Parcel, parcel.id) if _is_ours(move)]
    steps = [*ours, *await _carrier_steps(parcel)]
    return CitizenParcelOut(
        id=parcel.id,
        case_id=parcel.case_id,
        state=parcel.state,
        text=text(f"parcel_{parcel.state}"),
        contents=parcel.contents,
        waybill_no=parcel.waybill_no,
        can_be_recalled=parcel.state in AT_THE_POINT,
        timeline=sorted(steps, key=lambda step: step.at),
    )


def _is_ours(move: Transition) -> bool:
    by_scan = move.to_state in CARRIER_STATES and move.actor != ENGINE.name
    return move.to_state in OUR_STEPS or by_scan


def _of_move(move: Transition) -> TimelineStep:
    words = text(f"parcel_{move.to_state}")
    return TimelineStep(at=move.moved_at, state=move.to_state, text=words, place="")


async def _carrier_steps(parcel: Parcel) -> list[TimelineStep]:
    if parcel.waybill_no is None:
        return []
    records = await TrackRecord.filter(waybill_no=parcel.waybill_no)
    by_event = {told_of(record): record for record in records}
    return [_of_event(by_event[told]) for told in strike_revoked(by_event) if does_count(told)]


def _of_event(record: TrackRecord) -> TimelineStep:
    words = text(f"carrier_{record.step}")
    why = text("carrier_reason", words=words, reason=record.reason) if record.reason else words
    return TimelineStep(at=record.occurred_at, state=record.step, text=why, place=record.place)
