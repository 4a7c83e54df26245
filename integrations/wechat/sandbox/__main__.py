"""Runs the sandbox: `python -m integrations.wechat.sandbox --port N`."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

from integrations.system_clock import SystemClock
from integrations.wechat.sandbox.app import create_sandbox
from integrations.wechat.sandbox.platform import Platform


def main() -> None:
    """Serve in one process until SIGTERM or SIGINT."""
    parser = ArgumentParser(
        prog="python -m integrations.wechat.sandbox",
        description="A stand-in for the WeChat mini-program platform, for tests and demonstrations",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--appid", default="wx00000000demo0000", help="the one appid it knows")
    parser.add_argument("--secret", default="demo-only-not-for-production", help="its secret")
    chosen = parser.parse_args()
    app = create_sandbox(Platform(appid=chosen.appid, secret=chosen.secret, clock=SystemClock()))
    app.run(host=chosen.host, port=chosen.port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main()
