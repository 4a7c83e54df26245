"""How queueing can be refused."""

from server.kit.errors import Forbidden, Refusal


class AlreadyInQueue(Refusal):
    """The person has a ticket today that is not done with: at this point, or a remote one."""

    code = "already_in_queue"


class PointClosed(Refusal):
    """The point does not work now or soon."""

    code = "point_closed"


class TooFar(Refusal):
    """The place is too far from the point; `within_km` is how near it has to be."""

    code = "too_far"


class AssuranceTooLow(Forbidden):
    """Only somebody whose identity is better assured takes a number from afar."""

    code = "assurance_too_low"


class RemotePaused(Refusal):
    """The person did not come to numbers taken from afar; in the hall they get one."""

    code = "remote_paused"


class NobodyWaiting(Refusal):
    """No ticket waits for this kind of window."""

    code = "nobody_waiting"


class WindowClosed(Refusal):
    """The window is not open, or somebody else works at it."""

    code = "window_closed"


class WindowTaken(Refusal):
    """Somebody else has opened the window."""

    code = "window_taken"


class WindowBusy(Refusal):
    """The window has a ticket that is not finished."""

    code = "window_busy"


class NoTicketAtWindow(Refusal):
    """Nobody was called to this window, or all were finished."""

    code = "no_ticket_at_window"


class NoSooner(Refusal):
    """The other point would not serve the person sooner, or not at all."""

    code = "no_sooner"


class KindNotServed(Refusal):
    """The window or the point does not serve this kind."""

    code = "kind_not_served"
