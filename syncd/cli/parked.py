"""Commands for parked rows. They mark rows; the daemon takes them up between two batches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from syncd.cli import previewing
from syncd.cli.answering import answering, hidden
from syncd.cli.later import approvals, bulk, clock, many, masking, operators, ports, status, taken, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, emit, errors, line, named, table
from syncd.errors import WrongUsage
from syncd.language import hint, say

LISTED_MAX: Final = 10_000

Id = Annotated[int, typer.Argument(metavar="NUMBER", help=say("help_id"), show_default=False)]
Ids = Annotated[list[int] | None, typer.Argument(metavar="NUMBER", help=say("help_ids"), show_default=False)]
Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER", help=say("help_numbers"), show_default=False)]
Subject = Annotated[str, typer.Option("--subject", metavar="CODE", help=say("help_subject"), show_default=False)]
States = Literal["failed", "behind", "approval", "posted", "ignored", "discarded"]
State = Annotated[States | None, typer.Option("--state", metavar="STATE", help=say("help_state"), show_default=False)]
Rule = Annotated[str, typer.Option("--rule", metavar="NAME", help=say("help_rule"), show_default=False)]
Code = Annotated[str, typer.Option("--code", metavar="REASON", help=say("help_code"), show_default=False)]
Settled = Annotated[bool, typer.Option("--settled", help=say("help_settled"))]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=LISTED_MAX, help=say("help_limit"))]
Groups = Annotated[bool, typer.Option("--groups", help=say("help_groups"))]
Cause = Annotated[int | None, typer.Option("--group", metavar="NUMBER", help=say("help_group"), show_default=False)]
Called = Annotated[str, typer.Option("--name", metavar="TEXT", help=say("help_bulk_name"), show_default=False)]
Wait = Annotated[bool, typer.Option("--wait", help=say("help_bulk_wait"))]
Count = Annotated[bool, typer.Option("--dry-run", help=say("help_count_rows"))]
Set = Annotated[list[str], typer.Option("--set", metavar="COLUMN=VALUE", help=say("help_set"), show_default=False)]


def show_list(
    config: Config = None, name: Name = None, subject: Subject = "", state: State = None, rule: Rule = "",
    code: Code = "", settled: Settled = False, groups: Groups = False, limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """Parked rows, or their signatures."""
    selection = operators.Selection((), subject, state or "", rule, code, settled)
    with at_desk(config, name) as (pipelines, ledger):
        names = [pipeline.name for pipeline in pipelines]
        if groups:
            _show_groups([group for one in names for group in _groups(ledger, one)], as_json)
            return
        found = [(one, row) for one in names for row in operators.parked(ledger, one, selection, limit)][:limit]
        advised = [operators.advice(ledger, one, row) for one, row in found] if as_json else []
        unseen = hidden(pipelines[0])
        found = [(one, masking.row(row, unseen)) for one, row in found]
    if as_json:
        emit([{"pipeline": one, **_plain(row, code)} for (one, row), code in zip(found, advised, strict=True)])
    elif not found:
        line("rows_none", "green")
    else:
        columns = ["col_id", "col_state", "col_subject", "col_rule", "col_reason"]
        rows = [[row.id, state_of(row), row.subject, row.rule, say(row.code, row.params)] for _, row in found]
        if len(names) > 1:
            columns, rows = ["col_pipeline", *columns], [[one, *row] for (one, _), row in zip(found, rows, strict=True)]
        table(columns, rows, whole=[columns.index(one) for one in ("col_id", "col_subject", "col_rule")])
        if len(found) == limit:
            line("rows_more", "dim", limit=limit)


def show(id: Id, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """One parked row, whole."""
    with at_desk(config, name) as (pipelines, ledger):
        holding = holding_of(pipelines, ledger, id)
        row = operators.show(ledger, holding.name, id)
        advised = operators.advice(ledger, holding.name, row)
        behind = operators.behind(ledger, holding.name, row)
        done = approvals.deeds(ledger, holding.name, (id,)).get(id, ())
    preview = previewing.of(holding, [row]).get(id) if row.state == "approval" else None
    unseen = hidden(holding)
    preview, row = preview and masking.preview(preview, row, unseen), masking.row(row, unseen)
    if as_json:
        emit(
            _plain(row, advised)
            | {"behind": behind, "deeds": named(done), "preview": preview and previewing.plain(preview)}
        )
        return
    zone = holding.mapping.file.timezone
    row = clock.local(row, zone)
    console.print(Text.assemble((f"{row.id}  {row.subject}  ", "bold"), (state_of(row), "yellow")))
    console.print(Text(say(row.code, row.params), style="red"))
    if advised == "row_gone" and row.settled_at is None:
        console.print(Text(say(advised, row.params), style="red"))
    if advice := _hint(row, advised):
        console.print(Text("→ " + advice, style="green"), soft_wrap=True)
    if behind:
        line("rows_behind", "yellow", id=id, rows=behind, subject=row.subject)
    facts = {
        "col_rule": row.rule,
        "col_table": f"{row.table} {row.key}",
        "col_position": row.position,
        "col_committed": row.committed_at,
        "col_at": row.parked_at,
        "col_attempts": row.attempts,
        "col_waits_for": row.waits_for,
        "col_request": row.request and say("request_" + row.request),
        "col_approved": ", ".join(map(_step, sorted(row.approved))),
        "col_due": approvals.due(row),
        "col_then": row.params.get("then", "") if row.state == "approval" else "",
        "col_settled": row.settled_at,
    }
    table(("status_what", "status_value"), [(say(what), value) for what, value in facts.items() if value])
    known = holding.mapping.tables.get(row.table)

    def images(change: str) -> list[Mapping[str, object]]:
        """A row before and after, its times where the books are."""
        found = [json.loads(change)[side] or {} for side in ("before", "after")]
        return found if known is None else [clock.image(one, known, zone) for one in found]

    before, after = images(row.change)
    _show_images(before, after, images(row.original)[1] if row.original else None)
    previewing.show_deeds([clock.local(deed, zone) for deed in done])
    if preview is not None:
        previewing.show(preview)


def retry(
    ids: Ids = None, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None,
    subject: Subject = "", rule: Rule = "", code: Code = "", group: Cause = None, called: Called = "",
    wait: Wait = False, count: Count = False,
) -> None:  # fmt: skip
    """Ask for rows to be tried again; all of a cause as one."""
    chosen = operators.Selection(tuple(ids or ()), subject, "", rule, code)
    _ask("retry", chosen, group, called, actor, reason, config, name, wait, count)


def discard(
    ids: Ids = None, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None,
    subject: Subject = "", rule: Rule = "", code: Code = "", group: Cause = None, called: Called = "",
    wait: Wait = False, count: Count = False,
) -> None:  # fmt: skip
    """Give rows up; all of a cause as one."""
    chosen = operators.Selection(tuple(ids or ()), subject, "", rule, code)
    _ask("discard", chosen, group, called, actor, reason, config, name, wait, count)


def _ask(
    what: Literal["retry", "discard"], chosen: operators.Selection, group: int | None, called: str, actor: str,
    reason: str, config: Config, name: Name, wait: bool, count: bool,
) -> None:  # fmt: skip
    """Ask something of rows, or of all of the cause that `group` is of; `count` only says of how many."""
    with at_desk(config, name) as (pipelines, ledger):
        if group is not None:
            if chosen.is_said:
                raise WrongUsage("parked_which_both")
            many.begin(pipelines, ledger, what, group, called, actor, reason, count, wait)
            return
        if not chosen.is_said:
            raise WrongUsage("parked_which")
        if chosen.ids and chosen._replace(ids=()).is_said:
            raise WrongUsage("parked_which_both")
        meant = meant_by(pipelines, ledger, chosen)
        if count:
            rows = sum(len(operators.parked(ledger, one, each)) for one, each in meant.items())
            line(f"rows_would_{what}", rows=rows)
            return
        by = answering(pipelines[0], bulk.right(what), actor, reason, asked=pipelines[0].mapping.approvers)
        do = operators.retry if what == "retry" else operators.discard
        line(f"rows_{what}", rows=sum(do(ledger, one, each, by) for one, each in meant.items()))


def withdraw(ids: Numbers, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Take back what is asked of rows, while the daemon has not taken it up."""
    with at_desk(config, name) as (pipelines, ledger):
        for number in ids:
            pipeline = holding_of(pipelines, ledger, number)
            actor, reason = by = answering(pipeline, "mend", actor, reason)  # who it is is asked once
            line(f"rows_withdraw_{operators.withdraw(ledger, pipeline.name, number, by)}", id=number)


def edit(
    id: Id, assignments: Set, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None
) -> None:
    """Correct values of a row and try it again."""
    values = assigned(assignments)
    with at_desk(config, name) as (pipelines, ledger):
        pipeline = holding_of(pipelines, ledger, id)
        by = answering(pipeline, "mend", actor, reason)
        operators.edit(ledger, pipeline.name, id, values, pipeline.mapping.tables, pipeline.read, by)
    line("rows_edit", id=id)


def assigned(assignments: Iterable[str]) -> dict[str, str | None]:
    """Values by column, as people type them; None for NULL."""
    values: dict[str, str | None] = {}
    for assignment in assignments:
        column, equals, value = assignment.partition("=")
        if not equals:
            raise WrongUsage("edit_no_value", given=assignment)
        values[column] = None if value == "NULL" else value
    return values


@contextmanager
def at_desk(config: Config, name: Name) -> Iterator[tuple[list[wiring.Pipeline], ports.Ledger]]:
    """The pipelines that are meant, those of all partitions where one is partitioned, and their ledger. Says when
    nobody would take a request up."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        meant, now = pipeline.begun(), datetime.now(UTC)
        yield meant, ledger
        if not any(status.is_run(ledger, one.name, now) for one in meant):
            errors.print(Text(say("rows_no_daemon"), style="yellow"))


def holding_of(pipelines: list[wiring.Pipeline], ledger: ports.Ledger, id: int) -> wiring.Pipeline:
    """The pipeline that has the row: each counts its own."""
    one = operators.Selection((id,))
    holding = [p for p in pipelines if operators.parked(ledger, p.name, one)] if len(pipelines) > 1 else pipelines
    if len(holding) > 1:
        raise WrongUsage("parked_which_part", id=id, names=", ".join(p.name for p in holding))
    return holding[0] if holding else pipelines[0]


def meant_by(
    pipelines: list[wiring.Pipeline], ledger: ports.Ledger, chosen: operators.Selection
) -> dict[str, operators.Selection]:
    """What is meant of each pipeline. A number means one row, although each partition counts its own."""
    if not chosen.ids:
        return {pipeline.name: chosen for pipeline in pipelines}
    ids: dict[str, list[int]] = {}
    for number in chosen.ids:
        ids.setdefault(holding_of(pipelines, ledger, number).name, []).append(number)
    return {name: chosen._replace(ids=tuple(own)) for name, own in ids.items()}


def state_of(row: operators.ParkedRow) -> str:
    """Its state in words, what is asked for, and whether its approval is overdue."""
    said = say(f"row_{row.state}") + (f" ({say('request_' + row.request)})" if row.request else "")
    return said + (f", {say('row_overdue')}" if approvals.is_overdue(row, datetime.now(UTC)) else "")


def _step(token: str) -> str:
    """A step that is agreed to: the rule, and in whose role where it is one of several."""
    rule, several, role = token.partition(":")
    return f"{rule} ({role})" if several else rule


def _hint(row: operators.ParkedRow, advised: str) -> str:
    """What to do about a row, where anything is; commands in it name the row."""
    return hint(advised, {**row.params, "id": row.id}) if row.settled_at is None else ""


def _plain(row: operators.ParkedRow, advised: str) -> dict[str, object]:
    images = {"change": json.loads(row.change), "original": json.loads(row.original) if row.original else None}
    words = {"message": say(row.code, row.params), "hint": _hint(row, advised)}
    return row._asdict() | images | words | {"approved": sorted(row.approved)}


def _groups(ledger: ports.Ledger, pipeline: str) -> list[tuple[operators.Group, taken.Taken | None]]:
    """Of a pipeline, and who has taken which."""
    found = operators.groups(ledger, pipeline)
    has = taken.taken(ledger, pipeline, found)
    return [(group, has.get(taken.called(group))) for group in found]


def _show_groups(groups: list[tuple[operators.Group, taken.Taken | None]], as_json: bool) -> None:
    if as_json:
        emit([group._asdict() | {"taken": has and has._asdict()} for group, has in groups])
        return
    columns = ("col_rows", "col_state", "col_rule", "col_table", "col_code", "col_first", "console_taken")
    rows = [
        (g.rows, say(f"row_{g.state}"), g.rule, g.table, g.code, g.first_id, has.actor if has else "")
        for g, has in groups
    ]
    table(columns, rows, right=(0, 5), whole=(2,))


def _show_images(before: Mapping[str, object], after: Mapping[str, object], sent: Mapping[str, object] | None) -> None:
    """The row before and after; what a person has edited stands beside what the source sent."""
    columns = ["col_column", "col_before", "col_after", *([] if sent is None else ["col_sent"])]
    names = list(dict.fromkeys([*before, *after]))
    line("")
    rows = [before, after, *([] if sent is None else [sent])]
    table(columns, [(n, *(_value(row, n) for row in rows)) for n in names])


def _value(image: Mapping[str, object], name: str) -> object:
    value = image.get(name, "")
    if isinstance(value, dict):
        return value.get("malformed", "")
    return "NULL" if value is None else value if isinstance(value, datetime) else str(value)
