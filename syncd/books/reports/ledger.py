"""The sheets on the ledger: accounts against cards, our vouchers entry by entry, and where the two differ."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from syncd.books.balances import EMPTY
from syncd.books.close.cards import on_side
from syncd.books.close.item import Said
from syncd.books.figures import FIELDS
from syncd.books.reconciliation.history import Compared
from syncd.books.reports import difference_rows
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Chart, Column, Listed, Sheet
from syncd.books.writes import Recorded
from syncd.errors import Fault
from syncd.mapping.layout.tables import HEADING
from syncd.money import ZERO

_SIDES: Final = ("amount", "cards", "difference")
"""Columns of 对账表 on what the EAM says."""


def reconciliation(month: Month) -> Sheet:
    """对账表: each account of the cards, as the EAM has it, the ledger and the cards, from the opening to the closing
    balance. The EAM and the cards beside it are those of a reconciliation, which the foot names."""
    columns = (
        *(Column("report_account"), Column("report_account_name"), Column("reconcile_value")),
        *(Column(f"report_eam_{what}", "money") for what in (_SIDES if month.compared else ())),
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
        eam = _sides(month, field)
        rows.append((Listed(codes), names, Said(field), *eam, opening, debit, credit, closing, *ours, closing - after))
    at = [column.code for column in columns].index("report_ledger_closing")
    chart = Chart("report_chart_balances", 2, at, 0, len(rows) - 1) if rows else None
    return Sheet("report_reconciliation", columns, rows, (), [*month.ties, *_told(month)], chart)


def _sides(month: Month, field: str) -> Sequence[Cell]:
    """What the EAM says in all, and the cards beside it; nothing where they were not compared."""
    if not isinstance(month.compared, Compared):
        return (None,) * len(_SIDES) if month.compared else ()
    found = month.compared.found
    eam, cards = (Decimal(found[side][field] or 0) for side in ("eam", "finance"))
    return eam, cards, cards - eam


def _told(month: Month) -> Sequence[Said]:
    """Which reconciliation it was, or why there was none."""
    if isinstance(month.compared, Fault):
        return [Said("report_not_compared", {"why": Said(month.compared.code, month.compared.params)})]
    if month.compared is None:
        return []
    at, found = month.compared
    counts = {name: found[name] for name in ("run", "assets", "differing")} | {"waiting": len(found["waiting"])}
    return [Said("report_compared", {"at": f"{at.astimezone(month.zone):%Y-%m-%d %H:%M:%S}", **counts})]


def eam_differences(month: Month) -> Sheet:
    """与设备系统的差异: what the EAM and the cards, or the accounts, do not agree in, asset by asset, then document by
    document, why, and what can be done."""
    columns = (
        *(Column("reconcile_number"), Column("reconcile_asset"), Column("reconcile_value")),
        *(Column(name, "money") for name in ("reconcile_eam", "reconcile_cards", "difference")),
        *(Column("reconcile_cause"), Column("report_proposal")),
    )
    listed: list[tuple[Mapping[str, Any], str]] = []
    if isinstance(month.compared, Compared):
        listed = [(one, "") for one in month.compared.found["differences"] if one["asset_code"]]
        balances = month.compared.found["balances"]
        listed += [(one, balance["name"]) for balance in balances for one in balance["differences"]]
    rows: list[Sequence[Cell]] = []
    for one, name in listed:
        eam, cards = difference_rows.sides(one, name)
        apart = cards - eam if isinstance(cards, Decimal) and isinstance(eam, Decimal) else None
        params = one["params"] | {"difference": one["id"], "asset": one["asset_code"]}
        why, what = (Said(code, params) if code else None for code in (one["cause"], one["proposal"]))
        rows.append(
            (one["id"], one["asset_code"], Said(one["field"], one.get("figures") or {}), eam, cards, apart, why, what)
        )
    return Sheet("report_eam_differences", columns, rows, (), _told(month))


def vouchers(month: Month) -> Sheet:
    """凭证: every entry of ours, with what the vouchers' headers say."""
    heads = [name for name in HEADING if any(said(one, name) for one in month.vouchers.values())]
    columns = (
        *(Column("voucher"), Column("report_date", "date"), Column("report_event_date", "date")),
        *(
            Column("report_summary_text"),
            Column("report_account"),
            Column("report_account_name"),
            Column("report_dims"),
        ),
        *(Column("report_debit", "money"), Column("report_credit", "money")),
        *(Column(f"heading_{name}") for name in heads),
        *(Column("col_rule"), Column("report_key")),
    )
    rows: list[Sequence[Cell]] = []
    debit = credit = Decimal(0)
    for one in month.vouchers.values():
        v = one.voucher
        head = [month.kind(said(one, name)) if name == "movement" else said(one, name) for name in heads]
        for e in v.entries:
            dims = " ".join(str(value) for value in e.dims.values() if value not in (None, ""))
            name = month.account_names.get(e.account, "")
            amounts = (e.debit or None, e.credit or None)
            told = (one.ref, v.date, v.event_date, e.summary, e.account, name, dims, *amounts)
            rows.append((*told, *head, one.rule, one.key))
            debit, credit = debit + e.debit, credit + e.credit
    blanks: list[Cell] = ["" for _ in heads]
    total = (Said("report_total"), "", "", "", "", "", "", debit, credit, *blanks, "", "")
    return Sheet("report_vouchers", columns, rows, total, month.ties)


def said(one: Recorded, name: str) -> str:
    """What a voucher's header says under a name; empty where it says nothing."""
    value = one.voucher.fields.get(name)
    return "" if value is None else str(value)


def differences(month: Month) -> Sheet:
    """差异: where accounts and cards do not agree, in all, by auxiliary and by asset."""
    columns = (
        *(Column("report_by"), Column("reconcile_value"), Column("reconcile_ledger", "money")),
        *(Column("reconcile_cards", "money"), Column("difference", "money")),
    )
    rows = [tuple(row) for row in month.differences]
    return Sheet("report_differences", columns, rows, (), [*month.ties, *_by_hand(month)])  # type: ignore[arg-type]


def _by_hand(month: Month) -> Sequence[Said]:
    """What the reconciliation knows of the causes: vouchers by hand, and those of ours that finance has changed."""
    if not isinstance(month.compared, Compared):
        return []
    found = month.compared.found
    by_hand = [
        Said("reconcile_manual", {**one, "asset": one["asset_code"] or "–", "amount": f"{Decimal(one['amount']):,.2f}"})
        for one in found["manual"]
    ]
    return [*by_hand, *(Said("reconcile_altered", one) for one in found["altered"])]
