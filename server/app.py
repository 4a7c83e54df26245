"""The HTTP application: routes mounted one by one, deny by default."""

from collections.abc import Iterable

from sanic import Sanic
from sanic.handlers import ErrorHandler

from config.settings import Settings
from server.kit.access import Authenticator
from server.kit.http import documentation, observation, openapi, problems
from server.kit.http.limits import Limits
from server.kit.http.pipeline import Pipeline
from server.kit.http.routes import Route, Surface
from server.kit.http.streams import OpenStreams, StreamLimits
from server.kit.ports import Ports

PREFIX = "/api/v1"
VERSION = "1"
JSON_LIMIT_BYTES = 256 * 1024
UPLOAD_SLACK_BYTES = 64 * 1024
REQUEST_TIMEOUT_S = 30
GRACE_S = 15.0

UNGUARDED = frozenset({"healthz", "readyz", "metrics", "docs_openapi", "docs_page", "docs_start"})
"""The routes outside the pipeline; anything else without a policy stops the start."""


class ProblemHandler(ErrorHandler):
    """Answers whatever goes wrong outside of a route as a problem document."""

    def default(self, request, exception):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Render the problem."""
        return problems.handle(request, exception)


def create_app(
    surfaces: Iterable[Surface],
    ports: Ports,
    *,
    authenticate: Authenticator,
    probe: observation.Probe,
    name: str = "tongban",
) -> Sanic:  # type: ignore[type-arg]
    """Build the application from the capabilities' surfaces; nothing is discovered by itself."""
    app = Sanic(name, error_handler=ProblemHandler(), configure_logging=False)
    _configure(app, ports.settings)
    metrics = observation.Metrics()
    observation.observe(app, metrics=metrics, access_log=ports.settings.access_log)
    observation.mount(app, metrics=metrics, probe=probe)
    routes = [route for surface in surfaces for route in surface.routes]
    streams = OpenStreams(StreamLimits(ports.settings.streams_per_address))
    app.ctx.limits = Limits(ports.settings)
    pipeline = Pipeline(ports, authenticate=authenticate, limits=app.ctx.limits, streams=streams)
    _mount(app, routes, pipeline)
    app.before_server_stop(lambda *_: streams.end_all())
    documentation.mount(app, openapi.describe(routes, prefix=PREFIX, version=VERSION))
    _refuse_unguarded(app, routes)
    return app


def _configure(app: Sanic, settings: Settings) -> None:  # type: ignore[type-arg]
    app.config.ACCESS_LOG = False
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.REQUEST_MAX_SIZE = max(JSON_LIMIT_BYTES, settings.upload_limit_bytes // 8)
    app.config.REQUEST_TIMEOUT = REQUEST_TIMEOUT_S
    app.config.RESPONSE_TIMEOUT = REQUEST_TIMEOUT_S
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_S
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.PROXIES_COUNT = settings.trusted_proxies or None
    app.config.OAS = False


def _mount(app: Sanic, routes: list[Route], pipeline: Pipeline) -> None:  # type: ignore[type-arg]
    for route in routes:
        app.add_route(
            pipeline.serve(route),
            PREFIX + route.path,
            methods=[route.method],
            name=route.name,
            stream=route.takes_upload,
        )


def _refuse_unguarded(app: Sanic, routes: list[Route]) -> None:  # type: ignore[type-arg]
    guarded = {route.name for route in routes} | UNGUARDED
    found = {route.name.rpartition(".")[2] for route in app.router.routes}
    unguarded = {name for name in found - guarded if not name.startswith("docs_")}
    if unguarded:
        raise RuntimeError(f"routes without a policy: {', '.join(sorted(unguarded))}")
