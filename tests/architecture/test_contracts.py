"""Every import contract is broken on purpose, in a copy, and is seen to be the one that breaks."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "models", "integrations", "config")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PLANTS = {
    "tree": ("config/planted.py", "import integrations.contracts.clock"),
    "capabilities": ("server/audit/planted.py", "import server.cases"),
    "vendors": ("models/planted.py", "import integrations.wechat.client"),
    "rules": ("server/cases/rules.py", "import server.kit.transaction"),
    "sanic": ("server/cases/planted.py", "import sanic"),
    "httpx": ("integrations/wechat/planted.py", "import httpx"),
    "redis": ("server/queueing/planted.py", "import redis"),
    "wechatpy": ("server/kit/planted.py", "import wechatpy"),
}
"""The contract, and the one line in the one file that breaks it."""


@pytest.fixture
def tree(tmp_path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_a_plant():
    assert {contract["id"] for contract in CONTRACTS} == set(PLANTS)


def test_the_tree_keeps_every_contract(tree):
    assert find_broken(tree) == []


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_a_planted_fault_breaks_exactly_its_contract(tree, contract):
    path, line = PLANTS[contract["id"]]
    with (tree / path).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")

    assert find_broken(tree) == [contract["name"]]


def test_a_capability_without_a_place_breaks_the_stack(tree):
    (tree / "server" / "planted").mkdir()
    (tree / "server" / "planted" / "__init__.py").touch()

    assert "planted" in run_linter(tree).stdout


def find_broken(tree):
    linter = run_linter(tree)
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", linter.stdout, re.MULTILINE))
    assert set(verdicts) == {contract["name"] for contract in CONTRACTS}, linter.stdout
    return [name for name, verdict in verdicts.items() if verdict == "BROKEN"]


def run_linter(tree):
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-logo", "--no-cache"]
    return subprocess.run(
        command, cwd=tree, capture_output=True, text=True, timeout=60, check=False
    )
