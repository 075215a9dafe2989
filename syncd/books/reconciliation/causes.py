"""Why an asset differs, by what syncd's own tables know of it, and what can be done about it.

The first reason that holds is told: who waits explains more than who wrote last.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple

from syncd import statements
from syncd.books.reconciliation.as_read import rows_of
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.reconcile import CARD_CHANGED, Altered, Cause, Control, Found, Manual
from syncd.change import Change, Position, Row, Table, Unchanged
from syncd.desk import partitions
from syncd.desk.audit import verify
from syncd.mapping.language.blocks.measures import FIELDS, Measures
from syncd.money import decimal
from syncd.ports import Ledger
from syncd.record import decode_cards, decode_value, encode_change

SQL: Final = statements.load("syncd.books.reconciliation", "reconcile.sql")
CODES_ASKED_MAX: Final = 500
CONTENT_CHARS_MAX: Final = 4_000_000
"""Of a posting of a whole group: a longer one is not read to learn what it wrote to one card."""
ALTERED_MAX: Final = 100
ParkedRow = tuple[str, str, str, str]
"""Its number, its state, the reason, and a word where somebody has edited it."""


def explain(asked: Asked, measures: Measures, ledger: Ledger, found: Sequence[Found]) -> dict[str, Cause]:
    """By asset code the cause of its difference."""
    causes: dict[str, Cause] = {}
    for one in measures.each:
        told = [(f, *measures.of_key(f.key)) for f in found]
        rows = iter([f._replace(key=key) for f, of, key in told if of is one or (not key and one is measures.each[0])])
        while lot := list(islice(rows, CODES_ASKED_MAX)):
            causes |= dict(_explained(asked, one, ledger, lot))
    return causes


def lost() -> Cause:
    """Of an asset whose change the log has never told."""
    return Cause("cause_missing_event", {}, "propose_repair")


def _explained(asked: Asked, measures: Measures, ledger: Ledger, found: Sequence[Found]) -> Iterator[tuple[str, Cause]]:
    known = known_of(asked, ledger, measures.judged, {f.code: [f.key] if f.key else [] for f in found})
    written = _written(asked, ledger, [f.code for f in found])
    rows = rows_of(ledger, asked.pipeline, asked.tables[measures.on], [f.key for f in found if f.key])
    for one in found:
        settled = known.parked.get(one.code, ())
        yield (
            one.code,
            known.of(one.code) or _of_books(asked, measures, one, settled, written.get(one.code), rows.get(one.key)),
        )


class Known(NamedTuple):
    """What syncd's tables say of some codes: their parked rows (number, state, reason, whether edited) and what was
    collected of them (rule and group)."""

    parked: Mapping[str, Sequence[ParkedRow]]
    collected: Mapping[str, tuple[str, str]]

    def of(self, code: str) -> Cause | None:
        """Who waits explains more than who wrote last."""
        if rejected := _parked(self.parked.get(code, ())):
            return rejected
        if code in self.collected:
            rule, group = self.collected[code]
            return Cause("cause_collected", {"rule": rule, "group": group}, "propose_release")
        return None

    def edited(self, code: str) -> str:
        """The number of the last row that was edited and then posted; empty for none."""
        rows = self.parked.get(code, ())
        return next((number for number, state, _, edited in reversed(rows) if edited and state == "posted"), "")

    def given_up(self, code: str) -> str:
        """The number of the last row that was discarded; empty for none."""
        rows = self.parked.get(code, ())
        return next((number for number, state, *_ in reversed(rows) if state == "discarded"), "")


def known_of(asked: Asked, ledger: Ledger, on: str, keys: Mapping[str, Sequence[str]]) -> Known:
    """`keys` are those of the rows of the table `on` that are of each code."""
    codes, names = [*keys], partitions.names(ledger, asked.pipeline)
    by_key = {key: code for code, own in keys.items() for key in own}
    parked: defaultdict[str, list[ParkedRow]] = defaultdict(list)
    for subject, source, pipeline, row_id, state, code, is_edited in ledger.query(
        SQL["parked"], (names, codes, on, [*by_key])
    ):
        number = str(row_id) if pipeline == asked.pipeline else f"{pipeline}:{row_id}"
        name = str(subject) if str(subject) in keys else by_key.get(str(source), "")
        parked[name].append((number, str(state), str(code), "edited" if is_edited else ""))
    waiting = ledger.query(SQL["collected"], (names, codes, codes))
    return Known(parked, {str(card): (str(rule), str(group)) for card, rule, group in waiting})


def _parked(rows: Sequence[ParkedRow]) -> Cause | None:
    """By the open rows of an asset: the first that is not merely behind another."""
    opened = [row for row in rows if row[1] in ("approval", "failed", "behind")]
    first = next((row for row in opened if row[1] != "behind"), next(iter(opened), None))
    if first is None:
        return None
    number, state, code, _ = first
    return Cause(f"cause_{state}", {"id": number, "code": code}, f"propose_{state}")


def _of_books(
    asked: Asked,
    measures: Measures,
    found: Found,
    settled: Sequence[ParkedRow],
    written: Mapping[str, object] | None,
    row: Row | None,
) -> Cause:
    if written is None and found.finance is not None:
        return Cause("cause_opening", {}, "propose_finance")
    if written is not None and (found.finance is None or not _is_as_written(found, written, measures.by)):
        return Cause(CARD_CHANGED, {}, "propose_finance")
    edited = [number for number, state, _, is_edited in settled if is_edited and state == "posted"]
    if edited:
        return Cause("cause_edited", {"id": edited[-1]}, "propose_eam_row")
    change = "" if row is None or asked.is_partitioned else _change(asked, measures, found, row)
    params = {"change": change} if change else {}
    otherwise = "propose_transfer" if _is_moved(found) else "propose_rule"
    given_up = [number for number, state, *_ in settled if state == "discarded"]
    if given_up:
        proposal = "propose_posting" if change else "propose_eam_row"
        return Cause("cause_discarded", {"id": given_up[-1], **params}, proposal)
    return Cause("cause_not_posted", params, "propose_posting" if change else otherwise)


def _is_moved(found: Found) -> bool:
    """Whether only texts differ: the same amounts, another department."""
    return found.eam is not None and found.finance is not None and found.eam[:3] == found.finance[:3]


def _is_as_written(found: Found, written: Mapping[str, object], by: Sequence[str]) -> bool:
    """Whether the card still holds what was last written to it, as far as that is known."""
    assert found.finance is not None
    held = found.finance._asdict() | dict(zip(by, found.finance.texts, strict=False))
    return all(held[field] == written[field] for field in (*FIELDS, *by) if field in written)


def _written(asked: Asked, ledger: Ledger, codes: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """By asset code what postings last wrote to its card."""
    kinds, wanted = asked.layout.card_kinds, frozenset(codes)
    of = (partitions.names(ledger, asked.pipeline), list(codes))
    cards: dict[str, dict[str, object]] = {}
    for (content,) in ledger.query(SQL["written"], (*of, *of, CONTENT_CHARS_MAX)):
        for code, _, fields in decode_cards(str(content)):
            if code in wanted:
                cards.setdefault(code, {}).update(
                    (name, decode_value(kinds[name], value)) for name, value in fields.items() if name in kinds
                )
    return cards


def _change(asked: Asked, measures: Measures, found: Found, row: Row) -> str:
    """The change that would have to be posted, as JSON: what finance holds → what the EAM says. Empty where columns of
    the asset's row do not say what changed."""
    table = asked.tables[measures.on]
    if found.eam is None:
        return ""
    before: list[object] | None = None
    if found.finance is not None:
        before = list(row)
        for field in FIELDS:
            one, other = getattr(found.eam, field), getattr(found.finance, field)
            if one == other:
                continue
            place = _place(table, measures.columns.get(field, ""))
            if place is None or one is None or other is None or not isinstance(row[place], Decimal):
                return ""
            before[place] = decimal(row[place]) + other - one
        for name, text, held in zip(measures.by, found.eam.texts, found.finance.texts, strict=False):
            place = _place(table, measures.columns.get(name, ""))
            if text != held and (place is None or not held or row[place] != text):
                return ""
            if text != held and place is not None:
                before[place] = held
    if any(isinstance(value, Unchanged) for value in row):
        return ""
    op, was = ("insert", None) if before is None else ("update", tuple(before))
    change = Change(table.alias, op, was, row, Position(""), datetime.now(UTC))  # type: ignore[arg-type]
    return encode_change(table, change)


def _place(table: Table, column: str) -> int | None:
    return next((i for i, c in enumerate(table.columns) if c.name.lower() == column.lower()), None)


def altered(asked: Asked, ledger: Ledger, controls: Collection[Control], by_hand: Collection[Manual]) -> list[Altered]:
    """Where entries by hand do not explain what accounts hold: our own vouchers that finance has changed."""
    told: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in by_hand:
        told[entry.field] += entry.amount
    if all(control.balance - control.cards == told[control.field] for control in controls):
        return []
    flaws = verify.altered(ledger, asked.pipeline, asked.layout)
    pairs = [(f.params["voucher"], f.params["table"]) for f in flaws if {"voucher", "table"} <= f.params.keys()]
    return [Altered(*pair) for pair in dict.fromkeys(pairs)][:ALTERED_MAX]
