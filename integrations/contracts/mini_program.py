"""The messenger platform that citizens come through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LoginExchange:
    """What a login code is worth; the session key never leaves the server."""

    openid: str
    session_key: str = field(repr=False)
    unionid: str = ""


@dataclass(frozen=True, slots=True)
class SubscribeMessage:
    """One message to one person; `fields` maps template keys such as `thing1` to text."""

    openid: str
    template_id: str
    page: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlatformPush:
    """A message pushed by the platform, verified and decrypted."""

    dedupe_key: str
    event: str
    content: Mapping[str, object]


class MiniProgram(Protocol):
    """Calls to the platform. All raise `VendorUnavailable` or `VendorRefused`."""

    async def exchange_login_code(self, code: str) -> LoginExchange:
        """Exchange a single-use `wx.login` code; refused once used, expired or unknown."""
        ...

    async def exchange_phone_code(self, code: str) -> str:
        """Exchange a single-use phone code for the number without its country code."""
        ...

    async def send(self, message: SubscribeMessage) -> None:
        """Send one subscribe message; fields are cut to the platform's limits."""
        ...

    async def draw_code(self, scene: str, *, page: str) -> bytes:
        """Return the image of a mini-program code for `scene` (at most 32 characters)."""
        ...

    def verify_endpoint(self, query: Mapping[str, str]) -> str:
        """Answer the platform's endpoint verification; raise `PushRefused` if it is not genuine."""
        ...

    def read_push(self, query: Mapping[str, str], body: bytes) -> PlatformPush:
        """Verify and decrypt a pushed message; raise `PushRefused` if it is not genuine."""
        ...
