"""Commands for the mapping itself: is it right, what does it mean, who answers for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from rich.text import Text

from syncd.cli.answering import answering, deciding
from syncd.cli.codes import FOUND_SOMETHING
from syncd.cli.later import cases, clock, comparison, dialects, load, operators, people, schemas, wiring, workbench
from syncd.cli.later import explain as lineages
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import complain, console, described, emit, line, table, warn
from syncd.errors import MappingError, MappingErrors
from syncd.language import say

DIFFERENCES_SHOWN_MAX = 50
Write = Annotated[bool, typer.Option("--write", help=say("help_write"))]
File = Annotated[Path | None, typer.Argument(metavar="FILE", help=say("help_mapping_file"), show_default=False)]
Column = Annotated[str, typer.Option("--column", metavar="TEXT", help=say("help_column"), show_default=False)]
Of = Annotated[Literal["mapping", "part", "layout"], typer.Argument(metavar="KIND", help=say("help_schema_of"))]


def check(file: File = None, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Types, names, balance."""
    try:
        pipeline = wiring.pipeline(config_path(config), name) if file is None else None
        mapping = load.load(file) if file is not None else cast(wiring.Pipeline, pipeline).mapping
        if pipeline is not None and (dialect := pipeline.eam_dialect) and (refused := mapping.refused(dialect)):
            raise MappingErrors(refused)
    except MappingError as error:
        if error.code == "file_unreadable":
            raise
        complain(error, as_json)
        raise typer.Exit(FOUND_SOMETHING) from None
    mapping.program.bind()
    warnings = [*mapping.warnings, *(mapping.refused(*dialects.SPELLINGS) if pipeline is None else ())]
    warnings += [] if pipeline is None else mapping.judged_by_row(pipeline.eam_dialect)
    if as_json:
        emit({"mapping": mapping.name, "hash": mapping.hash, "warnings": [w.params for w in warnings]})
        return
    for warning in warnings:
        warn(warning)
    said = [rule for rule in mapping.rules if not rule.of]
    line("mapping_fine", "green", mapping=mapping.name, rules=len(said), hash=mapping.hash[:12])


def explain(
    file: File = None, column: Column = "", config: Config = None, name: Name = None, as_json: Json = False
) -> None:
    """For each finance column, the EAM columns it comes from."""
    lineage = [found for found in lineages.explain(_mapping(file, config, name)) if column in found.finance]
    if as_json:
        emit([asdict(found) for found in lineage])
        return
    for finance, columns in groupby(lineage, key=lambda found: found.finance):
        console.print(Text(finance, style="bold"))
        by_origin: dict[tuple[str, ...], list[lineages.Lineage]] = {}
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
    results: list[cases.Result] = []
    wrong: list[MappingError] = []
    under = workbench.loaded_once(mapping)
    for path in cases.case_files(mapping.path):
        try:
            results.append(cases.run_case(mapping, path, workbench.bench(), under))
        except MappingError as error:
            wrong.append(error)
    for result in results if write else ():
        result.write()
    failed = [result for result in results if result.difference and not write]
    if as_json:
        told = [{"file": str(r.path), "case": r.case, "difference": r.difference} for r in results]
        emit([*told, *({"file": one.where.rpartition(":")[0], "error": described(one)} for one in wrong)])
    else:
        for result in results:
            show_case(result.case, result.difference, result in failed)
        for one in wrong:
            complain(one)
        if not (results or wrong):
            line("cases_none", "yellow", folder=mapping.path.with_suffix(".cases"))
            return
        bad = len(failed) + len(wrong)
        line("cases_failed" if bad else "cases_fine", "bold red" if bad else "bold green",
             cases=len(results) + len(wrong), failed=bad)  # fmt: skip
    if failed or wrong:
        raise typer.Exit(FOUND_SOMETHING)


def compare(config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """What the mapping as it stands would make of the last changes, beside what became of them."""
    compared = _compared(wiring.pipeline(config_path(config), name))
    if as_json:
        emit({pipeline: _plain(comparison) for pipeline, comparison in compared.items()})
    else:
        for pipeline, comparison in compared.items():
            show_comparison(pipeline, comparison)
    if any(comparison.differences for comparison in compared.values()):
        raise typer.Exit(FOUND_SOMETHING)


def accept(actor: Actor = "", reason: Reason = "", config: Config = None, name: Name = None) -> None:
    """Answer for the mapping as it stands."""
    pipeline = wiring.pipeline(config_path(config), name)
    for part, found in _compared(pipeline).items():
        if found.of:
            show_comparison(part, found)
    with closing(pipeline.open_ledger()) as ledger:
        by, allowed = answering(pipeline, "accept_mapping", actor, reason), deciding(pipeline)
        if not operators.accept(ledger, pipeline.mapping.name, pipeline.mapping.hash, by, people.seconded(allowed)):
            raise people.seconding(allowed, by)
    line("mapping_accepted", "green", mapping=pipeline.mapping.name, hash=pipeline.mapping.hash[:12])


def _compared(pipeline: wiring.Pipeline) -> dict[str, comparison.Comparison]:
    with closing(pipeline.open_ledger()) as ledger:
        zone = pipeline.mapping.file.timezone
        return {part.name: clock.local(part.compare(ledger), zone) for part in pipeline.begun()}


def show_comparison(pipeline: str, found: comparison.Comparison) -> None:
    """What a mapping would make of the last changes."""
    counts = {"pipeline": pipeline, "compared": found.compared, "of": found.of, "differing": len(found.differences)}
    line("mapping_compared", "yellow" if found.differences else "green", **counts)
    if found.compared < found.of:
        line("mapping_compared_part", "dim", missing=found.of - found.compared)
    rows = [
        (d.subject, d.table, d.committed_at, _words(d.was), _words(d.would), d.at)
        for d in found.differences[:DIFFERENCES_SHOWN_MAX]
    ]
    if rows:
        table(("col_subject", "col_table", "col_committed", "compare_was", "compare_would", "compare_at"), rows)
    if len(found.differences) > len(rows):
        line("compare_more", "dim", more=len(found.differences) - len(rows))


def _words(fates: Sequence[comparison.Said]) -> str:
    return "; ".join(say(code, params) for code, params in fates)


def _plain(found: comparison.Comparison) -> dict[str, object]:
    differences = [
        d._asdict() | {"was": [s._asdict() for s in d.was], "would": [s._asdict() for s in d.would]}
        for d in found.differences
    ]
    return {"compared": found.compared, "of": found.of, "differences": differences}


def schema(of: Of = "mapping") -> None:
    """The JSON Schema for editors."""
    typer.echo(json.dumps(schemas.schema(of), ensure_ascii=False, indent=2))


def show_case(case: str, difference: str, failed: bool) -> None:
    """How a case went."""
    console.print(Text.assemble(("✗ ", "bold red") if failed else ("✓ ", "green"), case))
    for one in difference.splitlines() if failed else ():
        style = {"+": "green", "-": "red"}.get(one[:1], "dim")
        console.print(Text("    " + one, style=style), soft_wrap=True)


def _mapping(file: Path | None, config: Config, name: Name) -> load.Mapping:
    return load.load(file) if file is not None else wiring.pipeline(config_path(config), name).mapping
