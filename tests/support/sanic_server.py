"""A Sanic application served inside the test's own event loop, on a free loopback port."""

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

from sanic import Sanic


@contextlib.asynccontextmanager
async def serve(app: Sanic[Any, Any]) -> AsyncIterator[str]:
    """Yield the base URL of `app`; connections still open at the end are cut."""
    app.config.TOUCHUP = False  # rewrites Sanic's own methods, which works once in a process
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for connection in list(server.connections):
            connection.abort()
        await server.wait_closed()
