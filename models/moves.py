"""Which state may become which: data, advanced by `server.kit.states`."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from models.states import (
    CARRIER_STATES,
    AbsenceState,
    AppointmentState,
    AttachmentState,
    CaseState,
    CellState,
    ClosureState,
    DrawState,
    DrawWishState,
    HoldState,
    MailCodeState,
    OfferState,
    ParcelState,
    PickupCodeState,
    PreReviewState,
    PresenceState,
    RelativeState,
    ReleaseState,
    ReseatingState,
    ReviewTaskState,
    RoundState,
    StayState,
    TicketState,
    TransferState,
    WaitlistState,
)

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
    AbsenceState: _moves({AbsenceState.RECORDED: {AbsenceState.WITHDRAWN}}),
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
