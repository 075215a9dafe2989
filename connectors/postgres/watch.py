"""Whether the log still tells everything: looked at while it is read, and when it is read again.

The stream asks whenever the log describes a table anew, which it does before the first change that comes after whatever
was done to a table or its publication; the reader asks every second, for a table of which nothing comes any more.
"""

from collections.abc import Sequence

from connectors.postgres import marks
from connectors.postgres.check import Wanted, findings, refuse
from connectors.postgres.server import Facts, Server
from syncd.errors import Halt


class Watch:
    """What was seen last. `known` is what the pipeline's state keeps of it, `unread` are tables that the mapping has
    declared since an earlier run."""

    def __init__(self, server: Server, facts: Facts, wanted: Wanted, known: str = "") -> None:
        """`known` are the marks of an earlier run. Raises Gap when the log has kept something to itself since."""
        self._server, self._facts, self._wanted = server, facts, wanted
        seen = self._see()
        self.unread: Sequence[str] = ()
        if known:
            was = marks.parse(known)
            self._require_told(was, seen.marks)
            self.unread = sorted(seen.marks.tables.keys() - was.tables.keys())
        self._standing, self._marks = seen.standing, seen.marks

    @property
    def known(self) -> str:
        return self._marks.text()

    def look(self) -> None:
        """Raises Gap when the log has kept something to itself, Halt for what a check refuses, with the statement that
        mends it; both say the same when asked again."""
        seen = self._see()
        self._require_told(self._marks, seen.marks)
        for name in self._marks.tables.keys() - seen.marks.tables.keys():
            raise Halt("pg_table_gone", table=name)
        if seen.standing != self._standing:
            refuse(findings(self._server, self._facts, self._wanted, is_read=True))
        self._standing, self._marks = seen.standing, seen.marks

    def _see(self) -> marks.Look:
        return marks.look(self._server, self._facts.version, self._wanted.publication, self._wanted.tables)

    def _require_told(self, was: marks.Marks, now: marks.Marks) -> None:
        if (gap := marks.gap(self._server, self._wanted.publication, was, now)) is not None:
            raise gap
