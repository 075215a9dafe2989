"""Tables for people: what a command takes can be typed as it is read."""

from decimal import Decimal

import pytest
from rich.console import Console

from syncd.cli import output


def test_a_number_that_a_command_takes_is_said_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`syncd approve 1,200` is refused; and a code or an amount is not broken where 80 columns are full."""
    console = Console(width=80, highlight=False)
    monkeypatch.setattr(output, "console", console)
    columns = ("col_id", "col_subject", "col_debit", "col_rows", "col_waits")
    row = (1200, "FA-SC-9001", f"{Decimal('1234567.89'):,.2f}", 1200, "a role with many words " * 5)
    with console.capture() as said:
        output.table(columns, [row], right=(0, 2), whole=(0, 1, 2))
    assert said.get().splitlines()[1].split()[:4] == ["1200", "FA-SC-9001", "1,234,567.89", "1,200"]
