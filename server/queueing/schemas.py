"""What comes in and goes out about the queue."""

from typing import Self

from pydantic import AwareDatetime

from models.catalog import Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.appointments.schemas import IdNumber, ItemCodes
from server.kit.http.schemas import Code, Incoming, Line, Outgoing
from server.queueing.rules import label_of


class TicketIn(Incoming):
    """A walk-in: to which kind of window, and for which items if known."""

    point_code: Code
    kind: WindowKind
    item_codes: ItemCodes | None = None


class DeskTicketIn(Incoming):
    """A walk-in without a phone, whose identity card was seen."""

    name: Line
    id_number: IdNumber
    kind: WindowKind
    item_codes: ItemCodes | None = None


class TicketOut(Outgoing):
    """A place in the queue."""

    id: str
    label: str
    point_code: str
    kind: WindowKind
    state: TicketState
    window_no: int | None
    appointment_id: str | None
    person_id: str
    item_codes: list[str]
    taken_at: AwareDatetime

    @classmethod
    def of(cls, row: QueueTicket) -> Self:
        """Show a ticket."""
        return cls(**facts_of(row))


class TicketDetailOut(TicketOut):
    """A place in the queue and what is before it; no minutes while no window is open."""

    people_before: int
    wait_minutes: int | None


class WindowOut(Outgoing):
    """A window and whether somebody works at it."""

    number: int
    kind: WindowKind
    is_open: bool

    @classmethod
    def of(cls, window: Window) -> Self:
        """Show a window."""
        is_open = window.opened_at is not None
        return cls(number=window.number, kind=window.kind, is_open=is_open)


class CallOut(Outgoing):
    """One line of the hall display."""

    label: str
    window_no: int
    state: TicketState


class KindOut(Outgoing):
    """Who waits for one kind of window."""

    kind: WindowKind
    waiting: int
    open_windows: int
    wait_minutes: int | None
    next_labels: list[str]


class DisplayOut(Outgoing):
    """The hall display: calls, the newest first, and who is next."""

    point_code: str
    calls: list[CallOut]
    kinds: list[KindOut]


def facts_of(row: QueueTicket) -> dict[str, object]:
    """Return what every view of a ticket shows."""
    return {
        "id": row.id,
        "label": label_of(row.series, row.number),
        "point_code": row.point_code,
        "kind": row.kind,
        "state": row.state,
        "window_no": row.window_no,
        "appointment_id": row.appointment_id,
        "person_id": row.person_id,
        "item_codes": row.item_codes,
        "taken_at": row.taken_at,
    }
