"""Run the sandbox: `python -m integrations.sf.sandbox --port 8203`."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from sanic import Sanic

from integrations.sf.sandbox.app import API_PATH, Customer, create_app
from integrations.system_clock import SystemClock

DEMO_PARTNER_ID = "DEMOPARTNER"
DEMO_CHECK_WORD = "demo-only-not-for-production"

EPILOG = f"""\
The customer is read from SF_PARTNER_ID and SF_CHECK_WORD; without them it is the demo's.

  POST {API_PATH}      the platform itself
  GET  /labels/...       labels, with the token that the platform gave
  POST /sandbox/routes   {{"waybill_no", "op_code", "remark"?}}: lets something happen to a parcel
  GET  /sandbox/orders   every order received, with its routes
  POST /sandbox/faults   {{"kind": "errcode|http_500|slow|reset|garbage|html", "count"?, ...}}:
                         spoils the next answers; GET lists what is set, DELETE clears it
"""


def main() -> None:
    """Serve until stopped."""
    parser = ArgumentParser(
        prog="python -m integrations.sf.sandbox",
        description="An SF that behaves as its open platform does, in memory.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    customer = Customer(
        os.environ.get("SF_PARTNER_ID", DEMO_PARTNER_ID),
        os.environ.get("SF_CHECK_WORD", DEMO_CHECK_WORD),
    )
    app = create_app(customer, clock=SystemClock())

    @app.after_server_start
    async def announce(_app: Sanic[Any, Any]) -> None:
        sys.stdout.write(f"listening on http://{options.host}:{options.port}{API_PATH}\n")
        sys.stdout.flush()

    app.run(options.host, options.port, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
