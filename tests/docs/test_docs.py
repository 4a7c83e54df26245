"""The pages stay true: what they name is there, and what they must name is named."""

import io
import json
import re
import tokenize
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import to_jsonable_python

from config.settings import Settings
from server.__main__ import _parser
from server.app import PREFIX
from server.wiring import SURFACES

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"
GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
PAGES = (*READMES, *sorted((ROOT / "docs").glob("*.md")), *ADRS, ROOT / "deploy" / "RUNBOOK.md")

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
MAKE = re.compile(r"(?:^|[\s(])make(?: ONLY=\S+)? ([a-z][a-z-]*)")
COMMAND = re.compile(r"-m server ([a-z][a-z-]*)((?: --[a-z-]+)*)")
MODULE = re.compile(r"-m ((?:server|deploy|tests|integrations)(?:\.\w+)+)")
PLACE = re.compile(r"(?:server|models|integrations|config|deploy|tests|docs)/[\w./*-]*")
ROUTE = re.compile(
    r"(GET|POST|PUT|DELETE) (/(?:citizen|desk|public|courier|district|admin|callbacks)/[\w/<>-]*)"
)
MADE_BY_OPERATORS = {"deploy/environment"}
DEMO_ONLY = "demo"
EMPTY = "empty"
LONGEST_ADR = 60


def page_id(page):
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=page_id)


def code_of(page):
    """All that stands in code spans and blocks."""
    return [block or span for block, span in CODE.findall(page.read_text(encoding="utf-8"))]


def rows_of(page):
    """The cells of every table row, headings and rulers left out."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [row for row in rows if row[0].startswith("`")]


def anchors_of(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_what_the_pages_name_is_found_in_them():
    told = "make test ONLY=tests; .venv/bin/python -m server outbox --unblock; -m deploy.run --port"
    assert MAKE.findall(told) == ["test"]
    assert COMMAND.findall(told) == [("outbox", " --unblock")]
    assert MODULE.findall(told) == ["deploy.run"]
    assert PLACE.findall("in server/kit/redis.py, docs/") == ["server/kit/redis.py", "docs/"]
    assert ROUTE.findall("`POST /desk/cases/<no>/accept`") == [("POST", "/desk/cases/<no>/accept")]
    assert LINK.findall("[runbook](deploy/RUNBOOK.md#release)") == ["deploy/RUNBOOK.md#release"]


@every_page
def test_every_relative_link_leads_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@every_page
def test_every_make_target_exists(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {target for code in code_of(page) for target in MAKE.findall(code)}
    assert named <= targets


@every_page
def test_every_command_of_the_server_exists_with_its_options(page):
    [known] = [one for one in _parser()._actions if one.choices]
    for code in code_of(page):
        for name, options in COMMAND.findall(code):
            assert name in known.choices, name
            taken = known.choices[name]._option_string_actions
            assert set(options.split()) <= set(taken), options


@every_page
def test_every_module_and_place_that_is_named_exists(page):
    for code in code_of(page):
        for module in MODULE.findall(code):
            path = ROOT / module.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), module
        for place in PLACE.findall(code) if "\n" not in code and "<" not in code else ():
            assert place in MADE_BY_OPERATORS or list(ROOT.glob(place.rstrip("/."))), place


@every_page
def test_every_route_that_is_named_exists(page):
    routes = {(route.method, route.path) for surface in SURFACES for route in surface.routes}
    for code in code_of(page):
        for named in ROUTE.findall(code.replace(PREFIX, "")):
            assert named in routes, named


@pytest.mark.parametrize("page", READMES, ids=page_id)
def test_the_configuration_table_holds_every_setting_with_its_default(page):
    shown = {row[0].strip("`"): row[1].strip("`") for row in rows_of(page)}
    assert shown == {
        name.upper(): default_of(field.default) for name, field in Settings.model_fields.items()
    }


def default_of(value):
    if isinstance(value, SecretStr) or "SecretStr" in repr(value):
        return DEMO_ONLY
    plain = to_jsonable_python(value)
    return (
        plain if isinstance(plain, str) and plain else json.dumps(plain) if plain != "" else EMPTY
    )


def test_both_readmes_show_the_same_commands_and_outputs():
    english, chinese = (
        re.findall(r"```(?:sh|text)\n.*?```", page.read_text(), re.DOTALL) for page in READMES
    )
    assert english == chinese


def test_both_readmes_have_as_many_sections_and_points():
    shapes = [(page.read_text().count("\n## "), page.read_text().count("\n- ")) for page in READMES]
    assert shapes[0] == shapes[1]


def test_every_code_word_of_the_glossary_stands_in_the_code():
    known = words_of_the_code()
    words = [word for row in rows_of(GLOSSARY) for word in re.findall(r"`(\w+)`", row[0])]
    assert len(words) > 100
    assert [word for word in words if word not in known] == []


def test_the_glossary_has_each_word_once():
    words = [word for row in rows_of(GLOSSARY) for word in re.findall(r"`(\w+)`", row[0])]
    assert sorted(words) == sorted(set(words))


def test_every_value_that_the_glossary_explains_stands_in_the_code():
    known = words_of_the_code()
    values = [word for row in rows_of(GLOSSARY) for word in re.findall(r"`(\w+)`", row[2])]
    assert [word for word in values if word not in known] == []


def words_of_the_code():
    """Names and whole strings of models/ and server/; what only comments say does not count."""
    words = set()
    for folder in ("models", "server", "integrations/contracts"):
        for file in (ROOT / folder).rglob("*.py"):
            source = io.StringIO(file.read_text(encoding="utf-8"))
            for token in tokenize.generate_tokens(source.readline):
                if token.type in (tokenize.NAME, tokenize.STRING):
                    words.add(token.string.strip("\"'"))
    return words


def test_architecture_lists_every_decision_by_its_title():
    listed = re.findall(r"^- \[(.+)\]\(adr/(.+)\)$", ARCHITECTURE.read_text(), re.MULTILINE)
    assert listed == [(title_of(adr), adr.name) for adr in ADRS]


@pytest.mark.parametrize("adr", ADRS, ids=page_id)
def test_a_decision_is_short_and_has_its_three_parts(adr):
    lines = adr.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_ADR
    assert title_of(adr).startswith(adr.name[:5].replace("-", " "))
    sections = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert sections == ["Context", "Decision", "Consequences"]


def title_of(adr):
    return adr.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def test_architecture_names_every_capability_and_every_folder_of_tests():
    text = ARCHITECTURE.read_text(encoding="utf-8")
    for parent in ("server", "tests"):
        folders = (one for one in (ROOT / parent).iterdir() if any(one.glob("*.py")))
        for folder in folders:
            assert f"`{parent}/{folder.name}/`" in text, folder
