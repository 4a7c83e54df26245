"""Calls to the platform; keeps the `MiniProgram` contract."""

from collections.abc import Mapping

from integrations.contracts.clock import Clock
from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.mini_program import LoginExchange, PlatformPush, SubscribeMessage
from integrations.http import Repeat, VendorCall, VendorClient, VendorReply, parse_object
from integrations.wechat.codes import TOKEN_CODES, VENDOR
from integrations.wechat.mapping import (
    check_scene,
    read_login,
    read_phone,
    read_refusal,
    render_message,
    unintelligible,
)
from integrations.wechat.push import PushReader
from integrations.wechat.token import AccessToken


class WechatClient:
    """The mini-program platform over HTTP."""

    name = VENDOR

    def __init__(
        self,
        http: VendorClient,
        *,
        appid: str,
        secret: str,
        push_token: str,
        push_aes_key: str,
        clock: Clock,
    ) -> None:
        self._http = http
        self._appid = appid
        self._secret = secret
        self._token = AccessToken(http, appid=appid, secret=secret, clock=clock)
        self._push = PushReader(token=push_token, aes_key=push_aes_key, appid=appid, clock=clock)

    async def exchange_login_code(self, code: str) -> LoginExchange:
        """Exchange a `wx.login` code.

        Sent once unless nothing was sent: a code is spent even if its answer was lost, and the
        citizen's `wx.login` gives another.
        """
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        reply = await self._http.request(
            VendorCall.get("/sns/jscode2session", query), repeat=Repeat.ON_CONNECT_ERROR
        )
        return read_login(_read_success(reply))

    async def exchange_phone_code(self, code: str) -> str:
        """Exchange the code of the phone button; sent once, like a login code."""
        reply = await self._post("/wxa/business/getuserphonenumber", {"code": code})
        return read_phone(_read_success(reply), appid=self._appid)

    async def send(self, message: SubscribeMessage) -> None:
        """Send a subscribe message; a repeat could use up a second acceptance."""
        reply = await self._post("/cgi-bin/message/subscribe/send", render_message(message))
        _read_success(reply)

    async def draw_code(self, scene: str, *, page: str) -> bytes:
        """Return the image of a mini-program code, as JPEG or PNG."""
        document = {"scene": check_scene(scene), "page": page}
        reply = await self._post("/wxa/getwxacodeunlimit", document, repeat=Repeat.SAFE)
        if not _is_image(reply):
            _read_success(reply)
            raise unintelligible("image")
        return reply.body

    def verify_endpoint(self, query: Mapping[str, str]) -> str:
        """Answer the endpoint verification."""
        return self._push.verify_endpoint(query)

    def read_push(self, query: Mapping[str, str], body: bytes) -> PlatformPush:
        """Verify and decrypt a pushed message."""
        return self._push.read(query, body)

    async def _post(
        self,
        path: str,
        document: Mapping[str, object],
        *,
        repeat: Repeat = Repeat.ON_CONNECT_ERROR,
    ) -> VendorReply:
        token, reply = await self._post_once(path, document, repeat)
        if not _is_token_refused(reply):
            return reply
        self._token.drop(token)
        _, reply = await self._post_once(path, document, repeat)
        return reply

    async def _post_once(
        self, path: str, document: Mapping[str, object], repeat: Repeat
    ) -> tuple[str, VendorReply]:
        token = await self._token.get()
        call = VendorCall.post_json(path, document, query={"access_token": token})
        return token, await self._http.request(call, repeat=repeat)


def _is_image(reply: VendorReply) -> bool:
    return reply.content_type.startswith("image/")


def _is_token_refused(reply: VendorReply) -> bool:
    if _is_image(reply):
        return False
    refusal = read_refusal(parse_object(VENDOR, reply))
    return isinstance(refusal, VendorUnavailable) and int(refusal.code) in TOKEN_CODES


def _read_success(reply: VendorReply) -> dict[str, object]:
    document = parse_object(VENDOR, reply)
    if refusal := read_refusal(document):
        raise refusal
    return document
