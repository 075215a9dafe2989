"""What a parked row would make if everybody agreed, and what people did to it, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal

from rich.text import Text

from syncd.cli.later import approvals, operators, posting, previews, wiring
from syncd.cli.output import console, line, table
from syncd.language import say

Deeds = Sequence["approvals.Deed"]


def of(pipeline: wiring.Pipeline, rows: Sequence[operators.ParkedRow]) -> Mapping[int, previews.Preview]:
    """What rows of a pipeline would make if everybody agreed, by number."""
    with closing(pipeline.open_ledger()) as ledger:
        mapping = pipeline.mapping
        return previews.made(ledger, pipeline.name, mapping.translator(pipeline.name), mapping.tables, rows)


def show_deeds(done: Deeds) -> None:
    """Who did what, when, in which role and why."""
    if not done:
        return
    line("")
    columns = ("col_when", "col_who", "col_did", "col_role", "col_why")
    rows = [(d.at, d.actor, say(f"deed_{d.action}"), _role(d), d.reason) for d in done]
    table(columns, rows)


def _role(deed: approvals.Deed) -> str:
    return say("role_instead", {"role": deed.role, "of": deed.instead_of}) if deed.instead_of else deed.role


def show(preview: previews.Preview) -> None:
    """The vouchers, entry by entry; or why there would be none."""
    line("")
    if preview.rejection is not None:
        line("preview_rejected", "yellow", why=say(preview.rejection.code, preview.rejection.params))
    elif not preview.vouchers:
        line("preview_none", "yellow")
    for voucher in preview.vouchers:
        head = {"period": voucher.period, "type": voucher.type, "date": voucher.date}
        console.print(Text(say("preview_voucher", head), style="bold"))
        columns = ("col_account", "col_debit", "col_credit", "col_summary", "col_auxiliaries")
        table(
            columns,
            [(e.account, _yuan(e.debit), _yuan(e.credit), e.summary, _said(e)) for e in voucher.entries],
            (1, 2),
        )


def _yuan(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""


def _said(entry: posting.Entry) -> str:
    return ", ".join(f"{name}={value}" for name, value in entry.dims.items() if value is not None)


def plain(preview: previews.Preview) -> dict[str, object]:
    """The same as data."""
    vouchers = [v._asdict() | {"entries": [e._asdict() for e in v.entries]} for v in preview.vouchers]
    cards = [card._asdict() for card in preview.cards]
    rejected = preview.rejection and {"code": preview.rejection.code, "params": dict(preview.rejection.params)}
    return {"vouchers": vouchers, "cards": cards, "debit": preview.debit, "rejection": rejected}
