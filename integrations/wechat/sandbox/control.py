"""What steers the sandbox.

- `POST /sandbox/codes` `{person}` -> 201 `{code, openid}`: a login code of a named test user
- `POST /sandbox/phone-codes` `{phone}` -> 201 `{code}`
- `POST /sandbox/subscriptions` `{person, template_id, count}` -> 204: how often the person has
  accepted a template; who was never limited has always accepted
- `GET /sandbox/messages?person=` -> `{"messages": [...]}`; `DELETE` forgets them
- `POST /sandbox/revoke-token` -> 204: every access token is dead
- `GET /sandbox/calls` -> `{"calls": {path: count}}`, spoilt ones too
- `/sandbox/faults`: see `integrations/sandbox_faults.py`
"""

from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, json, raw

from integrations.wechat.sandbox.platform import Platform


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _CodeOrder(_Order):
    person: str = Field(min_length=1, max_length=100)


class _PhoneOrder(_Order):
    phone: str = Field(pattern=r"^\d{5,15}$")


class _SubscriptionOrder(_Order):
    person: str = Field(min_length=1, max_length=100)
    template_id: str = Field(min_length=1, max_length=100)
    count: int = Field(ge=0)


class Control:
    """Routes under `/sandbox/`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._calls: Counter[str] = Counter()

    def attach(self, app: Sanic[Any, Any]) -> None:
        """Register the routes and the counter of calls."""
        app.register_middleware(self._count, "request")
        app.error_handler.add(ValidationError, _explain)
        app.add_route(self.mint_code, "/sandbox/codes", methods=["POST"])
        app.add_route(self.mint_phone_code, "/sandbox/phone-codes", methods=["POST"])
        app.add_route(self.limit, "/sandbox/subscriptions", methods=["POST"])
        app.add_route(self.list_messages, "/sandbox/messages", methods=["GET"])
        app.add_route(self.forget_messages, "/sandbox/messages", methods=["DELETE"])
        app.add_route(self.revoke_token, "/sandbox/revoke-token", methods=["POST"])
        app.add_route(self.list_calls, "/sandbox/calls", methods=["GET"])

    async def mint_code(self, request: Request) -> HTTPResponse:
        """Mint a login code."""
        openid = self._platform.enrol(_CodeOrder.model_validate_json(request.body).person)
        return json({"code": self._platform.login_codes.mint(openid), "openid": openid}, status=201)

    async def mint_phone_code(self, request: Request) -> HTTPResponse:
        """Mint a code of the phone button."""
        phone = _PhoneOrder.model_validate_json(request.body).phone
        return json({"code": self._platform.phone_codes.mint(phone)}, status=201)

    async def limit(self, request: Request) -> HTTPResponse:
        """Set how often a person has accepted a template."""
        order = _SubscriptionOrder.model_validate_json(request.body)
        openid = self._platform.enrol(order.person)
        self._platform.limit_acceptances(openid, order.template_id, order.count)
        return empty()

    async def list_messages(self, request: Request) -> HTTPResponse:
        """List what was sent, oldest first, to one person or to all."""
        person = request.args.get("person")
        openid = self._platform.enrol(person) if person else None
        messages = [m for m in self._platform.messages if openid in (None, m["touser"])]
        return json({"messages": messages})

    async def forget_messages(self, _request: Request) -> HTTPResponse:
        """Forget what was sent."""
        self._platform.messages.clear()
        return empty()

    async def revoke_token(self, _request: Request) -> HTTPResponse:
        """Let every access token be dead."""
        self._platform.tokens.revoke()
        return empty()

    async def list_calls(self, _request: Request) -> HTTPResponse:
        """Count the calls that the platform got."""
        return json({"calls": self._calls})

    async def _count(self, request: Request) -> None:
        if not request.path.startswith("/sandbox/"):
            self._calls[request.path] += 1


def _explain(_request: Request, error: ValidationError) -> HTTPResponse:
    return raw(error.json(include_url=False), status=422, content_type="application/json")
