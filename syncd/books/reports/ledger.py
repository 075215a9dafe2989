"""The sheets on the ledger: accounts against cards, our vouchers entry by entry, and where the two differ."""

from collections.abc import Sequence
from decimal import Decimal

from syncd.books.balances import EMPTY
from syncd.books.close.cards import on_side
from syncd.books.close.item import Said
from syncd.books.figures import FIELDS
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Chart, Column, Listed, Sheet
from syncd.money import ZERO


def reconciliation(month: Month) -> Sheet:
    """对账表: each account of the cards, as the ledger has it and as the cards do, from the opening to the closing
    balance."""
    columns = (
        *(Column("report_account"), Column("report_account_name"), Column("reconcile_value")),
        *(Column(f"report_{what}", "money") for what in ("ledger_opening", "debit", "credit", "ledger_closing")),
        *(Column(f"report_{what}", "money") for what in ("cards_opening", "cards_moved", "cards_closing")),
        Column("difference", "money"),
    )
    total, rows = month.figures.total, []
    for i, field in enumerate(FIELDS):
        codes = month.accounts.get(field, ())
        if not codes:
            continue
        held = [(month.balances or {}).get(code, EMPTY) for code in codes]
        opening, closing = (
            on_side(field, sum((getattr(b, what) for b in held), ZERO)) for what in ("opening", "closing")
        )
        debit, credit = sum((b.debit for b in held), ZERO), sum((b.credit for b in held), ZERO)
        before, after = total.opening[i], total.closing[i]
        names = Listed([month.account_names.get(code, "") for code in codes])
        ours = (before, after - before, after)
        rows.append((Listed(codes), names, Said(field), opening, debit, credit, closing, *ours, closing - after))
    chart = Chart("report_chart_balances", 2, 6, 0, len(rows) - 1) if rows else None
    return Sheet("report_reconciliation", columns, rows, (), month.ties, chart)


def vouchers(month: Month) -> Sheet:
    """凭证: every entry of ours."""
    columns = (
        *(Column("voucher"), Column("report_date", "date"), Column("report_event_date", "date")),
        *(
            Column("report_summary_text"),
            Column("report_account"),
            Column("report_account_name"),
            Column("report_dims"),
        ),
        *(Column("report_debit", "money"), Column("report_credit", "money"), Column("col_rule"), Column("report_key")),
    )
    rows: list[Sequence[Cell]] = []
    debit = credit = Decimal(0)
    for one in month.vouchers.values():
        v = one.voucher
        for e in v.entries:
            dims = " ".join(str(value) for value in e.dims.values() if value not in (None, ""))
            name = month.account_names.get(e.account, "")
            amounts = (e.debit or None, e.credit or None)
            rows.append((one.ref, v.date, v.event_date, e.summary, e.account, name, dims, *amounts, one.rule, one.key))
            debit, credit = debit + e.debit, credit + e.credit
    total = (Said("report_total"), "", "", "", "", "", "", debit, credit, "", "")
    return Sheet("report_vouchers", columns, rows, total)


def differences(month: Month) -> Sheet:
    """差异: where accounts and cards do not agree, in all, by auxiliary and by asset."""
    columns = (
        *(Column("report_by"), Column("reconcile_value"), Column("reconcile_ledger", "money")),
        *(Column("reconcile_cards", "money"), Column("difference", "money")),
    )
    rows = [tuple(row) for row in month.differences]
    return Sheet("report_differences", columns, rows)  # type: ignore[arg-type]
