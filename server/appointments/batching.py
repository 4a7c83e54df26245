"""The plain booking - a citizen, a named point and time - settled among others in one commit."""

from datetime import timedelta
from typing import Any

from server.appointments.bulk import Asked, settle
from server.appointments.repository import Place
from server.appointments.rules import confirm_by
from server.appointments.schemas import ANY_POINT, BookingIn
from server.appointments.visit_terms import find_slot_ids, find_terms
from server.appointments.visits import BOOKED_KIND
from server.kit.batching import NaturalBatch
from server.kit.errors import Refusal
from server.kit.http.call import Call
from server.kit.idempotency import KeyedRequest, StoredAnswer

AT_ONCE, MOST = 2, 32
"""One batch is made while the database writes the other: not all who wait may be in the first."""

_BATCH: NaturalBatch[Asked, StoredAnswer | None] = NaturalBatch(settle, most=MOST, at_once=AT_ONCE)


async def book_in_batch(call: Call[Any, Any], keyed: KeyedRequest) -> StoredAnswer | None:
    """Book among others and return the answer; None for what has to be judged alone.

    Raises `SlotFull` or `Busy`. Any other refusal is left to `book`, which knows which comes first.
    """
    person_digest = call.actor.person_digest
    if person_digest is None or not _is_plain(call.body):
        return None
    try:
        asked = await _ask(call, keyed, person_digest)
    except Refusal:
        return None
    return await _BATCH.submit(asked) if asked.place.starts_at > call.now else None


def _is_plain(body: BookingIn) -> bool:
    is_named = body.point_code != ANY_POINT and body.starts_at is not None
    others = (body.hold_id, body.pre_review_id, body.relative_id)
    return is_named and not any(others)


async def _ask(call: Call[BookingIn, None], keyed: KeyedRequest, person_digest: str) -> Asked:
    body, settings = call.body, call.ports.settings
    assert body.starts_at is not None  # noqa: S101 - narrows what `_is_plain` has told
    terms = await find_terms(body.point_code, tuple(body.item_codes), settings)
    place = Place(body.point_code, BOOKED_KIND, body.starts_at, terms.plan.quanta)
    within = timedelta(minutes=settings.confirm_after_minutes)
    return Asked(
        keyed=keyed,
        actor=call.actor,
        person_id=call.person_id,
        person_digest=person_digest,
        terms=terms,
        place=place,
        slot_ids=await find_slot_ids(place, settings),
        confirm_by=confirm_by(place.starts_at, now=call.now, within=within),
        at=call.now,
    )
