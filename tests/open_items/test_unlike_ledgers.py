"""Ledgers of a table a year, and one whose entries cannot be read back: what is not compared is said."""

from pathlib import Path

from syncd.mapping.language.load import load
from tests.open_items import test_shared_cards as shared
from tests.open_items.office import FINANCE, LAYOUT, OFFICE, WORK, founded, told


def test_a_document_of_two_years_lies_in_two_tables(tmp_path: Path) -> None:
    """Owed in December, paid in January: both tables are added up, and only those that there are."""
    head, rows = FINANCE[: FINANCE.index('CREATE TABLE "Beleg"')], FINANCE[FINANCE.index('CREATE TABLE "Beleg"') :]
    years = [rows.replace('"Beleg"', f'"Beleg_{year}"').replace('"Zeile"', f'"Zeile_{year}"') for year in (2025, 2026)]
    periods = "{{table: period, code: code, first: first, last: last, open: open = 1}}"
    months = [("2025-12", 31), ("2026-01", 31), ("2026-02", 28), ("2099-01", 31)]
    rows = ", ".join(f"('{month}', '{month}-01', '{month}-{last}', 1)" for month, last in months)
    head += f"CREATE TABLE period (code TEXT, first TEXT, last TEXT, open INTEGER); INSERT INTO period VALUES {rows};"
    layout = LAYOUT.replace("periods: open", f"periods: {periods}").replace(
        "table: Beleg,", 'table: "Beleg_{{voucher.year}}",'
    )
    layout = layout.replace("table: Zeile\n", 'table: "Zeile_{{voucher.year}}"\n')
    work = [sql.replace("2026-02-01", "2025-12-20") if "'R-1', 1" in sql else sql for sql in WORK]
    with founded(tmp_path, world=OFFICE._replace(layout=layout, finance=head + "".join(years), work=work)) as made:
        counts = [made.finance.value(f'SELECT count(*) FROM "Zeile_{year}"') for year in (2025, 2026)]
        report = made.pipeline.reconcile()
        assert min(counts) > 0
        assert (report.all_differing, str(report.balances[1].finance)) == (0, "60.35")
        made.finance.execute("UPDATE \"Zeile_2025\" SET credit = '100.11' WHERE document = 'R-1'")
        report = made.pipeline.reconcile()
        assert told(report) == {("R-1", "payables", "60.05", "60.06", "cause_entry_changed")}
        assert report.alerting == 1, "whatever the amount"


def test_accounts_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """By `mapping check`, with the line, and by each run: never a silence that looks like agreement."""
    layout = shared.LAYOUT.replace("{amounts}", "amount: entry.debit + entry.credit")
    world = shared.SHARED._replace(layout=layout)
    with founded(tmp_path, "credit less debit", world=world) as made:
        (warned,) = [w for w in load(tmp_path / "mapping.yaml").warnings if w.code == "reconcile_entries"]
        line = shared.MAPPING[: shared.MAPPING.index("  accounts: {orig")].count("\n") + 1
        assert warned.where == f"{tmp_path / 'mapping.yaml'}:{line}"
        report = made.pipeline.reconcile()
        assert (report.controls, [unsaid.code for unsaid in report.unsaid]) == ((), ["unsaid_entries"])
        assert "accounts 1601, 1602, 1603 were not compared: the layout shared" in made.syncd("reconcile")
        assert made.syncd("mapping", "check").count("will not be compared") == 1


def test_a_reconciliation_without_accounts_says_so(tmp_path: Path) -> None:
    mapping = shared.MAPPING[: shared.MAPPING.index("  accounts: {orig")]
    with founded(tmp_path, "credit less debit", world=shared.SHARED._replace(mapping=mapping)) as made:
        assert [unsaid.code for unsaid in made.pipeline.reconcile().unsaid] == ["unsaid_accounts"]
        assert "the accounts were not compared" in made.syncd("reconcile")
