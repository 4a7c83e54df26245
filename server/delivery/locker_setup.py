"""Setting lockers up: cells are added and put out of order, never taken away."""

from datetime import datetime

from models.delivery import Locker, LockerCell
from models.states import CellState
from server.delivery.schemas_lockers import LockerIn
from server.kit.access import Actor, found
from server.kit.states import advance, record_move


async def get_locker(code: str) -> Locker:
    """Return a locker; raises `NotFound`."""
    return found(await Locker.get_or_none(code=code))


async def set_up_locker(code: str, given: LockerIn, *, actor: Actor, now: datetime) -> Locker:
    """Make a locker, or change it; a cell that holds something stays as it is."""
    facts = {"point_code": given.point_code, "place": given.place}
    locker, _ = await Locker.get_or_create(code=code, defaults=facts)
    await locker.update_from_dict(facts).save(update_fields=list(facts))
    known = {cell.number: cell for cell in await LockerCell.filter(locker_code=code)}
    for number in sorted(set(range(1, given.cells + 1)) - known.keys()):
        known[number] = await _add_cell(code, number, actor=actor, now=now)
    for number, cell in sorted(known.items()):
        is_usable = number <= given.cells and number not in given.out_of_order
        await _set_usable(cell, is_usable=is_usable, actor=actor, now=now)
    return locker


async def _add_cell(code: str, number: int, *, actor: Actor, now: datetime) -> LockerCell:
    cell = await LockerCell.create(locker_code=code, number=number, state=CellState.FREE)
    await record_move(cell, from_state=None, to_state=cell.state, actor=actor, now=now)
    return cell


async def _set_usable(cell: LockerCell, *, is_usable: bool, actor: Actor, now: datetime) -> None:
    target = CellState.FREE if is_usable else CellState.OUT_OF_ORDER
    if cell.state not in {target, CellState.TAKEN}:
        await advance(cell, target, actor=actor, now=now)
