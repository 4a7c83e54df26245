"""Hand-over scans: how many a second beside the least a process can do, and what a batch saves."""

from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

from integrations.contracts.carrier import Party
from models.delivery import HandOver, Parcel
from models.fields import digest_of
from models.kinds import ParcelPurpose, SessionKind
from models.people import Session
from models.staff import CourierAccount
from models.states import ParcelState
from server.delivery.codes import FreshCode
from server.delivery.service import pack_parcel, seal_parcel
from server.kit.access import Actor, Role
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.load import build_request, run_load
from tests.support.servers import start_module
from tests.support.system import start_system

ROUNDS, BATCHES, BATCH, CONNECTIONS = 3, 8, 100, 4
SINGLES = 20
HELLOS = 10_000
SEALED_AT_ONCE = 50
POINT = "350102001000"
RECEIVER = Party("演示群众", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")
CLERK = Actor(Role.CLERK, id="clerk", point_code=POINT)
PARCELS = ROUNDS * (BATCHES * BATCH + SINGLES + SINGLES // 4 * BATCH)


@bench("scans", group="delivery")
async def measure_scans() -> dict[str, float]:
    async with start_system() as system:
        async with system.engine() as engine:
            token = await _log_in_courier(engine.ports)
            codes = iter(await _seal(PARCELS, engine.ports))
        with system.api() as (api,), start_module("tests.bench.hello") as hello:
            measures = {
                "hello": lambda: _greet(hello.port),
                "scans": lambda: _scan_batches(api.port, token, codes),
                "one_ms": lambda: _time_scans(api.port, token, codes, size=1, count=SINGLES),
                "batch_ms": lambda: _time_scans(
                    api.port, token, codes, size=BATCH, count=SINGLES // 4
                ),
            }
            values = await measure_in_turns(measures, rounds=ROUNDS)
        async with system.engine():
            assert await HandOver.all().count() == PARCELS
            assert await Parcel.filter(state=ParcelState.COLLECTED).count() == PARCELS
    return {
        "scans_per_s": median(values["scans"]),
        "scan_ratio": median_ratio(values["scans"], values["hello"]),
        "one_ms": median(values["one_ms"]),
        "batch_ms": median(values["batch_ms"]),
        "scan_batch_growth": median_ratio(values["batch_ms"], values["one_ms"]),
    }


async def _log_in_courier(ports: Ports) -> str:
    token, now = uuid4().hex, ports.now()
    courier = await CourierAccount.create(
        login="bench",
        display_name="bench",
        carrier="ems",
        point_codes=[POINT],
        password_hash="",
        created_at=now,
    )
    await Session.create(
        token_digest=digest_of(token),
        kind=SessionKind.COURIER,
        subject_id=courier.id,
        created_at=now,
        expires_at=now.replace(year=now.year + 1),
    )
    return token


async def _seal(count: int, ports: Ports) -> list[str]:
    codes: list[FreshCode] = []

    async def seal_some() -> list[FreshCode]:
        return [await _seal_one(ports) for _ in range(SEALED_AT_ONCE)]

    while len(codes) < count:
        codes += await in_transaction(seal_some)
    return [code.long for code in codes]


async def _seal_one(ports: Ports) -> FreshCode:
    now = ports.now()
    parcel = await pack_parcel(
        purpose=ParcelPurpose.ORIGINAL_CHECK,
        point_code=POINT,
        contents="核验原件",
        receiver=RECEIVER,
        actor=CLERK,
        now=now,
    )
    parcel.state = ParcelState.LABELLED
    await parcel.save(update_fields=["state"])
    return await seal_parcel(parcel, seal_no="BENCH", actor=CLERK, now=now)


async def _greet(port: int) -> float:
    outcome = await run_load(port, [build_request("GET", "/")] * HELLOS, connections=64)
    return outcome.rate


async def _scan_batches(port: int, token: str, codes) -> float:
    requests = [_write_batch(token, codes, BATCH) for _ in range(BATCHES)]
    outcome = await run_load(port, requests, connections=CONNECTIONS)
    _check(outcome)
    return BATCHES * BATCH / outcome.duration_s


async def _time_scans(port: int, token: str, codes, *, size: int, count: int) -> float:
    requests = [_write_batch(token, codes, size) for _ in range(count)]
    outcome = await run_load(port, requests, connections=1)
    _check(outcome)
    return outcome.latency_ms(50)


def _write_batch(token: str, codes, size: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    scans = [
        {"scan_id": uuid4().hex, "scanned_at": now, "text": next(codes), "point_code": POINT}
        for _ in range(size)
    ]
    return build_request(
        "POST",
        "/api/v1/courier/scans",
        headers={"Authorization": f"Bearer {token}"},
        json_body={"device_now": now, "scans": scans},
    )


def _check(outcome) -> None:
    assert set(outcome.statuses) == {200}, outcome.statuses
    outcomes = {one["outcome"] for answer in outcome.answers for one in answer.json()["answers"]}
    assert outcomes == {"collected"}, outcomes
