"""Which capabilities there are, and how lower ones are told by higher ones."""

from server.identity import endpoints as identity
from server.identity import tasks as identity_tasks
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.notifications import endpoints as notifications
from server.notifications import tasks as notification_tasks

SURFACES = (*identity.SURFACES, *notifications.SURFACES)
JOBS: tuple[Job, ...] = (*identity_tasks.JOBS, *notification_tasks.JOBS)
CONSUMERS: tuple[Consumer, ...] = (*identity_tasks.CONSUMERS, *notification_tasks.CONSUMERS)


def wire_capabilities() -> None:
    """Register what higher capabilities lend to lower ones."""
