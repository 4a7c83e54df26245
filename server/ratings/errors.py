"""How ratings are turned down."""

from server.kit.errors import InvalidShape, NotFound, Refusal


class NotYetRateable(Refusal):
    """The case has no outcome yet, or was withdrawn."""

    code = "not_yet_rateable"


class AlreadyRated(Refusal):
    """There is one rating for one case."""

    code = "already_rated"


class NotRated(NotFound):
    """Nobody has rated the case."""

    code = "not_rated"


class ReasonsMismatch(InvalidShape):
    """Reasons of another score, unknown ones, or one named twice."""

    code = "reasons_mismatch"
