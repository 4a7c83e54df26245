"""A request with a key takes effect once, however often, by whomever and when it is sent."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from models.bookkeeping import IdempotencyKey
from server.kit.errors import Busy, InProgress
from server.kit.idempotency import KeyedRequest, claim
from server.kit.transaction import finish_running, in_transaction
from tests.server.kit.toy import DAY, Gate, count_one, effects

ME = {"authorization": "Bearer citizen-token"}
OTHER = {"authorization": "Bearer other-citizen-token"}
BODY = {"name": "钥匙"}


def keyed(key, who=ME):
    return who | {"idempotency-key": key}


async def test_the_same_key_fifty_times_at_once_takes_effect_once(http):
    headers = keyed(uuid4().hex)
    answers = await asyncio.gather(
        *(http.post("/things", json=BODY, headers=headers) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json() == {"number": 1, "name": "钥匙"}
    assert await effects() == 1
    assert await IdempotencyKey.all().count() == 1


async def test_the_same_key_with_another_body_is_refused(http):
    headers = keyed(uuid4().hex)
    first = await http.post("/things", json=BODY, headers=headers)
    second = await http.post("/things", json=BODY | {"count": 2}, headers=headers)
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (422, "idempotency_key_reused")
    assert await effects() == 1


async def test_the_same_key_on_another_path_is_refused(http):
    headers = keyed(uuid4().hex)
    await http.post("/things", json=BODY, headers=headers)
    answer = await http.post("/refused", json=BODY | {}, headers=headers)
    assert answer.status_code == 422
    assert await effects() == 1


async def test_the_key_of_another_person_is_another_key(http):
    key = uuid4().hex
    mine = await http.post("/things", json=BODY, headers=keyed(key))
    theirs = await http.post("/things", json=BODY, headers=keyed(key, OTHER))
    assert [mine.json()["number"], theirs.json()["number"]] == [1, 2]


async def test_a_refusal_is_judged_anew(http):
    headers = keyed(uuid4().hex)
    refused = await http.post("/refused", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert await effects() == 0
    assert await IdempotencyKey.all().count() == 0
    await in_transaction(lambda: count_one("allowed"))
    assert (await http.post("/refused", headers=headers)).status_code == 200
    assert await effects() == 1


async def test_an_answer_is_remembered_for_a_day(http, clock):
    headers = keyed(uuid4().hex)
    first = await http.post("/things", json=BODY, headers=headers)
    clock.advance(hours=23, minutes=59)
    assert (await http.post("/things", json=BODY, headers=headers)).content == first.content
    clock.advance(minutes=1)
    later = await http.post("/things", json=BODY, headers=headers)
    assert later.json()["number"] == 2
    assert (await http.post("/things", json=BODY, headers=headers)).content == later.content


async def test_an_expired_key_used_at_once_by_many_takes_effect_once_more(http, clock):
    headers = keyed(uuid4().hex)
    await http.post("/things", json=BODY, headers=headers)
    clock.advance(hours=24)
    answers = await asyncio.gather(
        *(http.post("/things", json=BODY, headers=headers) for _ in range(20))
    )
    assert {answer.json()["number"] for answer in answers} == {2}
    assert await effects() == 2


async def test_an_answer_that_was_never_read_is_given_again(http, toy_url):
    headers = keyed(uuid4().hex)
    Gate.passed.clear()
    async with httpx.AsyncClient(base_url=f"{toy_url}/api/v1/toy") as leaving:
        asking = asyncio.create_task(leaving.post("/things", json=BODY, headers=headers))
        await Gate.reached.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    Gate.passed.set()
    await finish_running()
    assert await effects() == 1
    again = await http.post("/things", json=BODY, headers=headers)
    assert (again.status_code, again.json()) == (201, {"number": 1, "name": "钥匙"})
    assert await effects() == 1


async def test_whoever_asks_again_while_the_first_still_runs_is_told_to_wait(ports, is_embedded):
    request = KeyedRequest.of("citizen:a", key="k" * 8, method="POST", path="/", body=b"")
    claimed, may_go = asyncio.Event(), asyncio.Event()

    async def work_long():
        await claim(request, now=ports.now())
        claimed.set()
        await may_go.wait()

    first = asyncio.create_task(in_transaction(work_long))
    await claimed.wait()
    # The embedded database lets in one transaction at a time and cannot tell what it waits for.
    refusal, timeout_s = (Busy, 0.3) if is_embedded else (InProgress, 9)
    with pytest.raises(refusal):
        await in_transaction(lambda: claim(request, now=ports.now()), timeout_s=timeout_s)
    may_go.set()
    await first
    assert await IdempotencyKey.all().count() == 1


async def test_an_empty_answer_is_given_again_too(http):
    headers = keyed(uuid4().hex)
    first = await http.post("/things/a/forget", headers=headers)
    again = await http.post("/things/a/forget", headers=headers)
    assert (first.status_code, first.content) == (again.status_code, again.content) == (204, b"")
    assert await effects("a") == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "钥匙钥匙钥匙钥匙"])
async def test_without_a_fit_key_nothing_is_done(http, key):
    headers = ME | ({"idempotency-key": key.encode()} if key else {})
    answer = await http.post("/things", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert await effects() == 0


async def test_the_kept_answer_is_sealed(http):
    await http.post("/things", json=BODY, headers=keyed(uuid4().hex))
    sealed = await IdempotencyKey.all().values_list("answer", flat=True)
    raw = await IdempotencyKey.raw("SELECT id, answer AS fingerprint FROM idempotency_keys")
    assert "钥匙" in sealed[0]
    assert raw[0].fingerprint.startswith("v1.")
    assert DAY.year == 2026


async def test_a_key_whose_first_request_still_runs_elsewhere_is_in_progress(ports):
    request = KeyedRequest.of("citizen:a", key="k" * 8, method="POST", path="/", body=b"")
    assert await in_transaction(lambda: claim(request, now=ports.now())) is None
    with pytest.raises(Exception, match="in_progress") as refused:
        await in_transaction(lambda: claim(request, now=ports.now()))
    assert refused.value.retry_after_s == 1
