"""How cases turn requests down."""

from server.kit.errors import InvalidShape, Refusal


class NotTakenHere(Refusal):
    """The point's level does not accept this item."""

    code = "item_not_taken_here"


class TicketNotServed(Refusal):
    """The ticket is not being served at this point, or is another person's."""

    code = "ticket_not_served"


class PreReviewUnfit(Refusal):
    """The pre-review is not this person's, not passed, or for another item."""

    code = "pre_review_unfit"


class DecidedElsewhere(Refusal):
    """The matter is decided by a department: transfer it."""

    code = "decided_elsewhere"


class DecidedHere(Refusal):
    """The matter is decided at this point: there is nobody to transfer it to."""

    code = "decided_here"


class DigitalOnly(Refusal):
    """An instant item goes digitally, its originals checked at the window."""

    code = "digital_only"


class TransferOpen(Refusal):
    """The case is on its way already."""

    code = "transfer_open"


class NoOpenTransfer(Refusal):
    """The case is not on its way."""

    code = "no_open_transfer"


class NotMailable(Refusal):
    """The result of this item is not mailed."""

    code = "not_mailable"


class NothingMissing(InvalidShape):
    """A notice of what is missing names at least one material, each once, each of the item."""

    code = "findings_unfit"


class AlreadyNotified(Refusal):
    """What is missing is told once; a second time needs a reason."""

    code = "already_notified"


class ParcelUnderWay(Refusal):
    """The result is with the carrier: it closes by itself when delivered."""

    code = "result_under_way"
