"""The post as a `Carrier`."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from integrations.contracts.carrier import (
    DispatchOrder,
    LabelSize,
    Party,
    Reach,
    TrackEvent,
    TrackPush,
    Waybill,
)
from integrations.contracts.clock import Clock
from integrations.contracts.errors import VendorUnavailable
from integrations.ems import codes, mapping, push
from integrations.ems.envelope import Envelope
from integrations.http import Repeat, VendorCall, VendorClient, VendorReply

logger = structlog.get_logger(__name__)

HTTP_OK = 200


class EmsClient:
    """Keeps the `Carrier` contract.

    `http` is bound to the platform's one address, `sign_key` is base64 of 16 bytes, `project_id`
    what the post gave to a government project, or empty. Creating an order may be repeated: its
    number is ours and goes along again.
    """

    name = mapping.VENDOR

    def __init__(
        self,
        http: VendorClient,
        *,
        sender_no: str,
        authorization: str,
        sign_key: str,
        project_id: str,
        clock: Clock,
    ) -> None:
        self._http = http
        self._sender_no = sender_no
        self._authorization = authorization
        self._envelope = Envelope(sign_key)
        self._project_id = project_id
        self._clock = clock

    async def create_order(self, order: DispatchOrder) -> Waybill:
        """Order a collection; `DuplicateOrder` if the number is known and no waybill was told."""
        document = mapping.write_order(
            order, sender_no=self._sender_no, project_id=self._project_id
        )
        private = mapping.private_values(order.sender, order.receiver)
        reply = await self._call(codes.CREATE_ORDER, document, private=private)
        return mapping.read_waybill(reply, order.order_no)

    async def cancel_order(self, order_no: str, *, waybill_no: str, reason: str) -> None:
        """Cancel an order that was not collected yet.

        Not repeated once sent: the second answer would call a cancelled order refused.
        """
        document = mapping.write_cancellation(order_no, waybill_no=waybill_no, reason=reason)
        repeat = Repeat.ON_CONNECT_ERROR
        mapping.require_accepted(await self._call(codes.CANCEL_ORDER, document, repeat=repeat))

    async def draw_label(self, waybill_no: str, *, size: LabelSize) -> bytes:
        """Return the shipping label as a PDF."""
        document = mapping.write_label_request(waybill_no, size=size)
        return mapping.read_label(await self._call(codes.DRAW_LABEL, document))

    async def check_reach(self, party: Party) -> Reach:
        """Tell whether the post goes to this address; only the address leaves."""
        document = mapping.write_reach_request(party, sender_no=self._sender_no)
        private = mapping.private_values(party)
        return mapping.read_reach(await self._call(codes.CHECK_REACH, document, private=private))

    async def track(self, waybill_no: str) -> list[TrackEvent]:
        """Return every event known, in event-time order."""
        reply = await self._call(codes.TRACK, mapping.write_track_request(waybill_no))
        events = mapping.read_track(reply, waybill_no)
        _report_unknown_codes(events)
        return events

    def find_waybill(self, text: str) -> str | None:
        """Return the number that a bar code says, or the post's own link."""
        return mapping.find_waybill(text)

    def read_push(self, body: bytes, *, content_type: str, received_at: datetime) -> TrackPush:
        """Decrypt and map one pushed event; raise `PushRefused` if it is not intelligible."""
        pushed = push.read_push(
            body,
            content_type=content_type,
            received_at=received_at,
            envelope=self._envelope,
            sender_no=self._sender_no,
        )
        _report_unknown_codes([pushed.event])
        return pushed

    def acknowledge(self, serial_no: str) -> dict[str, str]:
        """Return the JSON document that tells the post that a push was kept."""
        return push.write_acknowledgement(serial_no, sender_no=self._sender_no)

    async def _call(
        self,
        api_code: str,
        document: str,
        *,
        repeat: Repeat = Repeat.SAFE,
        private: Iterable[str] = (),
    ) -> mapping.Reply:
        call = VendorCall.post_form("", self._write_fields(api_code, document))
        reply = await self._http.request(call, repeat=repeat)
        return mapping.read_reply(_require_ok(reply), private=private)

    def _write_fields(self, api_code: str, document: str) -> dict[str, str]:
        return {
            "apiCode": api_code,
            "senderNo": self._sender_no,
            "authorization": self._authorization,
            "timeStamp": mapping.format_beijing(self._clock.now()),
            "msgType": "0",
            "version": "V1.0.0",
            # The post spells it so.
            "logitcsInterface": self._envelope.seal(document),
        }


def _require_ok(reply: VendorReply) -> bytes:
    if reply.status != HTTP_OK:
        raise VendorUnavailable(mapping.VENDOR, code=f"http_{reply.status}")
    return reply.body


def _report_unknown_codes(events: Iterable[TrackEvent]) -> None:
    unknown = sorted({event.code for event in events if not codes.is_known(event.code)})
    if unknown:
        logger.warning("carrier_codes_unknown", vendor=mapping.VENDOR, codes=unknown)
