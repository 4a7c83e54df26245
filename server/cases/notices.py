"""What the citizen is told of a case."""

from datetime import datetime

from models.cases import Case
from server.notifications.events import notify


async def tell_citizen(case: Case, kind: str, *, now: datetime, **data: str) -> None:
    """Tell the person of a case something, once a `kind` and version of the case."""
    await notify(
        kind=kind,
        account_id=case.account_id,
        subject_id=case.id,
        key=str(case.version),
        now=now,
        data={"item": case.item_name, "case_no": case.case_no, **data},
    )
