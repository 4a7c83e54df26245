"""Whether the carrier goes to an address: asked before it is taken, or later if nobody answers.

An address that could not be asked about is taken, with a task that stands until it was.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from integrations.contracts.carrier import Party, Reach
from integrations.contracts.errors import VendorError
from models.delivery import DeliveryAddress, Parcel, ParcelTask
from models.kinds import ParcelTaskKind
from server.delivery.addresses import party_of
from server.delivery.errors import AddressTooCoarse, AddressUnclear, OutOfRange
from server.delivery.parcel_tasks import close_tasks, open_task
from server.delivery.regions import settle_region
from server.delivery.service import receiver_of
from server.identity.people import find_account_of
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.notifications.events import notify

BATCH = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """A receiver whose region has its full names, and whether the carrier said it goes there."""

    receiver: Party
    is_checked: bool


def settle_receiver(receiver: Party) -> Party:
    """Return a receiver with the full names of his region.

    Raises `AddressUnclear` for a city that is not there.
    """
    region = settle_region(receiver.province, receiver.city, receiver.county)
    if region is None:
        raise AddressUnclear(missing="city")
    return replace(receiver, **region._asdict())


async def check_receiver(receiver: Party, point_code: str, ports: Ports) -> Settled:
    """Settle a receiver's region and ask the point's carrier; outside any transaction.

    Raises `AddressUnclear`, `AddressTooCoarse`, `OutOfRange`.
    """
    settled = settle_receiver(receiver)
    match await _ask(settled, point_code, ports):
        case Reach.OUT_OF_RANGE:
            raise OutOfRange
        case Reach.TOO_COARSE:
            raise AddressTooCoarse
        case answer:
            return Settled(settled, is_checked=answer is Reach.REACHED)


async def note_reach(subject: str, *, is_checked: bool, point_code: str, now: datetime) -> None:
    """Open the task of asking later about an address or parcel, or close it if that is done."""
    if is_checked:
        await close_tasks((ParcelTaskKind.ADDRESS_TO_CHECK,), subject, now=now)
    else:
        kind = ParcelTaskKind.ADDRESS_TO_CHECK
        await open_task(kind, subject, point_code=point_code, now=now)


async def check_addresses(ports: Ports) -> None:
    """Ask about addresses that were taken while the carrier did not answer."""
    waiting = ParcelTask.filter(kind=ParcelTaskKind.ADDRESS_TO_CHECK, live=True)
    for task in await waiting.order_by("id").limit(BATCH):
        party = await _party_of(task.subject)
        answer = await _ask(party, task.point_code, ports) if party else Reach.REACHED
        if answer is Reach.UNKNOWN:
            continue
        is_reached = answer is Reach.REACHED
        await in_transaction(_settling(task, is_reached=is_reached, now=ports.now()))


def _settling(
    task: ParcelTask, *, is_reached: bool, now: datetime
) -> Callable[[], Awaitable[None]]:
    async def settle() -> None:
        await close_tasks((ParcelTaskKind.ADDRESS_TO_CHECK,), task.subject, now=now)
        if not is_reached:
            await _tell_refused(task, now)

    return settle


async def _tell_refused(task: ParcelTask, now: datetime) -> None:
    kind = ParcelTaskKind.ADDRESS_REFUSED
    opened = await open_task(kind, task.subject, point_code=task.point_code, now=now)
    person_id = await _person_of(task.subject)
    if opened is None or person_id is None:
        return
    await notify(
        kind="parcel_address_refused",
        account_id=await find_account_of(person_id),
        subject_id=task.subject,
        key=opened.id,
        now=now,
    )


async def _ask(party: Party, point_code: str, ports: Ports) -> Reach:
    try:
        return await ports.carriers.of_point(point_code).check_reach(party)
    except VendorError as error:
        log.warning("reach_not_checked", code=error.code)
        return Reach.UNKNOWN


async def _party_of(subject: str) -> Party | None:
    address = await DeliveryAddress.get_or_none(id=subject)
    if address is not None:
        return party_of(address)
    parcel = await Parcel.get_or_none(id=subject)
    return receiver_of(parcel) if parcel else None


async def _person_of(subject: str) -> str | None:
    address = await DeliveryAddress.get_or_none(id=subject)
    if address is not None:
        return address.person_id
    parcel = await Parcel.get_or_none(id=subject)
    return parcel.person_id if parcel else None
