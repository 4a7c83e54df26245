"""Many bookings in one transaction: each as `book` would have made it, in order of arrival.

Order, as everywhere: keys, slots (by id), allowances, then rows. Who is refused for want of room
is refused here; whoever else cannot be booked is left out and returned without an answer.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from tortoise.exceptions import IntegrityError

from models.appointments import Appointment, AppointmentItem
from models.fields import new_id
from models.states import AppointmentState
from server.appointments.errors import SlotFull
from server.appointments.notices import show_time
from server.appointments.repository import (
    Place,
    change_slots,
    find_live_items,
    find_restrained,
    rooms_of,
    take_allowances,
)
from server.appointments.rules import admit
from server.appointments.schemas import AppointmentOut
from server.appointments.visit_terms import Terms, forget_terms
from server.identity.people import find_digests
from server.kit.access import Actor
from server.kit.bulk import Statement, insert, run_all
from server.kit.errors import Refusal
from server.kit.idempotency import (
    Answered,
    KeyedRequest,
    StoredAnswer,
    claim_answered,
    find_claimed,
    give_up,
)
from server.kit.states import Made, record_made
from server.kit.transaction import guard_database, in_transaction
from server.notifications.events import News, notify_all

MOST_KNOWN = 100_000

_APPOINTMENT = (
    "id",
    "person_id",
    "account_id",
    "point_code",
    "kind",
    "starts_at",
    "quanta",
    "minutes",
    "item_codes",
    "state",
    "confirm_by",
    "booked_by",
    "created_at",
)
_ITEM = ("id", "appointment_id", "person_digest", "item_code")

Settled = StoredAnswer | Refusal | None


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A booking that waits for its place; `id` is what the appointment will be known by."""

    keyed: KeyedRequest
    actor: Actor
    person_id: str
    terms: Terms
    place: Place
    slot_ids: tuple[int, ...]
    confirm_by: datetime
    at: datetime
    id: str = field(default_factory=new_id)

    def answer(self) -> StoredAnswer:
        """Return what the citizen is answered once it is booked."""
        plan = self.terms.plan
        shown = AppointmentOut(
            id=self.id,
            point_code=self.place.point_code,
            starts_at=self.place.starts_at,
            minutes=plan.minutes,
            item_codes=list(plan.item_codes),
            state=self.terms.state,
            confirm_by=self.confirm_by,
            pre_review_id=None,
            replaced_id=None,
        )
        return StoredAnswer(HTTPStatus.CREATED, shown.model_dump_json())


class _Doubtful(Exception):
    """Somebody in the batch cannot be booked, and nothing of it was."""


class _Tight(Exception):
    """There is not room for all of the batch, and nothing of it was booked."""


class _Process:
    """What one process knows: digests never change; full slots only tell where to look first."""

    digests: dict[str, str] = {}  # noqa: RUF012 - one for the process
    full: set[int] = set()  # noqa: RUF012 - one for the process


async def settle(asked: Sequence[Asked]) -> list[Settled]:
    """Book what can be booked, at most one for each person; commit; return the answers.

    None stands for a booking that was not tried or could not be made, for any reason but want of
    room: it is to be judged alone. Raises `Busy`, and then nothing is known of the batch.
    """
    settled = await guard_database(lambda: _judge_sold_out(asked))
    hopeful = [one for one in asked if one not in settled]
    await guard_database(lambda: _learn_digests(hopeful))
    settled |= await _book_all(_keep_distinct(hopeful))
    return [settled.get(one) for one in asked]


async def _learn_digests(asked: Sequence[Asked]) -> None:
    known = _Process.digests
    if len(known) >= MOST_KNOWN:
        known.clear()
    if unknown := {one.person_id for one in asked} - known.keys():
        known.update(await find_digests(unknown))


def _keep_distinct(asked: Sequence[Asked]) -> list[Asked]:
    first: dict[str, Asked] = {}
    for one in asked:
        if one.person_id in _Process.digests:
            first.setdefault(one.person_id, one)
    return list(first.values())


async def _judge_sold_out(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    """Refuse what has no room as `book` would, without a lock; keys that took effect are kept."""
    doubtful = [one for one in asked if not _Process.full.isdisjoint(one.slot_ids)]
    if not doubtful:
        return {}
    wanted = {slot_id for one in doubtful for slot_id in one.slot_ids}
    rooms = await rooms_of(wanted)
    _note_full(wanted, rooms)
    # Keys after rooms: whoever sees a place gone sees the key that took it.
    sold_out = [one for one in doubtful if not _Process.full.isdisjoint(one.slot_ids)]
    claimed = await find_claimed([one.keyed for one in sold_out])
    return {
        one: None if (one.keyed.actor, one.keyed.key) in claimed else SlotFull() for one in sold_out
    }


def _note_full(wanted: AbstractSet[int], rooms: Mapping[int, int]) -> None:
    _Process.full.difference_update(wanted)
    _Process.full.update(slot_id for slot_id, room in rooms.items() if room <= 0)


async def _book_all(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    settled = await _try(asked)
    if settled is not None:
        return settled
    clear = await guard_database(lambda: _leave_out_doubtful(asked))
    return (await _try(clear) if len(clear) < len(asked) else None) or {}


async def _try(asked: Sequence[Asked]) -> dict[Asked, Settled] | None:
    if not asked:
        return {}
    try:
        return await _book(asked)
    except (IntegrityError, _Doubtful):
        return None


async def _book(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    try:
        return await in_transaction(lambda: _write(asked))
    except _Tight:
        return await in_transaction(lambda: _write_what_fits(asked))


async def _leave_out_doubtful(asked: Sequence[Asked]) -> list[Asked]:
    digests = {_Process.digests[one.person_id] for one in asked}
    claimed = await find_claimed([one.keyed for one in asked])
    restrained = await find_restrained(digests, now=min(one.at for one in asked))
    live = await find_live_items(digests)
    return [
        one
        for one in asked
        if (one.keyed.actor, one.keyed.key) not in claimed
        and (digest := _Process.digests[one.person_id]) not in restrained
        and not any((digest, code) in live for code in one.terms.plan.item_codes)
    ]


async def _write(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    answers: dict[Asked, Settled] = {}
    keys = _claim(asked, answers)
    await _take([keys], asked)
    return answers


async def _write_what_fits(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    answers: dict[Asked, Settled] = {}
    await run_all([_claim(asked, answers)])
    admitted = await _admit(asked)
    refused = [one for one in asked if one not in admitted]
    await give_up([one.keyed for one in refused])
    if admitted:
        await _take([], list(admitted))
    return answers | {one: SlotFull() for one in refused}


def _claim(asked: Sequence[Asked], answers: dict[Asked, Settled]) -> Statement:
    claims = [Answered(one.keyed, one.answer(), one.at) for one in asked]
    answers.update((one, claim.answer) for one, claim in zip(asked, claims, strict=True))
    return claim_answered(claims)


async def _take(first: list[Statement], asked: Sequence[Asked]) -> None:
    changes = Counter(slot_id for one in asked for slot_id in one.slot_ids)
    digests = [_Process.digests[one.person_id] for one in asked]
    allowances = take_allowances(digests, now=min(one.at for one in asked))
    counts = await run_all([*first, change_slots(changes), *allowances, *_rows(asked)])
    changed, *allowed = counts[len(first) :][:3]
    if changed != len(changes):
        raise _Tight
    if sum(allowed) != len(digests):
        raise _Doubtful


async def _admit(asked: Sequence[Asked]) -> Collection[Asked]:
    wanted = {slot_id for one in asked for slot_id in one.slot_ids}
    rooms = await rooms_of(wanted, is_locking=True)
    if rooms.keys() != wanted:
        forget_terms()
        raise _Doubtful
    told = admit([one.slot_ids for one in asked], rooms)
    _note_full(wanted, rooms)
    return dict.fromkeys(one for one, is_in in zip(asked, told, strict=True) if is_in)


def _rows(asked: Sequence[Asked]) -> list[Statement]:
    moves = (Made(one.id, one.terms.state, one.actor, one.at) for one in asked)
    return [
        insert(Appointment, _APPOINTMENT, [_appointment_row(one) for one in asked]),
        insert(AppointmentItem, _ITEM, [row for one in asked for row in _item_rows(one)]),
        record_made(Appointment, moves),
        *notify_all([_news(one) for one in asked]),
    ]


def _appointment_row(one: Asked) -> tuple[object, ...]:
    plan, place = one.terms.plan, one.place
    return (
        one.id,
        one.person_id,
        one.actor.id,
        place.point_code,
        place.kind.value,
        place.starts_at,
        place.quanta,
        plan.minutes,
        json.dumps(plan.item_codes, separators=(",", ":")),
        one.terms.state.value,
        one.confirm_by,
        one.actor.name,
        one.at,
    )


def _item_rows(one: Asked) -> list[tuple[object, ...]]:
    digest = _Process.digests[one.person_id]
    return [(new_id(), one.id, digest, code) for code in sorted(one.terms.plan.item_codes)]


def _news(one: Asked) -> News:
    is_confirmed = one.terms.state is AppointmentState.CONFIRMED
    return News(
        kind="appointment_confirmed" if is_confirmed else "appointment_received",
        account_id=one.actor.id,
        subject_id=one.id,
        key="1",
        at=one.at,
        data={"point": one.terms.point_name, "time": show_time(one.place.starts_at)},
    )
