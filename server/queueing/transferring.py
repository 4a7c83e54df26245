"""Sending somebody on: a new number in the other queue, the old place in time if they are sent."""

from dataclasses import dataclass
from datetime import datetime

from models.catalog import ServicePoint, Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.rules import Place, distance_km, travel_minutes
from server.catalog.service import get_point
from server.identity.people import find_account_of
from server.kit.access import Actor
from server.kit.errors import WrongState
from server.kit.states import advance
from server.notifications.events import notify
from server.queueing.calling import clear_window, in_hand
from server.queueing.errors import KindNotServed
from server.queueing.repository import kinds_of, windows_of
from server.queueing.rules import label_of, lane_elsewhere
from server.queueing.tickets import give_number


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a number goes: to which kind, at which point, and perhaps to one window of it.

    `is_here` is false where the person has to come to the point first, `arrive_by` at the latest.
    `keeps_place` is false for one who chose to go: as one who takes a number there now.
    """

    point_code: str
    kind: WindowKind
    window_no: int | None = None
    arrive_by: datetime | None = None
    keeps_place: bool = True

    @property
    def is_here(self) -> bool:
        """Whether the person is at the point already."""
        return self.arrive_by is None


async def transfer_ticket(
    window: Window,
    *,
    kind: WindowKind | None,
    window_no: int | None,
    actor: Actor,
    now: datetime,
) -> QueueTicket:
    """Send whoever is at the window to another kind or window; return the new ticket.

    Raises as `recall`, `KindNotServed`, or `WrongState` if it is where the person is already.
    """
    ticket = await in_hand(window, actor, now)
    wanted = kind or ticket.kind
    if window_no == ticket.window_no or (window_no is None and wanted is ticket.kind):
        raise WrongState(state=str(ticket.state))
    await _require_served(window, wanted, window_no)
    await clear_window(ticket, now)
    destination = Destination(ticket.point_code, wanted, window_no)
    successor = await move_ticket(ticket, destination, actor=actor, now=now)
    await tell_moved(successor, "ticket_transferred", now=now)
    return successor


async def move_ticket(
    ticket: QueueTicket, destination: Destination, *, actor: Actor, now: datetime
) -> QueueTicket:
    """Give a ticket's person a new one elsewhere that keeps the visit.

    Call it with both halls taken.
    """
    appointment_id = ticket.appointment_id
    await advance(
        ticket, TicketState.TRANSFERRED, actor=actor, now=now, done_at=now, appointment_id=None
    )
    successor = QueueTicket(
        point_code=destination.point_code,
        kind=destination.kind,
        lane=ticket.lane if destination.keeps_place else lane_elsewhere(ticket.lane),
        person_id=ticket.person_id,
        appointment_id=appointment_id,
        origin_id=ticket.id,
        item_codes=ticket.item_codes,
        rank_at=ticket.rank_at if destination.keeps_place else now,
        arrived_at=now if destination.is_here else None,
        arrive_by=destination.arrive_by,
        wanted_window_no=destination.window_no,
        misses=ticket.misses,
    )
    return await give_number(successor, actor=actor, now=now)


async def tell_moved(successor: QueueTicket, kind: str, *, now: datetime) -> None:
    """Tell a person once which number they have now, and where."""
    point = await get_point(successor.point_code)
    await notify(
        kind=kind,
        account_id=await find_account_of(successor.person_id),
        subject_id=successor.id,
        key="moved",
        now=now,
        data={"point": point.name, "ticket": label_of(successor.series, successor.number)},
    )


def minutes_between(left: ServicePoint, there: ServicePoint) -> float:
    """Return how long the way from one point to another takes."""
    return travel_minutes(distance_km(_place(left), _place(there)))


def _place(point: ServicePoint) -> Place:
    return Place(point.lat, point.lng)


async def _require_served(window: Window, kind: WindowKind, window_no: int | None) -> None:
    serving = [
        one
        for one in await windows_of(window.point_code)
        if kind in kinds_of(one) and window_no in {None, one.number}
    ]
    if window_no is not None:
        serving = [one for one in serving if one.opened_at is not None]
    if not serving:
        raise KindNotServed
