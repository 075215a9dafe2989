"""What is advised about a change table and its triggers, followed on SQLite: one company, green after every test."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.changelog import sqlite as changelog_sqlite
from syncd.cli import passes
from syncd.cli.codes import LATER, NEEDS_A_PERSON
from syncd.daemon import reader
from syncd.demo import eam
from tests.acceptance.plant import DEMO
from tests.acceptance.test_repair import TODAY
from tests.advice import advice, advised, heard
from tests.advice.any_eam import BY, Company, founded, variant


def source(directory: Path) -> dict[str, str]:
    return {"kind": "changelog", "dialect": "sqlite", "database": str(directory / "eam.db")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """All that was there has been read."""
    directory = tmp_path_factory.mktemp("company")
    with founded(directory, str(directory / "eam.db"), source(directory)) as company:
        company.syncd("changelog install")
        company.syncd("snapshot")
        yield company
        company.is_green()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Company]:
    """Nothing was read yet, and nothing is installed."""
    with founded(tmp_path, str(tmp_path / "eam.db"), source(tmp_path)) as company:
        yield company


@pytest.mark.parametrize(
    ("code", "named"), [advised("changelog_no_database", "nowhere.db"), advised("changelog_database", "syncd.yaml")]
)
def test_another_file_is_named(made: Company, code: str, named: str) -> None:
    right = made.source["database"]
    made.set_source(database=str(made.config.with_name(named)))
    heard(code, made.syncd("check", expect=NEEDS_A_PERSON))
    made.set_source(database=right)
    made.syncd("check")


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        advised("changelog_no_table", "table: repair", "table: repairs"),
        advised("changelog_no_column", "code: text, name: text}", "code: text, name: text, title: text}"),
    ],
)
def test_a_name_is_wrong_in_the_mapping(made: Company, tmp_path: Path, code: str, right: str, wrong: str) -> None:
    made.set_source(mapping=variant(tmp_path, "wrong", right, wrong))
    heard(code, made.syncd("changelog install", expect=NEEDS_A_PERSON))
    made.set_source(mapping=DEMO)
    made.syncd("changelog install")
    made.syncd("check")


@advice("changelog_missing", "changelog_no_triggers", "changelog_uncovered")
def test_before_the_first_start(new: Company, tmp_path: Path) -> None:
    heard("changelog_missing", new.syncd("snapshot", expect=NEEDS_A_PERSON))
    new.syncd("changelog install")
    new.eam.execute("DROP TRIGGER syncd_asset_update")
    heard("changelog_no_triggers", new.syncd("snapshot", expect=NEEDS_A_PERSON))
    new.syncd("changelog install")
    new.eam.execute("ALTER TABLE transfer ADD note TEXT")
    new.set_source(
        mapping=variant(tmp_path, "wider", "to_department_id: integer", "to_department_id: integer, note: text")
    )
    new.syncd(f"mapping accept {BY}")
    heard("changelog_uncovered", new.syncd("snapshot", expect=NEEDS_A_PERSON))
    new.syncd("changelog install")
    new.syncd("snapshot")
    new.is_green()


@advice("changelog_no_triggers", "changelog_triggers_anew")
def test_triggers_are_dropped_when_they_were_read(made: Company) -> None:
    """`check` and the daemon each say it in their own words."""
    made.eam.execute("DROP TRIGGER syncd_asset_insert")
    made.register()
    assert "syncd_asset_insert" in made.syncd("check", expect=1)
    heard("changelog_triggers_anew", made.halted())
    made.syncd("changelog install")
    assert made.json(f"repair --yes {BY}")["tables"]["asset"]["inserted"] == 1
    made.goes_on()


@advice("changelog_no_column")
def test_a_column_bears_another_name_for_a_while(made: Company) -> None:
    with made.running():
        (asset,) = made.register()
        made.settled()
    made.eam.execute("ALTER TABLE asset RENAME original_value TO price")
    said = "price = '150000', changed_on = ?, correction = 'error', paid = '150000'"
    made.eam.execute(f"UPDATE asset SET {said} WHERE id = ?", (str(TODAY), asset))
    heard("changelog_no_column", made.halted())
    made.eam.execute("ALTER TABLE asset RENAME price TO original_value")
    made.syncd("changelog install")
    made.syncd(f"repair --force --yes {BY}")
    made.goes_on()


@advice("changelog_busy")
def test_the_eam_is_busy(made: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelog_sqlite, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(made.source["database"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        heard("changelog_busy", made.syncd("changelog install", expect=LATER))
        other.execute("ROLLBACK")
    made.syncd("changelog install")


@advice("changelog_rewound")
def test_the_eam_is_restored_from_an_older_copy(made: Company) -> None:
    made.eam.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    older = Path(made.source["database"]).with_name("older.db")
    shutil.copy(made.source["database"], older)
    with made.running():
        made.register(2)
        made.settled()
    made.eam.close()
    for left in ("-wal", "-shm"):
        Path(made.source["database"] + left).unlink(missing_ok=True)
    shutil.copy(older, made.source["database"])
    made.eam.open()
    heard("changelog_rewound", made.halted())
    made.syncd("repair --preview")
    assert made.json(f"repair --yes {BY}")["tables"]["asset"]["deleted"] == 2
    made.goes_on()


@advice("changelog_table_gone", "changelog_no_table")
@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_table_is_gone(made: Company, is_dropped: bool) -> None:
    with made.running():
        (asset,) = made.register()
        eam.repair(made.eam, asset, Decimal(100), Decimal(13), TODAY)
        made.settled()
    renamed = "ALTER TABLE repair RENAME TO repairs"
    heard("changelog_table_gone", made.halted(lambda: made.eam.execute(renamed)))
    heard("changelog_no_table", made.halted())
    if is_dropped:
        sql = str(made.eam.value("SELECT sql FROM sqlite_master WHERE name = 'repairs'"))
        made.eam.execute(sql.replace("repairs", "repair"))
        made.eam.execute("INSERT INTO repair SELECT * FROM repairs")
        made.eam.execute("DROP TABLE repairs")
        made.syncd("changelog install")
        made.syncd(f"repair --yes {BY}")
    else:
        made.eam.execute("ALTER TABLE repairs RENAME TO repair")
    made.goes_on()


@advice("changelog_snapshot_table")
@pytest.mark.parametrize("is_put_back", [True, False])
def test_a_snapshot_was_interrupted_in_a_table_that_is_tracked_no_more(
    new: Company, tmp_path: Path, is_put_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = "  vendor:\n    table: supplier\n    key: id\n    columns: {id: integer, code: text, name: text}\n"
    wider = variant(tmp_path, "wider", "\nreferences:\n", f"\nreferences:\n{vendor}")

    def interrupt(*_: object) -> None:
        if "vendor" in str(new.finance.value("SELECT position FROM syncd_pipeline")):
            raise KeyboardInterrupt

    new.limits = {"batch_changes_max": 1}
    new.set_source(mapping=wider)
    new.syncd("changelog install")
    new.syncd(f"mapping accept {BY}")
    with monkeypatch.context() as patched:
        patched.setattr(reader, "TRANSACTION_CHANGES_MAX", 1)  # or all is one transaction
        patched.setattr(passes.Shown, "__call__", interrupt)
        new.syncd("snapshot", expect=130)
    new.limits = {}
    new.set_source(mapping=variant(tmp_path, "narrower", vendor[:3], vendor[:3]))
    new.syncd(f"mapping accept {BY}")
    heard("changelog_snapshot_table", new.halted())
    if is_put_back:
        new.set_source(mapping=wider)
        new.syncd(f"mapping accept {BY}")
    else:
        new.syncd(f"snapshot --again --yes {BY}")
    with new.running():
        new.settled()
    new.is_green()
