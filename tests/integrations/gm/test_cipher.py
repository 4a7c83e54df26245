"""Column encryption and digests."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from integrations.gm import cipher as module
from integrations.gm.cipher import ColumnCipher

OLD, NEW = bytes(range(16)), bytes(range(16, 32))
DIGEST_KEY = bytes(range(32, 48))
PLAIN = "张三丰 350102199001011234"


@pytest.fixture
def cipher():
    return ColumnCipher({"k1": OLD, "k2": NEW}, DIGEST_KEY)


def test_text_comes_back(cipher):
    for plain in (PLAIN, "", "a.b.c", "字" * 5000):
        assert cipher.decrypt(cipher.encrypt(plain)) == plain


def test_bytes_come_back(cipher):
    for plain in (b"", b"...", bytes(range(256)) * 100):
        assert cipher.decrypt_bytes(cipher.encrypt_bytes(plain)) == plain


def test_the_same_text_is_sealed_differently_each_time(cipher):
    assert len({cipher.encrypt(PLAIN) for _ in range(200)}) == 200


def test_sealed_text_is_ascii_and_names_the_last_key(cipher):
    sealed = cipher.encrypt(PLAIN)
    assert sealed.isascii()
    assert sealed.split(".")[:2] == ["v1", "k2"]
    assert len(sealed.split(".")) == 3
    assert cipher.encrypt_bytes(b"x").startswith(b"v1.k2.")


def test_the_nonce_has_12_bytes_and_the_tag_16(cipher):
    body = cipher.encrypt("12345").split(".")[2]
    assert len(urlsafe_b64decode(body + "=" * (-len(body) % 4))) == 12 + 5 + 16


def test_an_old_key_still_decrypts(cipher):
    sealed = ColumnCipher({"k1": OLD}, DIGEST_KEY).encrypt(PLAIN)
    assert sealed.startswith("v1.k1.")
    assert cipher.decrypt(sealed) == PLAIN


def test_a_retired_key_does_not_decrypt(cipher):
    sealed = cipher.encrypt(PLAIN)
    with pytest.raises(ValueError, match="unknown version or key"):
        ColumnCipher({"k1": OLD}, DIGEST_KEY).decrypt(sealed)


def test_the_key_id_is_authenticated():
    same_key_twice = ColumnCipher({"k1": OLD, "k2": OLD}, DIGEST_KEY)
    sealed = same_key_twice.encrypt(PLAIN).replace("v1.k2.", "v1.k1.")
    with pytest.raises(ValueError, match="altered"):
        same_key_twice.decrypt(sealed)


def test_every_altered_character_is_noticed(cipher):
    sealed = cipher.encrypt(PLAIN)
    chance = random.Random(20250303)
    for place in range(len(sealed)):
        other = chance.choice([char for char in "AZaz09-_.=+/ é" if char != sealed[place]])
        with pytest.raises(ValueError, match="sealed"):
            cipher.decrypt(sealed[:place] + other + sealed[place + 1 :])


def test_every_altered_byte_is_noticed(cipher):
    sealed = cipher.encrypt_bytes(b"content of a file")
    for place in range(len(sealed)):
        altered = bytes([sealed[place] ^ 1])
        with pytest.raises(ValueError, match="sealed"):
            cipher.decrypt_bytes(sealed[:place] + altered + sealed[place + 1 :])


@pytest.mark.parametrize("length", [0, 1, 3, 6, 20, 33])
def test_what_was_cut_off_is_noticed(cipher, length):
    with pytest.raises(ValueError, match="sealed"):
        cipher.decrypt(cipher.encrypt(PLAIN)[:length])
    with pytest.raises(ValueError, match="sealed"):
        cipher.decrypt_bytes(cipher.encrypt_bytes(b"content")[:length])


@pytest.mark.parametrize("tail", ["=", "\n", "A", "."])
def test_what_was_added_is_noticed(cipher, tail):
    with pytest.raises(ValueError, match="sealed"):
        cipher.decrypt(cipher.encrypt(PLAIN) + tail)


def test_one_value_has_one_spelling(cipher):
    # 28 bytes and no text end in a character whose last bits stand for nothing.
    sealed = cipher.encrypt("")
    content = urlsafe_b64decode(sealed.split(".")[2] + "==")
    spare = sealed[:-1] + chr(ord(sealed[-1]) + 1)
    assert urlsafe_b64decode(spare.split(".")[2] + "==") == content
    with pytest.raises(ValueError, match="canonical"):
        cipher.decrypt(spare)


def test_sealed_bytes_that_are_no_text_are_refused_without_showing_them(cipher):
    sealed = cipher.encrypt_bytes(b"\xff\xfe")
    text = "v1.k2." + urlsafe_b64encode(sealed.removeprefix(b"v1.k2.")).rstrip(b"=").decode()
    with pytest.raises(ValueError, match="not text") as caught:
        cipher.decrypt(text)
    assert caught.value.__suppress_context__ is True


def test_a_digest_is_the_same_for_the_same_text_and_key(cipher):
    assert cipher.digest("13900000001") == (
        ColumnCipher({"k9": NEW}, DIGEST_KEY).digest("13900000001")
    )
    assert cipher.digest("13900000001") != cipher.digest("13900000002")
    assert cipher.digest("13900000001") != (ColumnCipher({"k1": OLD}, OLD).digest("13900000001"))


def test_a_digest_is_hmac_sm3(cipher):
    # As `openssl dgst -sm3 -mac HMAC` computes it under the same key.
    known = "61a890958cc448c23a3d30203d876184eb6c8e1d10a96046cb1f6bca99daaebc"
    assert cipher.digest("abc") == known


@pytest.mark.parametrize(
    ("keys", "digest_key", "message"),
    [
        ({}, DIGEST_KEY, "at least one"),
        ({"k1": OLD[:15]}, DIGEST_KEY, "16 bytes"),
        ({"k1": OLD, "k2": NEW * 2}, DIGEST_KEY, "16 bytes"),
        ({"k.1": OLD}, DIGEST_KEY, "a key id"),
        ({"": OLD}, DIGEST_KEY, "a key id"),
        ({"钥": OLD}, DIGEST_KEY, "a key id"),
        ({"k1": OLD}, b"short", "digest key"),
    ],
)
def test_unsuitable_keys_are_refused(keys, digest_key, message):
    with pytest.raises(ValueError, match=message):
        ColumnCipher(keys, digest_key)


def test_sm4_and_sm3_are_available_here():
    ColumnCipher.check_available()


def test_an_openssl_without_sm4_is_named_clearly(monkeypatch):
    def refuse(*_):
        raise UnsupportedAlgorithm("no SM4")

    monkeypatch.setattr(module, "BlockCipher", refuse)
    with pytest.raises(RuntimeError, match="the OpenSSL in use lacks SM4-GCM or SM3"):
        ColumnCipher.check_available()


def test_keys_are_not_shown(cipher):
    assert repr(OLD) not in repr(cipher)
