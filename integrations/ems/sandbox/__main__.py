"""Run the sandbox: `python -m integrations.ems.sandbox --port 8202`."""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from base64 import b64encode
from typing import Any

from sanic import Sanic

from integrations.ems.sandbox.app import API_PATH, Agreement, create_app
from integrations.ems.sandbox.post_office import OnRepeat
from integrations.system_clock import SystemClock

DEMO_SENDER_NO = "1100000000000"
DEMO_AUTHORIZATION = "demo-only-not-for-production"
DEMO_SIGN_KEY = b64encode(b"tongban-demo-key").decode()

EPILOG = f"""\
The customer is read from EMS_SENDER_NO, EMS_AUTHORIZATION and EMS_SIGN_KEY (base64 of 16 bytes);
without them it is the demo's.

  POST {API_PATH}    the post itself
  POST /sandbox/events    {{"waybill_no", "op_code", "op_time"?, "deliver_code"?, ...}}: adds a
                          tracking event, pushes it and reports what the receiver answered
  GET  /sandbox/orders    every order received, with its events
  POST /sandbox/faults    {{"kind": "errcode|http_500|slow|reset|garbage|html", "count"?, ...}}:
                          spoils the next answers; GET lists what is set, DELETE clears it
"""


def read_agreement() -> Agreement:
    """Return the customer that the environment names, or the demo's."""
    return Agreement(
        sender_no=os.environ.get("EMS_SENDER_NO", DEMO_SENDER_NO),
        authorization=os.environ.get("EMS_AUTHORIZATION", DEMO_AUTHORIZATION),
        sign_key=os.environ.get("EMS_SIGN_KEY", DEMO_SIGN_KEY),
    )


def parse_arguments(arguments: list[str] | None = None) -> Namespace:
    """Return the options of the command line."""
    parser = ArgumentParser(
        prog="python -m integrations.ems.sandbox",
        description="A post that behaves as the EMS open platform does, in memory.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--push-url", default="", help="where tracking events are pushed to")
    parser.add_argument(
        "--on-repeat",
        type=OnRepeat,
        choices=list(OnRepeat),
        default=OnRepeat.SAME,
        help="whether a repeated order number gets its waybill again or is refused",
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Serve until stopped."""
    options = parse_arguments()
    app = create_app(
        read_agreement(),
        clock=SystemClock(),
        push_url=options.push_url,
        on_repeat=options.on_repeat,
    )

    @app.after_server_start
    async def announce(_app: Sanic[Any, Any]) -> None:
        sys.stdout.write(f"listening on http://{options.host}:{options.port}{API_PATH}\n")
        sys.stdout.flush()

    app.run(options.host, options.port, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
