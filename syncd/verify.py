"""`syncd audit verify`: whether the record is whole, and whether finance still holds what was posted.

Every posting and every action is hashed again; every voucher is rendered again from the record and held against the
rows in finance, so that one that was edited, deleted or added to is found, whoever did it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from syncd import audit, statements
from syncd.change import Change, Position, Value
from syncd.money import decimal
from syncd.ports import Layout, Ledger, LookupSpec, Numbered, TableWrite
from syncd.posting import Entry, Posting, Reversed, Voucher
from syncd.record import decode_voucher

SQL: Final = statements.load("syncd", "verify.sql")
STRETCH_ROWS: Final = 1_000
FLAWS_MAX: Final = 1_000
"""Flaws that are listed; a chain broken at its start is broken at every record."""
_NUMBER: Final = re.compile(r"\d+")
_ANY_CHANGE: Final = Change("", "read", None, None, Position(""), datetime(2000, 1, 1, tzinfo=UTC))

Rows = Sequence[Sequence[object]]
Lookups = Mapping[str, Mapping[Value, Value]]


class Flaw(NamedTuple):
    """Something that is not as it was recorded; `code` and `params` name the message."""

    code: str
    params: Mapping[str, str]


class Verdict(NamedTuple):
    """How much was looked at, and the first flaws that were found."""

    postings: int
    vouchers: int
    actions: int
    flaws: Sequence[Flaw]


def verify(ledger: Ledger, pipeline: str, layout: Layout) -> Verdict:
    """One pipeline's postings and vouchers, and all actions."""
    finance = _Finance(ledger, layout, {name: _lookup(ledger, spec) for name, spec in layout.lookups.items()})
    flaws: list[Flaw] = []
    postings = vouchers = 0
    head = audit.GENESIS

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal postings, vouchers, head
        for row in _stretches(ledger, "postings", (pipeline,)):
            fields = [str(value) for value in row[: len(audit.POSTING)]]
            head = str(row[len(audit.POSTING)])
            postings += 1
            if fields[4]:
                vouchers += 1
                flaws.extend(finance.flaws(fields, str(row[-1] or "")))
            yield int(fields[0]), fields, head

    flaws += [Flaw("audit_posting", {"pipeline": pipeline, "seq": str(seq)}) for seq in audit.breaks(records())]
    ends = ledger.query(SQL["end"], (pipeline,))
    if ends and ends[0] != (postings, head):
        flaws.append(Flaw("audit_end", {"pipeline": pipeline, "seq": str(ends[0][0]), "found": str(postings)}))
    actions, acted = _actions(ledger)
    return Verdict(postings, vouchers, actions, [*acted, *flaws][:FLAWS_MAX])


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several pipelines of one ledger, whose actions are the same."""
    every = list(verdicts)
    flaws = {(flaw.code, *flaw.params.items()): flaw for verdict in every for flaw in verdict.flaws}
    postings, vouchers = sum(v.postings for v in every), sum(v.vouchers for v in every)
    return Verdict(postings, vouchers, max(v.actions for v in every), [*flaws.values()][:FLAWS_MAX])


def _lookup(ledger: Ledger, spec: LookupSpec) -> Mapping[Value, Value]:
    return {cast(Value, code): cast(Value, gives) for code, gives in ledger.query(spec.query)}


def _actions(ledger: Ledger) -> tuple[int, list[Flaw]]:
    rows = list(_stretches(ledger, "actions", ()))
    records = [(int(str(row[0])), [str(value) for value in row[:-1]], str(row[-1])) for row in rows]
    flaws = [Flaw("audit_action", {"seq": str(seq)}) for seq in audit.breaks(records)]
    ends = ledger.query(SQL["action_end"])
    found = (len(records), records[-1][2] if records else audit.GENESIS)
    if ends and ends[0] != found:
        flaws.append(Flaw("audit_action_end", {"seq": str(ends[0][0]), "found": str(found[0])}))
    return len(records), flaws


def _stretches(ledger: Ledger, name: str, params: Sequence[object]) -> Iterator[Sequence[object]]:
    """Records in order, so many at a time."""
    last: object = 0
    while rows := ledger.query(SQL[name], (*params, last, STRETCH_ROWS)):
        yield from rows
        last = rows[-1][0]


class _Finance:
    """Vouchers as finance holds them against vouchers as they were posted."""

    def __init__(self, ledger: Ledger, layout: Layout, lookups: Lookups) -> None:
        self._ledger = ledger
        self._layout = layout
        self._lookups = lookups
        self._constant = _constants(layout)

    def flaws(self, fields: Sequence[str], reversed_voucher: str) -> Iterator[Flaw]:
        """What is wrong with the voucher of one posting, its fields as `audit.POSTING` names them."""
        _, key, rule, subject, ref, reverses, *_, content = fields
        voucher = decode_voucher(content)
        if voucher is None:
            return
        number = int(_NUMBER.findall(ref)[-1])
        cancels = Reversed(reverses, reversed_voucher) if reverses else None
        posting = Posting(key, rule, subject, _ANY_CHANGE, voucher=voucher, reverses=cancels)
        for at, write in enumerate(self._layout.render([Numbered(posting, number)], self._lookups)):
            expected = _read(write, write.rows, self._constant[at])
            found = _read(write, self._rows(write), self._constant[at])
            if expected != found:
                code = "audit_voucher" if found else "audit_voucher_gone"
                yield Flaw(code, {"voucher": ref, "table": write.table, "key": key})

    def _rows(self, write: TableWrite) -> Rows:
        """The rows that finance has under the part of the key that all rows share; under each row's key where they
        share nothing."""
        key = [write.columns.index(name) for name in write.key or write.columns]
        shared = [i for i in key if len({row[i] for row in write.rows}) == 1 and write.rows[0][i] is not None]
        if shared:
            return self._select(write, shared, write.rows[0])
        return [found for row in write.rows for found in self._select(write, key, row)]

    def _select(self, write: TableWrite, by: Sequence[int], row: Sequence[Value]) -> Rows:
        same = " AND ".join(f"{write.columns[i]} = ?" for i in by)
        sql = f"SELECT {', '.join(write.columns)} FROM {write.table} WHERE {same}"
        return self._ledger.query(sql, [row[i] for i in by])


def _read(write: TableWrite, rows: Rows, constant: frozenset[str]) -> Counter[tuple[str, ...]]:
    """Rows in one spelling, whatever the database gives; without what finance may go on to write."""
    like = [next((row[i] for row in write.rows if row[i] is not None), None) for i in range(len(write.columns))]
    kept = [i for i, name in enumerate(write.columns) if name not in constant]
    return Counter(tuple(_spelled(row[i], like[i]) for i in kept) for row in rows)


def _spelled(value: object, like: Value) -> str:
    if value is None:
        return ""
    if isinstance(like, Decimal):
        return format(decimal(str(value)).normalize(), "f")
    if isinstance(like, date) and not isinstance(like, datetime):
        return str(value)[:10]
    if isinstance(like, bool):
        return str(int(value in (True, 1, "1")))
    return str(value).rstrip()


def _constants(layout: Layout) -> list[frozenset[str]]:
    """Per table of a voucher, the columns that the layout fills with the same whatever is posted: a state, a maker.
    Finance's own people go on to change those."""
    lookups = {name: _Echo() for name in layout.lookups}
    one, other = (list(layout.render([Numbered(_probe(n), n)], lookups)) for n in (1, 2))
    return [
        frozenset(name for i, name in enumerate(w.columns) if {r[i] for r in w.rows} == {r[i] for r in o.rows})
        for w, o in zip(one, other, strict=True)
    ]


def _probe(n: int) -> Posting:
    """A posting that shares nothing with the one of another number."""
    day, text, dims = date(2000 + n, n, n), f"probe {n}", _Echo(f"dim {n}")
    entries = (Entry(f"d{n}", Decimal(n), Decimal(0), text, dims), Entry(f"c{n}", Decimal(0), Decimal(n), text, dims))
    voucher = Voucher(f"t{n}", day.isoformat()[:7], day, day, text, entries)
    return Posting(f"key {n}", f"rule {n}", f"subject {n}", _ANY_CHANGE, (), voucher, (), Reversed(f"r{n}", f"v{n}"))


class _Echo(dict[Any, Any]):
    """A lookup that knows everything: a fixed text, or what it was asked for."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__()
        self._text = text

    def __missing__(self, key: Any) -> Any:
        return key if self._text is None else self._text

    def get(self, key: Any, default: Any = None) -> Any:
        """As if it were there."""
        return self[key]
