"""Every figure for an asset and a date: what its card writes came to by then.

The record has the writes in order, each with the day of its voucher. A write that made a voucher counts from that day
on, so the figures are those of the ledger on the same day. What came without one before any voucher was in the ledger
already: an opening, which counts from the beginning. Pages, reports and closing checks ask here and nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

from syncd.change import Kind
from syncd.mapping.expression.parse import RUNTIME
from syncd.money import ZERO
from syncd.posting import Fields
from syncd.record import decode_value

BEGINNING: Final = date.min
"""Since when openings count."""
FIELDS: Final = ("original_value", "accumulated_depreciation", "impairment")
Movement = Literal[
    "opening", "added", "changed", "charged", "impaired", "moved_in", "moved_out", "removed", "corrected"
]
Place = tuple[str, ...]
"""Department, class and so on: the values of the card fields by which amounts are grouped."""
NOWHERE: Final = ""


class Amounts(NamedTuple):
    """In yuan: what assets cost, what of it is depreciated, what is impaired."""

    original_value: Decimal = ZERO
    accumulated_depreciation: Decimal = ZERO
    impairment: Decimal = ZERO

    @property
    def net_value(self) -> Decimal:
        """净值: original value less accumulated depreciation."""
        return self.original_value - self.accumulated_depreciation

    @property
    def carrying_amount(self) -> Decimal:
        """账面价值: net value less impairment."""
        return self.net_value - self.impairment

    def plus(self, other: "Amounts") -> "Amounts":
        """Field by field."""
        cost, worn, impaired = self
        return Amounts(cost + other[0], worn + other[1], impaired + other[2])

    def less(self, other: "Amounts") -> "Amounts":
        """Field by field."""
        cost, worn, impaired = self
        return Amounts(cost - other[0], worn - other[1], impaired - other[2])


NOTHING: Final = Amounts()


class Write(NamedTuple):
    """A write to a card, as its posting has it. `day` is that of its voucher, None where it made none; `voucher` is
    what finance calls it; `cancels` says that the voucher takes an earlier one back; `movement` is the kind of change
    that it names, or empty."""

    asset: str
    fields: Mapping[str, object]
    day: date | None
    committed_on: date
    rule: str
    voucher: str
    cancels: bool
    movement: str = ""


class Step(NamedTuple):
    """What a write did to the amounts of one place."""

    asset: str
    place: Place
    day: date
    kind: Movement
    amounts: Amounts
    rule: str
    voucher: str
    movement: str = ""


class Cards(NamedTuple):
    """How cards are read: the kinds of their fields, which count (a condition), and the fields that make a place."""

    kinds: Mapping[str, Kind]
    counts: Callable[[Fields], Any]
    places: Sequence[str]


class Line(NamedTuple):
    """What an asset, or a group of them, came to over a span of days. `year_to_date` is the depreciation charged since
    the year began."""

    opening: Amounts
    moved: Mapping[Movement, Amounts]
    closing: Amounts
    year_to_date: Decimal

    def of(self, *kinds: Movement) -> Amounts:
        """What moved, of these kinds."""
        total = NOTHING
        for kind in kinds:
            total = total.plus(self.moved.get(kind, NOTHING))
        return total


class Figures(NamedTuple):
    """The figures of a span: by asset and place what was there before and what the year had charged by then, the steps
    within the span in order, and each card as it stands at the end of the span, by asset."""

    openings: Mapping[tuple[str, Place], tuple[Amounts, Decimal]]
    steps: Sequence[Step]
    cards: Mapping[str, Fields]

    def by(self, key: Callable[[str, Place], Any]) -> dict[Any, Line]:
        """Lines by what a key makes of asset and place. What moved between two places of one line did not move."""
        opening: dict[Any, Amounts] = {}
        charged: dict[Any, Decimal] = {}
        moved: dict[Any, dict[Movement, Amounts]] = {}
        for (asset, place), (before, worn) in self.openings.items():
            which = key(asset, place)
            opening[which] = opening.get(which, NOTHING).plus(before)
            charged[which] = charged.get(which, ZERO) + worn
        for step, next_step in pairwise([*self.steps, None, None]):
            if step is None:
                continue
            which = key(step.asset, step.place)
            here = moved.setdefault(which, {})
            here[step.kind] = here.get(step.kind, NOTHING).plus(step.amounts)
            is_within = step.kind == "moved_out" and next_step is not None and key(step.asset, next_step.place) == which
            if is_within:
                here["moved_out"] = here["moved_out"].less(step.amounts)
                here["moved_in"] = here.get("moved_in", NOTHING).plus(step.amounts)
            if step.kind == "charged":
                charged[which] = charged.get(which, ZERO) + step.amounts.accumulated_depreciation
        lines = {}
        for which in dict.fromkeys([*opening, *moved]):
            before, within = opening.get(which, NOTHING), moved.get(which, {})
            closing = before
            for amounts in within.values():
                closing = closing.plus(amounts)
            if within or any(before):
                lines[which] = Line(before, within, closing, charged.get(which, ZERO))
        return lines

    def assets(self) -> dict[str, Line]:
        """By asset."""
        return self.by(lambda asset, place: asset)

    @property
    def total(self) -> Line:
        """All of them."""
        return self.by(lambda asset, place: None).get(None, Line(NOTHING, {}, NOTHING, ZERO))


def condition(source: str) -> Callable[[Fields], Any]:
    """A mapping's condition on a card, as a function; all cards count where it is empty."""
    if not source:
        return lambda card: True
    scope = dict(RUNTIME)
    exec(f"def holds(card):\n    return {source}", scope)
    return scope["holds"]  # type: ignore[return-value]


def figures(writes: Iterable[Write], cards: Cards, first: date, last: date) -> Figures:
    """What the writes came to between two days, both inclusive. Memory grows with the cards and the span's steps, not
    with the years before."""
    new_year = first.replace(month=1, day=1)
    openings: dict[tuple[str, Place], tuple[Amounts, Decimal]] = {}
    steps: list[Step] = []
    state = _Cards(cards, last)
    for write in writes:
        for step in state.take(write):
            if step.day > last:
                continue
            if step.day >= first:
                steps.append(step)
                continue
            before, worn = openings.get((step.asset, step.place), (NOTHING, ZERO))
            if step.kind == "charged" and step.day >= new_year:
                worn += step.amounts.accumulated_depreciation
            openings[step.asset, step.place] = before.plus(step.amounts), worn
    return Figures(openings, steps, state.shown)


def at(writes: Iterable[Write], cards: Cards, day: date) -> dict[str, Amounts]:
    """What each asset that is in the books comes to at the end of a day."""
    assets = figures(writes, cards, day, day).assets()
    return {asset: line.closing for asset, line in assets.items() if any(line.closing)}


class _Held:
    """A card while its writes are taken in order: its fields, and what they came to when it was last looked at."""

    __slots__ = ("amounts", "fields", "place")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.amounts: Amounts | None = None
        self.place: Place | None = None


class _Cards:
    """The cards while their writes are taken in order."""

    def __init__(self, cards: Cards, last: date) -> None:
        self._kinds, self._counts, self._places = cards
        self._last = last
        self._held: dict[str, _Held] = {}
        self._known: set[str] = set()
        self.shown: dict[str, Fields] = {}

    def take(self, write: Write) -> Iterator[Step]:
        """What a write does; nothing where it touches no amount that counts, and no place."""
        card = self._held.get(write.asset) or self._held.setdefault(write.asset, _Held())
        fresh = {f: decode_value(self._kinds.get(f, Kind.TEXT), v) for f, v in write.fields.items()}
        day = self._day(write)
        self._show(write.asset, card, fresh, day)
        card.fields.update(fresh)
        was, at = card.amounts, card.place
        now, to = self._amounts(card.fields), self._place(card.fields)
        card.amounts, card.place = now, to
        at = to if at is None else at
        if at != to and was is not None and now is not None and any(was):
            yield self._step(write, at, day, "moved_out", NOTHING.less(was))
            yield self._step(write, to, day, "moved_in", was)
            at = to
        change = (now or NOTHING).less(was or NOTHING)
        if any(change):
            kind = self._kind(write, was, now, change, day)
            yield self._step(write, to if now is not None else at, day, kind, change)

    def _show(self, asset: str, card: _Held, fresh: Mapping[str, Any], day: date) -> None:
        """A card as it stands at the end of the span is the one that is held, until a write comes that is later."""
        shown = self.shown.get(asset)
        if day <= self._last:
            if shown is None:
                self.shown[asset] = card.fields if not card.fields else {**fresh}
            elif shown is not card.fields:
                self.shown[asset] = {**shown, **fresh}
        elif shown is card.fields:
            self.shown[asset] = dict(shown)

    def _day(self, write: Write) -> date:
        if write.day is not None:
            self._known.add(write.asset)
            return write.day
        return write.committed_on if write.asset in self._known else BEGINNING

    def _amounts(self, card: Fields) -> Amounts | None:
        """None for a card that does not count."""
        if not self._counts(card):
            return None
        return Amounts(*(v if isinstance(v := card.get(field), Decimal) else ZERO for field in FIELDS))

    def _place(self, card: Fields) -> Place:
        return tuple(NOWHERE if (value := card.get(field)) is None else str(value) for field in self._places)

    @staticmethod
    def _step(write: Write, place: Place, day: date, kind: Movement, amounts: Amounts) -> Step:
        return Step(write.asset, place, day, kind, amounts, write.rule, write.voucher, write.movement)

    @staticmethod
    def _kind(write: Write, was: Amounts | None, now: Amounts | None, change: Amounts, day: date) -> Movement:
        if day == BEGINNING:
            return "opening"
        if write.cancels:
            return "corrected"
        if now is None:
            return "removed"
        if was is None:
            return "added"
        if change.original_value:
            return "changed"
        return "charged" if change.accumulated_depreciation else "impaired"
