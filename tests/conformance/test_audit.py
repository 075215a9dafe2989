"""The audit over every ledger: whether the record is whole, and whether finance holds what was posted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from syncd.change import Kind, Value
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from syncd.desk.parked.operators import Actor, Selection
from syncd.journal import ColumnShape, Shape
from syncd.ports import Layout, Ledger, Numbered, Period, TableWrite
from syncd.posting import TableRow
from tests.conformance.finance import Finance, SmallLayout, asset, batch, names, posted, rejected, shape, write

LI = Actor("li", "typed wrongly")
RENDER = SmallLayout.render


class Speechless(SmallLayout):
    """A layout that nobody may ask how a voucher would be written today."""

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterable[TableWrite]:
        raise AssertionError("rendered again")


class Later(SmallLayout):
    """A column of entries has another name, or a column more is written."""

    def __init__(self, debit: str = "debit", more: tuple[str, ...] = ()) -> None:
        head, entry = SmallLayout.shape.tables
        columns = [c._replace(name=debit) if c.name == "debit" else c for c in entry.columns]
        columns += [ColumnShape(name, Kind.TEXT, "") for name in more]
        self._columns, self._more = names(columns), more
        self.shape = shape(head.columns, columns)

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterable[TableWrite]:
        for one in RENDER(self, postings, lookups):
            rows = [(*row, *(f"a {name}" for name in self._more)) for row in one.rows]
            yield one._replace(columns=self._columns, rows=rows) if one.table == "fin.entry" else one


def codes(ledger: Ledger, layout: Layout | None = None) -> list[str]:
    """What the audit finds."""
    return [flaw.code for flaw in verify(ledger, "main", layout or SmallLayout()).flaws]


@pytest.fixture
def audited(ledger: Ledger) -> Ledger:
    """Five postings and three actions, nothing wrong with them."""
    write(ledger, batch(*(posted(asset(n)) for n in range(1, 6)), *(rejected(asset(n)) for n in (6, 7, 8))))
    operators.retry(ledger, "main", Selection(state="failed"), LI)
    verdict = verify(ledger, "main", SmallLayout())
    assert (verdict[:4], verdict.parked) == ((5, 5, 3, []), 3)
    return ledger


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (("UPDATE syncd.posting SET subject = 'FA-9' WHERE seq = 3",), ["audit_posting"]),
        (
            ("UPDATE syncd.posting SET content = replace(content, '100.10', '90.10') WHERE seq = 2",),
            ["audit_voucher", "audit_posting", "audit_card"],
        ),
        (("DELETE FROM syncd.posting WHERE seq = 1",), ["audit_posting", "audit_end", "audit_foreign"]),
        (("DELETE FROM syncd.posting WHERE seq = 3",), ["audit_posting", "audit_end", "audit_foreign"]),
        (("DELETE FROM syncd.posting WHERE seq = 5",), ["audit_end", "audit_foreign"]),
        (
            (
                "UPDATE syncd.posting SET seq = 10 WHERE seq = 2",
                "UPDATE syncd.posting SET seq = 2 WHERE seq = 3",
                "UPDATE syncd.posting SET seq = 3 WHERE seq = 10",
            ),
            ["audit_posting"] * 3,
        ),
        (("UPDATE syncd.action SET reason = 'other' WHERE seq = 2",), ["audit_action"]),
        (("UPDATE syncd.action SET actor = 'somebody' WHERE seq = 3",), ["audit_action"]),
        (("DELETE FROM syncd.action WHERE seq = 2",), ["audit_action", "audit_action_end"]),
        (("DELETE FROM syncd.action WHERE seq = 3",), ["audit_action_end"]),
        (("UPDATE syncd.shape SET shape = replace(shape, 'debit', 'credit')",), ["audit_shape"] * 5),
        (("DELETE FROM syncd.shape",), ["audit_shape"] * 5),
    ],
)
def test_tampering_with_the_record_is_found(audited: Ledger, tampering: tuple[str, ...], found: list[str]) -> None:
    """Invariant 12: edited, removed, cut off or reordered, of postings and of actions."""
    audited.execute([(sql, ()) for sql in tampering])
    assert codes(audited) == found


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE fin.entry SET debit = '100.11' WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("UPDATE fin.entry SET account_id = 10020 WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("DELETE FROM fin.entry WHERE number = 3 AND line = 2", ["audit_voucher"]),
        ("DELETE FROM fin.entry WHERE number = 3", ["audit_voucher_gone"]),
        ("DELETE FROM fin.voucher WHERE number = 4", ["audit_voucher_gone"]),
        ("INSERT INTO fin.entry VALUES ('2026-02', '记', 1, 3, 10020, '0', '5.00')", ["audit_voucher"]),
        ("UPDATE fin.voucher SET summary = 'other' WHERE number = 2", ["audit_voucher"]),
        ("UPDATE fin.voucher SET posted_on = '2026-02-04' WHERE number = 2", ["audit_voucher"]),
        ("UPDATE fin.entry SET line = 9 - line WHERE number = 2", ["audit_voucher"]),
        ("UPDATE fin.voucher SET summary = 'addition ' WHERE number = 2", []),
        ("UPDATE fin.card SET name = 'mill' WHERE asset_code = 'FA-2'", ["audit_card"]),
        ("UPDATE fin.card SET original_value = '100.11' WHERE asset_code = 'FA-2'", ["audit_card"]),
        ("DELETE FROM fin.card WHERE asset_code = 'FA-2'", ["audit_card_gone"]),
    ],
)
def test_tampering_with_finance_is_found(finance: Finance, audited: Ledger, tampering: str, found: list[str]) -> None:
    """Invariant 12: a voucher that was edited, deleted or added to; a card that is not as it was written last."""
    finance.run(tampering)
    assert codes(audited) == found


class Noting(SmallLayout):
    """Another table that rules write."""

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        note = {"asset": Kind.TEXT, "on_": Kind.DATE, "amount": Kind.DECIMAL, "kept": Kind.BOOLEAN}
        return {**super().writes(periods), "fin.note": note}


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE fin.note SET amount = 100.10", []),
        ("UPDATE fin.note SET amount = 100.11", ["audit_row"]),
        ("UPDATE fin.note SET on_ = '2026-02-04'", ["audit_row"]),
        ("UPDATE fin.note SET kept = NULL", ["audit_row"]),
        ("DELETE FROM fin.note", ["audit_row_gone"]),
        ("DROP TABLE fin.note", ["audit_row_gone"]),
    ],
)
def test_a_row_of_another_table_is_as_it_was_written(
    finance: Finance, ledger: Ledger, tampering: str, found: list[str]
) -> None:
    """Invariant 12, on every ledger: dates, amounts and booleans are known again, by their key."""
    finance.run("CREATE TABLE fin.note (asset VARCHAR(20) PRIMARY KEY, on_ DATE, amount NUMERIC(18, 4), kept SMALLINT)")
    values = {"asset": "FA-1", "on_": date(2026, 2, 3), "amount": Decimal("100.10"), "kept": 1}
    finance.run("INSERT INTO fin.note VALUES ('FA-1', '2026-02-03', 100.10, 1)")
    outcome = posted(asset(1))
    (posting,) = outcome.postings
    noted = posting._replace(rows=(TableRow("fin.note", ("asset",), values),))
    write(ledger, batch(outcome._replace(postings=(noted,))))
    assert codes(ledger, Noting()) == []
    finance.run(tampering)
    seen = codes(ledger, Noting())
    finance.run("DROP TABLE IF EXISTS fin.note")
    assert seen == found


def test_what_finance_puts_into_columns_that_are_given_nothing_is_known(finance: Finance, ledger: Ledger) -> None:
    """Invariant 12, on every ledger: a constant default stands in fields that no posting wrote; what finance computes
    may be anything."""
    texts, numbers = "a VARCHAR(9) DEFAULT 'it''s', b VARCHAR(9)", "c NUMERIC(18, 2) DEFAULT 0.50, d INTEGER DEFAULT -1"
    finance.run(f"CREATE TABLE fin.note ({texts}, {numbers}, e TIMESTAMP DEFAULT CURRENT_TIMESTAMP)")
    given, acts = ledger.untouched("fin.note")
    finance.run("DROP TABLE fin.note")
    assert {name: given[name] for name in "abcd"} == {"a": "it's", "b": None, "c": "0.50", "d": "-1"}
    assert "e" not in given
    assert not acts


def test_what_finances_own_people_may_change_is_listed_and_no_fault(finance: Finance, audited: Ledger) -> None:
    """By the layout, which somebody answers for: with what was posted last, and by what."""

    class Shared(SmallLayout):
        finance_edits = frozenset({"name"})

    finance.run("UPDATE fin.card SET name = 'mill' WHERE asset_code = 'FA-2'")
    verdict = verify(audited, "main", Shared())
    assert verdict.flaws == []
    (one,) = verdict.edited
    assert (one.row, one.field, one.found, one.by.key) == ("FA-2", "name", "mill", "registration/FA-2")


@pytest.mark.parametrize(
    ("number", "key", "found"),
    [
        (7, "registration/9", ["audit_foreign"]),
        (7, "registration/1", ["audit_twice"]),
        (7, "TYPED-9", []),
        (7, "", []),
    ],
)
def test_a_voucher_that_claims_to_be_ours_is_found(
    finance: Finance, audited: Ledger, number: int, key: str, found: list[str]
) -> None:
    """Invariant 12: one that carries a key of ours, or a copy. What finance's people type is theirs."""
    (first,) = finance.run("SELECT external_key FROM fin.voucher WHERE number = 1")
    rule, _, _ = str(first[0]).partition("/")
    claimed = str(first[0]) if key.endswith("/1") else key.replace("registration", rule)
    day = "'2026-02-03', 'addition'"
    finance.run(f"INSERT INTO fin.voucher VALUES ('2026-02', '记', {number}, {day}, '{claimed}')")
    assert codes(audited) == found


def test_a_voucher_is_known_again_whatever_became_of_the_layout(finance: Finance, audited: Ledger) -> None:
    """Invariant 12: a column that was added later, or an account that left the chart, accuses nobody."""
    finance.run("ALTER TABLE fin.entry ADD COLUMN dept VARCHAR(9)")
    finance.run("DELETE FROM fin.account")
    assert codes(audited, Speechless()) == []
    finance.run("UPDATE fin.entry SET account_id = 7 WHERE number = 2 AND line = 1")
    assert codes(audited, Speechless()) == ["audit_voucher"]


def test_what_was_emptied_is_found(finance: Finance, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 12: the record tells that there was something."""
    finance.run("ALTER TABLE fin.entry ADD COLUMN dept VARCHAR(9)")
    layout = Later(more=("dept",))
    monkeypatch.setattr(SmallLayout, "shape", layout.shape)
    monkeypatch.setattr(SmallLayout, "render", lambda _, postings, lookups: layout.render(postings, lookups))
    write(ledger, batch(posted(asset(1)), posted(asset(2))))
    assert codes(ledger) == []
    finance.run("UPDATE fin.entry SET dept = NULL WHERE number = 2")
    assert codes(ledger) == ["audit_voucher"]


def test_a_column_that_finance_renamed_is_found_by_todays_layout(finance: Finance, audited: Ledger) -> None:
    """Invariant 12."""
    finance.run("ALTER TABLE fin.entry RENAME COLUMN debit TO dr")
    assert codes(audited, Later("dr")) == []
    finance.run("UPDATE fin.entry SET dr = '90.00' WHERE number = 4 AND line = 1")
    assert codes(audited, Later("dr")) == ["audit_voucher"]


@pytest.fixture
def earlier(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Two postings that were made before the record kept shapes."""
    with monkeypatch.context() as before:
        before.setattr(SmallLayout, "shape", Shape())
        write(ledger, batch(posted(asset(1)), posted(asset(2))))
    assert ledger.query("SELECT count(*) FROM syncd.shape") == [(0,)]
    return ledger


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE fin.entry SET debit = '100.11' WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("UPDATE fin.entry SET line = 3 WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("UPDATE fin.entry SET dept = 'mine' WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("INSERT INTO fin.entry VALUES ('2026-02', '记', 1, 3, 10020, '0', '5.00', NULL)", ["audit_voucher"]),
        ("DELETE FROM fin.entry WHERE number = 2", ["audit_voucher_gone"]),
        ("UPDATE fin.account SET id = id + 1 WHERE code = 'none'", []),
    ],
)
def test_of_a_voucher_of_before_what_both_know_is_compared(
    finance: Finance, earlier: Ledger, tampering: str, found: list[str]
) -> None:
    """Invariants 12 and 16: neither the new column nor the account that is gone accuses it; tampering is found."""
    finance.run("ALTER TABLE fin.entry ADD COLUMN dept VARCHAR(9)")
    finance.run("DELETE FROM fin.account WHERE code = '1002'")
    finance.run(tampering)
    assert codes(earlier, Later(more=("dept",))) == found


def test_an_account_that_is_known_must_be_the_one_that_was_posted_to(finance: Finance, earlier: Ledger) -> None:
    """Invariant 12, before there were shapes: also where the lookup's condition leaves the account out today."""
    finance.run("UPDATE fin.entry SET account_id = 7 WHERE number = 2 AND line = 1")
    assert codes(earlier) == ["audit_voucher"]
