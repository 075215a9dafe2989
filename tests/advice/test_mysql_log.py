"""The log of a MariaDB EAM stops the daemon: what `status` says of it is done to the letter, `syncd repair` included,
and the books are what the EAM says."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

import pymysql
import pytest

from syncd import wiring
from syncd.change import Position
from syncd.desk import kept
from tests.advice import advice, advised, heard
from tests.advice.mysql_books import BY, Books
from tests.integration.mysql_eam import SCHEMA, MysqlEam
from tests.servers import MariaDb, mariadb_server

Step = Callable[[MariaDb, Books], object]
TRIED_AGAIN = 4
ROWS = "INSERT INTO asset VALUES (1, 'a', 10, NULL), (2, 'b', 20, NULL), (3, 'c', 30, NULL)"


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    """One whose log may be reset and spoilt."""
    with mariadb_server() as server:
        yield server


@pytest.fixture(scope="module")
def books(server: MariaDb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """For all cases: what one leaves is what the next goes on from."""
    with closing(MysqlEam(server.create_database(), f"{SCHEMA};{ROWS}")) as eam:
        books = Books(eam, tmp_path_factory.mktemp("books"))
        books.carried()
        yield books


def sql(*statements: str) -> Step:
    """Statements of a session of its own, which then ends."""

    def done(server: MariaDb, books: Books) -> None:
        with closing(books.eam.session()) as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return done


def write_by_statement(server: MariaDb, books: Books) -> None:
    app = "app@'127.0.0.1'"
    all_of_it = f"GRANT ALL ON {books.eam.name}.* TO {app}"
    books.eam.run(f"CREATE USER {app}", all_of_it, f"GRANT BINLOG ADMIN ON *.* TO {app}")
    by_app(server, books, "SET binlog_format = 'STATEMENT'", "UPDATE asset SET value = 8 WHERE id = 2")


def take_right(server: MariaDb, books: Books) -> None:
    """And the session that had it has ended."""
    books.eam.run("REVOKE BINLOG ADMIN ON *.* FROM app@'127.0.0.1'")
    with pytest.raises(pymysql.OperationalError, match="BINLOG ADMIN"):
        by_app(server, books, "SET binlog_format = 'STATEMENT'")
    by_app(server, books, "UPDATE asset SET value = 9 WHERE id = 2")


def by_app(server: MariaDb, books: Books, *statements: str) -> None:
    """In a session of the EAM's application."""
    address = {"host": "127.0.0.1", "port": server.port, "user": "app", "database": books.eam.name}
    with closing(pymysql.connect(**address, autocommit=True)) as session, session.cursor() as cursor:  # type: ignore[arg-type]
        for statement in statements:
            cursor.execute(statement)


def purge(server: MariaDb, books: Books) -> None:
    sql("UPDATE asset SET value = value + 1", "DELETE FROM asset WHERE id = 3", "FLUSH BINARY LOGS")(server, books)
    books.eam.purge()


def spoil(rest: Callable[[int], bytes]) -> Step:
    """What is committed next stands in a file whose end nobody can read; `rest` makes it, given where it begins."""

    def done(server: MariaDb, books: Books) -> None:
        ((file, offset, *_),) = books.eam.run("SHOW MASTER STATUS")
        books.eam.run("UPDATE asset SET value = value + 1", "FLUSH BINARY LOGS")
        server.end_with(str(file), int(str(offset)), rest(int(str(offset))))

    return done


def event(code: int, data: bytes) -> Callable[[int], bytes]:
    """An event of a type, as it stands in a file."""

    def made(offset: int) -> bytes:
        size = 19 + len(data) + 4
        head = struct.pack("<IBIIIH", 1, code, 1, size, offset + size, 0)
        return head + data + zlib.crc32(head + data).to_bytes(4, "little")

    return made


def garbled(offset: int) -> bytes:
    whole = event(2, bytes(30))(offset)
    return whole[:-1] + bytes([whole[-1] ^ 0xFF])


def nothing(server: MariaDb, books: Books) -> None:
    """The hint asks for no more than the repair."""


REPAIRED = [
    advised(
        "mysql_made_anew",
        sql(
            "CREATE TABLE kept AS SELECT * FROM asset",
            "SET sql_log_bin = 0",
            "DROP TABLE asset",
            "SET sql_log_bin = 1",
            SCHEMA,
        ),
        sql("INSERT INTO asset SELECT * FROM kept WHERE id > 1"),
    ),
    advised(
        "mysql_renamed",
        sql("RENAME TABLE asset TO device", "UPDATE device SET value = value + 1", "RENAME TABLE device TO asset"),
        nothing,
    ),
    advised("mysql_unread", sql("REPAIR TABLE asset", "UPDATE asset SET value = value + 1"), nothing),
    advised("mysql_statement", write_by_statement, take_right),
    advised("mysql_log_reset", sql("RESET MASTER", "UPDATE asset SET value = 9 WHERE id = 2"), nothing),
    advised("mysql_log_gone", purge, sql("SET GLOBAL binlog_expire_logs_seconds = 864000")),
    advised(
        "mysql_nameless_event",
        sql(
            "SET GLOBAL binlog_row_metadata = 'NO_LOG'",
            "UPDATE asset SET value = 3 WHERE id = 2",
            "SET GLOBAL binlog_row_metadata = 'FULL'",
        ),
        sql("SET GLOBAL binlog_row_metadata = 'FULL'"),
    ),
    advised(
        "mysql_rolled_back",
        sql(
            "CREATE TABLE trail (id INT) ENGINE = MyISAM",
            "BEGIN",
            "UPDATE asset SET value = 11 WHERE id = 2",
            "SAVEPOINT s",
            "UPDATE asset SET value = 12 WHERE id = 2",
            "INSERT INTO trail VALUES (1)",
            "ROLLBACK TO s",
            "COMMIT",
        ),
        nothing,
    ),
    advised(
        "mysql_xa",
        sql("XA START 'x'", "UPDATE asset SET value = 13 WHERE id = 2", "XA END 'x'", "XA PREPARE 'x'"),
        sql("XA COMMIT 'x'"),
    ),
    advised("mysql_garbled", spoil(garbled), nothing),
    advised("mysql_log_error", spoil(lambda offset: bytes(40)), nothing),
    advised("mysql_unreadable_event", spoil(event(26, b"\1\0\0")), nothing),
    advised("mysql_compressed_event", spoil(event(40, b"\2\1\5\0xx")), nothing),
]


@pytest.mark.parametrize(("code", "lose", "mend"), REPAIRED)
def test_what_stops_the_reader_is_repaired_as_it_says(
    server: MariaDb, books: Books, code: str, lose: Step, mend: Step
) -> None:
    """Invariants 1, 2, 14 and 15."""
    books.eam.run("INSERT INTO asset (id, value) SELECT max(id) + 1, 5 FROM asset")
    lose(server, books)
    heard(code, books.halted())
    mend(server, books)
    books.syncd("check")
    books.syncd("repair", "--yes", *BY)
    assert books.booked() == books.owned()
    assert code not in books.syncd("status", "--json", expect=1)


@advice("kept_expiring")
def test_a_log_that_waits_for_nobody_is_said_before_it_goes(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariants 1, 14 and 15: while a daemon reads and while none does, until what is needed is in the file that is
    written; and the server gives it time as it was told to."""
    books.carried()
    books.eam.run("SET GLOBAL binlog_expire_logs_seconds = 864000", "FLUSH BINARY LOGS")
    books.eam.run("UPDATE asset SET value = value + 1", "FLUSH BINARY LOGS")
    assert "kept_expiring" not in books.syncd("status", "--json", expect=1), "ten days are left"
    monkeypatch.setattr(kept, "SAFE_SHARE_MIN", 1.1)
    shown = books.syncd("status", expect=1)
    heard("kept_expiring", shown)
    (statement,) = re.findall("SET GLOBAL binlog_expire_logs_seconds = [0-9]+", shown)
    books.eam.run(statement)
    assert books.eam.run("SELECT @@GLOBAL.binlog_expire_logs_seconds") == [(1728000,)]

    with closing(wiring.pipeline(books.config, "books").open_ledger()) as ledger:
        ((position,),) = ledger.query("SELECT position FROM syncd.pipeline")
    wired = wiring.pipeline(books.config, "books").spec()
    with closing(wired.open_source()) as source:
        source.start(Position(str(position)))
        (finding,) = kept.warnings(kept.of_note(source.lag().note))
        assert (finding.level, finding.params["left_h"]) == ("warning", "480.0")
    books.carried()
    assert "kept_expiring" not in books.syncd("status", "--json", expect=1)


@advice("mysql_xa_undecided")
def test_nobody_begins_while_a_transaction_is_undecided(server: MariaDb, books: Books) -> None:
    """Invariant 1: it stands in the log before the snapshot, and is not in the snapshot."""
    xa = ("XA START 'y'", "UPDATE asset SET value = 14 WHERE id = 2", "XA END 'y'", "XA PREPARE 'y'")
    sql(*xa)(server, books)
    heard("mysql_xa", books.halted())
    heard("mysql_xa_undecided", books.syncd("repair", "--yes", *BY, expect=TRIED_AGAIN))
    sql("XA ROLLBACK 'y'")(server, books)
    books.syncd("repair", "--yes", *BY)
    books.carried()
