"""What a rule may ask of a row that opens a card: whether its amount is far from its class's, as `syncd warnings` would
say of it, by the cards as they stand; and whether it was committed at odd hours. The log decides: the cards of a batch
count as they are by then, whatever its bounds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Final

from syncd.posting import Fields
from syncd.spread import Spread

CLASS: Final = "class"
VALUE: Final = "original_value"
"""The card fields by which a card is held against those of its class."""


def values_of(class_: str, cards: Iterable[tuple[str, Fields]]) -> Iterator[tuple[str, Decimal]]:
    """By asset code the values of those cards that are of a class."""
    for code, fields in cards:
        value = fields.get(VALUE)
        if fields.get(CLASS) == class_ and isinstance(value, Decimal):
            yield code, value


def far(kind: str, value: Decimal, known: Mapping[str, Decimal], cards: Mapping[str, Fields | None], class_: str,
        outlier: float) -> bool:  # fmt: skip
    """Whether a value is `far_amount`, or `tenfold` where a point that has slipped explains it. `known` are the class's
    cards as finance has them, `cards` those that the batch has looked at or written."""
    own = dict(values_of(class_, ((code, fields) for code, fields in cards.items() if fields)))
    spread = Spread()
    for code, other in known.items():
        if code not in cards:
            spread.add(other)
    for other in (*own.values(), value):
        spread.add(other)
    found = spread.distance(value)
    return found is not None and abs(found.deviations) > outlier and bool(found.places) == (kind == "tenfold")


def is_odd(at: datetime, hours: str, weekdays: str) -> bool:
    """Whether a moment, on the clock of the books, lies outside working time: `07:00-21:00`, `1-6`."""
    opens, closes = (time.fromisoformat(text) for text in hours.split("-"))
    first, last = (int(text) for text in weekdays.split("-"))
    return not (first <= at.isoweekday() <= last and opens <= at.time() <= closes)
