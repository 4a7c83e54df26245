"""Rows of cases."""

from datetime import datetime

from models.cases import Case, ClockSegment, Transfer
from models.states import CaseState
from server.kit.states import moves_of


async def last_received_at(case_id: str) -> datetime:
    """Return when a case's papers came in, the last time if they were supplemented."""
    received = [
        move.moved_at
        for move in await moves_of(Case, case_id)
        if move.to_state == CaseState.RECEIVED
    ]
    return received[-1]


async def segments_of(case_id: str) -> list[ClockSegment]:
    """Return the stretches in which a case's clock stood, first to last."""
    return await ClockSegment.filter(case_id=case_id).order_by("suspended_on", "id")


async def open_transfer(case_id: str) -> Transfer | None:
    """Return the transfer that is under way, if there is one."""
    return await Transfer.get_or_none(case_id=case_id, open=True)


async def transfers_of(case_id: str) -> list[Transfer]:
    """Return every transfer of a case, first to last."""
    return await Transfer.filter(case_id=case_id).order_by("id")
