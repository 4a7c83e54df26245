"""Which freed place suits which wish: the pure part of the waiting list."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.appointments.rules import SlotRoom, list_starts, with_room
from server.appointments.wishes import Times, count_freed, first_suiting, share_out, with_freed

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
QUANTUM = timedelta(minutes=5)


def at(*places):
    return [NINE + place * QUANTUM for place in places]


def find(rooms, freed, *, quanta, times=None):
    slots = [SlotRoom(number, start, rooms[number]) for number, start in enumerate(at(*range(9)))]
    places = count_freed(freed)
    starts = with_room(
        list_starts(with_freed(slots, places), quanta=quanta, quantum=QUANTUM),
        after=NINE - QUANTUM,
    )
    ids = {slot.id for slot in slots if slot.starts_at in places}
    found = first_suiting(starts, times or Times(DAY, DAY), freed_ids=ids)
    return found and found.slot_ids


def test_a_visit_fits_a_freed_run_of_its_length_and_no_shorter_one():
    full = [0] * 9
    assert find(full, [at(2, 3, 4)], quanta=3) == (2, 3, 4)
    assert find(full, [at(2, 3)], quanta=3) is None


def test_neighbouring_freed_places_and_free_slots_add_up():
    assert find([0] * 9, [at(1, 2), at(3, 4, 5)], quanta=5) == (1, 2, 3, 4, 5)
    assert find([1, 0, 0, 1, 1, 0, 0, 0, 0], [at(2)], quanta=3) == (2, 3, 4)


def test_a_place_that_nobody_gave_up_is_not_offered():
    assert find([1] * 9, [], quanta=3) is None
    assert find([1, 1, 1, 0, 0, 0, 0, 0, 0], [at(8)], quanta=3) is None


def test_a_freed_place_above_capacity_is_nobodys():
    assert find([-1] * 9, [at(0, 1, 2)], quanta=3) is None
    assert find([-1] * 9, [at(0, 1, 2), at(0, 1, 2)], quanta=3) == (0, 1, 2)


def test_days_and_hours_are_those_of_fuzhou_and_the_end_is_not_in_them():
    times = Times(DAY, DAY, [["09:00", "09:10"], ["09:30", "09:35"]])
    wanted = [times.suit(start) for start in at(-1, 0, 1, 2, 5, 6, 7)]
    assert wanted == [False, True, True, False, False, True, False]
    assert not times.suit(NINE + timedelta(days=1))
    assert Times(DAY, DAY).suit(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    assert not Times(DAY, DAY).suit(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))


def test_the_first_start_that_suits_is_taken():
    afternoon = Times(DAY, DAY, [["09:20", "18:00"]])
    assert find([0] * 9, [at(*range(9))], quanta=3) == (0, 1, 2)
    assert find([0] * 9, [at(*range(9))], quanta=3, times=afternoon) == (4, 5, 6)


def test_few_freed_places_give_all_that_they_can():
    freed = {"one": at(0, 1), "two": at(1, 2, 3), "three": at(3, 4)}
    assert share_out(at(1, 2, 3, 4), freed) == {
        "one": set(at(1)),
        "two": set(at(2, 3)),
        "three": set(at(4)),
    }
    assert share_out(at(2, 3), freed) == {"two": set(at(2, 3))}
    assert share_out(at(6), freed) == {}


@given(
    st.dictionaries(st.text(max_size=2), st.sets(st.integers(0, 12)), max_size=6),
    st.integers(0, 8),
    st.integers(1, 5),
)
def test_each_slot_of_a_run_is_given_once_if_anybody_has_it(having, first, length):
    run = at(*range(first, first + length))
    freed = {one: at(*sorted(places)) for one, places in having.items()}
    given_out = share_out(run, freed)
    handed = sorted(start for starts in given_out.values() for start in starts)
    assert handed == [start for start in run if any(start in starts for starts in freed.values())]
    assert all(starts and starts <= set(freed[one]) for one, starts in given_out.items())
