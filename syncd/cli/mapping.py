"""Commands for the mapping itself: is it right, what does it mean, who answers for it."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer

from syncd import desk, wiring
from syncd.cli.options import Actor, Config, Json, Name, Reason, config_path
from syncd.cli.output import complain, emit, line
from syncd.language import say
from syncd.mapping import Mapping, load
from syncd.mapping.model import schema as json_schema

File = Annotated[Path | None, typer.Argument(help=say("help_mapping_file"), show_default=False)]
Of = Annotated[Literal["mapping", "layout"], typer.Argument(help=say("help_schema_of"))]


def check(file: File = None, config: Config = None, name: Name = None, as_json: Json = False) -> None:
    """Types, names, balance."""
    mapping = _mapping(file, config, name)
    if as_json:
        emit({"mapping": mapping.name, "hash": mapping.hash, "warnings": [w.params for w in mapping.warnings]})
        return
    for warning in mapping.warnings:
        complain(warning)
    line("mapping_fine", "green", mapping=mapping.name, rules=len(mapping.rules), hash=mapping.hash[:12])


def accept(actor: Actor, reason: Reason, config: Config = None, name: Name = None) -> None:
    """Answer for the mapping as it stands."""
    pipeline = wiring.pipeline(config_path(config), name)
    with closing(pipeline.open_ledger()) as ledger:
        desk.accept(ledger, pipeline.mapping.name, pipeline.mapping.hash, desk.Actor(actor, reason))
    line("mapping_accepted", "green", mapping=pipeline.mapping.name, hash=pipeline.mapping.hash[:12])


def schema(of: Of = "mapping") -> None:
    """The JSON Schema for editors."""
    typer.echo(json.dumps(json_schema(of), ensure_ascii=False, indent=2))


def _mapping(file: Path | None, config: Config, name: Name) -> Mapping:
    return load(file) if file is not None else wiring.pipeline(config_path(config), name).mapping
