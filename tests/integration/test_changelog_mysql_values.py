"""The change table in MariaDB: values of every type, and keys of every type that a snapshot goes on behind."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.changelog import source as changelog
from syncd.change import Change, Column, Kind, Malformed, Table
from tests.integration.changelog_mysql import WAIT_S, Eam
from tests.integration.eam import next_changes

CONTROLS = "".join(map(chr, range(1, 32)))
TYPES: Sequence[tuple[str, str, Kind, str, object]] = [
    ("INT(6) ZEROFILL", "12", Kind.INTEGER, "", 12),
    ("BIGINT UNSIGNED", "18446744073709551615", Kind.INTEGER, "", 18446744073709551615),
    ("BOOLEAN", "TRUE", Kind.BOOLEAN, "", True),
    ("BIT(1)", "b'1'", Kind.BOOLEAN, "", True),
    ("BIT(64)", "b'1" + "0" * 63 + "'", Kind.INTEGER, "", 2**63),
    (
        "DECIMAL(30, 10)",
        "'99999999999999999999.0123456789'",
        Kind.DECIMAL,
        "",
        Decimal("99999999999999999999.0123456789"),
    ),
    ("DECIMAL(18, 2)", "-0.10", Kind.DECIMAL, "money", Decimal("-0.10")),
    ("FLOAT", "1234.56", Kind.DECIMAL, "money", Decimal("1234.56")),
    ("DOUBLE", "1234567.89", Kind.DECIMAL, "money", Decimal("1234567.89")),
    ("DOUBLE", "0.1e0 + 0.2e0", Kind.DECIMAL, "", Malformed("0.30000000000000004", "malformed_float")),
    ("VARCHAR(50)", "'“𠮷” \\\\ '' \\\" 😀'", Kind.TEXT, "", "“𠮷” \\ ' \" 😀"),
    ("VARCHAR(50)", f"UNHEX('{CONTROLS.encode().hex()}')", Kind.TEXT, "", CONTROLS),
    ("VARCHAR(9)", "''", Kind.TEXT, "", ""),
    ("CHAR(9) CHARACTER SET gbk", "'车床'", Kind.TEXT, "", "车床"),
    ("TEXT CHARACTER SET latin1", "'é'", Kind.TEXT, "", "é"),
    ("JSON", '\'{"a": "\\\\"b\\\\""}\'', Kind.TEXT, "", '{"a": "\\"b\\""}'),
    ("ENUM('draft', '在用')", "'在用'", Kind.TEXT, "", "在用"),
    ("SET('a', 'b')", "'b,a'", Kind.TEXT, "", "a,b"),
    ("VARBINARY(9)", "'文'", Kind.TEXT, "", "文"),
    ("BLOB", "X'00FF'", Kind.TEXT, "", Malformed("\x00\\xff", "malformed_utf8")),
    ("DATE", "'2026-01-31'", Kind.DATE, "", date(2026, 1, 31)),
    ("DATE", "'0000-00-00'", Kind.DATE, "", Malformed("0000-00-00", "malformed_zero_date")),
    ("DATETIME(3)", "'2026-01-31 23:30:00.125'", Kind.TIMESTAMP, "", datetime(2026, 1, 31, 15, 30, 0, 125000, UTC)),
    ("TIMESTAMP(6) NULL", "'2026-01-31 23:30:00.5'", Kind.TIMESTAMP, "", datetime(2026, 2, 1, 4, 30, 0, 500000, UTC)),
    ("TIMESTAMP NULL", "0", Kind.TIMESTAMP, "", Malformed("0000-00-00 00:00:00", "malformed_zero_date")),
    ("TIME(1)", "'-12:30:00.5'", Kind.TEXT, "", "-12:30:00.5"),
    ("YEAR", "2026", Kind.INTEGER, "", 2026),
    ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", Kind.TEXT, "", "123e4567-e89b-12d3-a456-426655440000"),
    ("INT AS (id * 2) VIRTUAL", "DEFAULT", Kind.INTEGER, "", 2),
]
"""Type, value as SQL, what the mapping declares, what is said."""


def test_a_value_of_every_type_whatever_the_session_is_set_to(new_mariadb: Callable[[], str]) -> None:
    """Invariant 7: in the snapshot and in the stream alike."""
    table = Table(
        "all",
        "every type",
        (
            Column("id", Kind.INTEGER),
            *(Column(f"c'{n}\"", kind, form) for n, (_, _, kind, form, _) in enumerate(TYPES)),
        ),
        (0,),
    )
    listed = ", ".join(f"`c'{n}\"` {spelled}" for n, (spelled, *_) in enumerate(TYPES))
    eam = Eam(new_mariadb(), f"CREATE TABLE `every type` (id INT PRIMARY KEY, {listed})", table).install()
    clerk = eam.session(autocommit=True)
    clerk.run("SET time_zone = '-05:00', sql_mode = 'PAD_CHAR_TO_FULL_LENGTH', div_precision_increment = 0")
    with closing(eam.started()) as source:
        clerk.run(f"INSERT INTO `every type` VALUES (1, {', '.join(value for _, value, *_ in TYPES)})")
        clerk.run("INSERT INTO `every type` (id) VALUES (2)")
        clerk.run("DELETE FROM `every type` WHERE id = 2")
        full, empty, gone = next_changes(source, 3)
    with closing(eam.source()) as source:
        source.start(None)
        (read,) = next_changes(source, 1)
    eam.close()
    wanted = (1, *(value for *_, value in TYPES))
    assert full.after == wanted
    assert read.after == wanted
    assert empty.after == (2, *[None] * (len(TYPES) - 1), 4)
    assert gone.before == empty.after


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("BIGINT UNSIGNED", ["1", "9007199254740992", "9007199254740993", "18446744073709551615"]),
        ("BINARY(2)", ["X'0000'", "X'007F'", "X'2020'", "X'7A7A'"]),
        ("ENUM('z', 'b', 'a', 'y')", ["'z'", "'b'", "'a'", "'y'"]),
        ("TIMESTAMP(6)", [f"'2026-01-31 00:00:00.00000{n}'" for n in range(4)]),
        ("VARCHAR(9) COLLATE utf8mb4_general_ci", ["'B'", "'a'", "'c'", "'\\\\'"]),
    ],
)
def test_the_snapshot_goes_on_behind_any_key(
    new_mariadb: Callable[[], str], monkeypatch: pytest.MonkeyPatch, type: str, values: list[str]
) -> None:
    """Invariants 1 and 2: no row is left out or said twice, also after an interruption."""
    table = Table("row", "t", (Column("k", Kind.TEXT), Column("n", Kind.INTEGER)), (0, 1))
    eam = Eam(new_mariadb(), f"CREATE TABLE t (k {type}, n INT, PRIMARY KEY (k, n))", table).install()
    eam.run(f"INSERT INTO t VALUES {', '.join(f'({value}, {n})' for value in values for n in (9, 10, 11))}")
    monkeypatch.setattr(changelog, "ROWS_MAX", 2)
    reads: list[Change] = []
    position = None
    while position is None or position.startswith("r"):
        with closing(eam.source()) as source:
            source.start(position)
            found = source.read(WAIT_S)
            assert found is not None
            reads += found.changes
            position = found.position
    eam.close()
    assert len(reads) == len({change.after for change in reads}) == 3 * len(values)
