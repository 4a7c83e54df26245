"""News on its way from the outbox to its consumers."""

from server.kit.relay import Relay


async def relay_all(ports, worker_id="test"):
    """Hand over all news that is due."""
    relay = Relay(ports, worker_id=worker_id)
    while await relay.run_once():
        pass
