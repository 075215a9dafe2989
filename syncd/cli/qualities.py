"""`syncd quality`: what is wrong with the EAM's rows?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import files, findings, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, table
from syncd.language import say

Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help=say("help_quality_out"), show_default=False)]


def quality(config: Config = None, name: Name = None, out: Out = None, as_json: Json = False) -> None:
    """Look through the EAM's rows."""
    report, written = wiring.pipeline(config_path(config), name).quality(out)
    if as_json:
        emit(_plain(report))
    else:
        _show(report)
        _show_written(out, written)
    if not report.is_clean:
        raise typer.Exit(FOUND_SOMETHING)


def _show(report: findings.Report) -> None:
    rows = []
    for group in report.groups:
        examples = ", ".join(dict.fromkeys(found.code or found.key for found in group.examples))
        style = "" if group.sort.weight else "dim"
        rows.append((group.rows, Text(findings.title(group.sort), style=style), examples))
    if rows:
        table(("quality_rows", "quality_what", "quality_examples"), rows, (0,))
        console.print()
    found = sum(group.rows for group in report.groups if group.sort.weight)
    told = sum(group.rows for group in report.groups if not group.sort.weight)
    counts = {"rows": f"{sum(report.rows.values()):,}", "assets": f"{report.assets:,}", "found": f"{found:,}"}
    line("quality_looked" if found else "quality_clean", "bold red" if found else "bold green", **counts)
    if told:
        line("quality_told", "dim", found=f"{told:,}")


def _show_written(out: Path | None, written: Mapping[str, int]) -> None:
    said = {
        files.CROSSWALK: "quality_wrote_crosswalk",
        files.DEFAULTS: "quality_wrote_defaults",
    }
    for name, count in written.items():
        if out is not None and (count or name == files.WORKBOOK):
            line(said.get(name, "quality_wrote"), path=out / name, count=f"{count:,}")


def _plain(report: findings.Report) -> Mapping[str, object]:
    return {
        "rows": report.rows,
        "assets": report.assets,
        "rules": [
            {
                "rule": group.sort.name,
                "weight": group.sort.weight,
                "rows": group.rows,
                "says": findings.title(group.sort),
                "examples": [
                    {"table": f.alias, "key": f.key, "code": f.code, "says": findings.words(group.sort, f)}
                    for f in group.examples
                ],
            }
            for group in report.groups
        ],
    }
