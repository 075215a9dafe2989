"""Before anything is posted: postings are tried on finance, read back, compared and taken back. So whatever would
refuse them or make something else of them is found, wherever it hides: a right on what a trigger writes, a type, a
rule."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, cast

from connectors import reading
from connectors.ledger import drawing
from connectors.ledger.bookkeeping import names_of
from connectors.ledger.database import Database, Physical, Verb
from connectors.ledger.renaming import rename
from connectors.ledger.state import SQL
from syncd.change import Value
from syncd.dialects import SPELLINGS
from syncd.errors import Fault, RowRefused
from syncd.money import decimal, round_half_up
from syncd.ports import INVENTED, Finding, Layout, Numbered, TableWrite
from syncd.posting import Posting, named

_UNTOLD: Final = frozenset({"row_check", "row_no_parent", "row_duplicate", "row_too_long", "row_value", "row_null"})
"""What may be said of an invented value: it is not finance's fault."""


def attempt(database: Database, layout: Layout, postings: Sequence[Posting]) -> list[Finding]:
    """See `ports.Ledger`. Numbers that finance draws from a sequence of its own are the only thing that may remain."""
    database.begin()
    try:
        lookups = {name: reading.lookup(database, spec) for name, spec in layout.lookups.items()}
        findings: list[Finding] = []
        trouble: list[str] = []
        for one in _numbered(database, layout, postings):
            for write in layout.render([one], lookups):
                findings += _tried(database, write, trouble)
        return [finding for n, finding in enumerate(findings) if finding not in findings[:n]]
    except Fault as fault:
        return [Finding("error", fault.code, fault.params)]
    finally:
        database.rollback()


def _numbered(database: Database, layout: Layout, postings: Sequence[Posting]) -> Iterator[Numbered]:
    """With the numbers that come next, taken as the daemon takes them."""
    last: dict[tuple[str, str], int] = {}
    names: dict[str, tuple[str, str]] = {}
    for posting in postings:
        voucher, number = posting.voucher, 0
        posting = named(posting, names.__getitem__)
        if voucher is not None:
            held = voucher.period, voucher.type
            series = held if layout.series is None else layout.series(*held)
            if series is not None:
                if series not in last:
                    database.execute(SQL["add_number"], series)
                    select = "SELECT last FROM syncd.number WHERE period = ? AND type = ?" + database.for_update
                    ((ours,),) = database.query(select, series)
                    theirs = [layout.number_in(found) for (found,) in database.query(*layout.last_number(series))]
                    last[series] = max(int(str(ours)), *theirs, 0)
                last[series] = number = last[series] + 1
            names[posting.key] = names_of(layout, posting.key, voucher, number)
        yield Numbered(posting, number)


def _tried(database: Database, write: TableWrite, trouble: list[str]) -> Iterator[Finding]:
    """What is wrong with one write. `trouble` is what failed before: of what follows, it is not said that it lacks
    that."""
    physical = database.columns(write.table)
    rows = [_likely(database, write, row, physical) for row in write.rows]
    write = write._replace(rows=rows)
    invented = {n for row in rows for n, v in zip(write.columns, row, strict=True) if v is None or _is_invented(v)}
    verb = cast(Verb, "upsert" if write.verb == "open" else write.verb)
    try:
        with database.savepoint("syncd_trial"):
            if write.verb == "find" and write.drawn is not None:
                drawing.find(database, write, write.drawn)
                return
            if write.verb == "rename":
                rename(database, write)
                return
            if write.drawn is not None:
                write = drawing.put(database, write, write.drawn)
            else:
                database.put(write.table, write.columns, write.key, verb, [rows], write.where)
            database.settle()
            wrong = list(_compared(database, write, physical))
    except RowRefused as refusal:
        table = refusal.params.get("table") or write.table
        about = database.constrained(write.table, refusal.params) or set(write.columns)
        is_told = refusal.code not in _UNTOLD or not (about & invented)
        if is_told and not (trouble and refusal.code in ("row_no_parent", "row_gone_in_finance")):
            yield Finding("error", refusal.code, {**refusal.params, "table": table})
        trouble.append(table)
        _invent_ids(write)
    except Fault as fault:
        trouble.append(write.table)
        _invent_ids(write)
        repair = database.grant(fault)
        if fault.code == "finance_no_key":
            repair = f"CREATE UNIQUE INDEX {_index(write)} ON {_table(database, write)} ({', '.join(write.key)})"
        yield Finding("error", fault.code, {**fault.params, "table": write.table}, repair)
    else:
        yield from wrong


def _invent_ids(write: TableWrite) -> None:
    """What comes behind rows that did not go in is tried nevertheless."""
    if write.drawn is not None:
        write.drawn.ids[:] = [0] * len(write.rows)


def _compared(database: Database, write: TableWrite, physical: Mapping[str, Physical]) -> Iterator[Finding]:
    """Each row as finance holds it, column by column; a text that it spells in its own way is no more than odd."""
    key = write.key or database.nature(write.table).key
    if not key or not set(key) <= set(write.columns):
        return
    spelling = SPELLINGS[database.dialect]
    quoted = spelling.quoted
    same = " AND ".join(f"{quoted(name)} = ?" for name in key)
    select = f"SELECT {', '.join(map(quoted, write.columns))} FROM {spelling.table(write.table)} WHERE {same}"
    for row in write.rows:
        given = dict(zip(write.columns, row, strict=True))
        asked = [v if isinstance(v := given[name], bool | Decimal) else str(v) for name in key]
        found = database.query(select, asked)
        if len(found) != 1:
            yield Finding("error", "ledger_trial_gone", {"table": write.table, "rows": str(len(found))})
            continue
        for name, kept in zip(write.columns, found[0], strict=True):
            if not _is_same(given[name], kept, physical.get(name)):
                params = {"table": write.table, "column": name, "given": str(given[name]), "kept": str(kept)}
                is_text = isinstance(given[name], str)
                yield Finding("warning" if is_text else "error", "ledger_trial_otherwise", params)


def _is_same(given: Value, kept: object, physical: Physical | None) -> bool:
    if given is None or isinstance(given, bool):
        return kept is None or isinstance(given, bool)
    if isinstance(given, Decimal | int):
        try:
            found = decimal(kept if isinstance(kept, int | Decimal) else str(kept))
        except (ValueError, InvalidOperation):
            return False
        places = physical.places if physical else None
        return found == (given if places is None or isinstance(given, int) else round_half_up(given, places))
    if isinstance(given, datetime):
        return kept is not None  # by whose clock finance keeps it is the column's affair
    if isinstance(given, date):
        return str(kept)[:10] == str(given)
    return str(kept).rstrip() == str(given).rstrip()


def _likely(
    database: Database, write: TableWrite, row: Sequence[Value], physical: Mapping[str, Physical]
) -> tuple[Value, ...]:
    """A row whose invented texts are such as finance has, where it has any; others as short as their columns."""
    made: list[Value] = []
    for name, value in zip(write.columns, row, strict=True):
        if _is_invented(value) and name not in write.key:
            value = _known(database, write.table, name, value)
        if _is_invented(value) and (column := physical.get(name)) and column.length is not None:
            value = str(value)[: column.length]
        made.append(value)
    return tuple(made)


def _known(database: Database, table: str, name: str, value: Value) -> Value:
    spelling = SPELLINGS[database.dialect]
    quoted = spelling.quoted(name)
    for source, column in ((spelling.table(table), quoted), *database.parents(table, name)):
        rows = database.query(f"SELECT {column} FROM {source} WHERE {column} IS NOT NULL LIMIT 1")
        if rows and isinstance(rows[0][0], str):
            return rows[0][0]
    return value


def _is_invented(value: Value) -> bool:
    return isinstance(value, str) and len(value) > 0 and INVENTED.startswith(value[: len(INVENTED)])


def _index(write: TableWrite) -> str:
    return "_".join([*write.table.split("."), "syncd_key"])


def _table(database: Database, write: TableWrite) -> str:
    return write.table if database.dialect == "postgres" else write.table.replace(".", "_")
