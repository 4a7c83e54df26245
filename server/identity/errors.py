"""How identity turns requests down."""

from server.kit.errors import InvalidShape, Refusal, Unauthenticated


class LoginCodeRefused(Refusal):
    """The platform does not take the code: used, expired or unknown."""

    code = "login_code_refused"
    status = 400


class LoginFailed(Unauthenticated):
    """Wrong login, password or one-time code, or too many tries: one answer for all."""

    code = "login_failed"


class IdNumberInvalid(InvalidShape):
    """Not an identity number by GB 11643."""

    code = "id_number_invalid"


class IdentityTaken(Refusal):
    """The identity is known, and this account has not shown that it is its own."""

    code = "identity_taken"


class IdentityFixed(Refusal):
    """The account stands for another person already."""

    code = "identity_fixed"


class RelativeKnown(Refusal):
    """The account has asked this person already, or books for them."""

    code = "relative_known"


class RelativeUnlike(Refusal):
    """The name or number is not the one that was asked for."""

    code = "relative_unlike"


class TooManyRelatives(Refusal):
    """The account has as many relatives as are allowed."""

    code = "too_many_relatives"
