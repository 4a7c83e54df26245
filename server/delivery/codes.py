"""取件码: a long code for the QR, six digits to be spoken; only their keyed digests are kept."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import segno

from models.delivery import LockerStay, Parcel, PickupCode
from models.fields import digest_of
from models.kinds import Direction
from models.states import ParcelState, PickupCodeState
from server.delivery.repository import live_code
from server.delivery.rules import CODE_LIFE, MOST_TRIES
from server.kit.access import Actor
from server.kit.errors import WrongState
from server.kit.states import advance, record_move

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LONG_LENGTH = 26
"""Of 5 bits each: 130 bits."""
SPOKEN_LENGTH = 6
DRAWS = 20
"""The digits of a point's live codes differ; with fewer than ten thousand a few draws suffice."""


@dataclass(frozen=True, slots=True)
class FreshCode:
    """A code as it is shown once."""

    long: str = field(repr=False)
    spoken: str = field(repr=False)
    expires_at: datetime

    @property
    def qr_svg(self) -> str:
        """The picture of `tb:p=<code>`."""
        return draw_qr(f"tb:p={self.long}")


async def issue_code(
    parcel: Parcel, *, direction: Direction = Direction.OUT, actor: Actor, now: datetime
) -> FreshCode:
    """Make the code that a parcel changes hands by at its point."""
    return await _issue(
        PickupCode(parcel_id=parcel.id, point_code=parcel.point_code, direction=direction),
        expires_at=now + CODE_LIFE,
        actor=actor,
        now=now,
    )


async def renew_stay_code(
    stay: LockerStay, direction: Direction, *, actor: Actor, now: datetime
) -> FreshCode:
    """Make the code that opens a cell for one direction; one before it ends."""
    await end_stay_codes(stay, actor=actor, now=now)
    return await _issue(
        PickupCode(stay_id=stay.id, point_code=stay.point_code, direction=direction),
        expires_at=now + CODE_LIFE,
        actor=actor,
        now=now,
    )


async def end_stay_codes(stay: LockerStay, *, actor: Actor, now: datetime) -> None:
    """End every code of a cell's stay that is not used."""
    for code in await PickupCode.filter(stay_id=stay.id, live=True):
        await advance(code, PickupCodeState.REVOKED, actor=actor, now=now, live=None)


async def _issue(
    code: PickupCode, *, expires_at: datetime, actor: Actor, now: datetime
) -> FreshCode:
    spoken = await _draw_spoken(code.point_code)
    fresh = FreshCode(long=draw_long(), spoken=spoken, expires_at=expires_at)
    code.long_digest = digest_long(fresh.long)
    code.spoken_digest = _digest_spoken(fresh.spoken, code.point_code)
    code.state, code.issued_at, code.expires_at = PickupCodeState.ISSUED, now, expires_at
    await code.save()
    await record_move(code, from_state=None, to_state=code.state, actor=actor, now=now)
    return fresh


async def reissue_code(parcel: Parcel, *, actor: Actor, now: datetime) -> FreshCode:
    """Make a new code and end the old one; raises `WrongState` unless the parcel is sealed."""
    if parcel.state is not ParcelState.SEALED:
        raise WrongState(state=parcel.state, wanted=ParcelState.SEALED)
    await revoke_code(parcel, actor=actor, now=now, reason="reissued")
    return await issue_code(parcel, actor=actor, now=now)


async def unlock_code(parcel: Parcel, *, actor: Actor, now: datetime) -> None:
    """Allow tries again; raises `WrongState` if the parcel's code is not locked."""
    code = await live_code(parcel.id)
    if code is None or code.state is not PickupCodeState.LOCKED:
        raise WrongState(state=code.state if code else "", wanted=PickupCodeState.LOCKED)
    await advance(code, PickupCodeState.ISSUED, actor=actor, now=now, tries=0)


async def revoke_code(parcel: Parcel, *, actor: Actor, now: datetime, reason: str) -> None:
    """End the parcel's code, if it has one."""
    code = await live_code(parcel.id)
    if code is not None:
        await advance(code, PickupCodeState.REVOKED, actor=actor, now=now, reason=reason, live=None)


async def redeem_code(code: PickupCode, *, actor: Actor, now: datetime) -> None:
    """Use the code up."""
    await advance(code, PickupCodeState.REDEEMED, actor=actor, now=now, live=None)


async def expire_code(code: PickupCode, *, actor: Actor, now: datetime) -> None:
    """End a code whose time is over."""
    await advance(code, PickupCodeState.EXPIRED, actor=actor, now=now, live=None)


async def check_spoken(code: PickupCode, spoken: str, *, actor: Actor, now: datetime) -> bool:
    """Tell whether the digits are this code's; a wrong try is counted, and the last one locks it.

    Call it with the parcel locked.
    """
    right = _digest_spoken(spoken, code.point_code)
    if secrets.compare_digest(right, code.spoken_digest):
        return True
    tries = code.tries + 1
    if tries >= MOST_TRIES:
        await advance(code, PickupCodeState.LOCKED, actor=actor, now=now, tries=tries)
    else:
        await PickupCode.filter(id=code.id).update(tries=tries)
    return False


async def find_by_long(code: str) -> PickupCode | None:
    """Return the code with this long form, live or not, of whatever it is."""
    return await PickupCode.get_or_none(long_digest=digest_long(code))


def digest_long(code: str) -> str:
    """Return what is kept of a long code."""
    return digest_of(f"pickup.long:{code}")


async def find_by_spoken(spoken: str, point_code: str) -> PickupCode | None:
    """Return the one live code of a point's parcels with these digits."""
    found = await PickupCode.filter(
        point_code=point_code,
        parcel_id__not_isnull=True,
        direction=Direction.OUT,
        spoken_digest=_digest_spoken(spoken, point_code),
        state=PickupCodeState.ISSUED,
        live=True,
    ).limit(2)
    return found[0] if len(found) == 1 else None


def draw_qr(text: str) -> str:
    """Return the picture of a text as SVG to be shown inside a page."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=4)


def draw_long() -> str:
    """Return a long code that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LONG_LENGTH))


async def _draw_spoken(point_code: str) -> str:
    for _ in range(DRAWS):
        spoken = f"{secrets.randbelow(10**SPOKEN_LENGTH):0{SPOKEN_LENGTH}d}"
        digest = _digest_spoken(spoken, point_code)
        if not await PickupCode.exists(point_code=point_code, spoken_digest=digest, live=True):
            return spoken
    raise RuntimeError("the point has more live codes than digits can tell apart")


def _digest_spoken(spoken: str, point_code: str) -> str:
    return digest_of(f"pickup.spoken:{point_code}:{spoken}")
