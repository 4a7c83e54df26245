"""Who acts, and which routes let them in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from server.kit.errors import NotFound

Row = TypeVar("Row")


class Role(StrEnum):
    """What an actor is there for."""

    NOBODY = "nobody"
    CITIZEN = "citizen"
    CLERK = "clerk"
    MANAGER = "manager"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    COURIER = "courier"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a request.

    `id` is the account's; `person_id` and `person_digest` (of the identity number) are set for a
    citizen who gave a real name; `point_code` for clerks and managers, `department_code` for
    handlers, `point_codes` for couriers.
    """

    role: Role
    id: str = ""
    person_id: str | None = None
    point_code: str | None = None
    department_code: str | None = None
    point_codes: frozenset[str] = frozenset()
    person_digest: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How moves and audit entries name the actor."""
        return f"{self.role}:{self.id}" if self.id else str(self.role)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request came from; empty where it tells nothing about anybody."""

    device: str = ""
    address: str = ""


NOWHERE = Origin()
NOBODY = Actor(Role.NOBODY)
ENGINE = Actor(Role.NOBODY, id="engine")
"""The product itself, when a job or a carrier's event moves something."""

Authenticator = Callable[[str], Awaitable[Actor | None]]
"""Takes a bearer token; None when there is no live session for it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which roles a route lets in; an empty set lets in everybody, logged in or not."""

    roles: frozenset[Role]

    @property
    def is_open(self) -> bool:
        """Whether no session is needed."""
        return not self.roles

    def admits(self, actor: Actor) -> bool:
        """Tell whether `actor` may come in."""
        return self.is_open or actor.role in self.roles


def _policy(*roles: Role) -> Policy:
    return Policy(frozenset(roles))


EVERYBODY = _policy()
CITIZENS = _policy(Role.CITIZEN)
POINT_STAFF = _policy(Role.CLERK, Role.MANAGER)
MANAGERS = _policy(Role.MANAGER)
HANDLERS = _policy(Role.HANDLER)
CASE_STAFF = _policy(Role.CLERK, Role.MANAGER, Role.HANDLER)
ALL_STAFF = _policy(Role.CLERK, Role.MANAGER, Role.HANDLER, Role.SUPERVISOR, Role.ADMIN)
DISTRICT = _policy(Role.SUPERVISOR)
ADMINS = _policy(Role.ADMIN)
COURIERS = _policy(Role.COURIER)


def found(row: Row | None) -> Row:
    """Return the row; raises `NotFound` for none: what is not the actor's is not there either."""
    if row is None:
        raise NotFound
    return row
