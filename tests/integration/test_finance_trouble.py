"""Finance in trouble: what it says about one row parks that row, what it does without saying is noticed, what it has no
time for at once it is given in parts. Invariants 1, 3, 5."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from syncd.errors import Halt, Transient
from syncd.ports import Ledger
from tests.advice import advice
from tests.conformance.finance import (
    TABLES,
    Finance,
    SmallLayout,
    asset,
    batch,
    in_mysql,
    in_postgres,
    in_sqlite,
    posted,
    wait_for,
    write,
)
from tests.servers import Postgres, pgbouncer, postgres_server, standby_of


class Refusal(NamedTuple):
    """What finance's people have set up, the code under which the row is parked, and whether the other rows pass."""

    setup: Sequence[str]
    code: str
    parked: frozenset[int] = frozenset({2})


ALL = frozenset({1, 2, 3})


def raising(what: str, table: str = "fin.voucher", when: str = "BEFORE", key: str = "external_key") -> list[str]:
    """A trigger of PostgreSQL's that does something about the second asset alone."""
    return [
        f"CREATE FUNCTION fin.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.{key} LIKE '%FA-2' THEN {what} END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER act {when} INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fin.act()",
    ]


def deferred(what: str) -> list[str]:
    made, fired = raising(what)
    return [
        made,
        fired.replace("CREATE TRIGGER act BEFORE", "CREATE CONSTRAINT TRIGGER act AFTER").replace(
            " FOR EACH ROW", " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        ),
    ]


POSTGRES = {
    **{
        f"a trigger's own {state}": Refusal(raising(f"RAISE EXCEPTION 'no' USING ERRCODE = '{state}';"), "row_trigger")
        for state in ("FA001", "42501", "42P01", "55000", "P0001", "XX000", "28000", "0A000", "3D000", "58030")
    },
    "a rule that speaks at the end": Refusal(deferred("RAISE EXCEPTION 'no' USING ERRCODE = 'FA001';"), "row_trigger"),
    "a trigger that writes where nothing is": Refusal(raising("INSERT INTO fin.nowhere VALUES (1);"), "row_refused"),
    "a trigger that calls what is not there": Refusal(raising("PERFORM fin.nothing();"), "row_refused"),
    "a generated column": Refusal(
        [
            "ALTER TABLE fin.card DROP COLUMN name",
            "ALTER TABLE fin.card ADD COLUMN name TEXT GENERATED ALWAYS AS ('x') STORED",
        ],
        "row_refused",
        ALL,
    ),
    "a view with a check": Refusal(
        [
            "ALTER TABLE fin.card RENAME TO card_kept",
            "CREATE VIEW fin.card AS SELECT * FROM fin.card_kept WHERE asset_code <> 'FA-2' WITH CHECK OPTION",
        ],
        "row_refused",
    ),
    "an exclusion": Refusal(
        [
            "ALTER TABLE fin.voucher ADD EXCLUDE USING btree (substr(external_key, 30) WITH =)"
            " WHERE (external_key LIKE '%FA-2')",
            "INSERT INTO fin.voucher VALUES ('2026-01', 'x', 1, '2026-01-01', 's', 'FA-2')",
        ],
        "row_value",
    ),
    "a row that falls": Refusal(raising("RETURN NULL;"), "row_swallowed"),
    "a card that falls": Refusal(raising("RETURN NULL;", "fin.card", key="asset_code"), "row_swallowed"),
}


@pytest.fixture
def finance_postgres(new_database: Callable[[], str]) -> Finance:
    return in_postgres(new_database())


def is_refused_alone(finance: Finance, refusal: Refusal) -> None:
    """Invariant 5: what is refused is parked, and everything else is posted; mended, it passes."""
    for statement in refusal.setup:
        finance.run(statement)
    with closing(finance.open()) as ledger:
        outcomes = write(ledger, batch(*(posted(asset(n)) for n in (1, 2, 3))))
    codes = {n: o.rejection.code for n, o in enumerate(outcomes, 1) if o.rejection is not None}
    assert codes == dict.fromkeys(sorted(refusal.parked), refusal.code)
    keys = {key for (key,) in finance.run("SELECT external_key FROM fin.voucher WHERE period = '2026-02'")}
    assert keys == {f"registration/FA-{n}" for n in ALL - refusal.parked}


@pytest.mark.parametrize("what", POSTGRES)
def test_what_postgres_says_about_a_row_parks_that_row(finance_postgres: Finance, what: str) -> None:
    is_refused_alone(finance_postgres, POSTGRES[what])


def test_what_row_security_refuses_is_parked(postgres: Postgres, new_database: Callable[[], str]) -> None:
    """Invariant 5: it speaks of a row, although with the code of a missing right; and such a table takes no COPY."""
    dsn = new_database()
    finance = in_postgres(dsn)
    with role(postgres, "clerk") as name:
        finance.run(f"GRANT USAGE ON SCHEMA fin, syncd TO {name}")
        finance.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fin, syncd TO {name}")
        finance.run("ALTER TABLE fin.voucher ENABLE ROW LEVEL SECURITY")
        finance.run("CREATE POLICY seen ON fin.voucher FOR SELECT USING (true)")
        finance.run("CREATE POLICY others ON fin.voucher FOR INSERT WITH CHECK (external_key NOT LIKE '%FA-2')")
        settings = ledger_postgres.Settings(dsn.replace("postgres@", f"{name}@"))
        with closing(ledger_postgres.connect(settings, "main", SmallLayout(), TABLES, "m1")) as ledger:
            outcomes = write(ledger, batch(*(posted(asset(n)) for n in (1, 2, 3))))
        finance.run(f"DROP OWNED BY {name}")
    assert [o.rejection and o.rejection.code for o in outcomes] == [None, "row_refused", None]


@contextmanager
def role(postgres: Postgres, name: str) -> Iterator[str]:
    """A role that may log in and nothing else."""
    postgres.run(f"CREATE ROLE {name} LOGIN")
    try:
        yield name
    finally:
        postgres.run(f"DROP ROLE {name}")


# What finance does and does not say


EVERY = "period IS NOT NULL OR ''"
ALTERED = {
    "an amount is another": Refusal(
        raising("NEW.original_value := NEW.original_value + 1;", "fin.card", key="asset_code"), "row_otherwise"
    ),
    "an amount is changed afterwards": Refusal(
        raising("UPDATE fin.entry SET debit = debit * 2 WHERE number = NEW.number;", "fin.entry", "AFTER", EVERY),
        "row_otherwise",
        ALL,
    ),
    "a row lies elsewhere": Refusal(raising("NEW.number := NEW.number + 100;"), "row_otherwise"),
    "a row is taken away": Refusal(
        raising("DELETE FROM fin.voucher WHERE external_key = NEW.external_key;", when="AFTER"), "row_otherwise"
    ),
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_finance_makes_of_a_row_without_a_word_is_noticed(finance_postgres: Finance, what: str) -> None:
    """Invariant 3: a voucher in finance is the voucher that was posted, or the row is parked."""
    is_refused_alone(finance_postgres, ALTERED[what])


def test_what_mariadb_makes_of_a_row_is_noticed(new_mariadb: Callable[[], str]) -> None:
    change = signalling("SET NEW.original_value = 1;", "fin.card", key="asset_code")
    is_refused_alone(in_mysql(new_mariadb()), Refusal(change, "row_otherwise"))


def test_triggers_that_keep_their_own_books_are_nobodys_concern(finance_postgres: Finance) -> None:
    """Sound: a trigger that stamps, notes elsewhere or spells a text in finance's own way."""
    finance_postgres.run("ALTER TABLE fin.card ADD COLUMN touched TIMESTAMP, ADD COLUMN rate NUMERIC(9, 1)")
    finance_postgres.run("CREATE TABLE fin.note (n SERIAL, what TEXT)")
    stamp = "NEW.name := upper(NEW.name); INSERT INTO fin.note (what) VALUES (NEW.asset_code);"
    for statement in raising(stamp, "fin.card", "BEFORE", "asset_code"):
        finance_postgres.run(statement)
    is_refused_alone(finance_postgres, Refusal((), "", frozenset()))
    assert finance_postgres.run("SELECT name FROM fin.card WHERE asset_code = 'FA-2'") == [("LATHE",)]


# What finance has no time for


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_batch_that_takes_too_long_is_written_in_parts(
    kind: str, new_database: Callable[[], str], new_mariadb: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on statements, and triggers that take their time: smaller statements, one batch, every voucher."""
    if kind == "postgres":
        dsn = new_database()
        finance = in_postgres(dsn)
        finance.run(
            "CREATE FUNCTION fin.slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END $$"
        )
        finance.run("CREATE TRIGGER slow BEFORE INSERT ON fin.voucher FOR EACH ROW EXECUTE FUNCTION fin.slow()")
        finance.run(f"ALTER DATABASE {dsn.rpartition('/')[2]} SET statement_timeout = '300ms'")
    else:
        finance = in_mysql(new_mariadb())
        slow = "CREATE TRIGGER slow BEFORE INSERT ON fin.voucher FOR EACH ROW BEGIN DO sleep(0.004); END"
        finance.run(slow)
        monkeypatch.setattr(ledger_mysql, "_SESSION", ledger_mysql._SESSION + ", max_statement_time = 0.3")
    with closing(finance.open()) as ledger:
        write(ledger, batch(*(posted(asset(n)) for n in range(1, 201))))
        write(ledger, batch(*(posted(asset(n)) for n in range(201, 401))))
    assert finance.run("SELECT count(*), max(number) FROM fin.voucher") == [(400, 400)]


@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "idle_session_timeout"])
def test_who_holds_the_writers_lock_may_be_idle(new_database: Callable[[], str], limit: str) -> None:
    """Invariant 9: a limit that is meant for people who forgot to leave."""
    dsn = new_database()
    finance = in_postgres(dsn)
    finance.run(f"ALTER DATABASE {dsn.rpartition('/')[2]} SET {limit} = '50ms'")
    with closing(finance.open()) as ledger, ledger.begin() as book:
        idle_since = time.monotonic()
        wait_for(lambda: time.monotonic() > idle_since + 0.5)
        book.write(batch(posted(asset(1))))


@advice("finance_read_only")
def test_a_promoted_standby_goes_on_and_starts_the_next_time() -> None:
    """Invariants 2 and 9: nobody becomes the writer on a standby, and whoever reaches it once it is promoted does."""
    with postgres_server() as primary:
        dsn = primary.create_database()
        finance = in_postgres(dsn)
        with standby_of(primary) as standby:
            name = dsn.rpartition("/")[2]
            hosts = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{name}"

            def opened(more: str = "") -> Ledger:
                settings = ledger_postgres.Settings(hosts + more)
                return ledger_postgres.connect(settings, "main", SmallLayout(), TABLES, "m1")

            with closing(opened("?target_session_attrs=read-write")) as ledger, closing(opened()) as other:
                write(ledger, batch(posted(asset(1))))
                sent = "SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication"
                wait_for(lambda: finance.run(sent) == [(True,)])
                primary.stop(kill=True)
                with pytest.raises(Transient):
                    write(ledger, batch(posted(asset(2))))
                with pytest.raises(Transient) as raised:
                    other.acquire()
                assert raised.value.code == "finance_read_only"
                standby.promote()
                write(ledger, batch(posted(asset(2))))
            with closing(opened()) as ledger:
                assert [f.code for f in ledger.check()] == ["ledger_ready"]
                write(ledger, batch(posted(asset(3))))
                assert ledger.query("SELECT number FROM fin.voucher ORDER BY number") == [(1,), (2,), (3,)]


@advice("ledger_pooler")
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_pooler_that_lends_by_the_transaction_is_told(
    postgres: Postgres, new_database: Callable[[], str], mode: str
) -> None:
    """Invariant 9: the lock of the one writer would be held by whoever is given the server connection next. Neither
    PostgreSQL itself nor a pooler that lends by the session is complained of."""
    dsn = new_database()
    finance = in_postgres(dsn)
    with pgbouncer(postgres, mode) as port:
        settings = ledger_postgres.Settings(dsn.replace(str(postgres.port), str(port)))
        with closing(ledger_postgres.connect(settings, "main", SmallLayout(), TABLES, "m1")) as ledger:
            if mode == "session":
                assert [f.code for f in ledger.check()] == ["ledger_ready"]
                assert write(ledger, batch(posted(asset(1))))[0].postings
                return
            assert [(f.level, f.code) for f in ledger.check()] == [("error", "ledger_pooler")]
            with pytest.raises(Halt) as raised:
                ledger.acquire()
            assert raised.value.code == "ledger_pooler"
    with closing(finance.open()) as ledger:
        assert [f.code for f in ledger.check()] == ["ledger_ready"]
        assert write(ledger, batch(posted(asset(1))))[0].postings


def signalling(what: str, table: str = "fin.voucher", when: str = "BEFORE", key: str = "external_key") -> list[str]:
    return [
        f"CREATE TRIGGER act {when} INSERT ON {table} FOR EACH ROW BEGIN"
        f" IF NEW.{key} LIKE '%%FA-2' THEN {what} END IF; END"
    ]


MARIADB = {
    **{
        f"a trigger's own {number}": Refusal(
            signalling(f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'no';"), code
        )
        for number, code in {
            1644: "row_trigger", 30001: "row_refused", 50000: "row_refused", 1142: "row_refused", 1105: "row_refused",
            1146: "row_refused", 1054: "row_refused",
        }.items()
    },
    "a trigger that writes where nothing is": Refusal(
        signalling("INSERT INTO nowhere VALUES (1);", when="AFTER"), "row_refused"
    ),
    "a generated column": Refusal(
        ["ALTER TABLE fin.card DROP COLUMN name", "ALTER TABLE fin.card ADD name VARCHAR(9) AS ('x') STORED"],
        "row_refused",
        ALL,
    ),
    "a view with a check": Refusal(
        [
            "ALTER TABLE fin.voucher RENAME TO voucher_kept",
            "CREATE VIEW fin.voucher AS SELECT * FROM voucher_kept WHERE external_key NOT LIKE '%%FA-2'"
            " WITH CHECK OPTION",
        ],
        "row_refused",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MARIADB)
def test_what_mariadb_says_about_a_row_parks_that_row(new_mariadb: Callable[[], str], what: str) -> None:
    is_refused_alone(in_mysql(new_mariadb()), MARIADB[what])


def ignoring(what: str) -> list[str]:
    return [f"CREATE TRIGGER act BEFORE INSERT ON fin_voucher WHEN NEW.external_key LIKE '%FA-2' BEGIN {what}; END"]


SQLITE = {
    "a trigger's own": Refusal(ignoring("SELECT RAISE(ABORT, 'no')"), "row_trigger"),
    "a trigger that fails": Refusal(ignoring("SELECT RAISE(FAIL, 'no')"), "row_trigger"),
    "a trigger that writes where nothing is": Refusal(ignoring("INSERT INTO nowhere VALUES (1)"), "row_refused", ALL),
    "a row that falls": Refusal(ignoring("SELECT RAISE(IGNORE)"), "row_swallowed"),
}


@pytest.mark.parametrize("what", SQLITE)
def test_what_sqlite_says_about_a_row_parks_that_row(tmp_path: Path, what: str) -> None:
    is_refused_alone(in_sqlite(tmp_path / "finance.db"), SQLITE[what])
