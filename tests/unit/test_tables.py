"""A decision table goes to a spreadsheet and comes back, and into its file: no cell is lost, made up or a formula."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd import trial
from syncd.errors import MappingError, MappingErrors
from syncd.files import shipped
from syncd.mapping.language import load
from syncd.mapping.language.decisions import records_of
from syncd.mapping.tables import carried, changed, named, sheet
from tests.console.site import MAPPING
from tests.unit import lab

PATH = Path("table.csv")
CELL = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=6).map(str.strip)
CHINESE = st.text("机床科目, 生产\"'=+-@\n", max_size=6).map(str.strip)


def cells(width: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.tuples(*[CELL | CHINESE] * width).filter(any)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[str, ...]], str, bool]:
    """Rows, the first of which is the header, the end of lines, and whether the file begins with the mark."""
    width = draw(st.integers(1, 4))
    return (
        draw(st.lists(cells(width), min_size=2, max_size=6)),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.booleans()),
    )


def written(rows: list[tuple[str, ...]], end: str, marked: bool) -> bytes:
    return (sheet.MARK if marked else b"") + "".join(sheet.line(row) + end for row in rows).encode()


@settings(max_examples=40)
@given(tables(), st.sampled_from(carried.ENCODINGS))
def test_any_table_is_the_same_when_it_comes_back(
    table: tuple[list[tuple[str, ...]], str, bool], encoding: carried.Encoding
) -> None:
    """In either encoding, found out; and no cell begins as a formula does."""
    content = written(*table)
    known = sheet.read(PATH, content)
    assert [known.header, *(row.cells for row in known.rows)] == table[0]
    sent = carried.sent(known, encoding)
    text, found = carried.text_of(PATH, sent, None, content.decode("utf-8-sig"))
    came = carried.unmarked(PATH, text)
    assert carried.rows_of(PATH, came, known) == [row.cells for row in known.rows]
    assert [line for line, _ in records_of(PATH, came)] == [line for line, _ in records_of(PATH, text)]
    assert found == encoding or text.isascii()
    for row in csv.reader(text.splitlines(keepends=True), strict=True):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert sheet.write(known, carried.rows_of(PATH, came, known)) == content


@settings(max_examples=40)
@given(tables(), st.data())
def test_what_is_not_touched_stays_as_it_is_written(
    table: tuple[list[tuple[str, ...]], str, bool], data: st.DataObject
) -> None:
    """Rows are taken out and put in; mark, line ends and every other row are as they were, and a second change back
    is the first file."""
    content = written(*table)
    known = sheet.read(PATH, content)
    rows = [row.cells for row in known.rows]
    more = data.draw(st.lists(cells(len(known.header)), max_size=3))
    at = data.draw(st.integers(0, len(rows)))
    other = sheet.write(known, [*rows[:at], *more, *rows[at:]])
    again = sheet.read(PATH, other)
    assert [row.cells for row in again.rows] == [*rows[:at], *more, *rows[at:]]
    assert (again.head, again.is_marked) == (known.head, known.is_marked)
    assert sheet.write(again, rows) == content
    found = changed.difference(known, again, known.header)
    assert found.counts["added"] == len(more)
    assert len(found.changes) == len(more)


def test_blank_lines_quotes_and_a_last_line_without_end_stay() -> None:
    content = b'\xef\xbb\xbfkey,gives\r\n\r\n"a",1\r\n\r\nb,2'
    known = sheet.read(PATH, content)
    assert [(row.line, row.cells) for row in known.rows] == [(3, ("a", "1")), (5, ("b", "2"))]
    assert sheet.write(known, [("a", "1"), ("b", "3")]) == content.replace(b"b,2", b"b,3")
    assert sheet.write(known, [("a", "1"), ("b", "2"), ("c", "4")]) == content + b"\r\nc,4"


def test_a_cell_in_the_wrong_encoding_is_told_by_line_and_cell() -> None:
    """Chinese in UTF-8 with one byte lost is not taken for GBK, which knows almost any pair of bytes."""
    content = 'key,gives\n生产,1\n"销售,部门",管理'.encode()[:-1]
    with pytest.raises(MappingError) as wrong:
        carried.text_of(PATH, content, None, "")
    assert (wrong.value.where, wrong.value.params["column"]) == ("table.csv:3", "2")


def test_a_row_that_changes_is_told_cell_by_cell() -> None:
    was = sheet.read(PATH, b"key,gives\na,1\nb,2\nc,3\n")
    now = sheet.read(PATH, b"key,gives\nb,2\na,9\nd,4\n")
    found = changed.difference(was, now, ["key"])
    told = [(one.kind, [*one.cells]) for one in found.changes]
    assert told == [
        ("changed", [("a", "a"), ("1", "9")]),
        ("added", [("", "d"), ("", "4")]),
        ("removed", [("c", ""), ("3", "")]),
    ]


def test_what_is_tried_is_what_would_be_loaded(tmp_path: Path) -> None:
    """A draft has the hash that its file will have, also where a case has other constants; the file is not touched."""
    decided = MAPPING.replace("account: \"'1601'\"", "account: asset_account(after.dept)")
    named_here = (
        "constants: {standard: ASBE}\ndecisions: {asset_account: {file: a.csv, keys: [dept], gives: account}}\n"
    )
    (tmp_path / "mapping.yaml").write_text(decided + named_here, "utf-8")
    (tmp_path / "finance.yaml").write_text(lab.FINANCE, "utf-8")
    (tmp_path / "a.csv").write_text("dept,account\nSC,1601\n", "utf-8")
    other = b"dept,account\nSC,1604\n"
    now = load.load(tmp_path / "mapping.yaml")
    draft = load.load(tmp_path / "mapping.yaml", drafts={tmp_path / "a.csv": other})
    assert draft.accounts.keys() - now.accounts.keys() == {"1604"}
    under = draft.under({"standard": "SBE"})
    assert (under.file.constants, "1604" in under.accounts) == ({"standard": "SBE"}, True)
    (tmp_path / "a.csv").write_bytes(other)
    assert now.hash != draft.hash == load.load(tmp_path / "mapping.yaml").hash


def test_every_shipped_table_is_read_by_somebody() -> None:
    """Rules that call it, whatever stands in quotes; the role table first."""
    mapping = load.load(shipped("mappings", "demo.yaml"))
    first, *_ = named.tables(mapping)
    assert first.names == ("account",)
    assert "reconcile" in named.table(mapping, "books").readers
    assert named.table(mapping, "demo/acquisition.csv").gives == ("role", "movement", "word")
    assert named.table(mapping, "acquired_word") == named.table(mapping, "demo/acquisition.csv")
    assert all(one.readers for one in named.tables(mapping))
    for one in named.tables(mapping):
        content = one.path.read_bytes()
        known = sheet.read(one.path, content)
        assert sheet.write(known, [row.cells for row in known.rows]) == content
        assert not named.faults(mapping, one, content)


def test_what_comes_back_is_judged_as_the_table_says_it(tmp_path: Path) -> None:
    """What was put before a cell for the spreadsheet is no part of it: a column is found by its name, and two rows of
    one key are told by the lines of what came, also where one of them was typed without it."""
    decided = MAPPING.replace("account: \"'1601'\"", "account: asset_account(after.dept)")
    named_here = "decisions:\n  asset_account: {file: a.csv, keys: ['-dept'], gives: account}\n"
    (tmp_path / "mapping.yaml").write_text(decided + named_here, "utf-8")
    (tmp_path / "finance.yaml").write_text(lab.FINANCE, "utf-8")
    (tmp_path / "a.csv").write_text('account,-dept,说明\n1601,-5,\n1601,SC,"a\n\nb"\n', "utf-8")
    mapping = load.load(tmp_path / "mapping.yaml")
    one = trial.opened(mapping, "asset_account")
    sent = trial.sent(one, "utf-8")
    assert b"'-dept" in sent
    assert trial.returned(mapping, one, sent, None)[0] == one.content
    with pytest.raises(MappingErrors) as wrong:
        trial.returned(mapping, one, sent + b"\n1604,-5,\n", None)
    assert [(fault.code, fault.where, fault.params["line"]) for fault in wrong.value.errors] == [
        ("decision_key_twice", "a.csv:7", "2")
    ]
