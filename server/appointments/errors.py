"""How booking can be refused."""

from server.kit.errors import Refusal


class SlotFull(Refusal):
    """No place is left in at least one of the slots that the visit needs."""

    code = "slot_full"


class NotBookable(Refusal):
    """No visit of this length can start then: out of hours, too near the end, or past."""

    code = "not_bookable"


class NotAcceptedHere(Refusal):
    """The point is closed or does not take all of these items."""

    code = "not_accepted_here"


class TooManyAppointments(Refusal):
    """The person has as many live appointments and holds as are allowed."""

    code = "too_many_appointments"


class AlreadyBooked(Refusal):
    """The person has a live appointment for this item."""

    code = "already_booked"


class BookingPaused(Refusal):
    """The person missed too many visits of late."""

    code = "booking_paused"


class HoldGone(Refusal):
    """The hold was used, released, or has expired."""

    code = "hold_gone"


class HoldDiffers(Refusal):
    """The hold is for another place or other items than those asked for."""

    code = "hold_differs"


class OfferGone(Refusal):
    """The offer was answered, withdrawn, or its time is over."""

    code = "offer_gone"


class TooManyWaiting(Refusal):
    """The person has as many live wishes on the waiting list as are allowed."""

    code = "too_many_waiting"


class TooLateToWait(Refusal):
    """The days that are waited for have passed."""

    code = "too_late_to_wait"


class DrawNotOpen(Refusal):
    """No wishes are gathered for that day, not yet or no longer."""

    code = "draw_not_open"


class AlreadyInDraw(Refusal):
    """The person has handed in a wish for that day."""

    code = "already_in_draw"


class PreReviewNotUsable(Refusal):
    """The pre-review is not the person's own, did not pass, or is for none of the items."""

    code = "pre_review_not_usable"


class TooLateToChange(Refusal):
    """The visit's time has come; it can no longer be cancelled or moved."""

    code = "too_late_to_change"


class TooEarly(Refusal):
    """The time for this has not come yet."""

    code = "too_early"


class SituationChanged(Refusal):
    """What a closure would do is no longer what was shown: to be looked at again."""

    code = "situation_changed"


class ClosureTooLate(Refusal):
    """The closure is over, or the time to answer it."""

    code = "closure_too_late"


class ClosureTooWide(Refusal):
    """More people are hit than are moved at a time: close it part by part."""

    code = "closure_too_wide"
