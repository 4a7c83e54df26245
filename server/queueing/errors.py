"""How queueing can be refused."""

from server.kit.errors import Refusal


class AlreadyInQueue(Refusal):
    """The person has a ticket at this point today that is not done with."""

    code = "already_in_queue"


class PointClosed(Refusal):
    """The point does not work now or soon."""

    code = "point_closed"


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
