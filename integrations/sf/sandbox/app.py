"""The HTTP side of the sandbox: the platform's one address, labels, and a surface to steer it."""

import secrets
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from sanic import HTTPResponse, Request, Sanic
from sanic.response import json, raw

from integrations.contracts.clock import Clock
from integrations.sandbox_faults import FaultSwitch
from integrations.sf import codes
from integrations.sf.mapping import dump
from integrations.sf.sandbox.express import Express, ExpressRefusal, KeptOrder
from integrations.sf.signing import sign

API_PATH = "/std/service"
FONT = "STSong-Light"
SIZES_MM = {"fm_76130": (76, 129), "fm_180": (100, 179)}
FRESH_FOR_MS = 300_000
FIELDS = ("partnerID", "requestID", "serviceCode", "timestamp", "msgDigest", "msgData")


@dataclass(frozen=True, slots=True)
class Customer:
    """The one customer that the sandbox knows."""

    partner_id: str
    check_word: str = field(repr=False)


class NewRoute(BaseModel):
    """What `POST /sandbox/routes` takes."""

    waybill_no: str
    op_code: str
    remark: str = "快件事件"


def create_app(customer: Customer, *, clock: Clock, name: str = "sf_sandbox") -> Sanic[Any, Any]:
    """Return the sandbox."""
    app: Sanic[Any, Any] = Sanic(name, configure_logging=False)
    counter = _Counter(customer, Express(clock), clock)
    app.add_route(counter.serve, API_PATH, methods=["POST"], name="api")
    app.add_route(counter.hand_out, "/labels/<key:str>", methods=["GET"], name="labels")
    app.add_route(counter.add_route, "/sandbox/routes", methods=["POST"], name="routes")
    app.add_route(counter.list_orders, "/sandbox/orders", methods=["GET"], name="orders")
    FaultSwitch(counter.draw_fault).attach(app)
    return app


class _Counter:
    def __init__(self, customer: Customer, express: Express, clock: Clock) -> None:
        self._customer = customer
        self._express = express
        self._clock = clock
        self._labels: dict[str, tuple[str, bytes]] = {}

    async def serve(self, request: Request) -> HTTPResponse:
        form = {key: values[0] for key, values in (request.form or {}).items()}
        refusal = self._refuse_platform(form)
        if refusal:
            return _frame(refusal, None)
        try:
            if form["serviceCode"] == codes.PRINT_WAYBILLS:
                data = {"success": True, "obj": self._print(form["msgData"], request)}
            else:
                answer = self._express.answer(form["serviceCode"], form["msgData"])
                data = {"success": True, "errorCode": codes.DONE, "msgData": answer}
        except ExpressRefusal as refused:
            data = {"success": False, "errorCode": refused.code, "errorMsg": refused.message}
        return _frame(codes.ACCEPTED, data)

    async def hand_out(self, request: Request, key: str) -> HTTPResponse:
        token, content = self._labels.get(key, ("", b""))
        if not content or request.headers.get("x-auth-token") != token:
            return raw(b"", status=403)
        return raw(content, content_type="application/pdf")

    async def add_route(self, request: Request) -> HTTPResponse:
        try:
            new = NewRoute.model_validate_json(request.body)
            route = self._express.add_route(new.waybill_no, new.op_code, new.remark)
        except ValidationError:
            return json({"error": "not a route"}, status=422)
        except ExpressRefusal as refused:
            return json({"error": refused.message}, status=404, ensure_ascii=False)
        return json(route, status=201, ensure_ascii=False)

    async def list_orders(self, _request: Request) -> HTTPResponse:
        return json({"orders": self._express.list_orders()}, ensure_ascii=False)

    def draw_fault(self, _request: Request, code: str) -> HTTPResponse:
        return _frame(code, None)

    def _refuse_platform(self, form: dict[str, str]) -> str:
        if any(not form.get(name) for name in FIELDS):
            return "A1001"
        if form["partnerID"] != self._customer.partner_id:
            return "A1004"
        now_ms = self._clock.now().timestamp() * 1000
        if not form["timestamp"].isdigit() or abs(int(form["timestamp"]) - now_ms) > FRESH_FOR_MS:
            return "A1002"
        word = self._customer.check_word
        right = sign(form["msgData"], timestamp=form["timestamp"], check_word=word)
        if not secrets.compare_digest(form["msgDigest"].encode(), right.encode()):
            return "A1006"
        return "" if self._express.knows(form["serviceCode"]) else "A1004"

    def _print(self, document: str, request: Request) -> dict[str, object]:
        kept, template = self._express.find_label(document)
        size = next((size for name, size in SIZES_MM.items() if template.startswith(name)), None)
        if size is None or not template.endswith(self._customer.partner_id):
            raise ExpressRefusal("8001", "templateCode不正确")
        key, token = uuid4().hex, secrets.token_hex(16)
        self._labels[key] = token, _draw(kept, size)
        return {"files": [{"url": f"http://{request.host}/labels/{key}", "token": token}]}


def _frame(code: str, data: object) -> HTTPResponse:
    frame = {
        "apiResultCode": code,
        "apiErrorMsg": "" if code == codes.ACCEPTED else "接口调用失败",
        "apiResponseID": uuid4().hex.upper(),
        "apiResultData": dump(data) if data is not None else None,
    }
    return json(frame, ensure_ascii=False)


def _draw(kept: KeptOrder, size_mm: tuple[int, int]) -> bytes:
    """Return a label that shows the number, the parties' names and where it goes."""
    width, height = (side * mm for side in size_mm)
    buffer = BytesIO()
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(buffer, pagesize=(width, height), invariant=True)
    canvas.setFont(FONT, 11)
    canvas.drawString(4 * mm, height - 12 * mm, kept.waybill_no)
    for place, party in enumerate(kept.order.contact_info_list):
        top = height - (28 + 24 * place) * mm
        canvas.drawString(4 * mm, top, f"{party.contact} {party.mobile or party.tel}")
        where = f"{party.province}{party.city}{party.county}{party.address}"
        canvas.drawString(4 * mm, top - 6 * mm, where)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()
