"""What comes from the EAM beside cards: rows of the mirror as the mapping reads them, meters and shares. What has no
value, by an expression or by what stands in the row, is a fault of the asset that the row is of, and stops nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import closing, suppress
from decimal import Decimal
from typing import Any, Final, NamedTuple

from syncd import statements
from syncd.books.depreciation import plan as plans
from syncd.change import Malformed, Row, Table, Unchanged, Value, join_key
from syncd.desk import uncomputed
from syncd.mapping.language.blocks.depreciation import Depreciation
from syncd.mapping.language.blocks.readings import Reading
from syncd.mapping.program.failure import INCALCULABLE, incalculable
from syncd.money import ZERO
from syncd.ports import Ledger
from syncd.record import decode_row, has_marks

SQL: Final = statements.load("syncd.books.depreciation", "terms.sql")
UNREADABLE: Final = (*INCALCULABLE, TypeError, ValueError, AttributeError)
"""What an expression raises that is given the mark of a value which is none."""


class Fault(NamedTuple):
    """Why an asset's depreciation cannot be computed: a code of the message catalogue, and what fills it in."""

    code: str
    params: Mapping[str, str]


def no_value(error: Exception) -> Fault:
    """Why an expression of the mapping has no value, as the fault of the asset that it is of."""
    why = incalculable(error)
    return Fault(f"depreciation_{why.code}", why.params)


class Sources(NamedTuple):
    """What comes from the EAM beside cards: work by asset and month, and shares by asset; and the assets of which a row
    cannot be read, or a month is posted in part."""

    work: Mapping[str, Mapping[int, Decimal]]
    shares: Mapping[str, Sequence[tuple[str, Decimal]]]
    faults: Mapping[str, Fault] = {}


def read(ledger: Ledger, pipeline: str, meaning: Depreciation, tables: Mapping[str, Table]) -> Sources:
    """Meter rows and shares, as the mirror has them; an asset of which a month is posted in part owes no more until
    that is mended."""
    work: dict[str, dict[int, Decimal]] = {}
    faults: dict[str, Fault] = {}
    for asset, period, units in _read_by(ledger, pipeline, meaning.meter, tables):
        if fault := _first_fault(asset, period, units):
            faults[asset] = fault
        elif _are_known(asset, period, units):
            try:
                month = plans.month_read(period)
            except ValueError:
                faults[asset] = Fault("depreciation_meter", {"value": period})
                continue
            months = work.setdefault(asset, {})
            months[month] = months.get(month, ZERO) + units
    shares: dict[str, list[tuple[str, Decimal]]] = {}
    for asset, department, percent in sorted(_read_by(ledger, pipeline, meaning.shares, tables), key=str):
        if fault := _first_fault(asset, department, percent):
            faults[asset] = fault
        elif _are_known(asset, department, percent) and percent:
            shares.setdefault(asset, []).append((department, percent))
    faults |= {one.asset: Fault(one.code, one.params) for one in uncomputed.in_part(ledger, pipeline)}
    return Sources(work, shares, faults)


def _first_fault(asset: object, *said: object) -> Fault | None:
    """What of a row cannot be read, where it is known whose it is."""
    faults = (one for one in said if isinstance(one, Fault))
    return next(faults, None) if isinstance(asset, str) else None


def _are_known(*said: object) -> bool:
    return not any(one is None or isinstance(one, Fault) for one in said)


def said_by(
    ledger: Ledger, pipeline: str, reading: Reading | None, tables: Mapping[str, Table], *given: Value,
    skip: Set[str] = frozenset(),
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    """What the rows of a mirrored table say, with the given values, None for what has no value, but for those of the
    keys that are skipped; nothing where no table is read."""
    for said in _read_by(ledger, pipeline, reading, tables, *given, skip=skip):
        yield tuple(None if isinstance(one, Fault) else one for one in said)


def computed_by(
    ledger: Ledger, pipeline: str, reading: Reading, tables: Mapping[str, Table], *given: Value
) -> Iterator[tuple[Any, ...]]:
    """The same; raises what INCALCULABLE names for what has no value."""
    for rows in _rows_by(ledger, pipeline, reading, tables):
        yield reading.of(*rows, *given)


def _read_by(
    ledger: Ledger, pipeline: str, reading: Reading | None, tables: Mapping[str, Table], *given: Value,
    skip: Set[str] = frozenset(),
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    """The same with a Fault for what has no value."""
    if reading is not None:
        for rows in _rows_by(ledger, pipeline, reading, tables, skip):
            yield _valued(reading, rows, given)


def _rows_by(
    ledger: Ledger, pipeline: str, reading: Reading, tables: Mapping[str, Table], skip: Set[str] = frozenset()
) -> Iterator[Sequence[Row]]:
    """Each row of a mirrored table with those that it joins."""
    joined: dict[str, Mapping[str, Row]] = {
        alias: dict(images(ledger, pipeline, tables[alias])) for alias, _ in reading.joins
    }
    for row_key, row in images(ledger, pipeline, tables[reading.alias]):
        if row_key in skip:
            continue
        rows: list[Row] = [row]
        for alias, key in reading.joins:
            rows.append(_joined(joined[alias], key, rows) or (None,) * len(tables[alias].columns))
        yield rows


def _joined(joined: Mapping[str, Row], key: Callable[..., tuple[Value, ...]], rows: Sequence[Row]) -> Row | None:
    try:
        return joined.get(join_key(key(*rows)))
    except UNREADABLE:
        return None


def _valued(reading: Reading, rows: Sequence[Row], given: Sequence[Value]) -> tuple[Any, ...]:
    if not any(map(has_marks, rows)):
        with suppress(*INCALCULABLE):
            return reading.of(*rows, *given)
    return tuple(_value(one, rows, given) for one in reading.each)


def _value(of: Callable[..., tuple[Any, ...]], rows: Sequence[Row], given: Sequence[Value]) -> Any:
    """One value of a row that not all of can be read."""
    try:
        (value,) = of(*rows, *given)
    except INCALCULABLE as error:
        return no_value(error)
    except UNREADABLE:
        value = next((one for row in rows for one in row if isinstance(one, Malformed)), None)
    if isinstance(value, Malformed):
        return Fault("depreciation_unreadable", {"raw": value.raw, "reason": value.reason})
    return None if isinstance(value, Unchanged) else value


def images(ledger: Ledger, pipeline: str, table: Table) -> Iterator[tuple[str, Row]]:
    """A table's rows as the mirror has them, in flat memory: nothing else is asked until the last is read."""
    with closing(ledger.scan(SQL["images"], (pipeline, table.alias))) as rows:
        for key, image in rows:
            yield str(key), decode_row(table, str(image))
