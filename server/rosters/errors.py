"""How rosters turn requests down."""

from server.kit.errors import Refusal


class RosterWrong(Refusal):
    """A window or somebody of the staff is not of this point."""

    code = "roster_wrong"


class AlreadyAbsent(Refusal):
    """That person's absence on that day is recorded."""

    code = "already_absent"


class AbsenceOver(Refusal):
    """The day is past."""

    code = "absence_over"
