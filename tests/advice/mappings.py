"""A mapping on somebody's desk: the example's files in a folder of their own, edited by hand and tried by command."""

import io
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from shutil import copytree
from unittest.mock import patch

import typer

from syncd import language
from syncd.cli import main
from tests.advice import heard
from tests.unit.paper import EXAMPLE

MAPPING, LAYOUT, TABLE = "example.yaml", "finance.yaml", "expense_account.csv"

_NEAREST = re.compile(r"the (nearest)(?: name| type)? is ([^\s;]+)")

_commands = cache(typer.main.get_command)
"""Typer makes all of them anew for each that is typed, which takes as long as a check."""

Edit = tuple[str, str, str]
"""File, what stands there, what is written instead. What is new to a file stands behind nothing."""


def mapping(stands: str, instead: str) -> Edit:
    """An edit of the mapping file."""
    return MAPPING, stands, instead


def layout(stands: str, instead: str) -> Edit:
    """An edit of the layout."""
    return LAYOUT, stands, instead


def laid(folder: Path, edits: Sequence[Edit] = ()) -> Path:
    """The example in a folder of its own, with these edits; the mapping's path."""
    copytree(EXAMPLE.parent, folder, dirs_exist_ok=True)
    edit(folder, edits)
    return folder / MAPPING


def edit(folder: Path, edits: Sequence[Edit]) -> None:
    """What a person writes. Files that are not there yet are made."""
    for name, stands, instead in edits:
        path = folder / name
        text = path.read_text("utf-8") if path.exists() else ""
        assert stands in text, f"{name} does not hold {stands}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace(stands, instead) if stands else text + instead, "utf-8")


def told(*words: object) -> tuple[int, str]:
    """A command within this process: its exit code, and all that it says in English."""
    heard = io.StringIO()
    argv = ["syncd", "--lang", "en", *map(str, words)]
    try:
        with (
            patch.object(sys, "argv", argv),
            patch("typer.main.get_command", _commands),
            redirect_stdout(heard),
            redirect_stderr(heard),
        ):
            main()
    except SystemExit as ended:
        return int(ended.code or 0), heard.getvalue()
    finally:
        language.choose(None)
    raise AssertionError("a command ends with an exit code")


def followed(folder: Path, code: str, broken: Sequence[Edit], mended: Sequence[Edit]) -> None:
    """`mapping check` says it of the broken mapping; once what it hints at is written, nothing more is said. `<name>`
    in an edit is what the message has in that place."""
    path = laid(folder, broken)
    output = told("mapping", "check", path)[1]
    said = heard(code, output) | dict(_NEAREST.findall(output))
    edit(folder, [(name, stands, _filled(instead, said)) for name, stands, instead in mended])
    assert silent(told("mapping", "check", path)), "neither an error nor a warning"


def silent(ended: tuple[int, str]) -> bool:
    """Whether a command found nothing wrong and had nothing to advise."""
    code, output = ended
    assert (code, "→" in output) == (0, False), output
    return True


def _filled(text: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        text = text.replace(f"<{name}>", re.split(" [→✗!] ", value)[0])
    return text
