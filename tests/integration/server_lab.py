"""The lab of the unit tests with its finance on a server."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

import psycopg2
import pymysql

from connectors.ledger import mysql, postgres
from connectors.ledger.ledger import SqlLedger
from connectors.mysql import dsn
from syncd.migrate import migrate
from syncd.ports import Ledger
from tests.unit.lab import NAME, NOW, SQL, Lab

MARIADB: Final = ((" REFERENCES gl_account", ""), ("key TEXT", "key VARCHAR(700)"), ("TEXT", "VARCHAR(60)"), ('"', "`"))
"""How the lab's tables are spelled there."""


class ServerLab(Lab):
    """`connect` opens the ledger of the arguments that it is given."""

    def __init__(self, connect: Callable[..., Ledger], mapping: str, finance: str) -> None:
        self.connect = connect
        super().__init__(mapping, finance=finance)

    def open_ledger(self, dry_run: bool = False) -> SqlLedger:
        m = self.mapping
        ledger = self.connect(NAME, m.layout, m.tables, m.hash, dry_run)
        assert isinstance(ledger, SqlLedger)
        migrate(ledger, NOW)
        assert ledger.acquire()
        return ledger


def on_postgres(address: str, mapping: str, finance: str = "", more: str = "") -> ServerLab:
    """In an empty database; `more` makes tables beside the lab's."""
    with closing(psycopg2.connect(address)) as db, db, db.cursor() as cursor:
        cursor.execute(SQL + more)
    return ServerLab(partial(postgres.connect, postgres.Settings(address)), mapping, finance)


def on_mariadb(address: str, mapping: str, finance: str = "", more: str = "") -> ServerLab:
    """The same on the other server."""
    address, made = f"{address}?ssl_disabled=true", SQL + more
    for old, new in MARIADB:
        made = made.replace(old, new)
    with closing(pymysql.connect(**dsn.parse(address).arguments(), autocommit=True)) as db, db.cursor() as cursor:
        for statement in filter(str.strip, made.split(";")):
            cursor.execute(statement)
    return ServerLab(partial(mysql.connect, mysql.Settings(address)), mapping, finance)
