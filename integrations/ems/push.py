"""Events that the post sends us (040002): read, and acknowledged.

Nothing in a push is proof. The time and number stand outside the envelope, and the envelope has no
MAC; the window and the checks keep out what is stale or broken, the caller dedupes and confirms.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError
from pydantic_core import from_json

from integrations.contracts.carrier import TrackPush
from integrations.contracts.errors import PushRefused
from integrations.ems import codes
from integrations.ems.envelope import Envelope
from integrations.ems.mapping import (
    VENDOR,
    PostalModel,
    ShortText,
    TrackItem,
    parse_beijing,
    to_event,
)

BODY_LIMIT_BYTES = 64 * 1024
FORM_FIELDS_LIMIT = 32
WINDOW = timedelta(minutes=5)
FORM_TYPE = "application/x-www-form-urlencoded"


class _Message(PostalModel):
    # "logitcs" is how the post spells it.
    envelope: str = Field(alias="logitcsInterface")
    method: str
    serial_no: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$")]
    sender_no: ShortText = ""
    time_stamp: str


def read_push(
    body: bytes,
    *,
    content_type: str,
    received_at: datetime,
    envelope: Envelope,
    sender_no: str,
) -> TrackPush:
    """Return one pushed event; raise `PushRefused` for anything the post would not send."""
    message = _read_message(body, content_type)
    pushed_at = _read_time(message.time_stamp)
    if message.method != codes.PUSH_TRACK or message.sender_no not in {"", sender_no}:
        raise _refused("stranger", "not a tracking event for this customer")
    if abs(received_at - pushed_at) > WINDOW:
        raise _refused("stale", "sent too long ago or ahead of time")
    try:
        document = envelope.open(message.envelope.replace(" ", "+"))
        event = to_event(TrackItem.model_validate_json(document))
    except ValueError:
        raise _refused("envelope", "no event in the envelope") from None
    if event.occurred_at > received_at + WINDOW:
        raise _refused("future", "the event has not happened yet")
    return TrackPush(serial_no=message.serial_no, pushed_at=pushed_at, event=event)


def write_acknowledgement(serial_no: str, *, sender_no: str) -> dict[str, str]:
    """Return the answer that tells the post that a push was kept."""
    return {
        "serialNo": serial_no,
        "code": codes.ACCEPTED,
        "codeMessage": "成功",
        "senderNo": sender_no,
    }


def _read_message(body: bytes, content_type: str) -> _Message:
    if len(body) > BODY_LIMIT_BYTES:
        raise _refused("size", "the body is too large")
    try:
        return _Message.model_validate(_read_fields(body, content_type))
    except (ValidationError, ValueError):
        raise _refused("shape", "not a message of the post") from None


def _read_fields(body: bytes, content_type: str) -> Mapping[str, object]:
    if not content_type.lower().startswith(FORM_TYPE):
        fields: Mapping[str, object] = from_json(body, allow_inf_nan=False)
        return fields
    return dict(
        parse_qsl(
            body.decode("ascii"),
            strict_parsing=True,
            max_num_fields=FORM_FIELDS_LIMIT,
            errors="strict",
        )
    )


def _read_time(text: str) -> datetime:
    try:
        return parse_beijing(text)
    except ValueError:
        raise _refused("time", "the time stamp is none") from None


def _refused(code: str, reason: str) -> PushRefused:
    return PushRefused(VENDOR, code=code, reason=reason)
