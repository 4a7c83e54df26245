"""What people have to do about a parcel: opened by what happened, once until it is done."""

from collections.abc import Collection, Iterable
from datetime import datetime

from models.delivery import Parcel, ParcelTask
from models.kinds import ParcelTaskKind
from models.states import ParcelState
from server.delivery.errors import TaskDone
from server.identity.people import find_account_of
from server.kit.access import ENGINE, Actor
from server.notifications.events import notify

TROUBLES = {
    ParcelState.ATTEMPT_FAILED: ParcelTaskKind.ATTEMPT_FAILED,
    ParcelState.RETURNED: ParcelTaskKind.RETURNED,
    ParcelState.LOST: ParcelTaskKind.LOST,
}
"""States that the point has to do something about, and that the receiver is told of."""


async def tell_of_trouble(parcel: Parcel, *, now: datetime) -> None:
    """Tell point and receiver if a parcel, which is locked, has just got into trouble."""
    kind = TROUBLES.get(parcel.state)
    if kind is None:
        return
    await open_task(kind, parcel.id, point_code=parcel.point_code, now=now)
    if parcel.person_id is not None:
        await notify(
            kind=f"parcel_{kind}",
            account_id=await find_account_of(parcel.person_id),
            subject_id=parcel.id,
            key=str(parcel.version),
            now=now,
        )


async def close_alarms(parcels: Iterable[Parcel], *, now: datetime) -> None:
    """Close the alarm of parcels that lay too long and have just left their points."""
    late = [parcel.id for parcel in parcels if parcel.alarmed_at is not None]
    if late:
        await close_tasks((ParcelTaskKind.NOT_COLLECTED,), *late, now=now)


async def open_task(
    kind: ParcelTaskKind, subject: str, *, point_code: str, now: datetime
) -> ParcelTask | None:
    """Write down something to do; None if it waits to be done already."""
    if await ParcelTask.exists(kind=kind, subject=subject, live=True):
        return None
    return await ParcelTask.create(kind=kind, subject=subject, point_code=point_code, opened_at=now)


async def close_tasks(kinds: Collection[ParcelTaskKind], *subjects: str, now: datetime) -> None:
    """Close what has come right by itself."""
    waiting = ParcelTask.filter(kind__in=list(kinds), subject__in=subjects, live=True)
    await waiting.update(live=None, closed_at=now, closed_by=ENGINE.name)


async def close_task(task: ParcelTask, *, note: str, actor: Actor, now: datetime) -> None:
    """Write down what was done; raises `TaskDone` if somebody did before."""
    waiting = ParcelTask.filter(id=task.id, live=True)
    closed = await waiting.update(live=None, closed_at=now, closed_by=actor.name, note=note)
    if not closed:
        raise TaskDone
    await task.refresh_from_db()
