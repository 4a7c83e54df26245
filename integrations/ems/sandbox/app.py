"""The HTTP side of the sandbox: the platform's one address, and a surface to steer it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from pydantic_core import from_json
from sanic import HTTPResponse, Request, Sanic
from sanic.response import json

from integrations.contracts.clock import Clock
from integrations.contracts.errors import VendorUnavailable
from integrations.ems import codes
from integrations.ems.envelope import Envelope
from integrations.ems.mapping import dump, format_beijing
from integrations.ems.sandbox.messages import NewEvent, PostalForm
from integrations.ems.sandbox.post_office import Answer, OnRepeat, PostalRefusal, PostOffice
from integrations.http import CircuitBreaker, VendorCall, VendorClient
from integrations.sandbox_faults import FaultSwitch

API_PATH = "/amp-prod-api/f/amp/api/open"
NEVER_OPENS = 10**9


@dataclass(frozen=True, slots=True)
class Agreement:
    """The one customer that the sandbox knows."""

    sender_no: str
    authorization: str = field(repr=False)
    sign_key: str = field(repr=False)


def create_app(
    agreement: Agreement,
    *,
    clock: Clock,
    push_url: str = "",
    on_repeat: OnRepeat = OnRepeat.SAME,
    name: str = "ems_sandbox",
) -> Sanic[Any, Any]:
    """Return the sandbox; without a `push_url` nothing is pushed."""
    app: Sanic[Any, Any] = Sanic(name, configure_logging=False)
    counter = _Counter(agreement, PostOffice(clock, on_repeat=on_repeat), clock, push_url)
    app.add_route(counter.serve, API_PATH, methods=["POST"], name="api")
    app.add_route(counter.add_event, "/sandbox/events", methods=["POST"], name="events")
    app.add_route(counter.list_orders, "/sandbox/orders", methods=["GET"], name="orders")
    app.register_listener(counter.close, "after_server_stop")
    FaultSwitch(counter.draw_fault).attach(app)
    return app


class _Counter:
    def __init__(
        self, agreement: Agreement, office: PostOffice, clock: Clock, push_url: str
    ) -> None:
        self._agreement = agreement
        self._office = office
        self._clock = clock
        self._envelope = Envelope(agreement.sign_key)
        breaker = CircuitBreaker("receiver", threshold=NEVER_OPENS)
        self._receiver = VendorClient("receiver", push_url, breaker=breaker) if push_url else None

    async def serve(self, request: Request) -> HTTPResponse:
        try:
            form = self._check_form(request)
            answer = self._office.answer(form.api_code, self._open(form.envelope))
        except PostalRefusal as refusal:
            return self._reply(refusal.code, Answer("", refusal.message))
        return self._reply(codes.ACCEPTED, answer)

    async def add_event(self, request: Request) -> HTTPResponse:
        try:
            new = NewEvent.model_validate_json(request.body)
            event = self._office.add_event(new)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            return json({"errors": errors}, status=422)
        except ValueError:
            return json({"errors": ["op_time is no time"]}, status=422)
        except PostalRefusal as refusal:
            return json({"errors": [refusal.message]}, status=404, ensure_ascii=False)
        pushes = await self._push(event, new.deliveries)
        return json({"event": event, "pushes": pushes}, status=201, ensure_ascii=False)

    async def list_orders(self, _request: Request) -> HTTPResponse:
        return json({"orders": self._office.list_orders()}, ensure_ascii=False)

    async def close(self, _app: Sanic[Any, Any]) -> None:
        if self._receiver:
            await self._receiver.close()

    def draw_fault(self, _request: Request, code: str) -> HTTPResponse:
        return self._reply(code, Answer("", "系统异常"))

    def _check_form(self, request: Request) -> PostalForm:
        fields = {key: values[0] for key, values in (request.form or {}).items()}
        try:
            form = PostalForm.model_validate(fields)
        except ValidationError as error:
            where = error.errors()[0]["loc"][0]
            raise PostalRefusal("S0001", f"{where}不正确") from None
        if form.sender_no != self._agreement.sender_no:
            raise PostalRefusal("S0001", "无客户信息")
        if form.authorization != self._agreement.authorization:
            raise PostalRefusal("S0001", "授权码不正确")
        return form

    def _open(self, envelope: str) -> str:
        try:
            return self._envelope.open(envelope, must_have_suffix=True)
        except ValueError:
            raise PostalRefusal("S0002", "报文解密失败") from None

    def _reply(self, code: str, answer: Answer) -> HTTPResponse:
        frame = {
            "retCode": code,
            "retMsg": answer.message,
            "retBody": answer.body,
            "retDate": format_beijing(self._clock.now()),
            "serialNo": uuid4().hex,
            "success": code == codes.ACCEPTED,
        }
        return json(frame, ensure_ascii=False)

    async def _push(self, event: dict[str, str], deliveries: int) -> list[dict[str, object]]:
        message = {
            "logitcsInterface": self._envelope.seal(dump(event), with_suffix=False),
            "method": codes.PUSH_TRACK,
            "msgType": "0",
            "senderNo": "",
            "serialNo": uuid4().hex,
            "timeStamp": format_beijing(self._clock.now()),
            "version": "v1.0.0",
        }
        if not self._receiver:
            return []
        return [await _deliver(self._receiver, message) for _ in range(deliveries)]


async def _deliver(receiver: VendorClient, message: dict[str, str]) -> dict[str, object]:
    try:
        reply = await receiver.request(VendorCall.post_json("", message))
    except VendorUnavailable as failure:
        return {"error": failure.code}
    try:
        answer: object = from_json(reply.body)
    except ValueError:
        answer = reply.body.decode(errors="replace")
    return {"status": reply.status, "answer": answer}
