"""A day of pre-reviews on the real service functions, driven by a clock that skips the waiting.

Reviewers of every point ask for work, take as long as was drawn for it, finish, ask again. Points
go dark in mid-day. The same day with one common queue for everybody is the measure.
"""

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import fmean

from models.appointments import Slot
from models.bookkeeping import Transition
from models.catalog import ServiceItem, ServicePoint
from models.kinds import PointLevel, WindowKind
from models.prereview import ReviewTask
from models.states import ReviewTaskState
from server.balancing import presence, reviews
from server.balancing.errors import LeaseLost, PointIsDark
from server.balancing.reviews import ReviewRequest
from server.balancing.tasks import drain_dark_points, repair_hints, take_out_silent_points
from server.catalog.service import forget_caches
from server.kit.access import ENGINE, Actor, Role
from server.kit.errors import ChangedMeanwhile
from server.kit.ports import Ports
from server.kit.relay import Relay
from server.kit.transaction import in_transaction
from tests.support.clock import FrozenClock

OPENS = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
"""Half past eight on a Tuesday in Fuzhou."""
DAY_S, NOON_S = 8 * 3600, 4 * 3600
DUE_WITHIN = timedelta(hours=2)
AT_ONCE = 16
SLICE_S, POLL_S, TICK_S, BEAT_S, REPAIR_S = 2.0, 15.0, 60.0, 240.0, 300.0
MEAN_MINUTES, SIGMA, SEED = 6.0, 0.6, 1
PLANNED_MINUTES = 7
WISHES, ELDERS, GONE = 0.3, 0.15, 0.2
HANDS = 3
"""As many reviewers as the shipped points have, times this, share the work of a full day."""
FULL_DAY = 20_000

NO_TROUBLES: Mapping[float, Callable[[], None]] = {}
Happening = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Paper:
    """One pre-review: when it comes, of which item, and how long it will take."""

    name: str
    at_s: float
    takes_s: float
    item_code: str
    wish: str | None
    is_elder: bool


@dataclass(frozen=True)
class Plan:
    """What will happen: papers, reviewers by point, and the points that go dark, with how."""

    papers: list[Paper]
    reviewers: dict[str, int]
    silent: frozenset[str]
    evacuated: frozenset[str]

    def is_dark(self, point: str, at_s: float) -> bool:
        return at_s >= NOON_S and point in self.silent | self.evacuated


def draw_plan(
    size: int, points: dict[str, int], items: list[str], *, minutes: float = MEAN_MINUTES
) -> Plan:
    """Draw a day; where there are fewer papers than on a full one, fewer reviewers look at them."""
    chance = random.Random(SEED)
    gone = chance.sample(sorted(points), round(GONE * len(points)))
    hands = HANDS * size / FULL_DAY
    reviewers = {code: max(1, round(count * hands)) for code, count in points.items()}
    papers = [
        Paper(
            name=f"paper-{number}",
            at_s=at_s,
            takes_s=60 * minutes * chance.lognormvariate(-(SIGMA**2) / 2, SIGMA),
            item_code=chance.choice(items),
            wish=chance.choice(sorted(points)) if chance.random() < WISHES else None,
            is_elder=chance.random() < ELDERS,
        )
        for number, at_s in enumerate(sorted(_draw_arrival(chance) for _ in range(size)))
    ]
    half = len(gone) // 2
    return Plan(papers, reviewers, frozenset(gone[:half]), frozenset(gone[half:]))


def _draw_arrival(chance: random.Random) -> float:
    """A peak in the morning and one in the afternoon over a steady rest."""
    kind = chance.random()
    if kind < 0.4:
        return chance.uniform(0, 0.9 * DAY_S)
    peak_s = 1.5 * 3600 if kind < 0.7 else 5.5 * 3600
    return min(max(0.0, chance.gauss(peak_s, 2400)), 0.9 * DAY_S)


@dataclass
class Course:
    """What happened: how long each paper waited, and what is odd."""

    waits_s: dict[str, float] = field(default_factory=dict)
    late: int = 0
    lost_leases: int = 0


class ReviewDay:
    """Runs a plan against an engine; `troubles` are things to do at some seconds of the day."""

    def __init__(
        self,
        plan: Plan,
        ports: Ports,
        clock: FrozenClock,
        troubles: Mapping[float, Callable[[], None]] = NO_TROUBLES,
    ) -> None:
        self._plan = plan
        self._ports = ports
        self._clock = clock
        self._paper = {paper.name: paper for paper in plan.papers}
        self._relay = Relay(ports, worker_id="day")
        self._numbers = itertools.count()
        self._agenda: list[tuple[float, int, Happening]] = []
        self._waiting = 0
        self._asking = 0
        self._room = asyncio.Semaphore(AT_ONCE)
        self.course = Course()
        for paper in plan.papers:
            self._plan_for(paper.at_s, self._submitter(paper))
        for code, count in plan.reviewers.items():
            self._plan_for(1.0, self._beater(code))
            for number in range(count):
                reviewer = Actor(Role.CLERK, id=f"{code}/{number}", point_code=code)
                self._plan_for(1.0 + number / 10, self._asker(reviewer))
        for code in plan.evacuated:
            self._plan_for(NOON_S, self._evacuater(code))
        for at_s, trouble in troubles.items():
            self._plan_for(at_s, _troubler(trouble))
        self._plan_for(TICK_S, self._tick)
        self._plan_for(REPAIR_S, self._repair)

    async def run(self) -> Course:
        """Let the day pass until all is reviewed."""
        while self._agenda and len(self.course.waits_s) < len(self._plan.papers):
            until_s = self._agenda[0][0] + SLICE_S
            now_at = OPENS + timedelta(seconds=self._agenda[0][0])
            self._clock.advance(seconds=max(0, (now_at - self._clock.now()).total_seconds()))
            due = []
            while self._agenda and self._agenda[0][0] < until_s:
                at_s, _, happening = heapq.heappop(self._agenda)
                due.append(self._let(happening, at_s))
            async with asyncio.TaskGroup() as group:
                for happening in due:
                    group.create_task(happening)
        return self.course

    async def _let(self, happening: Happening, at_s: float) -> None:
        async with self._room:
            await happening(at_s)

    def _plan_for(self, at_s: float, happening: Happening) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._numbers), happening))

    def _submitter(self, paper: Paper) -> Happening:
        async def submit(at_s: float) -> None:
            now = _at(at_s)
            request = ReviewRequest(
                pre_review_id=paper.name,
                round_no=1,
                item_code=paper.item_code,
                wished_point_code=paper.wish,
                due_at=now + DUE_WITHIN,
                minutes=PLANNED_MINUTES,
                is_elder=paper.is_elder,
            )
            redis = self._ports.redis
            await in_transaction(
                lambda: reviews.enqueue(request, actor=ENGINE, now=now, redis=redis)
            )
            self._waiting += 1

        return submit

    def _asker(self, reviewer: Actor) -> Happening:
        point = reviewer.point_code or ""

        async def ask(at_s: float) -> None:
            if self._plan.is_dark(point, at_s):
                return
            if self._asking >= self._waiting:
                # It would find nothing: only the asking is left out.
                self._plan_for(at_s + POLL_S, ask)
                return
            try:
                task = await self._claim(reviewer, _at(at_s))
            except PointIsDark:
                return
            if task is None:
                self._plan_for(at_s + POLL_S, ask)
                return
            ends_s = at_s + self._paper[task.pre_review_id].takes_s
            self._plan_for(ends_s, self._finisher(reviewer, task, at_s))

        return ask

    async def _claim(self, reviewer: Actor, now: datetime) -> ReviewTask | None:
        point = reviewer.point_code or ""
        self._asking += 1
        try:
            task = await in_transaction(
                lambda: reviews.claim_next(point, reviewer, now=now, ports=self._ports)
            )
        finally:
            self._asking -= 1
        self._waiting -= task is not None
        return task

    def _finisher(self, reviewer: Actor, task: ReviewTask, began_s: float) -> Happening:
        async def finish(at_s: float) -> None:
            if self._plan.is_dark(reviewer.point_code or "", at_s):
                return
            try:
                await in_transaction(
                    lambda: reviews.finish(
                        task.pre_review_id,
                        fence=task.fence,
                        reviewer=reviewer,
                        now=_at(at_s),
                        redis=self._ports.redis,
                    )
                )
            except LeaseLost:
                self.course.lost_leases += 1
            else:
                self._note(task.pre_review_id, began_s, at_s)
            await self._asker(reviewer)(at_s)

        return finish

    def _note(self, name: str, began_s: float, ended_s: float) -> None:
        paper, course = self._paper[name], self.course
        assert name not in course.waits_s, f"{name} was finished twice"
        course.waits_s[name] = began_s - paper.at_s
        course.late += ended_s > paper.at_s + DUE_WITHIN.total_seconds()

    def _beater(self, code: str) -> Happening:
        desk = Actor(Role.CLERK, id=f"{code}/desk", point_code=code)

        async def beat(at_s: float) -> None:
            if self._plan.is_dark(code, at_s):
                return
            await in_transaction(lambda: presence.hear(code, actor=desk, now=_at(at_s)))
            self._plan_for(at_s + BEAT_S, beat)

        return beat

    def _evacuater(self, code: str) -> Happening:
        async def evacuate(at_s: float) -> None:
            await in_transaction(
                lambda: presence.evacuate(code, actor=ENGINE, now=_at(at_s), reason="drill")
            )

        return evacuate

    async def _tick(self, at_s: float) -> None:
        ports, now = self._ports, self._ports.now()
        await take_out_silent_points(ports)
        while await self._relay.run_once():
            pass
        for task in await reviews.find_lapsed(now=now):
            try:
                await in_transaction(
                    lambda task=task: reviews.give_back(task.id, now=now, redis=ports.redis)
                )
            except ChangedMeanwhile:
                continue
            self._waiting += 1
        await drain_dark_points(ports)
        self._plan_for(at_s + TICK_S, self._tick)

    async def _repair(self, at_s: float) -> None:
        await repair_hints(self._ports)
        self._plan_for(at_s + REPAIR_S, self._repair)


def run_pooled(plan: Plan) -> list[float]:
    """Return the waits in seconds if all reviewers took from one queue, earliest come first.

    Reviewers leave as in the plan; what they had in hand is taken up again at once.
    """
    waiting: list[tuple[float, str]] = []
    free: list[tuple[float, str]] = [
        (1.0, code) for code, count in plan.reviewers.items() for _ in range(count)
    ]
    heapq.heapify(free)
    coming = [(paper.at_s, paper.name) for paper in plan.papers]
    papers = {paper.name: paper for paper in plan.papers}
    waits: list[float] = []
    while coming or waiting:
        at_s, code = heapq.heappop(free)
        while coming and coming[0][0] <= at_s:
            heapq.heappush(waiting, heapq.heappop(coming))
        if plan.is_dark(code, at_s):
            continue
        if not waiting:
            heapq.heappush(free, (coming[0][0], code))
            continue
        _, name = heapq.heappop(waiting)
        paper = papers[name]
        ends_s = at_s + paper.takes_s
        if plan.is_dark(code, ends_s):
            heapq.heappush(coming, (max(NOON_S, at_s), name))
            continue
        waits.append(at_s - paper.at_s)
        heapq.heappush(free, (ends_s, code))
    return waits


async def open_points(clock: FrozenClock) -> tuple[dict[str, int], list[str]]:
    """Let every point take every item and work all day; return reviewers and item codes."""
    await ServiceItem.all().update(accepted_at_levels=[level.value for level in PointLevel])
    points = await ServicePoint.all().order_by("code")
    await Slot.bulk_create(
        Slot(
            point_code=point.code,
            kind=WindowKind.ACCEPT,
            starts_at=OPENS + timedelta(hours=hour),
            capacity=1,
        )
        for point in points
        for hour in range(24)
    )
    forget_caches()
    clock.advance(seconds=(OPENS - clock.now()).total_seconds())
    items = await ServiceItem.filter(is_current=True).order_by("code")
    return {point.code: point.reviewers for point in points}, [item.code for item in items]


async def count_finished() -> tuple[int, int]:
    """Return how many reviews are done, and how many moves to done were written."""
    done = ReviewTaskState.DONE
    return (
        await ReviewTask.filter(state=done).count(),
        await Transition.filter(aggregate="ReviewTask", to_state=done).count(),
    )


def mean_minutes(waits_s: Collection[float]) -> float:
    """Return the mean in minutes."""
    return fmean(waits_s) / 60


def _troubler(trouble: Callable[[], None]) -> Happening:
    async def happen(_: float) -> None:
        trouble()

    return happen


def _at(at_s: float) -> datetime:
    return OPENS + timedelta(seconds=at_s)
