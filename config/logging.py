"""Structured logs: one JSON object a line, on standard error, with personal data masked."""

import asyncio
import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

_HIDDEN_KEYS = frozenset(
    {"name", "phone", "id_number", "address", "openid", "session_key", "token", "password", "code"}
)
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{9}[\dXx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")
_BEARER = re.compile(r"(?i)bearer\s+[\w-]+")


def configure_logging(level: str) -> None:
    """Send every line of this process, ours and the libraries', through the same masking."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_personal_data,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "tortoise", "aiosqlite", "asyncio", "sanic.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *(step for step in shared if not isinstance(step, structlog.stdlib.ExtraAdder)),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class LineLog:
    """Writes lines that are many and alike, such as one an answer, without a logger's detours.

    The fields are ours and never personal data: nothing is masked here. The lines of one turn of
    the event loop are written together.
    """

    def __init__(self, name: str, level: int) -> None:
        self._logger = logging.getLogger(name)
        self._level = level
        self._fixed = {"level": logging.getLevelName(level).lower(), "logger": name}
        self._lines: list[bytes] = []

    @property
    def is_wanted(self) -> bool:
        """Whether lines of this level are written at all."""
        return self._logger.isEnabledFor(self._level)

    def write(self, **fields: str | float) -> None:
        """Write one line; call it from the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        line = {**fields, **self._fixed, "timestamp": datetime.now(UTC)}
        self._lines.append(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))

    def _flush(self) -> None:
        lines = b"".join(self._lines)
        self._lines.clear()
        sys.stderr.write(lines.decode())
        sys.stderr.flush()


def mask_personal_data(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide values under telling keys, and numbers that look like a person's wherever they stand."""
    for key, value in event.items():
        event[key] = _hide(key, value)
    return event


def _hide(key: object, value: Any) -> Any:
    if key in _HIDDEN_KEYS:
        return "***"
    match value:
        case str():
            return mask(value)
        case dict():
            return {name: _hide(name, held) for name, held in value.items()}
        case list() | tuple():
            return [_hide(None, held) for held in value]
        case int() if (masked := mask(str(value))) != str(value):
            return masked
    return value


def mask(words: str) -> str:
    """Hide what looks like somebody's number or token."""
    masked = _ID_NUMBER.sub("[id number]", words)
    return _BEARER.sub("[token]", _PHONE.sub("[phone]", masked))
