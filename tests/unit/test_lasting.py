"""Invariant 12: what postings wrote beside vouchers, cards and rows of other tables, stands in finance as it was
written last; what somebody edited, deleted or put in its place is told with the posting that wrote it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

import pytest

from syncd.change import Value
from syncd.desk.audit.verify import verify
from syncd.errors import MappingErrors
from syncd.ports import Ledger
from tests.advice import advice
from tests.several import Shared, judged
from tests.unit.lab import FINANCE, NAME, SQL, Lab, loaded

MAPPING = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, name: text, value: money, method: text, at: timestamp, on_: date}
rules:
  registration:
    on: asset
    when: op = 'insert'
    card: {asset_code: after.code, name: after.name, original_value: after.value, status: "'in_use'"}
    write:
      - {table: fa_log, key: [], values: {asset: after.code, amount: after.value, on_: after.on_}}
      - {table: fa_task, key: [asset, task], values: {asset: after.code, task: "'inspect'", done: "'no'", at: after.at}}
  method:
    on: asset
    when: after.method <> before.method
    change: {asset_code: after.code, status: after.method, accumulated_depreciation: "0.00"}
    write:
      - table: fa_change
        key: [asset, field]
        values: {asset: after.code, field: "'method'", old: before.method, new: after.method, rate: "0.050"}
"""
OTHERS = """
CREATE TABLE fa_log (asset TEXT, amount TEXT, on_ TEXT);
CREATE TABLE fa_task (asset TEXT, task TEXT, done TEXT, at TEXT, PRIMARY KEY (asset, task));
CREATE TABLE fa_change (asset TEXT, field TEXT, old TEXT, new TEXT, rate NUMERIC, PRIMARY KEY (asset, field));
"""


def row(number: int) -> Mapping[str, Value]:
    return {
        "id": number, "code": f"A{number}", "name": "mill", "value": Decimal("100.10"), "method": "straight_line",
        "at": datetime(2026, 2, 3, 4, 5, tzinfo=UTC), "on_": date(2026, 2, 3),
    }  # fmt: skip


@pytest.fixture(scope="module", params=["", "finance_edits: [name, fa_task.done]\n"], ids=["ours", "theirs"])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Three assets; the method of one was changed, twice."""
    made = Lab(MAPPING, splits=True, finance=FINANCE + str(request.param), sql=SQL + OTHERS)
    for number in (1, 2, 3):
        made.commit(made.insert("asset", **row(number)))
    made.commit(made.update("asset", row(2), method="units"))
    made.commit(made.update("asset", {**row(2), "method": "units"}, method="sum_of_years"))
    assert made.parked == []
    return made


def found(lab: Lab) -> list[tuple[str, ...]]:
    """What the audit finds: code, row, field."""
    layout = lab.mapping.layout
    verdict = judged(
        lambda again: verify(lab.ledger, NAME, layout, again=again), lambda: (cast(Ledger, Shared(lab.ledger)), layout)
    )
    flaws = [(flaw.code, flaw.params["row"], flaw.params.get("field", "")) for flaw in verdict.flaws]
    return flaws + [("edited", one.row, one.field) for one in verdict.edited]


def test_what_was_written_and_left_alone_is_whole(lab: Lab) -> None:
    assert found(lab) == []


@advice("audit_row", "audit_row_gone", "audit_card_unwritten")
@pytest.mark.parametrize(
    ("tampering", "flaw"),
    [
        ("UPDATE fa_card SET status = 'units' WHERE asset_code = 'A2'", ("audit_card", "A2", "status")),
        ("UPDATE fa_card SET status = NULL WHERE asset_code = 'A1'", ("audit_card", "A1", "status")),
        ("UPDATE fa_card SET name = 'lathe' WHERE asset_code = 'A3'", ("audit_card", "A3", "name")),
        (
            "UPDATE fa_card SET accumulated_depreciation = '7.00' WHERE asset_code = 'A3'",
            ("audit_card_unwritten", "A3", "accumulated_depreciation"),
        ),
        ("UPDATE fa_card SET accumulated_depreciation = NULL WHERE asset_code = 'A3'", None),
        ("DELETE FROM fa_card WHERE asset_code = 'A3'", ("audit_card_gone", "A3", "")),
        ("UPDATE fa_change SET old = 'straight_line'", ("audit_row", "A2, method", "old")),
        ("UPDATE fa_change SET rate = 0.04", ("audit_row", "A2, method", "rate")),
        ("DELETE FROM fa_change", ("audit_row_gone", "A2, method", "")),
        ("DROP TABLE fa_change", ("audit_row_gone", "A2, method", "")),
        ("UPDATE fa_task SET at = '2026-02-03 12:05:01' WHERE asset = 'A1'", ("audit_row", "A1, inspect", "at")),
        ("UPDATE fa_task SET done = 'yes' WHERE asset = 'A1'", ("audit_row", "A1, inspect", "done")),
        ("UPDATE fa_log SET amount = '100.1' WHERE asset = 'A1'", None),
        ("UPDATE fa_log SET amount = '1.10' WHERE asset = 'A1'", ("audit_row_gone", "A1, 100.10, 2026-02-03", "")),
        ("DELETE FROM fa_log WHERE asset = 'A1'", ("audit_row_gone", "A1, 100.10, 2026-02-03", "")),
        ("INSERT INTO fa_log VALUES ('A9', '1', '2026-02-03')", None),
    ],
)
def test_what_was_edited_or_deleted_is_found(lab: Lab, tampering: str, flaw: tuple[str, ...] | None) -> None:
    """And what the layout says finance's own people change is listed, and no fault. What is put back from a backup is
    whole."""
    with closing(sqlite3.connect(":memory:")) as backup:
        lab.database.backup(backup)
        lab.database.execute(tampering)
        seen = found(lab)
        backup.backup(lab.database)
    theirs = {"name", "fa_task.done"} & lab.mapping.layout.finance_edits
    expected = [] if flaw is None else [("edited", *flaw[1:]) if theirs and flaw[2] in ("name", "done") else flaw]
    assert seen == expected
    assert found(lab) == []


FILLS = """
CREATE TRIGGER filled AFTER INSERT ON fa_card BEGIN
  UPDATE fa_card SET accumulated_depreciation = '9.00' WHERE asset_code = new.asset_code; END;
"""
LOGS = "CREATE TRIGGER logged AFTER INSERT ON fa_card BEGIN INSERT INTO gl_dept VALUES (new.asset_code); END;"


@pytest.mark.parametrize(
    ("column", "trigger", "is_found"),
    [("TEXT DEFAULT '0'", "", True), ("TEXT DEFAULT '0.00'", LOGS, True), ("TEXT", FILLS, False),
     ("TEXT DEFAULT (1 + 1)", "", False)],
    ids=["constant", "logs", "fills", "computed"],
)  # fmt: skip
def test_what_finance_itself_put_into_a_field_that_nobody_wrote_is_no_fault(
    column: str, trigger: str, is_found: bool
) -> None:
    """Its default, or what its triggers fill; what is put there later is found, unless finance fills the field."""
    sql = SQL.replace("accumulated_depreciation TEXT", f"accumulated_depreciation {column}")
    made = Lab(MAPPING, splits=True, sql=sql + OTHERS + trigger)
    for number in (1, 2, 3):
        made.commit(made.insert("asset", **row(number)))
    assert made.parked == []
    assert found(made) == []
    made.database.execute("UPDATE fa_card SET accumulated_depreciation = '7.00' WHERE asset_code = 'A3'")
    assert found(made) == [("audit_card_unwritten", "A3", "accumulated_depreciation")][: int(is_found)]


@advice("unknown_edited")
def test_a_field_of_nobodys_is_no_field_of_finances() -> None:
    """The layout names it wrongly: what comes nearest is said."""
    with pytest.raises(MappingErrors) as caught:
        loaded(MAPPING, FINANCE + "finance_edits: [naem, fa_task.doen]\n")
    near = [error.params["nearest"] for error in caught.value.errors]
    assert near == ["name", "fa_task.done"]
    loaded(MAPPING, FINANCE + f"finance_edits: [{', '.join(near)}]\n")
