"""Taking back from a table what has happened to it since a snapshot began."""

from collections.abc import Iterator, Sequence

from connectors.changelog.rows import Chunk, Columns, Images, images


class Undo:
    """What rows of one table were before the first change that the snapshot must not show; None for a row that was
    not there yet. It grows with the rows that change while their table's snapshot is taken."""

    def __init__(self, columns: Columns) -> None:
        self.seen = 0
        self._columns = columns
        self._before: dict[tuple[object, ...], Images | None] = {}

    def learn(self, chunk: Chunk) -> None:
        """Remember what the changes of a chunk did; `seen` is the last of them."""
        for row in chunk.changes:
            self.seen = row.seq
            before = None if row.before is None else images(row.before)
            after = None if row.after is None else images(row.after)
            if before is not None:
                self._before.setdefault(self._key(before), before)
            if after is not None:
                self._before.setdefault(self._key(after), None)

    def taken_back(self, current: Sequence[Images]) -> Iterator[Images]:
        """Rows as they were, without those that were not there."""
        for image in current:
            key = self._key(image)
            if key not in self._before:
                yield image
            elif (was := self._before[key]) is not None:
                self._before[key] = None
                yield was

    def gone(self) -> list[Images]:
        """Rows that were there and have not come up among the current ones."""
        return [was for was in self._before.values() if was is not None]

    def _key(self, image: Images) -> tuple[object, ...]:
        return tuple(image.get(name) for name in self._columns.key)
