"""The one httpx client: deadlines, size limits, repeats and the breaker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from tenacity.wait import wait_base

from integrations.contracts.errors import VendorUnavailable
from integrations.http.breaker import CircuitBreaker
from integrations.http.calls import Repeat, VendorCall, VendorReply

# Both write whole URLs, and a vendor's query string holds secrets.
for noisy in ("httpx", "httpcore"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

logger = structlog.get_logger(__name__)

ATTEMPTS = 3
NOTHING_SENT = frozenset({"connect_error", "connect_timeout"})
CUT_SHORT = NOTHING_SENT | {"timeout", "cut_off"}
CODES: tuple[tuple[type[httpx.HTTPError], str], ...] = (
    (httpx.ConnectTimeout, "connect_timeout"),
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "connect_error"),
)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of one vendor's client; `total_s` spans all attempts and the waits between them."""

    connect_s: float = 2.0
    read_s: float = 5.0
    total_s: float = 10.0
    connections: int = 50
    response_bytes: int = 4 * 1024 * 1024


class VendorClient:
    """Calls one vendor; every failure on the way is `VendorUnavailable`.

    Codes: `connect_error`, `connect_timeout`, `timeout`, `deadline`, `cut_off`, `too_large`,
    `encoded`, `pool_full`, `circuit_open` and `http_<status>` for 3xx, 429 and 5xx.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        limits: CallLimits | None = None,
        breaker: CircuitBreaker | None = None,
        retry_wait: wait_base | None = None,
    ) -> None:
        self.vendor = vendor
        self._base_url = base_url.rstrip("/")
        self._limits = limits or CallLimits()
        self._breaker = breaker or CircuitBreaker(vendor)
        self._retry_wait = retry_wait or wait_random_exponential(max=2)
        self._free = asyncio.Semaphore(self._limits.connections)
        self._idle: list[httpx.AsyncClient] = []
        self._tls = httpx.create_ssl_context(trust_env=False)

    async def request(
        self, call: VendorCall, *, repeat: Repeat = Repeat.NEVER, deadline_s: float | None = None
    ) -> VendorReply:
        """Return the vendor's answer, whatever it says, within `deadline_s` or the limit."""
        total_s = self._limits.total_s
        try:
            async with asyncio.timeout(total_s if deadline_s is None else min(deadline_s, total_s)):
                return await self._repeat(call, repeat)
        except TimeoutError:
            failure = VendorUnavailable(self.vendor, code="deadline")
            if deadline_s is None:
                self._breaker.count_failure(failure)
        except VendorUnavailable as error:
            failure = error
        logger.warning("vendor_call_failed", vendor=self.vendor, path=call.path, code=failure.code)
        raise failure

    async def close(self) -> None:
        """Close every connection; calls under way keep theirs to their end."""
        while self._idle:
            await self._idle.pop().aclose()

    async def _repeat(self, call: VendorCall, repeat: Repeat) -> VendorReply:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._retry_wait,
            retry=retry_if_exception(lambda error: _may_repeat(error, repeat)),
            reraise=True,
        )
        return await retrying(self._attempt, call)

    async def _attempt(self, call: VendorCall) -> VendorReply:
        async with self._lease() as http:
            with self._breaker.guard():
                return await self._exchange(http, call)

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[httpx.AsyncClient]:
        # One httpx client per connection: shared among many, its pool hands the same connection
        # to several callers, lets them fight for it, and forgets who came first.
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self._free.acquire()
        except TimeoutError:
            raise VendorUnavailable(self.vendor, code="pool_full") from None
        http = self._idle.pop() if self._idle else self._open()
        try:
            yield http
        finally:
            self._idle.append(http)
            self._free.release()

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._tls,
            timeout=httpx.Timeout(self._limits.read_s, connect=self._limits.connect_s),
            limits=httpx.Limits(max_keepalive_connections=1),
            # Compressed answers are not asked for: a small one could unfold beyond the limit.
            headers={"accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    async def _exchange(self, http: httpx.AsyncClient, call: VendorCall) -> VendorReply:
        try:
            return await self._send(http, call)
        except httpx.HTTPError as error:
            code = _name_failure(error)
        # Raised out here, so that httpx's error, which carries the URL, is not chained to it.
        raise VendorUnavailable(self.vendor, code=code)

    async def _send(self, http: httpx.AsyncClient, call: VendorCall) -> VendorReply:
        async with http.stream(
            call.method,
            self._base_url + call.path,
            params=call.query or None,
            headers=call.headers,
            content=call.body or None,
        ) as response:
            self._check_head(response)
            body = await self._read(response)
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return VendorReply(response.status_code, content_type, body)

    def _check_head(self, response: httpx.Response) -> None:
        status = response.status_code
        if status // 100 in {3, 5} or status == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorUnavailable(self.vendor, code=f"http_{status}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise VendorUnavailable(self.vendor, code="encoded")

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._limits.response_bytes:
                raise VendorUnavailable(self.vendor, code="too_large")
        return bytes(body)


def _name_failure(error: httpx.HTTPError) -> str:
    return next((code for kind, code in CODES if isinstance(error, kind)), "cut_off")


def _may_repeat(error: BaseException, repeat: Repeat) -> bool:
    if not isinstance(error, VendorUnavailable) or repeat is Repeat.NEVER:
        return False
    if repeat is Repeat.ON_CONNECT_ERROR:
        return error.code in NOTHING_SENT
    return error.code in CUT_SHORT or error.code.startswith("http_5")
