"""The command that takes out of the EAM what syncd made there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.later import connector, operators, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, line
from syncd.cli.passes import become_writer
from syncd.language import say

Yes = Annotated[bool, typer.Option("--yes", help=say("help_uninstall_yes"))]
STAYS = ("uninstall_stays_finance", "uninstall_stays_state", "uninstall_stays_dba")


def uninstall(
    config: Config = None, name: Name = None, yes: Yes = False,
    actor: Actor = "", reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Say what syncd made in the EAM and what stays; take it away."""
    pipeline = wiring.pipeline(config_path(config), name)
    by = answering(pipeline.people, actor, reason, "uninstall_who_and_why", as_json) if yes else None
    found = pipeline.holdings() if by is None else _take_away(pipeline, by)
    if as_json:
        emit({"pipeline": pipeline.name, "removed": yes, "holdings": [holding._asdict() for holding in found]})
    else:
        _show(pipeline.name, found, yes)


def _take_away(pipeline: wiring.Pipeline, by: operators.Actor) -> list[connector.Holding]:
    """No daemon posts meanwhile, and the record says who did it before anything is gone."""
    with ExitStack() as kept:
        for part in pipeline.begun():
            ledger = kept.enter_context(closing(part.open_ledger()))
            become_writer(part, ledger)
        found = pipeline.holdings()
        ours = [holding for holding in found if holding.is_ours]
        if ours:
            what = [f"{holding.kind} {holding.name}" for holding in ours]
            operators.begin_uninstall(ledger, pipeline.name, what, by)
            pipeline.release(ours)
            operators.end_uninstall(ledger, pipeline.name, what, by)
    return found


def _show(pipeline: str, found: Sequence[connector.Holding], is_done: bool) -> None:
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
    line("uninstall_stays")
    for code in STAYS:
        line(code, "dim")
    if not is_done and any(holding.is_ours for holding in found):
        line("uninstall_how", "green")
