"""Whom the open parked rows hold back, as the one writer keeps it in memory. Pure; implements `ports.Holds`."""

from collections import Counter, defaultdict
from typing import NamedTuple

from syncd.ports import Head


class _Row(NamedTuple):
    subject: str
    row: str
    waits_for: str


class Holds:
    """Open parked rows by number. `heads`, `rows` and `awaited` stay right with every change, in time that does not
    grow with the rows of a subject."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.rows: dict[str, str] = {}
        self.awaited: Counter[str] = Counter()
        self._open: dict[int, _Row] = {}
        self._subjects: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._by_row: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def add(self, id: int, subject: str, row: str, waits_for: str) -> None:
        """One more open row; `row` is its source row as `table:key`."""
        self._open[id] = _Row(subject, row, waits_for)
        if waits_for:
            self.awaited[waits_for] += 1
        _insert(self._subjects, subject, id)
        _insert(self._by_row, row, id)
        self._look_at(subject, row)

    def remove(self, id: int) -> None:
        """A row that is open no more."""
        subject, row, waits_for = self._open.pop(id)
        if waits_for:
            self.awaited -= Counter((waits_for,))
        del self._subjects[subject][id]
        del self._by_row[row][id]
        self._look_at(subject, row)

    def change(self, id: int, subject: str, waits_for: str) -> None:
        """A row that stays open, for another reason or under another subject."""
        was = self._open[id]
        if (was.subject, was.waits_for) != (subject, waits_for):
            self.remove(id)
            self.add(id, subject, was.row, waits_for)

    def subject(self, id: int) -> str:
        """The subject under which a row is parked."""
        return self._open[id].subject

    def count(self, subject: str) -> int:
        """How many open rows a subject has."""
        return len(self._subjects.get(subject, ()))

    def _look_at(self, subject: str, row: str) -> None:
        """The head of a subject, and the subject of the newest change of a row, as they are now."""
        if ids := self._subjects[subject]:
            first = next(iter(ids))
            self.heads[subject] = Head(first, self._open[first].waits_for)
        else:
            del self._subjects[subject]
            self.heads.pop(subject, None)
        if ids := self._by_row[row]:
            self.rows[row] = self._open[next(reversed(ids))].subject
        else:
            del self._by_row[row]
            self.rows.pop(row, None)


def _insert(places: defaultdict[str, dict[int, None]], place: str, id: int) -> None:
    """Numbers stay in order, though one may come from another subject."""
    ids = places[place]
    is_last = not ids or next(reversed(ids)) < id
    ids[id] = None
    if not is_last:
        places[place] = dict.fromkeys(sorted(ids))
