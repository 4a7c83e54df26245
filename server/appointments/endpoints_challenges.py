"""What a phone solves before it books under a rush."""

from datetime import datetime
from typing import Any

from server.kit.access import CITIZENS
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Outgoing

citizen = Surface("/citizen", tag="challenges")
SURFACES = (citizen,)


class ChallengeOut(Outgoing):
    """A challenge as libraries of ALTCHA (v2) take it; none while there is no rush."""

    is_needed: bool
    challenge: dict[str, Any] | None = None
    expires_at: datetime | None = None


@citizen.get("/challenges", allows=CITIZENS)
async def take(call: Call[None, None]) -> ChallengeOut:
    """Get the challenge that a booking or hold has to have solved, if there is a rush.

    Wanted is the `counter`, counted up from 0, for which the first `keyLength` bytes of
    SHA-256(salt, nonce, counter as 4 bytes, big-endian) begin with `keyPrefix`. The header
    `X-Challenge-Solution` of the request carries base64 of the JSON
    `{"challenge": …, "solution": {"counter": …, "derivedKey": hex}}`. It is good for one request
    of this account and for its repetitions with the same `Idempotency-Key`.
    """
    if not call.ports.rush.is_on:
        return ChallengeOut(is_needed=False)
    made = call.ports.challenges.make(call.actor.id)
    return ChallengeOut(is_needed=True, challenge=made.content, expires_at=made.expires_at)
