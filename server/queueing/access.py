"""Who reaches which ticket and window; whoever may not is told that there is none."""

from models.catalog import Window
from models.queueing import QueueTicket
from server.kit.access import found
from server.kit.errors import NotFound

LONGEST_NUMBER = 4


async def access_own_ticket(person_id: str, ticket_id: str) -> QueueTicket:
    """Return the person's own ticket; raise `NotFound`."""
    return found(await QueueTicket.get_or_none(id=ticket_id, person_id=person_id))


async def access_point_ticket(point_code: str, ticket_id: str) -> QueueTicket:
    """Return a ticket of the point; raise `NotFound`."""
    return found(await QueueTicket.get_or_none(id=ticket_id, point_code=point_code))


async def access_window(point_code: str, number: str) -> Window:
    """Return a window of the point; raise `NotFound`."""
    if not number.isdecimal() or len(number) > LONGEST_NUMBER:
        raise NotFound
    return found(await Window.get_or_none(point_code=point_code, number=int(number)))
