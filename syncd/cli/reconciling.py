"""`syncd reconcile`: do both sides say the same?"""

from collections.abc import Mapping, Sequence

import typer
from rich.text import Text

from syncd import wiring
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, table
from syncd.language import say
from syncd.mapping.measures import FIELDS
from syncd.reconcile import Amounts, Report

SHOWN_MAX = 50
VALUES = (*FIELDS, "net_value")


def reconcile(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Hold both sides against each other."""
    report = wiring.pipeline(config_path(config), name).reconcile()
    if as_json:
        emit(_plain(report))
    else:
        _show(report)
    if report.alerting:
        raise typer.Exit(FOUND_SOMETHING)


def _show(report: Report) -> None:
    held = {control.field: control for control in report.controls}
    rows = []
    for field in VALUES:
        eam, finance = getattr(report.eam, field), getattr(report.finance, field)
        control = held.get(field)
        rows.append((say(field), eam, finance, control and control.balance, finance - eam))
    table(("reconcile_value", "reconcile_eam", "reconcile_cards", "reconcile_ledger", "difference"), rows, (1, 2, 3, 4))
    if report.differences:
        console.print()
        found = [
            (d.asset_code, say(d.field), d.eam, d.finance, f"{d.share:.2%}", ", ".join(_parked(report, d.asset_code)))
            for d in report.differences
        ]
        headings = ("reconcile_asset", "reconcile_value", "reconcile_eam", "reconcile_cards", "difference")
        table((*headings, "reconcile_parked"), found[:SHOWN_MAX], (2, 3, 4))
    for control in report.controls:
        if control.balance != control.cards:
            line("reconcile_control", "yellow", accounts=", ".join(control.accounts), field=say(control.field),
                 balance=f"{control.balance:,.2f}", cards=f"{control.cards:,.2f}")  # fmt: skip
    console.print()
    counts = {"assets": report.assets, "differing": report.differing, "alerting": report.alerting}
    style = "bold red" if report.alerting else "yellow" if report.differing else "bold green"
    console.print(Text(say("reconcile_result", counts), style=style))


def _plain(report: Report) -> Mapping[str, object]:
    return {
        "assets": report.assets,
        "eam": _amounts(report.eam),
        "finance": _amounts(report.finance),
        "differing": report.differing,
        "alerting": report.alerting,
        "differences": [
            d._asdict() | {"share": f"{d.share:.6f}", "parked": _parked(report, d.asset_code)}
            for d in (*report.differences, *report.totals)
        ],
        "controls": [control._asdict() for control in report.controls],
    }


def _parked(report: Report, asset_code: str) -> Sequence[str]:
    return report.parked.get(asset_code, ())


def _amounts(amounts: Amounts) -> Mapping[str, object]:
    return {field: getattr(amounts, field) for field in VALUES}
