"""`syncd reconcile`: do both sides say the same?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import history, measures, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, line, named, table
from syncd.language import say

SHOWN_MAX = 50
RUNS_SHOWN_MAX = 100
History = Annotated[bool, typer.Option("--history", help=say("help_reconcile_history"))]
RunId = Annotated[int, typer.Option("--run", help=say("help_reconcile_run"), min=0)]
Accept = Annotated[str, typer.Option("--accept", metavar="RUN/ID", help=say("help_reconcile_accept"))]


def reconcile(
    config: Config = None, name: Name = None, show_history: History = False, run: RunId = 0, accept: Accept = "",
    actor: Actor = "", reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Hold both sides against each other."""
    pipeline = wiring.pipeline(config_path(config), name)
    if accept:
        by = answering(pipeline.people, actor, reason)
        with closing(pipeline.open_ledger()) as ledger:
            pipeline.prepare(ledger)
            history.accept(ledger, pipeline.name, accept, by)
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
        found = history.plain(pipeline.reconcile(actor))
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
    held = {control["field"]: _amount(control["balance"]) for control in found["controls"]}
    rows = [_line(say(field), found, field, held.get(field)) for field in _values()]
    table(("reconcile_value", "reconcile_eam", "reconcile_cards", "reconcile_ledger", "difference"), rows, (1, 2, 3, 4))
    if found["groups"]:
        console.print()
        _groups(found["groups"])
    if listed := [d for d in found["differences"] if d["id"]]:
        console.print()
        headings = ("reconcile_number", "reconcile_asset", "reconcile_value", "reconcile_eam", "reconcile_cards")
        shown = [
            (d["id"], d["asset_code"] or "–", say(d["field"]), _amount(d["eam"]), _amount(d["finance"]),
             f"{Decimal(d['share']):.2%}", _cause(d))
            for d in listed[:SHOWN_MAX]
        ]  # fmt: skip
        table((*headings, "difference", "reconcile_cause"), shown, (3, 4, 5))
    for control in found["controls"]:
        if control["balance"] != control["cards"]:
            line("reconcile_control", "yellow", accounts=", ".join(control["accounts"]), field=say(control["field"]),
                 balance=f"{Decimal(control['balance']):,.2f}", cards=f"{Decimal(control['cards']):,.2f}")  # fmt: skip
    for voucher in found["altered"][:SHOWN_MAX]:
        line("reconcile_altered", "yellow", **voucher)
    for row in found["unreadable"]:
        line("reconcile_unreadable", "yellow", **row)
    if found["waiting"]:
        line("reconcile_on_its_way", "cyan", count=len(found["waiting"]), assets=", ".join(found["waiting"][:10]))
    if found["unseen"]:
        line("reconcile_unseen", "yellow", count=found["unseen"])
    console.print()
    counts = {name: found[name] for name in ("assets", "differing", "alerting")}
    style = "bold red" if found["alerting"] else "yellow" if found["differing"] else "bold green"
    console.print(Text(say("reconcile_result", counts), style=style))


def _groups(groups: Sequence[Mapping[str, Any]]) -> None:
    """Totals by value, those that differ first."""
    rows = [
        (say(field) if (field := g["field"]) in _values() else field, g["value"] or "–", *_line(say(value), g, value))
        for g in groups
        for value in _values()
        if g["eam"][value] != g["finance"][value]
    ]
    if rows:
        headings = ("reconcile_by_field", "reconcile_group", "reconcile_value", "reconcile_eam", "reconcile_cards")
        table((*headings, "reconcile_ledger", "difference"), rows[:SHOWN_MAX], (3, 4, 5, 6))


def _line(name: str, sides: Mapping[str, Any], field: str, balance: object = None) -> tuple[object, ...]:
    eam, finance = Decimal(sides["eam"][field] or 0), Decimal(sides["finance"][field] or 0)
    return name, eam, finance, balance, finance - eam


def _cause(difference: Mapping[str, Any]) -> str:
    params = difference["params"] | {"difference": difference["id"], "asset": difference["asset_code"]}
    cause, proposal = difference["cause"], difference["proposal"]
    return " ".join(say(code, params) for code in (cause, proposal) if code)


def _amount(text: str | None) -> object:
    try:
        return None if text is None else Decimal(text)
    except ArithmeticError:
        return text


def _values() -> Sequence[str]:
    return (*measures.FIELDS, "carrying_amount")
