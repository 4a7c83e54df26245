"""What can be seen of a running process: request ids, access log, metrics, health."""

import re
import time
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from models.fields import new_id

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUIET = frozenset({"healthz", "readyz", "metrics"})

log = structlog.get_logger("access")

Probe = Callable[[], Awaitable[dict[str, bool]]]
"""Tells of each part that is needed whether it answers."""


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tongban_requests", "Answers", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "tongban_request_seconds", "Time to answer", ["route"], registry=self.registry
        )
        self.under_way = Gauge(
            "tongban_requests_under_way", "Requests under way", registry=self.registry
        )


def observe(app: Sanic, *, metrics: Metrics, access_log: bool) -> None:  # type: ignore[type-arg]
    """Give every request an id, time it, count it, and write a line about it."""

    async def begin(request: Request) -> None:
        given = request.headers.get("x-request-id", "")
        request.ctx.request_id = given if REQUEST_ID.fullmatch(given) else new_id()
        request.ctx.started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request.ctx.request_id)

    async def end(request: Request, response: BaseHTTPResponse) -> None:
        route = _route_name(request)
        elapsed_s = time.perf_counter() - getattr(request.ctx, "started", time.perf_counter())
        metrics.requests.labels(route, response.status).inc()
        metrics.seconds.labels(route).observe(elapsed_s)
        if access_log and route not in QUIET:
            _write_line(request, response, route=route, elapsed_s=elapsed_s)

    app.on_request(begin, priority=100)
    app.on_response(end)  # type: ignore[no-untyped-call]


def _write_line(
    request: Request, response: BaseHTTPResponse, *, route: str, elapsed_s: float
) -> None:
    actor = getattr(request.ctx, "actor", None)
    log.info(
        "request",
        route=route,
        method=request.method,
        status=response.status,
        ms=round(elapsed_s * 1000, 1),
        actor=actor.name if actor else "",
    )


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
