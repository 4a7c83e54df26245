"""What is closed: closures in force, and what they leave of a slot."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tortoise.expressions import Q

from models.closures import Closure, Reseating
from models.kinds import WindowKind
from models.states import ClosureState


async def closures_in_force(*point_codes: str, after: datetime) -> list[Closure]:
    """Return the closures of points that end after an instant."""
    return await Closure.filter(
        point_code__in=point_codes, state=ClosureState.IN_FORCE, ends_at__gt=after
    )


async def closures_to_follow(now: datetime) -> list[Closure]:
    """Return the closures that last, and those that were lifted with people on their list."""
    open_lists = await Reseating.filter(open=True).distinct().values_list("closure_id", flat=True)
    return await Closure.filter(
        Q(state=ClosureState.IN_FORCE, ends_at__gt=now) | Q(id__in=open_lists)
    ).order_by("id")


def is_touched(
    closure: Closure, kind: WindowKind, starts_at: datetime, *, length: timedelta
) -> bool:
    """Tell whether a time at a kind of window lies, in part at least, within a closure."""
    is_then = starts_at < closure.ends_at and starts_at + length > closure.starts_at
    return is_then and closure.kind in {None, kind}


def left_open(capacity: int, closures: Iterable[Closure]) -> int:
    """Return what is left of a capacity when each of the closures has taken its windows."""
    for closure in closures:
        capacity = 0 if closure.windows is None else max(0, capacity - closure.windows)
    return capacity
