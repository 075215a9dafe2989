"""The command that tells an asset's whole life, and the way back from a voucher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncd import whole_files
from syncd.cli.answering import hidden
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import change as words
from syncd.cli.later import clock, masking, pages, sheets, wiring, wording
from syncd.cli.later import shares as parts
from syncd.cli.later import trace as lives
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, named, shown, table
from syncd.language import current, hint, say

ROWS_SHOWN_MAX: Final = 20
"""Of a group's rows, and of a voucher's entries, in a terminal: a page and a file hold all."""
LIVES_SHOWN_MAX: Final = 3
"""Of a group: more fill the terminal, and each can be asked for."""

Asset = Annotated[str, typer.Argument(metavar="WHAT", help=say("help_asset"), show_default=False)]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help=say("help_trace_html"), show_default=False)]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help=say("help_trace_csv"), show_default=False)]


def trace(
    asked: Asset, config: Config = None, name: Name = None, html: Html = None, csv: Csv = None, as_json: Json = False
) -> None:
    """An asset's life, from the source's row to the voucher; and the way back."""
    pipeline = wiring.pipeline(config_path(config), name)
    is_whole = as_json or html is not None or csv is not None
    with closing(pipeline.open_ledger()) as ledger:
        found = lives.find(ledger, asked, pipeline.mapping.tables, None if is_whole else ROWS_SHOWN_MAX)
        found = masking.traced(found, {r.name: r.on.alias for r in pipeline.mapping.rules}, hidden(pipeline))
        called = pages.NO_WORDS if as_json else wording.of(pipeline.mapping, ledger)
    if as_json:
        emit(_plain(found))
        return
    if not (found.origins or found.lives):
        line("trace_nothing", "yellow", asset=asked)
        console.print(Text("  → " + hint("trace_nothing"), style="green"), soft_wrap=True)
        raise typer.Exit(FOUND_SOMETHING)
    zone = pipeline.mapping.file.timezone
    found = found._replace(
        origins=[clock.local(origin, zone) for origin in found.origins],
        lives=[_local(life, pipeline) for life in found.lives],
    )
    if html is not None:
        whole_files.write(html, pages.trace_page(found, zone, called))
        line("trace_written", "green", file=html)
    if csv is not None:
        sheets.write_entries(csv, found)
        line("trace_written", "green", file=csv)
    if html is None and csv is None:
        show(found, called)


def show(found: lives.Traced, called: wording.Words | None = None) -> None:
    """In a terminal, bounded."""
    called = called or pages.NO_WORDS  # no default: help loads no page
    for origin in found.origins:
        _show_origin(origin, called)
    rows = max((len(origin.group.by_key) for origin in found.origins if origin.group is not None), default=0)
    if rows > LIVES_SHOWN_MAX:
        line("trace_lives", "dim", rows=rows)
        return
    for n, life in enumerate(found.lives):
        console.print(Text(f"\n{life.subject}" if n else life.subject, style="bold"))
        for step in life.steps:
            _show_step(step, called)
        _show_rest(life, called)


def _show_origin(origin: lives.Origin, called: wording.Words) -> None:
    line("trace_origin", "bold green", voucher=origin.voucher_ref or "–", key=origin.key)
    if origin.line:
        line("trace_line", line=origin.line)
    step = origin.step
    entries = [one for one in step.lines if origin.line in (0, one.number)]
    _show_step(step._replace(lines=entries), called)
    if origin.group is not None:
        console.print()
        _show_group(origin, origin.group)
    _show_acts(origin.actions)
    console.print()


def _show_group(origin: lives.Origin, group: parts.Shares) -> None:
    """The rows of a group, what each has put into which entry, and whether that adds up."""
    rows = len(group.by_key)
    line(f"trace_told_{group.told}", "" if group.told == "record" else "yellow", rows=rows, column=group.column)
    for one in group.entries:
        if one.shares is not None and not one.is_equal:
            line("trace_differs", "bold red", **_sum_of(one))
    if group.unkept:
        line("trace_unkept", "bold red", rows=group.unkept)
    elif group.told != "unknown" and group.is_whole:
        line("trace_adds_up", "green", rows=rows, entries=len(group.entries))
    shown_rows = [
        (row.subject or row.key, lines, amount, _said(row.row)) if n == 0 else ("", lines, amount, "")
        for row in origin.shares[:ROWS_SHOWN_MAX]
        for n, (lines, amount) in enumerate(_by_amount(row.amounts) or [("", "")])
    ]
    table(("col_subject", "col_entry", "col_amount", "col_share"), shown_rows, right=(2,), whole=(0, 1, 2))
    if rows > ROWS_SHOWN_MAX:
        line("trace_more_rows", "dim", rows=rows - ROWS_SHOWN_MAX)


def _sum_of(one: parts.EntrySum) -> Mapping[str, object]:
    return {"line": one.line, "account": one.account, "amount": f"{one.amount:,.2f}", "shares": f"{one.shares:,.2f}"}


def _by_amount(amounts: Mapping[int, Decimal]) -> Sequence[tuple[str, str]]:
    """Entries that a row has put the same into, together."""
    lines: defaultdict[Decimal, list[str]] = defaultdict(list)
    for number, amount in amounts.items():
        lines[amount].append(str(number))
    return [(", ".join(numbers), f"{amount:,.2f}") for amount, numbers in lines.items()]


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


def _show_step(step: lives.Step, called: wording.Words) -> None:
    console.print()
    console.print(Text.assemble((f"{shown(step.committed_at)}  ", "dim"), (step.rule, "bold")))
    source = {"position": step.position, "mapping": step.mapping_hash[:12], "key": step.key}
    line("trace_source", "dim", **source)
    if stepped := called.stepped(step.rule, step.key, [current()]):
        console.print(Text(f"  {stepped}"))
    for cancelled, code in ((step.reverses, "trace_reverses"), (step.reversed_by, "trace_reversed_by")):
        if cancelled:
            line(code, "red", key=cancelled)
    if step.voucher is not None:
        heading = f"  {step.voucher.date}  {step.voucher.summary}"
        console.print(Text.assemble("  ", (step.voucher_ref, "bold green"), heading))
        if step.voucher.fields:
            told = [
                f"{pages.heading(n, [current()])} {called.heading_value(n, v, [current()])}"
                for n, v in step.voucher.fields.items()
                if v
            ]
            console.print(Text("  " + ", ".join(told)))
        if step.rows:
            line(f"trace_part_{step.told}", "dim", rows=step.rows)
        console.print(Padding(_voucher(step), (0, 0, 0, 2)))
        if len(step.lines) > ROWS_SHOWN_MAX:
            line("trace_more_entries", "dim", entries=len(step.lines) - ROWS_SHOWN_MAX)
    if step.card and all(change.before is None for change in step.card):
        line("trace_opened", "dim")
        return
    for change in step.card:
        before, after = (shown(called.value(change.field, v, [current()])) for v in (change.before, change.after))
        console.print(Text(f"  {called.field(change.field, [current()])}: {before} → {after}"))


def _voucher(step: lives.Step) -> Table:
    """The entries; of a group's voucher the asset's share of each stands in its place, and the whole behind it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")  # auxiliaries
    for _ in ("debit", "credit", "whole"):
        grid.add_column(justify="right", no_wrap=True)
    for number, entry, share in step.lines[:ROWS_SHOWN_MAX]:
        dims = " ".join(str(value) for value in entry.dims.values() if value is not None)
        whole = "" if share is None else say("trace_of", {"amount": f"{entry.debit or entry.credit:,.2f}"})
        sides = (_side(entry.debit, share), _side(entry.credit, share))
        grid.add_row(str(number), entry.account, dims, *sides, whole)
    return grid


def _side(amount: Decimal, share: Decimal | None) -> str:
    return f"{amount if share is None else share:,.2f}" if amount else ""


def _show_acts(actions: Sequence[lives.Act]) -> None:
    if actions:
        console.print()
        acts = [(a.at, a.actor, say(f"deed_{a.action}"), lives.about(a), a.reason, lives.told(a)) for a in actions]
        table(("col_when", "col_actor", "col_action", "col_target", "col_why", "col_detail"), acts)


def _show_rest(life: lives.Life, called: wording.Words) -> None:
    if life.collected:
        console.print()
        columns = ("col_rule", "col_group", "col_posting")
        table(columns, [(row.rule, row.group, row.posted or say("collected_open")) for row in life.collected])
    if life.parked:
        console.print()
        rows = [(p.id, say(f"row_{p.state}"), say(p.code, p.params), p.parked_at) for p in life.parked]
        table(("col_id", "col_state", "col_reason", "col_at"), rows)
    _show_acts(life.actions)
    if life.card:
        console.print()
        held = [(called.field(n, [current()]), called.value(n, v, [current()])) for n, v in life.card.items()]
        table(("card_field", "card_value"), held)


def _plain(found: lives.Traced) -> Mapping[str, object]:
    """One subject's life as ever, and beside it what was asked for and the lives of others."""
    first = _plain_life(found.lives[0]) if found.lives else _plain_life(lives.nothing(found.asked))
    origins = [_plain_origin(one) for one in found.origins]
    return {**first, "asked": found.asked, "origins": origins, "others": [_plain_life(one) for one in found.lives[1:]]}


def _plain_origin(origin: lives.Origin) -> Mapping[str, object]:
    group = origin.group
    sums = None if group is None else [one._asdict() | {"is_equal": one.is_equal} for one in group.entries]
    told = None if group is None else {"told": group.told, "column": group.column, "unkept": group.unkept}
    whole = None if group is None or told is None else {**told, "rows": len(group.by_key), "entries": sums}
    rest = {"shares": named(origin.shares), "group": whole, "actions": named(origin.actions)}
    return origin._asdict() | {"step": _plain_step(origin.step)} | rest


def _plain_life(life: lives.Life) -> Mapping[str, object]:
    return {
        "subject": life.subject,
        "card": life.card,
        "steps": [_plain_step(step) for step in life.steps],
        "collected": named(life.collected),
        "parked": [row._asdict() | {"message": say(row.code, row.params)} for row in life.parked],
        "actions": named(life.actions),
    }


def _plain_step(step: lives.Step) -> Mapping[str, object]:
    """Entries with their numbers, of a group's voucher in an asset's life its own with its share."""
    said = step._asdict() | {"card": named(step.card), "voucher": None}
    del said["lines"]
    if step.voucher is None:
        return said
    entries = [{"line": one.number, **one.entry._asdict(), "share": one.share} for one in step.lines]
    voucher = {name: value for name, value in step.voucher._asdict().items() if name != "shares"}
    return said | {"voucher": voucher | {"entries": entries}}
