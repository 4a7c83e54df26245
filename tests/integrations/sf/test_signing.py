"""The digest, against a value computed by itself, and what Java's encoder does differently."""

import hashlib
from base64 import b64encode

import pytest

from integrations.sf.signing import sign


def test_the_digest_of_the_reference():
    document = '{"language":"zh-CN","orderId":"DEMO-1"}'
    digest = sign(document, timestamp="1700000000000", check_word="checkword-demo")
    assert digest == "4jKm4hQzs1r4qY8+df4tDA=="


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("a b", "a+b"), ("*", "*"), ("~", "%7E"), ("中", "%E4%B8%AD"), ("-_.", "-_."), ("'", "%27")],
)
def test_the_text_is_encoded_as_java_does(text, encoded):
    expected = b64encode(hashlib.md5(f"{encoded}1w".encode()).digest()).decode()
    assert sign(text, timestamp="1", check_word="w") == expected
