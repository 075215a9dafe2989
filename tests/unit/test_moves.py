"""Invariant 7: the mirror keeps every row, when keys move onto each other too."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lab import BILLS, Lab

Move = tuple[int, int]


def bill(id: int, amount: object) -> dict[str, object]:
    return {"id": id, "amount": amount}


def mirrored(lab: Lab) -> dict[int, str]:
    """Key → amount, by plain SQL."""
    found = lab.ask("SELECT json_extract(image, '$.id'), key, json_extract(image, '$.amount') FROM syncd_mirror")
    assert all(str(own) == key for own, key, _ in found)
    return {int(str(key)): str(amount) for _, key, amount in found}


def moved(rows: dict[int, str], moves: Sequence[Move]) -> Lab:
    """A lab whose EAM has moved rows at once, each from where it was before the statement."""
    lab = Lab(BILLS)
    lab.commit(*(lab.insert("bill", id=n, amount=Decimal(amount)) for n, amount in rows.items()))
    lab.rest()
    lab.commit(*(lab.update("bill", bill(a, Decimal(rows[a])), id=b) for a, b in moves))
    lab.rest()
    return lab


@pytest.mark.parametrize("order", list(permutations([(1, 2), (2, 3), (3, 4)])))
@pytest.mark.parametrize("amounts", ["123", "111"], ids=["rows that differ", "rows that are alike"])
def test_every_row_one_further(order: Sequence[Move], amounts: str) -> None:
    rows = {n: f"{amount}.00" for n, amount in zip((1, 2, 3), amounts, strict=True)}
    assert mirrored(moved(rows, order)) == {n + 1: amount for n, amount in rows.items()}


def test_two_rows_change_places() -> None:
    assert mirrored(moved({1: "1.00", 2: "2.00"}, [(1, 2), (2, 1)])) == {1: "2.00", 2: "1.00"}


@given(st.permutations(range(6)), st.randoms(use_true_random=False), st.booleans())
def test_any_permutation_in_any_order(to: list[int], random: Random, alike: bool) -> None:
    rows = {n: "7.00" if alike else f"{n}.00" for n in range(6)}
    moves = [(a, b) for a, b in enumerate(to) if a != b]
    random.shuffle(moves)
    assert mirrored(moved(rows, moves)) == {to[n]: amount for n, amount in rows.items()}


def test_a_row_that_passes_through_a_free_key_leaves_it_free() -> None:
    lab = Lab(BILLS)
    lab.commit(lab.insert("bill", id=1, amount=Decimal("1.00")))
    lab.commit(lab.update("bill", bill(1, Decimal("1.00")), id=2), lab.update("bill", bill(2, Decimal("1.00")), id=5))
    lab.rest()
    assert mirrored(lab) == {5: "1.00"}
    lab.commit(lab.update("bill", bill(5, Decimal("1.00")), id=6), lab.delete("bill", **bill(6, Decimal("1.00"))))
    lab.rest()
    assert mirrored(lab) == {}


def test_a_row_that_came_in_an_earlier_batch_stays_when_the_other_leaves() -> None:
    """A statement over more rows than a batch holds."""
    lab = Lab(BILLS)
    lab.commit(*(lab.insert("bill", id=n, amount=Decimal(n)) for n in (1, 2)))
    lab.rest()
    for part in ((1, 2), (2, 3)):
        lab.commit(lab.update("bill", bill(part[0], Decimal(part[0])), id=part[1]))
        lab.rest()
    assert mirrored(lab) == {2: "1", 3: "2"}
