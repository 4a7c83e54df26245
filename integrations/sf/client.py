"""SF as a `Carrier`."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

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
from integrations.contracts.errors import PushRefused, VendorRefused, VendorUnavailable
from integrations.http import Repeat, VendorCall, VendorClient, VendorReply
from integrations.sf import codes, mapping
from integrations.sf.signing import sign

logger = structlog.get_logger(__name__)

HTTP_OK = 200


class SfClient:
    """Keeps the `Carrier` contract; what happens to a parcel is asked for, pushes are not taken.

    `http` is bound to the platform's one address, `files` to the host that labels lie on. Whether a
    label hides phone numbers is agreed with SF for the whole customer.
    """

    name = mapping.VENDOR

    def __init__(
        self,
        http: VendorClient,
        files: VendorClient,
        *,
        files_base: str,
        partner_id: str,
        check_word: str,
        monthly_card: str,
        clock: Clock,
    ) -> None:
        self._http = http
        self._files = files
        self._files_base = files_base.rstrip("/")
        self._partner_id = partner_id
        self._check_word = check_word
        self._monthly_card = monthly_card
        self._clock = clock

    async def create_order(self, order: DispatchOrder) -> Waybill:
        """Order a collection; of a number that is known, ask what became of it."""
        document = mapping.write_order(order, monthly_card=self._monthly_card)
        private = mapping.private_values(order.sender, order.receiver)
        reply = await self._call(codes.CREATE_ORDER, document, private=private)
        if reply.error_code == codes.KNOWN_ORDER:
            return await self._find_order(order.order_no, reply)
        return mapping.read_waybill(reply, order.order_no)

    async def cancel_order(self, order_no: str, *, waybill_no: str, reason: str) -> None:
        """Cancel an order that was not collected yet; one that is cancelled stays so."""
        del waybill_no, reason
        reply = await self._call(codes.UPDATE_ORDER, mapping.write_cancellation(order_no))
        if reply.error_code != codes.ALREADY_CANCELLED:
            mapping.require_done(reply)

    async def draw_label(self, waybill_no: str, *, size: LabelSize) -> bytes:
        """Return the shipping label as a PDF."""
        document = mapping.write_label_request(waybill_no, size=size, partner_id=self._partner_id)
        file = mapping.read_label_file(await self._call(codes.PRINT_WAYBILLS, document))
        path = file.url.removeprefix(self._files_base)
        if path == file.url or not path.startswith("/"):
            raise mapping.unintelligible("the label lies elsewhere")
        call = VendorCall("GET", path, headers={"X-Auth-token": file.token})
        return mapping.read_label(_require_ok(await self._files.request(call, repeat=Repeat.SAFE)))

    async def check_reach(self, party: Party) -> Reach:
        """Tell whether SF goes to this address; only the address leaves."""
        document = mapping.write_reach_request(party)
        private = mapping.private_values(party)
        return mapping.read_reach(await self._call(codes.CHECK_REACH, document, private=private))

    async def track(self, waybill_no: str) -> list[TrackEvent]:
        """Return every event known, in event-time order."""
        reply = await self._call(codes.SEARCH_ROUTES, mapping.write_route_request(waybill_no))
        events = mapping.read_routes(reply, waybill_no)
        unknown = sorted({event.code for event in events if not codes.is_known(event.code)})
        if unknown:
            logger.warning("carrier_codes_unknown", vendor=mapping.VENDOR, codes=unknown)
        return events

    def find_waybill(self, text: str) -> str | None:
        """Return the waybill number that a scanned text is."""
        return text if mapping.WAYBILL.fullmatch(text) else None

    def read_push(self, body: bytes, *, content_type: str, received_at: datetime) -> TrackPush:
        """Refuse every push: none was agreed on."""
        del body, content_type, received_at
        raise PushRefused(mapping.VENDOR, code="no_pushes")

    def acknowledge(self, serial_no: str) -> dict[str, str]:
        """Return what the platform takes for a yes."""
        return {"return_code": "0000", "return_msg": serial_no}

    async def _find_order(self, order_no: str, refusal: mapping.Reply) -> Waybill:
        reply = await self._call(codes.FIND_ORDER, mapping.write_search(order_no))
        try:
            return mapping.read_waybill(reply, order_no)
        except VendorRefused:
            raise mapping.refuse_duplicate(refusal) from None

    async def _call(
        self, service: str, document: str, *, private: Iterable[str] = ()
    ) -> mapping.Reply:
        call = VendorCall.post_form("", self._write_fields(service, document))
        # Every one of these may be repeated: an order's number goes along, the rest only asks.
        reply = await self._http.request(call, repeat=Repeat.SAFE)
        return mapping.read_reply(_require_ok(reply), private=private)

    def _write_fields(self, service: str, document: str) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp() * 1000))
        return {
            "partnerID": self._partner_id,
            "requestID": str(uuid4()),
            "serviceCode": service,
            "timestamp": timestamp,
            "msgDigest": sign(document, timestamp=timestamp, check_word=self._check_word),
            "msgData": document,
        }


def _require_ok(reply: VendorReply) -> bytes:
    if reply.status != HTTP_OK:
        raise VendorUnavailable(mapping.VENDOR, code=f"http_{reply.status}")
    return reply.body
