"""What the documents show can be typed as it stands, and no option is left undocumented."""

import re
import runpy
import shlex
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from tests.tidy.tree import ROOT, tracked

READMES = ("README.md", "README.zh-CN.md")
REFERENCE = runpy.run_path(str(ROOT / "docs/reference.py"))


@pytest.mark.parametrize("name", [*READMES, "docs/mapping.md", "docs/repair.md"])
def test_every_command_shown_is_one_that_syncd_has(name: str) -> None:
    from syncd.cli.app import app

    command = cast(Any, typer.main.get_command(app))
    for words in _shown(ROOT / name, "syncd"):
        with command.make_context("syncd", list(words)) as context:
            _resolve(command, context)


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_shown_exists(name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = [word for words in _shown(ROOT / name, "make") for word in words]
    assert shown
    assert targets.issuperset(shown)


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
    assert written == REFERENCE["text"](), "run `python docs/reference.py`"


def test_every_setting_and_command_is_explained() -> None:
    """No table row of the reference ends in an empty cell."""
    rows = [line for line in REFERENCE["text"]().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]


def _shown(path: Path, program: str) -> list[list[str]]:
    """The words after `program` of every line of every shell block that begins with it."""
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words and words[0] == program]


def _verbs(path: Path) -> list[tuple[str, ...]]:
    """Commands without the reasons, which each language gives in its own words."""
    return [tuple(w for w, left in zip(words, ["", *words], strict=False) if left != "--reason")
            for words in _shown(path, "syncd")]  # fmt: skip


def _resolve(command: Any, context: Any) -> None:
    """Parse down to the last command, without running any."""
    while getattr(command, "commands", None):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None, name
        context = command.make_context(name, words, parent=context)
