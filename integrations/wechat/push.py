"""Messages that the platform pushes to us, in safe mode.

The plain signature does not cover the body, so only encrypted messages are read.
https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
"""

import hmac
import struct
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from xml.parsers.expat import ExpatError

import xmltodict
from pydantic_core import from_json
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import WeChatSigner

from integrations.contracts.clock import Clock
from integrations.contracts.errors import PushRefused
from integrations.contracts.mini_program import PlatformPush
from integrations.wechat.codes import VENDOR

WINDOW = timedelta(minutes=5)
BODY_LIMIT_BYTES = 64 * 1024
TIMESTAMP_DIGITS = 10

ENVELOPES_OF_LIST = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")
"""Where XML keeps the `List` that JSON has on top."""

Document = dict[str, object]


class PushReader:
    """Verifies and decrypts; every flaw is `PushRefused` with a code that names its kind."""

    def __init__(self, *, token: str, aes_key: str, appid: str, clock: Clock) -> None:
        self._token = token
        self._clock = clock
        self._crypto = _open_crypto(token, aes_key, appid)

    def verify_endpoint(self, query: Mapping[str, str]) -> str:
        """Return `echostr` of a verification request that is genuine and fresh."""
        self._check_stamp(query)
        self._check_signature(query, "signature")
        return query.get("echostr", "")

    def read(self, query: Mapping[str, str], body: bytes) -> PlatformPush:
        """Return the message in the body of a POST."""
        if len(body) > BODY_LIMIT_BYTES:
            raise _refuse("too_large")
        self._check_stamp(query)
        encrypted = _parse(body).get("Encrypt")
        if not isinstance(encrypted, str) or not encrypted:
            raise _refuse("not_encrypted")
        self._check_signature(query, "msg_signature", encrypted)
        return _understand(_parse(self._decrypt(query, encrypted).encode()))

    def _check_stamp(self, query: Mapping[str, str]) -> None:
        if not all(value.isascii() for value in query.values()):
            raise _refuse("query")
        stamp = query.get("timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) == TIMESTAMP_DIGITS):
            raise _refuse("timestamp")
        if abs(self._clock.now().timestamp() - int(stamp)) > WINDOW.total_seconds():
            raise _refuse("timestamp")

    def _check_signature(self, query: Mapping[str, str], name: str, *signed: str) -> None:
        signer = WeChatSigner()
        signer.add_data(self._token, query.get("timestamp", ""), query.get("nonce", ""), *signed)
        given = query.get(name, "").encode()
        if not hmac.compare_digest(signer.signature.encode(), given):
            raise _refuse("signature")

    def _decrypt(self, query: Mapping[str, str], encrypted: str) -> str:
        try:
            return str(
                self._crypto.decrypt_message(
                    {"Encrypt": encrypted},
                    query["msg_signature"],
                    query["timestamp"],
                    query.get("nonce", ""),
                )
            )
        except InvalidAppIdException:
            raise _refuse("foreign_appid") from None
        except (InvalidSignatureException, ValueError, struct.error, IndexError):
            raise _refuse("undecipherable") from None


def _open_crypto(token: str, aes_key: str, appid: str) -> WeChatCrypto:
    try:
        return WeChatCrypto(token, aes_key, appid)
    except (ValueError, AssertionError):
        raise ValueError("the key of message push is 43 characters of base64") from None


def _parse(body: bytes) -> Document:
    try:
        is_json = body.lstrip().startswith(b"{")
        document = (
            from_json(body, allow_inf_nan=False) if is_json else xmltodict.parse(body).get("xml")
        )
    except (ValueError, ExpatError):
        document = None
    if not isinstance(document, dict):
        raise _refuse("unintelligible")
    return document


def _understand(document: Document) -> PlatformPush:
    content = _flatten_list(document)
    is_event = content.get("MsgType") == "event"
    event = content.get("Event" if is_event else "MsgType")
    if not isinstance(event, str) or not event:
        raise _refuse("unintelligible")
    return PlatformPush(_name_once(content), event, content)


def _flatten_list(document: Document) -> Document:
    """Put `List` on top as a list: for one template it is an object, for several an array."""
    content = dict(document)
    for name in ENVELOPES_OF_LIST:
        envelope = content.pop(name, None)
        if isinstance(envelope, dict):
            content.update(envelope)
    if "List" in content and not isinstance(content["List"], list):
        content["List"] = [content["List"]]
    return content


def _name_once(content: Document) -> str:
    """Return what tells this message from others; digested, for it names a person."""
    parts = [content.get("MsgId")]
    if not parts[0]:
        names = ("FromUserName", "CreateTime", "Event", "trace_id", "MsgID", "WayBillId", "Version")
        parts = [*(content.get(name) for name in names), *_list_message_ids(content)]
    text = "\n".join("" if part is None else str(part) for part in parts)
    return sha256(text.encode()).hexdigest()


def _list_message_ids(content: Document) -> list[object]:
    entries = content.get("List")
    if not isinstance(entries, list):
        return []
    return [entry.get("MsgID") for entry in entries if isinstance(entry, dict)]


def _refuse(code: str) -> PushRefused:
    return PushRefused(VENDOR, code=code)
