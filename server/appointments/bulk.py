"""Many bookings in one transaction: each as `book` would have made it, in order of arrival.

Order, as everywhere: keys, slots (by id), allowances, then rows. Who is refused for want of room
is refused here; whoever else cannot be booked is left out and returned without an answer.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import orjson
from orjson import OPT_UTC_Z
from tortoise.exceptions import IntegrityError

from models.appointments import Appointment, AppointmentItem
from models.fields import new_id
from server.appointments.errors import SlotFull
from server.appointments.events import VisitBooked
from server.appointments.repository import (
    Place,
    ask_rooms,
    change_slots,
    find_live_items,
    find_restrained,
    take_allowances,
)
from server.appointments.rules import admit
from server.appointments.visit_terms import Terms, forget_terms
from server.kit.access import Actor
from server.kit.bulk import Statement, fetch_all, insert, run_all, run_whole
from server.kit.errors import Refusal
from server.kit.idempotency import (
    Answered,
    KeyedRequest,
    StoredAnswer,
    ask_claimed,
    claim_answered,
    give_up,
)
from server.kit.outbox import write_events
from server.kit.states import Made, record_made
from server.kit.transaction import guard_database, in_transaction

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


@dataclass(slots=True, eq=False)
class Asked:
    """A booking that waits for its place; `id` is what the appointment will be known by."""

    keyed: KeyedRequest
    actor: Actor
    person_id: str
    person_digest: str
    terms: Terms
    place: Place
    slot_ids: tuple[int, ...]
    confirm_by: datetime
    at: datetime
    id: str = field(default_factory=new_id)

    def answer(self) -> StoredAnswer:
        """Return what the citizen is answered once it is booked: an `AppointmentOut`."""
        plan = self.terms.plan
        shown = {
            "id": self.id,
            "point_code": self.place.point_code,
            "starts_at": self.place.starts_at,
            "minutes": plan.minutes,
            "item_codes": plan.item_codes,
            "state": self.terms.state,
            "confirm_by": self.confirm_by,
            "pre_review_id": None,
            "replaced_id": None,
        }
        body = orjson.dumps(shown, option=OPT_UTC_Z).decode()
        return StoredAnswer(HTTPStatus.CREATED.value, body)


class _Doubtful(Exception):
    """Somebody in the batch cannot be booked, and nothing of it was."""


class _Tight(Exception):
    """There is not room for all of the batch, and nothing of it was booked."""


class _Process:
    """What one process knows: full slots only tell where to look first."""

    full: set[int] = set()  # noqa: RUF012 - one for the process


async def settle(asked: Sequence[Asked]) -> list[Settled]:
    """Book what can be booked, at most one for each person; commit; return the answers.

    None stands for a booking that was not tried or could not be made, for any reason but want of
    room: it is to be judged alone. Raises `Busy`, and then nothing is known of the batch.
    """
    doubtful = [one for one in asked if not _Process.full.isdisjoint(one.slot_ids)]
    settled = await guard_database(lambda: _judge_sold_out(doubtful)) if doubtful else {}
    hopeful = [one for one in asked if one not in settled]
    settled |= await _book_all(_keep_distinct(hopeful))
    return [settled.get(one) for one in asked]


def _keep_distinct(asked: Sequence[Asked]) -> list[Asked]:
    first: dict[str, Asked] = {}
    for one in asked:
        first.setdefault(one.person_digest, one)
    return list(first.values())


async def _judge_sold_out(doubtful: Sequence[Asked]) -> dict[Asked, Settled]:
    """Refuse what has no room as `book` would, without a lock; keys that took effect are kept."""
    wanted = {slot_id for one in doubtful for slot_id in one.slot_ids}
    # Keys after rooms: whoever sees a place gone sees the key that took it.
    rooms, keys = await fetch_all([ask_rooms(wanted), ask_claimed([one.keyed for one in doubtful])])
    _note_full(wanted, dict(rooms))
    claimed = set(keys)
    return {
        one: None if (one.keyed.actor, one.keyed.key) in claimed else SlotFull()
        for one in doubtful
        if not _Process.full.isdisjoint(one.slot_ids)
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
        return await _write(asked)
    except _Tight:
        return await in_transaction(lambda: _write_what_fits(asked))


async def _leave_out_doubtful(asked: Sequence[Asked]) -> list[Asked]:
    digests = {one.person_digest for one in asked}
    [keys] = await fetch_all([ask_claimed([one.keyed for one in asked])])
    known = set(keys)
    restrained = await find_restrained(digests, now=_latest(asked))
    live = await find_live_items(digests)
    return [
        one
        for one in asked
        if (one.keyed.actor, one.keyed.key) not in known
        and (digest := one.person_digest) not in restrained
        and not any((digest, code) in live for code in one.terms.plan.item_codes)
    ]


async def _write(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    answers = {one: one.answer() for one in asked}
    at = _latest(asked)
    taking = _Taking(asked, at)
    statements = [_claim(answers, at), *taking.statements()]
    await run_whole(statements, lambda counts: taking.judge(counts[1:]))
    return dict(answers)


async def _write_what_fits(asked: Sequence[Asked]) -> dict[Asked, Settled]:
    answers = {one: one.answer() for one in asked}
    at = _latest(asked)
    await run_all([_claim(answers, at)])
    admitted = await _admit(asked)
    refused = [one for one in asked if one not in admitted]
    await give_up([one.keyed for one in refused])
    if admitted:
        taking = _Taking(list(admitted), at)
        taking.judge(await run_all(taking.statements()))
    return answers | {one: SlotFull() for one in refused}


def _latest(asked: Sequence[Asked]) -> datetime:
    """Return when the last of them came: the moment of all that is written together."""
    return max(one.at for one in asked)


def _claim(answers: Mapping[Asked, StoredAnswer], at: datetime) -> Statement:
    return claim_answered(Answered(one.keyed, answer, at) for one, answer in answers.items())


class _Taking:
    """What is written of bookings whose keys are claimed, and whether all of it could be."""

    def __init__(self, asked: Sequence[Asked], at: datetime) -> None:
        self._asked = asked
        self._at = at
        self._changes = Counter(slot_id for one in asked for slot_id in one.slot_ids)

    def statements(self) -> list[Statement]:
        """Change slots and allowances, then write the rows."""
        asked = self._asked
        digests = [one.person_digest for one in asked]
        allowances = take_allowances(digests, now=self._at)
        return [change_slots(self._changes), *allowances, *_rows(asked, self._at)]

    def judge(self, counts: Sequence[int]) -> None:
        """Raise `_Tight` or `_Doubtful` unless slots and allowances were all changed."""
        changed, *allowed = counts[:3]
        if changed != len(self._changes):
            raise _Tight
        if sum(allowed) != len(self._asked):
            raise _Doubtful


async def _admit(asked: Sequence[Asked]) -> Collection[Asked]:
    wanted = {slot_id for one in asked for slot_id in one.slot_ids}
    rooms = dict((await fetch_all([ask_rooms(wanted, is_locking=True)]))[0])
    if rooms.keys() != wanted:
        forget_terms()
        raise _Doubtful
    told = admit([one.slot_ids for one in asked], rooms)
    _note_full(wanted, rooms)
    return dict.fromkeys(one for one, is_in in zip(asked, told, strict=True) if is_in)


def _rows(asked: Sequence[Asked], at: datetime) -> list[Statement]:
    moves = (Made(one.id, one.terms.state, one.actor, at) for one in asked)
    return [
        insert(Appointment, _APPOINTMENT, [_appointment_row(one, at) for one in asked]),
        insert(AppointmentItem, _ITEM, [row for one in asked for row in _item_rows(one)]),
        record_made(Appointment, moves),
        *write_events((VisitBooked(aggregate_id=one.id), at) for one in asked),
    ]


def _appointment_row(one: Asked, at: datetime) -> tuple[object, ...]:
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
        orjson.dumps(plan.item_codes).decode(),
        one.terms.state.value,
        one.confirm_by,
        one.actor.name,
        at,
    )


def _item_rows(one: Asked) -> list[tuple[object, ...]]:
    digest = one.person_digest
    return [(new_id(), one.id, digest, code) for code in sorted(one.terms.plan.item_codes)]
