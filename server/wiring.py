"""Which capabilities there are, and what higher ones lend to lower ones."""

from collections import Counter
from collections.abc import Awaitable, Callable

from models.catalog import Department, ServicePoint, Window
from models.kinds import WindowKind
from server import about
from server.appointments import endpoints as appointments
from server.appointments import tasks as appointment_tasks
from server.appointments.following import follow_days, follow_point
from server.appointments.generation import seed_templates
from server.appointments.loads import BookingLoads
from server.appointments.repository import has_slots
from server.appointments.reviewed import use_reviewed_items
from server.attachments import endpoints as attachments
from server.attachments import tasks as attachment_tasks
from server.attachments.access import register_staff_check
from server.audit import endpoints as audit
from server.audit import tasks as audit_tasks
from server.balancing import endpoints as balancing
from server.balancing import tasks as balancing_tasks
from server.balancing.loads import LOADS
from server.balancing.presence import use_opening_hours
from server.cases import access as case_access
from server.cases import endpoints as cases
from server.cases import endpoints_desk as cases_desk
from server.cases import tasks as case_tasks
from server.catalog import endpoints as catalog
from server.catalog.opening import use_places
from server.catalog.seeding import load_shipped
from server.delivery import endpoints as delivery
from server.delivery import tasks as delivery_tasks
from server.identity import endpoints as identity
from server.identity import tasks as identity_tasks
from server.kit import housekeeping
from server.kit.http.routes import Surface
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.notifications import endpoints as notifications
from server.notifications import tasks as notification_tasks
from server.oversight import endpoints as oversight
from server.prereview import access as prereview_access
from server.prereview import endpoints as prereview
from server.prereview import tasks as prereview_tasks
from server.prereview.service import reviewed_items
from server.queueing import endpoints as queueing
from server.queueing import tasks as queueing_tasks
from server.queueing.loads import HallLoads
from server.ratings import endpoints as ratings
from server.rosters import endpoints as rosters

SURFACES: tuple[Surface, ...] = (
    about.public,
    *identity.SURFACES,
    *catalog.SURFACES,
    *notifications.SURFACES,
    *attachments.SURFACES,
    *balancing.SURFACES,
    *prereview.SURFACES,
    *appointments.SURFACES,
    *queueing.SURFACES,
    *rosters.SURFACES,
    cases.citizen,
    cases_desk.desk,
    *delivery.SURFACES,
    *ratings.SURFACES,
    *oversight.SURFACES,
    *audit.SURFACES,
)

_TASKS = (
    identity_tasks,
    notification_tasks,
    attachment_tasks,
    balancing_tasks,
    prereview_tasks,
    appointment_tasks,
    queueing_tasks,
    case_tasks,
    delivery_tasks,
    audit_tasks,
)
JOBS: tuple[Job, ...] = (
    *housekeeping.JOBS,
    *(job for tasks in _TASKS for job in tasks.JOBS),
)
CONSUMERS: tuple[Consumer, ...] = tuple(
    consumer for tasks in _TASKS for consumer in tasks.CONSUMERS
)


def wire_capabilities() -> None:
    """Register what higher capabilities lend to lower ones."""
    use_reviewed_items(reviewed_items)
    register_staff_check(prereview_access.may_see_file)
    register_staff_check(case_access.may_see_file)
    LOADS.use(_HALL_LOADS, BookingLoads(), services=_HALL_LOADS)
    use_opening_hours(has_slots)
    use_places(follow_point=follow_point, follow_days=follow_days)


_HALL_LOADS = HallLoads()


async def _load_templates(_: Ports) -> None:
    windows = await Window.filter(kind=WindowKind.ACCEPT).values_list("point_code", flat=True)
    counts = Counter(str(code) for code in windows)
    points = await ServicePoint.all()
    await in_transaction(lambda: seed_templates(points, counts))


SEEDS: tuple[tuple[str, Callable[[Ports], Awaitable[None]]], ...] = (
    ("catalogue", load_shipped),
    ("opening hours", _load_templates),
    ("slots", appointment_tasks.make_slots),
)
"""What an empty system is filled with, in order: name and loader."""


async def department_codes() -> list[str]:
    """Return the code of every department."""
    return [one.code for one in await Department.all().order_by("code").only("code")]
