import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json, raw, text
from structlog.testing import capture_logs
from tenacity import wait_none

from deploy.children import find_free_port
from integrations.contracts.errors import VendorUnavailable
from integrations.http import (
    CallLimits,
    CircuitBreaker,
    Repeat,
    VendorCall,
    VendorClient,
    parse_object,
)
from integrations.sandbox_faults import Fault, FaultKind, FaultSwitch
from tests.support.sanic_server import serve

SECRET = "s3cret-in-the-query"
CALL = VendorCall.get("/thing", {"secret": SECRET})
LIMITS = CallLimits(connect_s=1.0, read_s=0.2, total_s=2.0, connections=2, response_bytes=1000)


class Vendor:
    """A vendor of our own: counts what reached it, and goes wrong when told to."""

    def __init__(self) -> None:
        self.faults = FaultSwitch(lambda _request, errcode: json({"errcode": errcode}))
        self.requests: list[Request] = []
        self.held = asyncio.Event()
        self.app = Sanic("vendor", configure_logging=False)
        self.app.register_middleware(self._note, "request")
        self.faults.attach(self.app)
        self.app.add_route(self._thing, "/thing", methods=["GET", "POST"])
        self.app.add_route(self._hold, "/hold")
        self.app.add_route(self._size, "/size/<size:int>")
        self.app.add_route(self._status, "/status/<status:int>")
        self.app.add_route(self._packed, "/packed")

    def forget(self) -> None:
        self.faults.clear()
        self.requests.clear()
        self.held = asyncio.Event()

    def spoil(self, kind: FaultKind, **more: object) -> None:
        self.faults.set(Fault(kind=kind, **more))

    async def _note(self, request: Request) -> None:
        self.requests.append(request)

    async def _thing(self, _request: Request) -> HTTPResponse:
        return json({"ok": True})

    async def _hold(self, _request: Request) -> HTTPResponse:
        self.held.set()
        await asyncio.Event().wait()
        return text("never")

    async def _size(self, _request: Request, size: int) -> HTTPResponse:
        return raw(b"x" * size)

    async def _status(self, _request: Request, status: int) -> HTTPResponse:
        return text("said so", status=status, headers={"location": "/thing"})

    async def _packed(self, _request: Request) -> HTTPResponse:
        return raw(b"x", headers={"content-encoding": "gzip"})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def vendor_server() -> AsyncIterator[tuple[Vendor, str]]:
    vendor = Vendor()
    async with serve(vendor.app) as url:
        yield vendor, url


@pytest.fixture(autouse=True)
def vendor(vendor_server) -> Vendor:
    vendor_server[0].forget()
    return vendor_server[0]


@pytest_asyncio.fixture(loop_scope="session")
async def client(vendor_server) -> AsyncIterator[VendorClient]:
    client = make_client(vendor_server[1])
    yield client
    await client.close()


def make_client(url: str, limits: CallLimits = LIMITS, **more) -> VendorClient:
    return VendorClient("acme", url, limits=limits, retry_wait=wait_none(), **more)


async def expect_unavailable(
    client: VendorClient, call: VendorCall = CALL, **more
) -> VendorUnavailable:
    with pytest.raises(VendorUnavailable) as caught:
        await client.request(call, **more)
    return caught.value


async def test_an_answer_comes_back_with_status_type_and_body(client):
    reply = await client.request(CALL)
    assert (reply.status, reply.content_type, reply.body) == (
        200,
        "application/json",
        b'{"ok":true}',
    )


async def test_a_json_body_is_sent_in_utf8_and_not_escaped(vendor, client):
    await client.request(VendorCall.post_json("/thing", {"a": "鼓楼"}, query={"q": "1"}))
    sent = vendor.requests[0]
    assert sent.body == '{"a":"鼓楼"}'.encode()
    assert sent.headers["content-type"] == "application/json"
    assert sent.query_string == "q=1"


async def test_form_fields_are_sent_url_encoded(vendor, client):
    await client.request(VendorCall.post_form("/thing", {"a": "鼓楼", "b": "1 2"}))
    assert vendor.requests[0].body == b"a=%E9%BC%93%E6%A5%BC&b=1+2"


def test_a_path_cannot_name_another_host():
    with pytest.raises(ValueError, match="begins with a slash"):
        VendorCall.get("@elsewhere/", {})


async def test_an_empty_path_calls_the_base_url_itself(vendor_server, vendor):
    client = make_client(vendor_server[1] + "/thing")
    await client.request(VendorCall("GET"))
    assert vendor.requests[0].path == "/thing"
    await client.close()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.RESET, "cut_off"),
        (FaultKind.SLOW, "timeout"),
        (FaultKind.HTTP_500, "http_500"),
    ],
)
async def test_a_failure_on_the_way_is_named_and_not_repeated(vendor, client, kind, code):
    vendor.spoil(kind, count=None)
    assert (await expect_unavailable(client)).code == code
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.SLOW, FaultKind.HTTP_500])
async def test_a_safe_call_is_repeated_until_it_succeeds(vendor, client, kind):
    vendor.spoil(kind, count=2)
    assert (await client.request(CALL, repeat=Repeat.SAFE)).status == 200
    assert len(vendor.requests) == 3


async def test_a_safe_call_is_sent_three_times_at_most(vendor, client):
    vendor.spoil(FaultKind.HTTP_500, count=None)
    assert (await expect_unavailable(client, repeat=Repeat.SAFE)).code == "http_500"
    assert len(vendor.requests) == 3


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.SLOW, FaultKind.HTTP_500])
async def test_what_may_have_been_read_is_not_repeated_for_a_connect_error(vendor, client, kind):
    vendor.spoil(kind)
    await expect_unavailable(client, repeat=Repeat.ON_CONNECT_ERROR)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("repeat", "attempts"),
    [(Repeat.NEVER, 1), (Repeat.ON_CONNECT_ERROR, 3), (Repeat.SAFE, 3)],
)
async def test_a_refused_connection_is_repeated_if_the_caller_allows(repeat, attempts):
    breaker = CircuitBreaker("acme", threshold=attempts)
    client = make_client(f"http://127.0.0.1:{find_free_port()}", breaker=breaker)
    assert (await expect_unavailable(client, repeat=repeat)).code == "connect_error"
    assert breaker.state == "opened"
    await client.close()


async def test_all_attempts_together_end_at_the_deadline(vendor, vendor_server):
    vendor.spoil(FaultKind.SLOW, count=None)
    limits = CallLimits(read_s=5.0, total_s=0.1)
    client = make_client(vendor_server[1], limits)
    assert (await expect_unavailable(client, repeat=Repeat.SAFE)).code == "deadline"
    assert len(vendor.requests) == 1
    await client.close()


async def test_a_callers_deadline_is_kept_and_not_held_against_the_vendor(vendor, vendor_server):
    vendor.spoil(FaultKind.SLOW, count=None)
    breaker = CircuitBreaker("acme", threshold=1)
    client = make_client(vendor_server[1], breaker=breaker)
    assert (await expect_unavailable(client, deadline_s=0.05)).code == "deadline"
    assert breaker.state == "closed"
    await client.close()


async def test_an_answer_of_the_limit_is_read_and_one_byte_more_is_not(client):
    assert len((await client.request(VendorCall("GET", "/size/1000"))).body) == 1000
    assert (await expect_unavailable(client, VendorCall("GET", "/size/1001"))).code == "too_large"


@pytest.mark.parametrize("status", [301, 302, 307, 429, 502, 503])
async def test_redirects_overload_and_server_errors_are_unavailable(vendor, client, status):
    failure = await expect_unavailable(client, VendorCall("GET", f"/status/{status}"))
    assert failure.code == f"http_{status}"
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("status", [302, 429])
async def test_redirects_and_overload_are_not_repeated(vendor, client, status):
    await expect_unavailable(client, VendorCall("GET", f"/status/{status}"), repeat=Repeat.SAFE)
    assert len(vendor.requests) == 1


async def test_a_refusal_of_the_vendor_is_an_answer(client):
    assert (await client.request(VendorCall("GET", "/status/404"))).status == 404


async def test_a_packed_answer_is_refused_before_it_is_unfolded(vendor, client):
    assert (await expect_unavailable(client, VendorCall("GET", "/packed"))).code == "encoded"
    assert vendor.requests[0].headers["accept-encoding"] == "identity"


async def test_a_full_pool_is_named_and_not_held_against_the_vendor(vendor, vendor_server):
    breaker = CircuitBreaker("acme", threshold=1)
    limits = CallLimits(connect_s=0.05, read_s=30.0, connections=1)
    client = make_client(vendor_server[1], limits, breaker=breaker)
    holding = asyncio.create_task(client.request(VendorCall("GET", "/hold")))
    await vendor.held.wait()
    assert (await expect_unavailable(client, repeat=Repeat.SAFE)).code == "pool_full"
    assert breaker.state == "closed"
    holding.cancel()
    await asyncio.wait([holding])
    assert breaker.state == "closed"
    assert (await client.request(CALL)).status == 200
    await client.close()


async def test_calls_at_once_share_the_connections_that_there_are(vendor, client):
    replies = await asyncio.gather(*(client.request(CALL) for _ in range(40)))
    assert [reply.status for reply in replies] == [200] * 40
    assert len({request.conn_info.client_port for request in vendor.requests}) == 2


async def test_calls_one_by_one_keep_the_same_connection(vendor, client):
    for _ in range(5):
        await client.request(CALL)
    assert len({request.conn_info.client_port for request in vendor.requests}) == 1


async def test_an_open_breaker_refuses_without_calling(vendor, vendor_server):
    client = make_client(vendor_server[1], breaker=CircuitBreaker("acme", threshold=2))
    vendor.spoil(FaultKind.HTTP_500, count=None)
    codes = [(await expect_unavailable(client)).code for _ in range(4)]
    assert codes == ["http_500", "http_500", "circuit_open", "circuit_open"]
    assert len(vendor.requests) == 2
    await client.close()


async def test_proxies_of_the_environment_are_ignored(vendor_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{find_free_port()}")
    client = make_client(vendor_server[1])
    assert (await client.request(CALL)).status == 200
    await client.close()


async def test_secrets_stay_out_of_errors_and_logs(vendor, client, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.spoil(FaultKind.RESET)
    with capture_logs() as lines:
        failure = await expect_unavailable(client)
        await client.request(CALL)
    assert lines == [
        {
            "event": "vendor_call_failed",
            "log_level": "warning",
            "vendor": "acme",
            "path": "/thing",
            "code": "cut_off",
        }
    ]
    assert str(failure) == "acme cut_off"
    assert (failure.__cause__, failure.__context__) == (None, None)
    assert SECRET not in caplog.text
    assert SECRET not in repr(CALL)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"x"', b'{"a":NaN}', b"\xff\xfe{}", b"<html>", b"[" * 900]
)
async def test_an_answer_that_is_no_json_object_is_unintelligible(client, body):
    reply = await client.request(CALL)
    with pytest.raises(VendorUnavailable) as caught:
        parse_object("acme", type(reply)(200, "application/json", body))
    assert (caught.value.code, caught.value.reason) == ("unintelligible", "status 200")
