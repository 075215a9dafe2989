"""Answers to an EAM on PostgreSQL."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import psycopg2

from connectors.answer import statement
from connectors.answer.statement import CONNECT_SECONDS_MAX, STATEMENT_SECONDS_MAX, Meaning, Server, Statements
from syncd.connector import AnswerConnector, Answers
from syncd.ports import Finding, Relay

_LOST: Final = ("08", "57P")
_BUSY: Final = ("40", "53", "55P03", "57014", "25006", "28", "3D")
"""https://www.postgresql.org/docs/current/errcodes-appendix.html: a conflict, no room, a lock, too long, read only."""
LIMITS: Final = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'"
"""Of the transaction: a pooler that stands between knows no options of a session."""


@dataclass(frozen=True)
class Settings:
    """Where the EAM is answered."""

    dsn: str
    """Connection string or URI, of a role that may do the statements of `answers` and nothing else."""


def connect(settings: Settings, answers: Answers) -> Relay:
    """A way to answer; it connects when it is first used."""
    return Statements(_server(settings), answers)


def check(settings: Settings, answers: Answers) -> list[Finding]:
    """Whether it would."""
    return statement.check(_server(settings), answers)


def _server(settings: Settings) -> Server:
    return Server(partial(_connected, settings.dsn), (psycopg2.Error,), _meaning, percent=True, limits=LIMITS)


def _connected(dsn: str) -> Any:
    return psycopg2.connect(
        dsn,
        application_name="syncd answer",
        connect_timeout=CONNECT_SECONDS_MAX,
        keepalives_idle=15,
        tcp_user_timeout=30_000,
        client_encoding="UTF8",
    )


def _meaning(error: Exception) -> Meaning:
    state = getattr(error, "pgcode", None) or ""
    ended = not state and isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    if ended or state.startswith(_LOST):
        return "lost"
    return "busy" if state.startswith(_BUSY) else "refused"


CONNECTOR: Final = AnswerConnector(Settings, connect, check)
