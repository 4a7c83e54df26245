"""Whatever people, points and the clock do one after the other: no place is ever sold twice.

Hypothesis makes up the sequences and shortens one that fails. Everything goes through the service
functions, each in its transaction, on MariaDB; the jobs run as the worker runs them. After each
step the tables are looked at: what may never be is listed in `judge`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial

import uvloop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from models.appointments import Appointment, Hold
from models.closures import Closure
from models.states import LIVE_APPOINTMENTS, AppointmentState, HoldState, OfferState, WaitlistState
from models.waitlist import Offer, WaitlistEntry
from server.appointments import desk
from server.appointments.closing import lift
from server.appointments.rules import MOST_LIVE
from server.appointments.service import mark_checked_in, mark_served, mark_serving
from server.appointments.tasks import release_places
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.booking import CLERK, QUANTUM
from tests.support.closing import SUPERVISOR
from tests.support.replaying import replay_all
from tests.support.small_world import (
    ITEMS,
    MOST_WINDOWS,
    PEOPLE,
    POINTS,
    SLOTS,
    Seen,
    World,
    do_at_once,
    judge,
    open_small_world,
    time_of,
)
from tests.support.system import start_system

SEQUENCES, STEPS = 2_000, 6
MET = (*sorted(LIVE_APPOINTMENTS), AppointmentState.NO_SHOW)
"""Visits that a point may do something with."""

WAITS = (1, 11, 35, 24 * 60 + 50, 40 * 60)
"""Minutes until freed places are offered, until holds are over, until points have not answered,
until the day, until after it."""

person = st.integers(0, PEOPLE - 1)
item = st.integers(0, ITEMS - 1)
point = st.sampled_from(POINTS)
place = st.tuples(point, st.integers(0, SLOTS - 2))
which = st.integers(0, 5)


class Visits(RuleBasedStateMachine):
    """One sequence."""

    world: World
    empty: Seen
    do: Callable
    sequences = offers = 0
    outcomes: Counter = Counter()  # noqa: RUF012 - one for the proof

    def __init__(self) -> None:
        super().__init__()
        self.do(self.world.begin())
        self.seen: Seen = self.empty

    def teardown(self) -> None:
        self.do(replay_all(QUANTUM, limit=MOST_WINDOWS))
        type(self).sequences += 1

    @rule(who=person, what=item, where=place)
    def book(self, who, what, where):
        expected = self._is_bookable(who, what, where)
        done = self._act("book", partial(self.world.book, who, what, where))
        assert done == expected, (done, expected)

    @rule(crowd=st.sets(person, min_size=2), what=item, where=place)
    def book_at_once(self, crowd, what, where):
        self._act_all("at once", [partial(self.world.post, who, what, where) for who in crowd])

    @rule(who=person, what=item, where=place)
    def hold(self, who, what, where):
        self._act("hold", partial(self.world.hold, who, what, where))

    @rule(n=which, is_used=st.booleans())
    def end_hold(self, n, is_used):
        if (held := self._pick(n, Hold, HoldState.HELD)) is None:
            return
        end = self.world.use_hold if is_used else self.world.release
        self._act("use hold" if is_used else "release", partial(end, held.id))

    @rule(n=which)
    def cancel(self, n):
        if (visit := self._pick(n, Appointment, *LIVE_APPOINTMENTS)) is None:
            return
        self._act("cancel", partial(self.world.cancel, visit.id))

    @rule(n=which, where=place)
    def reschedule(self, n, where):
        if (visit := self._pick(n, Appointment, *LIVE_APPOINTMENTS)) is None:
            return
        self._act("reschedule", partial(self.world.reschedule, visit.id, where))

    @rule(n=which, where=place)
    def cancel_and_reschedule_at_once(self, n, where):
        if (visit := self._pick(n, Appointment, *LIVE_APPOINTMENTS)) is None:
            return
        end, move = self.world.cancel, self.world.reschedule
        both = [partial(end, visit.id), partial(move, visit.id, where)]
        assert self._act_at_once("moved twice", both) <= 1

    @rule(n=which, says=st.sampled_from(("yes", "no", "served", "missed", "late")))
    def meet_the_point(self, n, says):
        if (visit := self._pick(n, Appointment, *MET)) is None:
            return
        self._act(f"point: {says}", partial(getattr(self, f"_{says}"), visit))

    @rule(where=point, windows=st.integers(1, MOST_WINDOWS))
    def change_windows(self, where, windows):
        self._act("windows", partial(self.world.change_windows, where, windows))

    @rule(where=point, windows=st.sampled_from((None, 1)), slots=st.integers(1, SLOTS))
    def close(self, where, windows, slots):
        self._act("close", partial(self.world.close, where, windows, slots))

    @rule(n=which)
    def lift(self, n):
        if (closure := self._pick(n, Closure)) is None:
            return
        self._act("lift", partial(lift, closure, actor=SUPERVISOR, **self.world.about))

    @rule(who=person, what=item, where=st.sampled_from(((), *((code,) for code in POINTS))))
    def wait(self, who, what, where):
        self._act("wait", partial(self.world.wait, who, what, *where))

    @rule(n=which)
    def wait_no_longer(self, n):
        live = WaitlistState.WAITING, WaitlistState.OFFERED
        if (entry := self._pick(n, WaitlistEntry, *live)) is None:
            return
        self._act("wait no longer", partial(self.world.wait_no_longer, entry.id))

    @rule(who=person, what=item, where=place)
    def offer(self, who, what, where):
        self._act("offer", partial(self.world.offer, who, what, where))

    @rule(n=which, is_wanted=st.booleans())
    def answer_offer(self, n, is_wanted):
        if (offer := self._pick(n, Offer, OfferState.HELD)) is None:
            return
        answer = self.world.accept if is_wanted else self.world.decline
        self._act("accept" if is_wanted else "decline", partial(answer, offer.id))

    @rule(crowd=st.sets(person, min_size=2, max_size=2), n=which, what=item, where=place)
    def give_up_where_somebody_waits(self, crowd, n, what, where):
        who, other = sorted(crowd)
        self.book(who, what, where)
        self._act("wait", partial(self.world.wait, other, what, where[0]))
        self.cancel(n)
        self._let_pass("places freed", release_places(self.world.ports))

    @rule(minutes=st.sampled_from(WAITS))
    def time_passes(self, minutes):
        self.world.ports.clock.advance(minutes=minutes)
        self._let_pass("jobs", self.world.run_jobs())

    def _let_pass(self, name: str, work: Coroutine) -> None:
        before, offered = self.seen, self._count_offered()
        self.do(work)
        self._look(name, before)
        type(self).offers += max(0, self._count_offered() - offered)

    def _count_offered(self) -> int:
        return sum(one[0] == "WaitlistEntry" and one[2] == "offered" for one in self.seen.rows)

    def _act(self, name: str, work: Callable[[], Awaitable]) -> bool:
        """Do one thing in its transaction; tell whether it was done."""
        return self._act_at_once(name, [work]) == 1

    def _act_at_once(self, name: str, works: Collection[Callable[[], Awaitable]]) -> int:
        """Do things in a transaction each; return how many were done."""
        return self._act_all(name, [partial(in_transaction, work) for work in works])

    def _act_all(self, name: str, works: Collection[Callable[[], Awaitable]]) -> int:
        before = self.seen
        done = sum(self.do(do_at_once(works)))
        self._look(name if done else f"{name} refused", before)
        if not done:
            assert self.seen == before, f"{name} was refused and yet changed something"
        return done

    def _look(self, name: str, before: Seen) -> None:
        self.outcomes[name] += 1
        self.seen = self.do(self.world.look())
        judge(before, self.seen)

    def _is_bookable(self, who: int, what: int, where) -> bool:
        seen, digest = self.seen, self.world.people[who].person_digest
        quanta = self.world.quanta[what]
        spanned = [seen.slots.get((where[0], time_of(where) + n * QUANTUM)) for n in range(quanta)]
        has_room = all(slot and slot[1] < slot[0] for slot in spanned)
        [code] = self.world.codes(what)
        is_free = seen.live[digest] < MOST_LIVE and not seen.items[digest, code]
        return has_room and is_free and time_of(where) > self.world.now

    def _pick(self, n: int, model, *states):
        """Return one of the rows if there are any; which, and so what is done, may be a race."""
        rows = self.do(_rows(model, states))
        return rows[n % len(rows)] if rows else None

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


async def _rows(model, states) -> list:
    rows = model.filter(state__in=states) if states else model.all()
    return await rows.order_by("id")


@proof("sequences", group="appointments")
def prove_sequences() -> str:
    """2,000 sequences of up to six steps, each step judged."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = contextlib.AsyncExitStack()
        try:
            system = runner.run(stack.enter_async_context(start_system()))
            Visits.world = runner.run(open_small_world(system, stack))
            Visits.do = staticmethod(runner.run)
            runner.run(Visits.world.begin())
            Visits.empty = runner.run(Visits.world.look())
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
    assert Visits.offers, "nobody who waited was offered anything"
    told = ", ".join(f"{name} {count}" for name, count in sorted(Visits.outcomes.items()))
    steps = f"{sum(Visits.outcomes.values())} steps, {Visits.offers} offers to who waited"
    return f"{Visits.sequences} sequences, {steps}: {told}"
