"""Refusals: every way in which a request can be turned down, as types."""

from collections.abc import Iterator
from typing import ClassVar

from server.kit.messages import text


class Refusal(Exception):
    """A request that is turned down; nothing of it took effect.

    `code` is for programs and names the text in the message catalogue, `status` is the HTTP status,
    `data` is shown to the caller and fills the text, so it never holds personal data.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 409

    def __init__(self, *, retry_after_s: int | None = None, **data: object) -> None:
        super().__init__(self.code)
        self.data = data
        self.retry_after_s = retry_after_s

    @property
    def detail(self) -> str:
        """The text for people."""
        return text(self.code, **self.data)


class Malformed(Refusal):
    """The request cannot be read."""

    code = "malformed"
    status = 400


class KeyRequired(Refusal):
    """A request that creates or moves something came without an `Idempotency-Key`."""

    code = "idempotency_key_required"
    status = 400


class Unauthenticated(Refusal):
    """No session, or one that has ended."""

    code = "unauthenticated"
    status = 401


class Forbidden(Refusal):
    """The actor's role may not do this."""

    code = "forbidden"
    status = 403


class NotFound(Refusal):
    """Not there, or not the actor's: the same answer for both."""

    code = "not_found"
    status = 404


class MethodNotAllowed(Refusal):
    """The path is known, the method is not."""

    code = "method_not_allowed"
    status = 405


class WrongState(Refusal):
    """The thing's state does not allow this move."""

    code = "wrong_state"


class ChangedMeanwhile(Refusal):
    """Somebody else moved the thing first."""

    code = "changed_meanwhile"


class InProgress(Refusal):
    """The first request with this key is still being worked on."""

    code = "in_progress"


class TooLarge(Refusal):
    """More bytes than are taken."""

    code = "too_large"
    status = 413


class InvalidShape(Refusal):
    """A field is missing, unknown, or not of its type; `data.fields` names each."""

    code = "invalid_shape"
    status = 422


class KeyReused(Refusal):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    status = 422


class ChallengeRequired(Refusal):
    """There is a rush, and the request came without the solution of a challenge."""

    code = "challenge_required"
    status = 428


class ChallengeNotSolved(Refusal):
    """The solution is wrong, too late, another account's, or was used for another request."""

    code = "challenge_not_solved"
    status = 428


class TooMany(Refusal):
    """More than the limit allows for now."""

    code = "too_many"
    status = 429


class Busy(Refusal):
    """A part that is needed does not answer; nothing was lost."""

    code = "busy"
    status = 503

    def __init__(self, *, retry_after_s: int = 2, **data: object) -> None:
        super().__init__(retry_after_s=retry_after_s, **data)


class Unexpected(Refusal):
    """A fault of ours."""

    code = "unexpected"
    status = 500


def every_refusal(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Yield every type of refusal that has been defined."""
    for kind in root.__subclasses__():
        yield kind
        yield from every_refusal(kind)
