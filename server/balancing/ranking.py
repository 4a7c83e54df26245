"""Where a person is done soonest, part by part, and why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.catalog import ServicePoint
from models.kinds import PointLevel
from server.balancing.guidance import Choice
from server.balancing.loads import LOADS, HallLoad, Snapshot, minutes_of
from server.balancing.recommended import Recommendation, asker_of
from server.balancing.rules import ExpectedMinutes, Place
from server.catalog.service import get_item
from server.kit.messages import text
from server.kit.redis import Redis


@dataclass(frozen=True, slots=True)
class Question:
    """For which item points are ranked, and from where."""

    item_code: str | None = None
    start: Place | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RankedPoint:
    """A point, how far away it is in km if known, and what a person may expect there.

    `sources` say in words where travel, wait and service come from.
    """

    point: ServicePoint
    distance: float | None
    expected: ExpectedMinutes
    sources: tuple[str, str, str]

    @property
    def reason(self) -> str:
        """All of them in a line."""
        return text("ranking_joint").join(source for source in self.sources if source)


async def rank_points(question: Question, redis: Redis, *, now: datetime) -> list[RankedPoint]:
    """Return the open points that take an item, those where a person is done soonest first.

    Points without an open window come last. Without an item, all open points and no time for the
    service; without a start, no time for the way. Raises `UnknownItem`.
    """
    known, levels = await _look(question, redis, now)
    ranked = rank_known(question, levels, known, now=now)
    if ranked:
        await _remember(question, ranked[0], known, redis, now)
    return ranked


def rank_known(
    question: Question, levels: Collection[str], known: Snapshot, *, now: datetime
) -> list[RankedPoint]:
    """Return what `rank_points` does, for an item taken at points of these levels."""
    chosen = _choose(question, levels, known, minutes_of(now))
    return [_show(one, question, known) for one in chosen]


async def expect_everywhere(
    question: Question, redis: Redis, *, now: datetime
) -> Mapping[str, ExpectedMinutes]:
    """Return what to expect at each point that takes an item; raises `UnknownItem`."""
    known, levels = await _look(question, redis, now)
    ranked = rank_known(question, levels, known, now=now)
    return {one.point.code: one.expected for one in ranked}


async def _look(
    question: Question, redis: Redis, now: datetime
) -> tuple[Snapshot, Collection[str]]:
    code = question.item_code
    levels = (await get_item(code)).accepted_at_levels if code else [*map(str, PointLevel)]
    return await LOADS.look(redis, now=now), levels


def _choose(
    question: Question, levels: Collection[str], known: Snapshot, now: float
) -> Iterator[Choice]:
    left = question.limit
    for is_staffed in (True, False):
        board = known.board_of(levels, is_staffed=is_staffed)
        ranked = (
            board.rank_waits(now)[:left]
            if question.start is None
            else board.rank(*known.place_of(question.start), now, limit=left)
        )
        yield from ranked
        left -= len(ranked)
        if left <= 0:
            return


async def _remember(
    question: Question, first: RankedPoint, known: Snapshot, redis: Redis, now: datetime
) -> None:
    if question.start is None:
        return
    arrives_at = now + timedelta(minutes=first.expected.travel)
    asker = asker_of(question.start, question.item_code)
    shown = Recommendation(first.point.code, asker, arrives_at)
    if LOADS.recommended.note(shown):
        known.expect(first.point.code, arrives_at)
        await LOADS.recommended.tell(redis, shown)


def _show(choice: Choice, question: Question, known: Snapshot) -> RankedPoint:
    code = choice.point.code
    item = question.item_code
    service = known.items.of([item]) if item else 0.0
    distance = None if question.start is None else choice.distance_km
    sources = (
        "" if distance is None else text("ranking_travel", distance=f"{distance:.1f}"),
        _tell_queue(known.loads[code]),
        _tell_service(item, service, known),
    )
    expected = ExpectedMinutes(choice.travel, choice.wait, service)
    return RankedPoint(known.points[code], distance, expected, sources)


def _tell_queue(load: HallLoad) -> str:
    waiting = len(load.waiting)
    if not load.windows_open:
        return text("ranking_no_window_open", waiting=waiting)
    told = text("ranking_queue", windows=load.windows_open, waiting=waiting)
    if load.coming:
        told += text("ranking_coming", coming=len(load.coming))
    return told


def _tell_service(item: str | None, minutes: float, known: Snapshot) -> str:
    if item is None:
        return ""
    kind = "ranking_measured" if item in known.items.measured else "ranking_planned"
    return text(kind, minutes=round(minutes))
