"""What a real MariaDB server does to a ledger: errors and their kinds, lost connections, sameness, storage, rights."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

import pymysql
import pytest

from connectors.ledger import mysql as ledger_mysql
from connectors.mysql import dsn as mysql_dsn
from syncd import migrate
from syncd.change import Malformed
from syncd.errors import Fault, Halt, Transient
from syncd.ports import Ledger
from syncd.posting import CardWrite, Outcome, Posting
from syncd.statements import script
from tests.advice import advice
from tests.conformance.finance import (
    COMMITTED,
    TABLES,
    Finance,
    SmallLayout,
    asset,
    batch,
    in_mysql,
    posted,
    rejected,
    voucher,
    wait_for,
    write,
)
from tests.servers import MariaDb, mariadb_server


@pytest.fixture
def dsn(new_mariadb: Callable[[], str]) -> str:
    return new_mariadb()


@pytest.fixture
def finance(dsn: str) -> Finance:
    return in_mysql(dsn)


@pytest.fixture
def ledger(finance: Finance) -> Iterator[Ledger]:
    with closing(finance.open()) as opened:
        yield opened


def opened_at(dsn: str) -> Ledger:
    """A ledger on a database as it is."""
    return ledger_mysql.connect(ledger_mysql.Settings(dsn), "main", SmallLayout(), TABLES, "m1")


# Kinds of error


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (1114, Transient, "finance_disk_full"),
        (1021, Transient, "finance_disk_full"),
        (1205, Transient, "finance_busy"),
        (1836, Transient, "finance_read_only"),
        (3101, Transient, "finance_busy"),
        (3169, Transient, "finance_gone"),
        (4031, Transient, "finance_gone"),
    ],
)
def test_what_the_server_says_decides_what_is_done(
    finance: Finance, ledger: Ledger, number: int, kind: type[Fault], code: str
) -> None:
    """Disk full and the like are tried again. Invariant 2."""
    finance.run(
        "CREATE TRIGGER fail BEFORE INSERT ON fin.voucher FOR EACH ROW"
        f" SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'as if'"
    )
    with pytest.raises(kind) as raised:
        write(ledger, batch(posted(asset(1))))
    assert raised.value.code == code
    finance.run("DROP TRIGGER fail")
    wait_for(ledger.acquire)
    assert write(ledger, batch(posted(asset(1))))[0].postings
    assert finance.run("SELECT count(*) FROM fin.voucher") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        (["ALTER TABLE fin.card MODIFY name VARCHAR(1)"], "row_too_long", "name"),
        (["ALTER TABLE fin.voucher MODIFY summary VARCHAR(4) NOT NULL"], "row_too_long", "summary"),
        (["ALTER TABLE fin.entry MODIFY debit DECIMAL(4, 2) NOT NULL"], "row_out_of_range", "debit"),
        (["ALTER TABLE fin.voucher ADD maker VARCHAR(9) NOT NULL"], "row_null", "maker"),
        (["ALTER TABLE fin.card ADD maker VARCHAR(9) NOT NULL"], "row_null", "maker"),
        (["ALTER TABLE fin.card MODIFY name INTEGER"], "row_value", "name"),
        (["ALTER TABLE fin.card MODIFY original_value DECIMAL(18, 1)"], "row_value", "original_value"),
        (["ALTER TABLE fin.entry MODIFY debit DECIMAL(18, 1) NOT NULL"], "row_value", "debit"),
        (["ALTER TABLE fin.card MODIFY name VARCHAR(20) CHARACTER SET latin1"], "row_value", "name"),
        (
            ["ALTER TABLE fin.card ADD UNIQUE (name)", "INSERT INTO fin.card VALUES ('other', '机床', 1)"],
            *("row_duplicate", ""),
        ),
        (
            [
                "CREATE TABLE fin.line (id INTEGER PRIMARY KEY)",
                "ALTER TABLE fin.entry ADD FOREIGN KEY (line) REFERENCES fin.line (id)",
            ],
            *("row_no_parent", ""),
        ),
        (
            [
                "CREATE TRIGGER no BEFORE INSERT ON fin.entry FOR EACH ROW"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed'"
            ],
            *("row_trigger", ""),
        ),
    ],
)
def test_a_refused_row_is_parked_and_says_where(
    finance: Finance, ledger: Ledger, changes: list[str], code: str, column: str
) -> None:
    """Nothing is cut, rounded into range or left out. Invariants 5 and 7, also for a second unique key, which an
    upsert must not take for its own."""
    for change in changes:
        finance.run(change)
    (outcome,) = write(ledger, batch(posted(asset(1, "100.15"), name="机床")))
    assert outcome.rejection is not None
    assert outcome.rejection.code == code
    assert outcome.rejection.params["table"].startswith("fin.")
    assert outcome.rejection.params["column"] == column
    assert ledger.checkpoint() == "00000001"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DROP TABLE fin.entry", "finance_no_table"),
        ("ALTER TABLE fin.entry DROP COLUMN debit", "finance_no_column"),
        ("ALTER TABLE fin.entry ENGINE = Aria", "ledger_no_rollback"),
        ("ALTER TABLE fin.card DROP PRIMARY KEY", "finance_no_key"),
    ],
)
def test_a_finance_that_is_not_as_described_stops_the_pipeline(
    finance: Finance, ledger: Ledger, change: str, code: str
) -> None:
    """Nothing is parked for what no row is to blame for."""
    write(ledger, batch(rejected(asset(9))))
    finance.run(change)
    with pytest.raises(Halt) as raised:
        write(ledger, batch(posted(asset(1))))
    assert raised.value.code == code
    assert ledger.query("SELECT count(*) FROM syncd.parked") == [(1,)]


# Sameness


def renamed(number: int, code: str, name: str) -> Outcome:
    """Another name for a card."""
    card = CardWrite(code, "change", {"name": name})
    change = asset(number, code=code)
    return Outcome(change, code, (Posting(f"rename/{number}", "rename", code, change, (card,), None),))


def test_a_card_is_never_taken_for_one_whose_code_a_collation_calls_the_same(finance: Finance, ledger: Ledger) -> None:
    """Invariant 7: `fa-1` and `FA-1 ` are not `FA-1`, whatever finance's collation thinks of case and spaces."""
    write(ledger, batch(posted(asset(1))))
    outcomes = write(ledger, batch(posted(asset(2, code="fa-1")), posted(asset(3, code="FA-1 "))))
    assert [o.rejection.code for o in outcomes if o.rejection] == ["row_duplicate", "row_duplicate"]
    write(ledger, batch(renamed(4, "Fa-1", "other"), renamed(5, "FA-1  ", "another")))
    assert finance.run("SELECT asset_code, name FROM fin.card") == [("FA-1", "lathe")]


def test_keys_differ_by_case_by_spaces_and_by_accents(finance: Finance, ledger: Ledger) -> None:
    """Invariant 2: syncd's own tables tell apart whatever is not the same byte by byte."""
    codes = ["a", "A", "a ", "á", "𠮷", "吉"]
    outcomes = write(ledger, batch(*[posted(asset(n, code=f"{n}"), key=key) for n, key in enumerate(codes, 1)]))
    assert all(o.postings for o in outcomes)
    with ledger.begin() as book:
        assert {key: p.key for key, p in book.posted(codes).items()} == {key: key for key in codes}
        assert not book.posted(["À", " a"])


def test_values_arrive_as_they_are(finance: Finance, ledger: Ledger) -> None:
    """Invariant 7: sixteen digits of money, characters of four bytes, quotes, backslashes and line ends."""
    name = "𠮷'\\n\"%s?\n"
    write(ledger, batch(posted(asset(1, "9999999999999999.99"), name=name)))
    assert finance.run("SELECT name, original_value FROM fin.card") == [(name, Decimal("9999999999999999.99"))]
    assert finance.run("SELECT sum(debit), sum(credit) FROM fin.entry") == [(Decimal("9999999999999999.99"),) * 2]
    with ledger.begin() as book:
        assert book.cards(["FA-1"]) == {"FA-1": {"name": name, "original_value": Decimal("9999999999999999.99")}}


def test_a_batch_larger_than_the_servers_packets_is_sent_in_several(
    mariadb: MariaDb, finance: Finance, ledger: Ledger
) -> None:
    """And a row that is larger than one is refused before the server would hang up. Invariant 5."""
    finance.run("ALTER TABLE fin.voucher MODIFY summary LONGTEXT NOT NULL")
    ((usual,),) = mariadb.run("SELECT @@global.max_allowed_packet")
    mariadb.run("SET GLOBAL max_allowed_packet = 65536")
    try:
        made = [posted(asset(n), made=voucher(summary="x" * 20_000)) for n in range(1, 9)]
        large = posted(asset(9), made=voucher(summary="x" * 70_000))
        *fine, refused = write(ledger, batch(*made, large))
    finally:
        mariadb.run(f"SET GLOBAL max_allowed_packet = {usual}")
    assert all(outcome.postings for outcome in fine)
    assert refused.rejection is not None
    assert refused.rejection.code == "row_too_long"


def test_a_source_row_larger_than_the_servers_packets_stops_nobody(
    mariadb: MariaDb, finance: Finance, ledger: Ledger
) -> None:
    """Invariant 5: neither its image, nor the row as it is parked, nor what is kept of the newest changes."""
    ((usual,),) = mariadb.run("SELECT @@global.max_allowed_packet")
    mariadb.run("SET GLOBAL max_allowed_packet = 65536")
    long = "it's 长 " * 20_000
    try:
        fine = posted(asset(1))
        large = fine._replace(change=asset(2, code=long), subject="FA-2", postings=())
        several = [
            fine._replace(change=asset(n, code="x" * 5_000), subject=f"FA-{n}", postings=()) for n in range(3, 30)
        ]
        refused = rejected(asset(30))._replace(change=asset(30, code=long))
        *_, last = write(ledger, batch(fine, large, *several, refused))
    finally:
        mariadb.run(f"SET GLOBAL max_allowed_packet = {usual}")
    assert last.rejection is not None
    with ledger.begin() as book:
        images = book.mirror("asset", ["1", "2", "3", "30"])
    assert [images[key][1] for key in ("1", "3")] == ["FA-1", "x" * 5_000]
    for key in ("2", "30"):
        assert images[key][1] == Malformed(long[:200], "malformed_too_long")
    ((change,),) = finance.run("SELECT `change` FROM syncd_parked")
    assert "malformed_too_long" in str(change)


# Connections


def sessions(mariadb: MariaDb, dsn: str) -> list[int]:
    """The connections to this database, syncd's and others'."""
    name = dsn.rpartition("/")[2]
    sql = "SELECT id FROM information_schema.processlist WHERE db = %s"
    return [int(str(number)) for (number,) in mariadb.run(sql, name)]


def write_through(ledger: Ledger, loss: Callable[[], object]) -> None:
    """A batch during which the connection is lost."""
    with ledger.begin() as book:
        book.write(batch(posted(asset(2))))
        loss()


def test_a_lost_connection_is_opened_again_with_its_lock(
    mariadb: MariaDb, dsn: str, finance: Finance, ledger: Ledger
) -> None:
    """Invariants 2 and 9: after a loss the lock is taken again, and memory is read anew, before anything is written."""
    write(ledger, batch(posted(asset(1)), rejected(asset(5))))
    with pytest.raises(Transient) as lost:
        write_through(ledger, lambda: [mariadb.run(f"KILL {session}") for session in sessions(mariadb, dsn)])
    assert lost.value.code == "finance_gone"
    with closing(finance.open()) as other:
        wait_for(other.acquire)
        write(other, batch(posted(asset(2)), rejected(asset(6))))
        with pytest.raises(Transient) as standby:
            write(ledger, batch(posted(asset(3))))
        assert standby.value.code == "not_the_writer"
    wait_for(ledger.acquire)
    with ledger.begin() as book:
        assert set(book.holds().heads) == {"FA-5", "FA-6"}
        book.write(batch(posted(asset(3))))
    assert finance.run("SELECT number FROM fin.voucher ORDER BY number") == [(1,), (2,), (3,)]


def test_a_server_killed_in_mid_batch_is_found_again(mariadb: MariaDb, finance: Finance, ledger: Ledger) -> None:
    """Finance is gone for a while. Invariants 1 and 2: what was committed is there, once, and nothing else."""
    write(ledger, batch(posted(asset(1))))
    with pytest.raises(Transient) as lost:
        write_through(ledger, mariadb.kill)
    try:
        assert lost.value.code == "finance_gone"
        with pytest.raises(Transient) as gone:
            write(ledger, batch(posted(asset(2))))
        assert gone.value.code == "finance_gone"
    finally:
        mariadb.start()
    assert ledger.checkpoint() == "00000001"
    write(ledger, batch(posted(asset(2))))
    assert finance.run("SELECT number FROM fin.voucher ORDER BY number") == [(1,), (2,)]


def test_the_same_pipeline_of_another_database_is_another_pipeline(
    new_mariadb: Callable[[], str], ledger: Ledger
) -> None:
    """Invariant 9: named locks are the server's, the one writer is the database's."""
    assert ledger.acquire()
    with closing(in_mysql(new_mariadb()).open()) as elsewhere:
        assert elsewhere.acquire()


def test_a_server_that_folds_names_and_insists_on_keys() -> None:
    """Invariant 9: however its name is spelt, a database has one writer. And rows are merged as everywhere."""
    with mariadb_server(lower_case_table_names="1", innodb_force_primary_key="ON") as server:
        dsn = server.create_database()
        with closing(in_mysql(dsn).open()) as ledger, closing(opened_at(dsn.replace("test", "Test"))) as other:
            assert write(ledger, batch(posted(asset(1))))[0].rejection is None
            assert not other.acquire()


@pytest.mark.parametrize(
    ("dsn_of", "kind", "code"),
    [
        (lambda server: server.dsn("nowhere"), Halt, "finance_no_database"),
        (lambda server: server.dsn(password="wrong"), Halt, "finance_login"),
        (lambda server: "mysql://syncd:x@127.0.0.1:1/x", Transient, "finance_gone"),
        (lambda server: "mysql:/", Halt, "mysql_dsn"),
    ],
)
def test_why_there_is_no_connection(
    mariadb: MariaDb, dsn_of: Callable[[MariaDb], str], kind: type[Fault], code: str
) -> None:
    """Wrong settings stop the pipeline, a server that does not answer is waited for."""
    with pytest.raises(kind) as raised, closing(opened_at(dsn_of(mariadb))) as ledger:
        ledger.acquire()
    assert raised.value.code == code


# Others who work in finance at the same time


@advice("finance_busy")
def test_a_deadlock_costs_one_attempt(mariadb: MariaDb, dsn: str, finance: Finance, ledger: Ledger) -> None:
    """Invariant 2: the server undoes the batch, and the whole of it is tried again."""
    write(ledger, batch(posted(asset(1)), posted(asset(2))))
    finance.run("CREATE TABLE fin.busy (n INTEGER PRIMARY KEY)")
    failed: list[Fault] = []

    def rename() -> None:
        try:
            write(ledger, batch(renamed(3, "FA-1", "ours"), renamed(4, "FA-2", "ours")))
        except Fault as fault:
            failed.append(fault)

    with closing(pymysql.connect(**mysql_dsn.parse(dsn).arguments())) as person, person.cursor() as cursor:
        # The server gives up the transaction that changed less.
        cursor.execute(f"INSERT INTO fin_busy VALUES {', '.join(f'({n})' for n in range(500))}")
        cursor.execute("UPDATE fin_card SET name = 'theirs' WHERE asset_code = 'FA-2'")
        writing = threading.Thread(target=rename)
        writing.start()
        wait_for(lambda: mariadb.run("SHOW STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1] != "0")
        cursor.execute("UPDATE fin_card SET name = 'theirs' WHERE asset_code = 'FA-1'")
        person.commit()
        writing.join()
    assert [(type(fault), fault.code) for fault in failed] == [(Transient, "finance_busy")]
    assert finance.run("SELECT name FROM fin.card") == [("theirs",), ("theirs",)]
    wait_for(ledger.acquire)
    rename()
    assert finance.run("SELECT name FROM fin.card") == [("ours",), ("ours",)]
    assert finance.run("SELECT seq FROM syncd.posting ORDER BY seq") == [(1,), (2,), (3,), (4,)]


def test_a_deadlock_in_a_dry_run_leaves_nothing_behind(dsn: str, finance: Finance) -> None:
    """Invariant 10: the transaction that the server ended took the savepoint along, and nothing goes on outside it."""
    finance.run(
        "CREATE TRIGGER fail BEFORE INSERT ON fin.entry FOR EACH ROW"
        " SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'as if'"
    )
    with closing(finance.open(dry_run=True)) as dry:
        with pytest.raises(Transient):
            write(dry, batch(posted(asset(1))))
        finance.run("DROP TRIGGER fail")
        wait_for(dry.acquire)
        assert write(dry, batch(posted(asset(1))))[0].postings
    assert finance.run("SELECT count(*) FROM fin.voucher") == [(0,)]
    assert finance.run("SELECT count(*) FROM syncd.posting") == [(0,)]


def test_a_migration_that_was_interrupted_goes_on(dsn: str) -> None:
    """Every definition commits by itself here: what an interrupted run has made is passed over by the next."""
    (first, *rest) = (each for each in migrate.migrations() if each.name not in migrate.TAKEN_BACK)
    with closing(opened_at(dsn)) as ledger:
        with ledger.desk() as desk:
            desk.define(script(first.text)[:7])
        assert migrate.pending(ledger)
        assert migrate.migrate(ledger, COMMITTED) == [each.name for each in (first, *rest)]
        assert migrate.migrate(ledger, COMMITTED) == []


# Storage, rights and widths


@advice("ledger_no_rollback", "ledger_charset")
@pytest.mark.parametrize(
    ("change", "level", "code"),
    [
        ("ALTER TABLE fin.entry ENGINE = MyISAM", "error", "ledger_no_rollback"),
        ("ALTER TABLE fin.card CONVERT TO CHARACTER SET latin1", "warning", "ledger_charset"),
        ("ALTER TABLE fin.card MODIFY original_value FLOAT NOT NULL", "error", "ledger_column_inexact"),
        ("ALTER TABLE fin.card MODIFY original_value DECIMAL(10, 2)", "warning", "ledger_column_narrow"),
        ("ALTER TABLE fin.card MODIFY original_value DECIMAL(18, 1)", "error", "ledger_places_few"),
        ("ALTER TABLE fin.card MODIFY original_value DATE", "error", "ledger_column_kind"),
        ("ALTER TABLE fin.card ADD maker VARCHAR(9) NOT NULL", "error", "ledger_column_required"),
    ],
)
def test_check_names_tables_that_would_not_keep_the_promises(
    finance: Finance, ledger: Ledger, change: str, level: str, code: str
) -> None:
    """A table that cannot roll back, characters that do not fit, a column that would make a fraction of money; each
    with the statement that mends it."""
    finance.run(change)
    (finding,) = ledger.check()
    assert (finding.level, finding.code) == (level, code)
    if finding.repair:
        finance.run(finding.repair)
        assert [f.code for f in ledger.check()] == ["ledger_ready"]


def test_check_prints_the_grants_that_are_missing(mariadb: MariaDb, dsn: str, finance: Finance) -> None:
    """Missing rights, each with the statement that repairs it; with them, all is well."""
    name = dsn.rpartition("/")[2]
    finance.run("CREATE OR REPLACE USER accountant@127.0.0.1 IDENTIFIED BY 'pen'")
    for (table,) in finance.run("SHOW TABLES LIKE 'syncd_%'"):
        finance.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accountant@127.0.0.1")
    for table in ("account", "period", "card"):
        finance.run(f"GRANT SELECT ON fin.{table} TO accountant@127.0.0.1")
    with closing(opened_at(mariadb.dsn(name, "accountant", "pen"))) as ledger:
        assert [(f.code, f.repair) for f in ledger.check() if f.params.get("table") == "fin.card"] == [
            (
                "ledger_no_right",
                f"GRANT INSERT, UPDATE ON {name}.fin_card TO 'accountant'@'127.0.0.1'; "
                f"GRANT CREATE TEMPORARY TABLES ON {name}.* TO 'accountant'@'127.0.0.1'",
            )
        ]
    for _ in range(2):  # a table that cannot be seen at all is first given the one right that was asked of it
        with closing(opened_at(mariadb.dsn(name, "accountant", "pen"))) as ledger:
            for finding in ledger.check():
                for grant in finding.repair.split("; "):
                    finance.run(grant)
    with closing(opened_at(mariadb.dsn(name, "accountant", "pen"))) as ledger:
        assert [f.code for f in ledger.check()] == ["ledger_ready"]
        assert write(ledger, batch(posted(asset(1))))[0].postings
