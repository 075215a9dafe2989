"""Tables for people: what a command takes can be typed as it is read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from syncd.books.close.item import Said, found
from syncd.cli import approving, closing, delivering, output
from syncd.delivery import Delivery


def test_a_number_that_a_command_takes_is_said_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`syncd approve 1,200` is refused; and a code or an amount is not broken where 80 columns are full."""
    console = Console(width=80, highlight=False)
    monkeypatch.setattr(output, "console", console)
    columns = ("col_id", "col_subject", "col_debit", "col_rows", "col_waits")
    row = (1200, "FA-SC-9001", f"{Decimal('1234567.89'):,.2f}", 1200, "a role with many words " * 5)
    with console.capture() as said:
        output.table(columns, [row], right=(0, 2), whole=(0, 1, 2))
    assert said.get().splitlines()[1].split()[:4] == ["1200", "FA-SC-9001", "1,234,567.89", "1,200"]


@pytest.mark.parametrize("width", [80, 160])
def test_what_waits_for_approval_can_be_typed_as_it_is_read(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """A number, a subject, a rule's name and an amount stand in one line each, also where a terminal is narrow."""
    console = Console(width=width, highlight=False)
    monkeypatch.setattr(output, "console", console)
    columns = ["col_id", "col_subject", "col_rule", "col_debit", *approving.WAITS]
    row = (1201, "FA-SC-9001", "registration_of_construction", "6,000,001.00", "finance, controller",
           "2026-02-05 12:00 overdue", "wang (finance)")  # fmt: skip
    with console.capture() as said:
        approving.show_waiting(columns, [row])
    text = said.get()
    assert all(cell in text for cell in (*map(str, row[:4]), "controller", "12:00", "(finance)"))
    assert max(map(len, text.splitlines())) <= width


def test_amounts_of_a_close_stand_below_each_other_with_two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=80, highlight=False)
    monkeypatch.setattr(closing, "console", console)
    rows = [("FA-1", Decimal("1234.5")), ("FA-2", Decimal(0))]
    with console.capture() as said:
        closing.show([found("close_clearing", ("col_subject", "col_debit"), rows, Said("close_ready"))])
    lines = [line.rstrip() for line in said.get().splitlines() if "FA-" in line]
    assert [line.split()[-1] for line in lines] == ["1,234.50", "0.00"]
    assert len(lines[0]) == len(lines[1])


def test_an_alert_in_the_outbox_is_named_by_what_it_says() -> None:
    """And not by the name that the record keeps its cause under; an answer by its row."""
    at = datetime(2026, 2, 3, tzinfo=UTC)

    def named(kind: str, subject: str, body: dict[str, object]) -> str:
        return delivering.subject(Delivery("a", 1, "k", kind, "x", subject, body, at, "waiting", 0, at, "", {}, None))

    text = "3 deliveries were refused\n`syncd outbox list --state refused` says why."
    assert named("alert", "delivery/refused", {"title": "please look", "text": text}) == "3 deliveries were refused"
    assert named("anchor", "heads", {"title": "heads of demo", "heads": []}) == "heads of demo"
    assert named("answer", "asset:17", {"row": {}}) == "asset:17"
