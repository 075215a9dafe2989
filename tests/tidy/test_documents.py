"""What the documents show can be typed as it stands, and no option is left undocumented."""

import re
import runpy
import shlex
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from tests.tidy.tree import ROOT, tracked

READMES = ("README.md", "README.zh-CN.md")
PAGES = (
    "first-day",
    "mapping",
    "approval",
    "closing",
    "outbox",
    "lifecycle",
    "repair",
    "upgrade",
    "service",
    "backup",
    "monitoring/runbook",
    "monitoring/runbook.zh-CN",
)
EXAMPLES = tuple(f"examples/{path.parent.name}/README" for path in ROOT.glob("docs/examples/*/README.md"))
REFERENCE = runpy.run_path(str(ROOT / "docs/reference.py"))


@pytest.mark.parametrize("name", [*READMES, *(f"docs/{page}.md" for page in (*PAGES, *EXAMPLES))])
def test_every_command_shown_is_one_that_syncd_has(name: str) -> None:
    for words in shown(ROOT / name, "syncd"):
        typed(words)


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_shown_exists(name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    found = [word for words in shown(ROOT / name, "make") for word in words]
    assert found
    assert targets.issuperset(found)


@pytest.mark.parametrize("name", READMES)
def test_every_file_linked_exists(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text("utf-8"))
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.parametrize("name", READMES)
def test_the_map_names_every_folder(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    unnamed = [f for f in folders if f"`{f}/`" not in text and not f.startswith(".")]
    assert not unnamed


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (list(_verbs(ROOT / name)) for name in READMES)
    assert english == chinese


def test_the_reference_says_what_the_models_say() -> None:
    written = (ROOT / "docs/reference.md").read_text("utf-8")
    assert written == REFERENCE["text"](), "run `make docs`"


def test_the_manual_page_says_what_the_commands_say() -> None:
    written = (ROOT / "docs/syncd.1").read_text("utf-8")
    assert written == runpy.run_path(str(ROOT / "docs/manual.py"))["text"](), "run `make docs`"


def test_every_setting_and_command_is_explained() -> None:
    """No table row of the reference ends in an empty cell."""
    rows = [line for line in REFERENCE["text"]().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]


def shown(path: Path, program: str) -> list[list[str]]:
    """The words after `program` of every line of every shell block that begins with it."""
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words and words[0] == program]


def _verbs(path: Path) -> list[tuple[str, ...]]:
    """Commands without the reasons, which each language gives in its own words."""
    return [tuple(w for w, left in zip(words, ["", *words], strict=False) if left != "--reason")
            for words in shown(path, "syncd")]  # fmt: skip


@cache
def _command() -> Any:
    from syncd.cli.app import app

    return cast(Any, typer.main.get_command(app))


def typed(words: list[str]) -> None:
    """Parse what is typed behind `syncd`, without running it. Raises WrongUsage, or what typer raises of options."""
    assert not {"--install-completion", "--show-completion"} & set(words), "it is done when it is parsed"
    command = _command()
    with command.make_context("syncd", list(words)) as context:
        _resolve(command, context)


def _resolve(command: Any, context: Any) -> None:
    """Parse down to the last command, without running any."""
    while getattr(command, "commands", None):
        if command.invoke_without_command and not [*context._protected_args, *context.args]:
            return
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None, name
        context = command.make_context(name, words, parent=context)


@pytest.mark.parametrize("of", ["mapping", "layout"])
def test_every_key_of_the_language_is_described_and_shown(of: Any) -> None:
    """In the schema, which editors and the reference show, and in the description of the language."""
    from syncd.mapping.language.file.schemas import schema

    made = schema(of)
    keys = [item for block in (made, *made["$defs"].values()) for item in block["properties"].items()]
    assert [key for key, value in keys if not value["description"]] == []
    text = (ROOT / "docs/mapping.md").read_text("utf-8")
    code = " ".join(re.findall(r"```yaml\n.*?```|`[^`\n]+`", text, re.DOTALL))
    assert [key for key, _ in keys if not re.search(rf"\b{key}\b", code)] == []


@pytest.mark.parametrize(("of", "title"), [("mapping", "Mapping files"), ("layout", "Finance layouts")])
def test_the_reference_lists_all_that_the_schema_allows(of: Any, title: str) -> None:
    """Every key of every block, and of each the words, blocks, kinds and bounds that may stand there; nothing else."""
    from syncd.mapping.language.file.schemas import schema

    part = (ROOT / "docs/reference.md").read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    listed = {
        block.partition("\n")[0]: {
            cells[0].strip("`"): cells[1] for line in block.splitlines() if len(cells := _cells(line)) == 4
        }
        for block in part.split("\n### ")[1:]
    }
    made = schema(of)
    blocks = {"Top level": made, **{name.removesuffix("Shape"): block for name, block in made["$defs"].items()}}
    assert listed.keys() == blocks.keys()
    for name, block in blocks.items():
        said = listed[name]
        assert said.keys() == block["properties"].keys(), name
        unsaid = {key: [a for a in _allowed(block["properties"][key]) if a not in cell] for key, cell in said.items()}
        assert not any(unsaid.values()), (name, unsaid)


def _cells(line: str) -> list[str]:
    """Of a row of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] if line.startswith("| `") else []


def _allowed(value: Any) -> set[str]:
    """What a schema allows, as the reference must show it: words, names of blocks, bounds, kinds of plain values."""
    if isinstance(value, list):
        return set().union(*map(_allowed, value))
    if not isinstance(value, dict):
        return set()
    kinds = {way.get("type") for way in value.get("anyOf", ())}
    if {"string", "integer", "number", "boolean"} <= kinds:  # an expression
        return {"expression"}.union(*(_allowed(way) for way in value["anyOf"] if way.get("type") in (None, "array")))
    found = {f"`{word}`" for word in [*value.get("enum", ()), *([value["const"]] if "const" in value else ())]}
    found |= {str(value["$ref"]).rpartition("/")[2].removesuffix("Shape")} if "$ref" in value else set()
    found |= {f"{value[bound]:g}" for bound in _BOUNDS if bound in value}
    if not found and value.get("type") in _PLAIN:
        found = {_PLAIN[value["type"]]}
    nested = (value.get(key) for key in ("anyOf", "oneOf", "items", "additionalProperties", "propertyNames"))
    return found.union(*map(_allowed, nested), *map(_allowed, value.get("patternProperties", {}).values()))


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` `false`"}


def test_every_gap_stands_in_the_table_of_how_sources_stop_telling() -> None:
    """Invariant 14: what is noticed, and what then repairs it, is written down."""
    raised = {code for path in (ROOT / "connectors").rglob("*.py") for code in _gaps(path.read_text("utf-8"))}
    written = set(re.findall(r"`(\w+)`", (ROOT / "docs/reliability.md").read_text("utf-8")))
    assert sorted(raised - written - {"checkpoint_of_change", "memory_forgotten"}) == []


def _gaps(source: str) -> list[str]:
    """The codes of a module's gaps, also of those in a table of codes."""
    tables = re.findall(r"^_(?:GAP|STOPS)\b.*?^\}", source, re.MULTILINE | re.DOTALL)
    return [*re.findall(r'Gap\(\s*"(\w+)"', source), *(c for t in tables for c in re.findall(r': "(\w+)"', t))]
