"""A source row tried on the rules: how each of them judges it and what it would make. Nothing is kept.

The row is one that there is: a parked row, the change that a posting was made of, or a row as the EAM has it by now;
with other values where somebody wants to know what these would do.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from syncd import statements
from syncd.books import comparison, masked_steps
from syncd.books.hindsight import Finance, Hindsight, reopened
from syncd.change import Change, Position, Table, key_text
from syncd.desk import masking
from syncd.desk.parked import operators, previews
from syncd.errors import WrongUsage
from syncd.folding import row_of
from syncd.mapping.expression.terms import nearest
from syncd.mapping.program.follow import Judgement, follow
from syncd.mapping.program.program import Program
from syncd.ports import EVERY_STEP, Ledger, Parked
from syncd.posting import Outcome
from syncd.record import decode_change, decode_row, encode_change, has_marks

SQL: Final = statements.load("syncd.books", "trying.sql")
How = Literal["new", "changed", "deleted", "read"]
"""As what a row comes that is named by its key: for the first time, as if nothing had come of it yet; as it is changed,
or deleted, now; as a snapshot reads it."""
HOWS: Final[Sequence[How]] = get_args(How)
LOOKED_MAX: Final = 20_000
"""Rows of all tables that a list of one table's looks through."""
BEHIND_MAX: Final = 100
"""Parked rows of a subject that are counted."""
TRIED: Final = Position("~")
"""Where no log has a change."""


class Asked(NamedTuple):
    """Which row: by its key in the EAM, or by the number of a parked row or of a posting. `values` stand in place of
    its own, as people type them, None for NULL."""

    table: str = ""
    key: str = ""
    parked: int = 0
    posting: int = 0
    how: How = "new"
    values: Mapping[str, str | None] = {}


class Tried(NamedTuple):
    """What came of it. `found` is the change before anybody typed anything, `key` that of its row as text. `is_past`
    says that the books are those from before the row came, `is_whole` that it is the change as it came, not the row as
    it is by now. `behind` is how many open parked rows there are of its subject, which it would wait for."""

    change: Change
    found: Change
    key: str
    subject: str
    judgements: Sequence[Judgement]
    preview: previews.Preview
    ignored: str
    is_past: bool
    is_whole: bool
    behind: int


def shown(found: Tried, tables: Mapping[str, Table], hidden: masking.Hidden) -> Tried:
    """What came of a row, to somebody who may not see all of it: its judgements and why there would be nothing. Its
    images are masked where they are made text."""
    if not hidden:
        return found
    changes = [encode_change(tables[found.change.table], one) for one in (found.change, found.found)]
    row = masking.Tried(found.change.table, *changes)
    return found._replace(
        judgements=masked_steps.judged(found.judgements, row, hidden),
        preview=masking.preview(found.preview, row, hidden),
    )


class Bench(NamedTuple):
    """What rows are tried on; `read` takes what people type for a column as the source would."""

    ledger: Ledger
    pipeline: str
    program: Program
    read: operators.Read
    finance: Finance


class _Found(NamedTuple):
    """A change to be tried, the parked row that it is, and how much is known of it."""

    change: Change
    row: operators.ParkedRow | None
    is_past: bool
    is_whole: bool


def tried(bench: Bench, asked: Asked, now: datetime) -> Tried:
    """A row on the rules. Raises WrongUsage where there is no such row, or a value is none of its column's."""
    found, row, is_past, is_whole = _found(bench, asked, now)
    change = _with(bench, found, asked.values) if asked.values else found
    outcome, judgements = _past(bench, change) if is_past else _present(bench, change, row)
    behind = 0
    if row is None and not is_past:
        waiting = operators.Selection(subject=outcome.subject)
        behind = len(operators.parked(bench.ledger, bench.pipeline, waiting, BEHIND_MAX))
    image = found.before if found.after is None else found.after
    key = "" if image is None else key_text(bench.program.plan.tables[found.table], image)
    made = previews.of(outcome)
    return Tried(change, found, key, outcome.subject, judgements, made, outcome.ignored, is_past, is_whole, behind)


def keys(bench: Bench, table: str, first: str, limit: int) -> tuple[Sequence[str], str]:
    """The keys of a table's rows as the EAM has them, from one on, and where to go on; empty at the end. Rows are kept
    by key, those of all tables together, so that no more than so many are looked through at once."""
    rows = bench.ledger.query(SQL["keys"], (first, LOOKED_MAX, bench.pipeline, table, limit + 1))
    found = [str(key) for (key,) in rows]
    if len(found) > limit:
        return found[:limit], found[limit]
    ((last, looked),) = bench.ledger.query(SQL["looked_to"], (first, LOOKED_MAX))
    return found, str(last) if int(str(looked)) == LOOKED_MAX else ""


def _found(bench: Bench, asked: Asked, now: datetime) -> _Found:
    if asked.parked:
        row = operators.show(bench.ledger, bench.pipeline, asked.parked)
        known = _decoded(bench, row.change)
        if known is None:
            raise _no_row(bench, row.table, row.key)
        return _Found(known, row, row.settled_at is not None, True)
    if asked.posting:
        return _posted(bench, asked.posting, now)
    return _Found(_of_row(bench, asked.table, asked.key, asked.how, now), None, asked.how == "new", False)


def _posted(bench: Bench, number: int, now: datetime) -> _Found:
    """The change of which a posting was made; where it is not kept any more its row, as if it came for the first
    time."""
    rows = bench.ledger.query(SQL["posting"], (bench.pipeline, number))
    if not rows or not rows[0][1]:
        raise WrongUsage("try_no_posting", number=number)
    position, source, subject = (str(part) for part in rows[0])
    known = _edited(bench, subject, position)
    if known is None:
        recent = comparison.recent(bench.ledger, bench.pipeline, bench.program.plan.tables)
        known = next((change for at, change in recent if at == position), None)
        if known is not None and (sent := _past(bench, known)[0].subject) != subject:  # it was edited, too
            known = _edited(bench, sent, position) or known
    if known is not None:
        return _Found(known, None, True, True)
    table, _, key = source.partition(":")
    return _Found(_of_row(bench, table, key, "new", now), None, True, False)


def _edited(bench: Bench, subject: str, position: str) -> Change | None:
    """A change that was parked under a subject, or collected, as a person has edited it, where one has."""
    kept = bench.ledger.query(SQL["changed"], (subject, bench.pipeline, position) * 2)
    return _decoded(bench, str(kept[0][0])) if kept else None


def _of_row(bench: Bench, alias: str, key: str, how: How, now: datetime) -> Change:
    table = bench.program.plan.tables.get(alias)
    images = bench.ledger.query(SQL["image"], (bench.pipeline, alias, key)) if table is not None else ()
    if table is None or not images:
        raise _no_row(bench, alias, key)
    row = decode_row(table, str(images[0][0]))
    rest = (TRIED, now, has_marks(row))
    match how:
        case "changed":
            return Change(alias, "update", row, row, *rest)
        case "deleted":
            return Change(alias, "delete", row, None, *rest)
        case _:
            return Change(alias, "read" if how == "read" else "insert", None, row, *rest)


def _no_row(bench: Bench, alias: str, key: str) -> WrongUsage:
    tables = bench.program.plan.tables
    if alias not in tables:
        return WrongUsage("try_no_table", table=alias, nearest=nearest(alias, tables) or ", ".join(sorted(tables)))
    return WrongUsage("try_no_row", table=alias, key=key)


def _with(bench: Bench, change: Change, values: Mapping[str, str | None]) -> Change:
    """The change with other values: of the row as it is from then on, or of what is deleted."""
    row = change.before if change.after is None else change.after
    if row is None or change.op == "unreadable":
        raise WrongUsage("try_no_values", table=change.table)
    row, _ = operators.retyped(bench.program.plan.tables[change.table], row, values, bench.read)
    typed = change._replace(before=row) if change.after is None else change._replace(after=row)
    return typed._replace(flawed=has_marks(typed.before) or has_marks(typed.after))


def _present(bench: Bench, change: Change, row: operators.ParkedRow | None) -> tuple[Outcome, Sequence[Judgement]]:
    """Over the books as they stand. What is parked of others holds nothing back here."""
    parked = None if row is None else Parked(row.id, row.subject, change, EVERY_STEP)
    with bench.ledger.looking({"" if row is None else row.subject}) as book:
        return follow(bench.program, change, book, parked)


def _past(bench: Bench, change: Change) -> tuple[Outcome, Sequence[Judgement]]:
    """Over the books as if nothing had come of the row."""
    own = row_of(bench.program.plan.tables[change.table], change)
    made = bench.ledger.query(SQL["made"], (bench.pipeline, own))
    positions = {Position(str(at)) for at, _ in made}
    periods = reopened(bench.finance.periods, [json.loads(str(content)) for _, content in made])

    def followed() -> tuple[Outcome, Sequence[Judgement]]:
        plan, layout = bench.program.plan, bench.program.layout
        finance = bench.finance._replace(periods=periods)
        book = Hindsight(plan.tables, layout, bench.ledger, bench.pipeline, [change], (), (), finance, positions)
        return follow(bench.program, change, book)

    outcome, judgements = followed()
    collected = _collected(bench, outcome.subject, own)
    if collected <= positions:
        return outcome, judgements
    positions |= collected
    return followed()


def _collected(bench: Bench, subject: str, own: str) -> set[Position]:
    """Where a source row of a subject was collected."""
    tables, found = bench.program.plan.tables, set[Position]()
    for at, text in bench.ledger.query(SQL["collected"], (bench.pipeline, subject)):
        change = _decoded(bench, str(text))
        if change is not None and row_of(tables[change.table], change) == own:
            found.add(Position(str(at)))
    return found


def _decoded(bench: Bench, text: str) -> Change | None:
    """A change of a table that the mapping still has."""
    try:
        return decode_change(bench.program.plan.tables, text)
    except KeyError:
        return None
