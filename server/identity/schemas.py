"""What comes in and goes out about identity."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from models.kinds import Assurance
from models.people import Person, WechatAccount
from server.kit.http.schemas import Code, Incoming, Line, Outgoing, Token
from server.kit.masking import mask_id_number, mask_name, mask_phone

Password = Annotated[SecretStr, Field(min_length=1, max_length=128)]


class CodeIn(Incoming):
    """A single-use code that the mini-program got from WeChat."""

    code: Token


class IdentityIn(Incoming):
    """A real name and identity number (GB 11643)."""

    name: Line
    id_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9Xx]$")]


class StaffLoginIn(Incoming):
    """A member of staff at the door."""

    login: Code
    password: Password
    totp: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class CourierLoginIn(Incoming):
    """A courier at the door."""

    login: Code
    password: Password


class CitizenOut(Outgoing):
    """A citizen as he sees himself, masked."""

    id: str
    name: str | None
    id_number: str | None
    phone: str | None
    assurance: Assurance | None

    @classmethod
    def of(cls, account: WechatAccount, person: Person | None) -> "CitizenOut":
        """Show an account and the person it stands for."""
        return cls(
            id=account.id,
            name=mask_name(person.name) if person else None,
            id_number=mask_id_number(person.id_number) if person else None,
            phone=mask_phone(account.phone) if account.phone else None,
            assurance=person.assurance if person else None,
        )


class CitizenSessionOut(Outgoing):
    """A session of a citizen."""

    token: str
    expires_in_s: int
    citizen: CitizenOut


class StaffOut(Outgoing):
    """A member of staff or a courier."""

    id: str
    display_name: str
    role: str
    point_code: str | None = None
    department_code: str | None = None


class StaffSessionOut(Outgoing):
    """A session of a member of staff or a courier."""

    token: str
    expires_in_s: int
    staff: StaffOut
