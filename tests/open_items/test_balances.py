"""What accounts hold by document against the EAM, in a ledger without cards: what is planted is found with its cause,
whatever form finance keeps amounts in."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.desk.parked import operators
from tests.open_items.office import AMOUNTS, MAPPING, OFFICE, Office, founded, told

CLERK = operators.Actor("clerk", "test")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with founded(tmp_path_factory.mktemp("office")) as made:
        yield made


@pytest.mark.parametrize("amounts", [*AMOUNTS][2:])
def test_in_whatever_form_finance_keeps_amounts_documents_tie(tmp_path: Path, amounts: str) -> None:
    """One signed amount, numerator and denominator, cents, a size beside a word: nothing differs, 60.05 + 0.30 is open
    and R-3 is paid; a debit by hand of 0.05 is found, with its voucher."""
    with founded(tmp_path, amounts) as made:
        report = made.pipeline.reconcile()
        assert (report.all_differing, report.alerting, told(report)) == (0, 0, set())
        _, payables, machines = report.balances
        assert (payables.documents, payables.eam, payables.finance) == (3, Decimal("60.35"), Decimal("60.35"))
        assert (machines.documents, machines.eam, machines.finance) == (2, Decimal("1250.07"), Decimal("1250.07"))
        assert [unsaid.code for unsaid in report.unsaid] == ["unsaid_cards"], "what is not compared is said"
        made.entry("hand", None, 3, {"document": "R-2", "supplier": "L2", "dept": "D2"}, 5)
        report = made.pipeline.reconcile()
        assert told(report) == {("R-2", "payables", "0.3", "0.25", "cause_manual")}
        (difference,) = report.balances[1].differences
        assert difference.cause is not None
        assert difference.cause.params == {"voucher": "900", "account": "2202"}
        assert report.alerting > 0


PLANTED = {
    "amount": ("UPDATE \"Zeile\" SET credit = '99.10' WHERE document = 'R-1' AND credit <> '0'",
               {("R-1", "payables", "60.05", "59.05", "cause_entry_changed")}),
    "account": ("UPDATE \"Zeile\" SET konto = 4 WHERE document = 'R-2' AND konto = 3",
                {("R-2", "payables", "0.3", "0", "cause_entry_changed")}),
    "document": ("UPDATE \"Zeile\" SET document = 'R-9' WHERE document = 'R-2'",
                 {("R-2", "payables", "0.3", "0", "cause_entry_changed"),
                  ("R-9", "payables", "0", "0.3", "cause_entry_changed")}),
    "supplier": ("UPDATE \"Zeile\" SET supplier = 'L9' WHERE document = 'R-2'",
                 {("R-2", "supplier", "L2", "L9", "cause_entry_changed")}),
    "dept": ("UPDATE \"Zeile\" SET dept = 'D9' WHERE document = 'M-2'",
             {("M-2", "dept", "D2", "D9", "cause_entry_changed")}),
    "gone": ("DELETE FROM \"Zeile\" WHERE document = 'M-1'",
             {("M-1", "machines", "1000.07", "0", "cause_entry_changed")}),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_what_finance_changed_is_found(office: Office, what: str) -> None:
    """On every field of the entries that is compared: it alone, and that it was changed."""
    kept = office.finance.rows('SELECT * FROM "Zeile"')
    sql, expected = PLANTED[what]
    try:
        office.finance.execute(sql)
        assert told(office.pipeline.reconcile()) == expected
    finally:
        office.finance.execute('DELETE FROM "Zeile"')
        office.finance.executemany(f'INSERT INTO "Zeile" VALUES ({", ".join("?" * len(kept[0]))})', kept)


def test_why_a_document_is_not_in_the_accounts(tmp_path: Path) -> None:
    """A row that is parked or awaits approval, one that was edited or discarded in syncd, one that no rule posts, an
    opening balance; and what the log has not carried yet is no difference."""
    with founded(tmp_path) as made:
        made.carry(
            "INSERT INTO \"Rechnung\" VALUES ('R-5', 1, 'approved', '2026-02-01', '60000', 'D1')",
            "INSERT INTO \"Rechnung\" VALUES ('R-6', 1, 'approved', '2026-02-01', '2000000', 'D1')",
            "INSERT INTO \"Rechnung\" VALUES ('R-7', 77, 'approved', '2026-02-01', '30', 'D1')",
            "INSERT INTO \"Rechnung\" VALUES ('R-8', 1, 'paid', '2026-02-01', '8', 'D1')",
            "INSERT INTO \"Rechnung\" VALUES ('R-9', 1, 'approved', '2026-02-01', '4000000', 'D1')",
        )
        made.entry("opening", None, 3, {"document": "R-0", "supplier": "L1", "dept": "D1"}, -700)
        made.finance.execute("UPDATE \"Beleg\" SET key = 'theirs', day = '2025-12-31' WHERE id = 'opening'")
        rows = made.finance.rows("SELECT subject, id FROM syncd.parked WHERE settled_at IS NULL")
        parked = {str(subject): number for subject, number in rows}
        mapping, read = made.pipeline.mapping, made.pipeline.read
        with closing(made.pipeline.open_ledger()) as ledger:
            operators.edit(ledger, "office", parked["R-7"], {"supplier_id": "1"}, mapping.tables, read, CLERK)
            operators.discard(ledger, "office", operators.Selection(ids=(parked["R-9"],)), CLERK)
        made.carry()
        report = made.pipeline.reconcile()
        assert told(report) == {
            ("R-0", "payables", "0", "7", "cause_opening_item"),
            ("R-5", "payables", "60000", "0", "cause_approval"),
            ("R-6", "payables", "2000000", "0", "cause_failed"),
            ("R-7", "supplier", "", "L1", "cause_edited"),
            ("R-8", "payables", "8", "0", "cause_not_posted"),
            ("R-9", "payables", "4000000", "0", "cause_discarded"),
        }
        made.eam.execute("UPDATE \"Rechnung\" SET total = '9.99' WHERE \"Nr\" = 'R-2'")
        made.eam.execute("INSERT INTO payment VALUES (9, 'R-1', '2026-02-20', '60.05')")
        made.eam.execute("INSERT INTO \"Rechnung\" VALUES ('R-A', 1, 'approved', '2026-02-01', '1', 'D1')")
        later = made.pipeline.reconcile()
        assert told(later) == told(report), "what is on its way is no difference, and the totals are the log's"
        assert sorted(found.code for found in later.balances[1].waiting) == ["R-1", "R-2", "R-A"]
        assert later.balances[1].eam == report.balances[1].eam


def test_differences_are_shown_counted_and_written(tmp_path: Path) -> None:
    """\"72, the first 50\": all of them in the file, the same amount at another department told as such; a run that is
    kept says the same."""
    with founded(tmp_path) as made:
        made.finance.execute("UPDATE \"Zeile\" SET dept = 'D9' WHERE document = 'M-2'")
        for n in range(71):
            made.entry(f"hand {n}", None, 3, {"document": f"H-{n:02}", "supplier": "L1", "dept": "D1"}, 100)
        file = tmp_path / "differences.csv"
        said = made.syncd("reconcile", "--csv", str(file), expect=1)
        assert "71 differences, the first 50 of them; `--csv FILE` writes all" in said
        assert "72 differences written" in said
        assert "same amount, other dept:" in said
        assert "no asset was compared card by card" in said
        heading, *lines = file.read_text("utf-8-sig").splitlines()
        assert heading.split(",")[:3] == ["number", "what", "document"]
        assert len(lines) == 72
        assert lines[0].startswith('1/1,payables,H-00,payables,0.00,-1.00,-1.00,"voucher 900 by hand')
        again = tmp_path / "again.csv"
        made.syncd("reconcile", "--run", "1", "--csv", str(again), expect=1)
        assert again.read_text() == file.read_text()
        zh = made.syncd("--lang", "zh", "reconcile", "--run", "1", expect=1)
        assert "应付账款" in zh
        assert "共 71 项差异，以上为前 50 项" in zh


@pytest.mark.parametrize("server", ["new_database", "new_mariadb"])
def test_servers_add_up_what_finance_holds(tmp_path: Path, request: pytest.FixtureRequest, server: str) -> None:
    """PostgreSQL with binary fractions and CHAR(n), MariaDB with fractions and latin1. The document is what the record
    knows the voucher to be about, so that the ledger's key, in a collation of its own, finds the posting."""
    mapping = MAPPING.replace("    entries: document\n    by: {supplier", "    entries: subject\n    by: {supplier")
    assert mapping != MAPPING
    amounts = "debit less credit" if server == "new_database" else "fractions"
    finance = request.getfixturevalue(server)()
    with founded(tmp_path, amounts, finance=finance, world=OFFICE._replace(mapping=mapping)) as made:
        report = made.pipeline.reconcile()
        assert (report.all_differing, report.alerting, told(report)) == (0, 0, set())
        assert [(one.documents, str(one.finance)) for one in report.balances] == [
            (1, "160.00"), (3, "60.35"), (2, "1250.07")
        ]  # fmt: skip
        column = "amount" if amounts == "debit less credit" else "num"
        made.finance.execute(f"UPDATE \"Zeile\" SET {column} = {column} * 2 WHERE document = 'R-2'")
        made.finance.execute("UPDATE \"Zeile\" SET dept = 'D9' WHERE document = 'M-2'")
        made.entry("hand", None, 3, {"document": "R-2"}, 5)
        assert told(made.pipeline.reconcile()) == {
            ("", "payables", "0", "-0.05", "cause_manual"),
            ("R-2", "payables", "0.3", "0.6", "cause_entry_changed"),
            ("M-2", "dept", "D2", "D9", "cause_entry_changed"),
        }


def test_a_header_with_its_lines_is_compared_as_the_document_that_it_is(tmp_path: Path) -> None:
    """100 + 60 of the lines that are stock, what they were before aside: 160. A line that is on its way is none yet; a
    document that is parked says by which row."""
    with founded(tmp_path) as made:
        (stock, *_) = made.pipeline.reconcile().balances
        assert (stock.documents, stock.eam, stock.finance) == (1, Decimal(160), Decimal(160))
        made.eam.execute("INSERT INTO order_item VALUES (5, 1, 'M', '1')")
        (stock, *_) = made.pipeline.reconcile().balances
        assert (stock.differing, stock.eam, [found.code for found in stock.waiting]) == (0, Decimal(160), ["O-1"])
        made.carry("INSERT INTO order_head VALUES (2, 'O-2', 'approved', NULL)",
                   "INSERT INTO order_item VALUES (6, 2, 'M', '5')")  # fmt: skip
        report = made.pipeline.reconcile()
        assert told(report) == {("O-2", "stock", "5", "0", "cause_failed")}
        assert report.balances[0].finance == Decimal(161)
