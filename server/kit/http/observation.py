"""What can be seen of a running process: request ids, access log, metrics, health."""

import logging
import re
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from itertools import accumulate

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from config.logging import LineLog, mask
from models.fields import new_id

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUIET = frozenset({"healthz", "readyz", "metrics"})
BOUNDS_S = Histogram.DEFAULT_BUCKETS

Probe = Callable[[], Awaitable[dict[str, bool]]]
"""Tells of each part that is needed whether it answers."""


class Answers(Collector):
    """Counts and times the answers of one process: numbers in lists, made metrics when asked."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._by_bound: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(BOUNDS_S))

    def note(self, route: str, status: int, elapsed_s: float) -> None:
        """Count one answer."""
        self._counts[route, status] += 1
        self._seconds[route] += elapsed_s
        self._by_bound[route][bisect_left(BOUNDS_S, elapsed_s)] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far."""
        counted = CounterMetricFamily("tongban_requests", "Answers", labels=["route", "status"])
        for (route, status), count in self._counts.items():
            counted.add_metric([route, str(status)], count)
        yield counted
        timed = HistogramMetricFamily("tongban_request_seconds", "Time to answer", labels=["route"])
        for route, counts in self._by_bound.items():
            buckets = zip(map(floatToGoString, BOUNDS_S), accumulate(counts), strict=True)
            timed.add_metric([route], list(buckets), self._seconds[route])
        yield timed


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Answers()
        self.registry.register(self.answers)


def observe(app: Sanic, *, metrics: Metrics, access_log: bool) -> None:  # type: ignore[type-arg]
    """Give every request an id, time it, count it, and write a line about it."""
    log = LineLog("access", logging.INFO)

    async def begin(request: Request) -> None:
        given = request.headers.get("x-request-id", "")
        is_given = REQUEST_ID.fullmatch(given) is not None
        request.ctx.request_id = given if is_given else new_id()
        request.ctx.logged_id = mask(given) if is_given else request.ctx.request_id
        request.ctx.started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request.ctx.request_id)

    async def end(request: Request, response: BaseHTTPResponse) -> None:
        route = _route_name(request)
        elapsed_s = time.perf_counter() - getattr(request.ctx, "started", time.perf_counter())
        metrics.answers.note(route, response.status, elapsed_s)
        if access_log and log.is_wanted and route not in QUIET:
            actor = getattr(request.ctx, "actor", None)
            log.write(
                event="request",
                route=route,
                method=request.method,
                status=response.status,
                ms=round(elapsed_s * 1000, 1),
                actor=actor.name if actor else "",
                request_id=request.ctx.logged_id,
            )

    app.on_request(begin, priority=100)
    app.on_response(end)  # type: ignore[no-untyped-call]


def _route_name(request: Request) -> str:
    return request.route.name.rpartition(".")[2] if request.route else "unrouted"


def mount(app: Sanic, *, metrics: Metrics, probe: Probe) -> None:  # type: ignore[type-arg]
    """Serve `/healthz` (the process lives), `/readyz` (it can serve) and `/metrics`."""

    async def healthz(_: Request) -> HTTPResponse:
        return HTTPResponse('{"alive":true}', content_type="application/json")

    async def readyz(_: Request) -> HTTPResponse:
        parts = await probe()
        ready = all(parts.values()) and not getattr(app.ctx, "is_stopping", False)
        words = ",".join(f'"{name}":{str(fine).lower()}' for name, fine in parts.items())
        return HTTPResponse(
            f'{{"ready":{str(ready).lower()},"parts":{{{words}}}}}',
            status=200 if ready else 503,
            content_type="application/json",
        )

    async def scrape(_: Request) -> HTTPResponse:
        return HTTPResponse(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)

    app.add_route(healthz, "/healthz", name="healthz")
    app.add_route(readyz, "/readyz", name="readyz")
    app.add_route(scrape, "/metrics", name="metrics")
