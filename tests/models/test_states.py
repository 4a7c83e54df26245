"""The tables of moves against the design: what is reachable, what is an end."""

import itertools

import pytest

from models.moves import MOVES, allows_move
from models.states import (
    CARRIER_STATES,
    ENDED_PARCELS,
    LIVE_APPOINTMENTS,
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

BEGINNINGS = {
    AppointmentState: {AppointmentState.PENDING, AppointmentState.CONFIRMED},
    HoldState: {HoldState.HELD},
    ReleaseState: {ReleaseState.PENDING},
    WaitlistState: {WaitlistState.WAITING},
    DrawState: {DrawState.ANNOUNCED},
    DrawWishState: {DrawWishState.ENTERED},
    OfferState: {OfferState.HELD},
    RelativeState: {RelativeState.ASKED},
    AbsenceState: {AbsenceState.RECORDED},
    ClosureState: {ClosureState.IN_FORCE},
    ReseatingState: {ReseatingState.WAITING},
    PreReviewState: {PreReviewState.DRAFT},
    ReviewTaskState: {ReviewTaskState.QUEUED},
    PresenceState: {PresenceState.PRESENT},
    AttachmentState: {AttachmentState.QUARANTINED},
    TicketState: {TicketState.WAITING},
    CaseState: {CaseState.RECEIVED},
    TransferState: {TransferState.REQUESTED},
    ParcelState: {ParcelState.PACKED},
    PickupCodeState: {PickupCodeState.ISSUED},
    MailCodeState: {MailCodeState.ISSUED},
    CellState: {CellState.FREE},
    StayState: {StayState.RESERVED},
    RoundState: {RoundState.OPEN},
}
ENDS = {
    AppointmentState: {"served", "cancelled", "declined", "rescheduled", "abandoned"},
    HoldState: {"turned_into_appointment", "released", "expired"},
    ReleaseState: {"on_sale", "offered"},
    WaitlistState: {"accepted", "declined", "lapsed", "withdrawn"},
    DrawState: {"opened"},
    DrawWishState: {"won", "lost", "withdrawn"},
    OfferState: {"accepted", "declined", "lapsed", "withdrawn"},
    RelativeState: {"refused", "ended"},
    AbsenceState: {"withdrawn"},
    ClosureState: {"lifted"},
    ReseatingState: {"moved", "spared"},
    PreReviewState: {"passed", "rejected", "withdrawn", "lapsed"},
    ReviewTaskState: {"done"},
    PresenceState: set(),
    AttachmentState: {"deleted"},
    TicketState: {"done", "abandoned", "no_show", "transferred"},
    CaseState: {"not_accepted", "closed", "withdrawn"},
    TransferState: {"taken_over", "returned", "recalled"},
    ParcelState: {"cancelled"},
    PickupCodeState: {"redeemed", "expired", "revoked"},
    MailCodeState: {"used", "expired"},
    CellState: set(),
    StayState: {"taken", "removed", "cancelled", "lapsed"},
    RoundState: {"closed"},
}
MACHINES = pytest.mark.parametrize("machine", MOVES, ids=lambda machine: machine.__name__)


def test_every_machine_is_looked_at():
    assert set(MOVES) == set(BEGINNINGS) == set(ENDS)


@MACHINES
def test_every_state_can_be_reached(machine):
    reached, waiting = set(BEGINNINGS[machine]), list(BEGINNINGS[machine])
    while waiting:
        fresh = MOVES[machine].get(waiting.pop(), frozenset()) - reached
        reached |= fresh
        waiting += fresh
    assert reached == set(machine)


@MACHINES
def test_only_the_ends_of_the_design_lead_nowhere(machine):
    assert {state.value for state in machine if not MOVES[machine].get(state)} == ENDS[machine]


@MACHINES
def test_no_state_moves_to_itself_or_to_another_kind(machine):
    for origin, targets in MOVES[machine].items():
        assert origin not in targets
        assert {type(target) for target in targets} == {machine}


def test_what_the_carrier_says_may_be_revoked_by_anything_else_it_says():
    for state in CARRIER_STATES:
        back = {ParcelState.SEALED} if state is ParcelState.COLLECTED else set()
        assert MOVES[ParcelState][state] == (CARRIER_STATES - {state}) | back


def test_a_parcel_is_collected_only_once_it_is_sealed():
    before = {ParcelState.PACKED, ParcelState.ORDERED, ParcelState.LABELLED}
    assert not any(allows_move(state, ParcelState.COLLECTED) for state in before)
    assert allows_move(ParcelState.SEALED, ParcelState.COLLECTED)
    assert ENDED_PARCELS < CARRIER_STATES


def test_a_case_passes_the_stations_of_the_design():
    road = ["received", "accepted", "in_progress", "approved", "issued", "closed"]
    states = [CaseState(name) for name in road]
    assert all(allows_move(here, there) for here, there in itertools.pairwise(states))
    assert not allows_move(CaseState.RECEIVED, CaseState.IN_PROGRESS)
    assert not allows_move(CaseState.IN_PROGRESS, CaseState.ISSUED)


def test_who_is_done_or_gone_has_no_live_appointment():
    over = {AppointmentState.NO_SHOW, *map(AppointmentState, ENDS[AppointmentState])}
    assert set(AppointmentState) - over == LIVE_APPOINTMENTS
