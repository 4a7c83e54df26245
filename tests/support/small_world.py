"""Two points, six slots, four people: as little as shows whatever booking can do wrong."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from tortoise import Tortoise

from models.appointments import (
    Appointment,
    Hold,
    Slot,
    SlotTemplate,
)
from models.catalog import ServiceItem
from models.closures import Closure
from models.kinds import OfferCause, WindowKind
from models.states import LIVE_APPOINTMENTS, AppointmentState, HoldState
from models.waitlist import Offer, WaitlistEntry
from server.appointments import tasks as jobs
from server.appointments.batching import book_in_batch
from server.appointments.booking import Booker, book, book_held, cancel, reschedule
from server.appointments.closing import close
from server.appointments.following import replace_templates
from server.appointments.generation import on_sale, regenerate
from server.appointments.holds import hold_place, release_hold
from server.appointments.impact import judge_impact
from server.appointments.offers import Proposal, make_offer
from server.appointments.repository import Place
from server.appointments.rules import GIVEN_BACK, MOST_LIVE, count_quanta
from server.appointments.schemas import BookingIn
from server.appointments.visits import Wish, find_at, plan_visit
from server.appointments.waitlist import Wanted, accept, decline, join_waitlist, withdraw
from server.appointments.wishes import Times
from server.bootstrap import open_engine
from server.kit.bulk import Statement, as_instant, fetch_all, run_all
from server.kit.errors import Refusal
from server.kit.http.call import Call
from server.kit.idempotency import KeyedRequest
from server.kit.transaction import in_transaction
from tests.support.booking import QUANTUM, STREET, make_booker
from tests.support.clock import FrozenClock
from tests.support.closing import NEAR, SUPERVISOR
from tests.support.system import System

PEOPLE, ITEMS, SLOTS, MOST_WINDOWS = 4, 2, 6, 2
POINTS = (STREET, NEAR)
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)
OPENS_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
EMPTIED = frozenset(
    {
        "appointments",
        "appointment_items",
        "booking_allowances",
        "closures",
        "holds",
        "idempotency_keys",
        "notices",
        "offers",
        "outbox",
        "releases",
        "reminders",
        "reseatings",
        "transitions",
        "waitlist_entries",
    }
)
"""Tables that a step may write, besides slots and opening hours; those that are there."""

SKIPPED = {"appointments.make_slots", "appointments.check_counters"}


class Row(NamedTuple):
    """Whatever has a place."""

    table: str
    id: str
    state: str
    version: int
    person_id: str | None
    visit_id: str | None
    point_code: str
    starts_at: datetime
    quanta: int


_ROWS = {
    "Appointment": "person_id, NULL, point_code, starts_at, quanta FROM appointments",
    "Hold": "person_id, NULL, point_code, starts_at, quanta FROM holds",
    "Offer": "person_id, NULL, point_code, starts_at, quanta FROM offers",
    "Release": "NULL, visit_id, point_code, starts_at, quanta FROM releases",
}
_LOOKS = [
    Statement(f"SELECT {columns}")
    for columns in (
        "point_code, starts_at, capacity, taken FROM slots",
        "person_digest, live FROM booking_allowances WHERE live > 0",
        "person_digest, item_code FROM appointment_items WHERE live",
        "id, state, version FROM waitlist_entries",
        *(f"id, state, version, {some}" for some in _ROWS.values()),
    )
]
LIVE = {"held", "pending"}
"""States in which a hold, an offer or a release has its place."""


@dataclass(frozen=True)
class Seen:
    """The tables between two steps: slots as (capacity, taken), rows as their states."""

    slots: dict[tuple, tuple[int, int]]
    occupied: Counter
    rows: frozenset
    allowances: dict[str, int]
    live: Counter
    items: Counter


class World:
    """Two points with six slots each, four people, two items, and a clock."""

    def __init__(self, ports, people: list[Booker], items: list[ServiceItem]) -> None:
        self.ports, self.people = ports, people
        self.items = [one.code for one in items]
        self.quanta = [count_quanta(one.window_minutes, QUANTUM.seconds // 60) for one in items]
        tables = {model._meta.db_table for model in Tortoise.apps["models"].values()}
        self._emptying = [Statement(f"DELETE FROM {one}", []) for one in sorted(EMPTIED & tables)]

    @property
    def now(self) -> datetime:
        return self.ports.now()

    @property
    def about(self) -> dict:
        return {"now": self.now, "settings": self.ports.settings}

    async def begin(self) -> None:
        """Empty what the last sequence left; one window at each point, all slots free."""
        self.ports.clock.advance(seconds=(MONDAY - self.now).total_seconds())
        anew = [
            *self._emptying,
            Statement("UPDATE slots SET capacity = 1, taken = 0", []),
            Statement("UPDATE slot_templates SET windows = 1", []),
        ]
        await in_transaction(lambda: run_all(anew))

    async def look(self) -> Seen:
        """See all tables by one message to the database."""
        slots, allowances, items, wishes, *each = await fetch_all(_LOOKS)
        rows = [Row(name, *one) for name, some in zip(_ROWS, each, strict=True) for one in some]
        digests = {one.person_id: one.person_digest for one in self.people}
        return Seen(
            slots={(code, as_instant(at)): (room, taken) for code, at, room, taken in slots},
            occupied=_occupied(rows),
            rows=frozenset(
                [*(one[:4] for one in rows), *(("WaitlistEntry", *one) for one in wishes)]
            ),
            allowances=dict(allowances),
            live=Counter(digests[one.person_id] for one in rows if _is_counted(one)),
            items=Counter(items),
        )

    async def book(self, who, what, where):
        wish = Wish(self.codes(what), where[0], time_of(where))
        return await book(wish, self.people[who], **self.about)

    async def post(self, who, what, where):
        """Book through the door of the batches, as a request does."""
        actor = self.people[who].actor
        items = list(self.codes(what))
        body = BookingIn(point_code=where[0], starts_at=time_of(where), item_codes=items)
        call = Call(actor, body, None, {}, self.ports, self.now, "request", headers={})
        keyed = KeyedRequest.of(actor.name, key=uuid4().hex, method="POST", path="/", body=b"")
        if await book_in_batch(call, keyed) is None:
            await in_transaction(partial(self.book, who, what, where))

    async def cancel(self, visit_id):
        visit = await Appointment.get(id=visit_id)
        await cancel(visit, actor=self.booker_of(visit).actor, **self.about)

    async def reschedule(self, visit_id, where):
        visit = await Appointment.get(id=visit_id)
        actor = self.booker_of(visit).actor
        await reschedule(visit, time_of(where), where[0], actor=actor, **self.about)

    async def offer(self, who, what, where):
        plan = await plan_visit(Wish(self.codes(what)), None, self.ports.settings)
        at = Place(where[0], WindowKind.ACCEPT, time_of(where), plan.quanta)
        until = self.now + timedelta(minutes=15)
        proposal = Proposal(OfferCause.WAITLIST, at, plan, self.people[who], until)
        found = await find_at(at, **self.about)
        return await make_offer(proposal, found, now=self.now)

    async def wait(self, who, what, *point_codes):
        """Wait for a place; at either point unless one is named."""
        wanted = Wanted(self.codes(what), point_codes, Times(TUESDAY, TUESDAY))
        await join_waitlist(wanted, self.people[who], **self.about)

    async def wait_no_longer(self, entry_id):
        entry = await WaitlistEntry.get(id=entry_id)
        await withdraw(entry, actor=self.booker_of(entry).actor, **self.about)

    async def hold(self, who, what, where):
        wanted = where[0], time_of(where), self.codes(what)
        return await hold_place(*wanted, booker=self.people[who], **self.about)

    async def use_hold(self, hold_id):
        held = await Hold.get(id=hold_id)
        wish = Wish(tuple(held.item_codes), held.point_code, held.starts_at)
        await book_held(wish, held, self.booker_of(held), **self.about)

    async def release(self, hold_id):
        held = await Hold.get(id=hold_id)
        await release_hold(held, actor=self.booker_of(held).actor, **self.about)

    async def accept(self, offer_id):
        offer = await Offer.get(id=offer_id)
        return await accept(offer, actor=self.booker_of(offer).actor, **self.about)

    async def decline(self, offer_id):
        offer = await Offer.get(id=offer_id)
        await decline(offer, actor=self.booker_of(offer).actor, **self.about)

    async def change_windows(self, point_code, windows):
        await replace_templates(point_code, [_hours(point_code, windows)], **self.about)

    async def close(self, point_code, windows=None, slots=SLOTS):
        closure = Closure(
            point_code=point_code,
            kind=WindowKind.ACCEPT if windows else None,
            windows=windows,
            starts_at=OPENS_AT,
            ends_at=OPENS_AT + slots * QUANTUM,
            deadline_at=self.now + timedelta(minutes=30),
            reason="停电检修",
            created_by=SUPERVISOR.name,
            created_at=self.now,
        )
        seen = await judge_impact(closure, **self.about)
        await close(closure, seen.version, actor=SUPERVISOR, **self.about)

    def codes(self, what) -> tuple[str]:
        return (self.items[what],)

    def booker_of(self, row) -> Booker:
        return next(one for one in self.people if one.person_id == row.person_id)

    async def run_jobs(self) -> None:
        for job in jobs.JOBS:
            if job.name not in SKIPPED:
                await job.run(self.ports)


def _occupied(rows: Collection[Row]) -> Counter:
    occupied: Counter = Counter()
    for one in rows:
        for place in range(one.quanta):
            key = one.point_code, as_instant(one.starts_at) + place * QUANTUM
            occupied[key] += _places_of(one)
    return occupied


def _places_of(row: Row) -> int:
    """How many places it has; the rest of a visit that ended early is counted with the visit."""
    if row.table == "Appointment":
        return int(row.state not in GIVEN_BACK)
    return int(row.state in LIVE) - int(row.visit_id is not None)


def _is_counted(row: Row) -> bool:
    """Whether it counts among the three that a person may have."""
    if row.table == "Appointment":
        return row.state in LIVE_APPOINTMENTS
    return row.table == "Hold" and row.state == HoldState.HELD


def judge(before: Seen, after: Seen) -> None:
    """Assert what always holds from one step to the next."""
    for key, (capacity, taken) in after.slots.items():
        assert taken == after.occupied[key], f"{key}: {taken} taken, {after.occupied[key]} rows"
        assert 0 <= taken <= max(capacity, before.slots[key][1]), f"{key} is oversold: {taken}"
    assert set(after.occupied) <= set(after.slots), "somebody has a place that is not there"
    assert after.allowances == dict(after.live), (after.allowances, after.live)
    missed = sum(one[2] == AppointmentState.NO_SHOW for one in before.rows)
    # Whoever comes late after all is not turned away for having booked anew.
    assert max(after.live.values(), default=0) <= MOST_LIVE + missed, after.live
    assert max(after.items.values(), default=0) <= 1, after.items


async def do_at_once(works: Collection[Callable[[], Awaitable]]) -> list[bool]:
    """Do things side by side; tell of each whether it was done or refused."""
    return await asyncio.gather(*(_is_done(work) for work in works))


async def _is_done(work: Callable[[], Awaitable]) -> bool:
    try:
        await work()
    except Refusal:
        return False
    return True


def time_of(where) -> datetime:
    return OPENS_AT + where[1] * QUANTUM


def _hours(point_code: str, windows: int) -> SlotTemplate:
    return SlotTemplate(
        point_code=point_code,
        kind=WindowKind.ACCEPT,
        weekday=1,
        opens_at=time(10),
        closes_at=time(10, 5 * SLOTS),
        windows=windows,
    )


async def open_small_world(system: System, stack: contextlib.AsyncExitStack) -> World:
    # What is durable is proved elsewhere; here a commit need not wait for the disk.
    system.mariadb.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    near = system.settings.model_copy(update={"slot_days_ahead": 2})
    engine = await stack.enter_async_context(open_engine(near, clock=FrozenClock(MONDAY)))
    ports = engine.ports
    await SlotTemplate.all().delete()
    await SlotTemplate.bulk_create([_hours(point, 1) for point in POINTS])
    for point in POINTS:
        days = on_sale(ports.now(), ports.settings)
        work = partial(regenerate, [point], days, now=ports.now(), settings=ports.settings)
        await in_transaction(work)
    assert await Slot.all().count() == len(POINTS) * SLOTS
    people = [await make_booker(number) for number in range(1, PEOPLE + 1)]
    items = await ServiceItem.filter(is_current=True, window_minutes__lte=15).order_by("code")
    both = [one for one in items if {"street", "community"} <= set(one.accepted_at_levels)]
    assert len(both) >= ITEMS, both
    return World(ports, people, both[:ITEMS])
