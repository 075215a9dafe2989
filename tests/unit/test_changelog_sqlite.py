"""The change table in SQLite: what its triggers write, what its reader makes of it, how it is kept in order."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.changelog import source as changelog
from connectors.changelog.position import at
from syncd.change import ABSENT, Change, Column, Kind, Malformed, Position, Row, Table
from syncd.errors import Fault, Gap, Halt
from syncd.ports import Source

ASSET = Table(
    "asset",
    "asset",
    (Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("value", Kind.DECIMAL, "money")),
    (0,),
)
TABLES = {"asset": ASSET}


class Eam:
    """A SQLite file with one table, and people who write to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("CREATE TABLE asset (id INTEGER PRIMARY KEY, name TEXT, value, remark TEXT)")
        self.settings = changelog.Settings("sqlite", str(path), prune_rows_max=0)

    def run(self, sql: str, *params: object) -> list[tuple[object, ...]]:
        return self.db.execute(sql, params).fetchall()

    def fill(self, count: int) -> None:
        """Devices 1 to `count`, in one transaction."""
        self.run("BEGIN")
        self.db.executemany("INSERT INTO asset (id, name) VALUES (?, 'old')", [(i,) for i in range(1, count + 1)])
        self.run("COMMIT")

    def source(self, tables: dict[str, Table] = TABLES, pipeline: str = "main") -> Source:
        return changelog.connect(self.settings, tables, pipeline)

    def findings(self, tables: dict[str, Table] = TABLES) -> list[str]:
        with closing(self.source(tables)) as source:
            return [finding.code for finding in source.check()]

    def said(self, after: int = 0) -> list[Change]:
        """What a reader that starts behind a number is told."""
        with closing(self.source()) as source:
            source.start(at(after))
            return _all(source)


def _all(source: Source) -> list[Change]:
    changes: list[Change] = []
    while (said := source.read(0)) is not None:
        changes += said.changes
    return changes


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Eam]:
    eam = Eam(tmp_path / "设备 eam#1.db")
    yield eam
    eam.db.close()


@pytest.fixture
def eam(bare: Eam) -> Eam:
    changelog.install(bare.settings, TABLES)
    return bare


def row(number: int, name: str | None, value: str | None = None) -> Row:
    return (number, name, value and Decimal(value))


# What the triggers write ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recursive", [False, True])
def test_replacing_a_row_is_an_update(eam: Eam, recursive: bool) -> None:
    """Invariant 1: SQLite does not tell the delete trigger of a row that is replaced."""
    eam.run(f"PRAGMA recursive_triggers = {int(recursive)}")
    eam.run("INSERT INTO asset (id, name) VALUES (1, 'a')")
    eam.run("REPLACE INTO asset (id, name) VALUES (1, 'b'), (2, 'c')")
    images: dict[object, Row] = {}
    for change in eam.said():
        if change.before:
            assert images.pop(change.before[0]) == change.before
        if change.after:
            assert change.after[0] not in images
            images[change.after[0]] = change.after
    assert images == {1: row(1, "b"), 2: row(2, "c")}


def test_what_did_not_happen_is_not_said(eam: Eam) -> None:
    eam.run("INSERT INTO asset (id, name) VALUES (1, 'a')")
    eam.run("INSERT OR IGNORE INTO asset (id, name) VALUES (1, 'ignored')")
    eam.run("BEGIN")
    eam.run("INSERT INTO asset (id, name) VALUES (2, 'rolled back')")
    eam.run("ROLLBACK")
    eam.run("INSERT INTO asset (id, name) VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name")
    eam.run("INSERT INTO asset (id, name) VALUES (3, 'c')")
    said = [(c.op, c.before, c.after) for c in eam.said()]
    assert said == [
        ("insert", None, row(1, "a")),
        ("update", row(1, "a"), row(1, "b")),
        ("insert", None, row(3, "c")),
    ]


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (1500, Decimal(1500)),
        (1500.25, Decimal("1500.25")),
        (99999999999.99, Decimal("99999999999.99")),
        ("150000.10", Decimal("150000.10")),
        (None, None),
        (0.1 + 0.2, Malformed("0.30000000000000004", "malformed_float")),
        (1 / 3, Malformed(repr(1 / 3), "malformed_float")),
        (0.125, Malformed("0.125", "malformed_places")),
        (float("inf"), Malformed("inf", "malformed_unending")),
        ("十五万", Malformed("十五万", "malformed_number")),
    ],
)
def test_money_is_exact_or_malformed(eam: Eam, stored: object, read: object) -> None:
    """Invariant 7: a REAL stands for the decimal that it is the nearest to, if that is plain; never for a guess."""
    eam.run("INSERT INTO asset VALUES (1, 'a', ?, NULL)", stored)
    (change,) = eam.said()
    assert change.after is not None
    assert change.after[2] == read
    assert change.flawed == isinstance(read, Malformed)


def test_the_eam_may_write_whatever_it_likes(eam: Eam) -> None:
    """A trigger never fails the EAM's own write, and one bad value spoils no other."""
    eam.run("INSERT INTO asset VALUES (1, ?, ?, NULL)", "quote \"' \\ \n\t\x01车", b"\xff\x00")
    eam.run("INSERT INTO asset VALUES (2, CAST(x'ff' AS TEXT), ?, NULL)", float("-inf"))
    first, second = eam.said()
    assert first.after is not None
    assert first.after[1] == "quote \"' \\ \n\t\x01车"
    assert isinstance(first.after[2], Malformed)
    assert second.after is not None
    assert second.after[:2] == (2, Malformed("\\xff", "malformed_utf8"))


def test_names_of_any_kind(bare: Eam) -> None:
    bare.run('CREATE TABLE "设备 ""卡""" ("编 号" INTEGER PRIMARY KEY, "o\'clock */" TEXT)')
    odd = Table("odd", '设备 "卡"', (Column("编 号", Kind.INTEGER), Column("o'clock */", Kind.TEXT)), (0,))
    changelog.install(bare.settings, {"odd": odd})
    assert bare.findings({"odd": odd}) == ["changelog_covered"]
    with closing(bare.source({"odd": odd})) as source:
        source.start(None)
        bare.run('INSERT INTO "设备 ""卡""" VALUES (1, \'x\')')
        assert [c.after for c in _all(source)] == [(1, "x")]


# The snapshot -----------------------------------------------------------------------------------------------------


def test_the_snapshot_is_as_of_its_beginning_and_keeps_no_one_from_writing(eam: Eam) -> None:
    """Invariant 1, in the journal mode in which an open read would block every commit."""
    eam.run("PRAGMA journal_mode = DELETE")
    eam.fill(3000)
    with closing(eam.source()) as source:
        source.start(None)
        first = source.read(0)
        assert first is not None
        eam.run("UPDATE asset SET name = 'new' WHERE id IN (1, 2999)")
        eam.run("DELETE FROM asset WHERE id IN (2, 2998)")
        eam.run("UPDATE asset SET id = 9000 WHERE id = 2997")
        eam.run("INSERT INTO asset (id, name) VALUES (2998, 'again'), (8000, 'later')")
        changes = [*first.changes, *_all(source)]
    reads = [change.after for change in changes if change.op == "read"]
    assert len(reads) == 3000, "each once, also those that were said before they changed"
    assert set(reads) == {row(i, "old") for i in range(1, 3001)}
    assert [c.op for c in changes if c.op != "read"] == ["update"] * 2 + ["delete"] * 2 + ["update"] + ["insert"] * 2


def test_the_snapshot_says_how_far_it_is(eam: Eam) -> None:
    eam.fill(2500)
    with closing(eam.source()) as source:
        source.start(None)
        source.read(0)
        assert source.lag().note == {"table": "asset", "rows": "2000", "rows_total": "2500"}
        _all(source)
        assert source.lag().note == {}


def test_a_snapshot_of_a_table_that_the_mapping_lost_is_refused(eam: Eam) -> None:
    with closing(eam.source()) as source:
        source.start(Position("r0000000000000000.0000000001.gone.[1]"))
        with pytest.raises(Halt, match="changelog_snapshot_table"):
            source.read(0)


# Keeping it in order ----------------------------------------------------------------------------------------------


def test_a_dry_run_installs_nothing(bare: Eam) -> None:
    statements = changelog.install(bare.settings, TABLES, dry_run=True)
    assert any(sql.startswith("CREATE TRIGGER") for sql in statements)
    assert bare.run("SELECT name FROM sqlite_master WHERE name LIKE 'syncd%'") == []


@pytest.mark.parametrize("name", ["changelog_no_table", "changelog_no_column"])
def test_what_is_not_there_is_refused_before_it_can_hurt(bare: Eam, name: str) -> None:
    """SQLite would take the trigger, and fail the EAM's next write."""
    named = "nowhere" if name == "changelog_no_table" else "asset"
    wrong = Table("asset", named, (*ASSET.columns, Column("missing", Kind.TEXT)), (0,))
    with pytest.raises(Halt, match=name):
        changelog.install(bare.settings, {"asset": wrong})
    assert bare.findings({"asset": wrong}) == ["changelog_missing"]
    changelog.install(bare.settings, TABLES)
    assert bare.findings({"asset": wrong}) == [name]


def test_a_view_is_no_table_whose_changes_could_be_told(bare: Eam) -> None:
    """Invariant 15: neither `install` nor the check advises triggers that SQLite refuses a view."""
    bare.run("CREATE VIEW seen AS SELECT * FROM asset")
    view = {"asset": Table("asset", "seen", ASSET.columns, (0,))}
    with pytest.raises(Halt, match="changelog_no_table"):
        changelog.install(bare.settings, view)
    changelog.install(bare.settings, TABLES)
    assert bare.findings(view) == ["changelog_no_table"]


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("DROP TRIGGER syncd_asset_delete", "changelog_no_triggers"),
        ("DROP TRIGGER syncd_asset_insert", "changelog_no_triggers"),
        ("DROP TABLE syncd_changelog", "changelog_missing"),
    ],
)
def test_a_finding_carries_its_repair(eam: Eam, damage: str, code: str) -> None:
    eam.run(damage)
    with closing(eam.source()) as source:
        (finding,) = source.check()
    assert finding.code == code
    eam.db.executescript(finding.repair)
    assert eam.findings() == ["changelog_covered"]


def test_an_altered_trigger_is_found(eam: Eam) -> None:
    ((sql,),) = eam.run("SELECT sql FROM sqlite_master WHERE name = 'syncd_asset_update'")
    eam.run("DROP TRIGGER syncd_asset_update")
    eam.run(str(sql).replace("'update'", "'insert'"))
    assert eam.findings() == ["changelog_no_triggers"]


def test_another_mapping_widens_the_triggers_and_narrows_none(eam: Eam) -> None:
    other = Table("asset", "asset", (Column("id", Kind.INTEGER), Column("remark", Kind.TEXT)), (0,))
    assert eam.findings({"asset": other}) == ["changelog_uncovered"]
    changelog.install(eam.settings, {"asset": other})
    assert eam.findings({"asset": other}) == eam.findings() == ["changelog_covered"]


def test_rows_from_before_a_column_was_covered_do_not_invent_it(eam: Eam) -> None:
    """Invariant 7: not carried is not NULL."""
    eam.run("INSERT INTO asset VALUES (1, 'a', 1, 'remark')")
    wider = Table("asset", "asset", (*ASSET.columns, Column("remark", Kind.TEXT)), (0,))
    changelog.install(eam.settings, {"asset": wider})
    with closing(eam.source({"asset": wider})) as source:
        source.start(at(0))
        (change,) = _all(source)
    assert change.after == (1, "a", Decimal(1), ABSENT)
    assert change.flawed


def test_only_what_every_pipeline_acknowledged_is_pruned(eam: Eam) -> None:
    """Invariant 1."""
    with closing(eam.source()) as one, closing(eam.source(pipeline="other")) as other:
        one.start(None)
        other.start(None)
        eam.fill(3)
        one.ack(at(3))
        other.ack(at(2))
    assert changelog.prune(eam.settings, dry_run=True) == 2
    assert changelog.prune(eam.settings) == 2
    assert eam.run("SELECT seq FROM syncd_change") == [(3,)]
    with closing(eam.source()) as late, pytest.raises(Halt, match="changelog_pruned"):
        late.start(at(1))


def test_the_daemon_prunes_a_little_at_a_time(eam: Eam) -> None:
    settings = changelog.Settings("sqlite", str(eam.path), prune_rows_max=2)
    with closing(changelog.connect(settings, TABLES, "main")) as source:
        source.start(None)
        eam.fill(3)
        source.ack(at(3))
    assert eam.run("SELECT seq FROM syncd_change") == [(3,)]


def test_an_eam_that_is_just_writing_is_not_waited_for(eam: Eam) -> None:
    """The mark is made next time."""
    with closing(eam.source()) as source:
        source.start(None)
        eam.run("BEGIN IMMEDIATE")
        source.ack(at(0))
        eam.run("COMMIT")


def test_an_eam_restored_from_an_older_copy_is_refused(eam: Eam, tmp_path: Path) -> None:
    """Its numbers would be given a second time, and the changes behind them never be read."""
    shutil.copy(eam.path, tmp_path / "backup.db")
    eam.run("INSERT INTO asset (id) VALUES (1)")
    eam.said()
    settings = changelog.Settings("sqlite", str(tmp_path / "backup.db"))
    with closing(changelog.connect(settings, TABLES, "main")) as source, pytest.raises(Halt, match="changelog_rewound"):
        source.start(at(1))


def test_a_change_table_that_was_made_anew_is_another_one(eam: Eam) -> None:
    with closing(eam.source()) as source:
        was = source.identity()
    changelog.remove(eam.settings, TABLES)
    assert eam.run("SELECT name FROM sqlite_master WHERE name LIKE 'syncd%'") == []
    changelog.install(eam.settings, TABLES)
    with closing(eam.source()) as source:
        assert source.identity() != was


def test_tables_of_others_stay_when_one_is_removed(eam: Eam) -> None:
    eam.run("CREATE TABLE more (id INTEGER PRIMARY KEY)")
    more = {"more": Table("more", "more", (Column("id", Kind.INTEGER),), (0,))}
    changelog.install(eam.settings, more)
    changelog.remove(eam.settings, more)
    assert eam.findings() == ["changelog_covered"]


@pytest.mark.parametrize("name", ["no such file.db", "a directory"])
def test_a_wrong_path_is_said_plainly(tmp_path: Path, name: str) -> None:
    (tmp_path / "a directory").mkdir()
    with pytest.raises(Fault, match="changelog_no_database"):
        changelog.connect(changelog.Settings("sqlite", str(tmp_path / name)), TABLES, "main")


def test_a_file_that_is_no_database_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "eam.db").write_text("Excel" * 1000)
    source = changelog.connect(changelog.Settings("sqlite", str(tmp_path / "eam.db")), TABLES, "main")
    with closing(source), pytest.raises(Halt, match="changelog_database"):
        source.check()


def test_nothing_starts_without_a_change_table(bare: Eam) -> None:
    with closing(bare.source()) as source, pytest.raises(Halt, match="changelog_missing"):
        source.start(None)


def test_a_change_table_that_is_gone_is_never_caught_up_with(eam: Eam) -> None:
    """Invariant 14: it has no last number, as one in which nothing was written yet."""
    with closing(eam.source()) as source:
        source.start(at(0))
        eam.run("INSERT INTO asset (id, name) VALUES (1, 'a')")
        eam.run("DROP TABLE syncd_change")
        for ask in (source.end, source.lag, lambda: source.read(1), lambda: source.ack(at(1))):
            with pytest.raises(Halt) as halt:
                ask()
            assert halt.value.code == "changelog_missing", halt.value.params


def test_a_change_table_made_anew_is_told_from_the_one_before(eam: Eam) -> None:
    """Invariant 14: its numbers have come as far as those that were read by the time that anybody looks."""
    with closing(eam.source()) as source:
        source.start(None)
        eam.run("INSERT INTO asset (id, name) VALUES (1, 'a')")
        _all(source)
        eam.run("DROP TABLE syncd_change")
        changelog.install(eam.settings, TABLES)
        eam.run("SELECT 1 FROM sqlite_master")  # who dropped it looks again what is there
        eam.run("INSERT INTO asset (id, name) VALUES (2, 'b'), (3, 'c')")
        with pytest.raises(Gap) as gap:
            _all(source)
        assert gap.value.code == "changelog_anew"
