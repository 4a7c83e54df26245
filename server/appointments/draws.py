"""A new day opens by a draw: wishes are gathered, drawn by a seed, the rest is first come.

The seed is chosen when the draw is announced, its hash published then, itself when wishes are no
longer taken. A day has no slots before its draw: the transaction that makes those of a point
books the visits drawn there, so a draw that is cut off anywhere goes on where it was.
"""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import structlog
from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.appointments import Slot
from models.draws import Draw, DrawWish
from models.states import DrawState, DrawWishState
from server.appointments.booking import Booker, Booking, write_visit
from server.appointments.drawing import Lot, Prize, hash_of, in_drawn_order, share_places
from server.appointments.errors import AlreadyInDraw, DrawNotOpen
from server.appointments.generation import (
    has_hours_on,
    last_day_on_sale,
    open_point,
    plan_point,
    points_with_hours,
)
from server.appointments.repository import (
    Place,
    apply_changes,
    find_live_items,
    find_restrained,
    slots_between,
    take_allowance,
)
from server.appointments.rules import SlotRoom
from server.appointments.visits import (
    BOOKED_KIND,
    Plan,
    Wish,
    day_span,
    plan_visit,
    quantum_of,
)
from server.appointments.waitlist import Wanted, require_takers
from server.appointments.wishes import Times
from server.catalog.rules import SHANGHAI
from server.catalog.service import find_points_for
from server.kit.access import ENGINE, Actor
from server.kit.errors import Refusal
from server.kit.ports import Ports
from server.kit.states import advance, record_move
from server.kit.transaction import in_transaction
from server.notifications.events import notify

SEED_BYTES = 32
GRACE = timedelta(seconds=15)
"""A wish that came in time is in its table by then: no transaction takes longer."""

log = structlog.get_logger(__name__)


async def announce_draws(*, now: datetime, settings: Settings) -> None:
    """Announce the draws of the next days to open that have neither slots nor a draw."""
    if not settings.draw_days:
        return
    last = last_day_on_sale(now, settings)
    for day in (last, last + timedelta(days=1)):
        if await _is_to_draw(day):
            await in_transaction(lambda day=day: _announce(day, now, settings))  # type: ignore[misc]


async def enter_draw(
    day: date, wanted: Wanted, booker: Booker, *, now: datetime, settings: Settings
) -> DrawWish:
    """Hand a wish in, one for each identity.

    Raises `DrawNotOpen` outside of the time of gathering, `AlreadyInDraw`, `UnknownItem`,
    `UnknownPoint` or `NotAcceptedHere`.
    """
    draw = await Draw.get_or_none(day=day, state=DrawState.ANNOUNCED)
    if draw is None or not draw.gather_from <= now < draw.gather_until:
        raise DrawNotOpen
    await require_takers(wanted.item_codes, wanted.point_codes)
    plan = await plan_visit(Wish(wanted.item_codes), booker.person_id, settings)
    wish = DrawWish(
        **wanted.columns(plan, booker),
        draw_id=draw.id,
        state=DrawWishState.ENTERED,
        created_at=now,
    )
    try:
        await wish.save(force_create=True)
    except IntegrityError as error:
        raise AlreadyInDraw from error
    entered = DrawWishState.ENTERED
    await record_move(wish, from_state=None, to_state=entered, actor=booker.actor, now=now)
    return wish


async def leave_draw(wish: DrawWish, *, actor: Actor, now: datetime) -> None:
    """Take a wish back; once withdrawn stays so. Raises `WrongState` once it is settled."""
    if wish.state is not DrawWishState.WITHDRAWN:
        await advance(wish, DrawWishState.WITHDRAWN, actor=actor, now=now, live=None)


async def hold_draws(ports: Ports) -> None:
    """Announce what is to come, and open each day whose wishes are gathered."""
    await announce_draws(now=ports.now(), settings=ports.settings)
    gathered = Draw.filter(state=DrawState.ANNOUNCED, gather_until__lte=ports.now() - GRACE)
    for draw in await gathered.order_by("day"):
        await in_transaction(
            lambda one=draw: advance(one, DrawState.DRAWING, actor=ENGINE, now=ports.now())  # type: ignore[misc]
        )
    for draw in await Draw.filter(state=DrawState.DRAWING).order_by("day"):
        await open_day(draw, ports)


async def open_day(draw: Draw, ports: Ports) -> None:
    """Open the points one by one, each with the visits drawn there; then tell who got none."""
    closed = await _closed_points(draw, ports)
    prizes = await _draw(draw, closed, ports)
    for point_code in sorted(closed):
        won = {one: prize for one, prize in prizes.items() if prize.point_code == point_code}
        try:
            await in_transaction(lambda at=point_code, won=won: _open_point(draw, at, won, ports))  # type: ignore[misc]
        except Refusal as refusal:
            # Somebody booked the same elsewhere just now: the next run draws without them.
            log.info("draw_interrupted", day=str(draw.day), reason=refusal.code)
            return
    await _finish(draw, ports)


async def _is_to_draw(day: date) -> bool:
    first_at, until = day_span(day)
    if await Draw.exists(day=day):
        return False
    if await Slot.exists(starts_at__gte=first_at, starts_at__lt=until):
        return False
    return await has_hours_on(day)


async def _announce(day: date, now: datetime, settings: Settings) -> None:
    seed = secrets.token_hex(SEED_BYTES)
    opens_on = day - timedelta(days=settings.slot_days_ahead)
    first_at = datetime.combine(opens_on, time.fromisoformat(settings.draw_from), tzinfo=SHANGHAI)
    gather_from = max(now, first_at)
    try:
        draw = await Draw.create(
            day=day,
            seed=seed,
            seed_hash=hash_of(seed),
            gather_from=gather_from,
            gather_until=gather_from + timedelta(minutes=settings.draw_gather_minutes),
            state=DrawState.ANNOUNCED,
            created_at=now,
        )
    except IntegrityError:
        log.debug("draw_announced_by_another_worker", day=str(day))
        return
    await record_move(draw, from_state=None, to_state=draw.state, actor=ENGINE, now=now)


async def _closed_points(draw: Draw, ports: Ports) -> dict[str, list[SlotRoom]]:
    """Return the points whose day is not made yet, with the slots that it will have."""
    first_at, until = day_span(draw.day)
    made = Slot.filter(starts_at__gte=first_at, starts_at__lt=until).distinct()
    opened = {str(code) for code in await made.values_list("point_code", flat=True)}
    closed: dict[str, list[SlotRoom]] = {}
    number = 0
    for point_code in sorted(await points_with_hours() - opened):
        planned = await plan_point(point_code, draw.day, now=ports.now(), settings=ports.settings)
        starts = sorted(start for kind, start in planned if kind is BOOKED_KIND)
        if planned:
            closed[point_code] = [
                SlotRoom(number + place, start, planned[BOOKED_KIND, start])
                for place, start in enumerate(starts)
            ]
            number += len(starts)
    return closed


async def _draw(draw: Draw, closed: dict[str, list[SlotRoom]], ports: Ports) -> dict[str, Prize]:
    entered = await DrawWish.filter(draw_id=draw.id, state=DrawWishState.ENTERED)
    free = await _without_barred(entered, now=ports.now())
    by_id = {wish.id: wish for wish in free}
    takers = {codes: await _takers(codes) for codes in {tuple(one.item_codes) for one in free}}
    lots = []
    for wish_id in in_drawn_order(draw.seed, by_id):
        wish = by_id[wish_id]
        takes = takers[tuple(wish.item_codes)]
        points = tuple(one for one in wish.point_codes or takes if one in takes)
        times = Times(draw.day, draw.day, wish.hours)
        lots.append(Lot(wish_id, wish.quanta, points, times))
    return share_places(lots, closed, quantum=quantum_of(ports.settings))


async def _without_barred(wishes: Sequence[DrawWish], *, now: datetime) -> list[DrawWish]:
    digests = {wish.person_digest for wish in wishes}
    restrained = await find_restrained(digests, now=now)
    live = await find_live_items(digests)
    return [
        wish
        for wish in wishes
        if wish.person_digest not in restrained
        and not any((wish.person_digest, code) in live for code in wish.item_codes)
    ]


async def _takers(item_codes: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(sorted(one.code for one in await find_points_for(list(item_codes))))
    except Refusal:
        return ()


async def _open_point(draw: Draw, point_code: str, won: dict[str, Prize], ports: Ports) -> None:
    now, settings = ports.now(), ports.settings
    await open_point(point_code, draw.day, now=now, settings=settings)
    wishes = await DrawWish.filter(id__in=list(won), state=DrawWishState.ENTERED).order_by("id")
    places = {
        wish.id: Place(point_code, BOOKED_KIND, won[wish.id].starts_at, wish.quanta)
        for wish in wishes
    }
    await _take(list(places.values()), point_code, draw.day, settings)
    for wish in wishes:
        booker = Booker(wish.person_id, wish.person_digest, wish.account_id, ENGINE)
        await take_allowance(wish.person_digest, now=now)
        await advance(wish, DrawWishState.WON, actor=ENGINE, now=now)
        drawn = Booking(places[wish.id], Plan.of(wish), booker, news="draw_won")
        await write_visit(drawn, now=now, settings=settings)


async def _take(places: list[Place], point_code: str, day: date, settings: Settings) -> None:
    slots = await slots_between(point_code, BOOKED_KIND, *day_span(day))
    ids = {slot.starts_at: slot.id for slot in slots}
    changes: dict[int, int] = {}
    for place in places:
        for start in place.starts(quantum_of(settings)):
            changes[ids[start]] = changes.get(ids[start], 0) + 1
    await apply_changes(changes)


async def _finish(draw: Draw, ports: Ports) -> None:
    now = ports.now()

    async def lose(wish_id: str) -> None:
        wish = await DrawWish.get(id=wish_id)
        await advance(wish, DrawWishState.LOST, actor=ENGINE, now=now)
        await notify(
            kind="draw_lost",
            account_id=wish.account_id,
            subject_id=wish.id,
            key="1",
            now=now,
            data={"day": draw.day.isoformat()},
        )

    left = DrawWish.filter(draw_id=draw.id, state=DrawWishState.ENTERED).order_by("id")
    for wish_id in await left.values_list("id", flat=True):
        await in_transaction(lambda one=str(wish_id): lose(one))  # type: ignore[misc]
    await in_transaction(lambda: advance(draw, DrawState.OPENED, actor=ENGINE, now=now))
