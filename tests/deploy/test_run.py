"""`make run` starts the whole product, ends all of it, and never leaves a part behind."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.children import answers_ok, find_free_port
from tests.support.servers import KEPT_VARIABLES

LIMIT_S = 120
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Kept from test to test, as it is from run to run."""
    return tmp_path_factory.mktemp("run")


def test_it_serves_and_tells_how_to_go_on(data):
    with launch(data) as run:
        assert answers_ok(run.port, "/readyz")
        assert answers_ok(run.port, "/docs/openapi.json")
        assert sorted(find_pids(data)) == ["api", "ems", "redis", "wechat"]
        assert run.end() == 0

        assert f"make demo URL=http://127.0.0.1:{run.port}" in run.told()
        assert "SQLite" in run.told()
        stopped = re.findall(r"^stopping (\w+)$", run.told(), re.MULTILINE)
        assert stopped == ["api", "ems", "wechat", "redis"]
        assert find_pids(data) == {}


def test_a_launcher_that_was_killed_leaves_nothing_behind(data):
    with launch(data) as run:
        run.end(signal.SIGKILL)

        wait_until(lambda: find_pids(data) == {})
        assert find_pids(data) == {}


def test_a_part_that_dies_ends_the_run_and_is_named(data):
    with launch(data) as run:
        os.kill(find_pids(data)["redis"], signal.SIGKILL)

        assert run.process.wait(LIMIT_S) == 1
        assert "redis ended (exit code -9)" in run.told()
        assert find_pids(data) == {}


def test_neither_data_nor_port_of_a_run_is_shared(data, tmp_path):
    with launch(data) as run:
        assert refuse(data, find_free_port()) == f"{data} is in use by another run; choose DATA=…\n"
        taken = f"port {run.port} is in use; choose another: make run PORT=…\n"
        assert refuse(tmp_path, run.port) == taken
        assert answers_ok(run.port, "/readyz")


class Launched:
    """A launcher, and what it told at its terminal."""

    def __init__(self, data):
        self.port = find_free_port()
        self._terminal = data / "terminal.txt"
        env = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        with self._terminal.open("w") as terminal:
            self.process = subprocess.Popen(
                [*command(data, self.port), "--end-with-parent"],
                env=env,
                stdout=terminal,
                start_new_session=True,
            )

    def wait(self):
        wait_until(lambda: "Ctrl-C" in self.told() or self.process.poll() is not None)
        assert self.process.poll() is None, self.told()

    def told(self):
        return self._terminal.read_text()

    def end(self, signal_no=signal.SIGTERM):
        self.process.send_signal(signal_no)
        return self.process.wait(LIMIT_S)


@contextmanager
def launch(data):
    launched = Launched(data)
    try:
        launched.wait()
        yield launched
    finally:
        launched.end()


def command(data, port):
    return [sys.executable, "-m", "deploy.run", "--port", str(port), "--data", str(data)]


def refuse(data, port):
    """Start a launcher that must refuse, and return what it told."""
    refused = subprocess.run(
        command(data, port), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert refused.returncode == 1
    return refused.stdout


def find_pids(data):
    """The running programs of a run: whose output goes to its logs."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            output = (process / "fd" / "1").readlink()
        except OSError:
            continue
        if output.parent == data / "log":
            found[output.stem] = int(process.name)
    return found


def wait_until(is_so):
    until = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
