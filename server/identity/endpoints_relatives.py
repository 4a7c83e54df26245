"""Relatives, as citizens and windows agree on them."""

from typing import Any

from models.people import Relative
from server.audit.service import record
from server.identity import relatives
from server.identity.errors import (
    IdentityTaken,
    IdNumberInvalid,
    RelativeKnown,
    RelativeUnlike,
    TooManyRelatives,
)
from server.identity.people import get_person
from server.identity.schemas import IdentityIn
from server.identity.schemas_relatives import RelativeOut, RelativesOut
from server.kit.access import CITIZENS, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.routes import Surface

citizen = Surface("/citizen", tag="relatives")
desk = Surface("/desk", tag="desk_relatives")
SURFACES = (citizen, desk)

_MOVES = (NotFound, RealNameRequired, WrongState, ChangedMeanwhile)


@citizen.post(
    "/relatives",
    allows=CITIZENS,
    refuses=(RealNameRequired, IdNumberInvalid, RelativeKnown, TooManyRelatives),
    status=201,
)
async def ask(call: Call[IdentityIn, None]) -> RelativeOut:
    """Ask somebody to let one book for them: they agree on their own phone, or at a window."""
    asker = await get_person(call.person_id)
    row = await relatives.ask_relative(
        call.actor.id,
        name=call.body.name,
        id_number=call.body.id_number,
        actor=call.actor,
        now=call.now,
    )
    return RelativeOut.of(row, is_mine=True, asker=asker)


@citizen.get("/relatives", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_own(call: Call[None, None]) -> RelativesOut:
    """List for whom one may book, who is asked, and who asks or may book for oneself."""
    lines = await relatives.relatives_of(call.actor.id, call.person_id)
    items = [RelativeOut.of(one.row, is_mine=one.is_mine, asker=one.asker) for one in lines]
    return RelativesOut(items=items)


@citizen.post("/relatives/<relative_id>/agree", allows=CITIZENS, refuses=(*_MOVES, RelativeUnlike))
async def agree(call: Call[None, None]) -> None:
    """Agree that the account that asked books for oneself."""
    row, person = await relatives.access_asked(call.person_id, call.path["relative_id"])
    await relatives.agree(row, person, actor=call.actor, now=call.now)
    await _record(call, "relative.agree", row)


@citizen.post("/relatives/<relative_id>/refuse", allows=CITIZENS, refuses=_MOVES)
async def refuse(call: Call[None, None]) -> None:
    """Do not agree."""
    row, _ = await relatives.access_asked(call.person_id, call.path["relative_id"])
    await relatives.refuse(row, actor=call.actor, now=call.now)


@citizen.delete("/relatives/<relative_id>", allows=CITIZENS, refuses=(*_MOVES,))
async def end(call: Call[None, None]) -> None:
    """End it, from either side; visits that are booked stay."""
    row = await relatives.access_either_side(
        call.actor.id, call.person_id, call.path["relative_id"]
    )
    await relatives.end(row, actor=call.actor, now=call.now)
    await _record(call, "relative.end", row)


@desk.post(
    "/relatives/<relative_id>/agree",
    allows=POINT_STAFF,
    refuses=(
        NotFound,
        WrongState,
        ChangedMeanwhile,
        RelativeUnlike,
        IdentityTaken,
        IdNumberInvalid,
    ),
)
async def agree_at_window(call: Call[IdentityIn, None]) -> None:
    """Agree for somebody at the window, whose identity card was seen."""
    row = await relatives.access_relative(call.path["relative_id"])
    await relatives.agree_at_window(
        row,
        name=call.body.name,
        id_number=call.body.id_number,
        actor=call.actor,
        now=call.now,
    )
    await _record(call, "relative.agree", row)


async def _record(call: Call[Any, None], action: str, row: Relative) -> None:
    await record(
        actor=call.actor,
        action=action,
        subject="relative",
        subject_id=row.id,
        now=call.now,
        request_id=call.request_id,
    )
