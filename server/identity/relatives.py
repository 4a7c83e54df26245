"""Relatives: a family phone books for several persons, each of whom has agreed.

Agreed is agreed by the person's own account, or at a window that saw the identity card. Nobody is
told whether somebody is known here.
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from models.fields import digest_of
from models.kinds import Assurance
from models.people import Person, Relative, WechatAccount
from models.states import RelativeState
from server.identity.errors import IdNumberInvalid, RelativeKnown, RelativeUnlike, TooManyRelatives
from server.identity.events import RelativeAsked
from server.identity.people import get_person, register_person
from server.identity.rules import MOST_RELATIVES, is_id_number
from server.kit.access import Actor, found
from server.kit.errors import NotFound
from server.kit.outbox import emit
from server.kit.states import advance, record_move


async def ask_relative(
    account_id: str, *, name: str, id_number: str, actor: Actor, now: datetime
) -> Relative:
    """Ask somebody to let this account book for them.

    Raises `IdNumberInvalid`, `RelativeKnown`, or `TooManyRelatives`.
    """
    number = id_number.upper()
    if not is_id_number(number):
        raise IdNumberInvalid(field="id_number")
    if await Relative.filter(account_id=account_id, open=True).count() >= MOST_RELATIVES:
        raise TooManyRelatives(limit=MOST_RELATIVES)
    try:
        row = await Relative.create(
            account_id=account_id,
            name=name,
            id_number=number,
            id_digest=digest_of(number),
            state=RelativeState.ASKED,
            created_at=now,
        )
    except IntegrityError:
        raise RelativeKnown from None
    await record_move(row, from_state=None, to_state=row.state, actor=actor, now=now)
    await emit(RelativeAsked(aggregate_id=row.id, key="asked"), now=now)
    return row


async def agree(row: Relative, person: Person, *, actor: Actor, now: datetime) -> None:
    """Let the account book for the person, who says so; raises `RelativeUnlike`, `WrongState`."""
    if person.name != row.name:
        raise RelativeUnlike
    await advance(row, RelativeState.BOUND, actor=actor, now=now, person_id=person.id)


async def agree_at_window(
    row: Relative, *, name: str, id_number: str, actor: Actor, now: datetime
) -> None:
    """Let the account book for somebody who stands at a window, their card in hand.

    Raises `RelativeUnlike` if the card is another person's, `IdentityTaken`, `WrongState`.
    """
    if (name, digest_of(id_number.upper())) != (row.name, row.id_digest):
        raise RelativeUnlike
    person = await register_person(
        name=name, id_number=id_number, assurance=Assurance.SEEN_AT_WINDOW, now=now
    )
    await agree(row, person, actor=actor, now=now)


async def refuse(row: Relative, *, actor: Actor, now: datetime) -> None:
    """Do not agree; raises `WrongState`."""
    await advance(row, RelativeState.REFUSED, actor=actor, now=now, open=None)


async def end(row: Relative, *, actor: Actor, now: datetime) -> None:
    """End it from either side, or take the question back; what ended already stays so."""
    if row.open:
        await advance(row, RelativeState.ENDED, actor=actor, now=now, open=None)


@dataclass(frozen=True, slots=True)
class Line:
    """A relative as one of the two sides sees it; `asker` is the person of the account."""

    row: Relative
    is_mine: bool
    asker: Person


async def relatives_of(account_id: str, person_id: str) -> list[Line]:
    """Return the open lines that an account asked for, and those that ask the person, by age."""
    digest = (await get_person(person_id)).id_digest
    rows = await Relative.filter(Q(account_id=account_id) | Q(id_digest=digest), open=True)
    accounts = await WechatAccount.in_bulk({row.account_id for row in rows}, "id")
    people = await Person.in_bulk({one.person_id for one in accounts.values()}, "id")
    return [
        Line(row, row.account_id == account_id, people[accounts[row.account_id].person_id])
        for row in sorted(rows, key=lambda row: row.id)
    ]


async def find_asked(relative_id: str) -> Person | None:
    """Return the person whom a line asks, if they are known by the name that was given."""
    row = await Relative.get(id=relative_id)
    person = await Person.get_or_none(id_digest=row.id_digest)
    return person if person is not None and person.name == row.name else None


async def find_bound(account_id: str) -> list[str]:
    """Return the ids of the persons for whom an account may book besides its own."""
    rows = Relative.filter(account_id=account_id, state=RelativeState.BOUND, open=True)
    return [str(one) for one in await rows.values_list("person_id", flat=True)]


async def access_bound(account_id: str, relative_id: str) -> Person:
    """Return the person of a line by which the account may book; raise `NotFound`."""
    row = await Relative.get_or_none(
        id=relative_id, account_id=account_id, state=RelativeState.BOUND
    )
    if row is None or row.person_id is None:
        raise NotFound
    return await get_person(row.person_id)


async def access_asked(person_id: str, relative_id: str) -> tuple[Relative, Person]:
    """Return a line that concerns the person, and the person; raise `NotFound`."""
    person = await get_person(person_id)
    row = found(await Relative.get_or_none(id=relative_id, id_digest=person.id_digest))
    return row, person


async def access_either_side(account_id: str, person_id: str, relative_id: str) -> Relative:
    """Return a line that is the account's or concerns the person; raise `NotFound`."""
    row = await Relative.get_or_none(id=relative_id, account_id=account_id)
    return row or (await access_asked(person_id, relative_id))[0]


async def access_relative(relative_id: str) -> Relative:
    """Return a line as a window sees it, which is shown its id; raise `NotFound`."""
    return found(await Relative.get_or_none(id=relative_id))
