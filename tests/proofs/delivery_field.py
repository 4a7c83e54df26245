"""Couriers without a network, a post that tells late and twice, and people who forge and guess."""

import json
import random
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.contracts.carrier import Carriers, TrackEvent, TrackPush
from integrations.ems.codes import REVOKED_BY, STEPS
from integrations.ems.envelope import PREFIX, Envelope
from integrations.ems.mapping import dump, format_beijing
from models.bookkeeping import InboxRow, Transition
from models.delivery import HandOver, Parcel, PickupCode, TrackRecord
from models.states import ENDED_PARCELS, ParcelState, PickupCodeState
from server.delivery.tracking import keep_push, refresh_track, told_by
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.courier import log_in_courier, seal_parcels, write_batch, write_scan
from tests.support.load import Answer, build_request, run_load
from tests.support.slow_fold import calculate_slowly
from tests.support.system import System, start_system

SCANS, TIMES, CLOCK_OFF = 50, 3, timedelta(minutes=5)
SEQUENCES = 200
CODES = ["389", "702", "704", "705", "708", "711", "747", "987", "756", "999", "801"]
REVOKERS = ["207", "448", "742", "743", "744"]
MUTATED, CONNECTIONS = 10_000, 16
BYSTANDERS = 20
REPEATS = 30
BLOCK = 16
MOST_TRIES = 5


@proof("offline_scans", group="delivery")
async def prove_offline_scans() -> str:
    """50 parcels scanned by two devices, each batch sent three times in another order."""
    draw = random.Random(1)
    async with start_system() as system:
        async with system.engine() as engine:
            sealed = await seal_parcels(SCANS, engine.ports)
            tokens = [await log_in_courier(engine.ports, name) for name in ("early", "late")]
            now = engine.ports.now()
        batches = []
        for token, off in zip(tokens, (CLOCK_OFF, -CLOCK_OFF), strict=True):
            scans = [write_scan(code.long, now + off - timedelta(hours=1)) for _, code in sealed]
            orders = [draw.sample(scans, SCANS) for _ in range(TIMES)]
            batches += [write_batch(token, order, now + off) for order in orders]
        with system.api() as (api,):
            outcome = await run_load(api.port, batches, connections=len(batches))
        assert set(outcome.statuses) == {200}, outcome.statuses
        async with system.engine():
            return await _count_scans(outcome.answers, now)


async def _count_scans(answers: list[Answer], now: datetime) -> str:
    told = [one for answer in answers for one in answer.json()["answers"]]
    first = Counter(one["outcome"] for one in told)
    again = Counter(one["first_outcome"] for one in told if one["outcome"] == "replayed")
    fresh = SCANS * 2
    assert first["collected"] == SCANS, first
    assert first["already_taken"] == SCANS, first
    assert first["replayed"] == fresh * (TIMES - 1), first
    assert again == {"collected": SCANS * 2, "already_taken": SCANS * 2}, again
    hand_overs = await HandOver.all()
    assert len({one.parcel_id for one in hand_overs}) == len(hand_overs) == SCANS
    wrong = [abs(one.scanned_at - now + timedelta(hours=1)) for one in hand_overs]
    assert max(wrong) < CLOCK_OFF / 5, max(wrong)
    assert await Transition.filter(to_state="collected").count() == SCANS
    return (
        f"{len(told)} scans sent: {SCANS} hand-overs, {SCANS} conflicts each named, "
        f"{first['replayed']} repeats answered as the first time, "
        f"times right within {max(wrong).total_seconds():.0f} s"
    )


class _Post:
    """A post that tells what is on its list."""

    def __init__(self) -> None:
        self.events: dict[str, list[TrackEvent]] = {}

    async def track(self, waybill_no: str) -> list[TrackEvent]:
        return self.events[waybill_no]


@proof("track_sequences", group="delivery")
async def prove_track_sequences() -> str:
    """200 sequences pushed late, twice and out of order, then confirmed by a query."""
    draw, states, pushes = random.Random(2), Counter(), 0
    async with start_system() as system, system.engine() as engine:
        post = _Post()
        ports = replace(engine.ports, carriers=Carriers("ems", {"ems": post}))
        for parcel, _ in await seal_parcels(SEQUENCES, ports):
            events = _draw_events(draw, parcel.waybill_no, ports.now())
            told = draw.sample([*events, *draw.choices(events, k=4)], len(events) + 4)
            pushes += len(told)
            for event in told:
                await _push(TrackPush(f"{draw.randrange(10**30):030d}", ports.now(), event))
            await _compare(parcel.id, events, is_confirmed=False)
            post.events[parcel.waybill_no] = events
            await refresh_track(parcel.id, ports)
            states[await _compare(parcel.id, events, is_confirmed=True)] += 1
    return f"{SEQUENCES} sequences, {pushes} pushes, as calculated slowly: {dict(states)}"


async def _push(push: TrackPush) -> None:
    await in_transaction(lambda: keep_push(push, source="ems", now=push.pushed_at))


def _draw_events(draw: random.Random, waybill_no: str, now: datetime) -> list[TrackEvent]:
    """A collection, which may be revoked, and whatever else."""
    codes = ["203", *(draw.choice(CODES + REVOKERS) for _ in range(draw.randrange(2, 9)))]
    minutes = [0, *(draw.randrange(1, 9) for _ in codes[1:])]
    begin = now.replace(microsecond=0) - timedelta(hours=1)
    return list(
        {
            (minute, code): TrackEvent(
                waybill_no=waybill_no,
                occurred_at=begin + timedelta(minutes=minute),
                code=code,
                step=STEPS.get(code),
                revokes=REVOKED_BY.get(code, frozenset()),
            )
            for minute, code in zip(minutes, codes, strict=True)
        }.values()
    )


async def _compare(parcel_id: str, events: list[TrackEvent], *, is_confirmed: bool) -> str:
    expected = calculate_slowly(told_by(events, is_confirmed=is_confirmed))
    parcel = await Parcel.get(id=parcel_id)
    codes = [(event.occurred_at.minute, event.code) for event in events]
    assert parcel.state == (expected[0] if expected else "sealed"), (parcel.state, expected, codes)
    return parcel.state.value


@proof("mutated_pushes", group="delivery")
async def prove_mutated_pushes() -> str:
    """10,000 mutated pushes: none ends a parcel's life, none moves another; replays act once."""
    draw = random.Random(3)
    async with start_system() as system:
        async with system.engine() as engine:
            (target, _), *others = await seal_parcels(BYSTANDERS + 1, engine.ports)
            key = engine.ports.settings.ems_sign_key.get_secret_value()
            await _collect(target, engine.ports, Envelope(key))
            messages = _valid_messages(target.waybill_no, engine.ports.now(), Envelope(key))
        with system.api() as (api,):
            mutated = [_post(_mutate(draw, draw.choice(messages))) for _ in range(MUTATED)]
            outcome = await run_load(api.port, mutated, connections=CONNECTIONS)
            statuses = outcome.statuses
            assert set(statuses) <= {200, 400}, statuses
            async with system.engine():
                kept = await TrackRecord.all().count()
                await _check_parcels(target, others)
            await _replay_one(api.port, others[0][0].waybill_no, Envelope(key), system)
    return (
        f"{MUTATED} mutated: {statuses[400]} refused, {statuses[200]} read, {kept} kept as hints; "
        f"no parcel ended, none of {BYSTANDERS} others moved; a valid one sent {REPEATS} times "
        "acted once"
    )


async def _collect(parcel: Parcel, ports: Ports, envelope: Envelope) -> None:
    event = ports.carriers.named("ems").read_push(
        json.dumps(_message(parcel.waybill_no, "203", ports.now(), envelope, "0" * 32)).encode(),
        content_type="application/json",
        received_at=ports.now(),
    )
    await _push(event)


def _message(
    waybill_no: str, code: str, now: datetime, envelope: Envelope, serial: str
) -> dict[str, str]:
    happened = format_beijing(now - timedelta(minutes=1))
    event = {
        "waybillNo": waybill_no,
        "opTime": happened,
        "opCode": code,
        "opName": "事件",
        "opDesc": "邮件在途中",
        "opOrgProvName": "江苏省",
        "opOrgCity": "南京市",
        "opOrgCode": "21000001",
        "opOrgName": "南京处理中心",
        "deliverCode": "10",
    }
    return {
        "logitcsInterface": envelope.seal(dump(event), with_suffix=False),
        "method": "040002",
        "msgType": "0",
        "senderNo": "",
        "serialNo": serial,
        "timeStamp": format_beijing(now),
        "version": "v1.0.0",
    }


def _valid_messages(waybill_no: str, now: datetime, envelope: Envelope) -> list[dict[str, str]]:
    codes = ["389", "702", "704", "711", "743", "987", "801"]
    return [
        _message(waybill_no, code, now, envelope, f"{place:032d}")
        for place, code in enumerate(codes)
    ]


def _mutate(draw: random.Random, message: dict[str, str]) -> dict[str, str]:
    sealed = bytearray(b64decode(message["logitcsInterface"].removeprefix(PREFIX)))
    blocks = [bytes(sealed[i : i + BLOCK]) for i in range(0, len(sealed), BLOCK)]
    place, other = draw.randrange(len(blocks)), draw.randrange(len(blocks))
    match draw.randrange(5):
        case 0:
            del blocks[place : place + draw.randrange(1, 4)]
        case 1:
            blocks.insert(place, blocks[other])
        case 2:
            blocks[place], blocks[other] = blocks[other], blocks[place]
        case 3:
            flipped = bytearray(blocks[place])
            flipped[draw.randrange(BLOCK)] ^= 1 << draw.randrange(8)
            blocks[place] = bytes(flipped)
        case _:
            blocks = blocks[: place + 1]
    text = PREFIX + b64encode(b"".join(blocks)).decode()
    return message | {"logitcsInterface": text, "serialNo": f"{draw.randrange(10**31):032d}"}


def _post(message: dict[str, str]) -> bytes:
    return build_request("POST", "/api/v1/callbacks/carriers/ems", json_body=message)


async def _check_parcels(target: Parcel, others: list) -> None:
    now = await Parcel.get(id=target.id)
    assert now.state not in ENDED_PARCELS | {ParcelState.CANCELLED}, now.state
    for parcel, _ in others:
        same = await Parcel.get(id=parcel.id)
        assert (same.state, same.version) == (parcel.state, parcel.version), parcel.id
    ended = await Transition.filter(to_state__in=[*ENDED_PARCELS, "cancelled"]).count()
    assert ended == 0, ended


async def _replay_one(port: int, waybill_no: str, envelope: Envelope, system: System) -> None:
    async with system.engine() as engine:
        message = _message(waybill_no, "389", engine.ports.now(), envelope, "9" * 32)
    outcome = await run_load(port, [_post(message)] * REPEATS, connections=CONNECTIONS)
    assert outcome.statuses == {200: REPEATS}, outcome.statuses
    async with system.engine():
        assert await InboxRow.filter(external_id="9" * 32).count() == 1
        assert await TrackRecord.filter(waybill_no=waybill_no).count() == 1
        parcel = await Parcel.get(waybill_no=waybill_no)
        moves = Transition.filter(aggregate_id=parcel.id, to_state="in_transit")
        assert (parcel.state, await moves.count()) == (ParcelState.IN_TRANSIT, 1)


@proof("guessed_codes", group="delivery")
async def prove_guessed_codes() -> str:
    """Spoken digits guessed many at once: the parcel's code and the courier lock after five."""
    async with start_system() as system:
        async with system.engine() as engine:
            (named, right), (_, spoken) = await seal_parcels(2, engine.ports)
            tokens = [await log_in_courier(engine.ports, name) for name in ("guesser", "blind")]
            now = engine.ports.now()
        free = [f"{n:06d}" for n in range(60) if f"{n:06d}" not in {right.spoken, spoken.spoken}]
        guesses = [write_scan(named.waybill_no, now, digits=digits) for digits in free[:40]]
        blindly = [write_scan(digits, now) for digits in free[:40]]
        with system.api() as (api,):
            locked = [
                await _guess(api.port, tokens[0], guesses, now),
                await _guess(api.port, tokens[1], blindly, now),
            ]
            last = write_scan(named.waybill_no, now, digits=right.spoken)
            assert await _guess(api.port, tokens[0], [last], now) == {"locked": 1}
            last = write_scan(spoken.spoken, now)
            assert await _guess(api.port, tokens[1], [last], now) == {"locked": 1}
        async with system.engine():
            code = await PickupCode.get(parcel_id=named.id)
            assert (code.state, code.tries) == (PickupCodeState.LOCKED, MOST_TRIES)
            assert not await HandOver.exists()
            assert await Parcel.filter(state=ParcelState.SEALED).count() == 2
    for one in locked:
        assert one == {"unknown_or_wrong": MOST_TRIES, "locked": 40 - MOST_TRIES}, one
    return "40 guesses at once: 5 tried, 35 locked out, the right digits after them too; twice"


async def _guess(port: int, token: str, scans: list, now: datetime) -> Counter:
    requests = [write_batch(token, [scan], now) for scan in scans]
    outcome = await run_load(port, requests, connections=min(8, len(requests)))
    assert set(outcome.statuses) == {200}, outcome.statuses
    return Counter(answer.json()["answers"][0]["outcome"] for answer in outcome.answers)
