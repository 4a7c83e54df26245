"""Opening a day by a draw."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from models.appointments import Appointment, BookingAllowance, Slot, SlotTemplate
from models.draws import Draw, DrawWish
from models.notifications import Notice
from models.states import DrawState, DrawWishState
from server.appointments import draws
from server.appointments.drawing import hash_of, in_drawn_order
from server.appointments.draws import enter_draw, hold_draws, leave_draw
from server.appointments.errors import AlreadyInDraw, DrawNotOpen, NotBookable
from server.appointments.reconciling import find_differences
from server.appointments.tasks import make_slots as keep_days_on_sale
from server.appointments.visits import day_span
from server.appointments.waitlist import Wanted
from server.appointments.wishes import Times
from server.kit.errors import WrongState
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.server.appointments.test_http import citizen, keyed
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    STREET,
    book_now,
    expect_refused,
    make_booker,
    wish,
)

DAY = date(2026, 12, 8)
"""The fifteenth day from the tests' Monday: a Tuesday."""
OPENS_AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NINE = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)


@pytest.fixture
async def ports(ports):
    """The same in a district of two points that draws."""
    changed = ports.settings.model_copy(update={"draw_days": True})
    others = await SlotTemplate.exclude(point_code__in=(STREET, OTHER_STREET))
    await SlotTemplate.filter(id__in=[one.id for one in others]).delete()
    yield type(ports)(**{**vars_of(ports), "settings": changed})
    await SlotTemplate.bulk_create(others)


def vars_of(ports):
    return {name: getattr(ports, name) for name in type(ports).__dataclass_fields__}


async def enter(booker, ports, *, points=(STREET,), hours=(("09:00", "09:30"),), codes=(ITEM,)):
    wanted = Wanted(codes, points, Times(DAY, DAY, hours))
    return await in_transaction(
        lambda: enter_draw(DAY, wanted, booker, now=ports.now(), settings=ports.settings)
    )


async def announce(ports, clock):
    """Make the days on sale, and go to when wishes are gathered."""
    await keep_days_on_sale(ports)
    clock.advance(seconds=(OPENS_AT - ports.now()).total_seconds())
    await keep_days_on_sale(ports)
    return await Draw.get(day=DAY)


async def draw_now(ports, clock):
    clock.advance(minutes=30, seconds=15)
    await hold_draws(ports)


async def slots_on(day):
    first_at, until = day_span(day)
    return await Slot.filter(starts_at__gte=first_at, starts_at__lt=until)


async def states():
    return Counter(one.state for one in await DrawWish.all())


async def test_the_hash_is_published_a_day_before_and_the_day_is_not_on_sale(ports, clock):
    await keep_days_on_sale(ports)
    draw = await Draw.get(day=DAY)
    assert (draw.state, draw.seed_hash) == (DrawState.ANNOUNCED, hash_of(draw.seed))
    assert (draw.gather_from, draw.gather_until) == (OPENS_AT, OPENS_AT + timedelta(minutes=30))
    assert await slots_on(DAY - timedelta(days=4)) != []
    clock.advance(days=1)
    await keep_days_on_sale(ports)
    assert await slots_on(DAY) == []
    with pytest.raises(NotBookable):
        await book_now(wish(starts_at=NINE), await make_booker(), ports)
    assert (await Draw.get(day=DAY)).seed == draw.seed


async def test_drawn_visits_are_those_that_anybody_recomputes(ports, clock):
    draw = await announce(ports, clock)
    people = [await make_booker(number) for number in range(30)]
    wishes = [await enter(one, ports) for one in people]
    await draw_now(ports, clock)
    capacity = (await slots_on(DAY))[0].capacity
    order = in_drawn_order(draw.seed, [one.id for one in wishes])
    won = set(await DrawWish.filter(state=DrawWishState.WON).values_list("id", flat=True))
    assert won == set(order[: len(won)])
    assert len(won) == min(30, len(won)) > capacity
    visits = await Appointment.all()
    assert {one.person_id for one in visits} == {
        one.person_id for one in await DrawWish.filter(state=DrawWishState.WON)
    }
    assert (await Draw.get(day=DAY)).state is DrawState.OPENED
    told = Counter(one.kind for one in await Notice.all())
    assert told == {"draw_won": len(won), "draw_lost": 30 - len(won)}
    assert await find_differences(ports) == []


async def test_what_is_left_is_first_come(ports, clock):
    await announce(ports, clock)
    await enter(await make_booker(1), ports)
    await draw_now(ports, clock)
    assert await states() == {DrawWishState.WON: 1}
    later = NINE + timedelta(minutes=60)
    made = await book_now(wish(starts_at=later), await make_booker(2), ports)
    assert made.starts_at == later


async def test_a_wish_is_taken_while_wishes_are_gathered_and_once_for_each_person(ports, clock):
    await keep_days_on_sale(ports)
    booker = await make_booker()
    await expect_refused(DrawNotOpen, enter(booker, ports))
    await announce(ports, clock)
    answers = await asyncio.gather(
        *(enter(booker, ports) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, DrawWish) for one in answers) == 1
    assert sum(isinstance(one, AlreadyInDraw) for one in answers) == 7
    clock.advance(minutes=30)
    await expect_refused(DrawNotOpen, enter(await make_booker(2), ports))


async def test_a_withdrawn_wish_is_not_drawn_and_may_be_handed_in_anew(ports, clock):
    await announce(ports, clock)
    one, other = await make_booker(1), await make_booker(2)
    first, second = await enter(one, ports), await enter(other, ports)
    for entered, booker in ((first, one), (second, other)):
        await in_transaction(
            lambda one=entered, by=booker: leave_draw(one, actor=by.actor, now=ports.now())
        )
    await enter(other, ports)
    await draw_now(ports, clock)
    assert await states() == {DrawWishState.WITHDRAWN: 2, DrawWishState.WON: 1}
    won = await DrawWish.get(state=DrawWishState.WON)
    with pytest.raises(WrongState):
        await in_transaction(lambda: leave_draw(won, actor=other.actor, now=ports.now()))


async def test_who_may_not_book_or_has_booked_the_item_gets_none(ports, clock):
    await announce(ports, clock)
    paused, booked = await make_booker(1), await make_booker(2)
    await enter(paused, ports)
    await enter(booked, ports)
    await BookingAllowance.create(
        person_digest=paused.person_digest, paused_until=NINE + timedelta(days=9)
    )
    await book_now(wish(starts_at=NINE - timedelta(days=4)), booked, ports)
    await draw_now(ports, clock)
    assert await states() == {DrawWishState.LOST: 2}


@pytest.mark.parametrize(
    "step", ["open_point", "apply_changes", "write_visit", "advance", "notify"]
)
@pytest.mark.parametrize("count", [0, 2])
async def test_a_draw_that_is_cut_off_settles_each_wish_once(
    ports, clock, monkeypatch, step, count
):
    await announce(ports, clock)
    for number in range(14):
        await enter(await make_booker(number), ports)
    work, left = getattr(draws, step), iter(range(count))

    async def die_after(*args, **options):
        if next(left, None) is None:
            raise RuntimeError("cut off")
        return await work(*args, **options)

    monkeypatch.setattr(draws, step, die_after)
    with pytest.raises(RuntimeError):
        await draw_now(ports, clock)
    monkeypatch.undo()
    await hold_draws(ports)
    await hold_draws(ports)
    wishes = await DrawWish.all()
    assert {one.state for one in wishes} <= {DrawWishState.WON, DrawWishState.LOST}
    assert [len(await moves_of(DrawWish, one.id)) for one in wishes] == [2] * 14
    assert await Appointment.all().count() == (await states())[DrawWishState.WON]
    assert await Notice.filter(kind__in=("draw_won", "draw_lost")).count() == 14
    assert (await Draw.get(day=DAY)).state is DrawState.OPENED
    assert await find_differences(ports) == []


async def test_two_workers_at_once_settle_each_wish_once(ports, clock):
    await announce(ports, clock)
    for number in range(14):
        await enter(await make_booker(number), ports)
    clock.advance(minutes=30, seconds=15)
    await asyncio.gather(*(hold_draws(ports) for _ in range(3)), return_exceptions=True)
    await hold_draws(ports)
    assert await Appointment.all().count() == (await states())[DrawWishState.WON]
    assert (await states())[DrawWishState.ENTERED] == 0
    assert await find_differences(ports) == []


async def test_without_draws_new_days_open_at_once(ports, clock):
    plain = type(ports)(
        **{**vars_of(ports), "settings": ports.settings.model_copy(update={"draw_days": False})}
    )
    await keep_days_on_sale(plain)
    clock.advance(days=1)
    await keep_days_on_sale(plain)
    assert await slots_on(DAY) != []
    assert await Draw.all().count() == 0


async def test_the_seed_is_secret_until_the_draw_and_public_after(http, ports, clock):
    draw = await announce(ports, clock)
    mine = await citizen(1, ports)
    wanted = {"item_codes": [ITEM], "hours": [{"begins": "09:00", "ends": "12:00"}]}
    path = f"/citizen/draws/{DAY}/wishes"
    entered = await http.post(path, json=wanted, headers=keyed(mine))
    assert entered.status_code == 201, entered.text
    again = await http.post(path, json=wanted, headers=keyed(mine))
    assert again.json()["code"] == "already_in_draw"
    shown = {one["day"]: one for one in (await http.get("/public/draws")).json()["items"]}
    assert shown[str(DAY)]["seed"] is None
    assert shown[str(DAY)]["seed_hash"] == draw.seed_hash
    assert (await http.get(f"/public/draws/{DAY}/wishes")).json()["items"] == []
    await draw_now(ports, clock)
    shown = {one["day"]: one for one in (await http.get("/public/draws")).json()["items"]}
    assert (shown[str(DAY)]["state"], shown[str(DAY)]["seed"]) == ("opened", draw.seed)
    listed = (await http.get(f"/public/draws/{DAY}/wishes")).json()["items"]
    assert listed == [{"id": entered.json()["id"], "state": "won"}]
    [own] = (await http.get("/citizen/draw-wishes", headers=mine)).json()["items"]
    assert own["state"] == "won"
    gone = await http.delete(f"/citizen/draw-wishes/{own['id']}", headers=mine)
    assert gone.json()["code"] == "wrong_state"
    assert (await http.get("/public/draws/never/wishes")).status_code == 404
