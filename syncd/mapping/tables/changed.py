"""What was added to a table, removed from it and changed in it, cell by cell. A row is known by its key."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from syncd.mapping.tables.sheet import Cells, Row, Sheet


class Change(NamedTuple):
    """A row as it was and as it is to be; None where there is none. `cells` has both, column by column."""

    was: Row | None
    now: Row | None

    @property
    def cells(self) -> Sequence[tuple[str, str]]:
        width = len((self.was or self.now or Row(0, (), "")).cells)
        empty = ("",) * width
        return [*zip(self.was.cells if self.was else empty, self.now.cells if self.now else empty, strict=True)]

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.was is None else "removed" if self.now is None else "changed"


class Difference(NamedTuple):
    """Of two contents of a table."""

    changes: Sequence[Change]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows were `added`, `removed` or `changed`."""
        kinds = Counter(change.kind for change in self.changes)
        return {kind: kinds[kind] for kind in ("added", "removed", "changed")}


def difference(was: Sheet, now: Sheet, keys: Iterable[str]) -> Difference:
    """In the order of the rows as they are to be, what is removed behind the row that stood before it."""
    places = [was.header.index(key) for key in keys]

    def key(row: Row) -> Cells:
        return tuple(row.cells[place] for place in places)

    old, new = defaultdict[Cells, list[Row]](list), defaultdict[Cells, list[Row]](list)
    for row in was.rows:
        old[key(row)].append(row)
    for row in now.rows:
        new[key(row)].append(row)
    pairs = [pair for one in dict.fromkeys((*old, *new)) for pair in zip_longest(old.get(one, ()), new.get(one, ()))]
    changes = [Change(a, b) for a, b in pairs if a is None or b is None or a.cells != b.cells]
    return Difference(sorted(changes, key=lambda one: ((one.now or one.was or Row(0, (), "")).line, one.now is None)))
