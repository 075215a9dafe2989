"""`syncd init`: two databases in, a proposed configuration, mapping and layout out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import first_day
from syncd.cli.options import Json
from syncd.cli.output import complain, console, described, emit, line
from syncd.errors import WrongUsage
from syncd.language import say

Eam = Annotated[str, typer.Option("--eam", metavar="URL", help=say("help_init_eam"), show_default=False)]
Finance = Annotated[str, typer.Option("--finance", metavar="URL", help=say("help_init_finance"), show_default=False)]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help=say("help_init_out"))]
Assets = Annotated[str, typer.Option("--assets", metavar="TABLE", help=say("help_init_assets"), show_default=False)]
Entries = Annotated[str, typer.Option("--entries", metavar="TABLE", help=say("help_init_entries"), show_default=False)]
Force = Annotated[bool, typer.Option("--force", help=say("help_init_force"))]


def init(
    eam: Eam = "",
    finance: Finance = "",
    out: Out = Path("."),
    assets: Assets = "",
    entries: Entries = "",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Propose all that a pipeline needs, of what two databases say of themselves."""
    asks = not as_json and sys.stdin.isatty()
    ends: dict[first_day.Side, first_day.Address] = {
        "eam": first_day.address("eam", _url("eam", eam, asks)),
        "finance": first_day.address("finance", _url("finance", finance, asks)),
    }

    def may(path: Path) -> bool:
        return force or (asks and typer.confirm(say("init_overwrite", {"path": path}), err=True))

    done = first_day.found(ends, out, may, assets, entries)
    if as_json:
        emit(_plain(done))
    else:
        _show(done)
    if done.errors:
        raise typer.Exit(FOUND_SOMETHING)


def _url(side: first_day.Side, given: str, asks: bool) -> str:
    """What was given, what the environment says, what a person types; the password where no one sees it."""
    variable = first_day.VARIABLES[side]
    if given or variable in os.environ:
        return given or f"${{{variable}}}"
    if not asks:
        raise WrongUsage("init_needs_both", option=f"--{side}", variable=variable)
    url = str(typer.prompt(say(f"init_ask_{side}"), err=True)).strip()
    scheme, mark, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    if not (mark and at and ":" not in user and scheme != "sqlite"):
        return url
    password = typer.prompt(
        say("init_ask_password", {"user": user}), err=True, hide_input=True, default="", show_default=False
    )
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}" if password else url


def _show(done: first_day.Founded) -> None:
    for path in done.files:
        line("init_wrote", path=path)
    for side, tables in done.skipped.items():
        line("init_skipped", "yellow", side=say(f"init_{side}"), tables=", ".join(tables[:8]))
    console.print()
    if done.questions:
        line("init_asks", "bold yellow", count=len(done.questions))
        for one in done.questions:
            console.print(Text(one.where, style="bold"), soft_wrap=True)
            console.print(
                Text(f"  {say('init_question', one._asdict() | {'sure': f'{one.sure:.0%}'})}"), soft_wrap=True
            )
        console.print()
    for error in done.errors:
        complain(error)
    good = {"guesses": done.guesses, "asked": len(done.questions), "cases": done.cases}
    line("init_wrong" if done.errors else "init_green", "bold red" if done.errors else "bold green", **good)
    for variable in done.unset:
        line("init_unset", "yellow", variable=variable)
    if done.left:
        line("init_left", "yellow")
        for left in done.left:
            console.print(Text(f"  {say(left.code, left.params)}"), soft_wrap=True)
        console.print()
    line("init_next")
    for command in done.commands:
        console.print(Text(f"  {command}"), soft_wrap=True)


def _plain(done: first_day.Founded) -> dict[str, object]:
    return {
        "files": [str(path) for path in done.files],
        "guesses": done.guesses,
        "questions": [one._asdict() | {"sure": round(one.sure, 2)} for one in done.questions],
        "errors": [described(error) for error in done.errors],
        "cases": done.cases,
        "unset": done.unset,
        "skipped": {side: list(tables) for side, tables in done.skipped.items()},
        "left": [{"code": one.code, "params": dict(one.params)} for one in done.left],
        "commands": done.commands,
    }
