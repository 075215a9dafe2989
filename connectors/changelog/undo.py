"""Taking back from a table what has happened to it since a snapshot began."""

from collections.abc import Callable, Iterator, Sequence

from connectors.changelog.rows import Chunk, Columns, Images, images

Beyond = Callable[[Sequence[Images]], Sequence[Images]]
"""Those of the rows whose key lies beyond a place in the table."""


class Undo:
    """What rows of one table were before the first change that the snapshot must not show; None for a row that was
    not there yet, or has been said. It grows with the rows that change while their table's snapshot is taken."""

    def __init__(self, columns: Columns) -> None:
        self.seen = 0
        self._columns = columns
        self._before: dict[tuple[object, ...], Images | None] = {}

    def learn(self, chunk: Chunk, beyond: Beyond) -> None:
        """Remember what the changes of a chunk did, but to rows that are not `beyond` where it begins: those have been
        said. `seen` is the last of the changes."""
        learnt: list[Images] = []
        for row in chunk.changes:
            self.seen = row.seq
            before = None if row.before is None else images(row.before)
            after = None if row.after is None else images(row.after)
            if before is not None and self._key(before) not in self._before:
                self._before[self._key(before)] = before
                learnt.append(before)
            if after is not None:
                self._before.setdefault(self._key(after), None)
        ahead = {self._key(image) for image in beyond(learnt)} if learnt else set()
        for image in learnt:
            if (key := self._key(image)) not in ahead:
                self._before[key] = None

    def taken_back(self, current: Sequence[Images]) -> Iterator[Images]:
        """Rows as they were, without those that were not there."""
        for image in current:
            key = self._key(image)
            if key not in self._before:
                yield image
            elif (was := self._before[key]) is not None:
                self._before[key] = None
                yield was

    def gone(self, beyond: Beyond) -> list[Images]:
        """Rows that were there and have not come up among the current ones, up to where the chunk ends: that is
        `beyond` it comes later."""
        missing = [was for was in self._before.values() if was is not None]
        later = {self._key(image) for image in beyond(missing)} if missing else set()
        gone = [was for was in missing if self._key(was) not in later]
        self._before.update(dict.fromkeys(map(self._key, gone)))
        return gone

    def _key(self, image: Images) -> tuple[object, ...]:
        return tuple(image.get(name) for name in self._columns.key)
