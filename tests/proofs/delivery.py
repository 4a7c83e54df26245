"""A post that fails in every way and workers that are killed: one waybill for each order."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from urllib.request import urlopen

from integrations.contracts.carrier import Party
from integrations.ems.sandbox.app import API_PATH
from models.delivery import CourierOrder, Parcel
from models.kinds import OrderState, ParcelPurpose
from models.states import ParcelState
from server.delivery.repository import UNSETTLED
from server.delivery.service import pack_parcel
from server.kit.access import ENGINE
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.crowd import Member, gather_crowd
from tests.support.faulty_proxy import FaultyProxy, start_faulty_proxy
from tests.support.load import build_request
from tests.support.probe import start_probe
from tests.support.servers import (
    Listener,
    Worker,
    be_behind,
    be_elsewhere,
    last_core_is_for_work_behind,
    start_api,
    start_module,
    start_worker,
)
from tests.support.system import System, start_system

ORDERS, KILLS, OUTAGE_AT = 1_000, 20, 10
SPOILT = 0.12
POINT = "350102001000"
RECEIVER = Party("演示群众", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")
PACKED_AT_ONCE = 10
WITHIN_S = 150.0
POLL_S = 0.1
QUIET_S = 12.0
"""Before and after: a machine changes its pace, too."""
MOST_SLOWER = 1.2
HURRY = {"OUTBOX_PAUSE_S": "3", "OUTBOX_LEASE_S": "15", "VENDOR_RECOVERY_S": "3"}
"""What takes minutes in earnest takes seconds here: rests, leases of the dead, the breaker."""


@dataclass
class Run:
    """One thousand orders on their way through a faulty post."""

    system: System
    post: Listener
    proxy: FaultyProxy
    workers: list[Worker]
    ports: Ports
    kills: int = 0
    circuits: list[list[str]] = field(default_factory=list)

    def replace_worker(self) -> None:
        """Kill -9 one of the workers, at whatever it is."""
        worker = self.workers[self.kills % len(self.workers)]
        worker.kill()
        self.kills += 1
        worker.start()
        be_behind(worker.pid)

    def states_of_the_circuits(self) -> list[list[str]]:
        """What the log of each worker says of its breaker."""
        return [
            [
                json.loads(line)["state"]
                for line in worker.log.read_text(errors="replace").splitlines()
                if '"circuit_changed"' in line and '"ems"' in line
            ]
            for worker in self.workers
        ]


@proof("orders", group="delivery")
async def prove_orders() -> str:
    """1,000 orders, a post that answers a repeat with the same waybill: all are labelled."""
    async with _start_run("same") as run:
        with start_api(run.system.env) as api:
            request = await _make_reading_request(run)
            with _probing(api.port, request) as quiet:
                await asyncio.sleep(QUIET_S)
            await _pack(ORDERS - 1, run.ports)
            with _probing(api.port, request) as probed:
                await _drive(run, with_outage=True)
            with _probing(api.port, request) as quiet_again:
                await asyncio.sleep(QUIET_S)
        quiet += quiet_again
        labelled = await Parcel.filter(state=ParcelState.LABELLED).count()
        told = _count_at_the_post(run)
        await _compare_waybills(run)
    assert labelled == ORDERS, f"{labelled} labelled"
    for circuit in run.circuits:
        assert (circuit[0], circuit[-1]) == ("opened", "closed"), run.circuits
    slower = _p95_ms(probed) / _p95_ms(quiet)
    words = (
        f"{told}; {labelled} labelled; {_describe(run)}; breakers {_describe_circuits(run)}; "
        f"citizens' p95 {_p95_ms(quiet):.1f} -> {_p95_ms(probed):.1f} ms, x{slower:.2f}"
    )
    assert slower <= MOST_SLOWER, words
    return words


@proof("refused_repeats", group="delivery")
async def prove_refused_repeats() -> str:
    """1,000 orders, a post that refuses a repeat: labelled + listed for reconciliation = 1,000."""
    async with _start_run("refuse") as run:
        await _pack(ORDERS, run.ports)
        await _drive(run, with_outage=False)
        labelled = await Parcel.filter(state=ParcelState.LABELLED).count()
        listed = await CourierOrder.filter(state__in=UNSETTLED).count()
        told = _count_at_the_post(run)
        await _compare_waybills(run)
    assert labelled + listed == ORDERS, (labelled, listed)
    assert listed, "no answer was lost: the set-up is broken"
    return f"{told}; {labelled} labelled + {listed} listed = {ORDERS}; {_describe(run)}"


@contextlib.asynccontextmanager
async def _start_run(on_repeat: str) -> AsyncIterator[Run]:
    async with contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(start_system())
        stack.enter_context(last_core_is_for_work_behind())
        command = f"integrations.ems.sandbox --on-repeat {on_repeat}"
        post = stack.enter_context(start_module(command))
        be_elsewhere(post.pid)
        proxy = stack.enter_context(start_faulty_proxy(post.port, share=0.0))
        base = f"http://127.0.0.1:{proxy.port}{API_PATH}"
        env = {**system.env, "EMS_API_BASE": base, **HURRY}
        workers = [stack.enter_context(start_worker(env)) for _ in range(2)]
        for worker in workers:
            be_behind(worker.pid)
        engine = await stack.enter_async_context(system.engine())
        yield Run(system, post, proxy, workers, engine.ports)


async def _make_reading_request(run: Run) -> bytes:
    """A citizen who follows a parcel, once the worker has nothing else to do."""
    citizen: Member = (await gather_crowd(1, now=run.ports.now()))[0]
    await _pack(1, run.ports, person_id=citizen.person_id)
    await _wait_until(lambda: _count_settled(1))
    parcel = await Parcel.get(person_id=citizen.person_id)
    path = f"/api/v1/citizen/parcels/{parcel.id}"
    return build_request("GET", path, headers=citizen.headers())


async def _pack(count: int, ports: Ports, person_id: str | None = None) -> None:
    async def pack(how_many: int) -> None:
        for _ in range(how_many):
            await pack_parcel(
                purpose=ParcelPurpose.ORIGINAL_CHECK,
                point_code=POINT,
                contents="核验原件",
                receiver=RECEIVER,
                person_id=person_id,
                actor=ENGINE,
                now=ports.now(),
            )

    for start in range(0, count, PACKED_AT_ONCE):
        await in_transaction(lambda start=start: pack(min(PACKED_AT_ONCE, count - start)))


async def _drive(run: Run, *, with_outage: bool) -> None:
    run.proxy.share = SPOILT
    for number in range(1, KILLS + 1):
        await _wait_until(lambda number=number: _count_settled(number * ORDERS // (KILLS + 1)))
        run.replace_worker()
        if with_outage and number == OUTAGE_AT:
            await _survive_outage(run)
    await _wait_until(lambda: _count_settled(ORDERS))
    run.proxy.share = 0.0


async def _survive_outage(run: Run) -> None:
    known = [len(told) for told in run.states_of_the_circuits()]
    run.proxy.is_down = True
    await _wait_until(lambda: _all_say(run, known, "opened"))
    run.proxy.is_down = False
    await _wait_until(lambda: _all_say(run, known, "closed"))
    run.circuits = _since(run, known)


async def _all_say(run: Run, known: list[int], state: str) -> bool:
    return all(state in told for told in _since(run, known))


def _since(run: Run, known: list[int]) -> list[list[str]]:
    states = run.states_of_the_circuits()
    return [told[begun:] for told, begun in zip(states, known, strict=True)]


async def _count_settled(wanted: int) -> bool:
    labelled = await Parcel.filter(state=ParcelState.LABELLED).count()
    return labelled + await CourierOrder.filter(state__in=UNSETTLED).count() >= wanted


async def _wait_until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(POLL_S)


def _count_at_the_post(run: Run) -> str:
    orders = _orders_at_the_post(run)
    numbers = Counter(order["order_no"] for order in orders)
    waybills = Counter(order["waybill_no"] for order in orders)
    assert len(orders) == len(numbers) == len(waybills) == ORDERS, (len(numbers), len(waybills))
    return f"{len(waybills)} waybills at the post, none doubled"


async def _compare_waybills(run: Run) -> None:
    theirs = {order["order_no"]: order["waybill_no"] for order in _orders_at_the_post(run)}
    ours = await CourierOrder.all()
    assert len({order.parcel_id for order in ours}) == len(ours) == ORDERS
    for order in ours:
        if order.state is OrderState.WAYBILL_ISSUED:
            assert theirs[order.order_no] == order.waybill_no, order.id


def _orders_at_the_post(run: Run) -> list[dict]:
    with urlopen(f"{run.post.url}/sandbox/orders", timeout=30) as answer:
        return json.load(answer)["orders"]


def _describe_circuits(run: Run) -> str:
    return " and ".join(", ".join(circuit) for circuit in run.circuits)


def _describe(run: Run) -> str:
    faults = ", ".join(f"{count} {fault}" for fault, count in sorted(run.proxy.faults.items()))
    return f"{run.kills} workers killed -9, {run.proxy.exchanges} calls with faults: {faults}"


@contextlib.contextmanager
def _probing(port: int, request: bytes) -> Iterator[list[float]]:
    """Measure until the block ends; what was measured is in the list then."""
    latencies: list[float] = []
    with start_probe(port, request) as probe:
        yield latencies
        latencies += probe.stop()


def _p95_ms(latencies: list[float]) -> float:
    return sorted(latencies)[int(len(latencies) * 0.95)]
