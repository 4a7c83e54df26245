import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from integrations.contracts.errors import PushRefused
from integrations.wechat.push import PushReader
from tests.integrations.wechat.conftest import APPID, PUSH_AES_KEY, PUSH_TOKEN
from tests.support.clock import FrozenClock

STAMP = 1714036504
NONCE = "1514711492"
VECTOR = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "timestamp": str(STAMP),
    "nonce": NONCE,
    "echostr": "4375120948345356249",
}
SENT = {
    "ToUserName": "gh_1",
    "FromUserName": "o-zhang",
    "CreateTime": STAMP,
    "MsgType": "event",
    "Event": "subscribe_msg_sent_event",
    "List": {"TemplateId": "t1", "MsgID": "77", "ErrorCode": "0", "ErrorStatus": "success"},
}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.fromtimestamp(STAMP, UTC))


@pytest.fixture
def reader(clock) -> PushReader:
    return make_reader(clock)


def make_reader(clock: FrozenClock) -> PushReader:
    return PushReader(token=PUSH_TOKEN, aes_key=PUSH_AES_KEY, appid=APPID, clock=clock)


def encrypt(message: bytes, appid: str = APPID) -> str:
    key = b64decode(PUSH_AES_KEY + "=")
    plain = b"0123456789abcdef" + len(message).to_bytes(4, "big") + message + appid.encode()
    padding = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return b64encode(encryptor.update(plain + bytes([padding]) * padding)).decode()


def sign(encrypted: str, stamp: int = STAMP) -> dict[str, str]:
    parts = sorted([PUSH_TOKEN, str(stamp), NONCE, encrypted])
    return {
        "timestamp": str(stamp),
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": sha1("".join(parts).encode()).hexdigest(),
    }


def wrap_json(encrypted: str) -> bytes:
    return json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted}).encode()


def push(reader: PushReader, document: Any):
    encrypted = encrypt(json.dumps(document, ensure_ascii=False).encode())
    return reader.read(sign(encrypted), wrap_json(encrypted))


def refusal_of(call, *arguments) -> str:
    with pytest.raises(PushRefused) as caught:
        call(*arguments)
    return caught.value.code


def test_the_platforms_own_vector_verifies_the_endpoint(reader):
    assert reader.verify_endpoint(VECTOR) == "4375120948345356249"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"signature": "f464b24fc39322e44b38aa78f5edd27bd1441697"}, "signature"),
        ({"signature": ""}, "signature"),
        ({"signature": "签"}, "query"),
        ({"nonce": "1514711493"}, "signature"),
        ({"timestamp": "1714036505"}, "signature"),
        ({"timestamp": ""}, "timestamp"),
        ({"timestamp": "now"}, "timestamp"),
        ({"timestamp": "-714036504"}, "timestamp"),
        ({"timestamp": "1714036504000"}, "timestamp"),
    ],
)
def test_an_endpoint_verification_that_was_altered_is_refused(reader, changed, code):
    assert refusal_of(reader.verify_endpoint, {**VECTOR, **changed}) == code


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_early_or_late_is_in_time(reader, clock, seconds):
    clock.advance(seconds=seconds)
    assert reader.verify_endpoint(VECTOR) == VECTOR["echostr"]


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_early_or_late_is_refused(reader, clock, seconds):
    clock.advance(seconds=seconds)
    encrypted = encrypt(json.dumps(SENT).encode())
    assert refusal_of(reader.verify_endpoint, VECTOR) == "timestamp"
    assert refusal_of(reader.read, sign(encrypted), wrap_json(encrypted)) == "timestamp"


def test_an_encrypted_json_message_is_read(reader):
    message = push(reader, SENT)
    assert message.event == "subscribe_msg_sent_event"
    assert message.content["FromUserName"] == "o-zhang"
    assert message.content["List"] == [SENT["List"]]


def test_an_encrypted_xml_message_is_read_as_its_json_twin(reader):
    entry = "".join(f"<{k}>{v}</{k}>" for k, v in SENT["List"].items())
    head = "".join(f"<{k}>{v}</{k}>" for k, v in SENT.items() if k != "List")
    wrapped = f"<SubscribeMsgSentEvent><List>{entry}</List></SubscribeMsgSentEvent>"
    encrypted = encrypt(f"<xml>{head}{wrapped}</xml>".encode())
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    message = reader.read(sign(encrypted), body.encode())
    assert message.content["List"] == [SENT["List"]]
    assert message.dedupe_key == push(reader, SENT).dedupe_key


def test_a_list_of_several_templates_stays_a_list(reader):
    several = [{"TemplateId": "t1"}, {"TemplateId": "t2"}]
    assert push(reader, {**SENT, "List": several}).content["List"] == several


def test_a_message_that_is_no_event_is_named_by_its_type(reader):
    text = {"FromUserName": "o-1", "CreateTime": 1, "MsgType": "text", "MsgId": 9, "Content": "hi"}
    assert push(reader, text).event == "text"


def test_the_dedupe_key_names_nobody_and_is_the_same_for_a_repeat(reader):
    first, again = push(reader, SENT), push(reader, dict(SENT))
    assert first.dedupe_key == again.dedupe_key
    assert len(first.dedupe_key) == 64
    assert "zhang" not in first.dedupe_key


@pytest.mark.parametrize(
    "changed",
    [
        {"FromUserName": "o-li"},
        {"CreateTime": STAMP + 1},
        {"Event": "wxa_media_check"},
        {"trace_id": "t"},
        {"MsgID": 5},
        {"WayBillId": "1"},
        {"Version": 2},
        {"MsgId": 6},
        {"List": {"TemplateId": "t1", "MsgID": "78"}},
    ],
)
def test_messages_that_differ_have_different_dedupe_keys(reader, changed):
    assert push(reader, SENT).dedupe_key != push(reader, {**SENT, **changed}).dedupe_key


def test_a_message_with_an_id_is_told_by_it_alone(reader):
    numbered = {**SENT, "MsgId": 6}
    assert push(reader, numbered).dedupe_key == push(reader, {**numbered, "x": 1}).dedupe_key


def test_a_plain_message_is_refused_even_if_it_is_signed(reader):
    plain = json.dumps(SENT).encode()
    assert refusal_of(reader.read, VECTOR, plain) == "not_encrypted"
    assert refusal_of(reader.read, sign(encrypt(plain)), plain) == "not_encrypted"


def test_the_plain_signature_does_not_stand_in_for_the_messages(reader):
    encrypted = encrypt(json.dumps(SENT).encode())
    query = {**VECTOR, "encrypt_type": "aes", "msg_signature": VECTOR["signature"]}
    assert refusal_of(reader.read, query, wrap_json(encrypted)) == "signature"


def test_a_message_to_another_appid_is_refused(reader):
    encrypted = encrypt(json.dumps(SENT).encode(), appid="wx-another")
    assert refusal_of(reader.read, sign(encrypted), wrap_json(encrypted)) == "foreign_appid"


def test_a_body_over_64_kib_is_refused(reader):
    encrypted = encrypt(json.dumps({**SENT, "pad": "x" * 65536}).encode())
    assert refusal_of(reader.read, sign(encrypted), wrap_json(encrypted)) == "too_large"


@pytest.mark.parametrize(
    "message",
    [b"", b"[]", b"null", b"{}", b"<xml/>", b"<html></html>", b'{"MsgType":"event"}'],
)
def test_what_is_signed_but_makes_no_sense_is_refused(reader, message):
    encrypted = encrypt(message)
    code = refusal_of(reader.read, sign(encrypted), wrap_json(encrypted))
    assert code == "unintelligible"


@pytest.mark.parametrize(
    "encrypted",
    ["AAAA", "!", "A" * 22, encrypt(b"{}")[:-4], b64encode(bytes(32)).decode(), encrypt(b"\xff")],
)
def test_what_is_signed_but_cannot_be_deciphered_is_refused(reader, encrypted):
    code = refusal_of(reader.read, sign(encrypted), wrap_json(encrypted))
    assert code == "undecipherable"


def test_entities_in_xml_are_refused(reader):
    body = b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'
    assert refusal_of(reader.read, sign("b"), body) == "unintelligible"


@given(position=st.integers(min_value=0), other=st.characters(min_codepoint=33, max_codepoint=126))
def test_no_altered_ciphertext_is_accepted(position, other):
    reader = make_reader(FrozenClock(datetime.fromtimestamp(STAMP, UTC)))
    encrypted = encrypt(json.dumps(SENT).encode())
    place = position % len(encrypted)
    altered = encrypted[:place] + other + encrypted[place + 1 :]
    if altered != encrypted:
        assert refusal_of(reader.read, sign(encrypted), wrap_json(altered)) == "signature"


@given(
    body=st.binary(max_size=300) | st.text(alphabet='{}[]<>/x"&;!:ml', max_size=60).map(str.encode)
)
def test_no_body_makes_it_fail_otherwise_than_by_refusing(body):
    reader = make_reader(FrozenClock(datetime.fromtimestamp(STAMP, UTC)))
    assert refusal_of(reader.read, sign("x"), body) in {"signature", "unintelligible"}


@pytest.mark.parametrize("aes_key", ["short", "!" * 43, "a" * 44])
def test_a_key_of_the_wrong_form_stops_the_start_without_being_shown(clock, aes_key):
    with pytest.raises(ValueError, match="43 characters of base64") as caught:
        PushReader(token=PUSH_TOKEN, aes_key=aes_key, appid=APPID, clock=clock)
    assert aes_key not in str(caught.value)
