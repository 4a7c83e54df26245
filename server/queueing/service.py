"""What others may know of the queue."""

from models.queueing import QueueTicket
from server.kit.errors import NotFound


async def get_ticket(ticket_id: str) -> QueueTicket:
    """Return the ticket; raise `NotFound`."""
    ticket = await QueueTicket.get_or_none(id=ticket_id)
    if ticket is None:
        raise NotFound
    return ticket
