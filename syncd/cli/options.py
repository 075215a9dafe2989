"""Options that many commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

from syncd import logs
from syncd.errors import MappingError
from syncd.language import say

CONSOLE_HOST: Final = "127.0.0.1"
CONSOLE_PORT: Final = 8440
PLACES: Final = (Path("syncd.yaml"), Path("/etc/syncd/syncd.yaml"))

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", envvar="SYNCD_CONFIG", help=say("help_config"), show_default=False),
]
Name = Annotated[
    str | None, typer.Option("--pipeline", "-p", metavar="NAME", help=say("help_pipeline"), show_default=False)
]
Log = Annotated[
    logs.Format | None, typer.Option("--log", metavar="console|json", help=say("help_log"), show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help=say("help_json"))]
Actor = Annotated[str, typer.Option("--actor", metavar="NAME", help=say("help_actor"), show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help=say("help_reason"), show_default=False)]


def config_path(given: Path | None) -> Path:
    """The configuration named, else the first of the usual places."""
    if given is not None:
        return given
    for place in PLACES:
        if place.is_file():
            return place
    raise MappingError("config_nowhere", "syncd.yaml", places=", ".join(map(str, PLACES)))
