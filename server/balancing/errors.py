"""How balancing turns requests down."""

from server.kit.errors import Refusal


class LeaseLost(Refusal):
    """The work is no longer the actor's: its lease lapsed and it was given on, or it is done."""

    code = "lease_lost"


class NobodyReviews(Refusal):
    """No open point has reviewers for the item."""

    code = "nobody_reviews"


class PointIsDark(Refusal):
    """The point was evacuated: nothing is begun there until it is called back."""

    code = "point_is_dark"
