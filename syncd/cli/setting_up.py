"""Commands that prepare the two databases: grants, migrate, changelog."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import typer

from syncd.cli.later import migrate as migrations
from syncd.cli.later import wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line
from syncd.language import say

Print = Annotated[bool, typer.Option("--print", help=say("help_print"))]


Side = Annotated[Literal["eam", "finance"] | None, typer.Option("--side", help=say("help_side"), show_default=False)]
SIDES: Final[tuple[Literal["eam", "finance"], ...]] = ("eam", "finance")


def grants(config: Config = None, name: Name = None, side: Side = None, as_json: Json = False) -> None:
    """Print what a DBA of each side is to run, so that syncd may do what it does and nothing else."""
    path = config_path(config)
    chosen = [wiring.pipeline(path, name)] if name else list(wiring.pipelines(path).values())
    scripts = {p.name: {one: p.grants(one) for one in ((side,) if side else SIDES)} for p in chosen}
    if as_json:
        emit(scripts)
        return
    for pipeline, sides in scripts.items():
        for one, statements in sides.items():
            line(f"grants_{one}" if statements else f"grants_none_{one}", pipeline=pipeline)
            for statement in statements:
                console.print(statement, soft_wrap=True, markup=False)


def migrate(config: Config = None, as_json: Json = False) -> None:
    """Bring syncd's own tables up to date, in every ledger of the configuration."""
    applied: dict[str, list[str]] = {}
    for name, pipeline in wiring.pipelines(config_path(config)).items():
        with closing(pipeline.open_ledger()) as ledger:
            applied[name] = migrations.migrate(ledger, datetime.now(UTC))
    if as_json:
        emit(applied)
        return
    for name, done in applied.items():
        line("migrated" if done else "migrated_already", pipeline=name, migrations=", ".join(done))


def install(config: Config = None, name: Name = None, only_print: Print = False) -> None:
    """Put the triggers into the EAM."""
    pipeline = wiring.pipeline(config_path(config), name)
    statements = pipeline.triggers.install(pipeline.source_settings, pipeline.mapping.source_tables, dry_run=only_print)
    _show(statements, only_print, "triggers_installed")


def remove(config: Config = None, name: Name = None, only_print: Print = False) -> None:
    """Take the triggers out of the EAM."""
    pipeline = wiring.pipeline(config_path(config), name)
    statements = pipeline.triggers.remove(pipeline.source_settings, pipeline.mapping.source_tables, dry_run=only_print)
    _show(statements, only_print, "triggers_removed")


def prune(
    config: Config = None,
    name: Name = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("help_count"))] = False,
) -> None:
    """Delete what every pipeline has acknowledged."""
    pipeline = wiring.pipeline(config_path(config), name)
    rows = pipeline.triggers.prune(pipeline.source_settings, dry_run=dry_run)
    line("prunable" if dry_run else "pruned", rows=f"{rows:,}")


def _show(statements: list[str], only_print: bool, done: str) -> None:
    if only_print:
        for statement in statements:
            console.print(statement.rstrip().removesuffix(";") + ";", soft_wrap=True, markup=False)
    else:
        line(done, statements=len(statements))
