"""How the platform refuses: HTTP 200 with an error code and a text that ends in a request id."""

from secrets import token_hex

from sanic import HTTPResponse, Request
from sanic.response import json

WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    47001: "data format error",
    47003: "argument invalid!",
    87008: "invalid sig_method",
    87009: "invalid signature",
}


class Refusal(Exception):
    """An answer with an error code; `detail` follows the code's own words."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.detail = detail


def render_refusal(errcode: int, detail: str = "") -> HTTPResponse:
    """Return the platform's own error answer."""
    rid = "-".join(token_hex(4) for _ in range(3))
    words = " ".join(filter(None, (WORDS.get(errcode, "error"), detail)))
    return json({"errcode": errcode, "errmsg": f"{words} rid: {rid}"})


def render_fault(_request: Request, errcode: str) -> HTTPResponse:
    """Return the answer for an error code set at the fault switch."""
    return render_refusal(int(errcode))
