"""Who knows the tables by hearsay: from what a source said of them and nothing else."""

from collections.abc import Iterator, Mapping

from syncd.change import UNCHANGED, Change, Row, Table, key_text


class Follower:
    """The tables as one knows them who heard everything that was said."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}

    def hear(self, tables: Mapping[str, Table], change: Change) -> None:
        table = tables[change.table]
        old = None
        if change.before is not None:
            old = self.rows.pop((change.table, key_text(table, change.before)), None)
        if change.after is not None:
            key = (change.table, key_text(table, change.after))
            old = self.rows.get(key, old)
            self.rows[key] = tuple(
                o if new is UNCHANGED else new for new, o in zip(change.after, old or change.after, strict=True)
            )


def contradicting(tables: Mapping[str, Table], said: list[Change]) -> Iterator[Change]:
    """Changes of a row that is not as the change says it was."""
    follower = Follower()
    for change in said:
        table = tables[change.table]
        if change.op in ("read", "insert") and change.after is not None:
            if (change.table, key_text(table, change.after)) in follower.rows:
                yield change
        elif change.before is not None and UNCHANGED not in change.before:
            if follower.rows.get((change.table, key_text(table, change.before))) != change.before:
                yield change
        elif (row := change.before or change.after) and (change.table, key_text(table, row)) not in follower.rows:
            yield change
        follower.hear(tables, change)
