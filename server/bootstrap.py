"""The composition root: the one module that names vendors and puts the parts together."""

from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from sanic import Sanic

from config.settings import Settings
from integrations.contracts.carrier import Carrier, Carriers
from integrations.contracts.clock import Clock
from integrations.contracts.scanner import Scanner
from integrations.ems.client import EmsClient
from integrations.gm.cipher import ColumnCipher
from integrations.http.breaker import CircuitBreaker
from integrations.http.client import VendorClient
from integrations.scanner.clamd import ClamdScanner
from integrations.scanner.embedded import EmbeddedScanner
from integrations.sf.client import SfClient
from integrations.storage.folder import FolderStore
from integrations.system_clock import SystemClock
from integrations.wechat.client import WechatClient
from models.fields import use_cipher
from server.app import create_app
from server.identity.sessions import SessionDirectory
from server.kit.challenges import Challenges
from server.kit.database import answers, close_database, open_database
from server.kit.outbox import subscribe
from server.kit.ports import Ports
from server.kit.redis import RedisError, open_redis
from server.kit.rush import Rush
from server.kit.tallies import Exchange
from server.kit.transaction import finish_running, guard_database
from server.wiring import CONSUMERS, SURFACES, wire_capabilities

READY_WITHIN_S = 2.0


class Engine:
    """One process of the product: built without touching anything, opened, closed."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        cipher = build_cipher(settings)
        use_cipher(cipher)
        bases = {
            "wechat": settings.wechat_api_base,
            "ems": settings.ems_api_base,
            "sf": settings.sf_api_base,
            "sf_files": settings.sf_files_base,
        }
        self._http = {vendor: _client(vendor, base, settings) for vendor, base in bases.items()}
        time = clock or SystemClock()
        redis = open_redis(settings.redis_url)
        self.ports = Ports(
            settings=settings,
            clock=time,
            cipher=cipher,
            blobs=FolderStore(settings.data_folder / "blobs", cipher),
            scanner=_scanner(settings),
            mini_program=_wechat(settings, self._http["wechat"], time),
            carriers=_carriers(settings, self._http, time),
            redis=redis,
            rush=Rush(settings, time),
            challenges=Challenges(settings, time, cipher, redis),
        )
        self.sessions = SessionDirectory(self.ports)

    async def open(self) -> None:
        """Open the database and connect consumers and sources."""
        await open_database(self.ports.settings)
        subscribe(*CONSUMERS)
        wire_capabilities()

    async def close(self) -> None:
        """Let transactions finish, then close every pool and client."""
        await finish_running()
        await close_database()
        with suppress(RedisError, OSError):
            await self.ports.redis.aclose()
        for client in self._http.values():
            await client.close()

    async def probe(self) -> dict[str, bool]:
        """Tell which of the parts that a request needs answer."""
        try:
            fine = await guard_database(answers, timeout_s=READY_WITHIN_S)
        except Exception:  # noqa: BLE001 - a probe reports, it does not fail
            fine = False
        return {"database": fine}


@asynccontextmanager
async def open_engine(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """Open an engine for the length of a block."""
    engine = Engine(settings, clock=clock)
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


def create_api(engine: Engine, *, name: str = "tongban") -> Sanic:  # type: ignore[type-arg]
    """Return the HTTP application of `engine`, which opens and closes with it."""
    app = create_app(
        SURFACES,
        engine.ports,
        authenticate=engine.sessions.authenticate,
        probe=engine.probe,
        name=name,
    )

    async def open_engine_first(_: Sanic) -> None:  # type: ignore[type-arg]
        await engine.open()

    async def watch_for_a_rush(_: Sanic) -> None:  # type: ignore[type-arg]
        ports = engine.ports
        tallies = [ports.rush.tally, *app.ctx.limits.tallies]
        exchange = Exchange(tallies, ports.clock, ports.redis)
        app.add_task(ports.rush.watch(exchange), name="rush")

    async def stop_being_ready(_: Sanic) -> None:  # type: ignore[type-arg]
        app.ctx.is_stopping = True

    async def close_engine_last(_: Sanic) -> None:  # type: ignore[type-arg]
        await engine.close()

    app.before_server_start(open_engine_first)
    app.after_server_start(watch_for_a_rush)
    app.before_server_stop(stop_being_ready)
    app.after_server_stop(close_engine_last)
    return app


def build_cipher(settings: Settings) -> ColumnCipher:
    """Return the cipher of the protected columns."""
    ColumnCipher.check_available()
    keys = {name: b64decode(key.get_secret_value()) for name, key in settings.column_keys.items()}
    return ColumnCipher(keys, b64decode(settings.digest_key.get_secret_value()))


def _client(vendor: str, base_url: str, settings: Settings) -> VendorClient:
    breaker = CircuitBreaker(vendor, recovery_s=float(settings.vendor_recovery_s))
    return VendorClient(vendor, base_url, breaker=breaker)


def _scanner(settings: Settings) -> Scanner:
    return ClamdScanner(settings.clamd_url) if settings.clamd_url else EmbeddedScanner()


def _wechat(settings: Settings, http: VendorClient, clock: Clock) -> WechatClient:
    return WechatClient(
        http,
        appid=settings.wechat_appid,
        secret=settings.wechat_secret.get_secret_value(),
        push_token=settings.wechat_push_token.get_secret_value(),
        push_aes_key=settings.wechat_push_aes_key.get_secret_value(),
        clock=clock,
    )


def _carriers(settings: Settings, http: Mapping[str, VendorClient], clock: Clock) -> Carriers:
    known: list[Carrier] = [
        _ems(settings, http["ems"], clock),
        _sf(settings, http["sf"], http["sf_files"], clock),
    ]
    by_name = {carrier.name: carrier for carrier in known}
    return Carriers(settings.carrier, by_name, settings.carriers_by_point)


def _sf(settings: Settings, http: VendorClient, files: VendorClient, clock: Clock) -> SfClient:
    return SfClient(
        http,
        files,
        files_base=settings.sf_files_base,
        partner_id=settings.sf_partner_id,
        check_word=settings.sf_check_word.get_secret_value(),
        monthly_card=settings.sf_monthly_card,
        clock=clock,
    )


def _ems(settings: Settings, http: VendorClient, clock: Clock) -> EmsClient:
    return EmsClient(
        http,
        sender_no=settings.ems_sender_no,
        authorization=settings.ems_authorization.get_secret_value(),
        sign_key=settings.ems_sign_key.get_secret_value(),
        project_id=settings.ems_project_id,
        clock=clock,
    )
