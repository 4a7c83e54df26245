"""Bases of everything that comes in and goes out, and the bounded types they are made of."""

from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

LONGEST_PAGE = 50


class Incoming(BaseModel):
    """A body or query: exact types, no unknown fields, no NaN."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, str_strip_whitespace=True
    )


class Outgoing(BaseModel):
    """An answer; lists its fields, so that nothing slips out."""

    model_config = ConfigDict(frozen=True)


class Nothing(Incoming):
    """A body without fields; an absent body counts as one."""


PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_PROSE = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"

Line = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)]
LongLine = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_PROSE)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""Ids, item codes, point codes."""

Token = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,512}$")]
"""Codes minted elsewhere, such as a login code."""


FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Dates outside of these would overflow when moved to another time zone."""


def _in_our_time(moment: date) -> date:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("year out of range")
    return moment


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Day = Annotated[date, AfterValidator(_in_our_time)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time), AfterValidator(_in_utc)]
"""In UTC whatever offset it came with: the database compares what it is given as it is."""


class PageQuery(Incoming):
    """Which part of a list: `cursor` is the `next_cursor` of the page before."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 20
    cursor: Code | None = None


Item = TypeVar("Item")


class Page(Outgoing, Generic[Item]):
    """One part of a list; no `next_cursor` on the last."""

    items: list[Item]
    next_cursor: str | None = None
