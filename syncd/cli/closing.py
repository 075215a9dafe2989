"""`syncd close` and `syncd reopen`: what must hold before a month is closed, and who has closed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import closing as desk
from syncd.cli.later import item as lists
from syncd.cli.later import wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import cell, console, emit, line
from syncd.errors import WrongUsage
from syncd.language import current, say

ROWS_SHOWN = 5
STYLES = {"holds": ("✓", "green"), "fails": ("✗", "bold red"), "noted": ("•", "yellow"), "unknown": ("?", "yellow")}

Month = Annotated[str, typer.Argument(metavar="MONTH", help=say("help_month"), show_default=False)]
Anyway = Annotated[bool, typer.Option("--anyway", help=say("help_anyway"))]
All = Annotated[bool, typer.Option("--all", help=say("help_all"))]


def close(
    month: Month, actor: Actor = "", reason: Reason = "", anyway: Anyway = False, every: All = False,
    config: Config = None, name: Name = None, as_json: Json = False,
) -> None:  # fmt: skip
    """What must hold, and the close."""
    pipeline = wiring.pipeline(config_path(config), name)
    wants = bool(anyway or actor or reason)
    with closing(pipeline.open_ledger()) as ledger:
        by = answering(pipeline, "overrule" if anyway else "close", actor, reason, as_json=as_json) if wants else None
        kept = pipeline.mapping.layout.kept(month)
        is_closed = kept in desk.closed(ledger)
        if by is not None and is_closed:
            raise WrongUsage("close_closed", period=month)
        seen = desk.numbers(ledger, kept)
        items = pipeline.close_items(ledger, month)
        failing = [item for item in items if item.state == "fails"]
        if as_json:
            emit({"period": month, "items": [_plain(item) for item in items], "fails": len(failing)})
        else:
            show(items, every)
        if by is not None and (anyway or not failing):
            told = pipeline.close_period(ledger, month, seen, items, by)
            _say(as_json, "close_done", month)
            if not told:
                _say(as_json, "close_by_hand", month)
            return
        if by is not None:
            raise WrongUsage("close_fails", period=month, count=len(failing))
        if not failing:
            _say(as_json, "close_is_closed" if is_closed else "close_ready", month)
    if failing:
        if not as_json:
            said = "close_no_more" if is_closed else "close_not_yet"
            line(said, "bold red", count=len(failing), period=month)
        raise typer.Exit(FOUND_SOMETHING)


def reopen(month: Month, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Open the month again."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        by = answering(pipeline, "overrule", actor, reason)
        told = pipeline.reopen_period(ledger, month, by)
    line("close_reopened", "green", period=month)
    if not told:
        line("close_by_hand", "yellow", period=month)


def _say(as_json: bool, code: str, month: str) -> None:
    if not as_json:
        console.print(Text(say(code, {"period": month}), style="green"), soft_wrap=True)


def show(items: Sequence[lists.Item], every: bool = False, folds: bool = False) -> None:
    """The list as people read it; the first rows of each item, or every one. `folds`: a line ends where the terminal
    does, although it may hold a command that somebody copies."""
    for item in items:
        mark, style = STYLES[item.state]
        counted = f"  {item.total:,}" if item.total else ""
        console.print(
            Text.assemble((mark, style), " ", (_said(item), "" if item.state == "holds" else "bold"), counted)
        )
        if item.rows:
            console.print(Padding(_rows(item, None if every else ROWS_SHOWN), (0, 0, 0, 2)))
            listed = len(item.rows) if every else min(ROWS_SHOWN, len(item.rows))
            if item.total > listed:
                console.print(Text("  " + say("close_more", {"count": f"{item.total - listed:,}"}), style="dim"))
        if mend := _mend(item):
            console.print(Text("  → " + mend, style="green"), soft_wrap=not folds)


def _rows(item: lists.Item, limit: int | None) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for n, column in enumerate(item.columns):
        is_money = any(isinstance(row[n], Decimal) for row in item.rows)
        grid.add_column(say(column), justify="right" if is_money else "left", overflow="fold")
    for row in item.rows[:limit]:
        grid.add_row(*(Text(_cell(*one)) for one in zip(row, item.columns, strict=True)))
    return grid


def _cell(value: object, column: str) -> str:
    if isinstance(value, lists.Said):
        return say(value.code, value.params)
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return value.isoformat() if type(value) is date else cell(value, column)


def _said(item: lists.Item) -> str:
    return item.says[current()] if item.says else say(item.said.code, item.said.params)


def _mend(item: lists.Item) -> str:
    if item.mends:
        return item.mends[current()]
    return say(item.mend.code, item.mend.params) if item.mend else ""


def _plain(item: lists.Item) -> Mapping[str, object]:
    rows = [dict(zip(item.columns, map(_value, row), strict=True)) for row in item.rows]
    return {
        "code": item.said.code,
        "state": item.state,
        "message": _said(item),
        "count": item.total,
        "mend": _mend(item),
        "rows": rows,
    }


def _value(value: object) -> object:
    return say(value.code, value.params) if isinstance(value, lists.Said) else value
