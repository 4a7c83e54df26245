"""Every state of every thing; the moves between them are in `models.moves`."""

from enum import StrEnum


class AppointmentState(StrEnum):
    """预约."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    SERVING = "serving"
    SERVED = "served"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    RESCHEDULED = "rescheduled"
    NO_SHOW = "no_show"
    ABANDONED = "abandoned"


class HoldState(StrEnum):
    """占号."""

    HELD = "held"
    TURNED_INTO_APPOINTMENT = "turned_into_appointment"
    RELEASED = "released"
    EXPIRED = "expired"


class ReleaseState(StrEnum):
    """待放号."""

    PENDING = "pending"
    ON_SALE = "on_sale"
    OFFERED = "offered"


class WaitlistState(StrEnum):
    """候补."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class DrawState(StrEnum):
    """摇号."""

    ANNOUNCED = "announced"
    DRAWING = "drawing"
    OPENED = "opened"


class DrawWishState(StrEnum):
    """摇号登记."""

    ENTERED = "entered"
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class OfferState(StrEnum):
    """递补."""

    HELD = "held"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class RelativeState(StrEnum):
    """亲友: whether somebody has agreed that an account books for them."""

    ASKED = "asked"
    BOUND = "bound"
    REFUSED = "refused"
    ENDED = "ended"


class ClosureState(StrEnum):
    """停办."""

    IN_FORCE = "in_force"
    LIFTED = "lifted"


class AbsenceState(StrEnum):
    """缺岗."""

    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class ReseatingState(StrEnum):
    """改派: one visit that a closure hits."""

    WAITING = "waiting"
    OFFERED = "offered"
    MOVED = "moved"
    TO_CALL = "to_call"
    CALLED = "called"
    SPARED = "spared"


class PreReviewState(StrEnum):
    """预审."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    PASSED = "passed"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ReviewTaskState(StrEnum):
    """分流: one pre-review waiting for hands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DONE = "done"


class PresenceState(StrEnum):
    """Whether a point is there: heard from, fallen silent, or closed down by order."""

    PRESENT = "present"
    SILENT = "silent"
    EVACUATED = "evacuated"


class AttachmentState(StrEnum):
    """附件."""

    QUARANTINED = "quarantined"
    CLEAN = "clean"
    REFUSED = "refused"
    DELETED = "deleted"


class TicketState(StrEnum):
    """排队号."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    DONE = "done"
    MISSED = "missed"
    ABANDONED = "abandoned"
    NO_SHOW = "no_show"
    TRANSFERRED = "transferred"


class CaseState(StrEnum):
    """办件."""

    RECEIVED = "received"
    SUPPLEMENT_ASKED = "supplement_asked"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    APPROVED = "approved"
    REJECTED = "rejected"
    ISSUED = "issued"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class TransferState(StrEnum):
    """转办."""

    REQUESTED = "requested"
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    TAKEN_OVER = "taken_over"
    RETURNED = "returned"
    RECALLED = "recalled"


class ParcelState(StrEnum):
    """邮件: our own steps, then what the carrier's events fold to."""

    PACKED = "packed"
    ORDERED = "ordered"
    LABELLED = "labelled"
    SEALED = "sealed"
    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    WAITING_AT_POINT = "waiting_at_point"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    INTERCEPTED = "intercepted"
    LOST = "lost"
    CANCELLED = "cancelled"


class PickupCodeState(StrEnum):
    """取件码."""

    ISSUED = "issued"
    LOCKED = "locked"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class MailCodeState(StrEnum):
    """寄递码: shown at a window, filled in on a phone."""

    ISSUED = "issued"
    USED = "used"
    EXPIRED = "expired"


class CellState(StrEnum):
    """格口."""

    FREE = "free"
    TAKEN = "taken"
    OUT_OF_ORDER = "out_of_order"


class StayState(StrEnum):
    """存取: what is put into a cell by one and taken out by another."""

    RESERVED = "reserved"
    PLACED = "placed"
    OVERDUE = "overdue"
    TAKEN = "taken"
    REMOVED = "removed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class RoundState(StrEnum):
    """揽收班次."""

    OPEN = "open"
    ANNOUNCED = "announced"
    CLOSED = "closed"


CARRIER_STATES = frozenset(
    {
        ParcelState.COLLECTED,
        ParcelState.IN_TRANSIT,
        ParcelState.OUT_FOR_DELIVERY,
        ParcelState.WAITING_AT_POINT,
        ParcelState.ATTEMPT_FAILED,
        ParcelState.DELIVERED,
        ParcelState.RETURNING,
        ParcelState.RETURNED,
        ParcelState.INTERCEPTED,
        ParcelState.LOST,
    }
)
"""Folded from the carrier's events: the post revokes some, so any of them may follow any other."""

ENDED_PARCELS = frozenset({ParcelState.DELIVERED, ParcelState.RETURNED, ParcelState.LOST})
"""States that count only after a track query confirmed them."""

DARK = frozenset({PresenceState.SILENT, PresenceState.EVACUATED})
"""A point in one of these gets no work."""

LIVE_APPOINTMENTS = frozenset(
    {
        AppointmentState.PENDING,
        AppointmentState.CONFIRMED,
        AppointmentState.CHECKED_IN,
        AppointmentState.SERVING,
    }
)
