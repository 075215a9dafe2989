"""All commands in one tree."""

from importlib.metadata import version as installed_version
from typing import Annotated, Literal

import typer

from syncd import language
from syncd.cli import daemon, looking, mapping, parked, passes, reconciling, repairing, setting_up, tracing
from syncd.cli.declare import command, group
from syncd.language import say

app = group("help_syncd")

command(app, "run")(daemon.run)
command(app, "demo")(daemon.demo)
command(app, "migrate")(setting_up.migrate)
command(app, "check")(looking.check)
command(app, "dry-run")(passes.dry_run)
command(app, "snapshot")(passes.snapshot)
command(app, "repair")(repairing.repair)
command(app, "status")(looking.status)
command(app, "reconcile")(reconciling.reconcile)
command(app, "trace")(tracing.trace)

record = group("help_audit")
app.add_typer(record, name="audit")
command(record, "verify")(tracing.verify)

rows = group("help_parked")
app.add_typer(rows, name="parked")
command(rows, "list", "help_parked_list")(parked.show_list)
command(rows, "show", "help_parked_show")(parked.show)
command(rows, "retry", "help_parked_retry")(parked.retry)
command(rows, "edit", "help_parked_edit")(parked.edit)
command(rows, "discard", "help_parked_discard")(parked.discard)
command(app, "approve")(parked.approve)
command(app, "reject")(parked.reject)

mappings = group("help_mapping")
app.add_typer(mappings, name="mapping")
command(mappings, "check", "help_mapping_check")(mapping.check)
command(mappings, "explain", "help_mapping_explain")(mapping.explain)
command(mappings, "test", "help_mapping_test")(mapping.run_cases)
command(mappings, "accept", "help_mapping_accept")(mapping.accept)
command(mappings, "schema", "help_mapping_schema")(mapping.schema)

changelog = group("help_changelog")
app.add_typer(changelog, name="changelog")
command(changelog, "install")(setting_up.install)
command(changelog, "remove")(setting_up.remove)
command(changelog, "prune")(setting_up.prune)


@app.callback()
def settings(
    lang: Annotated[
        Literal["en", "zh"] | None, typer.Option("--lang", help=say("help_lang"), show_default=False)
    ] = None,
) -> None:
    """Options before the command."""
    language.choose(lang)


@command(app, "version")
def version() -> None:
    """The version."""
    typer.echo(installed_version("syncd"))
