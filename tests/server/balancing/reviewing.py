"""Steps of the work queues, for the tests of both rooms."""

from server.balancing import reviews
from server.balancing.rebuild import rebuild
from server.kit.transaction import in_transaction


async def differences(ports):
    """What Redis and the database say differently."""
    found = await rebuild(ports.redis, now=ports.now(), check_only=True)
    return [str(one) for one in found]


async def give_back_lapsed(ports):
    """Give back every review whose lease ran out."""
    for task in await reviews.find_lapsed(now=ports.now()):
        await in_transaction(
            lambda task=task: reviews.give_back(task.id, now=ports.now(), redis=ports.redis)
        )
