"""Which column of a table is what: each is one thing, and each thing one column, the most likely pairs first."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from syncd.init.seen.guess import Guess, Why
from syncd.init.seen.likeness import column_likeness, is_money, words
from syncd.init.seen.schema import Column, Table

LEAST: Final = 0.55
ROWS_MIN: Final = 20
"""With fewer, a value that they all have may be an accident."""
_DOCUMENT: Final = re.compile(r"(?=.*[^\W\d_])(?=.*\d{3}).{6,}|\d{8,}")
"""The number of a document: letters beside digits, or many of these."""
_CENTS: Final = frozenset({"cent", "cents", "fen", "rappen", "pfennig", "paisa"})
_NO_CENTS: Final = frozenset({"部分", "积分", "评分", "百分", "区分", "划分", "成分", "得分"})
"""Names that end in the same sign and speak of parts or points."""
NUMBERS: Final = frozenset({"integer", "decimal", "float"})
DAYS: Final = frozenset({"date", "timestamp", "text", "integer"})
SORTS: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset({"integer", "text"}),
    "type": frozenset({"text", "integer"}),
    "summary": frozenset({"text"}),
    "key": frozenset({"text"}),
    "name": frozenset({"text"}),
    "prepared_by": frozenset({"text"}),
    "attachments": frozenset({"integer"}),
    "line": frozenset({"integer"}),
    "year": frozenset({"integer", "text"}),
    "month": frozenset({"integer", "text"}),
    "period": frozenset({"integer", "text"}),
    "date": DAYS,
    "event_date": DAYS,
    "created": frozenset({"date", "timestamp"}),
    "first": DAYS,
    "last": DAYS,
    "approved_on": DAYS,
    "acquired_on": DAYS,
    "acquired_month": DAYS,
    "disposed_on": DAYS,
    "status": frozenset({"text", "integer", "boolean"}),
    "life_months": NUMBERS | {"text"},
    "residual_rate": NUMBERS | {"text"},
    "method": frozenset({"text", "integer"}),
}
OF_ARRAYS: Final = frozenset({"dept", "class", "supplier", "project", "workshop"})
"""What the first element of an array may be."""
AMOUNTS: Final = frozenset(
    {
        "debit",
        "credit",
        "amount",
        "debit_total",
        "credit_total",
        "original_value",
        "accumulated_depreciation",
        "impairment",
        "vat",
    }
)


def assigned(
    table: Table | Iterable[Column], concepts: Iterable[str], least: float = LEAST
) -> dict[str, tuple[Column, float]]:
    """Concept → its column and how likely that is."""
    pairs = sorted(
        (
            (score, -place, -order, concept, column)
            for order, concept in enumerate(concepts)
            for place, column in enumerate(table)
            if (score := fits(column, concept)) >= least
        ),
        key=lambda pair: pair[:3],
        reverse=True,
    )
    found: dict[str, tuple[Column, float]] = {}
    taken: set[str] = set()
    for score, _, _, concept, column in pairs:
        if concept not in found and column.name not in taken:
            found[concept] = column, score
            taken.add(column.name)
    return found


def fits(column: Column, concept: str) -> float:
    """How likely a column is this, by its name, its type and what it holds."""
    score = column_likeness(column, concept)
    if not score or (column.type.endswith("[]") and concept not in OF_ARRAYS):
        return 0.0
    if concept == "document" and "status" in column.name.lower():
        return 0.0
    sorts = SORTS.get(concept)
    if sorts is not None and column.sort not in sorts:
        return 0.0
    if concept in AMOUNTS and not is_money(column):
        return 0.0
    if concept in (
        "date",
        "approved_on",
        "acquired_on",
        "first",
        "last",
        "event_date",
        "acquired_month",
        "disposed_on",
    ):
        return score if is_day(column) else 0.0
    return score


def in_cents(column: Column) -> bool:
    """Whether whole numbers count hundredths, by the name."""
    is_cents = _CENTS & set(words(column.name)) or (column.name.endswith("分") and column.name[-2:] not in _NO_CENTS)
    return column.sort == "integer" and bool(is_cents)


def in_money(text: str, column: Column) -> str:
    """An expression that reads an amount, as money. A server of the EAM may have to compute it, and not all divide."""
    return f"{text} * 0.01" if in_cents(column) else text


def is_day(column: Column) -> bool:
    """Whether a column holds days: by its type, or texts and numbers that read as days."""
    if column.sort in ("date", "timestamp"):
        return True
    return column.sort in ("text", "integer") and column.is_filled and day_form(column) != ""


def is_no_day(value: object) -> bool:
    """NULL, or what stands for it among days: an empty text, a zero date."""
    return value is None or not str(value).strip(" 0-/.:")


def day_form(column: Column) -> str:
    """The `strptime` pattern of days that are kept as text or as a number, zero dates aside; `epoch` for seconds; empty
    where they are none, or the database's own."""
    from datetime import datetime

    texts = [text for text in column.counts if not is_no_day(text)][:50]
    if (
        column.sort == "integer"
        and texts
        and all(text.isdigit() and 5e8 < int(text) < 4e9 and len(text) == 10 for text in texts)
    ):
        return "epoch"
    for pattern in (
        "%Y%m%d",
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%Y.%m.%d",
        "%Y年%m月%d日",
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
    ):
        try:
            for text in texts:
                datetime.strptime(text, pattern)
        except ValueError:
            continue
        if texts and all(1950 <= datetime.strptime(text, pattern).year <= 2100 for text in texts):
            return pattern
    return ""


def literal(column: Column, text: str) -> str:
    """A value of the sample as an expression."""
    value = column.example(text)
    if column.sort == "boolean":
        return "true" if str(value).lower() in ("true", "1", "b'\\x01'", "t") else "false"
    if column.sort in ("integer", "decimal", "float") and not isinstance(value, str):
        return text
    return "'" + text.replace("'", "''") + "'"


def told_by_few(column: Column) -> float | None:
    """How sure it is that what all rows of a column hold is to stand in every new one: whether it is always so, a few
    rows cannot tell. None for what names one thing, as an order or an invoice, and may as well be left out."""
    if not column.required and _DOCUMENT.search(column.usual[0]):
        return None
    return 0.85 if column.required or len(column.values) >= ROWS_MIN else 0.4


def filler(column: Column, day: str) -> Guess | None:
    """What a column is given of which nothing is known: what all its rows hold, or most, or what its type takes. None
    where it may as well stay empty."""
    usual, share = column.usual
    if (
        usual
        and share == 1.0
        and len(column.values) > 1
        and len(column.counts) == 1
        and column.sort not in ("date", "timestamp")
    ):
        sure = told_by_few(column)
        why = Why("init_why_only", {"rows": len(column.values)})
        return None if sure is None else Guess(literal(column, usual), sure, (why,))
    if not column.required:
        return None
    is_money = column.sort in ("decimal", "float")
    if usual and share > 0.5 and not is_money and column.sort not in ("date", "timestamp"):
        return Guess(literal(column, usual), 0.3 + 0.3 * share, (Why("init_why_most", {"share": f"{share:.0%}"}),))
    empty = {"date": day, "timestamp": day, "boolean": "false", "integer": "0", "decimal": "0.00", "float": "0.00"}
    return Guess(empty.get(column.sort, "''"), 0.2, (Why("init_why_required"),))
