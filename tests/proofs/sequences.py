"""Whatever people, points and the clock do one after the other: no place is ever sold twice.

Hypothesis makes up the sequences and shortens one that fails. Everything goes through the service
functions, each in its transaction, on MariaDB; the jobs run as the worker runs them. After each
step the tables are looked at: what may never be is listed in `_judge`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from uuid import uuid4

import uvloop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tortoise import Tortoise

from models.appointments import (
    Appointment,
    AppointmentItem,
    BookingAllowance,
    Hold,
    Slot,
    SlotTemplate,
)
from models.catalog import ServiceItem
from models.closures import Closure
from models.kinds import OfferCause, WindowKind
from models.states import LIVE_APPOINTMENTS, AppointmentState, HoldState, OfferState
from models.waitlist import Offer
from server.appointments import desk, holds
from server.appointments import tasks as jobs
from server.appointments.batching import book_in_batch
from server.appointments.booking import Booker, book, book_held, cancel, reschedule
from server.appointments.closing import close, lift
from server.appointments.generation import last_day_on_sale, regenerate, replace_templates
from server.appointments.impact import judge_impact
from server.appointments.offers import Proposal, accept_offer, end_offer, make_offer
from server.appointments.reconciling import OCCUPANTS
from server.appointments.repository import Place
from server.appointments.rules import GIVEN_BACK, MOST_LIVE, count_quanta
from server.appointments.schemas import BookingIn
from server.appointments.service import mark_checked_in, mark_served, mark_serving
from server.appointments.visits import Wish, find_at, plan_visit
from server.bootstrap import open_engine
from server.kit.bulk import Statement, run_all
from server.kit.errors import Refusal
from server.kit.http.call import Call
from server.kit.idempotency import KeyedRequest
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.booking import CLERK, QUANTUM, STREET, make_booker
from tests.support.clock import FrozenClock
from tests.support.closing import NEAR, SUPERVISOR
from tests.support.replaying import replay_all
from tests.support.system import System, start_system

SEQUENCES, STEPS = 2_000, 6
PEOPLE, ITEMS, SLOTS, MOST_WINDOWS = 4, 2, 6, 2
POINTS = (STREET, NEAR)
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OPENS_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CLOSES_AT = OPENS_AT + SLOTS * QUANTUM
LIVE = {"held", "pending"}
"""States in which a hold, an offer or a release has its place."""

MET = (*sorted(LIVE_APPOINTMENTS), AppointmentState.NO_SHOW)
"""Visits that a point may do something with."""

WAITS = (11, 35, 24 * 60 + 50, 40 * 60)
"""Minutes until holds are over, until points have not answered, until the day, until after it."""

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

person = st.integers(0, PEOPLE - 1)
item = st.integers(0, ITEMS - 1)
point = st.sampled_from(POINTS)
place = st.tuples(point, st.integers(0, SLOTS - 2))
which = st.integers(0, 5)


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
        slots = await Slot.all().values_list("point_code", "starts_at", "capacity", "taken")
        rows = [one for model in OCCUPANTS for one in await model.all()]
        digests = {one.person_id: one.person_digest for one in self.people}
        items = await AppointmentItem.filter(live=True).values_list("person_digest", "item_code")
        allowances = await BookingAllowance.all().values_list("person_digest", "live")
        return Seen(
            slots={(code, at): (capacity, taken) for code, at, capacity, taken in slots},
            occupied=Counter(key for one in rows if _has_place(one) for key in _span(one)),
            rows=frozenset(_told(one) for one in rows),
            allowances={digest: count for digest, count in allowances if count},
            live=Counter(digests[one.person_id] for one in rows if _is_counted(one)),
            items=Counter(items),
        )

    async def run_jobs(self) -> None:
        for job in jobs.JOBS:
            if job.name not in SKIPPED:
                await job.run(self.ports)


def _told(row) -> tuple[str, str, str, int]:
    return type(row).__name__, row.id, row.state.value, row.version


def _has_place(row) -> bool:
    return row.state not in GIVEN_BACK if type(row) is Appointment else row.state.value in LIVE


def _span(row) -> list[tuple]:
    return [(row.point_code, row.starts_at + place * QUANTUM) for place in range(row.quanta)]


def _is_counted(row) -> bool:
    """Whether it counts among the three that a person may have."""
    return row.state in LIVE_APPOINTMENTS | {HoldState.HELD} and type(row) in {Appointment, Hold}


def _judge(before: Seen, after: Seen) -> None:
    """What may never be."""
    for key, (capacity, taken) in after.slots.items():
        assert taken == after.occupied[key], f"{key}: {taken} taken, {after.occupied[key]} rows"
        assert 0 <= taken <= max(capacity, before.slots[key][1]), f"{key} is oversold: {taken}"
    assert set(after.occupied) <= set(after.slots), "somebody has a place that is not there"
    assert after.allowances == dict(after.live), (after.allowances, after.live)
    missed = sum(one[2] == AppointmentState.NO_SHOW for one in before.rows)
    # Whoever comes late after all is not turned away for having booked anew.
    assert max(after.live.values(), default=0) <= MOST_LIVE + missed, after.live
    assert max(after.items.values(), default=0) <= 1, after.items


def _there_is(model, *states) -> Callable[[RuleBasedStateMachine], bool]:
    wanted = {(model.__name__, state.value) for state in states}
    return lambda sequence: any((row[0], row[2]) in wanted for row in sequence.seen.rows)


class Visits(RuleBasedStateMachine):
    """One sequence."""

    world: World
    do: Callable
    sequences = 0
    outcomes: Counter = Counter()  # noqa: RUF012 - one for the proof

    def __init__(self) -> None:
        super().__init__()
        self.do(self.world.begin())
        self.seen: Seen = self.do(self.world.look())
        self.has_closed = False

    def teardown(self) -> None:
        self.do(replay_all(QUANTUM, limit=MOST_WINDOWS))
        type(self).sequences += 1

    @rule(who=person, what=item, where=place)
    def book(self, who, what, where):
        expected = self._is_bookable(who, what, where)
        done = self._act("book", partial(self._book, who, what, where))
        assert done == expected, (done, expected)

    @rule(crowd=st.sets(person, min_size=2), what=item, where=place)
    def book_at_once(self, crowd, what, where):
        self._act_all("at once", [partial(self._post, who, what, where) for who in crowd])

    @rule(who=person, what=item, where=place)
    def hold(self, who, what, where):
        wanted = where[0], _time(where), self._items(what)
        booker = self.world.people[who]
        self._act("hold", lambda: holds.hold_place(*wanted, booker=booker, **self.world.about))

    @precondition(_there_is(Hold, HoldState.HELD))
    @rule(n=which, is_used=st.booleans())
    def end_hold(self, n, is_used):
        held = self._pick(n, Hold, HoldState.HELD)
        booker = self._booker(held)
        wish = Wish(tuple(held.item_codes), held.point_code, held.starts_at)
        if is_used:
            self._act("use hold", lambda: book_held(wish, held, booker, **self.world.about))
        else:
            ending = partial(holds.release_hold, held, actor=booker.actor, **self.world.about)
            self._act("release", ending)

    @precondition(_there_is(Appointment, *LIVE_APPOINTMENTS))
    @rule(n=which)
    def cancel(self, n):
        visit = self._pick(n, Appointment, *LIVE_APPOINTMENTS)
        self._act("cancel", partial(self._cancel, visit.id))

    @precondition(_there_is(Appointment, *LIVE_APPOINTMENTS))
    @rule(n=which, where=place)
    def reschedule(self, n, where):
        visit = self._pick(n, Appointment, *LIVE_APPOINTMENTS)
        self._act("reschedule", partial(self._reschedule, visit.id, where))

    @precondition(_there_is(Appointment, *LIVE_APPOINTMENTS))
    @rule(n=which, where=place)
    def cancel_and_reschedule_at_once(self, n, where):
        visit = self._pick(n, Appointment, *LIVE_APPOINTMENTS)
        both = [partial(self._cancel, visit.id), partial(self._reschedule, visit.id, where)]
        assert self._act_at_once("moved twice", both) <= 1

    @precondition(_there_is(Appointment, *MET))
    @rule(n=which, says=st.sampled_from(("yes", "no", "served", "missed", "late")))
    def meet_the_point(self, n, says):
        visit = self._pick(n, Appointment, *MET)
        self._act(f"point: {says}", partial(getattr(self, f"_{says}"), visit))

    @rule(where=point, windows=st.integers(1, MOST_WINDOWS))
    def change_windows(self, where, windows):
        hours = _hours(where, windows)
        self._act("windows", lambda: replace_templates(where, [hours], **self.world.about))

    @rule(where=point, windows=st.sampled_from((None, 1)), slots=st.integers(1, SLOTS))
    def close(self, where, windows, slots):
        closure = Closure(
            point_code=where,
            kind=WindowKind.ACCEPT if windows else None,
            windows=windows,
            starts_at=OPENS_AT,
            ends_at=OPENS_AT + slots * QUANTUM,
            deadline_at=self.world.now + timedelta(minutes=30),
            reason="停电检修",
            created_by=SUPERVISOR.name,
            created_at=self.world.now,
        )

        async def work():
            seen = await judge_impact(closure, **self.world.about)
            await close(closure, seen.version, actor=SUPERVISOR, **self.world.about)

        self.has_closed |= self._act("close", work)

    @precondition(lambda self: self.has_closed)
    @rule(n=which)
    def lift(self, n):
        closure = self._pick(n, Closure)
        self._act("lift", partial(lift, closure, actor=SUPERVISOR, **self.world.about))

    @rule(who=person, what=item, where=place)
    def offer(self, who, what, where):
        booker = self.world.people[who]

        async def work():
            plan = await plan_visit(Wish(self._items(what)), None, self.world.ports.settings)
            at = Place(where[0], WindowKind.ACCEPT, _time(where), plan.quanta)
            until = self.world.now + timedelta(minutes=15)
            proposal = Proposal(OfferCause.WAITLIST, at, plan, booker, until)
            found = await find_at(at, **self.world.about)
            await make_offer(proposal, found, now=self.world.now)

        self._act("offer", work)

    @precondition(_there_is(Offer, OfferState.HELD))
    @rule(n=which, is_wanted=st.booleans())
    def answer_offer(self, n, is_wanted):
        offer = self._pick(n, Offer, OfferState.HELD)
        about = {"actor": self._booker(offer).actor, **self.world.about}
        if is_wanted:
            self._act("accept", partial(accept_offer, offer, **about))
        else:
            self._act("decline", partial(end_offer, offer, OfferState.DECLINED, **about))

    @rule(minutes=st.sampled_from(WAITS))
    def time_passes(self, minutes):
        self.world.ports.clock.advance(minutes=minutes)
        before = self.seen
        self.do(self.world.run_jobs())
        self._look("jobs", before)

    def _act(self, name: str, work: Callable[[], Awaitable]) -> bool:
        """Do one thing in its transaction; tell whether it was done."""
        return self._act_at_once(name, [work]) == 1

    def _act_at_once(self, name: str, works: Collection[Callable[[], Awaitable]]) -> int:
        """Do things in a transaction each; return how many were done."""
        return self._act_all(name, [partial(in_transaction, work) for work in works])

    def _act_all(self, name: str, works: Collection[Callable[[], Awaitable]]) -> int:
        before = self.seen
        done = sum(self.do(_gather(works)))
        self._look(name if done else f"{name} refused", before)
        if not done:
            assert self.seen == before, f"{name} was refused and yet changed something"
        return done

    def _look(self, name: str, before: Seen) -> None:
        self.outcomes[name] += 1
        self.seen = self.do(self.world.look())
        _judge(before, self.seen)

    def _is_bookable(self, who: int, what: int, where) -> bool:
        seen, digest = self.seen, self.world.people[who].person_digest
        quanta = self.world.quanta[what]
        spanned = [seen.slots.get((where[0], _time(where) + n * QUANTUM)) for n in range(quanta)]
        has_room = all(slot and slot[1] < slot[0] for slot in spanned)
        is_free = seen.live[digest] < MOST_LIVE and not seen.items[digest, self._items(what)[0]]
        return has_room and is_free and _time(where) > self.world.now

    def _pick(self, n: int, model, *states):
        rows = self.do(_rows(model, states))
        return rows[n % len(rows)]

    def _items(self, what: int) -> tuple[str]:
        return (self.world.items[what],)

    def _booker(self, row) -> Booker:
        return next(one for one in self.world.people if one.person_id == row.person_id)

    async def _book(self, who, what, where):
        wish = Wish(self._items(what), where[0], _time(where))
        await book(wish, self.world.people[who], **self.world.about)

    async def _post(self, who, what, where):
        """Book through the door of the batches, as a request does."""
        actor = self.world.people[who].actor
        items = list(self._items(what))
        body = BookingIn(point_code=where[0], starts_at=_time(where), item_codes=items)
        call = Call(actor, body, None, {}, self.world.ports, self.world.now, "request", headers={})
        keyed = KeyedRequest.of(actor.name, key=uuid4().hex, method="POST", path="/", body=b"")
        if await book_in_batch(call, keyed) is None:
            await in_transaction(partial(self._book, who, what, where))

    async def _cancel(self, visit_id):
        visit = await Appointment.get(id=visit_id)
        await cancel(visit, actor=self._booker(visit).actor, **self.world.about)

    async def _reschedule(self, visit_id, where):
        visit = await Appointment.get(id=visit_id)
        actor = self._booker(visit).actor
        await reschedule(visit, _time(where), where[0], actor=actor, **self.world.about)

    async def _yes(self, visit):
        await desk.confirm(visit, actor=CLERK, now=self.world.now)

    async def _no(self, visit):
        await desk.decline(visit, "材料不齐", actor=CLERK, **self.world.about)

    async def _served(self, visit):
        await self._late(visit)
        await mark_serving(visit, actor=CLERK, now=self.world.now)
        await mark_served(visit, actor=CLERK, now=self.world.now)

    async def _missed(self, visit):
        await desk.record_no_show(visit, actor=CLERK, **self.world.about)

    async def _late(self, visit):
        await mark_checked_in(visit, actor=CLERK, now=self.world.now, at_any_time=True)


async def _gather(works: Collection[Callable[[], Awaitable]]) -> list[bool]:
    return await asyncio.gather(*(_is_done(work) for work in works))


async def _is_done(work: Callable[[], Awaitable]) -> bool:
    try:
        await work()
    except Refusal:
        return False
    return True


async def _rows(model, states) -> list:
    rows = model.filter(state__in=states) if states else model.all()
    return await rows.order_by("id")


def _time(where) -> datetime:
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


@proof("sequences", group="appointments")
def prove_sequences() -> str:
    """2,000 sequences of up to six steps, each step judged."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = contextlib.AsyncExitStack()
        try:
            system = runner.run(stack.enter_async_context(start_system()))
            Visits.world = runner.run(_prepare(system, stack))
            Visits.do = staticmethod(runner.run)
            run_state_machine_as_test(
                Visits,
                settings=settings(
                    max_examples=SEQUENCES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(stack.aclose())
    assert Visits.sequences >= SEQUENCES, Visits.sequences
    told = ", ".join(f"{name} {count}" for name, count in sorted(Visits.outcomes.items()))
    return f"{Visits.sequences} sequences, {sum(Visits.outcomes.values())} steps: {told}"


async def _prepare(system: System, stack: contextlib.AsyncExitStack) -> World:
    # What is durable is proved elsewhere; here a commit need not wait for the disk.
    system.mariadb.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    near = system.settings.model_copy(update={"slot_days_ahead": 2})
    engine = await stack.enter_async_context(open_engine(near, clock=FrozenClock(MONDAY)))
    ports = engine.ports
    await SlotTemplate.all().delete()
    await SlotTemplate.bulk_create([_hours(point, 1) for point in POINTS])
    for point in POINTS:
        until = last_day_on_sale(ports.now(), ports.settings)
        work = partial(regenerate, point, until, now=ports.now(), settings=ports.settings)
        await in_transaction(work)
    assert await Slot.all().count() == len(POINTS) * SLOTS
    people = [await make_booker(number) for number in range(1, PEOPLE + 1)]
    items = await ServiceItem.filter(is_current=True, window_minutes__lte=15).order_by("code")
    both = [one for one in items if {"street", "community"} <= set(one.accepted_at_levels)]
    assert len(both) >= ITEMS, both
    return World(ports, people, both[:ITEMS])
