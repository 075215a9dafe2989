"""Each database's SQL: names, order, and portable statements as it is told them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from syncd.dialects import SPELLINGS, Dialect
from syncd.dialects.mysql import definitions, literal, spelled, spoken, tuples
from syncd.statements import script


@pytest.mark.parametrize(
    ("dialect", "statement", "table", "order"),
    [
        ("postgres", "SELECT 'FROM a.b', x FROM fin.card WHERE y = ANY(%s)", '"fin"."card"', 'x COLLATE "C"'),
        ("sqlite", "SELECT 'FROM a.b', x FROM fin_card WHERE y IN (SELECT value FROM json_each(?))", '"fin_card"', "x"),
        (
            "mysql",
            "SELECT 'FROM a.b', x FROM fin_card WHERE y IN (?)",
            '"fin_card"',
            "CAST(CONVERT(x USING utf8mb4) AS BINARY)",
        ),
    ],
)
def test_one_file_knows_how_a_database_is_spoken_to(dialect: Dialect, statement: str, table: str, order: str) -> None:
    """Texts stay as they are, whatever stands in them."""
    spelling = SPELLINGS[dialect]
    assert spelling.spelled("SELECT 'FROM a.b', x FROM fin.card WHERE y IN (?*)") == statement
    assert (spelling.table("fin.card"), spelling.by_bytes("x")) == (table, order)


def test_reserved_words_are_quoted_where_they_are_names() -> None:
    sql = "SELECT p.key, 'the key', \"key\" FROM syncd.posting p WHERE change = ?"
    assert spelled(sql) == 'SELECT p."key", \'the key\', "key" FROM syncd_posting p WHERE "change" = ?'


def test_a_list_stands_for_its_elements_and_an_empty_one_for_nothing() -> None:
    assert spoken("SELECT 1 FROM fin.card WHERE id IN (?*) AND n = ?", ([1, "it's"], None)) == (
        "SELECT 1 FROM fin_card WHERE id IN (1,'it''s') AND n = NULL"
    )
    assert spoken("SELECT 1 WHERE 1 IN (?*)", ([],)) == "SELECT 1 WHERE 1 IN (NULL)"


def test_a_conflict_is_settled_in_mysqls_words() -> None:
    counted = "INSERT INTO syncd.ignored (n) VALUES (?) ON CONFLICT (n) DO UPDATE SET c = syncd.ignored.c + excluded.c"
    assert spelled(counted).endswith("ON DUPLICATE KEY UPDATE c = syncd_ignored.c + VALUES(c)")
    assert spelled("INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a, b) DO NOTHING").endswith(
        "ON DUPLICATE KEY UPDATE a = a"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "1"),
        (-7, "-7"),
        (Decimal("1E+3"), "1000"),
        (Decimal("100.10"), "100.10"),
        ("a'b\\c", "'a''b\\c'"),
        (date(2026, 2, 3), "'2026-02-03'"),
        (datetime(2026, 2, 3, 4, 5, tzinfo=UTC), "'2026-02-03 04:05:00'"),
        (datetime(2026, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8))), "'2026-02-03 04:05:00'"),
    ],
)
def test_values_are_exact(value: object, text: str) -> None:
    """A time has the digits of its zone, which is that of the books: a DATETIME keeps them."""
    assert literal(value) == text


def test_a_column_that_keeps_moments_is_told_them_in_utc() -> None:
    """Time is where the books are: DATETIME and TIMESTAMP are given the same moment."""
    at = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=8)))
    assert list(tuples([(1, at, at)], moments=[2])) == ["(1,'2026-03-01 00:30:00','2026-02-28 16:30:00')"]


def test_a_float_is_no_value() -> None:
    """Invariant 7: money is a decimal from wire to table."""
    with pytest.raises(TypeError):
        literal(0.1)
    with pytest.raises(TypeError):
        list(tuples([(1, 0.1)]))  # type: ignore[list-item]


def test_rows_are_written_column_by_column() -> None:
    assert list(tuples([(1, "a'", None), (2, "b", Decimal("2.50"))])) == ["(1,'a''',NULL)", "(2,'b',2.50)"]


def test_an_indexed_text_has_a_width_and_any_other_may_be_long() -> None:
    made = definitions(
        script(
            "CREATE TABLE syncd.t (pipeline TEXT NOT NULL, key TEXT NOT NULL, note TEXT, PRIMARY KEY (pipeline));"
            "CREATE UNIQUE INDEX i ON syncd.t (key, pipeline) WHERE note <> '';"
            "ALTER TABLE syncd.t ADD COLUMN more TEXT;"
            "ALTER TABLE syncd.t ADD COLUMN said TEXT NOT NULL DEFAULT ''"
        ),
        "utf8mb4_bin",
    )
    table, index, more, said = made
    assert "pipeline VARCHAR(128) NOT NULL, key VARCHAR(512) NOT NULL, note LONGTEXT," in table
    assert table.endswith("ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    assert index == "CREATE UNIQUE INDEX i ON syncd.t (key, pipeline)"
    assert more.endswith("more LONGTEXT")
    assert said.endswith("said VARCHAR(512) NOT NULL DEFAULT ''")
