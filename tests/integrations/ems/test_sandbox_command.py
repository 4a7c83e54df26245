"""The sandbox as a program of its own."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE

import pytest

from config.settings import Settings
from integrations.ems.client import EmsClient
from integrations.ems.sandbox.__main__ import parse_arguments, read_agreement
from integrations.ems.sandbox.app import API_PATH
from integrations.ems.sandbox.post_office import OnRepeat
from integrations.http import VendorClient
from tests.integrations.orders import make_order
from tests.support.clock import FrozenClock

COMMAND = (sys.executable, "-m", "integrations.ems.sandbox")


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def test_it_serves_orders_until_it_is_ended(sign_key, sender_no):
    port = find_free_port()
    agreement = {
        "EMS_SENDER_NO": sender_no,
        "EMS_AUTHORIZATION": "of-this-test",
        "EMS_SIGN_KEY": sign_key,
    }
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--port", str(port), env=os.environ | agreement, stdout=PIPE
    )
    http = VendorClient("ems", f"http://127.0.0.1:{port}{API_PATH}")
    client = EmsClient(
        http,
        sender_no=sender_no,
        authorization="of-this-test",
        sign_key=sign_key,
        project_id="",
        clock=FrozenClock(),
    )
    try:
        line = await process.stdout.readline()
        assert line.decode() == f"listening on http://127.0.0.1:{port}{API_PATH}\n"
        waybill = await client.create_order(make_order())
        assert len(waybill.waybill_no) == 13
        await http.close()
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_help_names_every_option_and_route():
    process = await asyncio.create_subprocess_exec(*COMMAND, "--help", stdout=PIPE)
    text = (await process.communicate())[0].decode()
    assert process.returncode == 0
    for word in ("--port", "--push-url", "--on-repeat", "EMS_SIGN_KEY", "/sandbox/events"):
        assert word in text


def test_the_repeat_policy_is_an_option():
    assert parse_arguments(["--port", "1"]).on_repeat is OnRepeat.SAME
    assert parse_arguments(["--port", "1", "--on-repeat", "refuse"]).on_repeat is OnRepeat.REFUSE
    with pytest.raises(SystemExit):
        parse_arguments(["--port", "1", "--on-repeat", "forget"])


def test_without_an_environment_it_knows_the_demos_customer(monkeypatch):
    for name in ("EMS_SENDER_NO", "EMS_AUTHORIZATION", "EMS_SIGN_KEY"):
        monkeypatch.delenv(name, raising=False)
    agreement, settings = read_agreement(), Settings()
    assert agreement.sender_no == settings.ems_sender_no
    assert agreement.authorization == settings.ems_authorization.get_secret_value()
    assert agreement.sign_key == settings.ems_sign_key.get_secret_value()
    assert "demo-only" not in repr(agreement)
