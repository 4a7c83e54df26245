"""The platform's HTTP surface; documented in the adapter's `client.py` and `token.py`."""

import hmac
import json as stdlib_json
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sanic import HTTPResponse, Request, Sanic
from sanic.response import json, raw

from integrations.sandbox_faults import FaultSwitch
from integrations.wechat.sandbox.control import Control
from integrations.wechat.sandbox.images import draw
from integrations.wechat.sandbox.platform import Platform
from integrations.wechat.sandbox.refusal import Refusal, render_fault, render_refusal
from integrations.wechat.sandbox.values import check_values

TEMPLATE = re.compile(r"[A-Za-z0-9_-]{8,64}")
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
PAGE = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")
WIDTHS_PX = range(280, 1281)


def create_sandbox(platform: Platform) -> Sanic[Any, Any]:
    """Return the Sanic application around a platform."""
    app = Sanic(f"wechat-sandbox-{uuid4().hex}", configure_logging=False)
    app.config.ACCESS_LOG = False
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 2.0
    Control(platform).attach(app)
    FaultSwitch(render_fault).attach(app)
    Surface(platform).attach(app)
    app.error_handler.add(Refusal, _render)
    return app


class Surface:
    """The calls that a mini-program's server makes."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def attach(self, app: Sanic[Any, Any]) -> None:
        """Register the routes."""
        app.add_route(self.jscode2session, "/sns/jscode2session")
        app.add_route(self.stable_token, "/cgi-bin/stable_token", methods=["POST"])
        app.add_route(self.phone_number, "/wxa/business/getuserphonenumber", methods=["POST"])
        app.add_route(self.send, "/cgi-bin/message/subscribe/send", methods=["POST"])
        app.add_route(self.draw_code, "/wxa/getwxacodeunlimit", methods=["POST"])
        app.add_route(self.check_session, "/wxa/checksession")

    async def jscode2session(self, request: Request) -> HTTPResponse:
        """Exchange a login code."""
        self._check_app(request.args.get("appid"))
        if request.args.get("secret") != self._platform.secret:
            raise Refusal(40125)
        if request.args.get("grant_type") != "authorization_code":
            raise Refusal(40002)
        if not request.args.get("js_code"):
            raise Refusal(41008)
        openid = self._platform.login_codes.redeem(request.args.get("js_code"))
        return json({"session_key": self._platform.open_session(openid), "openid": openid})

    async def stable_token(self, request: Request) -> HTTPResponse:
        """Issue the access token, in normal or forced mode."""
        asked = _read_body(request)
        if asked.get("grant_type") != "client_credential":
            raise Refusal(40002)
        self._check_app(asked.get("appid"))
        if not asked.get("secret"):
            raise Refusal(41004)
        if asked["secret"] != self._platform.secret:
            raise Refusal(40001)
        token, expires_in_s = self._platform.tokens.issue(force=asked.get("force_refresh") is True)
        return json({"access_token": token, "expires_in": expires_in_s})

    async def phone_number(self, request: Request) -> HTTPResponse:
        """Exchange the code of the phone button."""
        self._check_token(request)
        asked = _read_body(request)
        try:
            phone = self._platform.phone_codes.redeem(str(asked.get("code", "")))
        except Refusal:
            raise Refusal(40029) from None
        return json({"errcode": 0, "errmsg": "ok", "phone_info": self._describe_phone(phone)})

    async def send(self, request: Request) -> HTTPResponse:
        """Send a subscribe message."""
        self._check_token(request)
        asked = _read_body(request)
        openid = self._platform.check_openid(asked.get("touser"))
        template_id = str(asked.get("template_id", ""))
        if not TEMPLATE.fullmatch(template_id):
            raise Refusal(40037)
        check_values(asked.get("data"))
        self._platform.spend_acceptance(openid, template_id)
        self._platform.deliver(asked)
        return json({"errcode": 0, "errmsg": "ok"})

    async def draw_code(self, request: Request) -> HTTPResponse:
        """Draw a mini-program code: JPEG, or PNG if it is to be transparent."""
        self._check_token(request)
        asked = _read_body(request)
        scene, page = str(asked.get("scene", "")), str(asked.get("page", "pages/index/index"))
        if not SCENE.fullmatch(scene):
            raise Refusal(40169)
        if not PAGE.fullmatch(page):
            raise Refusal(41030)
        width_px = asked.get("width", 430)
        if not isinstance(width_px, int) or width_px not in WIDTHS_PX:
            raise Refusal(40097)
        kind = "PNG" if asked.get("is_hyaline") is True else "JPEG"
        image = draw(f"{page}?scene={scene}", width_px=width_px, kind=kind)
        return raw(image, content_type=f"image/{kind.lower()}")

    async def check_session(self, request: Request) -> HTTPResponse:
        """Check the signature that a session key gives to the empty text."""
        self._check_token(request)
        if request.args.get("sig_method") != "hmac_sha256":
            raise Refusal(87008)
        openid = self._platform.check_openid(request.args.get("openid"))
        key = self._platform.session_key(openid)
        expected = hmac.new(key.encode(), b"", "sha256").hexdigest()
        if request.args.get("signature") != expected:
            raise Refusal(87009)
        return json({"errcode": 0, "errmsg": "ok"})

    def _check_app(self, appid: object) -> None:
        if not appid:
            raise Refusal(41002)
        if appid != self._platform.appid:
            raise Refusal(40013)

    def _check_token(self, request: Request) -> None:
        self._platform.tokens.check(request.args.get("access_token"))

    def _describe_phone(self, phone: str) -> dict[str, object]:
        taken_at = int(self._platform.clock.now().timestamp())
        return {
            "phoneNumber": phone,
            "purePhoneNumber": phone,
            "countryCode": "86",
            "watermark": {"timestamp": taken_at, "appid": self._platform.appid},
        }


def _read_body(request: Request) -> Mapping[str, Any]:
    if not request.body:
        raise Refusal(44002)
    try:
        document = stdlib_json.loads(request.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refusal(47001)
    return document


def _render(_request: Request, refusal: Refusal) -> HTTPResponse:
    return render_refusal(refusal.errcode, refusal.detail)
