"""All commands in one tree."""

from importlib.metadata import version as installed_version
from typing import Annotated, Literal

import typer

from syncd import language
from syncd.cli import daemon, looking, passes, setting_up
from syncd.cli.declare import command, group
from syncd.language import say

app = group("help_syncd")

command(app, "run")(daemon.run)
command(app, "demo")(daemon.demo)
command(app, "migrate")(setting_up.migrate)
command(app, "check")(looking.check)
command(app, "dry-run")(passes.dry_run)
command(app, "snapshot")(passes.snapshot)
command(app, "status")(looking.status)

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
