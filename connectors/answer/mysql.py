"""Answers to an EAM on MySQL or MariaDB."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pymysql
from pymysql.constants import CLIENT

from connectors.answer import statement
from connectors.answer.statement import CONNECT_SECONDS_MAX, STATEMENT_SECONDS_MAX, Meaning, Server, Statements
from connectors.mysql.dsn import parse
from connectors.mysql.faults import FULL, has_ended
from syncd.connector import AnswerConnector, Answers
from syncd.ports import Finding, Relay

_BUSY: Final = (*FULL, 1021, 1114, 1205, 1213, 1290, 1792, 1836, 1969, 3024)
"""A lock, a conflict, no room, read only, too long: https://mariadb.com/kb/en/mariadb-error-code-reference/."""


@dataclass(frozen=True)
class Settings:
    """Where the EAM is answered."""

    dsn: str
    """`mysql://user:password@eam-db:3306/eam`, of a user who may do the statements of `answers` and nothing else."""


def connect(settings: Settings, answers: Answers) -> Relay:
    """A way to answer; it connects when it is first used."""
    return Statements(_server(settings), answers)


def check(settings: Settings, answers: Answers) -> list[Finding]:
    """Whether it would."""
    return statement.check(_server(settings), answers)


def _server(settings: Settings) -> Server:
    arguments = parse(settings.dsn).arguments()
    return Server(partial(_connected, arguments), (pymysql.Error,), _meaning, percent=True)


def _connected(arguments: dict[str, Any]) -> Any:
    return pymysql.connect(
        **arguments,
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS_MAX,
        read_timeout=2 * STATEMENT_SECONDS_MAX,
        write_timeout=2 * STATEMENT_SECONDS_MAX,
        init_command=f"SET SESSION innodb_lock_wait_timeout = {STATEMENT_SECONDS_MAX}",
        client_flag=CLIENT.FOUND_ROWS,  # a row that is as it should be already is found all the same
    )


def _meaning(error: Exception) -> Meaning:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if number in _BUSY:
        return "busy"
    return "lost" if isinstance(error, pymysql.Error) and has_ended(error) else "refused"


CONNECTOR: Final = AnswerConnector(Settings, connect, check)
