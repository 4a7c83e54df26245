"""Rows of cases."""

from models.cases import ClockSegment, Transfer


async def segments_of(case_id: str) -> list[ClockSegment]:
    """Return the stretches in which a case's clock stood, first to last."""
    return await ClockSegment.filter(case_id=case_id).order_by("suspended_on", "id")


async def open_transfer(case_id: str) -> Transfer | None:
    """Return the transfer that is under way, if there is one."""
    return await Transfer.get_or_none(case_id=case_id, open=True)


async def transfers_of(case_id: str) -> list[Transfer]:
    """Return every transfer of a case, first to last."""
    return await Transfer.filter(case_id=case_id).order_by("id")
