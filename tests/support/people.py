"""Logging people in over HTTP, as the mini-program and the desks do."""

from dataclasses import dataclass
from uuid import uuid4

import httpx
import pyotp

from server.identity.demo_accounts import DEMO_PASSWORD, demo_totp_secret


@dataclass(frozen=True)
class Citizen:
    """A session of somebody, citizen or not."""

    id: str
    token: str


def bearer(someone):
    """The headers of somebody who is logged in."""
    return {"authorization": f"Bearer {someone.token}"}


def keyed(someone):
    """The same with a new idempotency key."""
    return bearer(someone) | {"idempotency-key": uuid4().hex}


async def mint_login_code(sandbox_url, person):
    """A fresh `wx.login` code of a named person."""
    return await _mint(f"{sandbox_url}/sandbox/codes", {"person": person})


async def mint_phone_code(sandbox_url, phone):
    """A fresh phone code."""
    return await _mint(f"{sandbox_url}/sandbox/phone-codes", {"phone": phone})


async def log_in(http, sandbox_url, person):
    """Log a citizen in."""
    code = await mint_login_code(sandbox_url, person)
    answer = (await http.post("/citizen/login", json={"code": code})).raise_for_status().json()
    return Citizen(answer["citizen"]["id"], answer["token"])


async def log_in_desk(http, login, at):
    """Log a demo member of staff in at the instant `at`."""
    totp = pyotp.TOTP(demo_totp_secret(login)).at(at)
    body = {"login": login, "password": DEMO_PASSWORD, "totp": totp}
    answer = (await http.post("/desk/login", json=body)).raise_for_status().json()
    return Citizen(answer["staff"]["id"], answer["token"])


async def _mint(url, body):
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=body)).raise_for_status().json()["code"]
