"""Commands that carry what is waiting and then end: a dry run, a snapshot."""

from contextlib import closing
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from syncd import drain, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import emit, errors, line, table
from syncd.errors import Halt
from syncd.language import say
from syncd.ports import Ledger
from syncd.reader import Reader

Again = Annotated[bool, typer.Option("--again", help=say("help_again"))]


def dry_run(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Everything but the commit."""
    tally, is_first = drain.Tally(), False
    whole = wiring.pipeline(config_path(config), name)
    for pipeline in whole.parts():
        with closing(pipeline.open_ledger(dry_run=True)) as ledger, progress() as bar:
            become_writer(pipeline, ledger)
            is_first = is_first or ledger.checkpoint() is None
            tally.include(drain.to_the_end(pipeline.line(), ledger, True, Shown(bar)))
    _show(tally, as_json)
    if is_first and whole.kept and not as_json:
        errors.print(Text(say(f"dry_run_{whole.kept}"), style="yellow"))


def snapshot(config: Config = None, name: Name = None, again: Again = False, as_json: Json = False) -> None:
    """Read the tables as they stand."""
    tally = drain.Tally()
    for pipeline in wiring.pipeline(config_path(config), name).parts():
        with closing(pipeline.open_ledger()) as ledger, progress() as bar:
            pipeline.prepare(ledger)
            become_writer(pipeline, ledger)
            if ledger.checkpoint() is not None:
                if not again:
                    raise Halt("snapshot_again", pipeline=pipeline.name)
                _catch_up(pipeline, ledger, Shown(bar))
            tally.include(drain.snapshot(pipeline.line(), ledger, Shown(bar)))
    _show(tally, as_json)


def _catch_up(pipeline: wiring.Pipeline, ledger: Ledger, tell: drain.Tell) -> None:
    """Carry what is still in the log first: a snapshot shows states, and would swallow the events on the way there."""
    try:
        drain.to_the_end(pipeline.line(), ledger, False, tell)
    except Halt as fault:
        why = say(fault.code, fault.params)
        errors.print(Text(say("snapshot_gap", {"position": ledger.checkpoint(), "why": why}), style="yellow"))


class Shown:
    """Moves the bar: by the snapshot's own count while there is one, else by what was carried."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID = bar.add_task(say("progress_start"), total=None)

    def __call__(self, tally: drain.Tally, reader: Reader) -> None:
        note = reader.lag.note
        if "rows_total" in note:
            self._bar.update(
                self._task, description=note["table"], completed=int(note["rows"]), total=int(note["rows_total"])
            )
        else:
            self._bar.update(self._task, description=say("progress_changes"), completed=tally.changes, total=None)


def become_writer(pipeline: wiring.Pipeline, ledger: Ledger) -> None:
    """Raises Halt while a daemon posts."""
    if not ledger.acquire():
        raise Halt("daemon_is_running", pipeline=pipeline.name)


def progress() -> Progress:
    """Shows on standard error how far a pass is."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    )


def _show(tally: drain.Tally, as_json: bool) -> None:
    if as_json:
        emit(vars(tally))
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
