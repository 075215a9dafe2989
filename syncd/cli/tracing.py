"""The command that tells an asset's whole life."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import change as words
from syncd.cli.later import clock, pages, posting, wiring
from syncd.cli.later import trace as lives
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, named, shown, table
from syncd.language import say

Asset = Annotated[str, typer.Argument(metavar="WHAT", help=say("help_asset"), show_default=False)]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help=say("help_trace_html"), show_default=False)]


def trace(asked: Asset, config: Config = None, name: Name = None, html: Html = None, as_json: Json = False) -> None:
    """An asset's life, from the source's row to the voucher; and the way back."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        found = lives.find(ledger, asked)
    if as_json:
        emit(_plain(found))
        return
    if not found.lives:
        line("trace_nothing", "yellow", asset=asked)
        raise typer.Exit(FOUND_SOMETHING)
    found = found._replace(lives=[_local(life, pipeline) for life in found.lives])
    if html is not None:
        html.write_text(pages.trace_page(found, pipeline.mapping.file.timezone), "utf-8")
        line("trace_written", "green", file=html)
        return
    for origin in found.origins:
        _show_origin(origin)
    for life in found.lives:
        console.print(Text(life.subject, style="bold"))
        for step in life.steps:
            _show_step(step)
        _show_rest(life)


def _show_origin(origin: lives.Origin) -> None:
    line("trace_origin", "bold green", voucher=origin.voucher_ref or "–", key=origin.key)
    if origin.line:
        line("trace_line", line=origin.line)
    if origin.shares:
        rows = [(share.subject, share.source, _said(share.row)) for share in origin.shares]
        table(("col_subject", "col_table", "col_share"), rows)
    console.print()


def _said(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)


def _local(life: lives.Life, pipeline: wiring.Pipeline) -> lives.Life:
    """The same, its times where the books are."""
    kinds, zone = pipeline.mapping.layout.card_kinds, pipeline.mapping.file.timezone
    life = clock.local(life, zone)
    steps = [step._replace(card=[_change(change, kinds, zone) for change in step.card]) for step in life.steps]
    return life._replace(steps=steps, card=clock.fields(life.card, kinds, zone))


def _change(change: lives.CardChange, kinds: Mapping[str, words.Kind], zone: str) -> lives.CardChange:
    before, after = (
        clock.fields({change.field: value}, kinds, zone)[change.field] for value in (change.before, change.after)
    )
    return change._replace(before=before, after=after)


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


def _voucher(voucher: posting.Voucher) -> Table:
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
        acts = [(a.at, a.actor, say(f"deed_{a.action}"), lives.about(a), a.reason, lives.told(a)) for a in life.actions]
        table(("col_when", "col_actor", "col_action", "col_target", "col_why", "col_detail"), acts)
    if life.card:
        console.print()
        table(("card_field", "card_value"), life.card.items())


def _plain(found: lives.Traced) -> Mapping[str, object]:
    """One subject's life as ever, and beside it what was asked for and the lives of others."""
    first = _plain_life(found.lives[0]) if found.lives else _plain_life(lives.nothing(found.asked))
    origins = [one._asdict() | {"shares": named(one.shares)} for one in found.origins]
    return {**first, "asked": found.asked, "origins": origins, "others": [_plain_life(one) for one in found.lives[1:]]}


def _plain_life(life: lives.Life) -> Mapping[str, object]:
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


def _plain_voucher(voucher: posting.Voucher | None) -> Mapping[str, object] | None:
    return None if voucher is None else voucher._asdict() | {"entries": named(voucher.entries)}
