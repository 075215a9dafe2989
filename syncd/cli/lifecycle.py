"""`syncd lifecycle`: where assets stand between use and disposal, and the report of a disposal that is closed."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from syncd import whole_files
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import clock, compliance, deadlines, pages, standing, states, wiring, wording
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, named, table
from syncd.errors import WrongUsage
from syncd.language import current, say

Overdue = Annotated[bool, typer.Option("--overdue", help=say("help_lifecycle_overdue"))]
HighRisk = Annotated[bool, typer.Option("--high-risk", help=say("help_lifecycle_high_risk"))]
AsOf = Annotated[str, typer.Option("--as-of", metavar="DAY", help=say("help_lifecycle_as_of"), show_default=False)]
Asset = Annotated[str, typer.Argument(metavar="ASSET", help=say("help_lifecycle_asset"), show_default=False)]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help=say("help_lifecycle_output"))]


def show(
    context: typer.Context, overdue: Overdue = False, high_risk: HighRisk = False, as_of: AsOf = "",
    config: Config = None, name: Name = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Where assets in disposal stand; ends with 1 where a deadline has passed, or an asset is at risk."""
    if context.invoked_subcommand is not None:
        return
    pipeline = wiring.pipeline(config_path(config), name)
    parts, day = _parts(pipeline), _day(as_of, pipeline)
    living = parts[0]
    fields = pipeline.mapping.month_end.fields
    held = standing.Cards(pipeline.mapping.layout, fields.get("department", ""), fields.get("name", ""))
    with closing(pipeline.open_ledger()) as ledger:
        if high_risk:
            _show_risk(standing.at_risk(ledger, parts, held, day), living, as_json)
            return
        found = standing.report(ledger, parts, held, day)
    rows = [one for one in found.standing if one.days_over or not overdue]
    if as_json:
        target = None if found.target is None else found.target._asdict()
        emit({"day": day, "standing": named(rows), "figures": named(found.figures), "target": target})
    else:
        _show_rows(rows, living)
        if not overdue:
            _show_figures(found)
    if any(one.days_over for one in rows):
        raise typer.Exit(FOUND_SOMETHING)


def report(asset: Asset, output: Output, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Write the compliance report of an asset's last disposal; ends with 1 where it lacks something."""
    pipeline = wiring.pipeline(config_path(config), name)
    parts, zone = _parts(pipeline), pipeline.mapping.file.timezone
    with closing(pipeline.open_ledger()) as ledger:
        made = (compliance.compliance(ledger, living, asset, _day("", pipeline)) for living in parts)
        found = next((one for one in made if one is not None), None)
        if found is None:
            raise WrongUsage("lifecycle_no_disposal", asset=asset, pipeline=pipeline.name)
        words = wording.of(pipeline.mapping, ledger)
    found = clock.local(found, zone)._replace(card=clock.fields(found.card, pipeline.mapping.layout.card_kinds, zone))
    company = pipeline.mapping.month_end.company
    names = (pipeline.name, pipeline.name) if company is None else (company.zh, company.en)
    whole_files.write(output, pages.compliance_page(found, names, zone, words))
    lacks = [pages.lack(one, [current()]) for one in found.lacks]
    if as_json:
        emit({"asset": asset, "file": str(output), "is_kept": found.is_kept, "lacks": lacks})
    else:
        line("lifecycle_written", "green", asset=asset, file=output, vouchers=len(found.vouchers))
        for lack in lacks:
            console.print(Text("  • " + lack, style="yellow"))
    if lacks:
        raise typer.Exit(FOUND_SOMETHING)


def _parts(pipeline: wiring.Pipeline) -> list[states.Living]:
    """What the mapping says, of the pipeline or of all its partitions that have begun."""
    parts = [living for part in pipeline.begun() if (living := states.living(part.name, part.mapping)) is not None]
    if not parts:
        raise WrongUsage("lifecycle_no_block", pipeline=pipeline.name)
    return parts


def _day(given: str, pipeline: wiring.Pipeline) -> date:
    if not given:
        return datetime.now(UTC).astimezone(pipeline.mapping.zone).date()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise WrongUsage("lifecycle_day", value=given) from None


def _show_rows(rows: list[standing.Standing], living: states.Living) -> None:
    if not rows:
        line("lifecycle_none", "green")
        return
    columns = (
        "col_asset",
        "col_name",
        "col_department",
        "col_state",
        "col_since",
        "col_deadline",
        "col_over",
        "col_told_to",
    )
    table(
        columns,
        [
            (
                *(one.asset, one.name, one.department, _state(living, one.state), str(one.since)),
                str(one.due or "–"),
                Text(str(one.days_over), style="bold red") if one.days_over else "",
                one.role,
            )
            for one in rows
        ],
        right=(6,),
        whole=(4, 5),
    )


def _show_figures(found: standing.Report) -> None:
    console.print()
    columns = ("col_department", "col_closed", "col_mean_days", "col_open", "col_over")
    rows = [
        (say("lifecycle_all") if one.department is None else one.department or "–", *one[1:]) for one in found.figures
    ]
    table(columns, rows, right=(1, 2, 3, 4))
    if (target := found.target) is None:
        return
    says = {None: "lifecycle_target_open", True: "lifecycle_target_reached", False: "lifecycle_target_missed"}
    style = {None: "", True: "green", False: "yellow"}[target.is_reached]
    mean = found.figures[0].mean_days
    line(says[target.is_reached], style, before=target.before_days, target=target.target_days.normalize(), mean=mean)


def _show_risk(found: list[standing.AtRisk], living: states.Living, as_json: bool) -> None:
    risk = living.meaning.risk
    if risk is None:
        raise WrongUsage("lifecycle_no_risk", pipeline=living.pipeline)
    if as_json:
        emit({"years": risk.years, "without_maintenance": risk.idle_years, "assets": named(found)})
    elif not found:
        line("lifecycle_no_asset_at_risk", "green", years=risk.years, idle=risk.idle_years)
    else:
        line("lifecycle_at_risk", "yellow", count=len(found), years=risk.years, idle=risk.idle_years)
        columns = ("col_asset", "col_name", "col_department", "col_used_since", "col_maintained")
        rows = [(*one[:3], str(one.used_since), str(one.maintained or "–")) for one in found]
        table(columns, rows, whole=(3, 4))
    if found:
        raise typer.Exit(FOUND_SOMETHING)


def _state(living: states.Living, state: str) -> str:
    return deadlines.called(living, state, current())
