"""Answers to an EAM in a SQLite file."""

import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from connectors.answer import statement
from connectors.answer.statement import Meaning, Server, Statements
from syncd.connector import AnswerConnector, Answers
from syncd.ports import Finding, Relay

_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_READONLY", "SQLITE_IOERR")


@dataclass(frozen=True)
class Settings:
    """Where the EAM's file is."""

    path: Path
    """The database file; the account that runs syncd writes to it."""


def connect(settings: Settings, answers: Answers) -> Relay:
    """A way to answer; it connects when it is first used."""
    return Statements(_server(settings), answers)


def check(settings: Settings, answers: Answers) -> list[Finding]:
    """Whether it would."""
    return statement.check(_server(settings), answers)


def _server(settings: Settings) -> Server:
    return Server(partial(_connected, settings.path), (sqlite3.Error,), _meaning, percent=False)


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"  # a file that is not there is not made
    return sqlite3.connect(uri, uri=True, timeout=statement.CONNECT_SECONDS_MAX, check_same_thread=False)


def _meaning(error: Exception) -> Meaning:
    name = getattr(error, "sqlite_errorname", "")
    return "busy" if name.startswith(_BUSY) else "refused"


CONNECTOR: Final = AnswerConnector(Settings, connect, check)
