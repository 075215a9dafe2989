"""Where transactions end in a change table (invariant 13): by its rows alone, however many are read at once."""

import random

from connectors.changelog.position import at, number_at
from connectors.changelog.rows import Logged
from connectors.changelog.transactions import SPAN, ends


def rows(text: str) -> list[Logged]:
    """A letter is a transaction, a point a number that nobody has."""
    return [
        Logged(seq, ord(by), "asset", "insert", None, "{}", "2026-03-01T00:00:00Z")
        for seq, by in enumerate(text, 1)
        if by != "."
    ]


def test_transactions_that_number_their_rows_through_each_other_end_together() -> None:
    assert ends(rows("ABACBDD"), (), {}) == ([5, 7], frozenset())


def test_one_that_goes_on_behind_what_was_read_is_open() -> None:
    assert ends(rows("ABB"), (), {ord("B"): 9}) == ([1], frozenset({ord("B")}))
    assert ends(rows("BC"), {ord("B")}, {}) == ([1, 2], frozenset())
    assert ends(rows("CB"), {ord("B")}, {}) == ([2], frozenset())


def test_rows_far_apart_are_two_transactions() -> None:
    assert ends(rows("A"), (), {ord("A"): 1 + SPAN}).open
    assert ends(rows("A"), (), {ord("A"): 2 + SPAN}) == ([1], frozenset())


def test_it_does_not_matter_how_much_is_read_at_once() -> None:
    chance = random.Random(7)
    for _ in range(300):
        table = rows("".join(chance.choice("ABCD.") for _ in range(chance.randrange(1, 14))))
        whole = [table[n - 1].seq for n in ends(table, (), {}).counts]
        found: list[int] = []
        amid: frozenset[int] = frozenset()
        begin = 0
        while begin < len(table):
            part = table[begin : begin + chance.randrange(1, 5)]
            behind = table[begin + len(part) :]
            later = {row.txid: row.seq for row in reversed(behind)}
            counts, amid = ends(part, amid, later)
            found += [part[n - 1].seq for n in counts]
            begin += len(part)
            assert number_at(at(part[-1].seq, amid)) == (part[-1].seq, amid), "a restart knows what is open"
        assert found == whole
