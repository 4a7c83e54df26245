"""The load generator tells the truth, or no proof that uses it does."""

import asyncio

from tests.support.load import LOST, build_request, run_load

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
LAST_ANSWER = ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_every_request_is_sent_once_and_answered_in_its_place():
    def echo(path):
        return ANSWER.replace(b"ok", path)

    outcome = await load_against(echo, paths=range(10, 60), connections=7)

    assert [answer.body for answer in outcome.answers] == [str(n).encode() for n in range(10, 60)]
    assert outcome.statuses == {201: 50}


async def test_a_lost_connection_costs_one_request_and_no_other():
    outcome = await load_against(lambda path: b"" if path == b"13" else ANSWER, range(10, 20), 1)

    assert [answer.status for answer in outcome.answers] == [201] * 3 + [LOST] + [201] * 6


async def test_a_server_that_closes_after_each_answer_is_asked_on_new_connections():
    outcome = await load_against(lambda _: LAST_ANSWER, range(10, 20), 2)

    assert outcome.statuses == {201: 10}


async def test_a_chunked_body_is_put_together():
    outcome = await load_against(lambda _: CHUNKED, [10], 1)

    assert outcome.answers[0].body == b"abc"


async def test_no_request_is_taken_after_the_duration():
    outcome = await load_against(lambda _: ANSWER, iter(lambda: 10, None), 2, duration_s=0.1)

    assert set(outcome.statuses) == {201}
    assert outcome.duration_s < 1


async def load_against(answer, paths, connections, **options):
    """Load a server that gets the last part of each path, and closes on an empty answer."""

    async def serve(reader, writer):
        while head := await read_head(reader):
            reply = answer(head.split(b" ")[1].removeprefix(b"/"))
            writer.write(reply)
            if reply in (b"", LAST_ANSWER):
                break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        requests = (build_request("POST", f"/{path}", json_body=None) for path in paths)
        return await run_load(port, requests, connections=connections, timeout_s=10, **options)


async def read_head(reader):
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
