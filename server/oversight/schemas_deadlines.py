"""What goes out about deadlines that moved."""

from pydantic import AwareDatetime

from server.kit.rows import RowOut


class MovedDeadlineOut(RowOut):
    """A case, when it was due and when it is due now."""

    case_no: str
    point_code: str
    holder_code: str
    was_due_at: AwareDatetime
    due_at: AwareDatetime
    moved_at: AwareDatetime
