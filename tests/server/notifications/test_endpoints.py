"""What a citizen is told, and what WeChat pushes to us."""

import json
from base64 import b64decode, b64encode
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from models.bookkeeping import InboxRow
from models.kinds import NoticeState
from models.notifications import Notice
from server.kit.relay import Relay
from server.kit.transaction import in_transaction
from server.notifications.events import notify
from tests.support.people import bearer, log_in


async def tell(citizen, ports, key="1"):
    async def write():
        await notify(
            kind="case_issued",
            account_id=citizen.id,
            subject_id="case-1",
            key=key,
            now=ports.now(),
            data={"item": "临时救助", "case_no": "1"},
        )

    await in_transaction(write)


async def test_a_message_is_kept_sent_once_and_shown_to_its_owner_only(http, ports, wechat_sandbox):
    zhang = await log_in(http, wechat_sandbox.url, "zhang")
    other = await log_in(http, wechat_sandbox.url, "other")
    for _ in range(2):
        await tell(zhang, ports)
    relay = Relay(ports, worker_id="test")
    assert await relay.run_once() == 1
    notice = await Notice.get()
    assert (notice.state, notice.refusal) == (NoticeState.SENT, "")
    shown = (await http.get("/citizen/notices", headers=bearer(zhang))).json()["items"]
    assert [one["text"] for one in shown] == ["「临时救助」的结果已出件,可邮寄或到受理点领取"]
    assert (await http.get("/citizen/notices", headers=bearer(other))).json()["items"] == []


async def test_messages_come_page_by_page_newest_first(http, ports, wechat_sandbox):
    zhang = await log_in(http, wechat_sandbox.url, "zhang")
    for number in range(3):
        await tell(zhang, ports, key=str(number))
    first = (await http.get("/citizen/notices?limit=2", headers=bearer(zhang))).json()
    rest = await http.get(
        f"/citizen/notices?limit=2&cursor={first['next_cursor']}", headers=bearer(zhang)
    )
    ids = [one["id"] for one in (*first["items"], *rest.json()["items"])]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert rest.json()["next_cursor"] is None


async def test_wechats_check_of_our_address_is_answered(http, ports):
    signed = sign(ports, "")
    query = {**signed, "signature": signed["msg_signature"], "echostr": "4375120948345356249"}
    answer = await http.get("/callbacks/wechat", params=query)
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")


async def test_a_genuine_push_is_kept_once_however_often_it_comes(http, ports):
    body = seal(ports, {"MsgType": "event", "Event": "subscribe_msg_sent_event", "List": {}})
    query = sign(ports, json.loads(body)["Encrypt"])
    for _ in range(3):
        answer = await http.post("/callbacks/wechat", params=query, content=body)
        assert (answer.status_code, answer.text) == (200, "success")
    assert await InboxRow.filter(source="wechat").count() == 1


async def test_a_push_that_is_not_genuine_is_refused_and_not_kept(http, ports):
    body = seal(ports, {"MsgType": "event", "Event": "subscribe_msg_sent_event", "List": {}})
    query = sign(ports, "something else")
    answer = await http.post("/callbacks/wechat", params=query, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "push_not_genuine")
    assert await InboxRow.filter(source="wechat").count() == 0


def seal(ports, content):
    """Encrypt a message as the platform does in its safe mode."""
    settings = ports.settings
    sent = {"ToUserName": "gh_1", "FromUserName": "o-1", "CreateTime": 1, **content}
    message = json.dumps(sent).encode()
    key = b64decode(settings.wechat_push_aes_key.get_secret_value() + "=")
    framed = b"0123456789abcdef" + len(message).to_bytes(4, "big") + message
    plain = framed + settings.wechat_appid.encode()
    padding = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = encryptor.update(plain + bytes([padding]) * padding)
    return json.dumps({"ToUserName": "gh_1", "Encrypt": b64encode(sealed).decode()}).encode()


def sign(ports, encrypted):
    """Sign as the platform does, at the moment the tests stand at."""
    stamp = str(int(ports.now().timestamp()))
    token = ports.settings.wechat_push_token.get_secret_value()
    parts = sorted(part for part in (token, stamp, "1514711492", encrypted) if part)
    signature = sha1("".join(parts).encode()).hexdigest()
    return {
        "timestamp": stamp,
        "nonce": "1514711492",
        "encrypt_type": "aes",
        "msg_signature": signature,
    }
