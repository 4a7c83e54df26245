"""Cases as they are shown."""

from datetime import date, datetime

from models.bookkeeping import Transition
from models.cases import Case, Certificate, ClockSegment
from models.states import CaseState
from server.cases.notify_missing import SUBJECT
from server.cases.repository import segments_of, transfers_of
from server.cases.schemas import (
    CaseDetailOut,
    CaseOut,
    CertificateOut,
    ClockOut,
    FindingOut,
    NoticeOut,
    StepOut,
    TransferOut,
)
from server.catalog.rules import local_day
from server.catalog.service import working_calendar
from server.delivery.of_case import parcels_of_case, parcels_of_transfers
from server.identity.people import get_person
from server.kit.masking import mask_name
from server.kit.messages import text
from server.kit.states import moves_of
from server.prereview.service import notices_of

RUNNING = frozenset({CaseState.ACCEPTED, CaseState.IN_PROGRESS})


def show_case(case: Case) -> CaseOut:
    """Show a case in a list."""
    return CaseOut.model_validate(_facts(case))


async def show_case_whole(case: Case, *, now: datetime) -> CaseDetailOut:
    """Show a case with its timeline, notices, transfers and clock."""
    person = await get_person(case.person_id)
    transfers = await transfers_of(case.id)
    carried = await parcels_of_transfers([transfer.id for transfer in transfers])
    return CaseDetailOut.model_validate(
        {
            **_facts(case),
            "applicant": mask_name(person.name),
            "decision_note": case.decision_note,
            "clock": await _clock(case, now),
            "timeline": [_step(move) for move in await moves_of(Case, case.id)],
            "notices": await _notices(case),
            "transfers": [
                TransferOut.of(transfer, parcel_id=carried.get(transfer.id))
                for transfer in transfers
            ],
            "certificate": await _certificate(case),
            "parcel_ids": [parcel.id for parcel in await parcels_of_case(case.id)],
        }
    )


def _facts(case: Case) -> dict[str, object]:
    shown = {name: getattr(case, name, None) for name in CaseOut.model_fields}
    return {**shown, "state_text": text(f"case_state_{case.state}")}


def _step(move: Transition) -> StepOut:
    return StepOut(
        at=move.moved_at,
        state=move.to_state,
        text=text(f"case_state_{move.to_state}"),
        reason=move.reason,
    )


async def _clock(case: Case, now: datetime) -> ClockOut:
    segments = await segments_of(case.id)
    is_running = case.state in RUNNING
    due_at = case.promised_due_at
    return ClockOut(
        is_running=is_running,
        working_days_left=await _days_left(case, now),
        is_overdue=is_running and due_at is not None and now > due_at,
        suspended_on=_standing_since(segments),
    )


async def _days_left(case: Case, now: datetime) -> int | None:
    if case.promised_due_at is None or case.state not in RUNNING:
        return None
    calendar = await working_calendar()
    return calendar.working_days_between(local_day(now), local_day(case.promised_due_at))


def _standing_since(segments: list[ClockSegment]) -> date | None:
    return next((row.suspended_on for row in segments if row.resumed_on is None), None)


async def _notices(case: Case) -> list[NoticeOut]:
    return [
        NoticeOut(
            told_at=notice.told_at,
            repeat_reason=notice.repeat_reason,
            findings=[
                FindingOut(seq=one.seq, reason=one.reason, advice=one.advice)
                for one in notice.findings
            ],
        )
        for notice in await notices_of(SUBJECT, case.id)
    ]


async def _certificate(case: Case) -> CertificateOut | None:
    certificate = await Certificate.get_or_none(case_id=case.id)
    if certificate is None:
        return None
    return CertificateOut(
        number=certificate.number,
        title=certificate.title,
        issued_by=certificate.issued_by,
        issued_at=certificate.issued_at,
    )
