"""`python -m tests.golden.binlog.record`: what a real server logs of inserts.sql and changes.sql, event by event
(`.hex`), and how it prints what it then holds (`.json`): table → rows in the order of their key."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pymysql
from pymysql import converters

from connectors.binlog import events as binlog
from connectors.binlog.stream import Events, charsets
from connectors.mysql import dsn as mysql_dsn
from tests.servers import mariadb_server

HERE: Final = Path(__file__).parent
TABLES: Final = ("every", "amount", "moment", "words", "wide")
RECORDED_KINDS: Final = ("table", "insert", "update", "delete")


def main() -> None:
    with mariadb_server() as server:
        dsn = mysql_dsn.parse(server.create_database())
        connection = pymysql.connect(**dsn.arguments(), charset="utf8mb4", autocommit=True)
        cursor = connection.cursor()
        cursor.execute("SET time_zone = '+00:00'")
        for statement in statements("tables.sql", ";\n"):
            cursor.execute(statement)
        cursor.execute("FLUSH BINARY LOGS")
        cursor.execute("SHOW MASTER STATUS")
        file = (cursor.fetchone() or ("",))[0]
        for statement in statements("inserts.sql", "\n\n"):
            cursor.execute(statement)
        printed = {table: _printed(dsn.arguments(), table) for table in TABLES}
        for statement in statements("changes.sql", "\n\n"):
            cursor.execute(statement)
        cursor.execute("DROP DATABASE " + dsn.database)  # the last event, and not of rows
        recorded = HERE / "mariadb1011.hex"
        with recorded.open("w") as lines:
            events = Events(dsn.arguments() | {"database": "mysql"}, 900, mariadb=True, file=file)
            while (event := events.read(5.0)) is not None and not _is_last(event):
                if event.kind in RECORDED_KINDS:
                    print(event.kind, event.data.hex(), file=lines)
            events.close()
        (HERE / "mariadb1011.json").write_text(
            json.dumps({"charsets": charsets(connection), "printed": printed}, ensure_ascii=False) + "\n", "utf-8"
        )
        connection.close()


def statements(name: str, between: str) -> list[str]:
    """The statements of a file, without its comments."""
    lines = (HERE / name).read_text("utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("--"))
    return [statement.strip() for statement in text.split(between) if statement.strip()]


def _is_last(event: binlog.Event) -> bool:
    return event.kind == "query" and binlog.query(event).sql.startswith("DROP DATABASE")


def _printed(arguments: dict[str, Any], table: str) -> list[list[str | None]]:
    """All columns as the server prints them, a BIT as a number; bytes that are no UTF-8 as `\\xff`."""
    raw = {"charset": "utf8mb4", "conv": converters.encoders, "use_unicode": False}
    with closing(pymysql.connect(**arguments, **raw)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"SHOW COLUMNS FROM {table}")
        columns = [name + b" + 0" * kind.startswith(b"bit") for name, kind, *_ in cursor.fetchall()]
        cursor.execute(b"SELECT " + b", ".join(columns) + f" FROM {table} ORDER BY id".encode())
        return [[_shown(value) for value in row] for row in cursor.fetchall()]


def _shown(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")


if __name__ == "__main__":
    main()
