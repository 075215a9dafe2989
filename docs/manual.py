"""The manual page, docs/syncd.1, of the commands; `docs.reference` writes it."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import typer

from docs.reference import commands
from syncd import cli, language

TARGET = Path(__file__).with_name("syncd.1")


def text() -> str:
    """The whole page, in troff."""
    language.choose("en")
    return "\n".join([*_head(), *_commands(), *_foot()]) + "\n"


def _head() -> Iterator[str]:
    from syncd.cli.app import app

    yield '.TH SYNCD 1 "" syncd "User Commands"'
    yield ".SH NAME"
    yield "syncd \\- carries what happens to an asset in the EAM into the finance books"
    yield ".SH SYNOPSIS"
    yield ".B syncd"
    yield "[\\-\\-lang en|zh] COMMAND [OPTIONS] [ARGUMENTS]"
    yield ".SH DESCRIPTION"
    yield _escaped(app.info.help or "")
    yield ".SH COMMANDS"


def _commands() -> Iterator[str]:
    from syncd.cli.app import app

    for path, command in commands(cast(Any, typer.main.get_command(app)), ()):
        arguments = [(p.metavar or p.name).upper() for p in command.params if p.param_type_name == "argument"]
        yield ".SS " + _escaped(" ".join(["syncd", *path, *arguments]))
        yield _escaped(command.help)
        for option in command.params:
            if option.param_type_name == "option" and option.name != "help":
                yield ".TP"
                yield ".B " + _escaped(", ".join(option.opts) + (f" {option.metavar}" if option.metavar else ""))
                yield _escaped(option.help or "")


def _foot() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    yield _escaped(" ".join(textwrap.dedent(cli.__doc__ or "").partition("\n")[2].split()))
    yield ".SH FILES"
    yield ".TP"
    yield ".I /etc/syncd/syncd.yaml"
    yield "The configuration, where no other is named by"
    yield ".B \\-\\-config"
    yield "or SYNCD_CONFIG and none stands in the working directory."
    yield ".TP"
    yield ".I share/doc/syncd"
    yield "The documents, beside the program: reference.md has every setting."


def _escaped(said: str) -> str:
    lines = said.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(f"\\&{line}" if line[:1] in ".'" else line for line in lines)
