"""Whether the change table still tells everything: looked at while it is read, and when it is read again.

Behind whatever was read the signs are looked at before it is said: a change from behind a hole would lie on top of what
is missing, and hide it from a repair. The reader asks every second, for a table of which nothing comes any more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from connectors.changelog import signs
from connectors.changelog.rows import Columns, Database
from syncd.errors import Gap, Halt
from syncd.ports import Finding

FIRST: Final = ("changelog_missing", "changelog_no_column")
"""What a check finds that is the reason why the signs are others too: SQLite writes a renamed column into triggers."""


class Watch:
    """What was seen last."""

    def __init__(
        self, database: Database, tables: Mapping[str, Columns], check: Callable[[], Sequence[Finding]], known: str = ""
    ) -> None:
        """`known` are the signs of an earlier run. Raises Gap when the change table may have kept something to itself
        since."""
        self._database, self._tables, self._check = database, tables, check
        seen = database.look(tables, 0)
        if known:
            self._require_told(signs.parse(known), seen.signs)
        self._standing = seen.standing
        self._signs = seen.signs

    @property
    def known(self) -> str:
        """For the pipeline's state."""
        return self._signs.text()

    def look(self, read_to: int) -> None:
        """With all numbers up to `read_to` committed and read. Raises Gap when the change table may have kept something
        to itself, Halt for what a check refuses, with the statement that mends it; both say the same when asked
        again."""
        seen = self._database.look(self._tables, read_to)
        self._require_told(self._signs, seen.signs)
        for name in self._signs.tables.keys() - seen.signs.tables.keys():
            raise Halt("changelog_table_gone", table=name)
        if seen.standing != self._standing:
            refuse(self._check())
        self._standing, self._signs = seen.standing, seen.signs

    def _require_told(self, was: signs.Signs, now: signs.Signs) -> None:
        if was._replace(seen=0) == now._replace(seen=0):
            return
        renewed = self._database.renewed()
        for name in was.tables.keys() & now.tables.keys():
            before, after = was.tables[name], now.tables[name]
            if before.shape != after.shape and (gap := self._database.hole(name, before, after, was.seen)):
                raise gap
            if not signs.are_followed(name, before, after, renewed):
                refuse([finding for finding in self._check() if finding.code in FIRST])
                raise Gap("changelog_triggers_anew", table=name)
        if was.whole and not signs.is_followed(signs.OF_ALL, was.whole, now.whole, renewed):  # else nobody knew it yet
            refuse([finding for finding in self._check() if finding.code in FIRST])
            raise Gap("changelog_anew")


def refuse(findings: Sequence[Finding]) -> None:
    """Raises Halt for the first error among the findings."""
    for finding in findings:
        if finding.level == "error":
            raise Halt(finding.code, **finding.params, repair=finding.repair)
