"""An answer done and asked over a connection of the standard kind, https://peps.python.org/pep-0249/.

What each database does in its own way is given: how parameters are spelt, and what an error means."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, Final, Literal, NamedTuple

from syncd import statements
from syncd.connector import Answers
from syncd.delivery import DONE, WORDS, Answer, Asked, Delivery, Sent
from syncd.ports import INVENTED, Finding
from syncd.secrets import hidden, unquoted

Meaning = Literal["lost", "busy", "refused"]
"""Of an error: the connection has ended; it may pass by itself; it is about the statement."""
CONNECT_SECONDS_MAX: Final = 10
STATEMENT_SECONDS_MAX: Final = 30
"""An answer touches one row. Whoever keeps it waiting for longer is in its way."""
BUSY_WAIT_S: Final = 5.0
_PARAMETER: Final = re.compile(r"(?<![:\w]):([^\W\d]\w*)")
_ERROR_CHARS_MAX: Final = 300


class Server(NamedTuple):
    """What a database does in its own way. `connect` opens a connection in which nothing commits by itself; `errors`
    are what the driver raises; `percent` says that parameters are spelt `%(name)s`, else they stay `:name`; `limits` is
    done before an answer, in its transaction, if anything."""

    connect: Callable[[], Any]
    errors: tuple[type[Exception], ...]
    meaning: Callable[[Exception], Meaning]
    percent: bool
    limits: str = ""


class Statements:
    """A `ports.Relay` of answers."""

    def __init__(self, server: Server, answers: Answers) -> None:
        self._server, self._answers = server, answers
        self._connection: Any = None

    def send(self, delivery: Delivery) -> Sent:
        answer = self._answers.get(delivery.target)
        if answer is None:
            return Sent("refused", "answer_gone", {"table": delivery.target})
        if missing := answer.columns.keys() - delivery.body["row"].keys():
            return Sent("refused", "answer_columns", {"table": answer.table, "columns": ", ".join(sorted(missing))})
        try:
            connection = self._open()
        except self._server.errors as error:
            return Sent("lost", "answer_no_connection", _said(error, connects=True))
        try:
            with closing(connection.cursor()) as cursor:
                if self._server.limits:
                    cursor.execute(self._server.limits)
                cursor.execute(*self._spelt(answer.statement, delivery))
                touched = cursor.rowcount
        except self._server.errors as error:
            return self._failed(error)
        if touched == 0 and answer.finds and delivery.body["op"] != "delete":
            self._undo()
            return Sent("refused", "answer_no_row", {"table": answer.table})
        try:
            connection.commit()
        except self._server.errors as error:
            meaning = self._server.meaning(error)
            if meaning != "lost":
                return self._failed(error)
            self.close()  # whether it was committed nobody has said
            return Sent("unknown", "answer_unknown", _said(error))
        return DONE

    def ask(self, delivery: Delivery) -> Asked:
        answer = self._answers.get(delivery.target)
        if answer is None or not answer.ask or answer.columns.keys() - delivery.body["row"].keys():
            return "unasked"
        try:
            with closing(self._open().cursor()) as cursor:
                cursor.execute(*self._spelt(answer.ask, delivery))
                found = cursor.fetchone() is not None
            self._undo()
        except self._server.errors:
            self.close()
            return "lost"
        return "taken" if found else "absent"

    def close(self) -> None:
        if self._connection is not None:
            with suppress(*self._server.errors):
                self._connection.close()
        self._connection = None

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._server.connect()
        return self._connection

    def _failed(self, error: Exception) -> Sent:
        """Nothing was committed."""
        meaning = self._server.meaning(error)
        if meaning == "lost":
            self.close()
            return Sent("lost", "answer_lost", _said(error))
        self._undo()
        if meaning == "busy":
            return Sent("throttled", "answer_busy", _said(error), BUSY_WAIT_S)
        return Sent("refused", "answer_refused", _said(error))

    def _undo(self) -> None:
        try:
            self._connection.rollback()
        except self._server.errors:
            self.close()

    def _spelt(self, statement: str, delivery: Delivery) -> tuple[str, dict[str, Any]]:
        body = delivery.body
        words = {name: body.get(name, "") for name in WORDS} | {"key": f"{delivery.pipeline}/{delivery.key}"}
        return spelt(statement, self._server.percent), {**body["row"], **words}


def check(server: Server, answers: Answers) -> list[Finding]:
    """Whether the EAM lets itself be answered. Each statement is planned and not done, with values as answers have
    them."""
    try:
        connection = server.connect()
    except server.errors as error:
        return [Finding("error", "answer_no_connection", _said(error, connects=True))]
    with closing(connection):
        findings = [finding for answer in answers.values() for finding in _planned(server, connection, answer)]
    return findings or [Finding("ok", "answer_fine", {"tables": ", ".join(answers)})]


def _planned(server: Server, connection: Any, answer: Answer) -> Iterator[Finding]:
    words = dict.fromkeys(WORDS, INVENTED) | {"state": "rejected", "at": "2026-01-31T00:00:00.000000Z"}
    params = {**dict.fromkeys(answer.columns), **words}
    for statement in filter(None, (answer.statement, answer.ask)):
        try:
            with closing(connection.cursor()) as cursor:
                cursor.execute(f"EXPLAIN {spelt(statement, server.percent)}", params)
                cursor.fetchall()
        except server.errors as error:
            yield Finding("error", "answer_wrong", {"table": answer.table, **_said(error)})
            return  # what asks is made of what answers, and would mostly repeat the fault
        finally:
            connection.rollback()


def spelt(statement: str, percent: bool) -> str:
    """A statement with its parameters as a driver has them."""
    if not percent:
        return statement
    return statements.outside_literals(statement.replace("%", "%%"), lambda text: _PARAMETER.sub(r"%(\1)s", text))


def _said(error: Exception, connects: bool = False) -> Mapping[str, str]:
    """`connects`: what it cannot read of a DSN a driver repeats in quotes."""
    said = hidden(str(error))
    said = unquoted(said) if connects and "connection to server" not in said else said
    return {"error": " ".join(said.split())[:_ERROR_CHARS_MAX]}
