"""A copy of finance holds books and state of one moment. Put back under an EAM that went on, it is noticed, and exactly
what is missing is posted."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pymysql
import pytest

from connectors.ledger import mysql
from connectors.mysql.dsn import parse
from syncd import connector
from syncd.cli import copying
from syncd.demo import eam
from syncd.demo.eam import Device
from tests.acceptance.plant import Plant, plant
from tests.advice import advice, heard
from tests.advice.command import BY, daemon, fine, refused
from tests.console.site import Site

NEEDS_A_PERSON = 3
ENTRIES = """
    SELECT v.voucher_date, v.summary, e.account, e.asset, e.debit, e.credit FROM gl_entry e
    JOIN gl_voucher v ON v.period = e.period AND v.type = e.type AND v.number = e.number ORDER BY 1, 2, 3, 4, 5, 6
"""
CARDS = "SELECT asset_code, original_value, accumulated_depreciation, status FROM fa_card ORDER BY 1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path, people={})) as made:
        made.asset("FA-1")
        made.carry()
        yield made


def test_what_is_copied_is_told_and_done(site: Site) -> None:
    """The command shown is the command done, and says no secret."""
    told = fine("backup", site.config)
    assert "sqlite3" in told
    assert "put back" in told
    copied = site.folder / "copy.db"
    assert "copied" in fine(f"backup --to {copied}", site.config)
    assert copied.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copied)) as copy:
        assert copy.execute("SELECT subject FROM syncd_posting").fetchall() == [("FA-1",)]
        assert copy.execute("SELECT count(*) FROM gl_voucher").fetchall() == [(1,)]


@advice("backup_is_there", "backup_no_program", "backup_failed")
def test_what_is_in_the_way_of_a_copy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = site.folder / "copy.db"
    copied.write_text("the only copy", "utf-8")
    heard("backup_is_there", refused(f"backup --to {copied}", site.config, NEEDS_A_PERSON))
    assert copied.read_text("utf-8") == "the only copy"
    other = site.folder / "other.db"
    with monkeypatch.context() as poor:
        poor.setenv("PATH", str(site.folder))
        heard("backup_no_program", refused(f"backup --to {other}", site.config, NEEDS_A_PERSON))
        program = site.folder / "sqlite3"
        program.write_text("#!/bin/sh\necho 'no right' >&2; exit 1\n", "utf-8")
        program.chmod(0o700)
        heard("backup_failed", refused(f"backup --to {other}", site.config, NEEDS_A_PERSON))
        assert not other.exists()
    shown = fine("backup --to " + str(other), site.config)
    assert "copied" in shown


def test_nothing_half_made_is_left_where_somebody_ends_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be taken for a copy."""

    def ended(*_: object, **__: object) -> None:
        assert other.exists()
        raise KeyboardInterrupt

    other = site.folder / "other.db"
    monkeypatch.setattr(subprocess, "run", ended)
    with pytest.raises(KeyboardInterrupt):
        copying._take(connector.Copying(["sqlite3"], [], {}), other)
    assert not other.exists()


def test_an_older_sqlite_finance_gets_what_it_lacks(site: Site) -> None:
    """The change table holds no longer what is in finance: that it is in finance no more is noticed and repaired."""
    copied = site.folder / "copy.db"
    how = json.loads(fine(f"backup --json --to {copied}", site.config))
    for code in ("FA-2", "FA-3"):
        site.asset(code)
        site.carry()
    wanted = site.ask("SELECT summary, event_date FROM gl_voucher ORDER BY number")
    _put_back(how, copied)
    assert len(site.ask("SELECT 1 FROM gl_voucher")) == 1
    heard("changelog_pruned", refused("dry-run", site.config, NEEDS_A_PERSON))
    fine(f"repair --yes {BY}", site.config)
    site.carry()
    assert site.ask("SELECT summary, event_date FROM gl_voucher ORDER BY number") == wanted
    fine("audit verify", site.config)


def test_mariadb_is_copied_and_put_back_as_shown(tmp_path: Path, new_mariadb: Callable[[], str]) -> None:
    dsn, copied = new_mariadb() + "?ssl_disabled=true", tmp_path / "copy.sql"
    how = mysql.copying(mysql.Settings(dsn), copied)
    with closing(pymysql.connect(**parse(dsn).arguments(), autocommit=True)) as finance, finance.cursor() as cursor:
        cursor.execute("CREATE TABLE card (code VARCHAR(20) PRIMARY KEY, value DECIMAL(18, 2)) ENGINE = InnoDB")
        cursor.execute("INSERT INTO card VALUES ('机床', 0.10)")
        subprocess.run(how.take, check=True, env={**os.environ, **how.secrets})
        cursor.execute("UPDATE card SET value = 7")
        subprocess.run(how.put_back, check=True, env={**os.environ, **how.secrets})
        cursor.execute("SELECT * FROM card")
        assert cursor.fetchall() == (("机床", Decimal("0.10")),)


def test_an_older_finance_is_noticed_and_gets_exactly_what_is_missing(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """The restore drill, invariants 1, 2 and 14: copied on the 3rd, lost on the 12th. By then two devices more had been
    bought and the value of the first was corrected; vouchers and cards end as they were, with their dates."""
    with plant(tmp_path, new_database(), new_database()) as made:
        with daemon(made.config, "demo"):
            made.until("the snapshot", lambda: made.finance.value("SELECT position FROM syncd.pipeline"))
            (first,) = _buy(made, "FA-XX-001", date(2026, 2, 3))
            made.settled()
        copied = tmp_path / "third.backup"
        how = json.loads(fine(f"backup --json --to {copied}", made.config))
        with daemon(made.config, "demo"):
            _buy(made, "FA-XX-002", date(2026, 2, 10))
            _buy(made, "FA-XX-003", date(2026, 2, 11))
            eam.correct(made.eam, first, Decimal("9500.00"), date(2026, 2, 12), Decimal("10735.00"))
            made.settled()
        wanted = [made.finance.rows(ENTRIES), made.finance.rows(CARDS)]
        assert {row[0].day for row in wanted[0]} >= {3, 10, 11, 12}

        _put_back(how, copied)
        assert made.finance.value("SELECT count(*) FROM fa_card") == 1
        with daemon(made.config, "demo") as worker:
            made.until("that it is noticed", lambda: worker.failure)
        heard("pg_slot_ahead", refused("status", made.config, 1))
        fine(f"repair --yes {BY}", made.config)
        with daemon(made.config, "demo"):
            made.settled()
        assert [made.finance.rows(ENTRIES), made.finance.rows(CARDS)] == wanted
        fine("audit verify", made.config)


def _buy(made: Plant, code: str, on: date) -> list[int]:
    return eam.register(made.eam, [Device(code, "车床", "JQSB", 1, Decimal("9000.00"), on)])


def _put_back(how: dict[str, list[str]], copied: Path) -> None:
    """As it was printed."""
    assert str(copied) in " ".join(how["put_back"])
    subprocess.run(how["put_back"], check=True, capture_output=True)
