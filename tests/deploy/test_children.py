import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.children import Child, StartFailed

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN_CODE = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
STUBBORN = [sys.executable, "-c", STUBBORN_CODE]
PARENT = f"""
import os, signal, sys
from pathlib import Path
from deploy.children import Child
child = Child.start("child", {SLEEPER!r}, log=Path(sys.argv[1]), env=os.environ)
print(child.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "child.log"


@pytest.fixture
def start(log):
    children = []

    def start(command):
        child = Child.start("child", command, log=log, env=os.environ)
        children.append(child)
        child.wait_until(lambda: "up" in log.read_text(), 10)
        return child

    yield start
    for child in children:
        child.kill()


def test_a_child_dies_with_a_parent_that_was_killed(log):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, log], stdout=subprocess.PIPE)
    child_pid = int(parent.stdout.readline())
    assert is_alive(child_pid)

    parent.kill()
    parent.communicate()

    until = time.monotonic() + 5
    while is_alive(child_pid) and time.monotonic() < until:
        os.sched_yield()
    assert not is_alive(child_pid)


def test_a_child_that_obeys_ends_by_sigterm(start):
    assert start(SLEEPER).stop(10) == -signal.SIGTERM


def test_a_child_that_does_not_obey_is_killed_after_its_grace(start):
    assert start(STUBBORN).stop(0.2) == -signal.SIGKILL


def test_urgency_cuts_the_grace_short(start):
    assert start(STUBBORN).stop(3600, is_urgent=lambda: True) == -signal.SIGKILL


def test_waiting_for_a_child_that_ended_tells_its_last_words(log):
    command = [sys.executable, "-c", "import sys; sys.exit('no such table')"]
    child = Child.start("migrate", command, log=log, env=os.environ)

    with pytest.raises(StartFailed, match=r"(?s)migrate ended \(exit code 1\).*no such table"):
        child.wait_until(lambda: False, 10)


def test_a_child_reads_the_text_it_was_given(log):
    command = [sys.executable, "-c", "print(input())"]
    child = Child.start("echo", command, log=log, env=os.environ, text="bind 127.0.0.1\n")

    assert child.wait(10) == 0
    assert child.tail() == "bind 127.0.0.1"


def is_alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
