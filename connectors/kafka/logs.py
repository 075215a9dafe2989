"""How far the logs have been said in a partition, so that what a connector sends again is known, however much that is.

A connector says its log in order. What lies before the furthest place that was said has been said; of what shares that
place, the names are known. So what is remembered does not grow with what is sent again. Three things are told apart:

    place beyond the furthest                       new
    place before it, committed by then              said again
    place before it, committed later                another log, which began anew under the same places

A connector that says no order has its last changes remembered by name, as far as that goes.

Where a server takes over from another (MySQL with GTIDs), places mean something else and the transactions go on: one
whose number was not reached yet is new.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from urllib.parse import quote, unquote

from connectors.debezium.places import Mark
from syncd.change import Change, Position

REMEMBERED_MAX: Final = 5_000
"""How many changes are known by name, where names must tell."""
STORED_NAMES_MAX: Final = 300
"""Names at the furthest place that a checkpoint keeps: rows that one page of a bulk insert wrote share their place."""
STORED_GTIDS_MAX: Final = 32
_DIGEST_BYTES: Final = 6


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NONE: Final[frozenset[str]] = frozenset()
_PLAIN: Final = "/:.-_,"
"""What is written as it is, of a name that may hold anything."""


class Anew(Exception):
    """A log began anew: nobody knows what lies between."""


@dataclass
class Reached:
    """How far one log was said. `at` is the newest commit; `gtids` the last number of each server; `names` are those of
    the changes at the place, `kept` the digests of such that a checkpoint kept."""

    log: str
    place: str = ""
    at: datetime = _EPOCH
    gtids: dict[str, int] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    names: dict[Position, None] = field(default_factory=dict)
    kept: frozenset[str] = _NONE

    def says_again(self, change: Change, mark: Mark) -> bool:
        """Whether a change that is not beyond the place was said. Raises Anew if it was committed only since."""
        if mark.log != self.log:
            if not mark.gtid:
                raise Anew
            return not self._goes_on(mark.gtid)
        if mark.place == self.place and not self._knows(change.position):
            return False
        if mark.place < self.place and mark.gtid and self._goes_on(mark.gtid):
            return False
        if change.committed_at > self.at:
            raise Anew
        return True

    def go_on(self, change: Change, mark: Mark) -> None:
        """A change that is new."""
        if mark.place != self.place or mark.log != self.log:
            self.log, self.place, self.names, self.kept = mark.log, mark.place, {change.position: None}, _NONE
        else:
            self.names[change.position] = None
            if len(self.names) > REMEMBERED_MAX:
                del self.names[next(iter(self.names))]
        if change.committed_at > self.at:
            self.at = change.committed_at
        if mark.gtid and self._goes_on(mark.gtid):
            self._count(mark.gtid)

    def _knows(self, name: Position) -> bool:
        return name in self.names or (bool(self.kept) and _digest(name) in self.kept)

    def _goes_on(self, gtid: str) -> bool:
        """Whether a transaction was not said yet, by its number."""
        server, number = _numbered(gtid)
        return number > self.gtids.get(server, 0)

    def _count(self, gtid: str) -> None:
        server, number = _numbered(gtid)
        self.gtids.pop(server, None)
        self.gtids[server] = number
        if len(self.gtids) > STORED_GTIDS_MAX:
            del self.gtids[next(iter(self.gtids))]


class Logs:
    """Pure. Of all connectors that say something in a partition."""

    def __init__(self, stored: str = "") -> None:
        """`stored` is the text that a checkpoint keeps, empty where it keeps none."""
        self._reached = dict(map(_parsed, stored.split(";"))) if stored else {}
        self._kept = frozenset(self._reached)
        self._named: dict[Position, datetime] = {}
        self._text: str | None = stored

    def text(self) -> str:
        """What a checkpoint keeps: no blank, no `=`, no `@`."""
        if self._text is None:
            self._text = ";".join(_text(server, reached) for server, reached in sorted(self._reached.items()))
        return self._text

    def tables(self) -> frozenset[str]:
        """The aliases of the tables that were said."""
        return frozenset(table for reached in self._reached.values() for table in reached.tables)

    def recall(self, change: Change, mark: Mark | None) -> None:
        """A change that was said before the checkpoint. Where that keeps how far it went, only names may be missing."""
        if mark is None or mark.server not in self._kept:
            self.is_new(change, mark, is_settled=False)
            return
        reached = self._reached[mark.server]
        if mark.place == reached.place and mark.log == reached.log:
            reached.names[change.position] = None

    def is_new(self, change: Change, mark: Mark | None, is_settled: bool) -> bool:
        """Whether a change was not said before. Raises Anew for one of another log under the same places; a reading
        that is not settled goes over to that."""
        if mark is None or not mark.place:
            return self._is_unheard(change, is_settled)
        reached = self._reached.get(mark.server)
        if reached is None or change.table not in reached.tables:
            reached = self._begun(change.table, mark, is_settled)
        if mark.place <= reached.place or mark.log != reached.log:
            try:
                if reached.says_again(change, mark):
                    return False
            except Anew:
                if is_settled:
                    raise
                reached = self._reached[mark.server] = Reached(mark.log, tables=reached.tables)
        reached.go_on(change, mark)
        self._text = None
        return True

    def _begun(self, table: str, mark: Mark, is_settled: bool) -> Reached:
        """The log that says a table for the first time. Two that say one table are not one log."""
        others = [other for server, other in self._reached.items() if table in other.tables and server != mark.server]
        if others and is_settled:
            raise Anew
        for other in others:
            other.tables.discard(table)
        reached = self._reached.setdefault(mark.server, Reached(mark.log))
        reached.tables.add(table)
        return reached

    def _is_unheard(self, change: Change, is_settled: bool) -> bool:
        known = self._named.get(change.position)
        if known == change.committed_at:
            return False
        if known is not None and is_settled:
            raise Anew
        self._named[change.position] = change.committed_at
        if len(self._named) > REMEMBERED_MAX:
            del self._named[next(iter(self._named))]
        return True


def _numbered(gtid: str) -> tuple[str, int]:
    """`3e11fa47-…:23` of MySQL and `0-1-9` of MariaDB as whose transactions are numbered, and the number."""
    server, _, number = gtid.rpartition(":" if ":" in gtid else "-")
    return server, int(number) if number.isdecimal() else 0


def _digest(name: Position) -> str:
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _text(server: str, reached: Reached) -> str:
    names = {*reached.kept, *map(_digest, list(reached.names)[-STORED_NAMES_MAX:])}
    micros = (reached.at - _EPOCH) // timedelta(microseconds=1)
    parts = (
        *(server, reached.log, reached.place, str(micros)),
        ",".join(f"{quote(name, safe='')}:{number}" for name, number in reached.gtids.items()),
        ",".join(quote(table, safe="") for table in sorted(reached.tables)),
        ",".join(sorted(names)),
    )
    return "|".join(part if n > 3 else quote(part, safe=_PLAIN) for n, part in enumerate(parts))


def _parsed(text: str) -> tuple[str, Reached]:
    server, log, place, micros, gtids, tables, names = text.split("|")
    return unquote(server), Reached(
        unquote(log),
        unquote(place),
        _EPOCH + timedelta(microseconds=int(micros)),
        {unquote(name): int(number) for name, _, number in (one.rpartition(":") for one in gtids.split(",") if one)},
        {unquote(table) for table in tables.split(",") if table},
        {},
        frozenset(name for name in names.split(",") if name),
    )
