"""What handlers return, as responses of the framework."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sanic import HTTPResponse
from sanic.compat import Header

from server.kit.http.call import Content, Rendered

JSON = "application/json"
REQUEST_ID = "x-request-id"
"""The one header that is never twice the same."""


class Answer(HTTPResponse):
    """A response whose headers are ours, by names in lower case: nothing in them needs cleaning."""

    __slots__ = ()

    def __init__(self, body: str | bytes, status: int, headers: Mapping[str, str]) -> None:
        self.asgi = False
        self.stream = None
        self.content_type = None
        self._cookies = None
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers: Header = dict(headers)  # type: ignore[assignment]

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the headers as bytes."""
        for name, value in self.headers.items():
            is_known = name != REQUEST_ID
            yield _as_bytes(name, value) if is_known else (b"x-request-id", value.encode())


@lru_cache(maxsize=4096)
def _as_bytes(name: str, value: str | int) -> tuple[bytes, bytes]:
    return name.encode(), str(value).encode()


def respond_json(body: str, status: int, *, request_id: str) -> HTTPResponse:
    """Answer with a JSON document, or with nothing if it is empty."""
    headers = {REQUEST_ID: request_id, "cache-control": "no-store"}
    if body:
        headers["content-type"] = JSON
    return Answer(body, status, headers)


def respond_rendered(rendered: Rendered[Any], *, known_tags: str, request_id: str) -> HTTPResponse:
    """Answer with JSON made ahead, or that it is known, if its tag is among `known_tags`."""
    etag = f'"{rendered.tag}"'
    headers = {REQUEST_ID: request_id, "cache-control": "no-cache", "etag": etag}
    if etag in known_tags:
        return Answer(b"", 304, headers)
    return Answer(rendered.body, 200, {**headers, "content-type": JSON})


def respond_empty(*, request_id: str) -> HTTPResponse:
    """Answer that it is done."""
    return Answer(b"", 204, {REQUEST_ID: request_id})


def respond_content(content: Content, *, request_id: str) -> HTTPResponse:
    """Answer with bytes of any kind, which no browser takes for anything else."""
    headers = {
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if content.name:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(content.name)}"
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return HTTPResponse(
        content.body, status=content.status, headers=headers, content_type=content.media_type
    )
