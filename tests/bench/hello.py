"""The least that Sanic can do: one JSON answer. All else is measured against it."""

import argparse

from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

app = Sanic("hello", configure_logging=False)
app.config.ACCESS_LOG = False


@app.get("/")
async def hello(_request: Request) -> HTTPResponse:
    """Answer a constant."""
    return json({"hello": "world"})


@app.get("/readyz")
async def readyz(_request: Request) -> HTTPResponse:
    """Answer that it runs."""
    return json({"ready": True})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    app.run(
        "127.0.0.1", parser.parse_args().port, single_process=True, access_log=False, motd=False
    )
