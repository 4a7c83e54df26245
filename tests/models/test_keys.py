"""On SQLite, too, every key and index stands that the models declare."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)
def test_the_migrations_leave_no_key_out(tmp_path):
    command = [sys.executable, "-m", "tests.support.keys", str(tmp_path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert found.stdout == ""
