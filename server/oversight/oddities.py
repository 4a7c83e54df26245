"""Patterns that somebody has to look at: found in what is kept anyway, nobody is refused for them.

A person is judged by the days of the visits, an origin by the last logins from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.kinds import OriginKind
from models.people import Person
from models.states import AppointmentState, HoldState
from server.identity.people import get_people
from server.kit.bulk import Statement, as_instant, fetch_all, marks

MOST_PEOPLE = 20
"""Of one origin: enough to see who they are."""


class OddityKind(StrEnum):
    """What stands out."""

    DEVICE = "many_people_one_device"
    ADDRESS = "many_people_one_address"
    CANCELS = "booked_and_cancelled"
    HOLDS = "held_and_not_booked"
    NO_SHOWS = "not_come"


LEAST = {
    OddityKind.DEVICE: 4,
    OddityKind.ADDRESS: 20,
    OddityKind.CANCELS: 5,
    OddityKind.HOLDS: 10,
    OddityKind.NO_SHOWS: 3,
}
"""What is odd unless asked otherwise: a family shares a phone, an office its address."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for since when; `after` is count and id of the last one known."""

    kind: OddityKind
    since: datetime
    least: int
    limit: int
    after: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Oddity:
    """One person or origin that stands out; `id` is the person's, or the digest of the origin."""

    id: str
    kind: OddityKind
    count: int
    people: Sequence[Person]
    first_at: datetime
    last_at: datetime


_ORIGINS = {OddityKind.DEVICE: OriginKind.DEVICE, OddityKind.ADDRESS: OriginKind.ADDRESS}
_RANKED = """
HAVING many >= {one} AND (many < {one} OR (many = {one} AND who > {one}))
ORDER BY many DESC, who LIMIT {one}
"""
_STATEMENTS = {
    OddityKind.CANCELS: """
SELECT person_id AS who, COUNT(*) AS many, MIN(created_at), MAX(created_at)
FROM appointments WHERE state = {one} AND starts_at >= {one} AND EXISTS (
  SELECT 1 FROM transitions
  WHERE aggregate = 'Appointment' AND aggregate_id = appointments.id
    AND to_state = 'cancelled' AND SUBSTR(actor, 1, 8) = 'citizen:')
GROUP BY person_id""",
    OddityKind.HOLDS: """
SELECT person_id AS who, COUNT(*) AS many, MIN(created_at), MAX(created_at)
FROM holds WHERE state IN ({one}, {one}) AND expires_at >= {one}
GROUP BY person_id""",
    OddityKind.NO_SHOWS: """
SELECT person_id AS who, COUNT(*) AS many, MIN(created_at), MAX(created_at)
FROM appointments WHERE state = {one} AND starts_at >= {one}
GROUP BY person_id""",
}
_STATES: dict[OddityKind, tuple[StrEnum, ...]] = {
    OddityKind.CANCELS: (AppointmentState.CANCELLED,),
    OddityKind.HOLDS: (HoldState.RELEASED, HoldState.EXPIRED),
    OddityKind.NO_SHOWS: (AppointmentState.NO_SHOW,),
}
_OF_ORIGIN = """
SELECT seen.digest AS who, COUNT(DISTINCT account.person_id) AS many,
  MIN(seen.last_seen_at), MAX(seen.last_seen_at)
FROM (
  SELECT digest FROM login_origins WHERE kind = {one} AND last_seen_at >= {one}
  GROUP BY digest HAVING COUNT(*) >= {one}) AS found
JOIN login_origins AS seen
  ON seen.kind = {one} AND seen.digest = found.digest AND seen.last_seen_at >= {one}
JOIN wechat_accounts AS account ON account.id = seen.account_id
WHERE EXISTS (
  SELECT 1 FROM appointments
  WHERE person_id = account.person_id AND created_at >= {one})
GROUP BY seen.digest"""
_PEOPLE_OF_ORIGIN = """
SELECT DISTINCT account.person_id FROM login_origins AS seen
JOIN wechat_accounts AS account ON account.id = seen.account_id
WHERE seen.kind = {one} AND seen.digest = {one} AND seen.last_seen_at >= {one} AND EXISTS (
  SELECT 1 FROM appointments
  WHERE person_id = account.person_id AND created_at >= {one})
ORDER BY account.person_id LIMIT {one}
"""

_BEYOND_ALL = 1_000_000_000, ""


async def find_oddities(search: Search) -> list[Oddity]:
    """Return what stands out, the most striking first."""
    [rows] = await fetch_all([_ask(search)])
    people = await _people_of([str(row[0]) for row in rows], search)
    return [
        Oddity(who, search.kind, many, people[who], as_instant(first), as_instant(last))
        for who, many, first, last in rows
    ]


def _ask(search: Search) -> Statement:
    count, who = search.after or _BEYOND_ALL
    origin = _ORIGINS.get(search.kind)
    if origin is None:
        found = _STATEMENTS[search.kind]
        values = [*(state.value for state in _STATES[search.kind]), search.since]
    else:
        found, least = _OF_ORIGIN, search.least
        values = [origin.value, search.since, least, origin.value, search.since, search.since]
    ranked = [search.least, count, count, who, search.limit]
    return Statement((found + _RANKED).format(one=marks(1)), [*values, *ranked])


async def _people_of(found: Sequence[str], search: Search) -> dict[str, list[Person]]:
    origin = _ORIGINS.get(search.kind)
    if origin is None:
        known = await get_people(found)
        return {who: [known[who]] for who in found}
    statement = _PEOPLE_OF_ORIGIN.format(one=marks(1))
    asked = [
        Statement(statement, [origin.value, who, search.since, search.since, MOST_PEOPLE])
        for who in found
    ]
    listed = await fetch_all(asked) if asked else []
    ids = {who: [row[0] for row in rows] for who, rows in zip(found, listed, strict=True)}
    known = await get_people({one for some in ids.values() for one in some})
    return {who: [known[one] for one in some] for who, some in ids.items()}
