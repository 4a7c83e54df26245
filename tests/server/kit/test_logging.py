"""What a log line never shows, whoever writes it."""

import json
import subprocess
import sys

PHONE, ID_NUMBER, TOKEN = "13900001234", "35010219900307001X", "aVeryLongTokenOfSomebody_0-9"

PROGRAM = f"""
import logging, structlog
from config.logging import configure_logging
configure_logging("INFO")
ours, theirs = structlog.get_logger("ours"), logging.getLogger("theirs")
PHONE, ID_NUMBER, TOKEN = "{PHONE}", "{ID_NUMBER}", "{TOKEN}"
{{lines}}
"""


def run(lines):
    """Run `lines` with logging configured; return what was written, raw and parsed."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(lines=lines)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr, [json.loads(line) for line in done.stderr.splitlines()]


def assert_hidden(raw):
    for secret in (PHONE, ID_NUMBER, ID_NUMBER.lower(), TOKEN):
        assert secret not in raw


def test_values_under_telling_keys_are_hidden():
    raw, (line,) = run("ours.info('seen', phone=PHONE, name='张三', token=TOKEN, id=5)")
    assert_hidden(raw)
    assert "张三" not in raw
    assert (line["event"], line["phone"], line["name"], line["id"]) == ("seen", "***", "***", 5)


def test_numbers_that_look_like_a_persons_are_hidden_wherever_they_stand():
    raw, (line,) = run(
        "ours.info('call ' + PHONE, path='/x/' + ID_NUMBER.lower(), "
        "header='Bearer ' + TOKEN, other='4390000123456')"
    )
    assert_hidden(raw)
    assert line["event"] == "call [phone]"
    assert (line["path"], line["header"]) == ("/x/[id number]", "[token]")
    assert line["other"] == "4390000123456"


def test_what_stands_inside_lists_and_dicts_is_hidden_too():
    raw, (line,) = run(
        "ours.info('seen', detail={'phone': PHONE, 'deep': [ID_NUMBER, {'token': TOKEN}]}, n=[1])"
    )
    assert_hidden(raw)
    assert line["detail"] == {"phone": "***", "deep": ["[id number]", {"token": "***"}]}
    assert line["n"] == [1]


def test_an_exceptions_text_is_masked_and_its_trace_kept():
    raw, (line,) = run(
        "try:\n    raise ValueError(PHONE + ' ' + ID_NUMBER)\n"
        "except ValueError:\n    ours.exception('failed')"
    )
    assert_hidden(raw)
    assert "ValueError: [phone] [id number]" in line["exception"]


def test_lines_of_libraries_are_masked_with_their_arguments_and_traces():
    raw, (first, second) = run(
        "theirs.warning('to %s of %s', PHONE, {'id': ID_NUMBER})\n"
        "try:\n    raise ValueError(PHONE)\n"
        "except ValueError:\n    theirs.exception('failed')"
    )
    assert_hidden(raw)
    assert first["event"].startswith("to [phone] of")
    assert "ValueError: [phone]" in second["exception"]


def test_numbers_that_are_not_strings_are_hidden():
    raw, (line,) = run("ours.info('seen', value=int(PHONE), pair=(PHONE, 1))")
    assert_hidden(raw)
    assert (line["value"], line["pair"]) == ("[phone]", ["[phone]", 1])
