"""An EAM in MariaDB that is read through its change table, and the people who write to it."""

import subprocess
from contextlib import closing
from typing import Any

import pymysql

from connectors.changelog import source as changelog
from connectors.mysql import dsn as mysql_dsn
from syncd.change import Column, Kind, Table
from syncd.ports import Source

ASSET = Table(
    "asset",
    "asset",
    (Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("value", Kind.DECIMAL, "money")),
    (0,),
)
CREATE = "CREATE TABLE asset (id INT PRIMARY KEY, name VARCHAR(50), value DECIMAL(18, 2), remark TEXT)"
WAIT_S = 120.0
PASSED_BY = "changelog_truncate"


class Session:
    """A person's connection."""

    def __init__(self, dsn: str, autocommit: bool = False) -> None:
        self.db = pymysql.connect(**mysql_dsn.parse(dsn).arguments(), charset="utf8mb4", autocommit=autocommit)

    def run(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with self.db.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def put(self, number: int) -> None:
        self.run("INSERT INTO asset (id) VALUES (%s)", number)


class Eam:
    """A database with one table; each session is a connection of its own."""

    def __init__(self, dsn: str, create: str = CREATE, table: Table = ASSET) -> None:
        self.dsn = dsn
        self.name = dsn.rpartition("/")[2]
        self.tables = {table.alias: table}
        self.settings = changelog.Settings("mysql", dsn, prune_rows_max=0)
        self._sessions: list[Session] = []
        self.run = self.session(autocommit=True).run
        self.run(create)

    def session(self, autocommit: bool = False) -> Session:
        self._sessions.append(Session(self.dsn, autocommit))
        return self._sessions[-1]

    def install(self) -> "Eam":
        changelog.install(self.settings, self.tables)
        return self

    def source(self, dsn: str = "") -> Source:
        settings = changelog.Settings("mysql", dsn or self.dsn, prune_rows_max=0)
        return changelog.connect(settings, self.tables, "main")

    def started(self) -> Source:
        """A source past its snapshot."""
        source = self.source()
        source.start(None)
        while (said := source.read(WAIT_S)) is not None and said.changes:
            pass
        return source

    def findings(self) -> list[str]:
        """Without that on TRUNCATE, which is always there."""
        with closing(self.source()) as source:
            return [finding.code for finding in source.check() if finding.code != PASSED_BY]

    def client(self, script: str) -> None:
        """What a DBA does with a script: the server's own client reads it."""
        address = mysql_dsn.parse(self.dsn)
        subprocess.run(
            [
                "mariadb",
                "--no-defaults",
                f"--host={address.host}",
                f"--port={address.port}",
                f"--user={address.user}",
                f"--password={address.password}",
            ],
            input=script,
            text=True,
            check=True,
        )

    def close(self) -> None:
        for session in self._sessions:
            session.db.close()
