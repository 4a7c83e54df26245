"""The private servers are what production is, and can be broken as production breaks."""

import socket
from contextlib import closing

import pymysql
import pytest

from tests.support.servers import start_mariadb, start_redis


def test_mariadb_is_durable_isolated_and_in_utc():
    with start_mariadb() as server:
        rows = server.execute(
            "SELECT @@tx_isolation, @@time_zone, @@innodb_flush_log_at_trx_commit,"
            " @@collation_server"
        )
    assert rows == [("READ-COMMITTED", "+00:00", 1, "utf8mb4_bin")]


def test_a_database_is_empty_at_first_and_gone_afterwards(mariadb_server):
    with mariadb_server.database("brief"):
        assert mariadb_server.execute("SHOW TABLES", "brief") == []
    assert mariadb_server.execute("SHOW DATABASES LIKE 'brief'") == []


def test_a_killed_mariadb_comes_back_on_its_port_with_what_was_committed():
    with start_mariadb() as server, server.database("kept"):
        server.execute("CREATE TABLE t (n INT)", "kept")
        server.execute("INSERT INTO t VALUES (7)", "kept")
        server.kill()
        with pytest.raises(pymysql.err.OperationalError):
            server.connect()

        server.restart()

        assert server.execute("SELECT n FROM t", "kept") == [(7,)]


def test_a_frozen_server_answers_nothing_until_it_is_thawed():
    with start_redis() as server:
        server.freeze()
        with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
            connection.settimeout(0.2)
            connection.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
            server.thaw()
            connection.settimeout(5)
            assert connection.recv(1) == b"-"


@pytest.mark.parametrize("round_no", [1, 2])
def test_redis_is_empty_at_the_beginning_of_a_test(redis_server, redis_url, round_no):
    assert redis_url == redis_server.url
    assert redis_server.ask("GET kept") == "$-1"
    assert redis_server.ask(f"SET kept {round_no}") == "+OK"
