"""The access token, kept in the process.

`stable_token` gives every process the same token, so that they need not share it themselves.
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
"""

import asyncio
from datetime import datetime, timedelta

from integrations.contracts.clock import Clock
from integrations.contracts.errors import VendorRefused
from integrations.http import Repeat, VendorCall, VendorClient, parse_object
from integrations.wechat.codes import REASONS, TOKEN_CODES, VENDOR
from integrations.wechat.mapping import read_errcode, read_refusal, read_text, unintelligible

SPARE = timedelta(seconds=120)
"""The platform renews 300 s before the end; a token is left while a slow call can still end."""


class AccessToken:
    """Fetches the token when it is needed, once for all who wait for it."""

    def __init__(self, http: VendorClient, *, appid: str, secret: str, clock: Clock) -> None:
        self._http = http
        self._appid = appid
        self._secret = secret
        self._clock = clock
        self._refreshing = asyncio.Lock()
        self._token = ""
        self._usable_until: datetime | None = None

    async def get(self) -> str:
        """Return a token that is good for two minutes at least."""
        if self._is_usable():
            return self._token
        async with self._refreshing:
            if not self._is_usable():
                await self._fetch()
            return self._token

    def drop(self, token: str) -> None:
        """Forget a token that was refused, unless another has taken its place."""
        if token == self._token:
            self._usable_until = None

    def _is_usable(self) -> bool:
        return self._usable_until is not None and self._clock.now() < self._usable_until

    async def _fetch(self) -> None:
        document = parse_object(VENDOR, await self._http.request(self._ask(), repeat=Repeat.SAFE))
        if read_errcode(document) in TOKEN_CODES:
            # In answer to the secret itself, not to a token: asking again cannot help.
            raise VendorRefused(VENDOR, code="40001", reason=REASONS[40001])
        if refusal := read_refusal(document):
            raise refusal
        expires_in_s = document.get("expires_in")
        if not isinstance(expires_in_s, int):
            raise unintelligible("expires_in")
        self._token = read_text(document, "access_token")
        self._usable_until = self._clock.now() + timedelta(seconds=expires_in_s) - SPARE

    def _ask(self) -> VendorCall:
        return VendorCall.post_json(
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": self._secret,
                "force_refresh": False,
            },
        )
