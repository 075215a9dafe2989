"""`syncd reconcile`: do both sides say the same?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from syncd.cli.answering import answering, author
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import difference_rows, history, measures, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, line, named, table
from syncd.language import say

SHOWN_MAX = 50
RUNS_SHOWN_MAX = 100
History = Annotated[bool, typer.Option("--history", help=say("help_reconcile_history"))]
RunId = Annotated[int, typer.Option("--run", help=say("help_reconcile_run"), min=0)]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help=say("help_reconcile_csv"), show_default=False)]
Accept = Annotated[str, typer.Option("--accept", metavar="RUN/ID", help=say("help_reconcile_accept"))]


def reconcile(
    config: Config = None, name: Name = None, show_history: History = False, run: RunId = 0, accept: Accept = "",
    actor: Actor = "", reason: Reason = "", csv: Csv = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Hold both sides against each other."""
    pipeline = wiring.pipeline(config_path(config), name)
    if accept:
        by = answering(pipeline, "accept_difference", actor, reason)
        with closing(pipeline.open_ledger()) as ledger:
            pipeline.accept_difference(ledger, accept, by)
        line("reconcile_accepting", "green", difference=accept)
        return
    if show_history:
        with closing(pipeline.open_ledger()) as ledger:
            _history(history.runs(ledger, pipeline.name, RUNS_SHOWN_MAX), as_json)
        return
    if run:
        with closing(pipeline.open_ledger()) as ledger:
            found = history.run(ledger, pipeline.name, run)
    else:
        found = history.plain(pipeline.reconcile(author(pipeline, "reconcile", actor)))
    if csv is not None:
        rows = difference_rows.write(csv, found)
        if not as_json:
            line("reconcile_written", "green", path=csv, rows=rows)
    if as_json:
        emit(found)
    else:
        _show(found)
    if found["alerting"]:
        raise typer.Exit(FOUND_SOMETHING)


def _history(runs: Sequence[Any], as_json: bool) -> None:
    if as_json:
        emit(named(runs))
        return
    headings = ("reconcile_run", "reconcile_at", "reconcile_actor", "reconcile_assets", "reconcile_differing")
    rows = [(r.id, r.at, r.actor or say("reconcile_clock"), r.assets, r.differing, r.alerting, r.waiting) for r in runs]
    table((*headings, "reconcile_alerting", "reconcile_waiting"), rows, (0, 3, 4, 5, 6))


def _show(found: Mapping[str, Any]) -> None:
    if found["assets"] or not found["balances"]:
        _show_assets(found)
    for balance in found["balances"]:
        console.print()
        _show_balance(balance)
    for voucher in found["altered"][:SHOWN_MAX]:
        line("reconcile_altered", "bold red", **voucher)
    for row in found["unreadable"]:
        line("reconcile_unreadable", "yellow", **row)
    for unsaid in found["unsaid"]:
        line(unsaid["code"], "yellow", **unsaid["params"])
    console.print()
    counts = {name: found[name] for name in ("assets", "differing", "alerting")}
    if found["balances"]:
        counts |= {"documents": sum(one["documents"] for one in found["balances"])}
        counts["differing"] += sum(one["differing"] for one in found["balances"])
    style = "bold red" if found["alerting"] else "yellow" if counts["differing"] else "bold green"
    said = "reconcile_result_documents" if found["balances"] else "reconcile_result"
    console.print(Text(say(said, counts), style=style))


def _show_assets(found: Mapping[str, Any]) -> None:
    held = {control["field"]: Decimal(control["balance"]) for control in found["controls"]}
    rows = [_line(say(field), found, field, held.get(field)) for field in _values()]
    table(("reconcile_value", "reconcile_eam", "reconcile_cards", "reconcile_ledger", "difference"), rows, (1, 2, 3, 4))
    if found["groups"]:
        console.print()
        _groups(found["groups"])
    if listed := [d for d in found["differences"] if d["id"]]:
        console.print()
        headings = ("reconcile_number", "reconcile_asset", "reconcile_value", "reconcile_eam", "reconcile_cards")
        table((*headings, "difference", "reconcile_cause"), [_row(d, listed) for d in listed[:SHOWN_MAX]], (3, 4, 5))
        _counted(found, listed)
    for control in found["controls"]:
        balance, cards = Decimal(control["balance"]), Decimal(control["cards"])
        if balance != cards:
            line("reconcile_control", "yellow", accounts=", ".join(control["accounts"]), field=say(control["field"]),
                 balance=f"{balance:,.2f}", cards=f"{cards:,.2f}")  # fmt: skip
    _on_their_way(found)


def _show_balance(balance: Mapping[str, Any]) -> None:
    """One of the mapping's balances, by document."""
    eam, finance = Decimal(balance["eam"]), Decimal(balance["finance"])
    total = (difference_rows.label(balance), ", ".join(balance["accounts"]), eam, finance, finance - eam)
    headings = ("reconcile_balance", "col_account", "reconcile_eam", "reconcile_ledger", "difference")
    table(headings, [total], (2, 3, 4))
    if listed := balance["differences"]:
        console.print()
        headings = ("reconcile_number", "reconcile_document", "reconcile_value", "reconcile_eam", "reconcile_ledger")
        rows = [_row(d, listed, balance["name"], difference_rows.label(balance)) for d in listed[:SHOWN_MAX]]
        table((*headings, "difference", "reconcile_cause"), rows, (3, 4, 5))
        _counted(balance, listed)
    _on_their_way(balance)


def _row(
    d: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], name: str = "", label: str = ""
) -> Sequence[object]:
    why = f"{difference_rows.cause(d, listed, name)} {difference_rows.proposal(d)}".strip()
    field = label if d["field"] == name else difference_rows.value(d)
    return d["id"], d["asset_code"] or "–", field, *difference_rows.sides(d, name), f"{Decimal(d['share']):.2%}", why


def _counted(found: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> None:
    """How many there are, where not all are shown."""
    told = len({d["asset_code"] for d in listed if d["cause"] != "cause_manual"})
    if len(listed) > SHOWN_MAX:
        line("reconcile_shown", "yellow", total=len(listed), shown=SHOWN_MAX)
    if found["differing"] > told:
        line("reconcile_listed", "yellow", total=found["differing"], listed=told)


def _on_their_way(found: Mapping[str, Any]) -> None:
    if found["waiting"]:
        line("reconcile_on_its_way", "cyan", count=len(found["waiting"]), assets=", ".join(found["waiting"][:10]))
    if found["unseen"]:
        line("reconcile_unseen", "yellow", count=found["unseen"])


def _groups(groups: Sequence[Mapping[str, Any]]) -> None:
    """Totals by value, those that differ first."""
    rows = [
        (say(field) if (field := g["field"]) in _values() else field, g["value"] or "–", *told)
        for g in groups
        for value in _values()
        if (told := _line(say(value), g, value))[-1]
    ]
    if rows:
        headings = ("reconcile_by_field", "reconcile_group", "reconcile_value", "reconcile_eam", "reconcile_cards")
        table((*headings, "reconcile_ledger", "difference"), rows[:SHOWN_MAX], (3, 4, 5, 6))


def _line(name: str, sides: Mapping[str, Any], field: str, balance: object = None) -> tuple[object, ...]:
    eam, finance = Decimal(sides["eam"][field] or 0), Decimal(sides["finance"][field] or 0)
    return name, eam, finance, balance, finance - eam


def _values() -> Sequence[str]:
    return (*measures.FIELDS, "carrying_amount")
