"""Between our values and the platform's documents; pure.

Limits of subscribe-message values: "sendMessage", table of parameter types.
https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from integrations.contracts.errors import VendorError, VendorRefused, VendorUnavailable
from integrations.contracts.mini_program import LoginExchange, SubscribeMessage
from integrations.wechat.codes import REASONS, VENDOR, Meaning, judge

CJK = "\u3400-\u4dbf\u4e00-\u9fff"
NAME_LENGTH_ASCII = 20

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_KEY = re.compile(r"([a-z_]+?)\d+")
_FIELD = re.compile(r"data\.([a-z_]{1,20}\d{1,3})\b")
_TRACE = re.compile(r"rid: ?([0-9a-zA-Z-]{1,64})")
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")


@dataclass(frozen=True, slots=True)
class ValueLimit:
    """How a kind of value is cut: characters taken out, length, what stands for nothing."""

    refused: re.Pattern[str]
    length: int
    blank: str
    ellipsis: str = ""


LIMITS: Mapping[str, ValueLimit] = MappingProxyType(
    {
        "thing": ValueLimit(re.compile(r"(?!)"), 20, "无", "…"),
        "letter": ValueLimit(re.compile(r"[^A-Za-z]"), 32, "N"),
        "symbol": ValueLimit(re.compile(r"[^!-/:-@\[-`{-~]"), 5, "-"),
        "character_string": ValueLimit(re.compile(r"[^!-~]"), 32, "-"),
        "phone_number": ValueLimit(re.compile(r"[^0-9+\-*#()]"), 17, "-"),
        "name": ValueLimit(re.compile(r"\d"), 10, "无"),
        "phrase": ValueLimit(re.compile(rf"[^{CJK}]"), 5, "无"),
    }
)
"""Kinds that may be cut; numbers, amounts, plates, times, dates and enums would lie if cut."""


def fit_fields(fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the `data` document of a message, each value within the limit of its key."""
    return {key: {"value": fit_value(key, text)} for key, text in fields.items()}


def fit_value(key: str, text: str) -> str:
    """Return `text` as the kind of `key` (its prefix) admits it; never empty if it may be cut."""
    flat = _flatten(text)
    match = _KEY.fullmatch(key)
    limit = LIMITS.get(match[1]) if match else None
    return _cut(flat, limit) if limit else flat


def _flatten(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _cut(text: str, limit: ValueLimit) -> str:
    kept = _flatten(limit.refused.sub("", text))
    length = limit.length
    if limit is LIMITS["name"] and kept.isascii():
        length = NAME_LENGTH_ASCII
    if len(kept) > length:
        kept = kept[: length - len(limit.ellipsis)].rstrip() + limit.ellipsis
    return kept or limit.blank


def render_message(message: SubscribeMessage) -> dict[str, object]:
    """Return the body of `subscribe/send`."""
    page = {"page": message.page} if message.page else {}
    return {
        "touser": message.openid,
        "template_id": message.template_id,
        **page,
        "data": fit_fields(message.fields),
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }


def check_scene(scene: str) -> str:
    """Return `scene`, or raise `VendorRefused` as the platform would."""
    if not _SCENE.fullmatch(scene):
        raise VendorRefused(VENDOR, code="40169", reason=REASONS[40169])
    return scene


def read_errcode(document: Mapping[str, object]) -> int:
    """Return the error code of an answer: 0 where there is none."""
    value = document.get("errcode", 0)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise unintelligible("errcode")
    try:
        return int(value)
    except ValueError:
        raise unintelligible("errcode") from None


def read_refusal(document: Mapping[str, object]) -> VendorError | None:
    """Return the error that an answer stands for, None if it is a success.

    `reason` is in our words: the platform's own text is foreign and only its field name is taken.
    """
    errcode = read_errcode(document)
    if not errcode:
        return None
    errmsg = str(document.get("errmsg", ""))
    field, trace = _FIELD.search(errmsg), _TRACE.search(errmsg)
    reason = " ".join(filter(None, (REASONS.get(errcode, "unknown"), field and field[1])))
    kind = VendorRefused if judge(errcode) is Meaning.FINAL else VendorUnavailable
    return kind(VENDOR, code=str(errcode), reason=reason, trace=trace[1] if trace else "")


def read_login(document: Mapping[str, object]) -> LoginExchange:
    """Return what `jscode2session` told."""
    return LoginExchange(
        openid=read_text(document, "openid"),
        session_key=read_text(document, "session_key"),
        unionid=str(document.get("unionid") or ""),
    )


def read_phone(document: Mapping[str, object], *, appid: str) -> str:
    """Return the number without its country code; refuse one issued to another appid."""
    info = _read_mapping(document, "phone_info")
    watermark = _read_mapping(info, "watermark")
    if watermark.get("appid") != appid:
        raise VendorRefused(VENDOR, code="foreign_appid", reason="watermark of another appid")
    return read_text(info, "purePhoneNumber")


def read_text(document: Mapping[str, object], key: str) -> str:
    """Return the text under `key`, which must be there and not empty."""
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise unintelligible(key)
    return value


def unintelligible(what: str) -> VendorUnavailable:
    """Return the error for an answer in which `what` is not as documented."""
    return VendorUnavailable(VENDOR, code="unintelligible", reason=what)


def _read_mapping(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = document.get(key)
    if not isinstance(value, Mapping):
        raise unintelligible(key)
    return value
