"""Collected rows over every ledger: durable when read, due when released, in one voucher a group."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from syncd.ports import CollectedRow, Ledger
from syncd.posting import Batch, CardWrite, Collected, Gathered, Outcome, Posting, Release
from tests.conformance.finance import asset, batch, rejected, voucher, write

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RULE = "monthly"


def row(number: int, group: str, replaces: int = 0, withdraws: bool = False) -> Outcome:
    """A row of a group, from the log; one that was kept before, by number, it replaces or withdraws."""
    change = asset(number)
    instead = f"{RULE}/{asset(replaces).position}/" if replaces else ""
    collected = Collected(RULE, group, replaces=instead, withdraws=withdraws)
    posting = Posting(f"{RULE}/{change.position}/", RULE, f"FA-{number}", change, collected=collected)
    return Outcome(change, posting.subject, (posting,))


def release(number: int, group: str) -> Outcome:
    """The row that releases groups."""
    change = asset(number)
    posting = Posting(f"run/{change.position}/", "run", "run", change, release=Release(RULE, group))
    return Outcome(change, "run", (posting,))


def due(ledger: Ledger) -> Sequence[tuple[str, str]]:
    with ledger.begin() as book:
        return book.due_groups(NOW)


def gathered(group: str, rows: Sequence[CollectedRow], *outcomes: Outcome) -> Batch:
    """What becomes of a group's rows."""
    numbers = {row.change.position: row.number for row in rows}
    return Batch(outcomes, {}, frozenset(), None, gathered=Gathered(RULE, group, numbers))


def post(ledger: Ledger, group: str, number: int = 1) -> list[str]:
    """Post a group as the translator does: one voucher, and every row's card. Gives the keys of its rows."""
    with ledger.begin() as book:
        rows = list(book.collected(RULE, group))
        change = rows[-1].change
        cards = tuple(CardWrite(r.subject, "open", {"name": group, "original_value": Decimal(1)}) for r in rows)
        posting = Posting(f"{RULE}/{group}/{number}", RULE, group, change, cards, voucher())
        book.write(gathered(group, rows, Outcome(change, group, (posting,))))
        return [r.key for r in rows]


def test_a_group_is_posted_once_it_is_released(ledger: Ledger) -> None:
    """Invariants 1 and 2: rows are durable before their group is due, and in one voucher afterwards."""
    write(ledger, batch(row(1, "2026-02|SC"), row(2, "2026-02|SC"), row(3, "2026-02|YF"), row(4, "2026-021|SC")))
    assert ledger.checkpoint() == "00000004"
    assert due(ledger) == []
    write(ledger, batch(release(5, "2026-02")))
    assert due(ledger) == [(RULE, "2026-02|SC"), (RULE, "2026-02|YF")]
    assert post(ledger, "2026-02|SC") == ["monthly/00000001/", "monthly/00000002/"]
    assert due(ledger) == [(RULE, "2026-02|YF")]
    with ledger.begin() as book:
        assert book.posted(["monthly/00000001/"])["monthly/00000001/"].rule == RULE
        assert set(book.cards(["FA-1", "FA-2", "FA-3"])) == {"FA-1", "FA-2"}


def test_rows_and_release_in_one_batch_keep_their_order(ledger: Ledger) -> None:
    """Invariant 4: the release takes what came before it; what comes after it is late and due at once."""
    write(ledger, batch(row(1, "a"), release(2, "a"), row(3, "a"), row(4, "b")))
    assert due(ledger) == [(RULE, "a")]
    assert len(post(ledger, "a")) == 2
    write(ledger, batch(row(5, "a"), row(6, "b")))
    assert post(ledger, "a", 2) == ["monthly/00000005/"]
    assert due(ledger) == []


def test_a_row_that_cannot_be_posted_leaves_its_group(ledger: Ledger) -> None:
    """Invariant 5: it is parked; the rest is posted, and its retry comes as a supplementary voucher."""
    write(ledger, batch(row(1, "a"), row(2, "a"), release(3, "a")))
    with ledger.begin() as book:
        first, second = book.collected(RULE, "a")
        posting = Posting(f"{RULE}/a/1", RULE, "a", second.change, voucher=voucher())
        outcomes = [rejected(first.change), Outcome(second.change, "a", (posting,))]
        book.write(gathered("a", (first, second), *outcomes))
    assert due(ledger) == []
    assert ledger.query("SELECT subject, state FROM syncd.parked") == [("FA-1", "failed")]
    ledger.execute([("UPDATE syncd.parked SET request = 'retry'", ())])
    with ledger.begin() as book:
        (parked,) = book.requested(10)
        again = row(1, "a")._replace(change=parked.change, parked_id=parked.id)
        book.write(Batch([again], {}, frozenset(), None))
    assert post(ledger, "a", 2) == ["monthly/00000001/"]


def test_a_group_that_fails_waits_for_a_person(ledger: Ledger) -> None:
    """Invariant 5: it is not tried again and again by itself, and none of its rows is lost."""
    write(ledger, batch(row(1, "a"), row(2, "a"), release(3, "a")))
    with ledger.begin() as book:
        rows = tuple(book.collected(RULE, "a"))
        book.write(gathered("a", rows, rejected(rows[-1].change)))
    assert due(ledger) == []
    ledger.execute([("UPDATE syncd.parked SET request = 'retry'", ())])
    with ledger.begin() as book:
        (parked,) = book.requested(10)
        book.write(Batch([row(2, "a")._replace(parked_id=parked.id)], {}, frozenset(), None))
    assert due(ledger) == [(RULE, "a")]
    assert len(post(ledger, "a")) == 2


def test_a_group_is_posted_while_one_of_its_subjects_is_held(ledger: Ledger) -> None:
    """Invariant 5: a parked row of an asset does not hold back the month's depreciation of the others."""
    write(ledger, batch(row(1, "a"), release(2, "a"), rejected(asset(3, code="a"))))
    assert post(ledger, "a") == ["monthly/00000001/"]
