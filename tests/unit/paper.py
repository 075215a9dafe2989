"""A mapping at work over a ledger on paper, for tests that look at postings one by one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from syncd.books.paper import PaperBook
from syncd.change import UNCHANGED, Change, ChangeSet, Op, Position, Row, Value
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.posting import Outcome, Posting, Rejection
from syncd.record import has_marks

EXAMPLE = Path(__file__).parent.parent / "golden" / "example" / "example.yaml"
DAY = datetime(2026, 2, 10, 4, tzinfo=UTC)

MACHINE: dict[str, Any] = {
    "id": 1,
    "asset_code": "FA-1",
    "name": "机床",
    "department_id": 1,
    "status": "in_use",
    "original_value": Decimal("120000.00"),
    "approved_on": date(2026, 2, 5),
}


class Paper:
    """One mapping and one ledger; rows are given by column name, what is not given is NULL."""

    def __init__(self, mapping: Loaded, **book: Any) -> None:
        self.mapping = mapping
        self.book = PaperBook(mapping.tables, mapping.layout, **book)
        self.translator = mapping.translator()
        self.positions = (Position(f"{n:06}") for n in range(1, 1_000_000))

    def row(self, alias: str, **values: Value) -> Row:
        return tuple(values.get(c.name) for c in self.mapping.tables[alias].columns)

    def given(self, alias: str, **values: Value) -> None:
        self.book.put(alias, self.row(alias, **values))

    def change(self, op: Op, alias: str, before: Row | None = None, after: Row | None = None) -> Change:
        position = next(self.positions)
        at = DAY + timedelta(seconds=int(position))
        return Change(alias, op, before, after, position, at, has_marks(before) or has_marks(after))

    def insert(self, alias: str, **values: Value) -> Change:
        return self.change("insert", alias, None, self.row(alias, **values))

    def read(self, alias: str, **values: Value) -> Change:
        return self.change("read", alias, None, self.row(alias, **values))

    def update(self, alias: str, old: Mapping[str, Value], **new: Value) -> Change:
        return self.change("update", alias, self.row(alias, **old), self.row(alias, **{**old, **new}))

    def delete(self, alias: str, **values: Value) -> Change:
        return self.change("delete", alias, self.row(alias, **values), None)

    def post(self, *changes: Change) -> list[Outcome]:
        """Each change a transaction of its own, all waiting at once; what they ask for is left to the test."""
        cuts = tuple(range(1, len(changes) + 1))
        return self.carry(ChangeSet(changes, changes[-1].position, cuts=cuts, repeats=True))

    def commit(self, *changes: Change) -> list[Outcome]:
        """One transaction."""
        return self.carry(ChangeSet(changes, changes[-1].position))

    def carry(self, *sets: ChangeSet) -> list[Outcome]:
        """Batches, written, until nothing is left of the sets."""
        outcomes: list[Outcome] = []
        rest: Sequence[ChangeSet] = sets
        while rest:
            batch = self.translator.translate(rest, self.book)
            outcomes += self.book.write(batch)
            rest = batch.rest
        return outcomes

    def retry(self, subject: str, approve: str = "") -> list[Outcome]:
        """A person asks for a subject's parked rows to be tried again."""
        for note in self.book.notes:
            if note.rejection.subject == subject and not note.settled:
                note.request = "retry"
                note.approved |= {approve} if approve else set()
        return self.replay()

    def replay(self) -> list[Outcome]:
        return list(self.book.write(self.translator.replay(self.book.requested(1000), self.book)))

    def gather(self) -> list[Outcome]:
        """Post all groups that are due."""
        outcomes: list[Outcome] = []
        for rule, group in self.book.due_groups(DAY):
            rows = tuple(self.book.collected(rule, group))
            self.book.loose = [kept for kept in self.book.loose if kept[0] not in rows]
            outcomes += self.book.write(self.translator.gather(rule, group, rows, self.book))
        return outcomes

    @property
    def keys(self) -> list[str]:
        return [posting.key for posting, _ in self.book.entered]


def only(outcomes: Sequence[Outcome]) -> Posting:
    """The one posting of one outcome."""
    (outcome,) = outcomes
    assert outcome.rejection is None, outcome.rejection
    (posting,) = outcome.postings
    return posting


def rejection(outcomes: Sequence[Outcome]) -> Rejection:
    """The one rejection of one outcome."""
    (outcome,) = outcomes
    assert outcome.rejection is not None, outcome
    assert outcome.postings == ()
    return outcome.rejection


loaded = cache(load)


def example() -> Paper:
    """The example mapping with two departments."""
    paper = Paper(loaded(EXAMPLE))
    paper.given("dept", id=1, code="SC", kind="production")
    paper.given("dept", id=2, code="YF", kind="administration")
    return paper


def variant(folder: Path, kinds: Mapping[str, Any] | None = None, **blocks: Any) -> Loaded:
    """The example mapping with rules, tables or other blocks of its own, written to a folder; `kinds` of card fields
    that no rule tells."""
    data = yaml.safe_load(EXAMPLE.read_text("utf-8").replace("    on: ", "    'on': ").replace("{on: ", "{'on': "))
    data.update(blocks)
    for name in ("finance.yaml", "expense_account.csv"):
        (folder / name).write_bytes((EXAMPLE.parent / name).read_bytes())
    if kinds:
        with (folder / "finance.yaml").open("a", encoding="utf-8") as layout:
            yaml.safe_dump({"kinds": dict(kinds)}, layout)
    path = folder / "variant.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return load(path)


def unchanged(row: Row, keep: Sequence[int]) -> Row:
    """A row as a log carries it that says only some columns."""
    return tuple(value if i in keep else UNCHANGED for i, value in enumerate(row))


def batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """The changes in batches of a size."""
    return (changes[i : i + size] for i in range(0, len(changes), size))
