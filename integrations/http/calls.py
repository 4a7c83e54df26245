"""What is sent to a vendor and what comes back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

from pydantic_core import from_json

from integrations.contracts.errors import VendorUnavailable


class Repeat(StrEnum):
    """When a call may be sent again.

    `ON_CONNECT_ERROR`: only if nothing was sent. `SAFE`: whatever happened to the first one.
    """

    NEVER = "never"
    ON_CONNECT_ERROR = "on_connect_error"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class VendorCall:
    """One call; `path` is empty or begins with a slash and is joined to the vendor's base URL."""

    method: str
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.path and not self.path.startswith("/"):
            raise ValueError("a path begins with a slash, or it could name another host")

    @classmethod
    def get(cls, path: str, query: Mapping[str, str]) -> "VendorCall":
        """Return a GET call."""
        return cls("GET", path, query)

    @classmethod
    def post_json(
        cls, path: str, document: Mapping[str, object], *, query: Mapping[str, str] | None = None
    ) -> "VendorCall":
        """Return a POST of a JSON document in UTF-8, not escaped to ASCII."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return cls("POST", path, query or {}, {"content-type": "application/json"}, body)

    @classmethod
    def post_form(cls, path: str, fields: Mapping[str, str]) -> "VendorCall":
        """Return a POST of form fields in UTF-8."""
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return cls("POST", path, {}, headers, urlencode(fields).encode())


@dataclass(frozen=True, slots=True)
class VendorReply:
    """An answer that arrived whole; `content_type` is in lower case, without parameters."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


def parse_object(vendor: str, reply: VendorReply) -> dict[str, object]:
    """Return the JSON object in a reply; raise `VendorUnavailable` if it holds anything else."""
    try:
        document = from_json(reply.body, allow_inf_nan=False)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise VendorUnavailable(vendor, code="unintelligible", reason=f"status {reply.status}")
    return document
