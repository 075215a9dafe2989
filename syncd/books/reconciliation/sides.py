"""Both sides of a reconciliation as they lie: compared by checksums where both have a server, else row by row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from syncd.books.reconciliation import checksums
from syncd.books.reconciliation.checksums import PLACES_MAX, Part, Shape
from syncd.books.reconciliation.reconcile import NONE, Amounts, Control, Unreadable, Weights, amounts, side_by_side
from syncd.change import join_key
from syncd.dialects import SPELLINGS, Dialect
from syncd.errors import Halt
from syncd.mapping.expression.parse import RUNTIME, ExpressionError
from syncd.mapping.language.blocks.measures import FIELDS, OF_TABLE, Measures
from syncd.mapping.language.blocks.source_sql import Reach
from syncd.mapping.language.blocks.source_sql import Unreadable as Texts
from syncd.mapping.layout.journal_query import AMOUNTS
from syncd.mapping.layout.layout import FinanceLayout
from syncd.money import CENT, EXACT, ZERO, at_most, decimal, is_money
from syncd.ports import Ledger, Period

READ_SHARE: Final = 4
"""Where more than one part in so many differs, both sides are read as a whole: that is done in one go."""
LOT_CARDS: Final = 1_000
Rows = Iterator[Sequence[Any]]


class Eam(Protocol):
    """The EAM at one moment, see `connector.Scan`."""

    @property
    def dialect(self) -> Dialect: ...
    @property
    def at(self) -> datetime: ...
    @property
    def rows(self) -> Callable[..., Rows]: ...


class NoChecksums(Exception):
    """One of the sides cannot compute them, or not exactly."""


class Sides(NamedTuple):
    """What is compared with what. The ledger is within `reading`."""

    measures: Measures
    layout: FinanceLayout
    eam: Eam
    ledger: Ledger

    @property
    def shape(self) -> Shape:
        """What both say of an asset."""
        return Shape(len(FIELDS), len(self.measures.by), bool(self.measures.tables))


def unreadable(eam: Eam, compared: "Asked") -> list[Unreadable]:
    """The EAM's rows that hold a text where an amount is to be, the first of each column."""
    asked: list[Any] = []

    def first(*given: Any) -> str:
        asked.extend(compared.unreadable(*given))
        return "SELECT 1"

    list(eam.rows(first))
    return [
        Unreadable(u.table, join_key(row[:-1]), u.column, str(row[-1]))
        for u in asked
        for row in eam.rows(lambda *_, query=u.query: query)
    ]


def by_rows(sides: Sides) -> Weights:
    """Both sides in order of the asset code, held against each other like two sorted piles of paper."""
    measures, layout, ledger = sides.measures, sides.layout, sides.ledger
    weights = Weights(measures.by, measures.alert_above)
    counts = _condition(measures.cards)

    def in_order(dialect: Dialect, *given: Any) -> str:
        return checksums.rows_query(measures.query(dialect, *given), dialect, dialect, None)

    eam = map(partial(_asset, sides.shape), sides.eam.rows(in_order))
    with closing(ledger.scan(cards_query(layout, ledger.dialect))) as held:
        cards = ((str(row[0]), layout.card_row(row)) for row in held)
        for pair in side_by_side(eam, ((code, card_amounts(measures, card)) for code, card in cards if counts(card))):
            weights.take(*pair)
    return weights


def by_checksums(sides: Sides) -> Weights:
    """As `by_rows`, but only what differs is read. Raises NoChecksums."""
    there, here = sides.eam.dialect, sides.ledger.dialect
    if not {there, here} <= checksums.HASHED:
        raise NoChecksums
    select, shape, measures = finance_select(sides), sides.shape, sides.measures

    def eam(make: Callable[[str], str]) -> Rows:
        return sides.eam.rows(lambda *given: make(measures.query(*given)))

    def eam_parts() -> Mapping[int, Part]:
        return checksums.read(list(eam(lambda query: checksums.parts_query(query, there, here, shape))))

    weights = Weights(measures.by, measures.alert_above)
    try:
        with ThreadPoolExecutor(1) as beside:
            asked = beside.submit(eam_parts)
            cards = checksums.read(sides.ledger.query(checksums.parts_query(select, here, there, shape)))
            assets = asked.result()
    except (Halt, TypeError) as error:
        raise NoChecksums from error
    parts = checksums.differing(assets, cards)
    for part in set(assets) - set(parts):
        weights.assets += assets[part].rows
    for said in assets.values():
        weights.eam += amounts(said.sums)
    for said in cards.values():
        weights.finance += amounts(said.sums)
    _add_groups(sides, weights, eam, select)
    if parts:
        wanted = parts if len(parts) * READ_SHARE < checksums.PARTS else None
        weights.assets *= wanted is not None
        rows = eam(lambda query: checksums.rows_query(query, there, here, wanted))
        ours = partial(_card, shape)
        with closing(sides.ledger.scan(checksums.rows_query(select, here, there, wanted))) as held:
            for code, one, other, key in side_by_side(map(partial(_asset, shape), rows), map(ours, held)):
                weights.assets += 1
                weights.judge(code, one, other, key)
    return weights


def _add_groups(sides: Sides, weights: Weights, eam: Callable[[Callable[[str], str]], Rows], select: str) -> None:
    for i, field in enumerate(sides.measures.by):
        totals = partial(checksums.totals_query, shape=sides.shape, text=i)
        for text, _, *sums in eam(totals):
            weights.add_group(field, text or "", amounts(map(checksums.exact, sums)), NONE)
        for value, _, *held in sides.ledger.query(totals(select)):
            weights.add_group(field, str(value or ""), NONE, amounts(map(checksums.exact, held)))


def finance_select(sides: Sides) -> str:
    """The cards in SQL. Raises NoChecksums where the condition on them has none."""
    measures, dialect = sides.measures, sides.ledger.dialect
    try:
        condition = measures.kept.sql(dialect) if measures.kept else ""
    except ExpressionError as error:
        raise NoChecksums from error
    return sides.layout.compared_query(dialect, FIELDS, measures.by, condition)


def cards_query(layout: FinanceLayout, dialect: Dialect) -> str:
    """All cards in the order of their codes' bytes."""
    return f"{layout.all_cards_query()} ORDER BY {SPELLINGS[dialect].by_bytes(layout.reads['asset_code'])}"


def cards_of(measures: Measures, layout: FinanceLayout, ledger: Ledger, codes: Sequence[str]) -> dict[str, Amounts]:
    """The cards of these assets that count, as they stand."""
    counts, query = _condition(measures.cards), "IN (?*)".join(layout.card_query().rsplit("= ?", 1))
    lots = (list(codes[start : start + LOT_CARDS]) for start in range(0, len(codes), LOT_CARDS))
    rows = (row for lot in lots for row in ledger.query(query, (lot,)))
    cards = ((str(row[0]), layout.card_row(row)) for row in rows)
    return {code: card_amounts(measures, card) for code, card in cards if counts(card)}


def card_amounts(measures: Measures, card: Mapping[str, Any]) -> Amounts:
    """What a card says."""
    texts = tuple(str(card.get(field) or "") for field in measures.by)
    return amounts((card.get(field) or ZERO for field in FIELDS), texts)


class Asked(Protocol):
    """What the EAM is asked: `Measures`, or one of the balances."""

    @property
    def on(self) -> str: ...
    @property
    def judged(self) -> str: ...
    @property
    def by(self) -> tuple[str, ...]: ...
    @property
    def query(self) -> Callable[..., str]: ...
    @property
    def unreadable(self) -> Callable[..., Sequence[Texts]]: ...
    @property
    def reaches(self) -> Callable[..., Sequence[Reach]]: ...


def asset(measures: Asked, row: Sequence[Any]) -> tuple[str, Amounts, str]:
    """A row of the statement: code, what it says, the key of its row."""
    return _asset(Shape(len(FIELDS), len(measures.by)), row)


def controls(sides: Sides, periods: Sequence[Period], cards: Amounts) -> Iterator[Control]:
    """Debit balances for the original value, credit balances for what reduces it. Raises Uncontrolled where the layout
    does not tell how entries are read back."""
    for field, accounts in sides.measures.accounts.items():
        debit = balance(sides.ledger, sides.layout, periods, accounts)
        yield Control(field, accounts, debit if field == FIELDS[0] else -debit, getattr(cards, field) or ZERO)


class Uncontrolled(Exception):
    """The layout does not tell how entries are read back."""


def balance(ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period], accounts: Sequence[str]) -> Decimal:
    """What accounts hold, debit less credit, added up where it lies if the server can. Raises Uncontrolled."""
    journals = layout.journals(periods)
    if not journals:
        raise Uncontrolled
    total = ZERO
    for journal in journals:
        sql = journal.select(["entry.debit", "entry.credit"], "{entry.account} IN (?*)")
        if ledger.dialect in checksums.HASHED:
            amounts = {field: f"sum({sql})" for field, sql in journal.columns.items() if field in AMOUNTS}
            summed = journal._replace(columns={**journal.columns, **amounts})
            sql = summed.select(AMOUNTS, "{entry.account} IN (?*)")
        with closing(ledger.scan(sql, (list(accounts),))) as entries:
            for debit, credit in entries:
                total += finance_amount(debit) - finance_amount(credit)
    return settled(total)


def settled(total: Decimal) -> Decimal:
    """A balance with no more places than it means."""
    rounded = at_most(total, PLACES_MAX) or ZERO
    return rounded.quantize(CENT, context=EXACT) if is_money(rounded) else rounded


def finance_amount(value: object) -> Decimal:
    """What finance gave, nothing where it gave nothing."""
    return ZERO if value is None else decimal(value)


def _asset(shape: Shape, row: Sequence[Any]) -> tuple[str, Amounts, str]:
    code, *said = row
    values = [_read(amount) for amount in said[: shape.amounts]]
    texts = tuple("" if text is None else str(text) for text in said[shape.amounts :][: shape.texts])
    key = said[shape.amounts + shape.texts :]
    return str(code), amounts(values, texts), _key(shape, [str(part) for part in key if part is not None])


def _key(shape: Shape, parts: Sequence[str]) -> str:
    """A row's key as the mirror has it, behind the number of its table where there are several."""
    if shape.is_several and parts:
        return f"{parts[0]}{OF_TABLE}{join_key(parts[1:])}" if parts[1:] else ""
    return join_key(parts) if parts else ""


def _read(amount: object) -> Decimal | None:
    """None for what is no number, as `NaN` is on PostgreSQL."""
    if amount is None or (isinstance(amount, Decimal) and not amount.is_finite()):
        return None
    return decimal(amount)


def _card(shape: Shape, row: Sequence[Any]) -> tuple[str, Amounts]:
    code, said, _ = _asset(shape, row)
    return code, said


def _condition(source: str) -> Callable[[Mapping[str, Any]], bool]:
    """The mapping's condition on a card, as a function."""
    if not source:
        return lambda card: True
    scope = dict(RUNTIME)
    exec(f"def counts(card):\n    return {source}", scope)
    return scope["counts"]  # type: ignore[return-value]
