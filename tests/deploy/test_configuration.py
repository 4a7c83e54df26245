"""What operators copy is accepted by the programs it is for."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pymysql
import pytest

from tests.support.servers import DURABLE, SYSTEM_PATH, start_mariadb

DEPLOY = Path(__file__).parents[2] / "deploy"
TABLES = (
    "CREATE TABLE slots (id INT PRIMARY KEY, taken INT)",
    "CREATE TABLE transitions (id INT PRIMARY KEY, reason TEXT)",
    "CREATE TABLE audit_entries (id INT PRIMARY KEY, actor TEXT, seal TEXT)",
)
ALLOWED = (
    "INSERT INTO slots VALUES (1, 0)",
    "UPDATE slots SET taken = 1",
    "DELETE FROM slots",
    "INSERT INTO transitions VALUES (1, '')",
    "INSERT INTO audit_entries VALUES (1, 'clerk', '')",
    "SELECT id FROM audit_entries ORDER BY id LIMIT 1 FOR UPDATE",
    "UPDATE audit_entries SET seal = 'x' WHERE id = 1",
)
REFUSED = (
    "UPDATE transitions SET reason = 'other'",
    "DELETE FROM transitions",
    "UPDATE audit_entries SET actor = 'nobody'",
    "DELETE FROM audit_entries",
    "TRUNCATE audit_entries",
    "DROP TABLE slots",
    "CREATE TABLE more (id INT)",
)


@pytest.fixture(scope="module")
def app_connection():
    with start_mariadb() as server, server.database("tongban"):
        for table in TABLES:
            server.execute(table, "tongban")
        for account in ("owner", "app", "backup"):
            server.execute(f"CREATE USER tongban_{account}@'%' IDENTIFIED BY 'secret'")
        run_script(server.port, DEPLOY / "grants.sql")
        with pymysql.connect(
            host="127.0.0.1",
            port=server.port,
            user="tongban_app",
            password="secret",
            database="tongban",
            autocommit=True,
        ) as connection:
            yield connection


def test_the_application_may_do_its_work_and_seal_the_trail(app_connection):
    for statement in ALLOWED:
        assert app_connection.cursor().execute(statement) == 1, statement


@pytest.mark.parametrize("statement", REFUSED)
def test_the_application_may_not_rewrite_history_or_tables(app_connection, statement):
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        app_connection.cursor().execute(statement)


def test_mariadb_accepts_its_configuration():
    program = shutil.which("mariadbd", path=SYSTEM_PATH)
    known = subprocess.run(
        [program, f"--defaults-file={DEPLOY / 'my.cnf'}", "--help", "--verbose"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "unknown" not in known.stderr


def test_tests_and_production_share_what_correctness_rests_on():
    configuration = ConfigParser(allow_no_value=True)
    configuration.read(DEPLOY / "my.cnf")
    written = {f"--{name}={value}" for name, value in configuration["mariadbd"].items() if value}
    sizes = ("--max-connections", "--innodb-buffer-pool-size", "--skip-name-resolve")

    assert {option for option in DURABLE if not option.startswith(sizes)} <= written


def run_script(port, script):
    program = shutil.which("mariadb", path=SYSTEM_PATH)
    server = [f"--port={port}", "--host=127.0.0.1", "--protocol=tcp", "--user=root"]
    with script.open("rb") as text:
        subprocess.run(
            [program, "--no-defaults", *server, "tongban"], stdin=text, check=True, timeout=30
        )
