"""How pre-review turns requests down."""

from server.kit.errors import InvalidShape, NotFound, Refusal


class NotReviewedOnline(Refusal):
    """The item is done at the counter only."""

    code = "not_reviewed_online"


class PointCannotReview(Refusal):
    """The wished point is closed or does not take the item."""

    code = "point_cannot_review"


class MaterialsIncomplete(Refusal):
    """What is still needed, all of it: `data` lists the numbers and names of the materials.

    `missing` are required or were refused, `unchecked` wait for their check, `not_mended` are as
    they were when they were sent back.
    """

    code = "materials_incomplete"


class NothingToReview(NotFound):
    """No work waits for this point."""

    code = "nothing_to_review"


class VerdictsIncomplete(Refusal):
    """A return judges every uploaded material; `data.seqs` names those without a verdict."""

    code = "verdicts_incomplete"


class NothingFailing(Refusal):
    """A return in which everything is in order."""

    code = "nothing_failing"


class UnknownMaterials(InvalidShape):
    """The item asks for no such materials; `data.seqs` names them."""

    code = "unknown_materials"


class RepeatReasonRequired(Refusal):
    """What was there unchanged the time before is faulted only now, without saying why so late."""

    code = "repeat_reason_required"
