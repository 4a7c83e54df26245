"""Which capabilities there are, and how lower ones are told by higher ones."""

from collections.abc import Awaitable, Callable

from models.catalog import Department, ServicePoint
from server.identity import endpoints as identity
from server.identity import tasks as identity_tasks
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.notifications import endpoints as notifications
from server.notifications import tasks as notification_tasks

SURFACES = (*identity.SURFACES, *notifications.SURFACES)
JOBS: tuple[Job, ...] = (*identity_tasks.JOBS, *notification_tasks.JOBS)
CONSUMERS: tuple[Consumer, ...] = (*identity_tasks.CONSUMERS, *notification_tasks.CONSUMERS)


SEEDS: tuple[tuple[str, Callable[[Ports], Awaitable[None]]], ...] = ()
"""What an empty system is filled with, in order: name and loader."""


def wire_capabilities() -> None:
    """Register what higher capabilities lend to lower ones."""


async def point_codes() -> list[str]:
    """Return the code of every point, in the catalogue's order."""
    return [point.code for point in await ServicePoint.all().order_by("code").only("code")]


async def department_codes() -> list[str]:
    """Return the code of every department."""
    return [one.code for one in await Department.all().order_by("code").only("code")]
