"""The command that says whether a pipeline could run."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import checks, ports, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line
from syncd.language import hint, say

LEVEL_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}
LEVEL_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def check(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Whether a pipeline could run, and what repairs what is in its way."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    findings = {pipeline.name: checks.check(pipeline) for pipeline in chosen}
    if as_json:
        emit({name: [_finding(f) for f in found] for name, found in findings.items()})
    else:
        for pipeline, found in findings.items():
            console.print(Text(pipeline, style="bold"))
            _show_findings(found)
    if any(f.level == "error" for found in findings.values() for f in found):
        raise typer.Exit(FOUND_SOMETHING)


def _show_findings(findings: Sequence[ports.Finding]) -> None:
    for finding in findings:
        mark, style = LEVEL_MARKS[finding.level], LEVEL_STYLES[finding.level]
        console.print(Text.assemble("  ", (mark, style), " ", say(finding.code, finding.params)))
        advice = _hint(finding) if finding.level != "ok" else ""
        if advice:
            console.print(Text("      → " + advice, style="green"), soft_wrap=True)
        if finding.repair not in advice:
            console.print(Text("      " + finding.repair.replace("\n", "\n      "), style="cyan"), soft_wrap=True)
    if all(finding.level == "ok" for finding in findings):
        line("check_fine", "green")


def _hint(finding: ports.Finding) -> str:
    """Who is to do what: the statement alone says neither."""
    return hint(finding.code, {"repair": finding.repair, **finding.params})


def _finding(finding: ports.Finding) -> dict[str, object]:
    return finding._asdict() | {"message": say(finding.code, finding.params), "hint": _hint(finding)}
