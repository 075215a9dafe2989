"""What a real PostgreSQL server does to a ledger: errors and their kinds, lost connections, rights, deferred rules."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import psycopg2
import pytest

from connectors.ledger import postgres as ledger_postgres
from syncd.errors import Fault, Halt, RowRefused, Transient
from syncd.language import hint
from syncd.ports import Ledger
from tests.advice import advice
from tests.conformance.finance import (
    TABLES,
    Finance,
    SmallLayout,
    asset,
    batch,
    in_postgres,
    posted,
    rejected,
    wait_for,
    write,
)
from tests.servers import Postgres, postgres_server


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def finance(dsn: str) -> Finance:
    return in_postgres(dsn)


@pytest.fixture
def ledger(finance: Finance) -> Iterator[Ledger]:
    with closing(finance.open()) as opened:
        yield opened


# Kinds of error


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("53100", Transient, "finance_disk_full"),
        ("40P01", Transient, "finance_busy"),
        ("40001", Transient, "finance_busy"),
        ("55P03", Transient, "finance_busy"),
        ("57P01", Transient, "finance_gone"),
        ("08006", Transient, "finance_gone"),
    ],
)
def test_what_the_server_says_decides_what_is_done(
    finance: Finance, ledger: Ledger, state: str, kind: type[Fault], code: str
) -> None:
    """Disk full and the like are tried again. Invariant 2."""
    finance.run(
        "CREATE FUNCTION fin.fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{state}'; END $$"
    )
    finance.run("CREATE TRIGGER fail BEFORE INSERT ON fin.voucher FOR EACH STATEMENT EXECUTE FUNCTION fin.fail()")
    with pytest.raises(kind) as raised:
        write(ledger, batch(posted(asset(1))))
    assert raised.value.code == code
    assert raised.value.params["state"] == state
    finance.run("DROP TRIGGER fail ON fin.voucher")
    assert write(ledger, batch(posted(asset(1))))[0].postings
    assert finance.run("SELECT count(*) FROM fin.voucher") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        (["ALTER TABLE fin.card ALTER COLUMN name TYPE VARCHAR(4)"], "row_too_long", "name"),
        (["ALTER TABLE fin.voucher ALTER COLUMN summary TYPE VARCHAR(4)"], "row_too_long", "summary"),
        (["ALTER TABLE fin.entry ALTER COLUMN debit TYPE NUMERIC(4, 2)"], "row_out_of_range", "debit"),
        (["ALTER TABLE fin.voucher ADD COLUMN maker TEXT NOT NULL"], "row_null", "maker"),
        (["ALTER TABLE fin.card ADD COLUMN maker TEXT NOT NULL"], "row_null", "maker"),
        (["ALTER TABLE fin.entry ALTER COLUMN line TYPE BOOLEAN USING false"], "row_value", "line"),
        (
            ["ALTER TABLE fin.card ADD UNIQUE (name)", "INSERT INTO fin.card VALUES ('other', 'lathe', 1)"],
            *("row_duplicate", ""),
        ),
        (
            [
                "CREATE TABLE fin.line (id INTEGER PRIMARY KEY)",
                "ALTER TABLE fin.entry ADD FOREIGN KEY (line) REFERENCES fin.line DEFERRABLE INITIALLY DEFERRED",
            ],
            *("row_no_parent", ""),
        ),
        (
            [
                "CREATE FUNCTION fin.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed'; END $$",
                "CREATE TRIGGER no BEFORE INSERT ON fin.entry FOR EACH ROW EXECUTE FUNCTION fin.no()",
            ],
            *("row_trigger", ""),
        ),
    ],
)
def test_a_refused_row_is_parked_and_says_where(
    finance: Finance, ledger: Ledger, changes: list[str], code: str, column: str
) -> None:
    """A column too narrow. Invariant 5, also for a rule of finance that would speak at commit only,
    and for a second unique key, which an upsert must not take for its own."""
    for change in changes:
        finance.run(change)
    (outcome,) = write(ledger, batch(posted(asset(1))))
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
        ("ALTER TABLE fin.card DROP CONSTRAINT card_pkey", "finance_no_key"),
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


# Connections


def backends(postgres: Postgres, dsn: str, then: str = "1") -> list[tuple[object, ...]]:
    """For each connection that syncd has to this database."""
    sql = f"SELECT {then} FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'syncd%%'"
    return postgres.run(sql, dsn.rpartition("/")[2])


@advice("not_the_writer")
def test_a_lost_connection_is_opened_again_with_its_lock(
    postgres: Postgres, dsn: str, finance: Finance, ledger: Ledger
) -> None:
    """Invariants 2 and 9: after a loss the lock is taken again, and memory is read anew, before anything is written."""
    write(ledger, batch(posted(asset(1)), rejected(asset(5))))
    with pytest.raises(Transient) as lost:
        _write_through_a_loss(postgres, dsn, ledger)
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


def _write_through_a_loss(postgres: Postgres, dsn: str, ledger: Ledger) -> None:
    with ledger.begin() as book:
        book.write(batch(posted(asset(2))))
        backends(postgres, dsn, "pg_terminate_backend(pid)")


def test_a_server_that_was_killed_is_found_again() -> None:
    """Finance is gone for a while. Invariants 1 and 2: what was committed is there, once."""
    with postgres_server() as server:
        finance = in_postgres(server.create_database())
        with closing(finance.open()) as ledger:
            write(ledger, batch(posted(asset(1))))
            server.stop(kill=True)
            for _ in range(2):
                with pytest.raises(Transient) as gone:
                    write(ledger, batch(posted(asset(2))))
                assert gone.value.code == "finance_gone"
            server.start()
            write(ledger, batch(posted(asset(2))))
            assert finance.run("SELECT number FROM fin.voucher ORDER BY number") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("dsn_of", "kind", "code"),
    [
        (lambda server: server.dsn("nowhere"), Halt, "finance_no_database"),
        (lambda server: server.dsn(user="nobody_known"), Halt, "finance_login"),
        (lambda server: "postgresql://postgres@127.0.0.1:1/x", Transient, "finance_gone"),
        (lambda server: "postgresql//", Halt, "finance_dsn"),
    ],
)
def test_why_there_is_no_connection(
    postgres: Postgres, dsn_of: Callable[[Postgres], str], kind: type[Fault], code: str
) -> None:
    """Wrong settings stop the pipeline, a server that does not answer is waited for."""
    settings = ledger_postgres.Settings(dsn_of(postgres))
    with (
        closing(ledger_postgres.connect(settings, "main", SmallLayout(), TABLES, "m1")) as ledger,
        pytest.raises(kind) as raised,
    ):
        ledger.acquire()
    assert raised.value.code == code


# Others who work in finance at the same time


def test_a_number_that_a_person_is_taking_is_waited_for(dsn: str, finance: Finance, ledger: Ledger) -> None:
    """Invariant 6: a voucher typed at the same moment keeps its number, ours takes the next."""
    write(ledger, batch(posted(asset(1))))
    with closing(psycopg2.connect(dsn)) as person, person.cursor() as cursor:
        cursor.execute("INSERT INTO fin.voucher VALUES ('2026-02', '记', 2, '2026-02-01', 'typed', 'by hand')")
        writing = threading.Thread(target=write, args=(ledger, batch(posted(asset(2)))))
        writing.start()
        wait_for(lambda: bool(finance.run("SELECT 1 FROM pg_locks WHERE NOT granted")))
        person.commit()
        writing.join()
    assert finance.run("SELECT number, external_key FROM fin.voucher ORDER BY number") == [
        (1, "registration/FA-1"),
        (2, "by hand"),
        (3, "registration/FA-2"),
    ]


def test_two_pipelines_share_the_numbers(finance: Finance, ledger: Ledger) -> None:
    """Invariant 6: gapless per period and type, whoever posts."""
    with closing(finance.open("other")) as other:
        for n in range(1, 7):
            write(ledger if n % 2 else other, batch(posted(asset(n))))
    assert [number for (number,) in finance.run("SELECT number FROM fin.voucher ORDER BY number")] == list(range(1, 7))


# Rights and widths


def test_check_prints_the_grants_that_are_missing(postgres: Postgres, dsn: str, finance: Finance) -> None:
    """Missing rights, each with the statement that repairs it; with them, all is well."""
    finance.run("DROP ROLE IF EXISTS poster")
    finance.run("CREATE ROLE poster LOGIN")
    finance.run("GRANT USAGE ON SCHEMA syncd TO poster")
    finance.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA syncd TO poster")
    finance.run("GRANT USAGE ON SCHEMA fin TO poster")
    finance.run("GRANT SELECT ON fin.account, fin.period, fin.card, fin.voucher TO poster")
    settings = ledger_postgres.Settings(dsn.replace("postgres@", "poster@"))
    with closing(ledger_postgres.connect(settings, "main", SmallLayout(), TABLES, "m1")) as ledger:
        findings = ledger.check()
        assert [(f.code, f.repair) for f in findings] == [
            ("ledger_no_right", "GRANT INSERT, UPDATE ON fin.card TO poster"),
            ("ledger_no_right", "GRANT INSERT ON fin.voucher TO poster"),
            ("ledger_no_right", "GRANT SELECT, INSERT ON fin.entry TO poster"),
        ]
        with pytest.raises(Halt) as raised:
            write(ledger, batch(posted(asset(1))))
        assert raised.value.code == "finance_no_right"
        for finding in findings:
            finance.run(finding.repair)
        assert [f.code for f in ledger.check()] == ["ledger_ready"]
        assert write(ledger, batch(posted(asset(1))))[0].postings


def test_check_finds_a_column_too_narrow_for_keys(finance: Finance, ledger: Ledger) -> None:
    """Its vouchers would be parked one by one."""
    finance.run("ALTER TABLE fin.voucher ALTER COLUMN external_key TYPE VARCHAR(40)")
    (finding,) = ledger.check()
    assert (finding.level, finding.code) == ("warning", "ledger_text_narrow")
    assert (finding.params["table"], finding.params["column"]) == ("fin.voucher", "external_key")


def test_check_finds_a_column_that_rounds_what_the_layout_does_not(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards read back must be cards as written, however the log was cut into batches. Invariant 13."""
    monkeypatch.setattr(SmallLayout, "places", lambda self, field: None)
    (finding,) = ledger.check()
    assert (finding.level, finding.code) == ("warning", "ledger_places_unsaid")
    assert "kinds: {original_value: {decimal: 2}}" in hint(finding.code, finding.params, "en")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("ALTER TABLE fin.card ALTER COLUMN original_value TYPE REAL", "ledger_column_inexact"),
        ("ALTER TABLE fin.card ALTER COLUMN original_value TYPE NUMERIC(10, 2)", "ledger_column_narrow"),
        ("ALTER TABLE fin.card ALTER COLUMN original_value TYPE NUMERIC(18, 1)", "ledger_places_few"),
        ("ALTER TABLE fin.entry ALTER COLUMN debit TYPE NUMERIC(18, 1)", "ledger_column_rounds"),
        ("ALTER TABLE fin.card ALTER COLUMN original_value TYPE DATE USING NULL", "ledger_column_kind"),
        ("ALTER TABLE fin.card ADD COLUMN maker TEXT NOT NULL", "ledger_column_required"),
    ],
)
def test_check_names_columns_that_do_not_fit(finance: Finance, ledger: Ledger, change: str, code: str) -> None:
    """A finance column too narrow, or one that would make a fraction of money."""
    finance.run(change)
    (finding,) = ledger.check()
    assert finding.code == code
    assert finding.params["table"] == change.split()[2]
    if finding.repair:
        finance.run(finding.repair)
        assert [f.code for f in ledger.check()] == ["ledger_ready"]


@pytest.mark.parametrize("kind", ["text", "varchar(12)", "char(12)", "integer", "numeric(12)"])
def test_a_key_is_asked_for_as_what_its_column_is(dsn: str, kind: str) -> None:
    """Found, and by index: of a million cards each batch asks for its own."""
    with closing(ledger_postgres.Postgres(dsn, "keys")) as database:
        database.open()
        database.execute(f"CREATE TABLE card (code {kind} PRIMARY KEY)")
        database.execute("INSERT INTO card SELECT n FROM generate_series(1, 20000) AS n")
        assert len(database.each("SELECT code FROM card WHERE code = ?", (), ["7", "19999", "20001"])) == 2
        database.execute("SET enable_seqscan = off")
        cast = f"CAST(k.value AS {database._kind('SELECT code FROM card WHERE code = ?')})"
        plan = database.query(
            "EXPLAIN SELECT f.* FROM unnest('{1,2}'::text[]) AS k (value) CROSS JOIN LATERAL"
            f" (SELECT code FROM card WHERE code = {cast} OFFSET 0) AS f"
        )
        assert any("Index Cond: (code = " in str(line) for (line,) in plan), plan


def test_what_waits_to_be_sent_keeps_its_place(dsn: str) -> None:
    """Invariant 1: statements that go with the next one come before it, behind what was sent before them, and what a
    savepoint undoes is undone whole, whether it was on its way or not."""
    with closing(ledger_postgres.Postgres(dsn, "order")) as database:
        database.open()
        database.execute("CREATE TABLE t (n INT PRIMARY KEY, said TEXT NOT NULL)")
        database.begin()
        database.send("INSERT INTO t VALUES (?, ?)", (1, "a; -- b"))
        database.put("t", ("n", "said"), (), "insert", [[(2, "x")]])
        database.send("UPDATE t SET said = said || ?", ("!",))
        database.send("DELETE FROM t WHERE n = 0  -- a remark at the end")
        answer = database.ask(
            "SELECT said FROM t WHERE 1 = ? AND n = CAST(? AS INT)", (1,), [str(n) for n in range(200)]
        )
        assert sorted(answer()) == [("a; -- b!",), ("x!",)]
        for nth, is_refused in enumerate((True, False), 3):
            with suppress(RowRefused), database.savepoint("part"):
                database.send("INSERT INTO t VALUES (?, ?)", (nth, "in"))
                if is_refused:
                    database.put("t", ("n", "said"), (), "insert", [[(2, "again")]])
                    database.send("INSERT INTO t VALUES (?, ?)", (99, "never"))
                    database.ask("SELECT n FROM t WHERE 1 = ? AND n = CAST(? AS INT)", (1,), list(map(str, range(200))))
                    database.settle()
        database.send("INSERT INTO t VALUES (?, ?)", (5, "last"))
        database.commit()
        assert database.query("SELECT n FROM t ORDER BY n") == [(1,), (2,), (4,), (5,)]
        database.begin()
        database.send("DELETE FROM t")
        database.rollback()
        assert database.query("SELECT count(*) FROM t") == [(4,)]
