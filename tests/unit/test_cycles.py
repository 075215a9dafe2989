"""Invariant 11: a batch is given back when it is over. The daemon looks for cycles too rarely to find one a batch."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from tests.unit.lab import BILLS, Lab


@contextmanager
def garbage() -> Iterator[list[object]]:
    """What only the collector finds of what a block leaves behind, once it is over."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_a_batch_leaves_no_cycle() -> None:
    lab = Lab(BILLS)
    with garbage() as found:
        on = date(2026, 2, 3)
        lab.commit(*(lab.insert("bill", id=n, amount=Decimal(n), on_=on) for n in range(20)))  # the first is refused
        lab.rest()
    assert lab.parked
    assert lab.vouchers
    assert [type(one) for one in found] == []
