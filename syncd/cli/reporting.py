"""`syncd report`: a month's sheets in a folder."""

from __future__ import annotations

import getpass
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from syncd.cli.closing import Month
from syncd.cli.later import folders, package, sheet, wiring
from syncd.cli.options import Config, Name, config_path
from syncd.cli.output import line
from syncd.errors import Halt
from syncd.language import current, say

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help=say("help_out"))]
Language = Annotated[
    Literal["zh", "en", "both"] | None, typer.Option("--language", help=say("help_language"), show_default=False)
]
PrintedBy = Annotated[str, typer.Option("--printed-by", metavar="NAME", help=say("help_printed"), show_default=False)]
Prepared = Annotated[str, typer.Option("--prepared-by", metavar="NAME", help=say("help_prepared"), show_default=False)]
Reviewed = Annotated[str, typer.Option("--reviewed-by", metavar="NAME", help=say("help_reviewed"), show_default=False)]
YearEnd = Annotated[bool, typer.Option("--year-end", help=say("help_year_end"))]
Chief = Annotated[str, typer.Option("--chief-accountant", metavar="NAME", help=say("help_chief"), show_default=False)]


def report(
    month: Month, out: Out = Path(), language: Language = None, printed_by: PrintedBy = "", prepared: Prepared = "",
    reviewed: Reviewed = "", chief: Chief = "", year_end: YearEnd = False, config: Config = None, name: Name = None,
) -> None:  # fmt: skip
    """Write the reports of a month; of every company of the configuration where none is named."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    who = printed_by or getpass.getuser()
    for pipeline in chosen:
        now = datetime.now(UTC).astimezone(pipeline.mapping.zone)
        with closing(pipeline.open_ledger()) as ledger:
            printed = package.Printed("", who, now, (prepared, reviewed, chief))
            made = pipeline.reports(ledger, month, printed, year_end)
        folder = out / f"{pipeline.name}-{month}"
        _write(made, folder, language)
        sheets = {sheet.code: sheet for sheet in made.sheets}
        assets = len(sheets["report_depreciation"].rows)
        line("report_written", "green", period=month, sheets=len(sheets), assets=assets, folder=folder)
        if differing := len(sheets["report_differences"].rows):
            line("report_differs", "yellow", count=differing)
        eam = sheets.get("report_eam_differences")
        if eam is not None and eam.rows:
            line("report_eam_differs", "yellow", count=len({row[1] for row in eam.rows}))


def _write(made: sheet.Package, folder: Path, language: Literal["zh", "en", "both"] | None) -> None:
    try:
        if language == "both":
            folders.write(made, folder, "zh")
            folders.write(made, folder, "en")
        else:
            folders.write(made, folder, language or current())
    except OSError as error:
        raise Halt("report_no_folder", folder=folder, error=error.strerror or error) from None
