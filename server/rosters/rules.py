"""Who stands in for whom: values in, decision out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """A window on one day: who staffs it, and who stands in."""

    window_number: int
    staff_id: str
    backup_id: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What somebody's absence leaves: a window, and who stands in there if anybody can.

    `of` is whose window it is: their own, or that of somebody for whom they stand in.
    """

    of: str
    window_number: int
    backup_id: str | None


def find_gap(
    staff_id: str,
    posts: Collection[Post],
    *,
    away: Collection[str],
    standing_in: Mapping[str, str],
) -> Gap | None:
    """Return what is left when one more person is away; None: nobody is missed.

    `away` are the others who are away, `standing_in` for whom of them each backup does.
    """
    by_staff = {post.staff_id: post for post in posts}
    own = by_staff.get(staff_id)
    if own is not None:
        is_free = can_stand_in(own.backup_id, posts, away=away, standing_in=standing_in)
        return Gap(staff_id, own.window_number, own.backup_id if is_free else None)
    left = by_staff.get(standing_in.get(staff_id, ""))
    return Gap(left.staff_id, left.window_number, None) if left else None


def can_stand_in(
    backup_id: str,
    posts: Collection[Post],
    *,
    away: Collection[str],
    standing_in: Collection[str],
) -> bool:
    """Tell whether a backup is there, at no window of their own and at nobody else's."""
    at_own = {post.staff_id for post in posts}
    return not (backup_id in away or backup_id in at_own or backup_id in standing_in)
