"""Commands for the mapping itself: is it right, what does it mean, who answers for it."""

import json
from contextlib import closing
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from syncd import desk, wiring
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import complain, console, emit, line, warn
from syncd.errors import MappingError
from syncd.language import say
from syncd.mapping import Mapping, load
from syncd.mapping.cases import Result, case_files, run_case
from syncd.mapping.explain import Lineage
from syncd.mapping.explain import explain as lineages
from syncd.mapping.model import schema as json_schema

Write = Annotated[bool, typer.Option("--write", help=say("help_write"))]
File = Annotated[Path | None, typer.Argument(metavar="FILE", help=say("help_mapping_file"), show_default=False)]
Column = Annotated[str, typer.Option("--column", metavar="TEXT", help=say("help_column"), show_default=False)]
Of = Annotated[Literal["mapping", "layout"], typer.Argument(metavar="KIND", help=say("help_schema_of"))]


def check(file: File = None, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Types, names, balance."""
    try:
        mapping = _mapping(file, config, name)
    except MappingError as error:
        if error.code == "file_unreadable":
            raise
        complain(error, as_json)
        raise typer.Exit(FOUND_SOMETHING) from None
    if as_json:
        emit({"mapping": mapping.name, "hash": mapping.hash, "warnings": [w.params for w in mapping.warnings]})
        return
    for warning in mapping.warnings:
        warn(warning)
    line("mapping_fine", "green", mapping=mapping.name, rules=len(mapping.rules), hash=mapping.hash[:12])


def explain(
    file: File = None, column: Column = "", config: Config = None, name: Name = None, as_json: Json = False
) -> None:
    """For each finance column, the EAM columns it comes from."""
    lineage = [found for found in lineages(_mapping(file, config, name)) if column in found.finance]
    if as_json:
        emit([asdict(found) for found in lineage])
        return
    for finance, columns in groupby(lineage, key=lambda found: found.finance):
        console.print(Text(finance, style="bold"))
        by_origin: dict[tuple[str, ...], list[Lineage]] = {}
        for found in columns:
            by_origin.setdefault(found.columns, []).append(found)
        for origin, same in by_origin.items():
            through = ", ".join(dict.fromkeys(step for found in same for step in found.through))
            console.print(Text.assemble("  ", (", ".join(origin) or say("explain_constant"), "green")))
            console.print(Text(f"    {', '.join(found.rule for found in same)} · {through}", style="dim"))


def run_cases(
    file: File = None, config: Config = None, name: Name = None, write: Write = False, as_json: Json = False
) -> None:
    """The golden cases beside the mapping."""
    mapping = _mapping(file, config, name)
    results = [run_case(mapping, path, wiring.convert) for path in case_files(mapping.path)]
    for result in results if write else ():
        result.write()
    failed = [result for result in results if result.difference and not write]
    if as_json:
        emit([{"file": str(r.path), "case": r.case, "difference": r.difference} for r in results])
    else:
        for result in results:
            _show_case(result, result in failed)
        if not results:
            line("cases_none", "yellow", folder=mapping.path.with_suffix(".cases"))
            return
        line("cases_failed" if failed else "cases_fine", "bold red" if failed else "bold green",
             cases=len(results), failed=len(failed))  # fmt: skip
    if failed:
        raise typer.Exit(FOUND_SOMETHING)


def accept(actor: Actor, reason: Reason, config: Config = None, name: Name = None) -> None:
    """Answer for the mapping as it stands."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        desk.accept(ledger, pipeline.mapping.name, pipeline.mapping.hash, desk.Actor(actor, reason))
    line("mapping_accepted", "green", mapping=pipeline.mapping.name, hash=pipeline.mapping.hash[:12])


def schema(of: Of = "mapping") -> None:
    """The JSON Schema for editors."""
    typer.echo(json.dumps(json_schema(of), ensure_ascii=False, indent=2))


def _show_case(result: Result, failed: bool) -> None:
    console.print(Text.assemble(("✗ ", "bold red") if failed else ("✓ ", "green"), result.case))
    for difference in result.difference.splitlines() if failed else ():
        style = {"+": "green", "-": "red"}.get(difference[:1], "dim")
        console.print(Text("    " + difference, style=style), soft_wrap=True)


def _mapping(file: Path | None, config: Config, name: Name) -> Mapping:
    return load(file) if file is not None else wiring.pipeline(config_path(config), name).mapping
