"""Commands for many parked rows of one cause: tried again or given up together, watched, stopped; and who has taken it.
The pages do the same; see `console.bulk`."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import typer

from syncd.cli.answering import answering
from syncd.cli.codes import FOUND_SOMETHING, LATER
from syncd.cli.later import bulk, clock, operators, ports, status, taken, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason
from syncd.cli.output import emit, line, named, table
from syncd.cli.parked import Id, Wait, at_desk, holding_of
from syncd.cli.passes import progress as bar_of
from syncd.errors import WrongUsage
from syncd.language import say

LISTED_MAX: Final = 50
LOOKED_EVERY_S: Final = 0.5
What = Literal["retry", "discard"]

Number = Annotated[int, typer.Argument(metavar="NUMBER", help=say("help_bulk_number"), show_default=False)]


def begin(
    pipelines: list[wiring.Pipeline], ledger: ports.Ledger, what: What, id: int, called: str, actor: str, reason: str,
    count: bool, wait: bool,
) -> None:  # fmt: skip
    """Ask all rows of the cause that a row is of; `count` only says how many."""
    part = holding_of(pipelines, ledger, id)
    cause = _cause(ledger, part, id)
    rows = cause.rows - cause.asked
    if count:
        line(f"rows_would_{what}", rows=rows)
        return
    by = answering(part, bulk.right(what), actor, reason, asked=part.mapping.approvers)
    made = bulk.begin(ledger, part.name, cause.selection, what, called.strip() or by.reason, 0, by)
    line("bulk_begun", number=made.number, name=made.name, rows=made.rows)
    bulk.ask(ledger, part.name, made.number, by)
    _tell(ledger, part, made.number, wait)


def show_list(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """What was asked of many rows, the last first."""
    with at_desk(config, name) as (pipelines, ledger):
        found = [
            clock.local(one, part.mapping.file.timezone)
            for part in pipelines
            for one in bulk.latest(ledger, part.name, LISTED_MAX)
        ]
    if as_json:
        emit(named(found))
    elif not found:
        line("bulk_none")
    else:
        columns = ("col_id", "col_name", "col_did", "col_rows", "col_who", "col_when", "col_why")
        rows = [(b.number, b.name, say(f"deed_{b.what}"), b.rows, b.actor, b.at, b.reason) for b in found]
        table(columns, rows, right=(3,), whole=(0,))


def show(number: Number, config: Config = None, name: Name = None, wait: Wait = False, as_json: Json = False) -> None:
    """How far it is, and what came of it."""
    with at_desk(config, name) as (pipelines, ledger):
        part = _of(pipelines, ledger, number)
        if as_json:
            far = _watched(ledger, part, number) if wait else bulk.progress(ledger, part.name, number)
            emit(far._asdict() | {"bulk": far.bulk._asdict(), "again": named(far.again), "is_done": far.is_done})
        else:
            _tell(ledger, part, number, wait)


def stop(number: Number, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Ask no more of its rows, and take back what nobody has taken up."""
    with at_desk(config, name) as (pipelines, ledger):
        part = _of(pipelines, ledger, number)
        right = bulk.right(bulk.progress(ledger, part.name, number).bulk.what)
        by = answering(part, right, actor, reason, asked=part.mapping.approvers)
        line("bulk_stopped", number=number, rows=bulk.stop(ledger, part.name, number, by))
        _tell(ledger, part, number, False)


def resume(
    number: Number, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None, wait: Wait = False
) -> None:
    """Ask the rest of its rows, where the process that asked them was ended."""
    with at_desk(config, name) as (pipelines, ledger):
        part = _of(pipelines, ledger, number)
        right = bulk.right(bulk.progress(ledger, part.name, number).bulk.what)
        bulk.ask(ledger, part.name, number, answering(part, right, actor, reason, asked=part.mapping.approvers))
        _tell(ledger, part, number, wait)


def take(id: Id, actor: Actor = "", reason: Reason = "take", config: Config = None, name: Name = None) -> None:
    """Show all others that somebody looks into the cause that a row is of."""
    with at_desk(config, name) as (pipelines, ledger):
        part = holding_of(pipelines, ledger, id)
        cause = _cause(ledger, part, id)
        by = answering(part, "mend", actor, reason)
        taken.take(ledger, part.name, taken.called(cause), by)
    line("group_taken", rows=cause.rows, cause=cause.code, name=by.name)


def give_back(
    id: Id, actor: Actor = "", reason: Reason = "give_back", config: Config = None, name: Name = None
) -> None:
    """It is nobody's any more."""
    with at_desk(config, name) as (pipelines, ledger):
        part = holding_of(pipelines, ledger, id)
        called = taken.called(cause := _cause(ledger, part, id))
        had = taken.taken(ledger, part.name, [cause]).get(called)
        by = answering(part, "mend", actor, reason)
        if had is None:
            raise WrongUsage("group_nobodys", id=id)
        taken.give_back(ledger, part.name, called, by)
    line("group_given_back", rows=cause.rows, cause=cause.code, name=had.actor)


def _cause(ledger: ports.Ledger, part: wiring.Pipeline, id: int) -> operators.Group:
    row = operators.show(ledger, part.name, id)
    of = (row.state, row.rule, row.code, row.table)
    found = [g for g in operators.groups(ledger, part.name) if (g.state, g.rule, g.code, g.table) == of]
    if row.settled_at is not None or not found:
        raise WrongUsage("parked_settled", id=id, state=f"row_{row.state}")
    return found[0]


def _of(pipelines: list[wiring.Pipeline], ledger: ports.Ledger, number: int) -> wiring.Pipeline:
    for part in pipelines:
        with suppress(WrongUsage):
            bulk.progress(ledger, part.name, number)
            return part
    raise WrongUsage("bulk_unknown", id=number)


def _watched(ledger: ports.Ledger, part: wiring.Pipeline, number: int) -> bulk.Progress:
    """Look again and again until nothing more will come of it, or nobody takes anything up."""
    with bar_of() as bar:
        far = bulk.progress(ledger, part.name, number)
        task = bar.add_task(far.bulk.name, total=far.bulk.rows)
        while not far.is_done and status.is_run(ledger, part.name, datetime.now(UTC)):
            bar.update(task, completed=far.taken_up + far.skipped)
            time.sleep(LOOKED_EVERY_S)
            far = bulk.progress(ledger, part.name, number)
    return far


def _tell(ledger: ports.Ledger, part: wiring.Pipeline, number: int, wait: bool) -> None:
    """What came of it so far, and where rows are parked again. Where that was waited for, ends with 1 if some are, and
    with 4 if nobody takes them up."""
    far = _watched(ledger, part, number) if wait else bulk.progress(ledger, part.name, number)
    again = sum(one.rows for one in far.again)
    if far.bulk.what == "retry":
        line("console_bulk_result", posted=far.posted, again=again, skipped=far.skipped)
    else:
        line("console_bulk_discarded", discarded=far.discarded, skipped=far.skipped)
    if far.ignored:
        line("console_bulk_ignored", rows=far.ignored)
    if far.again:
        line("console_bulk_again", "yellow")
        columns = ("col_rows", "col_state", "col_rule", "col_code")
        rows = [(one.rows, say(f"row_{one.state}"), one.rule, one.code) for one in far.again]
        table(columns, rows, right=(0,), whole=(2,))
    if not far.is_done:
        rate = far.rate(datetime.now(UTC))
        line("bulk_far", number=number, waiting=far.waiting, rate=rate)
    if wait and (again or not far.is_done):
        raise typer.Exit(FOUND_SOMETHING if far.is_done else LATER)
