"""What somebody does who owns finance's database and has read our source: whatever they have edited, every hash after
it is computed anew, and the heads with them."""

from collections.abc import Callable, Sequence

from syncd import audit

Run = Callable[..., list[tuple[object, ...]]]
"""A statement with its parameters, `?`, as the owner of the database; the rows of a SELECT."""


def rehash(run: Run, pipeline: str, prefix: str = "syncd.") -> None:
    """All chains, whole from the first record to the head, numbered without gap."""
    of = "pipeline = ?"
    for table, columns, where, mine, head in (
        ("posting", audit.POSTING, of, (pipeline,), "pipeline SET posting_seq = ?, posting_hash = ? WHERE name = ?"),
        ("parked_event", audit.EVENT, of, (pipeline,), "pipeline SET event_seq = ?, event_hash = ? WHERE name = ?"),
        (
            "collected_event",
            audit.COLLECTED,
            of,
            (pipeline,),
            "pipeline SET collected_seq = ?, collected_hash = ? WHERE name = ?",
        ),
        ("action", audit.ACTION, "'action' = ?", ("action",), "chain SET seq = ?, hash = ? WHERE name = ?"),
    ):
        end = _chain(run, f"{prefix}{table}", columns, where, mine)
        run(f"UPDATE {prefix}{head}", (*end, *mine))


def _chain(run: Run, table: str, columns: Sequence[str], where: str, mine: Sequence[str]) -> tuple[int, str]:
    last, head = 0, audit.GENESIS
    # Behind a dot `key` is a name in MySQL too.
    listed = ", ".join(f"x.{column}" for column in columns)
    for row in run(f"SELECT {listed} FROM {table} x WHERE {where} ORDER BY seq", mine):
        last += 1
        head = audit.seal(head, [str(last), *map(str, row[1:])])
        run(f"UPDATE {table} SET seq = ?, hash = ? WHERE {where} AND seq = ?", (last, head, *mine, row[0]))
    return last, head
