"""What a carrier's events, a scan and the clock amount to; no I/O."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from integrations.contracts.carrier import TrackStep
from models.states import ENDED_PARCELS, ParcelState, PickupCodeState

SHANGHAI = ZoneInfo("Asia/Shanghai")

ENDINGS = ENDED_PARCELS | {ParcelState.CANCELLED}
"""What a push alone never makes of a parcel."""
ENDING_STEPS = frozenset(TrackStep(state.value) for state in ENDINGS)
PROVED_STEPS = ENDING_STEPS | {TrackStep.ATTEMPT_FAILED}
"""What counts only by the carrier's own list: ends, and what people are sent to look after."""

BEFORE_SEAL = frozenset({ParcelState.PACKED, ParcelState.ORDERED, ParcelState.LABELLED})
AT_THE_POINT = BEFORE_SEAL | {ParcelState.SEALED}
"""Until the courier comes, a parcel can be recalled."""

HAS_LABEL = frozenset(ParcelState) - {
    ParcelState.PACKED,
    ParcelState.ORDERED,
    ParcelState.CANCELLED,
}

COMES_BACK = frozenset({ParcelState.CANCELLED, ParcelState.RETURNED, ParcelState.LOST})
"""After these, the same contents may be packed again."""

CUT_OFFS = (time(11, 0), time(16, 30))
"""When a round ends on a working day: before noon and before the point closes."""

PICKUP_WINDOW = timedelta(hours=2)
CODE_LIFE = timedelta(days=7)
RESERVED_FOR = timedelta(hours=2)
KEPT_FOR = timedelta(hours=48)
"""How long a cell waits for what was announced, and how long that may lie there."""
MAIL_CODE_LIFE = timedelta(minutes=15)
LATE_SCANS = timedelta(days=1)
"""How long after its end a code waits for scans that were made offline before."""

UNCOLLECTED_AFTER = timedelta(hours=24)
OLDEST_SCAN = timedelta(days=30)

MOST_TRIES = 5
TRIES_WITHIN = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)
"""Five tries, then a quarter of an hour's pause: 480 of a million a day at most."""

_STEPS_IN_ORDER = list(TrackStep)
_LONG_CODE = re.compile(r"(?:tb:)?(?:p=)?([A-Z2-7]{26})", re.IGNORECASE | re.ASCII)
_SPOKEN = re.compile(r"[0-9]{6}")
_LONG_NUMBER = re.compile(r"[0-9]{7,}")


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a parcel; confirmed once the carrier's own list showed it."""

    occurred_at: datetime
    code: str
    step: TrackStep | None
    revokes: frozenset[str] = frozenset()
    office_code: str = ""
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a parcel's events amount to, and since when."""

    state: ParcelState
    since: datetime


def fold(told: Iterable[Told]) -> Standing | None:
    """Return where a parcel stands by all its events; None if none of them says anything.

    The order of arrival does not matter. An ending counts only when confirmed, and what is
    confirmed to have ended is not brought back by what is not confirmed. Where everything was
    revoked, a parcel that was ever carried is with the carrier still.
    """
    events = list(told)
    proven = [one for one in events if one.is_confirmed]
    confirmed = _last_word(strike_revoked(proven))
    if confirmed is not None and confirmed.state in ENDED_PARCELS:
        return confirmed
    if confirmed is not None and confirmed.state is ParcelState.CANCELLED:
        return _ever_carried(proven) or confirmed
    standing = [one for one in strike_revoked(events) if one.step not in ENDING_STEPS]
    return _last_word([one for one in standing if does_count(one)]) or _ever_carried(events)


def does_count(told: Told) -> bool:
    """Tell whether an event says something of where a parcel is, as sure as it must be."""
    return told.step is not None and (told.is_confirmed or told.step not in PROVED_STEPS)


def strike_revoked(told: Iterable[Told]) -> list[Told]:
    """Return the events in event-time order, without those that a later one revoked.

    Each revocation strikes the latest event before it, of each code it names, that still stands.
    """
    standing: list[Told] = []
    for one in sorted(told, key=_place_in_time):
        for code in one.revokes:
            _strike_latest(standing, code)
        standing.append(one)
    return standing


def needs_confirmation(told: Told, state: ParcelState) -> bool:
    """Tell whether a pushed event says something of a parcel that a push alone cannot say."""
    return told.step in PROVED_STEPS or bool(told.revokes) or state in ENDINGS


def _place_in_time(one: Told) -> tuple[datetime, bool, int, str, str]:
    rank = _STEPS_IN_ORDER.index(one.step) if one.step else -1
    return one.occurred_at, bool(one.revokes), rank, one.code, one.office_code


def _strike_latest(standing: list[Told], code: str) -> None:
    places = [place for place, one in enumerate(standing) if one.code == code]
    if places:
        del standing[places[-1]]


def _last_word(standing: Sequence[Told]) -> Standing | None:
    speaking = [one for one in standing if one.step is not None]
    # A parcel that is on its way can no longer be cancelled, whatever the order's own events say.
    deciding = [one for one in speaking if one.step is not TrackStep.CANCELLED] or speaking
    if not deciding or deciding[-1].step is None:
        return None
    return Standing(ParcelState(deciding[-1].step.value), deciding[-1].occurred_at)


def _ever_carried(events: Iterable[Told]) -> Standing | None:
    before = {TrackStep.COLLECTED, TrackStep.CANCELLED}
    beyond = [one for one in events if does_count(one) and one.step not in before]
    if not beyond:
        return None
    return Standing(ParcelState.COLLECTED, min(one.occurred_at for one in beyond))


FindWaybill = Callable[[str], str | None]
"""Each carrier knows its own numbers."""


class Form(StrEnum):
    """What a courier scanned or typed."""

    CODE = "code"
    DIGITS = "digits"
    WAYBILL = "waybill"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A scanned text and what it is."""

    form: Form
    value: str = field(repr=False)


def recognise(text: str, find_waybill: FindWaybill) -> Recognised | None:
    """Tell what a scanned text is: our code, spoken digits, a waybill number; None if neither."""
    text = text.strip()
    if found := _LONG_CODE.fullmatch(text):
        return Recognised(Form.CODE, found[1].upper())
    if _SPOKEN.fullmatch(text):
        return Recognised(Form.DIGITS, text)
    waybill_no = find_waybill(text)
    return Recognised(Form.WAYBILL, waybill_no) if waybill_no else None


class ScanOutcome(StrEnum):
    """How a scan was answered."""

    COLLECTED = "collected"
    REPLAYED = "replayed"
    ALREADY_TAKEN = "already_taken"
    WRONG_POINT = "wrong_point"
    UNKNOWN_OR_WRONG = "unknown_or_wrong"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    NOT_SEALED = "not_sealed"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan beside the parcel it found: everything that its answer depends on."""

    form: Form
    at: datetime
    point_code: str
    own_points: frozenset[str]
    parcel_point: str
    parcel_state: ParcelState
    is_handed_over: bool
    code_state: PickupCodeState | None
    code_expires_at: datetime | None


def judge_scan(scanned: Scanned) -> ScanOutcome:
    """Decide whether the courier may take the parcel.

    A waybill number can be guessed, so beyond the courier's own points it tells nothing.
    """
    if scanned.parcel_point not in scanned.own_points:
        is_guess = scanned.form is Form.WAYBILL
        return ScanOutcome.UNKNOWN_OR_WRONG if is_guess else ScanOutcome.NOT_YOURS
    if scanned.parcel_point != scanned.point_code:
        return ScanOutcome.WRONG_POINT
    return _judge_parcel(scanned) or _judge_code(scanned)


def _judge_parcel(scanned: Scanned) -> ScanOutcome | None:
    if scanned.parcel_state is ParcelState.CANCELLED:
        return ScanOutcome.CANCELLED
    if scanned.is_handed_over:
        return ScanOutcome.ALREADY_TAKEN
    if scanned.parcel_state in BEFORE_SEAL:
        return ScanOutcome.NOT_SEALED
    return None


def _judge_code(scanned: Scanned) -> ScanOutcome:
    if scanned.code_state is PickupCodeState.LOCKED:
        return ScanOutcome.LOCKED
    if scanned.form is Form.WAYBILL or _is_live(scanned):
        return ScanOutcome.COLLECTED
    return ScanOutcome.UNKNOWN_OR_WRONG


def _is_live(scanned: Scanned) -> bool:
    expires_at = scanned.code_expires_at
    is_issued = scanned.code_state is PickupCodeState.ISSUED
    return is_issued and expires_at is not None and scanned.at < expires_at


def correct_time(scanned_at: datetime, *, device_now: datetime, now: datetime) -> datetime:
    """Return when a scan was made by our clock; a device's clock is trusted for lengths only."""
    age = min(max(device_now - scanned_at, timedelta()), OLDEST_SCAN)
    return now - age


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong spoken digits of one courier."""

    count: int
    tried_at: datetime
    locked_until: datetime | None


def is_locked_out(tries: Tries, now: datetime) -> bool:
    """Tell whether a courier may give no spoken digits for now."""
    return tries.locked_until is not None and now < tries.locked_until


def count_wrong(tries: Tries, now: datetime) -> Tries:
    """Return the tries after another wrong one; they are forgotten after a while without any."""
    is_fresh = now - tries.tried_at < TRIES_WITHIN
    count = tries.count + 1 if is_fresh else 1
    return Tries(count, now, now + LOCKED_FOR if count >= MOST_TRIES else None)


def next_cut_off(now: datetime, is_working: Callable[[date], bool]) -> datetime:
    """Return the end of the round that a parcel sealed now goes with.

    Raises `ValueError` if the calendar has no working day within two months.
    """
    today = now.astimezone(SHANGHAI).date()
    for ahead in range(60):
        day = today + timedelta(days=ahead)
        ends = [datetime.combine(day, end, tzinfo=SHANGHAI) for end in CUT_OFFS]
        later = [end for end in ends if end > now]
        if later and is_working(day):
            return later[0].astimezone(UTC)
    raise ValueError("no working day within two months")


def order_number(parcel_id: str, *, packed_on: date, attempt: int) -> str:
    """Return our number at the carrier for one attempt at ordering a parcel, from 1."""
    suffix = "" if attempt == 1 else f"-{attempt}"
    return f"GL{packed_on:%Y%m%d}{parcel_id.upper()}{suffix}"


def hide_numbers(text: str) -> str:
    """Return the carrier's words without phone and other long numbers."""
    return _LONG_NUMBER.sub("***", text)
