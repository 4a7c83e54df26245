"""How messages turn requests down."""

from server.kit.errors import Refusal


class PushNotGenuine(Refusal):
    """Not signed or encrypted as the platform does it, or too old."""

    code = "push_not_genuine"
    status = 400
