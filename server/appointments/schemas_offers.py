"""What goes out about places that are held for people."""

from typing import Self

from pydantic import AwareDatetime

from models.kinds import OfferCause
from models.waitlist import Offer
from server.kit.http.schemas import Outgoing


class OfferOut(Outgoing):
    """A place held until `held_until`, and the visit that it would replace."""

    id: str
    cause: OfferCause
    point_code: str
    starts_at: AwareDatetime
    minutes: int
    item_codes: list[str]
    replaces_id: str | None
    held_until: AwareDatetime

    @classmethod
    def of(cls, offer: Offer) -> Self:
        """Show an offer."""
        return cls(
            id=offer.id,
            cause=offer.cause,
            point_code=offer.point_code,
            starts_at=offer.starts_at,
            minutes=offer.minutes,
            item_codes=offer.item_codes,
            replaces_id=offer.replaces_id,
            held_until=offer.held_until,
        )
