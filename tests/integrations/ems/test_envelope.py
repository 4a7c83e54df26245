"""The envelope that the post prescribes."""

import pytest

from integrations.ems.envelope import Envelope

VECTOR_DOCUMENT = '{"waybillNo":"1000000000001","direction":"0"}'
VECTOR_SEALED = (
    "|$4|kgSzlPa7XOXd5saWMA/2MdHSnAEO2fG50q/jdtYKhY3fGVlo/YQusIeo+uuv3cbJ"
    "2AeNZkJO7u8OGzeTI3kRzu3kml4ShDvZ5gTMKMVmIV8="
)


@pytest.fixture
def envelope(sign_key):
    return Envelope(sign_key)


def test_the_known_document_is_sealed_as_known(envelope):
    assert envelope.seal(VECTOR_DOCUMENT) == VECTOR_SEALED
    assert envelope.open(VECTOR_SEALED, must_have_suffix=True) == VECTOR_DOCUMENT


def test_chinese_text_survives(envelope):
    assert envelope.open(envelope.seal('{"name":"张三"}')) == '{"name":"张三"}'


def test_a_document_without_suffix_opens_where_none_is_demanded(envelope):
    sealed = envelope.seal("{}", with_suffix=False)
    assert envelope.open(sealed) == "{}"
    with pytest.raises(ValueError, match="lacks its suffix"):
        envelope.open(sealed, must_have_suffix=True)


def test_an_envelope_of_another_key_does_not_open(envelope):
    other = Envelope("EBESExQVFhcYGRobHB0eHw==").seal(VECTOR_DOCUMENT)
    with pytest.raises(ValueError, match="does not open under this key"):
        envelope.open(other)


@pytest.mark.parametrize(
    ("sealed", "message"),
    [
        ("", "not an envelope"),
        (VECTOR_SEALED.removeprefix("|$4|"), "not an envelope"),
        ("|$4|", "does not open"),
        ("|$4|@@@@", "not base64"),
        ("|$4|中文", "not base64"),
        ("|$4|AAAA", "does not open"),
        (VECTOR_SEALED[:-20], "not base64|does not open"),
    ],
)
def test_what_is_no_envelope_is_refused(envelope, sealed, message):
    with pytest.raises(ValueError, match=message):
        envelope.open(sealed)


@pytest.mark.parametrize("key", ["", "short", "AAECAwQFBgcICQoLDA0O", "no base64!"])
def test_a_key_of_the_wrong_length_is_refused(key):
    with pytest.raises(ValueError, match="base64"):
        Envelope(key)


def test_a_refusal_does_not_carry_the_plain_text():
    with pytest.raises(ValueError, match="does not open") as caught:
        Envelope("EBESExQVFhcYGRobHB0eHw==").open(VECTOR_SEALED)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ is True
