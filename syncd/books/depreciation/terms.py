"""What an asset's terms were, when they changed: folded out of the record, so that the hot path knows nothing of it.

Every card write is in a posting, in order. A fold reads the postings behind a pointer and keeps, asset by asset, the
card's fields that depreciation follows from, each time that one of them changed, with the day of the voucher's event or
else of the commit. A change counts from the month after; one that tells of a month that was carried already counts from
the last such month, for what is booked is not restated, and none counts before an earlier change of the same field.
What is cancelled by a red or blue voucher never was: a disposal that is taken back leaves no hole, an addition no
month. A card that was renamed has its terms under the code that it has today.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd import statements
from syncd.books.depreciation import plan as plans
from syncd.books.depreciation.methods import Method, yuan
from syncd.books.depreciation.plan import Form, History, Opening, Posted, Terms, month_of
from syncd.books.depreciation.sources import Fault, no_value
from syncd.change import Value
from syncd.mapping.language.blocks.depreciation import CardTerms, Depreciation
from syncd.mapping.program.failure import INCALCULABLE
from syncd.money import ZERO, is_money, round_half_up
from syncd.ports import Desk, Ledger
from syncd.record import RENAMED_MARK, decode_cards, decode_content, decode_object, moment, renamed

SQL: Final = statements.load("syncd.books.depreciation", "terms.sql")
POSTINGS_MAX: Final = 2_000
"""Of one transaction of a fold."""
INSERTED_MAX: Final = 200
ASSETS_MAX: Final = 4_000
"""Of one look, and of one transaction of a run."""
FIRST: Final = 0
"""The month of what a card was opened with: it counts from when the asset was ready."""
BESIDE: Final = "+"
"""Kept with a card's fields, and no field itself: what was booked by then beside what runs have made, in yuan."""
_METHODS: Final[Mapping[str, Method]] = {method.value: method for method in Method}
BOOK: Final = ""
"""The accounting book; a second book has a name."""


_text: Final = json.JSONEncoder(ensure_ascii=False).encode
"""`json.dumps` makes an encoder each time."""
Query = Callable[[str, Sequence[object]], Sequence[tuple[object, ...]]]
"""As `Ledger.query` and `Desk.query`."""


class Renaming(NamedTuple):
    """A card that a posting has given another code."""

    seq: int
    old: str
    new: str


class Place(NamedTuple):
    """Who bears the expense from the month after `month` on."""

    month: int
    department: str
    workshop: str
    asset_class: str


class Asset(NamedTuple):
    """An asset as depreciation sees it: its history, or the fault that leaves it without one; None for one that has
    never depreciated. `card` is its card's fields as they stand."""

    code: str
    card: Mapping[str, Value]
    history: History | None
    places: Sequence[Place]
    fault: Fault | None = None

    def place(self, month: int) -> Place:
        """Who bears the expense of a month."""
        found = self.places[0]
        for place in self.places[1:]:
            if place.month >= month:
                break
            found = place
        return found


def fold(ledger: Ledger, pipeline: str, meaning: Depreciation, rules: Sequence[str], zone: ZoneInfo) -> None:
    """Take in what was posted since the last time. Postings of `rules` change no terms."""
    fields = folded_for(meaning)
    while True:
        with ledger.desk() as desk:
            known = desk.query(SQL["folded"], (pipeline,))
            if not known or str(known[0][0]) != fields:
                desk.execute(SQL["forget"], (pipeline,))
                desk.execute(SQL["begin"], (pipeline, fields))
                known = [(fields, 0)]
            since = int(str(known[0][1]))
            rows = next_postings(desk.query, pipeline, rules, since, POSTINGS_MAX)
            if not rows:
                return
            if len(rows) == POSTINGS_MAX:
                rows = whole(rows)
            renamings = renamings_of((row[0], row[3]) for row in rows)
            for seq, old, new in renamings:
                desk.execute(SQL["move_terms"], (new, pipeline, old))
                desk.execute(SQL["move_months"], (new, pipeline, old, seq))
            _keep(desk, changed(desk.query, pipeline, meaning, rows, frozenset(rules), zone, since, renamings))
            desk.execute(SQL["reach"], (rows[-1][0], pipeline, since))


def folded_for(meaning: Depreciation) -> str:
    """The fields that terms are folded for; where others are asked for, all is folded anew."""
    return json.dumps(sorted(f"{name}:{kind}" for name, kind in meaning.fields.items()))


def next_postings(
    query: Query, pipeline: str, rules: Sequence[str], since: int, limit: int
) -> list[tuple[object, ...]]:
    """So many postings behind a number, as `changed` takes them."""
    return [*query(SQL["postings"], ([*rules] or [""], pipeline, since, limit))]


def renamings_of(postings: Iterable[tuple[object, object]]) -> list[Renaming]:
    """What postings, as (number, content), call otherwise, in order."""
    return [
        Renaming(int(str(seq)), old, new)
        for seq, content in postings
        if RENAMED_MARK in str(content)
        for old, new in renamed(str(content))
    ]


def _called(code: str, at: int, renamings: Sequence[Renaming]) -> str:
    """The code that a card has in the end, which a posting has written to by another."""
    for seq, old, new in renamings:
        if seq >= at and code == old:
            code = new
    return code


def changed(
    query: Query, pipeline: str, meaning: Depreciation, rows: Sequence[Sequence[object]], rules: frozenset[str],
    zone: ZoneInfo, since: int, renamings: Sequence[Renaming] = (),
) -> list[tuple[object, ...]]:  # fmt: skip
    """The terms that postings changed, as rows of the table; of what is kept it takes what was by the posting `since`,
    behind which these are. `renamings` are those by which what is kept is called already. Raises ValueError for a
    posting that nobody can read."""
    found: list[tuple[int, str, date, dict[str, object], bool]] = []
    cancelling = {row[4] for row in rows if row[5]}
    beside = _days_of_others(rows)
    names = tuple(meaning.fields)
    for seq, rule, committed_at, content, position, _ in rows:
        if str(rule) in rules or not (cards := (posting := _posting(str(content))).get("cards")):
            continue
        day = _event_day(posting)
        cancels = day is None and position in cancelling
        day = day or beside.get(position) or moment(str(committed_at)).astimezone(zone).date()
        at = int(str(seq))
        for code, _, said in cards:
            if float in map(type, said.values()):  # which a number of more than 64 bits is to it
                said = next(
                    exact for one, _, exact in decode_cards(str(content)) if one == code and exact.keys() == said.keys()
                )
            if fields := {name: said[name] for name in names if name in said}:
                found.append((at, _called(code, at, renamings) if renamings else code, day, fields, cancels))
    assets = sorted({code for _, code, *_ in found})
    if not assets:
        return []
    cards_now: dict[str, dict[str, object]] = {}
    months: dict[str, dict[str, int]] = {}
    opened: dict[str, Mapping[str, object]] = {}
    for asset, _, month, card in query(SQL["known"], (pipeline, since, assets)):
        before = json.loads(str(card))
        opened.setdefault(str(asset), before)
        cards_now.setdefault(str(asset), {}).update(before)
        months.setdefault(str(asset), {}).update(dict.fromkeys(before, int(str(month))))
    carried: dict[str, list[tuple[int, int, int]]] = {}
    for asset, month, made_at, cents in query(SQL["carried"], (pipeline, assets)):
        carried.setdefault(str(asset), []).append((int(str(made_at)), int(str(month)), int(str(cents))))
    kept: dict[tuple[str, int], tuple[object, ...]] = {}
    for at, code, day, fields, cancels in found:
        card = cards_now.setdefault(code, {})
        is_first = not card
        by_runs = [(month, cents) for made_at, month, cents in carried.get(code, ()) if made_at < at]
        if meaning.by == "syncd" and not is_first and meaning.accumulated & fields.keys():
            accumulated = _accumulated(meaning, card | fields) - _accumulated(meaning, opened[code])
            fields[BESIDE] = str(accumulated - yuan(sum(cents for _, cents in by_runs)))
        if not (fresh := {name: value for name, value in fields.items() if name not in card or card[name] != value}):
            continue
        if is_first:
            opened[code] = fresh
        since_when = months.setdefault(code, {})
        booked = [month for month, _ in by_runs]
        earlier = [since_when[name] for name in fresh if name in since_when]
        month = FIRST if is_first else max((month_of(day), *booked, *earlier))
        if cancels and earlier and _depreciates(meaning, card) != _depreciates(meaning, card | fresh):
            month = max(earlier)  # a disposal or an addition that is taken back was none
        card.update(fresh)
        since_when.update(dict.fromkeys(fresh, month))
        kept[code, at] = (pipeline, code, at, str(day), month, _text(fresh))
    return list(kept.values())


def _keep(desk: Desk, values: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(values), INSERTED_MAX):
        some = values[start : start + INSERTED_MAX]
        places = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some))
        desk.execute(f"{SQL['add']} {places}", [value for row in some for value in row])


def _days_of_others(rows: Sequence[Sequence[object]]) -> dict[object, date]:
    """By change the day of the voucher that one of its rules made: what another does to a card is of that day."""
    several = {position for position, count in Counter(row[4] for row in rows).items() if count > 1}
    contents = ((row[4], str(row[3])) for row in rows if row[4] in several and not row[5])
    made = ((position, _event_day(_posting(content))) for position, content in contents if content)
    return {position: day for position, day in made if day is not None}


def _posting(content: str) -> Mapping[str, Any]:
    if not (posting := decode_content(content)):
        raise ValueError(content)
    return posting


def _event_day(posting: Mapping[str, Any]) -> date | None:
    """When it happened of which a posting has made a voucher."""
    voucher = posting.get("voucher")
    return None if voucher is None else date.fromisoformat(voucher.get("event_date", voucher["date"]))


def whole(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Without the postings of the last change, of which more may come; all where they are of one."""
    last = rows[-1][4]
    return [row for row in rows if row[4] != last] or rows


def _depreciates(meaning: Depreciation, card: Mapping[str, object]) -> bool:
    try:
        (said,) = meaning.depreciates_of(meaning.card(card))
    except INCALCULABLE:
        return False
    return bool(said)


def _accumulated(meaning: Depreciation, card: Mapping[str, object]) -> Decimal:
    """What a card says is depreciated."""
    try:
        (said,) = meaning.accumulated_of(meaning.card(card))
    except INCALCULABLE:
        return ZERO
    return said or ZERO


def assets(
    ledger: Ledger, pipeline: str, meaning: Depreciation, book: str = BOOK, after: str = ""
) -> Iterator[Sequence[Asset]]:
    """All assets behind one, so many at a time, in the database's order of their codes."""
    while chunk := next_assets(ledger, pipeline, meaning, book, after):
        yield chunk
        after = chunk[-1].code


def next_assets(ledger: Ledger, pipeline: str, meaning: Depreciation, book: str, after: str) -> Sequence[Asset]:
    """The assets behind one."""
    return _read(ledger, pipeline, meaning, book, ledger.query(SQL["next_assets"], (pipeline, after, ASSETS_MAX)))


def from_asset(
    ledger: Ledger, pipeline: str, meaning: Depreciation, book: str, first: str, limit: int
) -> Sequence[Asset]:
    """So many assets from one on."""
    return _read(ledger, pipeline, meaning, book, ledger.query(SQL["assets_from"], (pipeline, first, limit)))


def _read(
    ledger: Ledger, pipeline: str, meaning: Depreciation, book: str, found: Sequence[Sequence[object]]
) -> Sequence[Asset]:
    codes = [str(code) for (code,) in found]
    if not codes:
        return []
    rows: dict[str, list[tuple[date, int, str]]] = {}
    for code, day, month, card in ledger.query(SQL["between"], (pipeline, codes[0], codes[-1])):
        rows.setdefault(str(code), []).append((date.fromisoformat(str(day)), int(str(month)), str(card)))
    return [read_asset(code, found, meaning, book) for code, found in rows.items()]


def read_asset(code: str, rows: Sequence[tuple[date, int, str]], meaning: Depreciation, book: str) -> Asset:
    """An asset out of what changed on its card: (day, month, JSON), in the order of the record. A change that tells of
    an earlier month than another, of other fields, comes before it."""
    if len(rows) > 1:
        rows = sorted(rows, key=itemgetter(1))
    stored: dict[str, object] = {}
    card: Mapping[str, Value] = {}
    places: list[Place] = []
    terms: list[Terms] = []
    began: CardTerms | None = None
    known: list[tuple[int, Mapping[str, object], CardTerms]] = []
    """From when it began."""
    form, fault, unsaid = meaning.form, None, None
    for day, month, text in rows:
        stored = {**stored, **decode_object(text)}
        card = meaning.card(stored)
        try:
            one = meaning.terms(card)
        except INCALCULABLE as error:
            unsaid = no_value(error)
            continue
        unsaid = None
        places.append(Place(month, one.department or "", one.workshop or "", one.asset_class or ""))
        if began is None:
            if not one.depreciates:
                continue
            began, began_on = one, day
        known.append((month, stored, one))
        if book:
            other, form = meaning.books[book]
            try:
                life, rate, method, impairment = other(card)
            except INCALCULABLE as error:
                fault = no_value(error)
                continue
            one = one._replace(life_months=life, residual_rate=rate, method=method, impairment=impairment)
        beside = Decimal(str(stored[BESIDE])) if BESIDE in stored and not book else ZERO
        found = _terms(month, one, beside)
        if isinstance(found, Fault):  # what cannot be is passed over once it is mended
            fault = found
            continue
        fault = None
        terms.append(found)
    if began is None or (unsaid or fault) is not None:
        return Asset(code, card, None, places, unsaid or fault)
    ready = month_of(began.ready or began_on)
    if terms[0].month != ready:
        terms[0] = terms[0]._replace(month=ready)
    opening = None
    if began.continues and not book:
        until = max(month_of(began_on), ready)
        last, at_last = [one for one in known if one[0] <= until][-1][1:]  # of several cards that were merged
        came = Decimal(str(last.get(BESIDE, ZERO)))
        terms = [one._replace(beside=one.beside - came if one.month > until else ZERO) for one in terms]
        opening = Opening(at_last.accumulated or ZERO, until, continues=True)
    elif began.is_opening and not book:
        until = month_of(began_on) - 1 if began.opening_until is None else month_of(began.opening_until)
        opening = Opening(began.accumulated or ZERO, max(until, ready))
    return Asset(code, card, History(terms, opening, Form(form)), places)


def _terms(month: int, said: CardTerms, beside: Decimal) -> Terms | Fault:
    """What a card says, or what is wrong with it."""
    if said.original_value is None or said.original_value < ZERO or not is_money(said.original_value):
        return Fault("depreciation_value", {"value": str(said.original_value)})
    if said.life_months is None or said.life_months <= 0:
        return Fault("depreciation_life", {"value": str(said.life_months)})
    if said.residual_rate is None or not ZERO <= said.residual_rate < 1:
        return Fault("depreciation_rate", {"value": str(said.residual_rate)})
    method = _METHODS.get(said.method or "")
    if method is None:
        return Fault("depreciation_method", {"value": str(said.method), "known": ", ".join(Method)})
    if method is Method.UNITS and not (said.units or ZERO) > ZERO:
        return Fault("depreciation_units", {"value": str(said.units)})
    return Terms(
        month, said.original_value, round_half_up(said.impairment) if said.impairment else ZERO, said.residual_rate,
        said.life_months, method, bool(said.depreciates), said.units or ZERO, beside,
        None if said.ready is None else month_of(said.ready),
    )  # fmt: skip


def posted(
    ledger: Ledger, pipeline: str, book: str, assets: Sequence[Asset], until: int = plans.NEVER
) -> Mapping[str, Posted]:
    """By asset what runs have made up to a month, of the assets from the first to the last of these."""
    found: dict[str, Posted] = {}
    rows = ledger.query(SQL["posted"], (pipeline, book, assets[0].code, assets[-1].code, until))
    for code, count, cents, first, last in rows:
        asset, low, high = str(code), int(str(first)), int(str(last))
        if high - low + 1 == int(str(count)):
            found[asset] = Posted(range(low, high + 1), int(Decimal(str(cents))))
        else:
            months = ledger.query(SQL["posted_months"], (pipeline, book, asset, until))
            found[asset] = Posted(frozenset(int(str(m)) for m, _, _ in months), int(Decimal(str(cents))))
    by_month: dict[str, dict[int, int]] = {}
    if metered := [one.code for one in assets if one.code in found and is_metered(one)]:
        for code, month, cents in ledger.query(SQL["posted_by_month"], (pipeline, book, until, metered)):
            by_month.setdefault(str(code), {})[int(str(month))] = int(Decimal(str(cents)))
    return found | {code: found[code]._replace(by_month=months) for code, months in by_month.items()}


def is_metered(asset: Asset) -> bool:
    """Whether what its months carry follows from readings, which are corrected after months are posted."""
    return asset.history is not None and any(terms.method is Method.UNITS for terms in asset.history.terms)
