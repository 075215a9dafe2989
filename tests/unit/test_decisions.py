"""Decision tables and crosswalks: what a table answers, and what is wrong with one, by file and line."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from syncd import language
from syncd.change import Kind
from syncd.errors import MappingError
from syncd.mapping.expression.parse import RUNTIME, Missing, Name, parse
from syncd.mapping.language.decisions import Decision, read_crosswalk, read_decision

Write = Callable[[str | bytes], Path]

DISPOSAL = """standard,kind,result,account
ASBE,sale,gain,6115
ASBE,sale,loss,6115
ASBE,scrap,*,6711
SBE,*,gain,6301
*,*,loss,6711
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def table(path: Path, *keys: str, gives: str = "account") -> Decision:
    decision, errors = read_decision("account_of", path, keys, gives)
    assert not errors
    return decision


def wrong(path: Path, *keys: str, gives: str = "account") -> list[tuple[str, int]]:
    """Codes and lines of what is wrong; every message is said in both languages, with a hint."""
    return said(path, read_decision("account_of", path, keys, gives)[1])


def said(path: Path, errors: list[MappingError]) -> list[tuple[str, int]]:
    for error in errors:
        for spoken in ("en", "zh"):
            text = language.say(error.code, error.params, spoken) + language.hint(error.code, error.params, spoken)
            assert error.code not in text
            assert "{" not in text
            assert language.hint(error.code, error.params, spoken)
        assert error.where.startswith(f"{path}:")
    return [(e.code, int(e.where.rpartition(":")[2])) for e in errors]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "as spreadsheets save it"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_answers_by_its_key(write: Write, mark: bytes, end: str) -> None:
    path = write(mark + end.join(["性质,科目", "生产 ,5101", ",,", "", "管理,6602", ""]).replace(",,", ",").encode())
    decision = table(path, "性质", gives="科目")
    assert decision.look_up("生产") == "5101"
    assert decision.look_up("管理") == "6602"


def test_a_missing_key_names_the_table_and_the_key(write: Write) -> None:
    decision = table(write(DISPOSAL), "standard", "kind", "result")
    with pytest.raises(Missing) as caught:
        decision.look_up("IFRS", None, "gain")
    assert (caught.value.table, caught.value.key) == ("account_of", "IFRS, NULL, gain")


def test_what_says_more_wins_over_any_other(write: Write) -> None:
    decision = table(
        write("kind,workshop,account\n*,*,6602\nproduction,*,5101\nproduction,2,5102\n"), "kind", "workshop"
    )
    assert decision.look_up("production", "2") == "5102"
    assert decision.look_up("production", "1") == "5101"
    assert decision.look_up("sales", "2") == "6602"
    assert decision.look_up(None, None) == "6602"


def test_an_empty_key_cell_is_empty_text_or_null(write: Write) -> None:
    decision = table(write("kind,account\n,1604\nproduction,5101\n"), "kind")
    assert decision.look_up(None) == decision.look_up("") == "1604"


def test_two_rows_that_answer_one_key_differently_are_refused(write: Write) -> None:
    text = "kind,result,account\nsale,*,6115\n*,loss,6711\n"
    assert wrong(write(text), "kind", "result") == [("decision_ambiguous", 3)]
    assert wrong(write(text + "sale,loss,6711\n"), "kind", "result") == []
    assert wrong(write(text.replace("6711", "6115")), "kind", "result") == [], "they agree"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [("decision_no_rows", 1)]),
        ("kind,account\n", [("decision_no_rows", 1)]),
        ("sort,account\na,1\n", [("decision_column", 1)]),
        ("kind,sort\na,1\n", [("decision_column", 1)]),
        ("kind,kind,account\na,b,1\n", [("decision_column_twice", 1)]),
        ("kind,account\na,1\na,2\nb,1\nb,1\n", [("decision_key_twice", 3), ("decision_key_twice", 5)]),
        (
            "kind,account\na,1\nb\nc,1,2\nd,\n",
            [("decision_cells", 3), ("decision_cells", 4), ("decision_empty_cell", 5)],
        ),
        ('kind,account\n"a\nb",1\n"c"d,1\n', [("decision_csv", 4)]),
        ('kind,account\na,"1\n', [("decision_csv", 2)]),
        ("kind,account\na,1\n生产,5101\n".encode("gbk"), [("file_not_utf8", 3)]),
        (b"kind,account\na,\xff\n", [("file_not_utf8", 2)]),
    ],
)
def test_what_is_wrong_with_a_table_is_said_by_line(
    write: Write, content: str | bytes, expected: list[tuple[str, int]]
) -> None:
    assert wrong(write(content), "kind") == expected


def test_a_file_that_is_not_there_is_an_error_of_the_mapping(tmp_path: Path) -> None:
    _, errors = read_decision("account_of", tmp_path / "none.csv", ["kind"], "account")
    assert [e.code for e in errors] == ["file_unreadable"]


def test_a_crosswalk_gives_the_unified_code(write: Write) -> None:
    path = write("old_code,code\nSC-001,FA-SC-001\nFA-023,FA-SC-002\n")
    crosswalk, errors = read_crosswalk("unified_code", path, "old_code", "code")
    assert not errors
    assert crosswalk.look_up("SC-001") == "FA-SC-001"
    with pytest.raises(Missing, match="SC-009"):
        crosswalk.look_up("SC-009")


def test_an_ambiguous_crosswalk_is_refused(write: Write) -> None:
    path = write("old_code,code\nSC-001,FA-1\nSC-002,FA-1\nSC-001,FA-3\n,FA-4\n")
    _, errors = read_crosswalk("unified_code", path, "old_code", "code")
    assert said(path, errors) == [("decision_empty_cell", 5), ("decision_key_twice", 4), ("crosswalk_ambiguous", 3)]
    _, errors = read_crosswalk("unified_code", path, "old_code", "code", many=True)
    assert said(path, errors) == [("decision_empty_cell", 5), ("decision_key_twice", 4)]


def test_a_table_answers_alike_in_sql(write: Write) -> None:
    """The reconciler asks the database, the stream asks Python: one table, one answer; what is missing is NULL."""
    decision = table(write(DISPOSAL + "O'Neil,,x\\y,'1'\n"), "standard", "kind", "result")
    scope = {name: Name(name, Kind.TEXT, name) for name in ("a", "b", "c")}
    expression = parse("account_of(a, b, c)", scope, {"account_of": decision.function})
    compute = eval(f"lambda a, b, c: {expression.python()}", {**RUNTIME, decision.function.python: decision.look_up})
    values = [None, "", "ASBE", "SBE", "sale", "scrap", "gain", "loss", "O'Neil", "x\\y", "*"]
    with closing(sqlite3.connect(":memory:")) as connection:
        for key in product(values, repeat=3):
            asked = connection.execute(f"SELECT {expression.sql('sqlite')} FROM (SELECT ? a, ? b, ? c)", key)
            try:
                answer = compute(*key)
            except Missing:
                answer = None
            assert asked.fetchone() == (answer,), key


def test_a_key_may_be_a_number(write: Write) -> None:
    decision = table(write("status,account\n1,1601\n2,1604\n"), "status")
    expression = parse("account_of(n)", {"n": Name("n", Kind.INTEGER)}, {"account_of": decision.function})
    assert eval(expression.python(), {**RUNTIME, decision.function.python: decision.look_up, "n": 2}) == "1604"
