"""What identity does by itself."""

from server.identity.origins import forget_old_origins
from server.identity.sessions import forget_ended_sessions
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction


async def _forget_ended_sessions(ports: Ports) -> None:
    await in_transaction(lambda: forget_ended_sessions(now=ports.now()))


async def _forget_old_origins(ports: Ports) -> None:
    await in_transaction(lambda: forget_old_origins(now=ports.now()))


JOBS = (
    Job(name="forget_ended_sessions", every_s=3600, run=_forget_ended_sessions),
    Job(name="forget_old_origins", every_s=3600, run=_forget_old_origins),
)
CONSUMERS: tuple[Consumer, ...] = ()
