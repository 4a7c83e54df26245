"""The main job, from the login to the rating, on running processes."""

import subprocess
import sys

import pytest

from deploy.children import find_free_port
from tests.support.servers import run_command
from tests.support.system import start_servers

pytestmark = pytest.mark.timeout(300)
PUSHES = "/api/v1/callbacks/carriers/ems"


def play(url):
    command = [sys.executable, "-m", "tests.e2e.demo", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_main_job_ends_with_a_delivered_parcel_and_a_rating(is_embedded):
    port = find_free_port()
    pushes = f"http://127.0.0.1:{port}{PUSHES}"
    with start_servers(pushes, is_embedded=is_embedded) as system:
        run_command("server migrate", system.env)
        run_command("server seed", system.env)
        with system.serving(port) as api:
            ended = play(api.url)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "delivers" in ended.stdout
    assert ended.stdout.rstrip().endswith("The main job is done: 32 steps.")


def test_a_play_against_nothing_says_so():
    ended = play(f"http://127.0.0.1:{find_free_port()}")
    assert ended.returncode == 1
    assert "FAILED  GET /public/about: no answer (ConnectError)" in ended.stdout
