"""Commands that prepare the two databases: migrate, changelog."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd import migrate as migrations
from syncd import wiring
from syncd.cli.options import Config, Json, Name, config_path
from syncd.cli.output import console, emit, line
from syncd.errors import WrongUsage
from syncd.language import say

Print = Annotated[bool, typer.Option("--print", help=say("help_print"))]


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
    pipeline = _changelog(config, name)
    statements = pipeline.source.install(pipeline.source_settings, pipeline.mapping.tables, dry_run=only_print)
    _show(statements, only_print, "triggers_installed")


def remove(config: Config = None, name: Name = None, only_print: Print = False) -> None:
    """Take the triggers out of the EAM."""
    pipeline = _changelog(config, name)
    statements = pipeline.source.remove(pipeline.source_settings, pipeline.mapping.tables, dry_run=only_print)
    _show(statements, only_print, "triggers_removed")


def prune(
    config: Config = None,
    name: Name = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("help_count"))] = False,
) -> None:
    """Delete what every pipeline has acknowledged."""
    pipeline = _changelog(config, name)
    rows = pipeline.source.prune(pipeline.source_settings, dry_run=dry_run)
    line("prunable" if dry_run else "pruned", rows=f"{rows:,}")


def _changelog(config: Config, name: Name) -> wiring.Pipeline:
    pipeline = wiring.pipeline(config_path(config), name)
    if not hasattr(pipeline.source, "install"):
        raise WrongUsage("not_a_changelog", pipeline=pipeline.name, kind=pipeline.config.source.kind)
    return pipeline


def _show(statements: list[str], only_print: bool, done: str) -> None:
    if only_print:
        for statement in statements:
            console.print(statement.rstrip().removesuffix(";") + ";", soft_wrap=True, markup=False)
    else:
        line(done, statements=len(statements))
