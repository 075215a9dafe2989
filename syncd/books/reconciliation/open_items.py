"""What accounts hold by document, beside what the EAM says of it: one balance of the mapping at a time.

    the EAM's rows, in the order of the documents ──▶┐
                                                     ├──▶ what differs ──▶ why
    entries, added up by document where they lie ──▶┘

Both sides are added up document by document while they pass, so memory is flat. What is zero on a side and what is not
there at all are the same: a document that is paid off is open nowhere.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple

from syncd.books.reconciliation import checksums
from syncd.books.reconciliation.as_read import SEVERAL
from syncd.books.reconciliation.reconcile import Amounts, Difference, Weights, amounts, side_by_side
from syncd.books.reconciliation.sides import Eam, asset, finance_amount, settled
from syncd.dialects import SPELLINGS, Dialect
from syncd.mapping.language.blocks.balances import Balance
from syncd.mapping.layout.journal_query import Journal
from syncd.mapping.layout.layout import FinanceLayout
from syncd.money import ZERO
from syncd.ports import Ledger, Period

LOT_CODES: Final = 500
MONTH_CHARS: Final = 7
"""Of `2026-02-28` those that are its month."""
_NOTHING: Final = ", "


class Items(NamedTuple):
    """What is compared with what. The ledger is within `reading`; `periods` are those whose tables there are."""

    balance: Balance
    layout: FinanceLayout
    eam: Eam
    ledger: Ledger
    periods: Sequence[Period]


class ByHand(NamedTuple):
    """An entry of a document whose voucher no posting made: on which account, how the voucher is called, the code of
    its period or the month of its day, as far as finance tells."""

    code: str
    account: str
    voucher: str
    amount: Decimal
    period: str


Said = tuple[str, Amounts, str]
Part = tuple[str, ...]
"""A document and what `by` names."""


def weigh(items: Items) -> Weights:
    """Both sides in the order of the documents."""
    balance = items.balance
    weights = Weights(balance.by, balance.alert_above, partial(differences, balance.name))

    def in_order(dialect: Dialect, *given: Any) -> str:
        return checksums.rows_query(balance.query(dialect, *given), dialect, dialect, None)

    rows = map(partial(asset, balance), items.eam.rows(in_order))
    with closing(_entries(items)) as entries:
        finance = ((code, said) for code, said, _ in fold(entries) if _is_open(said))
        for code, one, other, key in side_by_side(fold(rows), finance):
            weights.take(code, one if one is not None and _is_open(one) else None, other, key)
    return weights


def fold(rows: Iterable[Said]) -> Iterator[Said]:
    """Rows in the order of their codes, added up by code; of each text the values that something is left of."""
    for code, group in groupby(rows, key=lambda row: row[0]):
        total: Decimal | None = ZERO
        parts: list[dict[str, Decimal]] = []
        keys: list[str] = []
        for _, said, key in group:
            amount = said.original_value
            total = None if total is None or amount is None else total + amount
            parts = parts or [defaultdict(Decimal) for _ in said.texts]
            for by_text, text in zip(parts, said.texts, strict=True):
                by_text[text] += amount or ZERO
            keys += [key] if key else []
        texts = tuple(_NOTHING.join(sorted(t for t, left in one.items() if left or total is None)) for one in parts)
        yield code, amounts((total, ZERO, ZERO), texts), SEVERAL.join(keys)


def _is_open(said: Amounts) -> bool:
    return said.original_value != ZERO or any(said.texts)


def folded(rows: Iterable[Said]) -> dict[str, Amounts]:
    """What is open by code, of rows in no order."""
    return {code: said for code, said, _ in fold(sorted(rows, key=lambda row: row[0])) if _is_open(said)}


def held(items: Items, codes: Sequence[str]) -> dict[str, Amounts]:
    """What the accounts hold of these documents."""
    lots = (list(codes[start : start + LOT_CODES]) for start in range(0, len(codes), LOT_CODES))
    return folded(row for lot in lots for row in _entries(items, lot))


def differences(
    name: str, code: str, eam: Amounts | None, finance: Amounts | None, by: Sequence[str] = ()
) -> Iterator[Difference]:
    """What a document differs in: the amount by the balance's name, the texts by theirs."""
    one, other = (ZERO if said is None else said.original_value for said in (eam, finance))
    if one != other or one is None:
        yield Difference(code, name, one, other)
    pairs = [() if said is None else said.texts for said in (eam, finance)]
    for field, text, said_there in zip(by, *[texts or ("",) * len(by) for texts in pairs], strict=True):
        if text != said_there and one == other:
            yield Difference(code, field, text, said_there)


def _entries(items: Items, codes: Sequence[str] | None = None) -> Generator[Said]:
    """Entries by document, in the order of the codes; already added up where the server can."""
    balance, dialect = items.balance, items.ledger.dialect
    texts = [f"t{i}" for i in range(len(balance.by))]
    names, selects, params = ["k", *texts], [], list[object]()
    for journal in journals(items):
        where = "{entry.account} IN (?*)" + ("" if codes is None else " AND {told} IN (?*)")
        selects.append(journal.select([*names, "d", "c"], where))
        params += [list(balance.accounts)] + ([] if codes is None else [list(codes)])
    listed = ", ".join(f"s.{name}" for name in names)
    rows = f"FROM ({' UNION ALL '.join(selects)}) AS s"
    order = f"ORDER BY {SPELLINGS[dialect].by_bytes('s.k')}"
    if dialect == "sqlite":
        sql = f"SELECT {listed}, s.d, s.c {rows} {order}"
    else:
        sql = f"SELECT {listed}, sum(s.d), sum(s.c) {rows} GROUP BY {listed} HAVING sum(s.d) <> sum(s.c) {order}"
    if selects:
        with closing(items.ledger.scan(sql, params)) as found:
            for code, *said, debit, credit in found:
                amount = settled(balance.sign * (finance_amount(debit) - finance_amount(credit)))
                texts_said = tuple(str(text).rstrip() for text in said)  # of a CHAR the blanks are padding
                yield str(code).rstrip(), amounts((amount, ZERO, ZERO), texts_said), ""


def by_hand(items: Items, codes: Sequence[str]) -> Iterator[ByHand]:
    """The entries of these documents whose vouchers no posting made; nothing where finance does not keep our key."""
    naming = ("voucher.period", "voucher.type", "voucher.label", "voucher.number", "voucher.id", "voucher.summary")
    fields = ["k", "entry.account", "d", "c", *naming, "voucher.date"]
    for journal in journals(items):
        if "own" not in journal.columns:
            continue
        where = "{entry.account} IN (?*) AND {told} IN (?*) AND {own} IS NULL"
        sql = journal.select(fields, where)
        with closing(items.ledger.scan(sql, (list(items.balance.accounts), list(codes)))) as found:
            for code, account, debit, credit, period, kind, label, number, own_id, summary, day in found:
                told = next((one for one in (label, number, own_id, summary) if one is not None), None)
                named = " ".join(str(part) for part in (period, kind, told) if part is not None)
                amount = items.balance.sign * (finance_amount(debit) - finance_amount(credit))
                yield ByHand(str(code).rstrip(), str(account), named, amount, str(period or day or "")[:MONTH_CHARS])


def ours(items: Items, codes: Sequence[str]) -> Iterator[tuple[str, Part, Decimal]]:
    """Of the entries of these documents that postings made: the posting's key, which part of a document, the amount."""
    texts = [f"t{i}" for i in range(len(items.balance.by))]
    for journal in journals(items):
        if "own" not in journal.columns:
            continue
        where = "{entry.account} IN (?*) AND {told} IN (?*) AND {own} IS NOT NULL"
        sql = journal.select(["own", "k", *texts, "d", "c"], where)
        with closing(items.ledger.scan(sql, (list(items.balance.accounts), list(codes)))) as found:
            for key, *part, debit, credit in found:
                amount = items.balance.sign * (finance_amount(debit) - finance_amount(credit))
                yield str(key), tuple(str(text).rstrip() for text in part), amount


def journals(items: Items) -> list[Journal]:
    """How the entries are read, the document as `k` and what `by` names as `t0` …, as texts; `told` is the document as
    a condition finds it, `own` the key of the posting that made the voucher."""
    balance, dialect = items.balance, items.ledger.dialect
    found = []
    for journal in items.layout.journals(items.periods) or ():
        columns, joins = dict(journal.columns), dict(journal.joins)
        if key := columns.get("voucher.key"):
            as_ours = f"CAST({key} AS CHAR)" if dialect == "mysql" else SPELLINGS[dialect].as_text(key)
            joins["p"] = f" LEFT JOIN syncd.posting AS p ON p.key = {as_ours}"
            columns["own"] = "p.key"
            columns.setdefault("posting.subject", "p.subject")
        told_by = "posting.subject" if balance.told_by == "voucher.key" else balance.told_by
        columns["told"] = _text(dialect, columns[told_by])
        columns["k"] = f"{columns['told']} AS k"
        columns |= {
            f"t{i}": f"{_text(dialect, columns[f'entry.{dim}'.lower()])} AS t{i}" for i, dim in enumerate(balance.by)
        }
        columns |= {"d": f"{columns['entry.debit']} AS d", "c": f"{columns['entry.credit']} AS c"}
        found.append(journal._replace(joins=joins, columns=columns))
    return found


def _text(dialect: Dialect, sql: str) -> str:
    """A text that is the same as another by its bytes, empty where there is none."""
    bare = f"coalesce({SPELLINGS[dialect].as_text(sql)}, '')"
    return f"{bare} COLLATE utf8mb4_bin" if dialect == "mysql" else bare
