"""Tampered pushes of the post: nothing moves another parcel, nothing ends a parcel's life."""

import asyncio
import json
import random
from base64 import b64decode, b64encode
from uuid import uuid4

from integrations.ems.envelope import PREFIX, Envelope
from integrations.ems.mapping import dump, format_beijing
from models.bookkeeping import InboxRow, OutboxRow, Transition
from models.delivery import Parcel, TrackRecord
from models.states import ENDED_PARCELS, ParcelState
from tests.server.delivery.parcels import make_sealed
from tests.support.relaying import relay_all

SEED = 20261123
MUTATIONS = 500
BLOCK_BYTES = 16
JSON_TYPE = "application/json"
DELIVERED, COLLECTED = "704", "203"


def pushed(ports, waybill_no, code):
    """A push as the post sends it."""
    track = {
        "waybillNo": waybill_no,
        "opTime": format_beijing(ports.now()),
        "opCode": code,
        "opDesc": "邮件信息",
        "opOrgCode": "35000101",
    }
    envelope = Envelope(ports.settings.ems_sign_key.get_secret_value())
    return {
        "logitcsInterface": envelope.seal(dump(track), with_suffix=False),
        "method": "040002",
        "msgType": "0",
        "senderNo": "",
        "serialNo": uuid4().hex,
        "timeStamp": format_beijing(ports.now()),
        "version": "v1.0.0",
    }


def _flip_bit(chance, sealed):
    place = chance.randrange(len(sealed))
    sealed[place] ^= 1 << chance.randrange(8)


def _remove_block(chance, sealed):
    place = chance.randrange(len(sealed) // BLOCK_BYTES) * BLOCK_BYTES
    del sealed[place : place + BLOCK_BYTES]


def _swap_blocks(chance, sealed):
    first, second = (chance.randrange(len(sealed) // BLOCK_BYTES) * BLOCK_BYTES for _ in range(2))
    kept = sealed[first : first + BLOCK_BYTES]
    sealed[first : first + BLOCK_BYTES] = sealed[second : second + BLOCK_BYTES]
    sealed[second : second + BLOCK_BYTES] = kept


def _repeat_block(chance, sealed):
    place = chance.randrange(len(sealed) // BLOCK_BYTES) * BLOCK_BYTES
    sealed[place:place] = sealed[place : place + BLOCK_BYTES]


def _cut(chance, sealed):
    del sealed[chance.randrange(len(sealed)) :]


INSIDE = (_flip_bit, _remove_block, _swap_blocks, _repeat_block, _cut)


def tamper_inside(chance, message):
    """Change what is sealed; the number is new, so that it is no replay."""
    sealed = bytearray(b64decode(message["logitcsInterface"].removeprefix(PREFIX)))
    for _ in range(chance.randint(1, 3)):
        if len(sealed) >= BLOCK_BYTES:
            chance.choice(INSIDE)(chance, sealed)
    envelope = PREFIX + b64encode(sealed).decode()
    return message | {"logitcsInterface": envelope, "serialNo": f"{chance.getrandbits(128):032x}"}


def tamper_outside(chance, message):
    """Take a field out, or put something else in its place."""
    changed = dict(message)
    name = chance.choice(sorted(changed))
    other = chance.choice([None, "", 0, [], {}, "x" * 200, "2026-11-23 08:00:00", "\u202e", -1])
    if chance.random() < 0.5:
        del changed[name]
    else:
        changed[name] = other
    return changed


def tamper_raw(chance, message):
    """Change bytes of the body as it travels."""
    body = bytearray(json.dumps(message).encode())
    for _ in range(chance.randint(1, 5)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def mutations(count, messages):
    """So many bodies, always the same ones for the same messages."""
    chance = random.Random(SEED)
    for _ in range(count):
        message = chance.choice(messages)
        how = chance.choice((tamper_inside, tamper_inside, tamper_outside, tamper_raw))
        changed = how(chance, message)
        yield changed if isinstance(changed, bytes) else json.dumps(changed).encode()


async def test_no_tampered_push_is_another_parcels_event_or_ends_a_life(http, ports):
    own, _ = await make_sealed(ports)
    other, _ = await make_sealed(ports, case_id="case2", person_id="person2")
    messages = [pushed(ports, own.waybill_no, code) for code in (DELIVERED, COLLECTED)]
    statuses = {}
    for body in mutations(MUTATIONS, messages):
        answer = await http.post(
            "/callbacks/carriers/ems", content=body, headers={"content-type": JSON_TYPE}
        )
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    await relay_all(ports)
    assert statuses.keys() <= {200, 400}, statuses
    assert statuses[400] > MUTATIONS / 2
    assert await TrackRecord.filter(waybill_no=other.waybill_no).count() == 0
    assert (await Parcel.get(id=other.id)).version == other.version
    assert (await Parcel.get(id=own.id)).state not in ENDED_PARCELS
    assert await OutboxRow.filter(topic="parcel.ended").count() == 0


async def test_a_push_under_another_key_is_nobodys(http, ports):
    own, _ = await make_sealed(ports)
    forged = Envelope("EBESExQVFhcYGRobHB0eHw==").seal(
        dump({"waybillNo": own.waybill_no, "opTime": format_beijing(ports.now()), "opCode": "203"})
    )
    message = pushed(ports, own.waybill_no, COLLECTED) | {"logitcsInterface": forged}
    answer = await http.post("/callbacks/carriers/ems", json=message)
    assert (answer.status_code, answer.json()["code"]) == (400, "push_unreadable")
    assert await InboxRow.all().count() == 0
    assert (await Parcel.get(id=own.id)).state is ParcelState.SEALED


async def test_a_push_replayed_late_or_with_another_number_is_processed_once(http, ports, clock):
    own, _ = await make_sealed(ports)
    message = pushed(ports, own.waybill_no, COLLECTED)
    again = message | {"serialNo": uuid4().hex}
    bodies = [message] * 5 + [again] * 5
    answers = await asyncio.gather(
        *(http.post("/callbacks/carriers/ems", json=body) for body in bodies)
    )
    assert {answer.status_code for answer in answers} == {200}
    clock.advance(minutes=6)
    late = await http.post("/callbacks/carriers/ems", json=message)
    assert (late.status_code, late.json()["code"]) == (400, "push_unreadable")
    assert await TrackRecord.all().count() == 1
    moved = {"aggregate": "Parcel", "to_state": ParcelState.COLLECTED}
    assert await Transition.filter(**moved).count() == 1
    told = await OutboxRow.filter(topic="parcel.collected").values_list("consumer", flat=True)
    assert len(told) == len(set(told)) > 0
