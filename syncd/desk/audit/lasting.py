"""Cards, and rows of other tables, against what postings wrote to them last.

A card is written again and again, and finance's own people write to it as well; so what counts is, field by field, the
last that a posting gave. That is folded out of the record in a database of its own, which lies in memory while it is
small and on disk when it is not.
"""

import json
import marshal
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple
from zlib import crc32

from syncd import statements
from syncd.change import Kind, Value
from syncd.desk.audit.unwritten import Unwritten
from syncd.dialects import SPELLINGS
from syncd.errors import Halt
from syncd.money import at_most, decimal
from syncd.ports import Layout, Ledger
from syncd.record import decode_content, moment

SQL: Final = statements.load("syncd.desk.audit", "verify.sql")
OTHERS_MAX: Final = 1_000
EDITED_MAX: Final = 100
"""Changes by finance's own people that are listed."""
LOT: Final = 1_000
"""Cards or rows that finance is asked for at once."""
_CARD: Final = ""
_RENAMED: Final = ">"
"""Where a card is kept, and where that it is called otherwise from then on."""
_OTHERWISE_NOW: Final = frozenset({"finance_no_table", "finance_no_column"})
PLACES_MAX: Final = 38
"""More than any column of finance has."""
_FINDS: Final = frozenset({Kind.TEXT, Kind.INTEGER})
"""Kinds by which a row is looked for: every database knows an equal one when it sees it."""
_ELSEWHERE: Final = "SELECT DISTINCT subject FROM syncd.posting WHERE pipeline <> ? AND subject IN (?*)"


class Posted(NamedTuple):
    """The posting that wrote something last."""

    key: str
    subject: str


class Other(NamedTuple):
    """What finance holds where a posting wrote something else. `field` is empty, and so are the values, where the whole
    card or row is gone. `is_theirs`: finance's own people may change it. `table` is empty of a card, `row` its code,
    or the key of a row. Where no posting wrote the field, `is_unwritten`, `by` is the one that opened the card."""

    table: str
    row: str
    field: str
    said: str
    found: str
    by: Posted
    is_theirs: bool = False
    is_unwritten: bool = False


Fields = Mapping[str, tuple[Any, Posted]]
"""By field the value as JSON kept it, and who wrote it."""


_Write = tuple[str, str, Mapping[str, Any], bool]
"""Key and subject of a posting, the values that it gave, and whether it opened the card."""


class Written:
    """What the postings of one pipeline wrote, in order. Several processes fold a part of it each: then every one keeps
    what its postings wrote in a file, and reads of all those files one `part` of so many `parts`."""

    def __init__(
        self, path: str = "", earlier: Sequence[str] = (), part: int = 0, parts: int = 1, last: int = 0
    ) -> None:
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.execute("PRAGMA synchronous = OFF")
        self._kept.execute("PRAGMA journal_mode = OFF")
        self._kept.execute("CREATE TABLE written (part INTEGER, place TEXT, name TEXT, seq INTEGER, fields BLOB)")
        for number, file in enumerate(earlier):
            self._kept.execute(f"ATTACH ? AS earlier{number}", (file,))
        everywhere = ("main", *(f"earlier{number}" for number, _ in enumerate(earlier)))
        self._all = " UNION ALL ".join(f"SELECT * FROM {place}.written" for place in everywhere)
        self._part, self._parts = part, parts
        self.last = last

    def take(self, postings: Iterable[tuple[int, str, str, Mapping[str, Any]]]) -> None:
        """Postings as (number, key, subject, content as plain JSON)."""
        self._kept.execute("BEGIN")
        self._kept.executemany("INSERT INTO written VALUES (?, ?, ?, ?, ?)", self._writes(postings))
        self._kept.execute("COMMIT")

    def _writes(
        self, postings: Iterable[tuple[int, str, str, Mapping[str, Any]]]
    ) -> Iterator[tuple[int, str, str, int, bytes]]:
        parts = self._parts
        for seq, key, subject, content in postings:
            self.last = max(self.last, seq)
            try:
                for place, name, fields, opens in _writes(content):
                    part = crc32(f"{place}/{name}".encode()) % parts if parts > 1 else 0
                    yield part, place, name, seq, marshal.dumps((key, subject, dict(fields), opens))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # somebody has edited the record, which its chain says

    def cards(self) -> Iterator[tuple[str, Sequence[_Write]]]:
        """By asset code what was written to it, in order."""
        renamed = self._kept.execute(
            f"SELECT seq, name, fields FROM ({self._all}) WHERE place = '{_RENAMED}'"
        ).fetchall()
        given = {seq: (old, marshal.loads(said)[2]["asset_code"]) for seq, old, said in renamed}
        involved = {code for pair in given.values() for code in pair}
        yield from ((code, lot) for _, code, lot in self._read("place = ''") if code not in involved)
        if involved and self._part == 0:
            yield from self._followed(given, involved)

    def _followed(
        self, given: Mapping[int, tuple[str, str]], involved: Collection[str]
    ) -> Iterator[tuple[str, Sequence[_Write]]]:
        """The same of cards that were renamed, by the codes that they have in the end. `given` are old and new code, by
        the posting."""
        marks = ", ".join("?" * len(involved))
        select = f"SELECT seq, name, fields FROM ({self._all}) WHERE place = '' AND name IN ({marks}) ORDER BY seq"
        events: list[tuple[int, int, str, bytes]] = [
            *((seq, 0, name, fields) for seq, name, fields in self._kept.execute(select, [*involved])),
            *((seq, 1, old, b"") for seq, (old, _) in given.items()),
        ]
        lots: dict[str, list[_Write]] = {}
        for seq, is_renamed, name, fields in sorted(events, key=itemgetter(0, 1)):
            if is_renamed:
                lots[given[seq][1]] = lots.pop(name, [])
            else:
                lots.setdefault(name, []).append(marshal.loads(fields))
        yield from ((code, lot) for code, lot in lots.items() if lot)

    def rows(self) -> Iterator[tuple[str, str, Fields]]:
        """Table, key as JSON, values; a row without a key stands by itself, and its key is empty."""
        for table, name, lot in self._read(f"place NOT IN ('', '{_RENAMED}')"):
            yield from ((table, name, _folded(part)) for part in ([lot] if name else ([one] for one in lot)))

    def _read(self, where: str) -> Iterator[tuple[str, str, Sequence[_Write]]]:
        select = f"SELECT place, name, fields FROM ({self._all}) WHERE part = ? AND {where} ORDER BY place, name, seq"
        written = self._kept.execute(select, (self._part,))
        for (place, name), lot in groupby(written, itemgetter(0, 1)):
            yield place, name, [marshal.loads(stored) for _, _, stored in lot]

    def close(self) -> None:
        """Everything of it is gone."""
        self._kept.close()


def _writes(content: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any], bool]]:
    cards = content.get("cards", ())
    writes = [(_RENAMED if verb == "rename" else _CARD, code, fields, verb == "open") for code, verb, fields in cards]
    for table, names, values in content.get("rows", ()):
        found_by = json.dumps([names, [values[name] for name in names]]) if names else ""
        writes.append((table, found_by, values, False))
    return writes


def told(ledger: Ledger, pipeline: str, layout: Layout, written: Written) -> list[Other]:
    """The first things that finance holds otherwise than they were written last, and the first of those that its own
    people may change."""

    def newer() -> Iterator[tuple[int, str, str, Mapping[str, Any]]]:
        for seq, key, subject, content in ledger.query(SQL["newer"], (pipeline, written.last)):
            yield int(str(seq)), str(key), str(subject), decode_content(str(content))

    found: list[Other] = []
    room = {False: OTHERS_MAX, True: EDITED_MAX}
    for one in others(ledger, pipeline, layout, written, newer()):
        if room[one.is_theirs]:
            room[one.is_theirs] -= 1
            found.append(one)
    return found


def others(ledger: Ledger, pipeline: str, layout: Layout, written: Written, newer: Iterable[Any]) -> Iterator[Other]:
    """Where finance holds something else. `newer` are postings, as `Written.take` wants them, that came since; they are
    read at the moment at which finance is. What another pipeline has a hand in is left to that one's record."""
    with ledger.reading():
        written.take(newer)
        cards = written.cards() if layout.card_query() else iter(())  # finance may have none
        unwritten = Unwritten(ledger, layout)
        while lot := dict(islice(cards, LOT)):
            yield from _ours(ledger, pipeline, [*_of_cards(ledger, layout, lot, unwritten)])
        yield from _ours(ledger, pipeline, [*unwritten.rest()])
        yield from _of_rows(ledger, layout, written)


def _ours(ledger: Ledger, pipeline: str, told: Sequence[Other]) -> Iterator[Other]:
    """Without the cards that another pipeline has a hand in."""
    if told:
        asked = [*{one.row for one in told}]
        elsewhere = {str(subject) for (subject,) in ledger.query(_ELSEWHERE, (pipeline, asked))}
        yield from (one for one in told if one.row not in elsewhere)


def _of_cards(
    ledger: Ledger, layout: Layout, lot: Mapping[str, Sequence[_Write]], unwritten: Unwritten
) -> Iterator[Other]:
    """Nearly every card is as it was written, and each value the same or of the same spelling: only the others are
    looked at exactly."""
    select = layout.card_query().removesuffix("= ?") + "IN (?*)"
    found = {str(row[0]).rstrip(): row for row in ledger.query(select, ([*lot],))}
    names = layout.card_fields
    for code, writes in lot.items():
        row = found.get(code.rstrip())
        if row is None:
            yield Other("", code, "", "", "", _last(_folded(writes)))
            continue
        values = dict(zip(names, row[1:], strict=True))
        said = writes[0][2] if len(writes) == 1 else {n: v for _, _, fields, _ in writes for n, v in fields.items()}
        for name, value in said.items():
            if name in values and (held := values[name]) != value and str(held) != value:
                yield from _of_card(layout, code, _folded(writes), row)
                break
        opened = next((Posted(key, subject) for key, subject, _, opens in writes if opens), None)
        if opened is not None and (suspects := unwritten.suspects(values, said)):
            exact = _read(layout, row)
            for field in suspects:
                if not _same(exact[field], unwritten.blank[field], layout.places(field)):
                    told = _plain(unwritten.blank[field]), _plain(exact[field])
                    yield from unwritten.take(field, Other("", code, field, *told, opened, is_unwritten=True))


def _read(layout: Layout, row: Sequence[object]) -> Mapping[str, Value]:
    try:
        return layout.card_row(row)
    except (ValueError, TypeError, ArithmeticError):  # a date that is none, an amount that is prose
        return {name: None if v is None else str(v) for name, v in zip(layout.card_fields, row[1:], strict=True)}


def _of_card(layout: Layout, code: str, said: Fields, row: Sequence[object]) -> Iterator[Other]:
    found = _read(layout, row)
    for field, (value, by) in said.items():
        if field in found and not _same(found[field], value, layout.places(field)):
            told = _plain(value), _plain(found[field])
            yield Other("", code, field, *told, by, field in layout.finance_edits)


def _of_rows(ledger: Ledger, layout: Layout, written: Written) -> Iterator[Other]:
    kinds = layout.writes(())
    for (table, names), group in groupby(written.rows(), lambda row: (row[0], _names(row[1]))):
        while lot := [(key, fields) for _, key, fields in islice(group, LOT)]:
            of_table = kinds.get(table, {})
            try:
                found = _found(ledger, layout, table, names, of_table, [fields for _, fields in lot])
            except Halt as halt:
                if halt.code not in _OTHERWISE_NOW:
                    raise
                # Finance answers nothing more in this transaction; what else there is, is told once this is mended.
                yield from (Other(table, _called(key, fields), "", "", "", _last(fields)) for key, fields in lot)
                return
            if names:
                yield from _keyed(layout, table, names, of_table, lot, found)
            else:
                yield from _single(layout, table, of_table, lot, found)


def _names(key: str) -> tuple[str, ...]:
    return tuple(json.loads(key)[0]) if key else ()


def _found(
    ledger: Ledger,
    layout: Layout,
    table: str,
    names: tuple[str, ...],
    kinds: Mapping[str, Kind],
    lot: Sequence[Fields],
) -> list[dict[str, Value]]:
    """Finance's rows among which those of a lot are, by column: found by the column that tells them apart best."""
    spelling = SPELLINGS[ledger.dialect]
    columns = sorted({column for fields in lot for column in fields})
    values: defaultdict[str, set[Any]] = defaultdict(set)
    for fields in lot:
        for column in names or columns:
            value = fields[column][0] if column in fields else None
            if value is not None and kinds.get(column) in _FINDS:
                values[column].add(value)
    complete = [c for c in values if all(c in fields and fields[c][0] is not None for fields in lot)]
    best = max(complete, key=lambda column: len(values[column]), default=None)
    listed = ", ".join(f"t.{spelling.quoted(column)}" for column in columns)
    sql = f"SELECT {listed} FROM {spelling.table(table)} t"
    params: list[object] = []
    if best is not None:
        sql, params = f"{sql} WHERE t.{spelling.quoted(best)} IN (?*)", [sorted(values[best])]
    with closing(ledger.scan(sql, params)) as rows:
        return [
            {c: _exact(layout, kinds.get(c, Kind.NULL), value) for c, value in zip(columns, row, strict=True)}
            for row in rows
        ]


def _exact(layout: Layout, kind: Kind, value: Any) -> Value:
    """A value of either side, as the kind it is. What finance keeps as a binary fraction is the decimal that it is
    written as."""
    try:
        return Decimal(repr(value)) if isinstance(value, float) else layout.exact(kind, value)
    except (ValueError, TypeError, ArithmeticError):  # a date that is none, an amount that is prose
        return str(value)


def _keyed(
    layout: Layout,
    table: str,
    names: Sequence[str],
    kinds: Mapping[str, Kind],
    lot: Sequence[tuple[str, Fields]],
    found: Sequence[Mapping[str, Value]],
) -> Iterator[Other]:
    """What is told of columns that today's mapping does not write any more is that the row is there."""
    by_key = {tuple(_spelled(row[name]) for name in names): row for row in found}
    for key, fields in lot:
        called = _called(key, fields)
        said = {c: _exact(layout, kinds.get(c, Kind.NULL), value) for c, (value, _) in fields.items()}
        there = by_key.get(tuple(_spelled(said[name]) for name in names))
        if there is None:
            yield Other(table, called, "", "", "", _last(fields))
            continue
        for column, (_, by) in fields.items():
            if column in kinds and _spelled(there[column]) != _spelled(said[column]):
                told = _plain(said[column]), _plain(there[column])
                yield Other(table, called, column, *told, by, f"{table}.{column}" in layout.finance_edits)


def _single(
    layout: Layout,
    table: str,
    kinds: Mapping[str, Kind],
    lot: Sequence[tuple[str, Fields]],
    found: Sequence[Mapping[str, Value]],
) -> Iterator[Other]:
    """Rows without a key: as many like it must be there as were written, whatever the columns that are finance's own
    hold."""
    ours = [column for column in kinds if f"{table}.{column}" not in layout.finance_edits]
    left: dict[tuple[str, ...], Counter[tuple[str, ...]]] = {}
    for _, fields in lot:
        columns = tuple(column for column in ours if column in fields)
        if columns not in left:
            left[columns] = Counter(tuple(_spelled(row[column]) for column in columns) for row in found)
        row = tuple(_spelled(_exact(layout, kinds[column], fields[column][0])) for column in columns)
        if columns and not left[columns][row]:
            yield Other(table, _called("", fields), "", "", "", _last(fields))
        left[columns][row] -= 1


def _folded(writes: Sequence[_Write]) -> Fields:
    """What was given last, and by what."""
    fields: dict[str, tuple[Any, Posted]] = {}
    for key, subject, values, _ in writes:
        by = Posted(key, subject)
        fields |= {field: (value, by) for field, value in values.items()}
    return fields


def _last(fields: Fields) -> Posted:
    return [by for _, by in fields.values()][-1] if fields else Posted("", "")


def _same(found: Value, said: Any, places: int | None) -> bool:
    """Whether a card holds what was written, which JSON kept. A number of more than 64 bits is not kept exactly."""
    if found is None or said is None:
        return found is said
    try:
        if isinstance(found, Decimal) or found.__class__ is int:
            return said.__class__ is float or at_most(decimal(said), places or PLACES_MAX) == found
        if isinstance(found, datetime):
            return moment(str(said)).astimezone(UTC) == found.astimezone(UTC)
    except (ValueError, ArithmeticError):
        return False
    if isinstance(found, bool):
        return said in (found, str(found).lower())
    return str(found).rstrip() == str(said).rstrip()


def _spelled(value: Value) -> str:
    """A value in one spelling: a number without zeros at its end, a moment in UTC, a text without the blanks at its end
    that a CHAR column adds."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return str(value.astimezone(UTC))
    return "" if value is None else str(value).rstrip()


def _called(key: str, fields: Fields) -> str:
    """A row by its key, or by all that was written to it."""
    values = json.loads(key)[1] if key else [value for value, _ in fields.values()]
    return ", ".join(map(_plain, values))


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)
