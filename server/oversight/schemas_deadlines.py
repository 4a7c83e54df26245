"""What goes out about deadlines that moved."""

from typing import Self

from pydantic import AwareDatetime

from models.cases import MovedDeadline
from server.kit.http.schemas import Outgoing


class MovedDeadlineOut(Outgoing):
    """A case, when it was due and when it is due now."""

    case_no: str
    point_code: str
    holder_code: str
    was_due_at: AwareDatetime
    due_at: AwareDatetime
    moved_at: AwareDatetime

    @classmethod
    def of(cls, row: MovedDeadline) -> Self:
        """Show what moved."""
        return cls(
            case_no=row.case_no,
            point_code=row.point_code,
            holder_code=row.holder_code,
            was_due_at=row.was_due_at,
            due_at=row.due_at,
            moved_at=row.moved_at,
        )
