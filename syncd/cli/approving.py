"""Commands of those who agree: approve, reject, reopen; what waits for whom; what was posted without anybody."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

import typer

from syncd.cli import previewing
from syncd.cli.answering import answering, author, hidden
from syncd.cli.codes import NEEDS_A_PERSON
from syncd.cli.later import approvals, approving, automatic, clock, masking, operators, terms, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import emit, fits, line, named, table
from syncd.cli.parked import Count, Id, Ids, Limit, Rule, Subject, at_desk, holding_of
from syncd.errors import WrongUsage
from syncd.language import say
from syncd.money import ZERO

SHORT_HASH: Final = 12
WAITS: Final = ("col_waits", "col_due", "col_given")

Role = Annotated[str, typer.Option("--role", metavar="ROLE", help=say("help_role"), show_default=False)]
AnyRole = Annotated[str, typer.Option("--role", metavar="ROLE", help=say("help_any_role"), show_default=False)]
Rejected = Annotated[bool, typer.Option("--rejected", help=say("help_rejected"))]
Yes = Annotated[bool, typer.Option("--yes", help=say("help_approve_yes"))]
Month = Annotated[str, typer.Argument(metavar="MONTH", help=say("help_month"), show_default=False)]
OfRule = Annotated[str, typer.Option("--rule", metavar="NAME", help=say("help_automatic_rule"), show_default=False)]


def approve(
    role: Role, ids: Ids = None, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None,
    subject: Subject = "", rule: Rule = "", count: Count = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Let rows pass: one that is named, or all that are meant, once it is said how many and how much they are."""
    if not (ids or subject or rule):
        raise WrongUsage("approve_which")
    if ids and (subject or rule):
        raise WrongUsage("approve_which_both")
    selection = operators.Selection(tuple(ids or ()), subject, "", rule)
    with at_desk(config, name) as (pipelines, ledger):
        if len(selection.ids) == 1 and not count:
            (one,) = selection.ids
            holding = holding_of(pipelines, ledger, one)
            row = operators.show(ledger, holding.name, one)
            more, behind = row.params.get("more", ""), operators.behind(ledger, holding.name, row)
            operators.approve(
                ledger, holding.name, one, answering(holding, "approve", actor, reason, asked=(role,)), role
            )
            line("rows_approve_next" if more else "rows_approve", id=one, next=more.partition(", ")[0])
            if behind:
                line("rows_behind", "yellow", id=one, rows=behind, subject=row.subject)
            return
        by = None if count else answering(pipelines[0], "approve", actor, reason, asked=(role,))
        whose = author(pipelines[0], "look", actor) if by is None else by.name
        found = [(p, approving.meant(ledger, p.name, selection, role, whose)) for p in pipelines]
        rows, debit, empty = _sums(found)
        if rule and not rows:
            _require_rule(pipelines, rule)
        line("approve_would", rows=f"{rows:,}", debit=f"{debit:,.2f}")
        if empty:
            line("approve_empty", "yellow", rows=f"{empty:,}")
        if barred := sum(len(meant.barred) for _, meant in found):
            line("approve_barred", "yellow", rows=f"{barred:,}")
        if by is None or not rows:
            return
        _confirm(yes)
        for pipeline, meant in found:
            if meant.rows:
                approving.approve_all(ledger, pipeline.name, selection, meant.rows, by, role)
    line("rows_approved", rows=f"{rows:,}")


def reject(
    id: Id, role: Role, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None
) -> None:
    """Refuse a row."""
    with at_desk(config, name) as (pipelines, ledger):
        holding = holding_of(pipelines, ledger, id)
        operators.reject(ledger, holding.name, id, answering(holding, "approve", actor, reason, asked=(role,)), role)
    line("rows_reject", id=id)


def reopen(
    id: Id, role: Role, actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None
) -> None:
    """Have a rejected row judged once more."""
    with at_desk(config, name) as (pipelines, ledger):
        holding = holding_of(pipelines, ledger, id)
        by = answering(holding, "approve", actor, reason, asked=(role,))
        operators.reopen(ledger, holding.name, id, holding.mapping.tables, by, role)
    line("rows_reopen", id=id)


def show_list(
    config: Config = None, name: Name = None, role: AnyRole = "", rule: Rule = "", rejected: Rejected = False,
    limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """What waits for whom, with what it would debit; or what was rejected."""
    if rejected:
        _list_rejected(config, name, role, rule, limit, as_json)
        return
    now, found = datetime.now(UTC), []
    with at_desk(config, name) as (pipelines, ledger):
        for pipeline in pipelines:
            chosen = operators.Selection(state="approval", rule=rule)
            rows = operators.parked(ledger, pipeline.name, chosen)
            rows = [row for row in rows if not role or role in approvals.deciding(row, now)][:limit]
            done = approvals.deeds(ledger, pipeline.name, [row.id for row in rows])
            made = previewing.of(pipeline, rows)
            rows = [masking.row(row, hidden(pipeline)) for row in rows]
            found += [(pipeline, row, approvals.standing(row, done.get(row.id, ())), made.get(row.id)) for row in rows]
    if as_json:
        emit(
            [
                {
                    "pipeline": pipeline.name, "id": row.id, "subject": row.subject, "rule": row.rule,
                    "params": row.params, "due": approvals.due(row), "overdue": approvals.is_overdue(row, now),
                    "given": named(given), "debit": preview and preview.debit,
                }
                for pipeline, row, given, preview in found
            ]
        )  # fmt: skip
        return
    if not found:
        line("approvals_none", "green")
        return
    lines: list[list[object]] = []
    for pipeline, row, given, preview in found:
        local = clock.local(row, pipeline.mapping.file.timezone)
        asked = row.request and say(f"request_{row.request}")
        waits = ", ".join(filter(None, (row.params.get("role", ""), row.params.get("more", ""), asked)))
        signed = ", ".join(f"{deed.actor} ({deed.role})" for deed in given)
        due = approvals.due(local)
        late = say("row_overdue") if approvals.is_overdue(row, now) else ""
        until = f"{due:%Y-%m-%d %H:%M} {late}".strip() if due else None
        debit = f"{preview.debit:,.2f}" if preview is not None and preview.rejection is None else None
        lines.append([row.id, row.subject, row.rule, debit, waits, until, signed])
    columns = ["col_id", "col_subject", "col_rule", "col_debit", *WAITS]
    if len(pipelines) > 1:  # each partition counts its own
        columns.append("col_pipeline")
        lines = [[*cells, found[n][0].name] for n, cells in enumerate(lines)]
    show_waiting(columns, lines)


def show_waiting(columns: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    """What waits for whom, WAITS among its columns, as wide as the terminal is."""
    if not fits(columns, lines):
        columns, lines = _below_each_other(columns, lines)
    table(columns, lines, right=(0, 3), whole=(0, 1, 2, 3))


def _below_each_other(
    columns: Sequence[str], lines: Sequence[Sequence[object]]
) -> tuple[list[str], list[list[object]]]:
    """For a narrow terminal: whom a row waits for, until when and who has agreed in one column, so that what is typed,
    a number or a rule's name, is not broken."""
    first = columns.index(WAITS[0])
    last = first + len(WAITS)

    def told(cells: Sequence[object]) -> str:
        role, *more = zip(WAITS, cells[first:last], strict=True)
        return "\n".join([str(role[1]), *(f"{say(code)} {cell}" for code, cell in more if cell)])

    narrow = [[*cells[:first], told(cells), *cells[last:]] for cells in lines]
    return [*columns[: first + 1], *columns[last:]], narrow


def _list_rejected(config: Config, name: Name, role: str, rule: str, limit: int, as_json: bool) -> None:
    """What was rejected and is not reopened, the last first."""
    found = []
    with at_desk(config, name) as (pipelines, ledger):
        for pipeline in pipelines:
            chosen = operators.Selection(state="discarded", rule=rule, settled=True)
            for row, deed in operators.rejected(ledger, pipeline.name, chosen):
                if not role or deed.role == role:
                    found.append((row, clock.local(deed, pipeline.mapping.file.timezone)))
    found = found[: -limit - 1 : -1]
    if as_json:
        emit([{"id": row.id, "subject": row.subject, "rule": row.rule, **deed._asdict()} for row, deed in found])
    elif not found:
        line("rejected_none", "green")
    else:
        columns = ("col_id", "col_subject", "col_rule", "col_when", "col_who", "col_role", "col_why")
        rows = [(r.id, r.subject, r.rule, f"{d.at:%Y-%m-%d %H:%M}", d.actor, d.role, d.reason) for r, d in found]
        table(columns, rows, right=(0,), whole=(0, 1, 2))


def show_automatic(
    month: Month, config: Config = None, name: Name = None, rule: OfRule = "", limit: Limit = 50, as_json: Json = False
) -> None:
    """What was posted without a person."""
    pipeline = wiring.pipeline(config_path(config), name)
    found: list[automatic.Automatic] = []
    counts: list[automatic.RuleCount] = []
    with closing(pipeline.open_ledger()) as ledger:
        pipeline.period(ledger, month)
        names = [part.name for part in pipeline.begun()]
        if rule:
            found = [one for part in names for one in automatic.vouchers(ledger, part, month, rule, limit)][:limit]
        else:
            counts = [count for part in names for count in automatic.counts(ledger, part, month)]
    if rule and not found:
        _require_rule([pipeline], rule)
    if not (found or counts or as_json):
        line("automatic_none", "green")
    elif rule:
        if as_json:
            emit(named(found))
        else:
            columns = ("col_voucher", "col_subject", "col_debit", "col_when", "col_mapping")
            seen = clock.local(found, pipeline.mapping.file.timezone)
            cells = [(a.voucher, a.subject, f"{a.debit:,.2f}", a.posted_at, a.mapping_hash[:SHORT_HASH]) for a in seen]
            table(columns, cells, right=(2,))
    else:
        _show_counts(counts, pipeline.mapping.asking, as_json)


def _show_counts(counts: Sequence[automatic.RuleCount], asking: frozenset[str], as_json: bool) -> None:
    if as_json:
        emit([c._asdict() | {"automatic": c.automatic, "asks": c.rule in asking} for c in counts])
        return
    heads = ("col_rule", "col_asks", "col_vouchers", "col_agreed", "col_automatic", "col_mapping")
    rows = [
        (c.rule, say("asks_yes" if c.rule in asking else "asks_no"), c.vouchers, c.approved, c.automatic,
         c.mapping_hash[:SHORT_HASH])
        for c in counts
    ]  # fmt: skip
    table(heads, rows, right=(2, 3, 4), whole=(0,))


def _require_rule(pipelines: Sequence[wiring.Pipeline], rule: str) -> None:
    """Raises WrongUsage where nothing was found of a rule because there is none of that name."""
    known = [one.name for pipeline in pipelines for one in pipeline.mapping.rules]
    if rule not in known:
        raise WrongUsage("no_such_rule", rule=rule, nearest=terms.nearest(rule, known))


def _sums(found: list[tuple[wiring.Pipeline, approving.Meant]]) -> tuple[int, Decimal, int]:
    """How many rows, what their vouchers debit, and how many would make none."""
    rows, debit, empty = 0, ZERO, 0
    for pipeline, meant in found:
        made = previewing.of(pipeline, meant.rows) if meant.rows else {}
        rows += len(meant.rows)
        debit += sum((preview.debit for preview in made.values()), ZERO)
        empty += sum(row.id not in made or not made[row.id].vouchers for row in meant.rows)
    return rows, debit, empty


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage("approve_nobody_to_ask")
    if not typer.confirm(say("approve_ask"), err=True):
        raise typer.Exit(NEEDS_A_PERSON)
