"""Who stands in for whom."""

import pytest

from server.rosters.rules import Gap, Post, find_gap

POSTS = [Post(1, "ann", "bob"), Post(2, "cid", "bob"), Post(3, "dan", "ann")]


@pytest.mark.parametrize(
    ("staff_id", "away", "standing_in", "gap"),
    [
        ("ann", set(), {}, Gap("ann", 1, "bob")),
        ("ann", {"bob"}, {}, Gap("ann", 1, None)),
        ("cid", {"ann"}, {"bob": "ann"}, Gap("cid", 2, None)),
        ("dan", set(), {}, Gap("dan", 3, None)),
        ("bob", {"ann"}, {"bob": "ann"}, Gap("ann", 1, None)),
        ("bob", set(), {}, None),
    ],
    ids=[
        "the backup is free",
        "the backup is away too",
        "the backup stands in elsewhere",
        "the backup has a window of their own",
        "who stands in goes too",
        "who has no window is not missed",
    ],
)
def test_what_one_more_absence_leaves(staff_id, away, standing_in, gap):
    assert find_gap(staff_id, POSTS, away=away, standing_in=standing_in) == gap
