"""Sealing the trail, and finding where somebody touched it."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from models.audit import AuditEntry
from server.audit.sealer import SETTLED_AFTER, chain_head, seal_committed, verify_chain
from server.audit.service import record
from server.audit.tasks import JOBS, seal_trail
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction

ACTOR = Actor(Role.CLERK, id="c1")
LONG_AGO = timedelta(hours=1)


def write(ports, subject_id, *, age=LONG_AGO):
    return record(
        actor=ACTOR,
        action="attachment.view",
        subject="attachment",
        subject_id=subject_id,
        now=ports.now() - age,
        request_id="r1",
        detail={"case_no": "中-1", "page": 2},
    )


async def write_many(ports, count, *, age=LONG_AGO):
    """Write entries and return their ids."""
    for number in range(count):
        await write(ports, f"a{number}", age=age)
    return await ids()


async def write_at(ports, number, *, age=LONG_AGO):
    """Write an entry under a given number, as one that drew it and commits now."""
    await AuditEntry.create(
        id=number, at=ports.now() - age, actor="x", action="y", subject="z", subject_id="1"
    )


async def ids(**wanted):
    return await AuditEntry.filter(**wanted).order_by("id").values_list("id", flat=True)


def seal(ports):
    return in_transaction(lambda: seal_committed(ports.cipher, now=ports.now()))


async def test_an_entry_tells_who_did_what(ports):
    await write(ports, "a1", age=timedelta(0))
    entry = await AuditEntry.get()
    assert (entry.actor, entry.action, entry.at) == ("clerk:c1", "attachment.view", ports.now())
    assert (entry.subject, entry.subject_id, entry.request_id) == ("attachment", "a1", "r1")
    assert (entry.detail, entry.seal) == ({"case_no": "中-1", "page": 2}, "")


async def test_an_entry_goes_with_the_transaction_it_was_written_in(ports):
    async def fail():
        await write(ports, "a1")
        raise KeyError

    with pytest.raises(KeyError):
        await in_transaction(fail)
    assert await AuditEntry.all().count() == 0


async def test_entries_are_sealed_once_in_order(ports):
    written = await write_many(ports, 5)
    assert await seal(ports) == 5
    seals = await AuditEntry.all().order_by("id").values_list("seal", flat=True)
    assert len(set(seals)) == 5
    assert {len(one) for one in seals} == {64}
    assert await chain_head() == (written[-1], seals[-1])
    assert await seal(ports) == 0
    assert await AuditEntry.all().order_by("id").values_list("seal", flat=True) == seals
    assert await verify_chain(ports.cipher) is None


async def test_an_empty_trail_is_in_order(ports):
    assert await seal(ports) == 0
    assert await verify_chain(ports.cipher) is None


async def test_entries_that_wait_for_their_seal_are_in_order(ports):
    await write_many(ports, 3)
    await seal(ports)
    await write_many(ports, 2)
    assert await verify_chain(ports.cipher) is None


ALTERATIONS = {
    "at": lambda entry: entry.at + timedelta(microseconds=1),
    "actor": lambda entry: entry.actor + "x",
    "action": lambda _: "attachment.viev",
    "subject": lambda _: "attachmenT",
    "subject_id": lambda _: "a9",
    "detail": lambda _: {"case_no": "中-1", "page": 3},
    "request_id": lambda _: "r2",
    "seal": lambda entry: entry.seal[:-1] + ("0" if entry.seal[-1] != "0" else "1"),
}


@pytest.mark.parametrize("column", ALTERATIONS)
@pytest.mark.parametrize("place", [0, 2, 4])
async def test_one_altered_value_is_found(ports, column, place):
    written = await write_many(ports, 5)
    await seal(ports)
    entry = await AuditEntry.get(id=written[place])
    await AuditEntry.filter(id=entry.id).update(**{column: ALTERATIONS[column](entry)})
    assert await verify_chain(ports.cipher) == entry.id


@pytest.mark.parametrize("place", [0, 2])
async def test_a_removed_entry_is_found_at_the_one_after_it(ports, place):
    written = await write_many(ports, 5)
    await seal(ports)
    await AuditEntry.filter(id=written[place]).delete()
    assert await verify_chain(ports.cipher) == written[place + 1]


async def test_an_entry_that_was_slipped_in_is_found(ports):
    written = await write_many(ports, 3)
    await AuditEntry.filter(id=written[1]).delete()
    await seal(ports)
    await write_at(ports, written[1])
    assert await verify_chain(ports.cipher) == written[1]
    assert await seal(ports) == 0


async def test_a_seal_that_was_wiped_is_found(ports):
    written = await write_many(ports, 3)
    await seal(ports)
    await AuditEntry.filter(id=written[1]).update(seal="")
    assert await verify_chain(ports.cipher) == written[1]


async def test_sealing_waits_for_a_number_that_may_still_commit(ports):
    [first] = await write_many(ports, 1)
    await seal(ports)
    await write_at(ports, first + 2, age=timedelta(seconds=1))
    assert await seal(ports) == 0
    await write_at(ports, first + 1)
    assert await seal(ports) == 2
    assert await verify_chain(ports.cipher) is None


async def test_a_number_that_never_comes_is_passed_over(ports, clock):
    [first] = await write_many(ports, 1)
    await seal(ports)
    await write_at(ports, first + 2, age=timedelta(0))
    clock.advance(seconds=SETTLED_AFTER.total_seconds() - 1)
    assert await seal(ports) == 0
    clock.advance(seconds=1)
    assert await seal(ports) == 1
    assert await verify_chain(ports.cipher) is None


async def test_an_entry_that_commits_late_is_waited_for_however_old_it_is(ports):
    """Its number is drawn before, and committed after, that of another."""
    await write(ports, "first")
    await seal(ports)
    is_written, may_commit = asyncio.Event(), asyncio.Event()

    async def write_slowly():
        await write(ports, "late")
        is_written.set()
        await may_commit.wait()

    late = asyncio.create_task(in_transaction(write_slowly))
    await is_written.wait()
    quick = asyncio.create_task(in_transaction(lambda: write(ports, "quick")))
    # The embedded database lets one transaction in at a time, so this one waits there.
    await asyncio.wait({quick}, timeout=0.5)
    sealing = asyncio.create_task(seal(ports))
    await asyncio.wait({sealing}, timeout=0.5)
    may_commit.set()
    await asyncio.gather(late, quick, sealing)
    await seal(ports)
    order = await AuditEntry.all().order_by("id").values_list("subject_id", flat=True)
    assert order == ["first", "late", "quick"]
    assert await ids(seal="") == []
    assert await verify_chain(ports.cipher) is None


async def test_many_sealers_at_once_seal_each_entry_once(ports):
    written = await write_many(ports, 60)
    sealed = await asyncio.gather(*(seal(ports) for _ in range(6)))
    assert sum(sealed) == len(written)
    assert await verify_chain(ports.cipher) is None


async def test_sealers_and_writers_at_once_leave_a_whole_chain(ports):
    async def keep_writing(writer):
        for number in range(20):
            await in_transaction(partial(write, ports, f"{writer}-{number}"))

    async def keep_sealing():
        for _ in range(15):
            await seal(ports)

    await asyncio.gather(*map(keep_writing, range(4)), keep_sealing(), keep_sealing())
    await seal(ports)
    assert await AuditEntry.exclude(seal="").count() == 80
    assert await verify_chain(ports.cipher) is None


async def test_the_job_seals_everything_batch_by_batch(ports):
    rows = [
        AuditEntry(at=ports.now() - LONG_AGO, actor="x", action="y", subject="z", subject_id=str(n))
        for n in range(450)
    ]
    await AuditEntry.bulk_create(rows)
    [job] = JOBS
    assert job.run is seal_trail
    await job.run(ports)
    assert await ids(seal="") == []
    assert await verify_chain(ports.cipher) is None
