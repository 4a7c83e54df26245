"""What comes in and goes out about where things are mailed to."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from integrations.contracts.carrier import Party
from server.delivery.mail_codes import FreshMailCode
from server.delivery.regions import Parsed
from server.delivery.schemas import AddressIn, Contents
from server.kit.http.schemas import Incoming, LongLine, Outgoing
from server.kit.masking import mask_address, mask_name, mask_phone


class AddressTextIn(Incoming):
    """An address as people write it, in one text."""

    text: LongLine


class ParsedAddressOut(Outgoing):
    """What was found in a text; `missing` names what was not."""

    name: str
    phone: str
    province: str
    city: str
    county: str
    address: str
    missing: list[str]

    @classmethod
    def of(cls, parsed: Parsed) -> "ParsedAddressOut":
        """Show what was found."""
        found = {name: getattr(parsed, name) for name in Parsed.__slots__}
        return cls(**found, missing=list(parsed.missing))


class ReceiverOut(Outgoing):
    """A receiver, masked."""

    name: str
    phone: str
    region: str
    address: str

    @classmethod
    def of(cls, party: Party) -> "ReceiverOut":
        """Show a receiver."""
        return cls(
            name=mask_name(party.name),
            phone=mask_phone(party.phone),
            region=party.province + party.city + party.county,
            address=mask_address(party.address),
        )


class MailCodeIn(Incoming):
    """What is mailed to a visitor."""

    contents: Contents


class MailCodeOut(Outgoing):
    """A code for a citizen's phone, shown this once: `qr_svg` is the picture of `tb:m=<code>`."""

    code: str
    qr_svg: str
    expires_at: datetime

    @classmethod
    def of(cls, fresh: FreshMailCode) -> "MailCodeOut":
        """Show a code and its picture."""
        return cls(code=fresh.long, qr_svg=fresh.qr_svg, expires_at=fresh.expires_at)


class MailFormOut(Outgoing):
    """The form behind a code; `known` is where one's mail went last."""

    contents: str
    point: str
    expires_at: datetime
    known: ReceiverOut | None


class MailFormIn(Incoming):
    """Where to, said in one of three ways."""

    receiver: AddressIn | None = None
    text: LongLine | None = None
    use_known: bool = False

    @model_validator(mode="after")
    def _say_it_once(self) -> Self:
        if (self.receiver is not None) + (self.text is not None) + self.use_known != 1:
            raise ValueError("give one of receiver, text and use_known")
        return self


class MailFormDoneOut(Outgoing):
    """Where it goes; not `is_checked` while the carrier has not said that it goes there."""

    receiver: ReceiverOut
    is_checked: bool
