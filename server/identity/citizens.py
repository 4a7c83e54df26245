"""Citizens: WeChat login, phone, real name."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from integrations.contracts.errors import VendorRefused, VendorUnavailable
from integrations.contracts.mini_program import LoginExchange
from models.fields import digest_of
from models.kinds import Assurance, SessionKind
from models.people import Person, WechatAccount
from server.identity.errors import IdentityFixed, IdentityTaken, IdNumberInvalid, LoginCodeRefused
from server.identity.origins import note_login
from server.identity.people import find_person, register_person
from server.identity.rules import is_id_number
from server.identity.sessions import OpenedSession, open_session
from server.kit.access import Origin, found
from server.kit.errors import Busy
from server.kit.ports import Ports
from server.kit.transaction import in_transaction


async def log_in(
    code: str, *, origin: Origin, ports: Ports, now: datetime
) -> tuple[WechatAccount, OpenedSession]:
    """Exchange a login code for an account and a session; the platform is asked first, outside."""
    try:
        exchange = await ports.mini_program.exchange_login_code(code)
    except VendorRefused:
        raise LoginCodeRefused from None
    except VendorUnavailable:
        raise Busy from None

    async def open_for_account() -> tuple[WechatAccount, OpenedSession]:
        account = await _account_for(exchange, now)
        session = await open_session(SessionKind.CITIZEN, account.id, ports=ports, now=now)
        await note_login(account.id, origin, now=now)
        return account, session

    return await in_transaction(open_for_account)


async def take_phone(code: str, *, account_id: str, ports: Ports) -> WechatAccount:
    """Exchange a phone code and note the number with the account."""
    try:
        phone = await ports.mini_program.exchange_phone_code(code)
    except VendorRefused:
        raise LoginCodeRefused from None
    except VendorUnavailable:
        raise Busy from None

    async def note() -> WechatAccount:
        account = await get_account(account_id)
        account.phone, account.phone_digest = phone, digest_of(phone)
        await account.save(update_fields=["phone", "phone_digest"])
        return account

    return await in_transaction(note)


async def claim_identity(
    account_id: str, *, name: str, id_number: str, now: datetime
) -> tuple[WechatAccount, Person]:
    """Tie an account to the person it says it is.

    A known identity is tied again only at the phone it is known under; otherwise at a window.
    """
    number = id_number.upper()
    if not is_id_number(number):
        raise IdNumberInvalid(field="id_number")
    account = await get_account(account_id)
    known = await find_person(number)
    _check_claim(account, known, name)
    person = known or await _register(account, name=name, number=number, now=now)
    await _tie(account, person)
    return account, person


async def get_account(account_id: str) -> WechatAccount:
    """Return the account; raises `NotFound`."""
    return found(await WechatAccount.get_or_none(id=account_id))


def _check_claim(account: WechatAccount, known: Person | None, name: str) -> None:
    if account.person_id is not None and (known is None or known.id != account.person_id):
        raise IdentityFixed
    if known is None:
        return
    if known.name != name:
        raise IdentityTaken
    is_own = known.id == account.person_id
    if not is_own and (account.phone_digest is None or account.phone_digest != known.phone_digest):
        raise IdentityTaken


async def _register(account: WechatAccount, *, name: str, number: str, now: datetime) -> Person:
    assurance = Assurance.PHONE_MATCHED if account.phone else Assurance.DECLARED
    return await register_person(
        name=name, id_number=number, phone=account.phone, assurance=assurance, now=now
    )


async def _tie(account: WechatAccount, person: Person) -> None:
    tied = await WechatAccount.filter(id=account.id, person_id=None).update(person_id=person.id)
    if tied == 0 and account.person_id != person.id:
        raise IdentityFixed
    account.person_id = person.id


async def _account_for(exchange: LoginExchange, now: datetime) -> WechatAccount:
    digest = digest_of(exchange.openid)
    account = await WechatAccount.get_or_none(openid_digest=digest)
    if account is None:
        return await _create_account(exchange, digest, now)
    await WechatAccount.filter(id=account.id).update(session_key=exchange.session_key)
    return account


async def _create_account(exchange: LoginExchange, digest: str, now: datetime) -> WechatAccount:
    try:
        return await WechatAccount.create(
            openid=exchange.openid,
            openid_digest=digest,
            session_key=exchange.session_key,
            created_at=now,
        )
    except IntegrityError:
        return await WechatAccount.get(openid_digest=digest)
