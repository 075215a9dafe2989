"""What is asked of finance, as SQL over a layout's tables.

Tables are named as in PostgreSQL, unquoted; where there are no schemas the ledger joins the name by `_`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syncd.dialects import SPELLINGS, Dialect
from syncd.mapping.expression.parse import Expression, parse
from syncd.mapping.language.file.layout_file import Numbering
from syncd.mapping.layout.amounts import entry_amounts
from syncd.mapping.layout.tables import (
    ASSET_CODE,
    ENTRY_SCOPE,
    ID_SCOPE,
    LABEL_SCOPE,
    VOUCHER_LABEL,
    PhysicalTable,
    lookup_function,
    plain_name,
    spelled,
)
from syncd.ports import LookupSpec, Series, Statement


def plain_reads(cards: Sequence[PhysicalTable]) -> dict[str, str]:
    """Card fields that lie in a column as they are: field → SQL."""
    found: dict[str, str] = {}
    for i, table in enumerate(cards):
        for column, e in table.columns.items():
            block, _, field = plain_name(e).partition(".")
            if block == "card":
                found.setdefault(field, f"c{i}.{spelled(column)}")
    return found


def reads_of_each(tables: Sequence[PhysicalTable]) -> dict[str, str]:
    """The same of tables that hold cards whole, each some of them: read as one, `c0`."""
    return {field: f"c0.{spelled(field)}" for table in tables for field in table.reads}


def held(tables: Sequence[PhysicalTable], reads: Mapping[str, str]) -> set[str]:
    """The card fields that lie in a column as they are, and are read from it."""
    if tables and tables[0].reads:
        kept = [(plain_reads([table]), table.reads) for table in tables]
        return {f for f in reads if all(plain.get(f) == read.get(f) for plain, read in kept)}
    return {f for f, sql in plain_reads(tables).items() if reads.get(f) == sql}


def cards(tables: Sequence[PhysicalTable], reads: Mapping[str, str], fields: Sequence[str]) -> str:
    """SELECT asset code and fields of every card."""
    return f"SELECT {', '.join(reads[f] for f in (ASSET_CODE, *fields))} FROM {_joined(tables)}"


def compared(
    tables: Sequence[PhysicalTable],
    reads: Mapping[str, str],
    dialect: Dialect,
    amounts: Sequence[str],
    texts: Sequence[str],
    condition: str,
) -> str:
    """SELECT a card's code `k`, amounts `a0` … and texts `t0` … as the reconciliation compares them; an amount that the
    cards do not keep is zero."""
    spelling = SPELLINGS[dialect]
    named = {"k": f"coalesce({spelling.as_text(reads[ASSET_CODE])}, '')"}
    named |= {f"a{i}": _amount(dialect, reads.get(field)) for i, field in enumerate(amounts)}
    named |= {f"t{i}": spelling.as_text(reads[field]) for i, field in enumerate(texts)}
    listed = ", ".join(f"{sql} AS {name}" for name, sql in named.items())
    return f"SELECT {listed} FROM {_joined(tables)}{f' WHERE {condition}' if condition else ''}"


def _amount(dialect: Dialect, sql: str | None) -> str:
    exactly = f"coalesce({sql}, 0)" if sql else "0"
    return f"CAST({exactly} AS numeric)" if dialect == "postgres" else exactly


def _each(tables: Sequence[PhysicalTable]) -> str:
    """Tables that hold cards whole, as one. A field that one of them lacks is NULL there, of the kind that it has where
    it is."""
    selects = []
    for table in tables:
        columns = []
        for field in reads_of_each(tables):
            at = table if field in table.reads else next(other for other in tables if field in other.reads)
            sql = at.reads[field] if at is table else f"(SELECT {at.reads[field]} FROM {at.source} AS c0 WHERE 1 = 0)"
            columns.append(f"{sql} AS {spelled(field)}")
        selects.append(f"SELECT {', '.join(columns)} FROM {table.source} AS c0")
    return f"({' UNION ALL '.join(selects)}) AS c0"


def _joined(tables: Sequence[PhysicalTable]) -> str:
    first, *others = tables
    if first.reads:
        return _each(tables)
    joined = f"{first.source} AS c0"
    for i, other in enumerate(others, 1):
        same = [(column, first.given(other.columns[column])) for column in other.key]
        on = " AND ".join(
            f"c{i}.{spelled(column)} = c0.{spelled(given)}" for column, given in same if given is not None
        )
        joined += f" LEFT JOIN {other.source} AS c{i} ON {on}"
    return joined


def last_number(n: Numbering, table: str, series: Series) -> Statement:
    """SELECT the highest voucher number of a series; where numbers are written in a way of their own, all of them."""
    where, params = in_series(n, series)
    found = f"coalesce(max({n.number}), 0)" if n.pattern is None else n.number
    return f"SELECT {found} FROM {table}{where}", params


def last_date(n: Numbering, table: str, series: Series) -> Statement | None:
    """SELECT the latest voucher day of a series; None where days need not ascend."""
    where, params = in_series(n, series)
    return (f"SELECT max({n.date}) FROM {table}{where}", params) if n.date else None


def numbers(n: Numbering, table: str, series: Series) -> Statement:
    """SELECT type and number of the vouchers of a series, of whatever type, in order."""
    where, params = in_series(n.model_copy(update={"type": None}), series)
    kind = n.type or "''"
    return f"SELECT DISTINCT {kind}, {n.number} FROM {table}{where} ORDER BY 1, 2", params


def in_series(n: Numbering, series: Series) -> tuple[str, Sequence[object]]:
    """` WHERE …` of the vouchers of a series, nothing where it is all of them, and what is asked there."""
    which, kind = series
    asked = [(n.period or n.year, which), (n.type, kind)]
    said = [(sql, value) for sql, value in asked if sql is not None]
    where = " AND ".join([*(f"{sql} = ?" for sql, _ in said), *([f"({n.where})"] if n.where else [])])
    return f" WHERE {where}" if where else "", [value for _, value in said]


def entries(tables: Sequence[PhysicalTable], chart: LookupSpec, accounts: int) -> str:
    """SELECT account code and amounts (debit, then credit or less credit) of the entries to so many accounts. Empty
    when the layout does not say how to read them back."""
    if len(tables) != 1 or tables[0].named is not None:
        return ""
    (table,) = tables
    read = entry_amounts(table, "e")
    account, joined = _account(table, chart)
    if not account or not read:
        return ""
    marks = ", ".join("?" * accounts)
    return f"SELECT {account}, {', '.join(read)} FROM {table.source} AS e{joined} WHERE {account} IN ({marks})"


_NAMING: Final = ("voucher.period", "voucher.type", "voucher.number", VOUCHER_LABEL)
"""What names a voucher to people."""


class VoucherEntries(NamedTuple):
    """The statement, and whether it tells each voucher's key."""

    sql: str
    has_key: bool


def voucher_entries(
    vouchers: Sequence[PhysicalTable], tables: Sequence[PhysicalTable], chart: LookupSpec, accounts: int
) -> VoucherEntries | None:
    """SELECT period, type, number as it is written, date and key of the voucher, account and amounts as `entries` has
    them, of the entries to so many accounts. None when the layout does not say how to read them back. Vouchers without
    a number are told by their id or key."""
    read = entries(tables, chart, accounts)
    if not read or any(table.named is not None for table in vouchers):
        return None
    (table,) = tables
    joined, sides = "", [("e", table)]
    for n, header in enumerate(vouchers):
        shared = [(column, table.given(header.columns[column])) for column in header.key if column in header.columns]
        if header.key and len(shared) == len(header.key) and all(given for _, given in shared):
            on = " AND ".join(f"h{n}.{spelled(column)} = e.{spelled(given or '')}" for column, given in shared)
            joined += f" JOIN {header.source} AS h{n} ON {on}"
            sides.append((f"h{n}", header))

    def column(name: str) -> str:
        wanted = parse(name, ENTRY_SCOPE | LABEL_SCOPE | ID_SCOPE)
        return next((f"{side}.{spelled(given)}" for side, of in sides if (given := of.given(wanted))), "")

    period, kind, day, key = (column(f"voucher.{name}") or "NULL" for name in ("period", "type", "date", "key"))
    told = [found for name in ("label", "number", "id", "key") if (found := column(f"voucher.{name}"))]
    if not told or day == "NULL":
        return None
    source = read.removeprefix("SELECT ").replace(f"{table.source} AS e", f"{table.source} AS e{joined}", 1)
    return VoucherEntries(f"SELECT {period}, {kind}, {told[0]}, {day}, {key}, {source}", key != "NULL")


def naming(voucher: Sequence[PhysicalTable]) -> list[str]:
    """The fields by which the one table of vouchers names one to people, as far as it keeps them as they are."""
    said = {plain_name(e) for table in voucher for e in table.columns.values()}
    return [name for name in _NAMING if name in said]


def manual(
    entry: Sequence[PhysicalTable],
    voucher: Sequence[PhysicalTable],
    chart: LookupSpec,
    accounts: str,
) -> str:
    """SELECT account, asset, debit, credit and what names the voucher, of entries on accounts (the marks) whose voucher
    carries no posting's key, from a period on (the next mark), or from its first day where vouchers have no period, so
    many (the last mark). Empty where the layout does not tell the key, the debit, the credit and that."""
    if len(entry) != 1 or len(voucher) != 1 or entry[0].named is not None or voucher[0].named is not None:
        return ""
    (lines,), (head,) = entry, voucher
    own = {plain_name(e): f"e.{spelled(c)}" for c, e in lines.columns.items()}
    said = {plain_name(e): f"v.{spelled(c)}" for c, e in head.columns.items()}
    joined = {c: lines.given(head.columns[c]) for c in head.key}
    account, looked_up = _account(lines, chart)
    amounts = entry_amounts(lines, "e")
    if not account or not amounts or "voucher.key" not in said:
        return ""
    if not joined or None in joined.values():
        return ""
    debit, credit = amounts if len(amounts) > 1 else (amounts[0], "0")
    on = " AND ".join(f"v.{spelled(c)} = e.{spelled(same or '')}" for c, same in joined.items())
    names = [said[name] for name in naming(voucher)]
    key = said["voucher.key"]
    at = said.get("voucher.period") or (own | said).get("voucher.date")
    if at is None:
        return ""  # what lay there before syncd posted would be taken for it
    told = ", ".join([account, own.get("entry.asset", "''"), debit, credit, *names])
    return (
        f"SELECT {told} FROM {lines.source} AS e{looked_up} JOIN {head.source} AS v ON {on}"
        f" WHERE {account} IN ({accounts}) AND NOT EXISTS (SELECT 1 FROM syncd.posting AS p WHERE p.key = {key})"
        f" AND {at} >= ? ORDER BY {', '.join(names) or key} LIMIT ?"
    )


def _account(table: PhysicalTable, chart: LookupSpec) -> tuple[str, str]:
    """SQL of an entry's account, and the join that it needs where it is looked up; empty where no column tells."""
    looked_up = _column(table, f"{chart.name}(entry.account)", chart)
    if (account := _column(table, "entry.account")) or not looked_up:
        return account, ""
    return f"a.{chart.code}", f" JOIN {chart.table} AS a ON a.{chart.gives} = {looked_up}"


def account_lookup(accounts: str) -> Expression:
    """The expression that looks an entry's account up in the chart of accounts, and does no more."""
    return parse(f"{accounts}(entry.account)", ENTRY_SCOPE, {accounts.lower(): lookup_function(accounts)})


def _column(table: PhysicalTable, text: str, chart: LookupSpec | None = None) -> str:
    """The column of an entry that is given an expression; empty when there is none."""
    wanted = account_lookup(chart.name) if chart else parse(text, ENTRY_SCOPE)
    column = table.given(wanted)
    return f"e.{spelled(column)}" if column else ""
