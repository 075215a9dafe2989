"""`syncd warnings`: what is worth a look in what was posted?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import notice, wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line, shown
from syncd.errors import WrongUsage
from syncd.language import say

Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help=say("help_warnings_since"), show_default=False)
]
OfPeriod = Annotated[
    str | None, typer.Option("--period", metavar="MONTH", help=say("help_warnings_period"), show_default=False)
]


def warnings(
    config: Config = None, name: Name = None, since: Since = None, period: OfPeriod = None, as_json: Json = False
) -> None:
    """What is worth a look."""
    first = date.min if since is None else _day(since, "warnings_since", since)
    last = date.max
    if period is not None:
        begin = _day(f"{period}-01", "warnings_period", period)
        first, last = max(first, begin), _last_day(begin)
    report = wiring.pipeline(config_path(config), name).warnings(first, last)
    if as_json:
        emit(_plain(report))
    else:
        _show(report)
    if report.warnings:
        raise typer.Exit(FOUND_SOMETHING)


def _day(text: str, code: str, given: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage(code, given=given) from None


def _last_day(first: date) -> date:
    after = first.replace(day=28).toordinal() + 4
    return date.fromordinal(date.fromordinal(after).replace(day=1).toordinal() - 1)


def _show(report: notice.Report) -> None:
    for one in report.warnings:
        head = Text(f"{one.sure:.2f}  {one.on}  ", style="bold")
        console.print(Text.assemble(head, (say(f"warning_is_{one.kind}"), "yellow"), "  ", _named(one)))
        console.print(Padding(Text(say(f"warning_{one.kind}", _shown(one.params))), (0, 0, 0, 6)))
    if report.warnings:
        console.print()
    for reason in sorted(set(report.not_asked.values())):
        kinds = [say(f"warning_is_{kind}") for kind, why in report.not_asked.items() if why == reason]
        line("warnings_not_asked", "dim", kinds=", ".join(kinds), reason=reason)
    counts = {"postings": f"{report.postings:,}", "found": len(report.warnings)}
    line(
        "warnings_found" if report.warnings else "warnings_none",
        "yellow" if report.warnings else "bold green",
        **counts,
    )


def _named(warning: notice.Notice) -> str:
    rows = ", ".join(warning.rows)
    is_all = warning.of <= len(warning.rows)
    return rows if is_all else say("warnings_more", {"rows": rows, "count": warning.of})


def _shown(params: Mapping[str, object]) -> Mapping[str, object]:
    return {name: shown(value) for name, value in params.items()}


def _plain(report: notice.Report) -> Mapping[str, object]:
    return {
        "postings": report.postings,
        "not_asked": report.not_asked,
        "warnings": [w._asdict() | {"says": say(f"warning_{w.kind}", w.params)} for w in report.warnings],
    }
