"""Commands for the auditor: an asset's whole life, and whether the record is whole."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncd import trace as lives
from syncd import verify as auditing
from syncd import wiring
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, named, shown, table
from syncd.language import say
from syncd.posting import Voucher

Asset = Annotated[str, typer.Argument(metavar="ASSET", help=say("help_asset"), show_default=False)]


def trace(asset: Asset, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """An asset's life, from the source's row to the voucher."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        life = lives.trace(ledger, asset)
    if as_json:
        emit(_plain(life))
        return
    if not (life.steps or life.collected or life.parked):
        line("trace_nothing", "yellow", asset=asset)
        raise typer.Exit(FOUND_SOMETHING)
    console.print(Text(asset, style="bold"))
    for step in life.steps:
        _show_step(step)
    _show_rest(life)


def verify(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Whether any posting, voucher or action was changed."""
    pipeline = wiring.pipeline(config_path(config), name)
    parts = pipeline.begun()
    with closing(pipeline.open_ledger()) as ledger:
        verdict = auditing.joined(auditing.verify(ledger, part.name, pipeline.mapping.layout) for part in parts)
    if as_json:
        emit(verdict._asdict() | {"flaws": [f._asdict() | {"message": say(f.code, f.params)} for f in verdict.flaws]})
    else:
        for flaw in verdict.flaws:
            line(flaw.code, "red", **flaw.params)
        counts = {"postings": verdict.postings, "vouchers": verdict.vouchers, "actions": verdict.actions}
        line(
            "audit_flawed" if verdict.flaws else "audit_whole", "bold red" if verdict.flaws else "bold green", **counts
        )
    if verdict.flaws:
        raise typer.Exit(FOUND_SOMETHING)


def _show_step(step: lives.Step) -> None:
    console.print()
    console.print(Text.assemble((f"{shown(step.committed_at)}  ", "dim"), (step.rule, "bold")))
    source = {"position": step.position, "mapping": step.mapping_hash[:12], "key": step.key}
    line("trace_source", "dim", **source)
    for cancelled, code in ((step.reverses, "trace_reverses"), (step.reversed_by, "trace_reversed_by")):
        if cancelled:
            line(code, "red", key=cancelled)
    if step.voucher is not None:
        heading = f"  {step.voucher.date}  {step.voucher.summary}"
        console.print(Text.assemble("  ", (step.voucher_ref, "bold green"), heading))
        console.print(Padding(_voucher(step.voucher), (0, 0, 0, 2)))
    if step.card and all(change.before is None for change in step.card):
        line("trace_opened", "dim")
        return
    for change in step.card:
        console.print(Text(f"  {change.field}: {shown(change.before)} → {shown(change.after)}"))


def _voucher(voucher: Voucher) -> Table:
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right"):
        grid.add_column(justify=justify)
    for entry in voucher.entries:
        dims = " ".join(str(value) for value in entry.dims.values() if value is not None)
        grid.add_row(entry.account, dims, *(f"{a:,.2f}" if a else "" for a in (entry.debit, entry.credit)))
    return grid


def _show_rest(life: lives.Life) -> None:
    if life.collected:
        console.print()
        columns = ("col_rule", "col_group", "col_posting")
        table(columns, [(row.rule, row.group, row.posted or say("collected_open")) for row in life.collected])
    if life.parked:
        console.print()
        rows = [(p.id, say(f"row_{p.state}"), say(p.code, p.params), p.parked_at) for p in life.parked]
        table(("col_id", "col_state", "col_reason", "col_at"), rows)
    if life.actions:
        console.print()
        acts = [(a.at, a.actor, a.action, a.target, a.reason) for a in life.actions]
        table(("col_when", "col_actor", "col_action", "col_target", "col_why"), acts)
    if life.card:
        console.print()
        table(("card_field", "card_value"), life.card.items())


def _plain(life: lives.Life) -> Mapping[str, object]:
    return {
        "subject": life.subject,
        "card": life.card,
        "steps": [
            step._asdict() | {"voucher": _plain_voucher(step.voucher), "card": named(step.card)} for step in life.steps
        ],
        "collected": named(life.collected),
        "parked": [row._asdict() | {"message": say(row.code, row.params)} for row in life.parked],
        "actions": named(life.actions),
    }


def _plain_voucher(voucher: Voucher | None) -> Mapping[str, object] | None:
    return None if voucher is None else voucher._asdict() | {"entries": named(voucher.entries)}
