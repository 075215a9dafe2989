"""A finance server that cannot be reached, refuses or is in trouble: the setting is corrected, the statement run, or it
is waited for, and what was held up is posted."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest

from syncd.statements import script
from tests.advice import advice, advised, heard
from tests.advice.company import Company, built
from tests.servers import Postgres

FOUND_SOMETHING, WRONG, NEEDS_A_PERSON, LATER = 1, 2, 3, 4
ROLE = "keeper"


class Kept(NamedTuple):
    """A company, the server of its finance, and what was said before syncd's tables were there."""

    made: Company
    server: Postgres
    said: dict[str, str]

    @property
    def name(self) -> str:
        return self.made.finance.name

    def granted(self) -> None:
        """Run as a DBA what `syncd grants` prints."""
        for statement in script(self.made.syncd("grants --side finance")):
            self.made.finance.execute(statement)


@pytest.fixture(scope="module")
def kept(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    dsn, said = postgres.create_database(), dict[str, str]()
    postgres.run(f"CREATE ROLE {ROLE} LOGIN")
    ledger = {"kind": "postgres", "dsn": postgres.dsn(dsn.rpartition("/")[2], ROLE)}

    def before(made: Company) -> None:
        said["list"] = made.syncd("parked list", NEEDS_A_PERSON)
        said["snapshot"] = made.syncd("snapshot", NEEDS_A_PERSON)
        said["migrate"] = made.syncd("migrate", NEEDS_A_PERSON)
        (statement,) = re.findall(r"CREATE SCHEMA syncd AUTHORIZATION \S+", said["migrate"])
        made.finance.execute(statement)
        made.syncd("migrate")
        made.syncd("parked list")
        Kept(made, postgres, said).granted()

    with built(tmp_path_factory.mktemp("server"), dsn, ledger, before) as made:
        yield Kept(made, postgres, said)
    postgres.drop_database(dsn)
    postgres.run(f"DROP ROLE {ROLE}")


@advice("finance_no_table", "migration_pending", "migration_schema")
def test_tables_of_syncds_own_come_with_the_printed_commands(kept: Kept) -> None:
    """In a database where syncd's user may make nothing; the fixture has run what was printed."""
    heard("finance_no_table", kept.said["list"])
    heard("migration_pending", kept.said["snapshot"])
    assert heard("migration_schema", kept.said["migrate"])["user"] == ROLE
    assert kept.made.parked() == []


# what the dsn is made, what a command ends with, and what it is made again; of a certificate, what the hint names
DSNS = [
    advised("finance_login", ("keeper@", "nobody_known@"), NEEDS_A_PERSON),
    advised("finance_no_database", ("/{name}", "/nowhere"), NEEDS_A_PERSON),
    advised("finance_dsn", ("postgresql://", "postgresql//"), WRONG),
    advised("finance_certificate", ("/{name}?sslmode=disable", "/{name}?sslmode=require"), NEEDS_A_PERSON),
    advised("finance_gone", ("127.0.0.1:{port}", "127.0.0.1:1"), LATER),
]


@pytest.mark.parametrize(("code", "setting", "ends"), DSNS)
def test_a_dsn_is_corrected(kept: Kept, code: str, setting: tuple[str, str], ends: int, tmp_path: Path) -> None:
    right, wrong = (part.format(name=kept.name, port=kept.server.port) for part in setting)
    before = kept.made.config.read_text("utf-8")
    try:
        kept.made.edit(kept.made.config, right.partition("?")[0], wrong)
        heard(code, kept.made.syncd("parked list", ends))
        kept.made.edit(kept.made.config, wrong, right)
        kept.made.syncd("parked list")
    finally:
        kept.made.config.write_text(before, "utf-8")


# what a DBA has altered, to what, what a command ends with, and what undoes it
USER, DATABASE = f"ROLE {ROLE}", "DATABASE {name}"
REFUSED = [
    advised("finance_login", USER, "NOLOGIN", NEEDS_A_PERSON, "LOGIN"),
    advised("finance_full_of_connections", USER, "CONNECTION LIMIT 0", LATER, "CONNECTION LIMIT -1", name="of a user"),
    advised("finance_full_of_connections", DATABASE, "CONNECTION LIMIT 0", LATER, "CONNECTION LIMIT -1"),
    advised("finance_gone", DATABASE, "ALLOW_CONNECTIONS false", LATER, "ALLOW_CONNECTIONS true"),
]


@pytest.mark.parametrize(("code", "what", "done", "ends", "undone"), REFUSED)
def test_a_server_that_lets_nobody_in_is_asked_again(
    kept: Kept, code: str, what: str, done: str, ends: int, undone: str
) -> None:
    """The server's words name the role and the database too, whatever they say of them."""
    altered = f"ALTER {what.format(name=kept.name)}"
    kept.server.run(f"{altered} {done}")
    try:
        heard(code, kept.made.syncd("parked list", ends))
    finally:
        kept.server.run(f"{altered} {undone}")
    kept.made.syncd("parked list")


@advice("finance_no_right")
def test_a_right_that_is_missing_is_granted_as_printed(kept: Kept) -> None:
    """One that `check` finds, and one without which `check` finds nothing."""
    kept.made.finance.execute(f"REVOKE SELECT ON gl_account FROM {ROLE}")
    said = kept.made.syncd("check", FOUND_SOMETHING)
    heard("finance_no_right", said)
    kept.made.finance.execute(re.findall(r"^ +(GRANT .*)$", said, re.MULTILINE)[0])
    kept.made.syncd("check")
    kept.server.run(f"REVOKE CONNECT ON DATABASE {kept.name} FROM PUBLIC, {ROLE}")
    heard("finance_no_right", kept.made.syncd("check", NEEDS_A_PERSON))
    kept.granted()
    kept.made.syncd("check")


@advice("finance_unknown")
def test_what_syncd_does_not_know_stands_in_the_servers_log(kept: Kept) -> None:
    """A file that somebody has moved away: nothing was written, and when it is back all is."""
    sql = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('gl_account')"
    path = Path(kept.made.finance.value(sql))
    kept.made.finance.execute("CHECKPOINT")
    path.rename(path.with_suffix(".away"))
    kept.made.register("FA-SC-0001")
    try:
        kept.made.halted()
        found = heard("finance_unknown", kept.made.syncd("status", FOUND_SOMETHING))
        log = Path(kept.made.finance.value("SHOW data_directory")).parent / "log"
        assert found["error"][:30] in log.read_text("utf-8", "replace")
        assert not kept.made.posted("FA-SC-0001")
    finally:
        path.with_suffix(".away").rename(path)
    with kept.made.running():
        kept.made.until(lambda: kept.made.posted("FA-SC-0001"))


# While the daemon runs


@pytest.fixture
def slow(kept: Kept) -> Iterator[None]:
    """A voucher takes as long as finance's people say."""
    for statement in (
        "CREATE TABLE patience (seconds NUMERIC)",
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN PERFORM pg_sleep(max(seconds)) FROM public.patience; RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON gl_voucher FOR EACH ROW EXECUTE FUNCTION slow()",
    ):
        kept.made.finance.execute(statement)
    yield
    kept.made.finance.execute("DROP FUNCTION slow() CASCADE")
    kept.made.finance.execute("DROP TABLE patience")


@advice("finance_limit")
def test_a_limit_is_lifted_for_syncd_alone_as_printed(kept: Kept, slow: None) -> None:
    """A batch of one row that takes too long goes on taking too long until then."""
    kept.server.run(f"ALTER ROLE {ROLE} IN DATABASE {kept.name} SET statement_timeout = '400ms'")
    kept.made.finance.execute("INSERT INTO patience VALUES (0.5)")
    with kept.made.running():
        kept.made.register("FA-SC-0002")
        kept.made.until(lambda: "finance_limit" in last_words(kept.made))
        heard("finance_limit", kept.made.syncd("status"))
        (statement,) = set(re.findall(r"ALTER ROLE .*statement_timeout.*", kept.made.syncd("check", FOUND_SOMETHING)))
        kept.made.finance.execute(statement)
        kept.made.until(lambda: kept.made.posted("FA-SC-0002"))


@advice("finance_cancelled")
def test_what_somebody_cancelled_is_tried_again(kept: Kept, slow: None) -> None:
    kept.made.finance.execute("INSERT INTO patience VALUES (60)")
    with kept.made.running():
        kept.made.register("FA-SC-0003")
        kept.made.until(lambda: cancelled(kept.made))
        kept.made.until(lambda: "finance_cancelled" in last_words(kept.made))
        heard("finance_cancelled", kept.made.syncd("status"))
        kept.made.finance.execute("DELETE FROM patience")
        kept.made.until(lambda: cancelled(kept.made) or kept.made.posted("FA-SC-0003"))
        kept.made.until(lambda: kept.made.posted("FA-SC-0003"))


@advice("finance_out_of_memory")
def test_memory_that_is_short_is_waited_for(kept: Kept) -> None:
    """The server's own error 53200, raised where the voucher is written; and the setting that is named exists."""
    kept.made.finance.execute(
        "CREATE FUNCTION short() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200'; END $$"
    )
    kept.made.finance.execute("CREATE TRIGGER short BEFORE INSERT ON gl_voucher EXECUTE FUNCTION short()")
    kept.made.edit(kept.made.config, "    mapping:", "    batch_changes_max: 100\n    mapping:")
    with kept.made.running():
        kept.made.register("FA-SC-0004")
        kept.made.until(lambda: "finance_out_of_memory" in last_words(kept.made))
        heard("finance_out_of_memory", kept.made.syncd("status"))
        kept.made.finance.execute("DROP FUNCTION short() CASCADE")
        kept.made.until(lambda: kept.made.posted("FA-SC-0004"))


def last_words(made: Company) -> str:
    """What the daemon has left for `status`."""
    return str(made.finance.value("SELECT status FROM syncd.pipeline"))


def cancelled(made: Company) -> bool:
    """Whether somebody has found a voucher on its way, and cancelled it."""
    with closing(psycopg2.connect(made.finance.dsn)) as person, person.cursor() as cursor:
        cursor.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
        return bool(cursor.fetchall())
