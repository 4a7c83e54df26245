"""The migrations lead to the tables that the models describe."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_migrations_leave_nothing_to_make(tmp_path):
    for folder in ("models", "integrations", "config"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    known = names_of(tmp_path)
    command = [Path(sys.executable).with_name("tortoise"), "-c", "models.migrating.CONFIG"]
    made = subprocess.run(
        [*command, "makemigrations"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.stdout.strip() == "No changes detected"
    assert names_of(tmp_path) == known


def names_of(root):
    return {file.name for file in (root / "models" / "migrations").glob("*.py")}
