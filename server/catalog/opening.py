"""What the catalogue asks of whoever sells places: to follow when a point or days open or close."""

from collections.abc import Awaitable, Callable, Collection
from datetime import date, datetime

from config.settings import Settings

FollowPoint = Callable[[str, datetime, Settings], Awaitable[None]]
FollowDays = Callable[[Collection[date], datetime, Settings], Awaitable[None]]


class _Lent:
    follow_point: FollowPoint
    follow_days: FollowDays


def use_places(*, follow_point: FollowPoint, follow_days: FollowDays) -> None:
    """Let what is on sale follow each change at once; called by the composition root."""
    _Lent.follow_point = follow_point
    _Lent.follow_days = follow_days


async def point_changed(point_code: str, *, now: datetime, settings: Settings) -> None:
    """Tell that a point is open or closed, unlike before; raises `VisitsInTheWay`."""
    await _Lent.follow_point(point_code, now, settings)


async def days_changed(days: Collection[date], *, now: datetime, settings: Settings) -> None:
    """Tell that days are worked or free, unlike before; raises `VisitsInTheWay`."""
    await _Lent.follow_days(days, now, settings)
