"""Persons, found by what identifies them."""

from collections.abc import Collection
from datetime import date, datetime

from tortoise.exceptions import IntegrityError

from models.fields import digest_of
from models.kinds import Assurance
from models.people import Person, WechatAccount
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.rules import born_on, has_turned, is_id_number
from server.kit.access import found


async def get_person(person_id: str) -> Person:
    """Return the person with this id; raises `NotFound`."""
    return found(await Person.get_or_none(id=person_id))


async def is_elder(person_id: str, *, from_age: int, today: date) -> bool:
    """Tell whether a person's age lets them go first; raises `NotFound`."""
    person = await get_person(person_id)
    return has_turned(from_age, born_on(person.id_number), today=today)


async def get_people(person_ids: Collection[str]) -> dict[str, Person]:
    """Return persons by id; whoever is unknown is left out."""
    return {person.id: person for person in await Person.filter(id__in=person_ids)}


async def find_digests(person_ids: Collection[str]) -> dict[str, str]:
    """Return the identity digests of persons by id; whoever is unknown is left out."""
    rows = await Person.filter(id__in=person_ids).values_list("id", "id_digest")
    return dict(rows)


async def find_account_of(person_id: str) -> str | None:
    """Return the id of the account that a person is told things through, if there is one."""
    account = await WechatAccount.filter(person_id=person_id).order_by("id").first()
    return account.id if account else None


async def register_person(
    *,
    name: str,
    id_number: str,
    now: datetime,
    phone: str | None = None,
    assurance: Assurance = Assurance.DECLARED,
) -> Person:
    """Find the person with this identity number or make one.

    Raises `IdNumberInvalid`, or `IdentityTaken` if the number is known under another name.
    """
    number = id_number.upper()
    if not is_id_number(number):
        raise IdNumberInvalid(field="id_number")
    person = await _find(number) or await _create(name, number, phone, assurance, now)
    if person.name != name:
        raise IdentityTaken
    await _raise_assurance(person, assurance)
    return person


async def _raise_assurance(person: Person, shown: Assurance) -> None:
    """What was shown once counts from then on; it never falls by a weaker claim."""
    rising = list(Assurance)
    if rising.index(shown) <= rising.index(person.assurance):
        return
    person.assurance = shown
    await person.save(update_fields=["assurance"])


async def find_person(id_number: str) -> Person | None:
    """Return the person with this identity number, if known."""
    return await _find(id_number.upper())


async def _find(number: str) -> Person | None:
    return await Person.get_or_none(id_digest=digest_of(number))


async def _create(
    name: str, number: str, phone: str | None, assurance: Assurance, now: datetime
) -> Person:
    try:
        return await Person.create(
            name=name,
            id_number=number,
            id_digest=digest_of(number),
            phone=phone,
            phone_digest=digest_of(phone) if phone else None,
            assurance=assurance,
            created_at=now,
        )
    except IntegrityError:
        return await Person.get(id_digest=digest_of(number))
