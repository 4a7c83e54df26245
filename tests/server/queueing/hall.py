"""People and steps in a hall, for the tests of the queue."""

from models.kinds import WindowKind
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction
from server.queueing.tickets import WalkIn, check_in, take_ticket
from tests.support.booking import CLERK, STREET, book_now, make_booker, wish

ANOTHER_CLERK = Actor(Role.CLERK, id="another", point_code=STREET)
MANAGER = Actor(Role.MANAGER, id="manager", point_code=STREET)


async def do(step, *args, ports, actor=CLERK, **options):
    """Run a step of the hall in a transaction."""
    return await in_transaction(lambda: step(*args, actor=actor, now=ports.now(), **options))


async def walk_in(number, ports, *, kind=WindowKind.ACCEPT, item_codes=(), is_green=False):
    """Let the person of that number take a ticket in the hall."""
    booker = await make_booker(number)
    wanted = WalkIn(STREET, kind, booker.person_id, item_codes, is_green)
    return await do(take_ticket, wanted, ports=ports, actor=booker.actor, settings=ports.settings)


async def checked_in(number, ports, **place):
    """Let the person of that number book and check in."""
    made = await book_now(wish(**place), await make_booker(number), ports)
    return await do(check_in, made, ports=ports, settings=ports.settings)
