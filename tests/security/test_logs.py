"""The main job is played on real processes: nobody's data is in a log line or clear in a table."""

from server.bootstrap import build_cipher
from server.identity.demo_accounts import DEMO_PASSWORD, demo_totp_secret
from tests.e2e.demo import ADDRESS
from tests.security.demonstration import start_demonstration

SEALED = {
    "name": ("persons", "name"),
    "identity number": ("persons", "id_number"),
    "phone": ("wechat_accounts", "phone"),
    "openid": ("wechat_accounts", "openid"),
    "session key": ("wechat_accounts", "session_key"),
    "holder of the certificate": ("certificates", "holder_name"),
    "address": ("delivery_addresses", "address"),
    "receiver": ("delivery_addresses", "name"),
}


def test_nobodys_data_is_in_a_log_line_or_clear_in_a_table():
    with start_demonstration(LOG_LEVEL="DEBUG") as running:
        play = running.play()
        secrets = _sealed(running.system) | _known(play)
        tables = _dump(running.system.mariadb)
        logs = {"api": running.api.log.read_text(), "worker": running.worker.log.read_text()}
    assert secrets["address"] == ADDRESS["address"]
    assert secrets["identity number"] == play.citizen.id_number
    assert logs["api"].count('"event":"request"') > 50
    assert len(tables) > 40
    for place, text in (logs | tables).items():
        shown = [name for name, secret in secrets.items() if secret in text]
        assert shown == [], f"{place} shows {shown}"


def _sealed(system):
    """What the columns hold, opened, by a name that a failure may show."""
    cipher = build_cipher(system.settings)
    opened = {}
    for name, (table, column) in SEALED.items():
        ((sealed,),) = system.mariadb.execute(f"SELECT {column} FROM {table}", "tongban")
        opened[name] = cipher.decrypt(sealed)
    return opened


def _known(play):
    return {
        "token of the citizen": play.citizen.api.token,
        "token of the clerk": play.clerk.api.token,
        "token of the handler": play.handler.api.token,
        "one-time code secret": demo_totp_secret(play.handler._login),
        "password": DEMO_PASSWORD,
    }


def _dump(mariadb):
    names = [name for (name,) in mariadb.execute("SHOW TABLES", "tongban")]
    return {name: str(mariadb.execute(f"SELECT * FROM `{name}`", "tongban")) for name in names}
