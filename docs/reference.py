"""Writes docs/reference.md and docs/syncd.1 from the models and the commands, so that no option goes undocumented:
`make docs`."""

import dataclasses
import inspect
import json
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from syncd import cli, config, language, outside, registry
from syncd.mapping.language.file.schemas import attribute_docs, schema

TARGET = Path(__file__).with_name("reference.md")


def text() -> str:
    """The whole page."""
    language.choose("en")
    return "\n".join(["# Reference", "", *_configuration(), *_files(), *_commands()]) + "\n"


def _configuration() -> Iterator[str]:
    yield "## Configuration: syncd.yaml"
    yield ""
    yield from _code_block(config.__doc__ or "")
    for section in settings():
        yield f"### {section.title}"
        yield ""
        yield section.lead
        yield ""
        yield from table(("setting", "default", "meaning"), section.rows)


class Section(NamedTuple):
    """A block of syncd.yaml; each row is a setting, its default, and its meaning."""

    title: str
    lead: str
    rows: Sequence[tuple[str, str, str]]


def settings() -> Iterator[Section]:
    """Every block of the configuration and every kind of source, ledger and answer."""
    for title, model in (
        ("Top level", config.Config),
        ("pipelines.NAME", config.PipelineConfig),
        ("metrics", config.MetricsConfig),
        ("audit", config.AuditConfig),
        ("audit.anchor", config.AnchorConfig),
        ("alerts", config.AlertsConfig),
        ("alerts.targets.NAME", config.AlertTarget),
        ("console", config.ConsoleConfig),
        ("console.openid", config.OpenIdConfig),
    ):
        yield Section(title, inspect.cleandoc(model.__doc__ or ""), list(_model_rows(model)))
    ends = (
        ("source", registry.SOURCES, registry.source_connector),
        ("ledger", registry.LEDGERS, registry.ledger_connector),
        ("answer", outside.ANSWERS, outside.answer_connector),
    )
    for side, modules, connector in ends:
        for kind, module in modules.items():
            made = connector(module).settings
            yield Section(f"{side} kind: {kind}", inspect.cleandoc(made.__doc__ or ""), list(_dataclass_rows(made)))


def _files() -> Iterator[str]:
    of: Literal["mapping", "layout"]
    for of, title in (("mapping", "Mapping files"), ("layout", "Finance layouts")):
        made = schema(of)
        yield f"## {title}"
        yield ""
        yield f"As `syncd mapping schema {of}` prints it for editors. [mapping.md](mapping.md) explains the language."
        if of == "mapping":
            yield "A part of a mapping has these keys but for the five of the main file alone."
        yield ""
        yield from _block("Top level", made)
        for name, definition in made["$defs"].items():
            yield from _block(name.removesuffix("Shape"), definition)


def _block(title: str, definition: dict[str, Any]) -> Iterator[str]:
    """A block of a file by its JSON Schema."""
    needed = [*definition.get("required", ()), *definition.get("anyOf", [{}])[0].get("required", ())]
    rows = (
        (f"`{key}`", allowed(value), _said(key, value, needed), value["description"])
        for key, value in definition["properties"].items()
    )
    yield f"### {title}"
    yield ""
    yield definition["description"]
    yield ""
    yield from table(("key", "holds", "default", "meaning"), rows)


def _said(key: str, value: dict[str, Any], needed: Collection[str]) -> str:
    return "needed" if key in needed else _default(value.get("default") or None)


def allowed(value: dict[str, Any]) -> str:
    """What may stand under a key, by its JSON Schema: words as they are, blocks by their names."""
    if "enum" in value or "const" in value:
        return " ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2].removesuffix("Shape")
    if ways := [way for way in value.get("anyOf", value.get("oneOf", ())) if way != {"type": "null"}]:
        said = list(dict.fromkeys(map(allowed, ways)))
        bare = [way for way in said if way not in _SCALARS]
        return " or ".join(["expression", *bare] if len(said) - len(bare) == len(_SCALARS) else said)
    if value["type"] == "array":
        return f"list of {allowed(value['items'])}"
    if value["type"] == "object":
        (held,) = value.get("patternProperties", {"": value.get("additionalProperties")}).values()
        named = value.get("propertyNames", {}).get("enum")
        return f"{'name' if named is None else allowed({'enum': named})} → {allowed(held)}"
    bounds = [f"{mark} {value[key]:g}" for key, mark in _BOUNDS.items() if key in value]
    return " ".join([_WORDS[value["type"]], *bounds])


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` `false`",
    "null": "`null`",
}
_SCALARS = [_WORDS[kind] for kind in ("string", "integer", "number", "boolean")]
"""Together they are an expression: a bare number or word is one, too."""
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _commands() -> Iterator[str]:
    from syncd.cli.app import app

    yield "## Commands"
    yield ""
    yield textwrap.dedent(cli.__doc__ or "").partition("\n")[2].strip().replace("\n", " ")
    yield ""
    for path, command in commands(cast(Any, typer.main.get_command(app)), ()):
        arguments = [(p.metavar or p.name).upper() for p in command.params if p.param_type_name == "argument"]
        yield f"### syncd {' '.join([*path])} {' '.join(arguments)}".rstrip()
        yield ""
        yield command.help
        yield ""
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        if options:
            yield from table(("option", "meaning"), ((f"`{', '.join(p.opts)}`", p.help or "") for p in options))


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the tree by its words; groups only where they are commands too."""
    inner = getattr(command, "commands", None)
    if inner is None or (path and command.invoke_without_command):
        yield path, command
    if inner is None:
        return
    for name, child in inner.items():
        yield from commands(child, (*path, name))


def table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table of Markdown, a line at a time; a cell is one line."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _model_rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        default = "" if field.default is PydanticUndefined else _default(field.default)
        yield f"`{name}`", default, field.description or ""


def _dataclass_rows(made: type) -> Iterator[tuple[str, str, str]]:
    said = {name: text for one in made.__mro__[:-1] for name, text in attribute_docs(one).items()}
    for field in dataclasses.fields(made):
        default = "" if field.default is dataclasses.MISSING else _default(field.default)
        yield f"`{field.name}`", default, said.get(field.name, "")


def _default(value: object) -> str:
    return "" if value in (None, "") else f"`{json.dumps(value)}`"


def _code_block(lead: str) -> Iterator[str]:
    first, _, rest = inspect.cleandoc(lead).partition("\n")
    example, _, after = rest.strip("\n").partition("\n\n")
    yield from (first, "", "```yaml", textwrap.dedent(example), "```", "", " ".join(after.split()), "")


if __name__ == "__main__":
    from docs import manual  # the page for `man`, of the same commands

    TARGET.write_text(text(), "utf-8")
    manual.TARGET.write_text(manual.text(), "utf-8")
