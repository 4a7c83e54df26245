"""Halls that work now, with people in them, for proofs and measurements of the queue."""

from datetime import datetime, timedelta

from models.appointments import Slot
from models.catalog import ServicePoint
from models.fields import new_id
from models.kinds import Lane, WindowKind
from models.people import Person
from models.queueing import QueueTicket
from models.states import TicketState
from server.catalog.rules import local_day
from tests.support.booking import QUANTUM

SERIES = "A"


async def open_points(count: int, now: datetime) -> list[ServicePoint]:
    """Let the first street centres work for the next two hours."""
    points = await ServicePoint.filter(level="street").order_by("code").limit(count)
    assert len(points) == count
    begin = now.replace(second=0, microsecond=0)
    await Slot.bulk_create(
        Slot(
            point_code=point.code,
            kind=WindowKind.ACCEPT,
            starts_at=begin + place * QUANTUM,
            capacity=1,
        )
        for point in points
        for place in range(1, 24)
    )
    return points


async def let_wait(point: ServicePoint, now: datetime, *, count: int) -> None:
    """Fill a hall; every other one is green, so that plain numbers could starve."""
    person = await Person.first() or await Person.create(
        name="演示群众", id_number="x", id_digest="x", created_at=now
    )
    await QueueTicket.bulk_create(
        QueueTicket(
            id=new_id(),
            point_code=point.code,
            day=local_day(now),
            series=SERIES,
            number=number,
            kind=WindowKind.ACCEPT,
            lane=Lane.GREEN if number % 2 else Lane.PLAIN,
            person_id=person.id,
            item_codes=[],
            state=TicketState.WAITING,
            rank_at=now + timedelta(seconds=number),
            arrived_at=now,
            taken_at=now,
        )
        for number in range(1, count + 1)
    )
