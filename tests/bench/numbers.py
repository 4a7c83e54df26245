"""What giving a number costs where few wait and where many do: processor time, whoever spends it.

One at a time in one process, in halls with all windows open; what was given is taken back, so that
as many wait in every round.
"""

from collections.abc import Mapping

from models.catalog import ServicePoint, Window
from models.kinds import WindowKind
from models.queueing import QueueTicket, TicketCounter
from server.catalog.rules import local_day
from server.kit.access import Actor, Role
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.queueing.tickets import WalkIn, take_ticket
from tests.bench.effort import Efforts
from tests.bench.register import bench
from tests.support.busy_halls import SERIES, let_wait, open_points
from tests.support.crowd import Member, gather_crowd
from tests.support.system import start_system

WAITING = {"few": 100, "many": 2_000}
ROUNDS, NUMBERS = 3, 200


@bench("number", group="balancing")
async def measure_numbers() -> dict[str, float]:
    """The time of a number behind 2,000 people over that behind 100."""
    async with start_system() as system, system.engine() as engine:
        efforts = {name: Efforts() for name in WAITING}
        halls = await _fill(engine.ports)
        crowd = await gather_crowd(NUMBERS, now=engine.ports.now())
        for _ in range(ROUNDS):
            for name, point in halls.items():
                with efforts[name].measure({"database": system.mariadb.pid}, count=NUMBERS):
                    await _give(crowd, point, engine.ports)
                await _take_back(crowd)
    costs = {name: efforts[name].medians() for name in WAITING}
    return {"growth": _total(costs["many"]) / _total(costs["few"])} | {
        f"{who}_among_{WAITING[name]}": cost
        for name, medians in costs.items()
        for who, cost in medians.items()
    }


async def _fill(ports: Ports) -> Mapping[str, ServicePoint]:
    now = ports.now()
    halls = dict(zip(WAITING, await open_points(len(WAITING), now), strict=True))
    for name, point in halls.items():
        await Window.filter(point_code=point.code).update(staff_id="clerk", opened_at=now)
        await let_wait(point, now, count=WAITING[name])
        await TicketCounter.create(
            point_code=point.code, day=local_day(now), series=SERIES, last_number=WAITING[name]
        )
    return halls


async def _give(crowd: list[Member], point: ServicePoint, ports: Ports) -> None:
    for one in crowd:
        wanted = WalkIn(point.code, WindowKind.ACCEPT, one.person_id)
        actor = Actor(Role.CITIZEN, id=one.account_id, person_id=one.person_id)
        await in_transaction(
            lambda wanted=wanted, actor=actor: take_ticket(
                wanted, actor=actor, now=ports.now(), settings=ports.settings
            )
        )


async def _take_back(crowd: list[Member]) -> None:
    await QueueTicket.filter(person_id__in=[one.person_id for one in crowd]).delete()


def _total(medians: Mapping[str, float]) -> float:
    return medians["load_us"] + medians["database_us"]
