"""Commands for the decision tables of a mapping: which there are, their rows, another content."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer

from syncd.cli.answering import answering
from syncd.cli.later import decision_tables, trial, wiring
from syncd.cli.mapping import show_case, show_comparison
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import complain, console, emit, line, table
from syncd.errors import Halt, MappingError, MappingErrors
from syncd.language import say
from syncd.whole_files import replacing

CHANGES_SHOWN_MAX = 50
Table = Annotated[str, typer.Argument(metavar="TABLE", help=say("help_table"), show_default=False)]
Source = Annotated[Path, typer.Argument(metavar="FILE", help=say("help_table_file"), show_default=False)]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help=say("help_table_csv"), show_default=False)]
Encoding = Annotated[
    Literal["utf-8", "gb18030"] | None,
    typer.Option("--encoding", metavar="utf-8|gb18030", help=say("help_table_encoding"), show_default=False),
]
Try = Annotated[bool, typer.Option("--try", help=say("help_table_try"))]


def listed(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """The tables that the mapping names, and how many rules and blocks read each; `--json` names these."""
    found = trial.listed(wiring.pipeline(config_path(config), name).mapping)
    if as_json:
        emit([one._asdict() | {"path": str(one.path), "rows": rows} for one, rows in found])
        return
    columns = (
        "console_table_file",
        "console_table_rows",
        "console_table_keys",
        "console_table_gives",
        "console_table_readers",
    )
    rows = [(one.file, rows, ", ".join(one.keys), ", ".join(one.gives), len(one.readers)) for one, rows in found]
    table(columns, rows, right=(1, 4), whole=(0,))


def show(
    table_name: Table, csv: Csv = None, encoding: Encoding = None, config: Config = None, name: Name = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """A table's rows; or its file for a spreadsheet."""
    one = trial.opened(wiring.pipeline(config_path(config), name).mapping, table_name)
    if csv is not None:
        with replacing(csv) as part:
            part.write_bytes(trial.sent(one, encoding or "utf-8"))
        line("table_sent", "green", table=table_name, rows=len(one.sheet.rows), file=csv)
        return
    if as_json:
        emit([dict(zip(one.sheet.header, row.cells, strict=True)) for row in one.sheet.rows])
        return
    console.print(", ".join(one.sheet.header), style="bold", markup=False)
    for row in one.sheet.rows:
        console.print(", ".join(row.cells), markup=False)


def put(
    table_name: Table, source: Source, encoding: Encoding = None, only_try: Try = False, actor: Actor = "",
    reason: Reason = "", config: Config = None, name: Name = None,
) -> None:  # fmt: skip
    """Another content for a table, once it is shown what it would change."""
    pipeline = wiring.pipeline(config_path(config), name)
    one = trial.opened(pipeline.mapping, table_name)
    content, _ = trial.returned(pipeline.mapping, one, _read(source), encoding)
    with closing(pipeline.open_ledger()) as ledger:
        found = trial.tried(pipeline, ledger, one, content, with_cases=True)
        _show(found)
        if found.errors:
            raise MappingErrors(found.errors)
        if only_try:
            return
        by = answering(pipeline, "accept_mapping", actor, reason)
        of = (pipeline.mapping.name, one.table.file, one.table.path)
        decision_tables.put(ledger, *of, content, one.seen, found.difference.counts, by)
    line("table_put", "green", table=one.table.file, file=one.table.path)


def _read(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise MappingError("file_unreadable", str(source), problem=error.strerror or str(error)) from None


def _show(found: trial.Trial) -> None:
    line("console_table_differs", "bold", **found.difference.counts)
    for change in found.difference.changes[:CHANGES_SHOWN_MAX]:
        cells = ", ".join(
            was or now if was == now or change.kind != "changed" else f"{was} → {now}" for was, now in change.cells
        )
        console.print(f"  {say(f'console_table_{change.kind}')}: {cells}", markup=False)
    if found.errors:
        return
    for finding in found.findings:
        complain(Halt(finding.code, **finding.params))
    for part, compared in found.compared:
        show_comparison(part, compared)
    for case, difference, error in found.bad_cases:
        show_case(case, difference or (say(error.code, error.params) if error else ""), True)
    bad = len(found.bad_cases)
    line(
        "cases_failed" if bad else "cases_fine",
        "bold red" if bad else "bold green",
        cases=len(found.cases or ()),
        failed=bad,
    )
