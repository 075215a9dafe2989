"""Commands that look and change nothing: status, check."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

import typer
from rich.text import Text

from syncd import status as reports
from syncd import wiring
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, table
from syncd.language import hint, say
from syncd.ports import Finding

SILENCE_SHOWN_S = 3.0
STATE_STYLES = {"posting": "green", "halted": "bold red", "retrying": "yellow"}
LEVEL_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}
LEVEL_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def status(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """How the pipelines stand."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    standings = {pipeline.name: _standings(pipeline) for pipeline in chosen}
    if as_json:
        emit([_plain(standing) for parts in standings.values() for standing in parts])
    else:
        for name, parts in standings.items():
            if len(parts) == 1:
                _show(parts[0])
            else:
                _show_parts(name, parts)
    if any(s.report is not None and s.report.state == "halted" for parts in standings.values() for s in parts):
        raise typer.Exit(FOUND_SOMETHING)


def check(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Whether a pipeline could run, and what repairs what is in its way."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    findings = {pipeline.name: wiring.check(pipeline) for pipeline in chosen}
    if as_json:
        emit({name: [_finding(f) for f in found] for name, found in findings.items()})
    else:
        for pipeline, found in findings.items():
            console.print(Text(pipeline, style="bold"))
            _show_findings(found)
    if any(f.level == "error" for found in findings.values() for f in found):
        raise typer.Exit(FOUND_SOMETHING)


def _standings(pipeline: wiring.Pipeline) -> list[reports.Standing]:
    parts = pipeline.begun()
    with closing(pipeline.open_ledger()) as ledger:
        return [reports.standing(ledger, part.name, datetime.now(UTC)) for part in parts]


def _state(standing: reports.Standing) -> Text:
    """How it stands. A pipeline stays halted when its daemon has ended; a daemon that fell silent is seen to have."""
    report = standing.report
    stands = bool(standing.daemons) or (report is not None and report.state == "halted")
    state = "never" if report is None else report.state if stands else "down"
    text = Text(say(f"state_{state}"), STATE_STYLES.get(state, "yellow"))
    if standing.daemons and standing.silent_s is not None and standing.silent_s > SILENCE_SHOWN_S:
        text.append(", " + say("status_silent", {"seconds": f"{standing.silent_s:.0f}"}), "yellow")
    return text


def _show_reason(report: reports.Report | None, before: str) -> None:
    if report is None or not report.error:
        return
    console.print(Text(before + say(report.error, report.params), style="red"))
    if advice := hint(report.error, report.params):
        console.print(Text("  → " + advice, style="green"))


def _show_parts(name: str, parts: Sequence[reports.Standing]) -> None:
    """A partitioned pipeline: a line a partition, and in all."""
    console.print(Text(name, style="bold"))
    for part in parts:
        _show_reason(part.report, f"  {part.pipeline}: ")
    rows: list[tuple[object, ...]] = [
        (
            part.pipeline,
            _state(part),
            "–" if part.lag_s is None else f"{part.lag_s:.1f} s",
            part.report and part.report.rows_behind,
            part.posted,
            sum(part.parked.values()),
            ", ".join(part.daemons),
        )
        for part in parts
    ]
    worst = max((part.lag_s for part in parts if part.lag_s is not None), default=None)
    behind = sum((part.report and part.report.rows_behind) or 0 for part in parts)
    posted, parked = sum(part.posted for part in parts), sum(sum(part.parked.values()) for part in parts)
    daemons = len({daemon for part in parts for daemon in part.daemons})
    rows.append((name, "", "–" if worst is None else f"{worst:.1f} s", behind, posted, parked, daemons))
    columns = ("col_pipeline", "col_state", "status_lag", "status_rows", "status_posted", "status_parked")
    table((*columns, "status_daemons"), rows, right=(2, 3, 4, 5))


def _show(standing: reports.Standing) -> None:
    report = standing.report
    console.print(Text.assemble((standing.pipeline, "bold"), "  ", _state(standing)))
    _show_reason(report, "  ")
    rows = [
        ("status_lag", f"{standing.lag_s:.1f} s" if standing.lag_s is not None else None),
        ("status_bytes", report and report.bytes_behind),
        ("status_rows", report and report.rows_behind),
        ("status_oldest", report and report.oldest),
        ("status_committed", standing.committed_at),
        ("status_changes", standing.changes),
        ("status_posted", standing.posted),
        ("status_repeated", standing.repeated),
        ("status_parked", ", ".join(f"{say('row_' + s)} {n:,}" for s, n in standing.parked.items()) or 0),
        ("status_daemons", ", ".join(f"{who} ({say('state_' + role)})" for who, role in standing.daemons.items())),
    ]
    table(("status_what", "status_value"), [(say(code), value) for code, value in rows if value not in (None, "")])


def _plain(standing: reports.Standing) -> dict[str, object]:
    report = standing.report
    return standing._asdict() | {"report": report and report._asdict()}


def _show_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark, style = LEVEL_MARKS[finding.level], LEVEL_STYLES[finding.level]
        console.print(Text.assemble("  ", (mark, style), " ", say(finding.code, finding.params)))
        if finding.repair:
            console.print(Text("      " + finding.repair.replace("\n", "\n      "), style="cyan"), soft_wrap=True)
    if all(finding.level == "ok" for finding in findings):
        line("check_fine", "green")


def _finding(finding: Finding) -> dict[str, object]:
    return finding._asdict() | {"message": say(finding.code, finding.params)}
