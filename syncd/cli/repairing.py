"""The command that closes the gap which a lost log leaves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.answering import answering
from syncd.cli.later import differences, operators, wiring
from syncd.cli.later import repair as repairing
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import console, described, emit, errors, line, table
from syncd.cli.passes import Shown, become_writer, progress
from syncd.errors import Fault, Halt, WrongUsage
from syncd.language import say

Preview = Annotated[bool, typer.Option("--preview", help=say("help_preview"))]
Force = Annotated[bool, typer.Option("--force", help=say("help_force"))]
Yes = Annotated[bool, typer.Option("--yes", help=say("help_yes"))]
Gone = Annotated[bool, typer.Option("--gone", help=say("help_gone"))]


def repair(
    config: Config = None, name: Name = None, preview: Preview = False, yes: Yes = False, force: Force = False,
    gone: Gone = False, actor: Actor = "", reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Show what is missing in finance since the log was lost, then post it."""
    pipeline = wiring.pipeline(config_path(config), name)
    by = None if preview else answering(pipeline, "operate", actor, reason, "repair_who_and_why", as_json)
    if not (preview or yes) and (as_json or not sys.stdin.isatty()):
        raise WrongUsage("repair_nobody_to_ask")
    parts = pipeline.parts()
    if preview or not yes:
        _carry(parts, None, force, gone, as_json)
    if by is not None and (yes or typer.confirm(say("repair_ask"), err=True)):
        _carry(parts, by, force, gone, as_json)


def _carry(
    parts: Sequence[wiring.Pipeline], by: operators.Actor | None, force: bool, gone: bool, as_json: bool
) -> None:
    """Every part of a pipeline that has a gap, on its own; as a preview where nobody answers for it."""
    told: dict[str, object] = {}
    for part in parts:
        with closing(part.open_ledger(dry_run=by is None)) as ledger:
            part.prepare(ledger)
            become_writer(part, ledger)
            if len(parts) > 1 and ledger.checkpoint() is None:
                continue  # the daemon begins it with a snapshot
            why = repairing.reason(part.spec(), ledger)
            if why is None and not force:
                continue
            scope = repairing.Scope(part.spec(), part.mapping.source_tables, part.mapping.program.references, gone)
            with progress() as bar:
                tally = (
                    repairing.preview(scope, ledger, why, Shown(bar))
                    if by is None
                    else repairing.repair(scope, ledger, why, by, Shown(bar))
                )
        told[part.name] = _plain(why, tally, by is None)
        if not as_json:
            console.print(Text(part.name, style="bold"))
            _show(why, tally, by is None)
            _warn_of_gone(part, tally)
    if not told:
        raise Halt("repair_no_gap", pipeline=parts[0].name)
    if as_json:
        emit(told if len(parts) > 1 else told[parts[0].name])


def _plain(why: Fault | None, tally: repairing.RepairTally, is_preview: bool) -> dict[str, object]:
    found = {alias: vars(one) for alias, one in tally.tables.items()}
    rules = {rule: vars(total) for rule, total in tally.rules.items()}
    lost = None if why is None else described(why)
    return vars(tally) | {"preview": is_preview, "lost": lost, "rules": rules, "tables": found}


def _warn_of_gone(part: wiring.Pipeline, tally: repairing.RepairTally) -> None:
    for alias, one in tally.tables.items():
        if repairing.is_suspicious(one.deleted, one.held, part.config.gone_share_max):
            params = {"table": part.mapping.tables[alias].name, "gone": one.deleted, "held": one.held}
            errors.print(Text(say("repair_gone", params), style="bold yellow"))


def _show(why: Fault | None, tally: repairing.RepairTally, is_preview: bool) -> None:
    if why is not None:
        console.print(Text(say(why.code, why.params), style="yellow"))
    differing = {alias: one for alias, one in tally.tables.items() if one.inserted or one.updated or one.deleted}
    if not differing:
        line("repair_nothing", "green")
    else:
        _show_found(tally, differing, is_preview)
    for alias, one in tally.tables.items():
        if one.inserted and not one.held:
            errors.print(Text(say("repair_new_table", {"table": alias, "rows": one.inserted}), style="yellow"))
        if one.unseen:
            errors.print(Text(say("repair_unseen", {"table": alias, "rows": one.unseen}), style="yellow"))
    if why is None:
        line("repair_log_whole", "dim")


def _show_found(
    tally: repairing.RepairTally, differing: dict[str, differences.TableDifference], is_preview: bool
) -> None:
    line("repair_would" if is_preview else "repair_did", "bold")
    rows = [(alias, one.held, one.said, one.inserted, one.updated, one.deleted) for alias, one in differing.items()]
    headings = ("col_table", "repair_held", "repair_said", "repair_inserted", "repair_updated", "repair_deleted")
    table(headings, rows, right=(1, 2, 3, 4, 5))
    if tally.rules:
        line("")
        totals = [(rule, t.postings, t.vouchers, t.amount) for rule, t in sorted(tally.rules.items())]
        whole = (say("repair_total"), tally.postings.total(), tally.vouchers, tally.debit)
        table(("tally_rule", "tally_postings", "tally_vouchers", "tally_debit"), [*totals, whole], right=(1, 2, 3))
    for columns, counts in (
        (("tally_reason", "tally_parked"), tally.parked),
        (("tally_ignored_by", "tally_ignored"), tally.ignored),
    ):
        if counts:
            line("")
            table(columns, counts.most_common(), right=(1,))
    line("")
    if tally.settled:
        line("repair_settled", "dim", rows=tally.settled)
    line("repair_merged", "dim")
