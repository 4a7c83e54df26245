"""The display of a hall as events: whom it calls from now on, or from where it left off."""

import json
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from tortoise.functions import Count

from models.kinds import WindowKind
from models.queueing import HallCounter, HallNews, QueueTicket
from models.states import TicketState
from server.catalog.rules import local_day
from server.kit.errors import Busy
from server.kit.http.call import ServerEvent
from server.kit.ports import Ports
from server.kit.transaction import guard_database
from server.queueing.bells import tower_of
from server.queueing.display import show_hall

MOST_MISSED = 100
MISSED_FOR = timedelta(minutes=15)
"""Calls that are older are over: whoever missed them is shown how things stand."""

LONGEST_CHANGE = 18


class HallFeed:
    """What one display has been told of one hall."""

    def __init__(self, point_code: str, ports: Ports, *, last_event_id: str = "") -> None:
        self._point_code = point_code
        self._ports = ports
        self._after = _as_change(last_event_id)
        self._waiting: dict[str, int] = {}

    async def events(self) -> AsyncGenerator[ServerEvent, None]:
        """Yield a snapshot, unless the display may go on from before; then each change.

        `snapshot` holds what the display shows, `called`, `recalled` and `cleared` a number and a
        window, `waiting` how many wait for each kind.
        """
        with tower_of(self._ports).listen(self._point_code) as bell:
            while True:
                try:
                    told = await guard_database(self._read)
                except Busy:
                    told = []
                    bell.ring()
                for event in told:
                    yield event
                await bell.wait()

    async def _read(self) -> list[ServerEvent]:
        now = self._ports.now()
        # Counted before the news is read: a call is told before it is missing from those who wait.
        waiting = await _count_waiting(self._point_code, now)
        news = await self._news(now)
        told = [await self._snapshot(now)] if news is None else [_as_event(one) for one in news]
        if news:
            self._after = news[-1].change
        if waiting != self._waiting:
            self._waiting = waiting
            told.append(ServerEvent(json.dumps(waiting), name="waiting"))
        return told

    async def _news(self, now: datetime) -> list[HallNews] | None:
        """Return what is new since the last event; None where the display has to begin anew."""
        if self._after is None:
            return None
        later = HallNews.filter(point_code=self._point_code, change__gt=self._after)
        news = await later.order_by("change").limit(MOST_MISSED + 1)
        if len(news) > MOST_MISSED or (news and news[0].told_at < now - MISSED_FOR):
            return None
        if not news and self._after > await _last_change(self._point_code):
            return None
        return news

    async def _snapshot(self, now: datetime) -> ServerEvent:
        # Its number first: what happens meanwhile is told once more rather than never.
        self._after = await _last_change(self._point_code)
        shown = await show_hall(self._point_code, now=now)
        return ServerEvent(shown.model_dump_json(), name="snapshot", id=str(self._after))


def _as_event(news: HallNews) -> ServerEvent:
    shown = {"label": news.label, "window_no": news.window_no}
    return ServerEvent(json.dumps(shown), name=news.kind, id=str(news.change))


def _as_change(last_event_id: str) -> int | None:
    is_ours = last_event_id.isdecimal() and len(last_event_id) <= LONGEST_CHANGE
    return int(last_event_id) if is_ours else None


async def _last_change(point_code: str) -> int:
    counter = await HallCounter.get_or_none(point_code=point_code)
    return 0 if counter is None else counter.last_number


async def _count_waiting(point_code: str, now: datetime) -> dict[str, int]:
    waiting = QueueTicket.filter(
        point_code=point_code, day=local_day(now), state=TicketState.WAITING
    )
    rows = await waiting.annotate(count=Count("id")).group_by("kind").values("kind", "count")
    counts = {row["kind"]: row["count"] for row in rows}
    return {kind.value: counts.get(kind, 0) for kind in WindowKind}
