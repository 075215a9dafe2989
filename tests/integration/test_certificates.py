"""A wrong certificate, or a server that does not encrypt: it is told at once, and not tried again for ever."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.changelog import source as changelog
from connectors.ledger.mysql import MySql
from connectors.ledger.postgres import Postgres as Ledger
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import server as mysql_server
from connectors.postgres.server import Server
from syncd.errors import Halt
from tests.servers import MariaDb, Postgres


@pytest.mark.parametrize("option", ["sslmode=require", "sslmode=verify-full&sslrootcert=nowhere.pem"])
def test_postgresql_that_cannot_be_trusted_halts(postgres: Postgres, option: str) -> None:
    dsn = f"{postgres.dsn()}?{option}"
    opened: list[tuple[Callable[[], object], str]] = [
        (lambda: Server(dsn, "syncd"), "pg_certificate"),
        (lambda: changelog.holdings(changelog.Settings("postgres", dsn), {}, "main"), "pg_certificate"),
        (lambda: Ledger(dsn, "main").open(), "finance_certificate"),
    ]
    for connect, code in opened:
        with pytest.raises(Halt) as told:
            connect()
        assert told.value.code == code


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_mysql_that_cannot_be_trusted_halts(mariadb: MariaDb, tmp_path: Path, content: str | None) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    dsn = f"{mariadb.create_database()}?ssl_ca={ca}"
    with pytest.raises(Halt) as told:
        mysql_server.open_connection(dsn)
    assert told.value.code == "mysql_certificate"
    with pytest.raises(Halt) as told:
        MySql(mysql_dsn.parse(dsn).arguments()).open()
    assert told.value.code == "finance_certificate"
