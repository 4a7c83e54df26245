"""Many citizens at once: made in the tables, logged in, ready to send requests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import uuid4

from tortoise.models import Model

from models.fields import digest_of, new_id
from models.kinds import Assurance, SessionKind
from models.people import Person, Session, WechatAccount
from server.identity.rules import complete_id_number

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Member:
    """One citizen of a crowd."""

    person_id: str
    account_id: str
    token: str

    def headers(self) -> dict[str, str]:
        """A new request's headers."""
        return {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}


async def gather_crowd(size: int, *, now: datetime) -> list[Member]:
    """Make `size` persons with accounts and sessions; call it once, with an engine open."""
    crowd = [Member(new_id(), new_id(), token_urlsafe(32)) for _ in range(size)]
    rows: dict[type[Model], list] = {
        Person: _persons(crowd, now),
        WechatAccount: _accounts(crowd, now),
        Session: _sessions(crowd, now),
    }
    for model, some in rows.items():
        await model.bulk_create(some, batch_size=ROWS_AT_ONCE)
    return crowd


def _persons(crowd: list[Member], now: datetime) -> list[Person]:
    numbers = [_id_number(place) for place in range(len(crowd))]
    return [
        Person(
            id=one.person_id,
            name="演示群众",
            id_number=number,
            id_digest=digest_of(number),
            assurance=Assurance.DECLARED,
            created_at=now,
        )
        for one, number in zip(crowd, numbers, strict=True)
    ]


def _accounts(crowd: list[Member], now: datetime) -> list[WechatAccount]:
    return [
        WechatAccount(
            id=one.account_id,
            openid=one.account_id,
            openid_digest=digest_of(one.account_id),
            person_id=one.person_id,
            created_at=now,
        )
        for one in crowd
    ]


def _sessions(crowd: list[Member], now: datetime) -> list[Session]:
    return [
        Session(
            token_digest=digest_of(one.token),
            kind=SessionKind.CITIZEN,
            subject_id=one.account_id,
            created_at=now,
            expires_at=now + timedelta(hours=12),
        )
        for one in crowd
    ]


def _id_number(place: int) -> str:
    """Born in 1900 and after, so nobody's number."""
    born = datetime(1900, 1, 1) + timedelta(days=place // 1000)  # noqa: DTZ001 - a date
    return complete_id_number(f"350102{born:%Y%m%d}{place % 1000:03d}")
