"""Whatever comes in is answered, and whatever is wrong is a whole problem document."""

import asyncio
import json
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from models.cases import CaseCounter
from server.kit.transaction import in_transaction
from tests.server.kit.toy import DAY, Gate, effects

ME = {"authorization": "Bearer citizen-token"}
KEY = {"idempotency-key": "key-of-this-request"}
JSON = {"content-type": "application/json"}
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(answer, status, code):
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem.keys() >= MEMBERS
    assert problem["type"] == f"urn:tongban:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


BODIES = [
    (b"", 422, "invalid_shape"),
    (b"{", 400, "malformed"),
    (b"null", 422, "invalid_shape"),
    (b"[]", 422, "invalid_shape"),
    (b'"text"', 422, "invalid_shape"),
    (b"\xff\xfe", 400, "malformed"),
    (b'{"name": "a"} trailing', 400, "malformed"),
    (b'{"name": "\\ud800"}', 400, "malformed"),
    (b'{"name": "\xed\xa0\x80"}', 400, "malformed"),
    (b'{"name": "a\\u0000b"}', 422, "invalid_shape"),
    (b'{"name": "a\\nb"}', 422, "invalid_shape"),
    (b'{"name": "' + b"x" * 65 + b'"}', 422, "invalid_shape"),
    (b'{"name": "   "}', 422, "invalid_shape"),
    (b'{"name": 5}', 422, "invalid_shape"),
    (b'{"name": "a", "unknown": 1}', 422, "invalid_shape"),
    (b'{"name": "a", "\\u0000": 1}', 422, "invalid_shape"),
    (b'{"name": "a", "count": NaN}', 422, "invalid_shape"),
    (b'{"name": "a", "weight": NaN}', 422, "invalid_shape"),
    (b'{"name": "a", "weight": Infinity}', 422, "invalid_shape"),
    (b'{"name": "a", "weight": 1e999}', 422, "invalid_shape"),
    (b'{"name": "a", "count": "5"}', 422, "invalid_shape"),
    (b'{"name": "a", "count": 1.0}', 422, "invalid_shape"),
    (b'{"name": "a", "count": true}', 422, "invalid_shape"),
    (b'{"name": "a", "count": 1' + b"0" * 30 + b"}", 422, "invalid_shape"),
    (b'{"name": "a", "count": 1' + b"0" * 5000 + b"}", 400, "malformed"),
    (b'{"name": "a", "made_at": "2026-99-99T00:00:00Z"}', 422, "invalid_shape"),
    (b"[" * 100_000, 400, "malformed"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=lambda part: repr(part)[:40])
async def test_a_body_that_is_not_what_is_asked_for_is_refused(http, body, status, code):
    answer = await http.post("/things", content=body, headers=ME | KEY | JSON)
    assert_problem(answer, status, code)
    assert await effects() == 0


async def test_each_wrong_field_is_named(http):
    body = {"count": -1, "colour": "red"}
    answer = await http.post("/things", json=body, headers=ME | KEY)
    assert_problem(answer, 422, "invalid_shape")
    assert answer.json()["data"]["fields"] == [
        {"field": "name", "problem": "missing"},
        {"field": "count", "problem": "greater_than_equal"},
        {"field": "colour", "problem": "extra_forbidden"},
    ]


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
async def test_another_content_type_is_refused(http, media_type):
    headers = ME | KEY | {"content-type": media_type}
    assert_problem(await http.post("/things", content=b"{}", headers=headers), 400, "malformed")


async def test_a_content_type_may_name_its_charset(http):
    headers = ME | KEY | {"content-type": "Application/JSON; charset=utf-8"}
    answer = await http.post("/things", content='{"name": "件"}'.encode(), headers=headers)
    assert answer.json() == {"number": 1, "name": "件"}


QUERIES = [
    ("limit=1&limit=2", 400, "malformed"),
    ("limit=0", 422, "invalid_shape"),
    ("limit=51", 422, "invalid_shape"),
    ("limit=1e1", 422, "invalid_shape"),
    ("limit=" + "9" * 30, 422, "invalid_shape"),
    ("limit=" + "9" * 5000, 422, "invalid_shape"),
    ("limit=", 422, "invalid_shape"),
    ("price=nan", 422, "invalid_shape"),
    ("price=inf", 422, "invalid_shape"),
    ("colour=%00", 422, "invalid_shape"),
    ("colour=%ED%A0%80", 422, "invalid_shape"),
    ("colour=%FF", 422, "invalid_shape"),
    ("cursor=%27%20OR%201=1", 422, "invalid_shape"),
    ("size=3", 422, "invalid_shape"),
    ("%ED%A0%80=3", 422, "invalid_shape"),
]


@pytest.mark.parametrize(("query", "status", "code"), QUERIES, ids=lambda part: str(part)[:30])
async def test_a_query_that_is_not_what_is_asked_for_is_refused(http, query, status, code):
    assert_problem(await http.get(f"/things?{query}"), status, code)


async def test_a_fit_query_is_taken(http):
    answer = await http.get("/things?limit=7&colour=red")
    assert answer.json() == {"number": 7, "name": "red"}


@pytest.mark.parametrize(
    "part", ["%00", "a%2Fb", "..%2f..", "%ED%A0%80", "a" * 65, "%20", "%E4%BB%B6", "a'--"]
)
async def test_a_bad_part_of_a_path_is_not_found(http, part):
    assert_problem(await http.get(f"/things/{part}"), 404, "not_found")


@pytest.mark.parametrize("path", ["/nothing", "/things/a/b/c", "/%00", "/%ED%A0%80"])
async def test_an_unknown_path_is_not_found(http, path):
    assert_problem(await http.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_another_method_is_told_which_are_allowed(http, method):
    answer = await http.request(method, "/things")
    assert answer.status_code == 405
    assert {one.strip() for one in answer.headers["allow"].split(",")} == {"GET", "POST"}
    if method != "HEAD":
        assert_problem(answer, 405, "method_not_allowed")


async def test_a_body_that_is_too_large_is_refused(http):
    body = b'{"name": "' + b"x" * 2_000_000 + b'"}'
    answer = await http.post("/things", content=body, headers=ME | KEY | JSON)
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"authorization": "Bearer unknown"},
        {"authorization": "Bearer"},
        {"authorization": "Basic citizen-token"},
        {"authorization": "citizen-token"},
        {"authorization": b"Bearer \xff\xfe\xed\xa0\x80"},
        {"authorization": "Bearer 令牌".encode()},
    ],
    ids=str,
)
async def test_without_a_live_token_nobody_comes_in(http, header):
    answer = await http.post("/things", json={"name": "a"}, headers=header | KEY)
    assert_problem(answer, 401, "unauthenticated")
    assert await effects() == 0


async def test_another_role_is_forbidden(http):
    assert_problem(await http.get("/admin", headers=ME), 403, "forbidden")


async def test_a_known_clerk_may_read_what_is_open(http):
    answer = await http.get("/things/a", headers={"authorization": "bearer clerk-token"})
    assert answer.json() == {"number": 1, "name": "a"}


async def test_a_query_of_strange_bytes_on_a_keyed_route_is_no_fault_of_ours(toy_url):
    lines = [
        b"POST /api/v1/toy/things?\xff\xfe=\xed\xa0\x80 HTTP/1.1",
        b"host: x",
        b"authorization: Bearer citizen-token",
        b"idempotency-key: key-of-this-request",
        b"content-length: 13",
        b"connection: close",
    ]
    status, problem = await send_raw(toy_url, b"\r\n".join(lines) + b'\r\n\r\n{"name": "a"}')
    assert status in {201, 400}
    if status == 400:
        assert problem.keys() >= MEMBERS


RAW = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"FOO /api/v1/toy/things HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /api/v1/toy/things HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n",
    b"GET /api/v1/toy/things HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n",
    b"GET /api/v1/toy/things HTTP/1.1\r\nhost: x\r\nbig: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST /api/v1/toy/things HTTP/1.1\r\nhost: x\r\nexpect: else\r\ncontent-length: 2\r\n\r\n",
    b"POST /api/v1/toy/things HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /api/v1/toy/things HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n",
]


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: raw[:50].decode() + str(len(raw)))
async def test_what_is_hardly_http_is_refused_with_a_whole_problem(toy_url, raw):
    with capture_logs() as logs:
        status, problem = await send_raw(toy_url, raw)
    assert 400 <= status < 500
    assert problem.keys() >= MEMBERS
    assert [line for line in logs if line["log_level"] == "error"] == []


async def send_raw(url, raw):
    """Send bytes as they are; return the status and the parsed body of the answer."""
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        writer.write(raw)
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            body = await reader.readexactly(size)
    finally:
        writer.close()
    return int(head.split()[1]), json.loads(body)


async def test_the_id_of_a_request_is_kept_and_echoed(http):
    given = {"x-request-id": "from-the-mini-program-1"}
    assert (await http.get("/things", headers=given)).headers["x-request-id"] == (
        "from-the-mini-program-1"
    )
    refused = await http.get("/nothing", headers=given)
    assert refused.json()["request_id"] == "from-the-mini-program-1"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f g h", "<script>alert"])
async def test_an_unfit_request_id_is_replaced(http, given):
    shown = (await http.get("/things", headers={"x-request-id": given})).headers["x-request-id"]
    assert shown != given
    assert len(shown) == 32


async def test_a_fault_of_ours_is_told_without_what_it_was_about(http):
    with capture_logs() as logs:
        answer = await http.get("/broken")
    assert_problem(answer, 500, "unexpected")
    assert "13900001234" not in answer.text
    assert "ValueError" not in answer.text
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["kind"]) == ("unexpected_error", "ValueError")


async def test_a_file_is_handed_out_by_name_and_never_run(http):
    answer = await http.get("/paper")
    assert answer.content == b"%PDF-1.4"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%E6%9D%90%E6%96%99%202026.pdf"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_a_client_who_hangs_up_while_reading_is_no_fault_of_ours(http, toy_url):
    await CaseCounter.create(point_code="contested", day=DAY)
    held, may_go = asyncio.Event(), asyncio.Event()

    async def hold():
        await CaseCounter.filter(point_code="contested").update(last_number=1)
        held.set()
        await may_go.wait()

    holding = asyncio.create_task(in_transaction(hold))
    await held.wait()
    with capture_logs() as logs:
        async with httpx.AsyncClient(base_url=f"{toy_url}/api/v1/toy") as leaving:
            asking = asyncio.create_task(leaving.get("/contested"))
            await Gate.reached.wait()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert (await http.get("/things")).status_code == 200
        may_go.set()
        await holding
        assert (await http.get("/things")).status_code == 200
    assert [line for line in logs if line["log_level"] == "error"] == []


async def test_the_engine_answers_for_itself(toy_url):
    async with httpx.AsyncClient(base_url=toy_url) as client:
        assert (await client.get("/healthz")).json() == {"alive": True}
        ready = await client.get("/readyz")
        assert ready.json() == {"ready": True, "parts": {"database": True}}
        await client.get("/api/v1/toy/things")
        metrics = (await client.get("/metrics")).text
        assert 'tongban_requests_total{route="toy_things",status="200"} 1.0' in metrics
