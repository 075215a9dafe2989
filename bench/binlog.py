"""How fast rows are read from a MariaDB server's log, beside the library that connects for us: both read the same log,
one after the other, and only the processor time of this process counts."""

import time
from datetime import date, timedelta
from typing import Any, Final

import pymysql
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from bench.result import Result
from connectors.binlog.rows import RowReader, compile_rows
from connectors.binlog.stream import Events, charsets
from connectors.binlog.table import table_map
from connectors.mysql import dsn as mysql_dsn
from syncd.change import Column, Kind, Table
from tests.servers import mariadb_server

ROWS_PER_TRANSACTION: Final = 100
_TABLE_SQL: Final = """
    CREATE TABLE asset (
        id BIGINT PRIMARY KEY, asset_code VARCHAR(40) NOT NULL, name VARCHAR(200) NOT NULL, spec VARCHAR(200),
        class_code VARCHAR(20) NOT NULL, department_id INT NOT NULL, location VARCHAR(200), keeper VARCHAR(50),
        supplier VARCHAR(200), status VARCHAR(20) NOT NULL, original_value DECIMAL(18, 2) NOT NULL,
        accumulated DECIMAL(18, 2), salvage_rate DECIMAL(8, 4), life_months INT NOT NULL, purchase_date DATE NOT NULL,
        approved_on DATE, approved_by VARCHAR(50), contract_no VARCHAR(50), invoice_no VARCHAR(50), remark TEXT,
        is_deleted TINYINT(1) NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME(3), version INT UNSIGNED
    ) CHARACTER SET utf8mb4
"""
_DECLARED: Final = {
    "id": Kind.INTEGER, "asset_code": Kind.TEXT, "name": Kind.TEXT, "class_code": Kind.TEXT,
    "department_id": Kind.INTEGER, "status": Kind.TEXT, "original_value": Kind.DECIMAL, "life_months": Kind.INTEGER,
    "purchase_date": Kind.DATE, "approved_on": Kind.DATE, "updated_at": Kind.TIMESTAMP,
}  # fmt: skip


_WHOLE: Final = _DECLARED | {
    "spec": Kind.TEXT, "location": Kind.TEXT, "keeper": Kind.TEXT, "supplier": Kind.TEXT, "accumulated": Kind.DECIMAL,
    "salvage_rate": Kind.DECIMAL, "approved_by": Kind.TEXT, "contract_no": Kind.TEXT, "invoice_no": Kind.TEXT,
    "remark": Kind.TEXT, "is_deleted": Kind.BOOLEAN, "created_at": Kind.TIMESTAMP, "version": Kind.INTEGER,
}  # fmt: skip


def measure(rows: int) -> list[Result]:
    """Rows a second of processor time, ours and the library's, for `rows` inserts and updates of an asset table."""
    with mariadb_server() as server:
        dsn = mysql_dsn.parse(server.create_database())
        connection = pymysql.connect(**dsn.arguments(), autocommit=False)
        with connection.cursor() as cursor:
            cursor.execute(_TABLE_SQL)
            cursor.execute("SHOW MASTER STATUS")
            file, position, *_ = cursor.fetchone() or ("", 4)
        _fill(connection, rows)
        sets = charsets(connection)
        connection.close()
        ours, whole = (_ours(dsn.arguments(), str(file), int(position), sets, rows, d) for d in (_DECLARED, _WHOLE))
        theirs = _theirs(dsn.arguments(), str(file), int(position), rows)
    name = "rows read from MariaDB's log a second of processor time"
    return [
        Result(f"{name}, {len(_DECLARED)} columns of 24", ours, theirs, "rows/s"),
        Result(f"{name}, all columns", whole, theirs, "rows/s"),
    ]


def _fill(connection: "pymysql.Connection[Any]", rows: int) -> None:
    """Half of the rows of the log are inserts, the other half are their updates."""
    with connection.cursor() as cursor:
        insert = f"INSERT INTO asset VALUES ({', '.join(['%s'] * 24)})"
        for first in range(0, rows // 2, ROWS_PER_TRANSACTION):
            last = min(first + ROWS_PER_TRANSACTION, rows // 2)
            cursor.executemany(insert, [_row(n) for n in range(first, last)])
            cursor.execute(
                "UPDATE asset SET status = 'in_use', version = version + 1 WHERE id BETWEEN %s AND %s",
                (first, last - 1),
            )
            connection.commit()


def _row(n: int) -> tuple[object, ...]:
    day = date(2026, 1, 1) + timedelta(n % 300)
    return (
        n, f"FA-SC-{n:07}", f"数控车床 {n}", "CK6150 / 1000" if n % 3 else None, "SC", n % 20, "二号车间 B3", "张工",
        "沈阳机床" if n % 2 else None, "draft", 10000 + n % 90000 + 0.25, 0 if n % 2 else None, 0.05, 120, day, day,
        "李", f"HT-{n}", None, "随机附件齐全" if n % 5 == 0 else None, 0, f"{day} 08:30:00", f"{day} 08:30:00.125", 1,
    )  # fmt: skip


def _ours(
    arguments: dict[str, Any], file: str, position: int, sets: dict[int, str], rows: int, declared: dict[str, Kind]
) -> float:
    table = Table("asset", "asset", tuple(Column(name, kind) for name, kind in declared.items()), (0,))
    readers: dict[bytes, RowReader] = {}
    started, read = time.process_time(), 0
    events = Events(arguments, 901, mariadb=True, file=file, position=position)
    while read < rows:
        event = events.read(10.0)
        assert event is not None, f"{read} of {rows} rows were read"
        if event.kind == "table":
            wire = table_map(event.data, mariadb=True)
            if wire.id not in readers:
                readers[wire.id] = compile_rows(wire, table, sets)
        elif event.kind in ("insert", "update", "delete"):
            read += len(getattr(readers[event.data[:6]], event.kind)(event.data))
    elapsed = time.process_time() - started
    events.close()
    return rows / elapsed


def _theirs(arguments: dict[str, Any], file: str, position: int, rows: int) -> float:
    started, read = time.process_time(), 0
    stream = BinLogStreamReader(
        arguments,
        902,
        log_file=file,
        log_pos=position,
        resume_stream=True,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
        enable_logging=False,
    )
    for event in stream:
        read += len(event.rows)
    elapsed = time.process_time() - started
    stream.close()
    assert read == rows, f"{read} of {rows} rows were read"
    return rows / elapsed
