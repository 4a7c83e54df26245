"""Every state of every thing and the moves between them: data, advanced by `server.kit.states`."""

from collections.abc import Collection, Mapping
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


Moves = Mapping[StrEnum, frozenset[StrEnum]]


def _moves(table: Mapping[StrEnum, Collection[StrEnum]]) -> Moves:
    return {state: frozenset(targets) for state, targets in table.items()}


_A, _P, _C, _T, _M, _Q, _R, _W = (
    AppointmentState,
    PreReviewState,
    CaseState,
    TransferState,
    ParcelState,
    TicketState,
    ReseatingState,
    WaitlistState,
)

CARRIER_STATES = frozenset(
    {
        _M.COLLECTED,
        _M.IN_TRANSIT,
        _M.OUT_FOR_DELIVERY,
        _M.WAITING_AT_POINT,
        _M.ATTEMPT_FAILED,
        _M.DELIVERED,
        _M.RETURNING,
        _M.RETURNED,
        _M.INTERCEPTED,
        _M.LOST,
    }
)
"""Folded from the carrier's events: the post revokes some, so any of them may follow any other."""

ENDED_PARCELS = frozenset({_M.DELIVERED, _M.RETURNED, _M.LOST})
"""States that count only after a track query confirmed them."""

DARK = frozenset({PresenceState.SILENT, PresenceState.EVACUATED})
"""A point in one of these gets no work."""

LIVE_APPOINTMENTS = frozenset({_A.PENDING, _A.CONFIRMED, _A.CHECKED_IN, _A.SERVING})

MOVES: Mapping[type[StrEnum], Moves] = {
    AppointmentState: _moves(
        {
            _A.PENDING: {_A.CONFIRMED, _A.CANCELLED, _A.DECLINED, _A.RESCHEDULED},
            _A.CONFIRMED: {
                _A.CHECKED_IN,
                _A.CANCELLED,
                _A.DECLINED,
                _A.RESCHEDULED,
                _A.NO_SHOW,
            },
            _A.CHECKED_IN: {_A.SERVING, _A.ABANDONED},
            _A.SERVING: {_A.SERVED},
            _A.NO_SHOW: {_A.CHECKED_IN},
        }
    ),
    HoldState: _moves(
        {
            HoldState.HELD: {
                HoldState.TURNED_INTO_APPOINTMENT,
                HoldState.RELEASED,
                HoldState.EXPIRED,
            }
        }
    ),
    ReleaseState: _moves({ReleaseState.PENDING: {ReleaseState.ON_SALE, ReleaseState.OFFERED}}),
    WaitlistState: _moves(
        {
            _W.WAITING: {_W.OFFERED, _W.LAPSED, _W.WITHDRAWN},
            _W.OFFERED: {_W.ACCEPTED, _W.DECLINED, _W.LAPSED, _W.WITHDRAWN},
        }
    ),
    DrawState: _moves(
        {
            DrawState.ANNOUNCED: {DrawState.DRAWING},
            DrawState.DRAWING: {DrawState.OPENED},
        }
    ),
    DrawWishState: _moves(
        {
            DrawWishState.ENTERED: {
                DrawWishState.WON,
                DrawWishState.LOST,
                DrawWishState.WITHDRAWN,
            }
        }
    ),
    OfferState: _moves(
        {
            OfferState.HELD: {
                OfferState.ACCEPTED,
                OfferState.DECLINED,
                OfferState.LAPSED,
                OfferState.WITHDRAWN,
            }
        }
    ),
    RelativeState: _moves(
        {
            RelativeState.ASKED: {
                RelativeState.BOUND,
                RelativeState.REFUSED,
                RelativeState.ENDED,
            },
            RelativeState.BOUND: {RelativeState.ENDED},
        }
    ),
    ClosureState: _moves({ClosureState.IN_FORCE: {ClosureState.LIFTED}}),
    ReseatingState: _moves(
        {
            _R.WAITING: {_R.OFFERED, _R.MOVED, _R.TO_CALL, _R.SPARED},
            _R.OFFERED: {_R.MOVED, _R.TO_CALL, _R.SPARED},
            _R.TO_CALL: {_R.CALLED, _R.SPARED},
            _R.CALLED: {_R.SPARED},
        }
    ),
    PreReviewState: _moves(
        {
            _P.DRAFT: {_P.SUBMITTED, _P.WITHDRAWN, _P.LAPSED},
            _P.SUBMITTED: {_P.IN_REVIEW, _P.WITHDRAWN},
            _P.IN_REVIEW: {_P.PASSED, _P.RETURNED, _P.REJECTED, _P.SUBMITTED},
            _P.RETURNED: {_P.SUBMITTED, _P.WITHDRAWN, _P.LAPSED},
        }
    ),
    ReviewTaskState: _moves(
        {
            ReviewTaskState.QUEUED: {ReviewTaskState.CLAIMED, ReviewTaskState.DONE},
            ReviewTaskState.CLAIMED: {ReviewTaskState.QUEUED, ReviewTaskState.DONE},
        }
    ),
    PresenceState: _moves(
        {
            PresenceState.PRESENT: {PresenceState.SILENT, PresenceState.EVACUATED},
            PresenceState.SILENT: {PresenceState.PRESENT, PresenceState.EVACUATED},
            PresenceState.EVACUATED: {PresenceState.PRESENT},
        }
    ),
    AttachmentState: _moves(
        {
            AttachmentState.QUARANTINED: {AttachmentState.CLEAN, AttachmentState.REFUSED},
            AttachmentState.CLEAN: {AttachmentState.DELETED},
            AttachmentState.REFUSED: {AttachmentState.DELETED},
        }
    ),
    TicketState: _moves(
        {
            _Q.WAITING: {_Q.CALLED, _Q.ABANDONED, _Q.NO_SHOW, _Q.TRANSFERRED},
            _Q.CALLED: {_Q.SERVING, _Q.MISSED, _Q.TRANSFERRED},
            _Q.SERVING: {_Q.DONE, _Q.TRANSFERRED},
            _Q.MISSED: {_Q.WAITING, _Q.ABANDONED},
        }
    ),
    CaseState: _moves(
        {
            _C.RECEIVED: {_C.ACCEPTED, _C.NOT_ACCEPTED, _C.SUPPLEMENT_ASKED, _C.WITHDRAWN},
            _C.SUPPLEMENT_ASKED: {_C.RECEIVED, _C.WITHDRAWN},
            _C.ACCEPTED: {_C.IN_PROGRESS, _C.WITHDRAWN},
            _C.IN_PROGRESS: {_C.SUSPENDED, _C.APPROVED, _C.REJECTED, _C.WITHDRAWN},
            _C.SUSPENDED: {_C.IN_PROGRESS, _C.WITHDRAWN},
            _C.APPROVED: {_C.ISSUED},
            _C.REJECTED: {_C.ISSUED},
            _C.ISSUED: {_C.CLOSED},
        }
    ),
    TransferState: _moves(
        {
            _T.REQUESTED: {_T.DISPATCHED, _T.RETURNED, _T.RECALLED},
            _T.DISPATCHED: {_T.ARRIVED, _T.RETURNED, _T.RECALLED},
            _T.ARRIVED: {_T.TAKEN_OVER, _T.RETURNED, _T.RECALLED},
        }
    ),
    ParcelState: _moves(
        {
            _M.PACKED: {_M.ORDERED, _M.CANCELLED},
            _M.ORDERED: {_M.LABELLED, _M.CANCELLED},
            _M.LABELLED: {_M.SEALED, _M.CANCELLED},
            _M.SEALED: {_M.CANCELLED, *CARRIER_STATES},
            **{state: CARRIER_STATES - {state} for state in CARRIER_STATES},
            # The post may say that it was a mistake.
            _M.COLLECTED: (CARRIER_STATES - {_M.COLLECTED}) | {_M.SEALED},
        }
    ),
    PickupCodeState: _moves(
        {
            PickupCodeState.ISSUED: {
                PickupCodeState.LOCKED,
                PickupCodeState.REDEEMED,
                PickupCodeState.EXPIRED,
                PickupCodeState.REVOKED,
            },
            PickupCodeState.LOCKED: {PickupCodeState.ISSUED, PickupCodeState.REVOKED},
        }
    ),
    MailCodeState: _moves(
        {MailCodeState.ISSUED: {MailCodeState.USED, MailCodeState.EXPIRED}},
    ),
    CellState: _moves(
        {
            CellState.FREE: {CellState.TAKEN, CellState.OUT_OF_ORDER},
            CellState.TAKEN: {CellState.FREE},
            CellState.OUT_OF_ORDER: {CellState.FREE},
        }
    ),
    StayState: _moves(
        {
            StayState.RESERVED: {StayState.PLACED, StayState.CANCELLED, StayState.LAPSED},
            StayState.PLACED: {StayState.TAKEN, StayState.OVERDUE, StayState.REMOVED},
            StayState.OVERDUE: {StayState.TAKEN, StayState.REMOVED},
        }
    ),
    RoundState: _moves(
        {
            RoundState.OPEN: {RoundState.ANNOUNCED},
            RoundState.ANNOUNCED: {RoundState.CLOSED},
        }
    ),
}


def allows_move(origin: StrEnum, target: StrEnum) -> bool:
    """Tell whether the table of `origin`'s kind lets it become `target`."""
    return target in MOVES[type(origin)].get(origin, frozenset())
