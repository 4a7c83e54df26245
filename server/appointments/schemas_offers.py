"""What goes out about places that are held for people."""

from pydantic import AwareDatetime

from models.kinds import OfferCause
from server.kit.rows import RowOut


class OfferOut(RowOut):
    """A place held until `held_until`, and the visit that it would replace."""

    id: str
    cause: OfferCause
    point_code: str
    starts_at: AwareDatetime
    minutes: int
    item_codes: list[str]
    replaces_id: str | None
    held_until: AwareDatetime
