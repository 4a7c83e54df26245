"""The texts for people: one for every refusal, and every one fits what is filled in."""

import ast
import importlib
import json
import pkgutil
import string
import tomllib
from pathlib import Path

import pytest

import server
from server.kit.errors import Busy, Refusal, WrongState, every_refusal
from server.kit.http.problems import render
from server.kit.messages import MESSAGES_FOLDER, _catalogue, has_text, text
from server.wiring import SURFACES


def refusals():
    for module in pkgutil.walk_packages(server.__path__, "server."):
        if module.name.endswith(("errors", ".call", ".service", ".schemas")):
            importlib.import_module(module.name)
    declared = {kind for surface in SURFACES for route in surface.routes for kind in route.refuses}
    named = {kind for kind in every_refusal() if kind.__module__.startswith("server.")}
    return sorted(declared | named, key=lambda kind: kind.__name__)


REFUSALS = refusals()


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_text_and_a_status(kind):
    assert has_text(kind.code)
    assert 400 <= kind.status < 600


def test_a_code_names_one_refusal_only():
    by_code = {}
    for kind in REFUSALS:
        by_code.setdefault(kind.code, set()).add(kind)
    assert {code: kinds for code, kinds in by_code.items() if len(kinds) > 1} == {}


def test_no_two_files_speak_of_one_code():
    codes = [
        code for file in MESSAGES_FOLDER.glob("*.toml") for code in tomllib.loads(file.read_text())
    ]
    assert {code for code in codes if codes.count(code) > 1} == set()


def test_a_problem_carries_the_texts_its_data_and_when_to_come_again():
    answer = render(Busy(retry_after_s=7, part="database"), request_id="r" * 32)
    assert answer.headers["retry-after"] == "7"
    assert json.loads(answer.body) == {
        "type": "urn:tongban:problem:busy",
        "title": text("busy"),
        "status": 503,
        "detail": text("busy"),
        "code": "busy",
        "request_id": "r" * 32,
        "data": {"part": "database"},
        "retry_after_s": 7,
    }


def test_what_a_refusal_says_of_itself_holds_no_data():
    refusal = WrongState(state="13900001234", wanted="x")
    assert (str(refusal), repr(refusal)) == ("wrong_state", "WrongState('wrong_state')")


def test_a_text_is_filled_in():
    assert text("span_too_long", most_days=31).count("31") == 1
    with pytest.raises(KeyError):
        text("nothing_is_called_so")


def test_whoever_raises_a_refusal_gives_what_its_text_wants():
    wanted = {kind.__name__: fields_of(kind) for kind in REFUSALS if takes_any_data(kind)}
    for file in Path(server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Raise) and node.exc:
                name, given = described(node.exc)
                assert wanted.get(name, set()) <= given, f"{file.name}: {name}"


def takes_any_data(kind):
    return kind.__init__ in {Refusal.__init__, Busy.__init__}


def described(raised):
    """The name of what is raised and the keywords it is given."""
    if isinstance(raised, ast.Call):
        return getattr(raised.func, "id", ""), {one.arg for one in raised.keywords}
    return getattr(raised, "id", ""), set()


def fields_of(kind):
    return {name for _, name, _, _ in string.Formatter().parse(_catalogue()[kind.code]) if name}
