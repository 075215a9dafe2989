"""Commands that carry what is waiting and then end: a dry run, a snapshot."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.codes import NEEDS_A_PERSON
from syncd.cli.later import drain, operators, ports, reader, wiring
from syncd.cli.later import progress as bars
from syncd.cli.later import tally as tallies
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import emit, errors, line, table
from syncd.errors import Gap, Halt, WrongUsage
from syncd.language import say

Again = Annotated[bool, typer.Option("--again", help=say("help_again"))]
Yes = Annotated[bool, typer.Option("--yes", help=say("help_snapshot_yes"))]


def dry_run(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Everything but the commit."""
    tally, is_first = tallies.Tally(), False
    whole = wiring.pipeline(config_path(config), name)
    for pipeline in whole.parts():
        with closing(pipeline.open_ledger(dry_run=True)) as ledger, progress() as bar:
            become_writer(pipeline, ledger)
            is_first = is_first or ledger.checkpoint() is None
            tally.include(drain.to_the_end(pipeline.spec(), ledger, True, Shown(bar)))
    _show(tally, as_json)
    if is_first and whole.kept and not as_json:
        errors.print(Text(say(f"dry_run_{whole.kept}"), style="yellow"))


def snapshot(
    config: Config = None, name: Name = None, again: Again = False, yes: Yes = False, actor: Actor = "",
    reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Read the tables as they stand."""
    tally, by = tallies.Tally(), None
    for pipeline in wiring.pipeline(config_path(config), name).parts():
        with closing(pipeline.open_ledger()) as ledger:
            pipeline.prepare(ledger)
            become_writer(pipeline, ledger)
            known = ledger.checkpoint() is not None
            if known and not again:
                raise Halt("snapshot_again", pipeline=pipeline.name)
            if known:
                by = by or _asked(pipeline, yes, actor, reason, as_json)
                operators.begin_snapshot(ledger, pipeline.name, {"checkpoint": ledger.checkpoint()}, by)
            with progress() as bar:
                tally.include(_taken(pipeline, ledger, known, Shown(bar)))
    _show(tally, as_json)


def _asked(pipeline: wiring.Pipeline, yes: bool, actor: str, reason: str, as_json: bool) -> operators.Actor:
    """Tables of a pipeline that posts are read again because somebody wants it."""
    by = answering(pipeline, "operate", actor, reason, "snapshot_who_and_why", as_json)
    if not yes and (as_json or not sys.stdin.isatty()):
        raise WrongUsage("snapshot_nobody_to_ask")
    if not yes and not typer.confirm(say("snapshot_ask"), err=True):
        raise typer.Exit(NEEDS_A_PERSON)
    return by


def _taken(pipeline: wiring.Pipeline, ledger: ports.Ledger, again: bool, tell: drain.Tell) -> tallies.Tally:
    """A snapshot; where one was taken before, behind what the log still holds, as far as it does."""
    spec = pipeline.spec(again=again)
    try:
        return drain.snapshot(spec, ledger, tell, again)
    except Gap as fault:
        if not (again and _is_in_snapshot(pipeline, ledger)):
            raise  # what the gap holds is in the mirror's difference to the tables, and a repair posts it
        why = say(fault.code, fault.params)
        errors.print(Text(say("snapshot_gap", {"position": ledger.checkpoint(), "why": why}), style="yellow"))
        return drain.snapshot(spec, ledger, tell)


def _is_in_snapshot(pipeline: wiring.Pipeline, ledger: ports.Ledger) -> bool:
    checkpoint = ledger.checkpoint()
    with closing(pipeline.open_source()) as source:
        return checkpoint is not None and source.in_snapshot(checkpoint)


class Shown:
    """Moves the bar: by the snapshot's own count while there is one, else by what was carried."""

    def __init__(self, bar: bars.Progress) -> None:
        self._bar = bar
        self._task: bars.TaskID = bar.add_task(say("progress_start"), total=None)

    def __call__(self, tally: tallies.Tally, reading: reader.Reader) -> None:
        note = reading.lag.note
        if "rows_total" in note:
            self._bar.update(
                self._task, description=note["table"], completed=int(note["rows"]), total=int(note["rows_total"])
            )
        else:
            self._bar.update(self._task, description=say("progress_changes"), completed=tally.changes, total=None)


def become_writer(pipeline: wiring.Pipeline, ledger: ports.Ledger) -> None:
    """Raises Halt while a daemon posts."""
    if not ledger.acquire():
        raise Halt("daemon_is_running", pipeline=pipeline.name)


def progress() -> bars.Progress:
    """Shows on standard error how far a pass is."""
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.completed:,.0f}"),
        bars.TimeElapsedColumn(),
        console=errors,
        transient=True,
    )


def _show(tally: tallies.Tally, as_json: bool) -> None:
    if as_json:
        emit(vars(tally) | {"rules": {name: vars(total) for name, total in tally.rules.items()}})
        return
    totals = ("changes", "repeated", "cards", "vouchers", "entries", "debit", "credit")
    table(
        ("status_what", "status_value"), [(say("tally_" + name), getattr(tally, name)) for name in totals], right=(1,)
    )
    if tally.postings:
        line("")
        table(("tally_rule", "tally_postings"), tally.postings.most_common(), right=(1,))
    if tally.parked:
        line("")
        table(("tally_reason", "tally_parked"), tally.parked.most_common(), right=(1,))
    if tally.ignored:
        line("")
        table(("tally_ignored_by", "tally_ignored"), tally.ignored.most_common(), right=(1,))
