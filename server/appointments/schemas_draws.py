"""What goes out about draws."""

from datetime import date
from typing import Self

from pydantic import AwareDatetime

from models.draws import Draw, DrawWish
from models.states import DrawState, DrawWishState
from server.appointments.schemas_waitlist import SpanOut
from server.kit.http.schemas import Outgoing
from server.kit.rows import RowOut


class DrawOut(Outgoing):
    """A draw; `seed` is there once wishes are no longer taken, and its SHA-256 is `seed_hash`."""

    day: date
    state: DrawState
    gather_from: AwareDatetime
    gather_until: AwareDatetime
    seed_hash: str
    seed: str | None

    @classmethod
    def of(cls, row: Draw) -> Self:
        """Show a draw."""
        return cls(
            day=row.day,
            state=row.state,
            gather_from=row.gather_from,
            gather_until=row.gather_until,
            seed_hash=row.seed_hash,
            seed=None if row.state is DrawState.ANNOUNCED else row.seed,
        )


class DrawnOut(RowOut):
    """A wish without its person, and what became of it."""

    id: str
    state: DrawWishState


class DrawWishOut(Outgoing):
    """One's own wish for a new day."""

    id: str
    draw_id: str
    item_codes: list[str]
    minutes: int
    point_codes: list[str]
    hours: list[SpanOut]
    state: DrawWishState

    @classmethod
    def of(cls, row: DrawWish) -> Self:
        """Show a wish."""
        return cls(
            id=row.id,
            draw_id=row.draw_id,
            item_codes=row.item_codes,
            minutes=row.minutes,
            point_codes=row.point_codes,
            hours=SpanOut.each_of(row.hours),
            state=row.state,
        )
