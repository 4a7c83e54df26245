"""What comes in and goes out about the queue."""

from datetime import date, datetime
from math import ceil, floor
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from models.catalog import Window
from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.appointments.schemas import IdNumber, ItemCodes
from server.balancing.rules import Place
from server.kit.http.schemas import Code, Day, Incoming, Line, Outgoing, PageQuery
from server.queueing.accuracy import WaitError
from server.queueing.offers import Elsewhere
from server.queueing.repository import kinds_of
from server.queueing.rules import label_of

LONGEST_WAY_MINUTES = 240
LARGEST_WINDOW_NO = 9999

Lat = Annotated[float, Field(ge=-90, le=90)]
Lng = Annotated[float, Field(ge=-180, le=180)]
Minutes = Annotated[int, Field(ge=1, le=LONGEST_WAY_MINUTES)]
WindowNo = Annotated[int, Field(ge=1, le=LARGEST_WINDOW_NO)]


class PlaceIn(Incoming):
    """Where the phone is, in degrees (WGS 84); it is not kept."""

    lat: Lat
    lng: Lng

    @property
    def place(self) -> Place:
        """The place."""
        return Place(self.lat, self.lng)


class TicketIn(PlaceIn):
    """A number wanted: to which kind of window, for which items if known, from where.

    `travel_minutes` is how long the way takes, if the person knows better than the map.
    """

    point_code: Code
    kind: WindowKind
    item_codes: ItemCodes | None = None
    travel_minutes: Minutes | None = None


class MoveIn(Incoming):
    """Which point was offered."""

    point_code: Code


class WayIn(Incoming):
    """How long the way to a booked visit takes: in minutes, or from which place."""

    travel_minutes: Minutes | None = None
    lat: Lat | None = None
    lng: Lng | None = None

    @model_validator(mode="after")
    def _is_told_one_way(self) -> Self:
        place = (self.lat, self.lng)
        if (self.travel_minutes is None) == (None in place) or place.count(None) == 1:
            raise ValueError("either travel_minutes, or lat and lng")
        return self

    @property
    def place(self) -> Place | None:
        """The place, if that was told."""
        if self.lat is None or self.lng is None:
            return None
        return Place(self.lat, self.lng)


class WayOut(Outgoing):
    """How long the way is taken to be; somebody is told when to set out."""

    travel_minutes: int


class DeskTicketIn(Incoming):
    """A walk-in without a phone, whose identity card was seen.

    `is_green`: goes first for what the clerk sees, such as a disability.
    """

    name: Line
    id_number: IdNumber
    kind: WindowKind
    item_codes: ItemCodes | None = None
    is_green: bool = False


class OpenIn(Incoming):
    """What a window serves besides its own kind while it is open."""

    also_kinds: list[WindowKind] = Field(default_factory=list, max_length=len(WindowKind))


class ChangeIn(Incoming):
    """At which window the clerk goes on."""

    to_no: WindowNo


class TransferIn(Incoming):
    """Where somebody is sent on: to another kind of window, to one window, or both."""

    kind: WindowKind | None = None
    window_no: WindowNo | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.kind is None and self.window_no is None:
            raise ValueError("kind or window_no")
        return self


class TicketsQuery(PageQuery):
    """Which numbers of the point: of a day (today), in a state (any)."""

    day: Day | None = None
    state: TicketState | None = None


class TicketOut(Outgoing):
    """A place in the queue; `predicted_minutes` is the wait as it was predicted when taken."""

    id: str
    label: str
    point_code: str
    kind: WindowKind
    lane: Lane
    state: TicketState
    window_no: int | None
    wanted_window_no: int | None
    appointment_id: str | None
    person_id: str
    item_codes: list[str]
    predicted_minutes: float | None
    taken_at: AwareDatetime
    arrived_at: AwareDatetime | None
    arrive_by: AwareDatetime | None
    first_called_at: AwareDatetime | None

    @classmethod
    def of(cls, row: QueueTicket) -> Self:
        """Show a ticket."""
        return cls(**facts_of(row))


class ElsewhereOut(Outgoing):
    """A point where one would be called sooner: the minutes on the way and then in the queue there.

    `saved_minutes` and `holds_until` are null while no window is open where one waits.
    """

    point_code: str
    point_name: str
    travel_minutes: int
    wait_minutes: int
    saved_minutes: int | None
    holds_until: AwareDatetime | None

    @classmethod
    def of(cls, offer: Elsewhere, *, now: datetime) -> Self:
        """Show an offer."""
        return cls(
            point_code=offer.point.code,
            point_name=offer.point.name,
            travel_minutes=ceil(offer.travel),
            wait_minutes=ceil(offer.wait),
            saved_minutes=None if offer.saved is None else floor(offer.saved),
            holds_until=offer.holds_until(now),
        )


class TicketDetailOut(TicketOut):
    """A place in the queue and what is before it; no minutes while no window is open.

    Whoever does not wait any more has neither. `offer` is where one had better go instead.
    """

    people_before: int
    wait_minutes: int | None
    offer: ElsewhereOut | None = None


class WaitErrorsQuery(Incoming):
    """Of which day (today)."""

    day: Day | None = None


class WaitErrorOut(Outgoing):
    """By how much predicted waits were off at a point, in minutes on the mean.

    `naive_error_minutes` is that of all who are before × mean minutes ÷ windows, `ratio` the one
    over the other.
    """

    point_code: str
    people: int
    error_minutes: float
    naive_error_minutes: float
    ratio: float | None

    @classmethod
    def of(cls, error: WaitError) -> Self:
        """Show the error of a point."""
        return cls(
            point_code=error.point_code,
            people=error.people,
            error_minutes=round(error.error_minutes, 2),
            naive_error_minutes=round(error.naive_error_minutes, 2),
            ratio=None if error.ratio is None else round(error.ratio, 3),
        )


class WaitErrorsOut(Outgoing):
    """The points where somebody was called on a day."""

    day: date
    items: list[WaitErrorOut]


class WindowOut(Outgoing):
    """A window, what it serves, and whether somebody works at it."""

    number: int
    kind: WindowKind
    kinds: list[WindowKind]
    is_open: bool

    @classmethod
    def of(cls, window: Window) -> Self:
        """Show a window."""
        return cls(
            number=window.number,
            kind=window.kind,
            kinds=sorted(kinds_of(window)),
            is_open=window.opened_at is not None,
        )


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
    predicted = row.predicted_minutes
    return {
        "id": row.id,
        "label": label_of(row.series, row.number),
        "point_code": row.point_code,
        "kind": row.kind,
        "lane": row.lane,
        "state": row.state,
        "window_no": row.window_no,
        "wanted_window_no": row.wanted_window_no,
        "appointment_id": row.appointment_id,
        "person_id": row.person_id,
        "item_codes": row.item_codes,
        "predicted_minutes": None if predicted is None else round(predicted, 1),
        "taken_at": row.taken_at,
        "arrived_at": row.arrived_at,
        "arrive_by": row.arrive_by,
        "first_called_at": row.first_called_at,
    }
