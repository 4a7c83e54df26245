"""A private Redis Cluster: three masters, each with a replica that takes over when it dies."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis

from deploy.children import LOOPBACK, Child, find_free_port
from deploy.redis_server import find_redis_server
from tests.support.servers import Server

MASTERS = 3
SLOTS = 16_384
WITHIN_S = 30.0
CONFIGURATION = """
bind {host}
port {port}
cluster-enabled yes
cluster-port {bus}
cluster-node-timeout 1000
cluster-replica-validity-factor 0
dir "{folder}"
appendonly no
save ""
"""


class Node(Server):
    """One server of the cluster."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name, folder)
        self.bus = find_free_port()

    def launch(self) -> Child:
        text = CONFIGURATION.format(host=LOOPBACK, port=self.port, bus=self.bus, folder=self.folder)
        command = [find_redis_server(), "-"]
        return Child.start(self.name, command, log=self.log, env=os.environ, text=text)

    def is_ready(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False

    def ask(self, *command: object) -> str:
        """Send one command; return its reply."""
        with redis.Redis(
            host=LOOPBACK, port=self.port, decode_responses=True, socket_timeout=5
        ) as client:
            return str(client.execute_command(*command))


class RedisCluster:
    """All nodes as one Redis: what is killed or frozen is the master that holds `key`."""

    def __init__(self, nodes: list[Node], key: str) -> None:
        self._nodes = nodes
        self._key = key
        self._down: Node | None = None

    @property
    def url(self) -> str:
        """How to reach it, by any of its nodes."""
        return f"redis+cluster://{LOOPBACK}:{self._nodes[0].port}/0"

    def form(self) -> None:
        """Make one cluster of the nodes; wait until it serves all slots, with replicas."""
        masters, replicas = self._nodes[:MASTERS], self._nodes[MASTERS:]
        for node in self._nodes[1:]:
            self._nodes[0].ask("CLUSTER", "MEET", LOOPBACK, node.port, node.bus)
        _wait(lambda: self._all_say(f"cluster_known_nodes:{len(self._nodes)}"))
        for place, master in enumerate(masters):
            begin, end = SLOTS * place // MASTERS, SLOTS * (place + 1) // MASTERS - 1
            master.ask("CLUSTER", "ADDSLOTSRANGE", begin, end)
        for master, replica in zip(masters, replicas, strict=True):
            replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
        _wait(lambda: self._all_say("cluster_state:ok"))
        _wait(lambda: all(_is_linked(replica) for replica in replicas))

    def kill(self) -> None:
        """Kill the master that holds the key, as a crash would."""
        self._down = self._owner()
        self._down.kill()

    def restart(self) -> None:
        """Start the killed node again: it comes back as the replica of its replica."""
        assert self._down is not None
        self._down.start()
        self._down = None

    def freeze(self) -> None:
        """Halt the master that holds the key; what is frozen for long is replaced."""
        self._down = self._owner()
        self._down.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        assert self._down is not None
        self._down.thaw()
        self._down = None

    def flush(self) -> None:
        """Make all forget everything."""
        self._owner().ask("FLUSHALL")

    def _owner(self) -> Node:
        seen = next(node for node in self._nodes if node is not self._down)
        with redis.RedisCluster(host=LOOPBACK, port=seen.port) as client:
            port = client.get_node_from_key(self._key).port
        return next(node for node in self._nodes if node.port == port)

    def _all_say(self, line: str) -> bool:
        return all(line in node.ask("CLUSTER", "INFO").splitlines() for node in self._nodes)


@contextlib.contextmanager
def start_redis_cluster(key: str) -> Iterator[RedisCluster]:
    """Run a cluster of six; `key` is what a test cares for."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongban-cluster-")))
        nodes = [_start(folder / f"redis-{number}", stack) for number in range(2 * MASTERS)]
        cluster = RedisCluster(nodes, key)
        cluster.form()
        yield cluster


def _start(folder: Path, stack: contextlib.ExitStack) -> Node:
    folder.mkdir()
    node = Node(folder)
    node.start()
    stack.callback(node.stop)
    return node


def _is_linked(replica: Node) -> bool:
    return "'master_link_status': 'up'" in replica.ask("INFO", "replication")


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < until, "the cluster did not form"
        time.sleep(0.1)
