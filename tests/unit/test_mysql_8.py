"""What MySQL 8 minds and MariaDB, on which we are tried, does not: words that it alone reserves, a temporary table that
is named twice in a statement."""

import re
from typing import Final

import pytest

from connectors.ledger.mysql import _merge
from syncd.dialects.mysql import spelled
from tests.tidy.tree import ROOT

_WORDS: Final = (
    "cube cume_dist dense_rank empty except first_value function groups grouping intersect json_table lag last_value"
    " lateral lead library manual nth_value ntile of over parallel percent_rank qualify rank recursive row row_number"
    " rows system tablesample window"
)
RESERVED: Final = frozenset(_WORDS.split())
"""Reserved in MySQL 8.0 to 9, from its reference manual, chapter “Keywords and Reserved Words”; not all of them are in
MariaDB 10.11."""
_NO_NAME: Final = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"")


def test_none_of_our_names_is_a_word_that_mysql_reserves() -> None:
    """Keywords of our SQL are written in capitals, names are not: of names that are such words each is quoted."""
    files = [*(ROOT / "migrations").rglob("*.sql"), *(ROOT / "syncd").rglob("*.sql"), *ROOT.glob("connectors/**/*.sql")]
    assert len(files) > 20
    for file in files:
        bare = _NO_NAME.sub(
            "", spelled(_NO_NAME.sub(lambda m: "" if m[0][0] == "-" else m[0], file.read_text("utf-8")))
        )
        found = RESERVED.intersection(re.findall(r"\b[a-z_]+\b", bare))
        assert not found, (file.name, sorted(found))


def test_a_reserved_name_is_quoted() -> None:
    """Else the test above would see nothing."""
    assert spelled("SELECT rank, groups FROM syncd.x") == 'SELECT "rank", "groups" FROM syncd_x'


@pytest.mark.parametrize("verb", ["upsert", "update", "delete"])
def test_a_statement_names_the_stage_once(verb: str) -> None:
    """MySQL cannot open a temporary table twice in one (error 1137)."""
    statements = list(_merge("fin.card", ("code", "name"), ("code",), verb, "syncd_stage_0"))
    assert statements
    assert [statement.count("syncd_stage_0") for statement in statements] == [1] * len(statements)
