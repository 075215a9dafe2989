"""Dates and times of an EAM on SQLite, which keeps them as text in whatever way they were written."""

import sqlite3

import pytest

from syncd.change import Kind
from syncd.mapping.expression.parse import Name, parse
from syncd.mapping.expression.sqlite import register_sqlite

SCOPE = {"seen": Name("seen", Kind.TIMESTAMP, "seen"), "left_at": Name("left_at", Kind.TIMESTAMP, "left_at")}


def answered(text: str, seen: str, left_at: str) -> object:
    with sqlite3.connect(":memory:") as eam:
        register_sqlite(eam)
        eam.execute("CREATE TABLE r (seen text, left_at text)")
        eam.execute("INSERT INTO r VALUES (?, ?)", (seen, left_at))
        ((value,),) = eam.execute(f"SELECT {parse(text, SCOPE, {}).sql('sqlite')} FROM r").fetchall()
    eam.close()
    return value


@pytest.mark.parametrize(
    ("seen", "left_at"),
    [
        ("2026-03-01 08:00:00", "2026-03-01 08:00:00.000000"),
        ("2026-03-01 08:00:00", "2026-03-01T08:00:00"),
        ("2026-03-01 08:00", "2026-03-01 08:00:00.0"),
        ("2026-03-01", "2026-03-01 00:00:00"),
    ],
)
def test_one_moment_written_in_two_ways_is_one(seen: str, left_at: str) -> None:
    """As texts they differ, and one of them comes first: the reconciler would find what is not."""
    assert answered("seen = left_at", seen, left_at) == 1
    assert answered("seen < left_at", seen, left_at) == 0
    assert answered("seen > left_at", seen, left_at) == 0
    assert answered("seen IS DISTINCT FROM left_at", seen, left_at) == 0
    assert answered("seen IN (left_at)", seen, left_at) == 1
    assert answered("NULLIF(seen, left_at)", seen, left_at) is None


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-03-01T07:00:00", "2026-03-01 08:00:00"),  # as texts, T comes after a blank
        ("2026-03-01 08:00:00", "2026-03-01 08:00:00.5"),
        ("2026-03-01 08:00:00.25", "2026-03-01 08:00:00.500000"),
    ],
)
def test_the_earlier_moment_is_less_however_it_is_written(earlier: str, later: str) -> None:
    assert answered("seen < left_at", earlier, later) == 1
    assert answered("GREATEST(seen, left_at) = left_at", earlier, later) == 1
    assert answered("seen BETWEEN left_at AND left_at", earlier, later) == 0
