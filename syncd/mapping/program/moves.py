"""Source rows whose key changes, so that the mirror keeps every row when keys move onto each other: `SET id = id + 1`
says 1 → 2 before 2 → 3, and what leaves 2 then is not what has just come."""

from collections.abc import Callable, Mapping, Sequence

from syncd.change import Change, Row
from syncd.ports import Book

KeyOf = Mapping[str, Callable[[Row | None], str]]
Written = Mapping[str, Mapping[str, Row | None]]


class Moves:
    """How many rows are at the keys that rows of a batch move between, from the first move on; `written` is what the
    batch has put into the mirror so far."""

    def __init__(self, changes: Sequence[Change], key_of: KeyOf, book: Book, written: Written) -> None:
        places: dict[str, set[str]] = {}
        for alias, _, before, after, _, _, _ in changes:
            if before is not None and after is not None:
                old, new = key_of[alias](before), key_of[alias](after)
                if old != new:
                    places.setdefault(alias, set()).update((old, new))
        self._kept = {alias: book.mirror(alias, keys) for alias, keys in places.items()}
        self._rows = {
            (alias, key): int(written[alias].get(key, self._kept[alias].get(key)) is not None)
            for alias, keys in places.items()
            for key in keys
        }

    def come(self, alias: str, key: str) -> None:
        """A row comes to a key."""
        if (alias, key) in self._rows:
            self._rows[alias, key] += 1

    def leave(self, alias: str, key: str, before: Row | None, written: Written) -> bool:
        """A row leaves its key; whether nothing is there now. Something is where another row came first, even in an
        earlier batch: then it is that one which the mirror holds."""
        place = (alias, key)
        if place not in self._rows:
            return True
        self._rows[place] -= 1
        kept = self._kept[alias].get(key)
        return self._rows[place] < 1 and (key in written[alias] or kept is None or kept == before)
