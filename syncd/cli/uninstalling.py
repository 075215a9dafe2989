"""The command that takes out of the EAM what syncd made there, and out of finance its own tables if that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.later import connector, migrate, operators, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, line
from syncd.cli.passes import become_writer
from syncd.errors import Halt
from syncd.language import say

Yes = Annotated[bool, typer.Option("--yes", help=say("help_uninstall_yes"))]
State = Annotated[bool, typer.Option("--state", help=say("help_uninstall_state"))]


def uninstall(
    config: Config = None, name: Name = None, yes: Yes = False, state: State = False,
    actor: Actor = "", reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Say what syncd made in the EAM and what stays; take it away."""
    pipeline = wiring.pipeline(config_path(config), name)
    by = answering(pipeline, "operate", actor, reason, "uninstall_who_and_why", as_json) if yes else None
    if state:
        _refuse_others(pipeline)
    found = pipeline.holdings() if by is None else _take_away(pipeline, by, state)
    tables = migrate.tables() if state else []
    if as_json:
        holdings = [holding._asdict() for holding in found]
        emit({"pipeline": pipeline.name, "removed": yes, "holdings": holdings, "tables": tables})
    else:
        _show(pipeline.name, found, yes, tables)


def _refuse_others(pipeline: wiring.Pipeline) -> None:
    """They share the tables: which vouchers are theirs would be forgotten too."""
    with closing(pipeline.open_ledger()) as ledger:
        others = operators.still_installed(ledger, [pipeline.name, *(part.name for part in pipeline.begun())])
    if others:
        raise Halt("uninstall_state_shared", pipelines=", ".join(others), first=others[0].partition(wiring.PART)[0])


def _take_away(pipeline: wiring.Pipeline, by: operators.Actor, with_state: bool) -> list[connector.Holding]:
    """No daemon posts meanwhile, and the record says who did it before anything is gone."""
    with ExitStack() as kept:
        for part in pipeline.begun():
            ledger = kept.enter_context(closing(part.open_ledger()))
            become_writer(part, ledger)
        found = pipeline.holdings()
        ours = [holding for holding in found if holding.is_ours]
        what = [f"{holding.kind} {holding.name}" for holding in ours]
        operators.begin_uninstall(ledger, pipeline.name, what, by)
        pipeline.release(ours)
        operators.end_uninstall(ledger, pipeline.name, what, by)
    if with_state:  # behind the connections that hold the pipeline's lock by a row of theirs
        with closing(pipeline.open_ledger()) as ledger:
            migrate.take_away(ledger)
    return found


def _show(pipeline: str, found: Sequence[connector.Holding], is_done: bool, tables: Sequence[str]) -> None:
    console.print(Text(pipeline, style="bold"))
    for is_ours, code in ((True, "uninstall_done" if is_done else "uninstall_would"), (False, "uninstall_others")):
        of_kind = [holding for holding in found if holding.is_ours is is_ours]
        if of_kind:
            line(code, "yellow" if not is_ours else "green" if is_done else "bold")
        for holding in of_kind:
            console.print(Text(f"  {say(f'holding_{holding.kind}')} {holding.name}"), soft_wrap=True)
            for statement in () if is_ours and is_done else holding.statements:
                console.print(Text(f"      {statement.rstrip(';')};", style="cyan"), soft_wrap=True)
    if not found:
        line("uninstall_nothing", "green")
    if tables:
        line("uninstall_state_done" if is_done else "uninstall_state_would", "green" if is_done else "bold")
        console.print(Text(f"  {', '.join(tables)}"), soft_wrap=True)
    line("uninstall_stays")
    line("uninstall_stays_finance", "dim")
    line("uninstall_stays_forgotten" if tables else "uninstall_stays_state", "yellow" if tables else "dim")
    line("uninstall_stays_dba", "dim")
    if not is_done and (tables or any(holding.is_ours for holding in found)):
        line("uninstall_how_state" if tables else "uninstall_how", "green")
