"""What the platform's error codes mean to a caller."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

VENDOR = "wechat"


class Meaning(StrEnum):
    """Final: refused for good. Token: our access token is dead. Busy: may be tried again."""

    FINAL = "final"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    BUSY = "busy"


REASONS: Mapping[int, str] = MappingProxyType(
    {
        -1: "busy",
        40001: "token or secret not valid",
        40003: "openid not valid",
        40013: "appid not valid",
        40014: "token not valid",
        40029: "code not valid",
        40037: "template not valid",
        40097: "argument not valid",
        40125: "secret not valid",
        40163: "code used",
        40164: "address not on the allow list",
        40165: "path not valid",
        40169: "scene not valid",
        40212: "query not valid",
        40226: "code blocked, user at risk",
        41002: "appid missing",
        41004: "secret missing",
        41008: "code missing",
        41030: "page not released",
        42001: "token expired",
        43101: "not subscribed",
        43104: "openid of another appid",
        43107: "capability banned",
        44002: "body empty",
        44990: "too frequent",
        45009: "quota used up",
        45011: "minute quota used up",
        45063: "too many at once",
        47001: "body not JSON",
        47003: "argument not valid",
        48001: "not authorised",
        61010: "user not active",
        87009: "signature not valid",
        87014: "content not allowed",
    }
)
"""Every code that we know, in words for a log line."""

TOKEN_CODES = frozenset({40001, 40014, 42001})
BUSY_CODES = frozenset({-1, 44990, 45009, 45011, 45063})


def judge(errcode: int) -> Meaning:
    """Say what an error code means; one that we do not know may be tried again."""
    if errcode in TOKEN_CODES:
        return Meaning.TOKEN
    if errcode in BUSY_CODES or errcode not in REASONS:
        return Meaning.BUSY
    return Meaning.FINAL
