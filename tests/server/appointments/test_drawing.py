"""The draw: the pure part, which anybody can do again."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from server.appointments.drawing import Lot, Prize, hash_of, in_drawn_order, share_places
from server.appointments.rules import SlotRoom
from server.appointments.wishes import Times

NINE = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
DAY = date(2026, 12, 8)
QUANTUM = timedelta(minutes=5)


def day_of(*rooms, first_id=0):
    return [
        SlotRoom(first_id + place, NINE + place * QUANTUM, room) for place, room in enumerate(rooms)
    ]


def lot(name, quanta=1, points=("A",), hours=()):
    return Lot(name, quanta, points, Times(DAY, DAY, hours))


def test_the_order_is_that_of_the_hashes_of_seed_and_id():
    ids = [f"wish{number}" for number in range(50)]
    by_hand = sorted(ids, key=lambda one: sha256(b"seed:" + one.encode()).hexdigest())
    assert in_drawn_order("seed", reversed(ids)) == by_hand
    assert in_drawn_order("other", ids) != by_hand
    assert hash_of("seed") == sha256(b"seed").hexdigest()


def test_each_lot_gets_the_earliest_start_that_is_left_to_it():
    slots = {"A": day_of(1, 1, 0, 1), "B": day_of(1, 1, 1, 1, first_id=10)}
    lots = [
        lot("both", 2, ("A", "B")),
        lot("B only", 2, ("B",)),
        lot("late", 1, ("A", "B"), (("09:15", "12:00"),)),
        lot("too long", 3, ("A", "B")),
        lot("elsewhere", 1, ("C",)),
    ]
    assert share_places(lots, slots, quantum=QUANTUM) == {
        "both": Prize("A", NINE),
        "B only": Prize("B", NINE),
        "late": Prize("A", NINE + 3 * QUANTUM),
    }


def test_who_came_first_or_knows_many_ids_is_drawn_no_sooner():
    """A thousand seeds: each of ten wishes is first about a hundred times."""
    ids = [f"wish{number}" for number in range(10)]
    firsts = [in_drawn_order(f"seed{number}", ids)[0] for number in range(1000)]
    assert all(60 <= firsts.count(one) <= 140 for one in ids)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.lists(st.integers(1, 4), max_size=30),
)
def test_no_slot_is_given_out_more_often_than_it_has_room(rooms, lengths):
    slots = {"A": day_of(*rooms)}
    lots = [lot(str(number), quanta) for number, quanta in enumerate(lengths)]
    prizes = share_places(lots, slots, quantum=QUANTUM)
    used = [0] * len(rooms)
    for one in lots:
        if one.id in prizes:
            first = (prizes[one.id].starts_at - NINE) // QUANTUM
            for place in range(first, first + one.quanta):
                used[place] += 1
    assert all(count <= room for count, room in zip(used, rooms, strict=True))
    left = [room - count for room, count in zip(rooms, used, strict=True)]
    losers = [one for one in lots if one.id not in prizes]
    for one in losers:
        runs = (left[first : first + one.quanta] for first in range(len(left) - one.quanta + 1))
        assert not any(min(run) > 0 for run in runs)
