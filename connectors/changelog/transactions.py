"""Where transactions end in a change table, by the numbers of their rows. Pure.

Transactions that run at the same time number their rows through each other. A row is seen only when its transaction has
committed, and then with all others of it; so it is known which of them go on:

    number   1  2  3  4  5 │ 6 │
    by       A  B  A  C  B │ D │

A, B and C are judged together: there is no place between their rows where all that came before is whole.

Whether a transaction goes on behind a row depends on the table alone, not on how much of it was read at once.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from connectors.changelog.rows import Logged

SPAN: Final = 10_000
"""Two rows of one transaction that lie this many numbers apart count as two transactions: looking for the rest of each
has to end somewhere."""


class Ends(NamedTuple):
    """Behind how many rows no transaction is open, ascending; and those that go on behind the last row."""

    counts: Sequence[int]
    open: frozenset[int]


def ends(rows: Sequence[Logged], open_before: Collection[int], later: Mapping[int, int]) -> Ends:
    """Of rows in the order of their numbers. `open_before` went on where they begin, `later` is the next number behind
    them of each transaction that has one."""
    next_of = dict(later)
    goes_on: list[bool] = []
    for row in reversed(rows):
        following = next_of.get(row.txid)
        goes_on.append(following is not None and following - row.seq <= SPAN)
        next_of[row.txid] = row.seq
    running = {txid for txid in open_before if txid in next_of}
    counts: list[int] = []
    for count, row in enumerate(rows, 1):
        if goes_on[-count]:
            running.add(row.txid)
        else:
            running.discard(row.txid)
        if not running:
            counts.append(count)
    return Ends(counts, frozenset(running))
