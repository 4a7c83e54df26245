"""Structured logs: one JSON object a line, on standard error, with personal data masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

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
            return _mask(value)
        case dict():
            return {name: _hide(name, held) for name, held in value.items()}
        case list() | tuple():
            return [_hide(None, held) for held in value]
        case int() if (masked := _mask(str(value))) != str(value):
            return masked
    return value


def _mask(words: str) -> str:
    masked = _ID_NUMBER.sub("[id number]", words)
    return _BEARER.sub("[token]", _PHONE.sub("[phone]", masked))
