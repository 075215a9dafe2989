"""What a batch looks up in the ledger: each kind of thing once, for all its changes together; what was not foreseen
is fetched one by one.

Rows of references are kept between batches, as they were committed: a batch forgets those it has changed, so that one
which was rolled back leaves nothing behind.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain, count

from syncd.change import Row, Table, Value
from syncd.mapping.expression.terms import NEAR_CODE, nearest
from syncd.mapping.layout.fields import merged
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.render import UnkeptField, UnknownLookup
from syncd.mapping.program.failure import Failure, Target, flawed
from syncd.mapping.program.sparing import Sparing
from syncd.ports import Book, KeptRow, Period, Posted
from syncd.posting import CardWrite, Fields, Posting
from syncd.record import decode_kept, decode_source, decode_voucher

KEPT_ROWS_MAX = 20_000
"""References are small; a table that is not is not worth keeping."""


class Kept:
    """What outlives a batch: committed rows of references, and which cards a snapshot spares. Finance's lookups do not:
    an account that its people have closed is asked for by name in every batch."""

    def __init__(self, references: Sequence[str], again: bool = False) -> None:
        self.rows: dict[str, dict[str, Row | None]] = {alias: {} for alias in references}
        self.sparing = Sparing(again)


class Lookups:
    """What is known of the ledger, by kind. `posted` is idempotency key → None where nothing was posted, else the key
    of its reversal or empty; `targets` are per list of reversible rules a subject's postings that stand, the oldest
    first; `moved` are rows whose key the batch has changed, as they are → as they were; `collecting` is asset code →
    `RULE/GROUP` of a collected row that will change the card, or empty. Generated rules read them, and write what they
    do into them through `Effects`."""

    def __init__(
        self,
        book: Book,
        layout: FinanceLayout,
        tables: Mapping[str, Table],
        joined: Sequence[str],
        reversible: Sequence[Sequence[str]],
        kept: Kept,
    ) -> None:
        self.book, self.layout, self.tables = book, layout, tables
        self.reversible = reversible
        self.nulls = {a: (None,) * len(t.columns) for a, t in tables.items()}
        self.rows: dict[str, dict[str, Row | None]] = {a: kept.rows.get(a, {}) for a in joined}
        self.hints: dict[str, dict[str, Row]] = {a: {} for a in joined}
        self.posted: dict[str, str | None] = {}
        self.called: dict[str, str] = {}
        """By the position of a change what the voucher is called that its rules have cancelled."""
        self.made_of: dict[str, tuple[str, str]] = {}
        """By idempotency key the change that a posting was made of, and its source row where this batch has made it."""
        self.cards: dict[str, Fields | None] = {}
        self.collecting: dict[str, str] = {}
        self.targets: list[dict[str, tuple[Target, ...]]] = [{} for _ in reversible]
        self.wanted_rows: dict[str, set[str]] = {a: set() for a in joined}
        self.wanted_keys: set[str] = set()
        self.wanted_cards: set[str] = set()
        self.refuses_cards = book.refuses_cards
        self.wanted_waiting: set[str] = set()
        self.wanted_openings = self.wanted_waiting if self.refuses_cards else self.wanted_cards
        """Asset codes of cards that are to be opened. Finance may tell itself that one is there: then all that is asked
        is who waits for its group."""
        self.known_openings: Mapping[str, object] = self.collecting if self.refuses_cards else self.cards
        self.wanted_latest: list[set[str]] = [set() for _ in reversible]
        self.days: dict[date, tuple[str, date]] = {}
        self.periods: Sequence[Period] = book.periods()
        self._kept = kept
        self._fleeting: list[tuple[str, str]] = []
        self.moved: dict[str, str] = {}
        self.collected_rows: dict[str, KeptRow] = {}
        """By key, of rows that may be replaced."""
        self.newly_collected: dict[str, tuple[tuple[str, str], ...]] = {}
        """By asset code the key and `RULE/GROUP` of each row that this batch has collected for the card."""
        self.gone: dict[str, bool] = {}
        """The keys of rows that this batch has replaced or withdrawn."""
        self.taken: dict[tuple[str, Value], Decimal] = {}
        """By lookup and code what the batch has taken of a budget."""
        self.class_values: dict[str, Mapping[str, Decimal] | None] = {}
        """By class the values of its cards as finance had them when the batch first asked."""
        self.gathering = False
        self.pending: Mapping[str, CardWrite] = {}
        """By asset code what a group that is gathered has made of cards so far, of which finance knows nothing yet."""
        self._unknown: dict[tuple[str, str], Failure] = {}
        self.accounts = book.lookup(layout.file.accounts)

    def fetch(self) -> None:
        """Everything that is wanted and not there."""
        for alias, wanted in self.wanted_rows.items():
            if wanted:
                self._fetch_rows(alias, wanted)
                wanted.clear()
        if self.gathering:  # whether its rows are posted is not asked, nor who else waits for their cards
            self._recall(self.wanted_waiting)
            self.wanted_keys.clear()
            self.wanted_waiting.clear()
        if self.wanted_keys:
            found = self.book.posted(self.wanted_keys)
            self.posted |= dict.fromkeys(self.wanted_keys - self.posted.keys())
            self.posted |= {key: p.reversed_by for key, p in found.items()}
            self.made_of |= {key: (p.position, "") for key, p in found.items()}
            self.wanted_keys.clear()
        if self.wanted_cards:
            self._fetch_cards(self.wanted_cards)
            self.wanted_cards.clear()
        if self.wanted_waiting:
            self._fetch_collecting(self.wanted_waiting)
            self.wanted_waiting.clear()
        for n, subjects in enumerate(self.wanted_latest):
            if subjects:
                self._fetch_targets(n, subjects)
                subjects.clear()

    def put(self, alias: str, key: str, row: Row | None) -> None:
        """A row of a joined table as this batch leaves it."""
        self.rows[alias][key] = row
        self._fleeting.append((alias, key))

    def close(self) -> None:
        """The batch is over: what it found missing or has changed is not what others will find."""
        for alias, key in self._fleeting:
            self.rows[alias].pop(key, None)
        for rows in self._kept.rows.values():
            if len(rows) > KEPT_ROWS_MAX:
                rows.clear()

    def row(self, alias: str, key: str) -> Row | None:
        """A joined row that was not foreseen."""
        if key not in self.rows[alias]:
            self._fetch_rows(alias, {key})
        return self.rows[alias][key]

    def card(self, code: str) -> Fields | None:
        """A card that was not foreseen."""
        self._fetch_cards({code})
        return self.cards[code]

    def awaited_group(self, code: str) -> str:
        """`RULE/GROUP` of the collected row that a card waits for; empty for none."""
        if code not in self.collecting:
            self.collecting[code] = self.book.collecting((code,)).get(code, "")
        return self.collecting[code]

    def names_of(self, row: str) -> set[str]:
        """Every `table:key` that a source row has had."""
        names: set[str] = set()
        at: str | None = row
        while at is not None and at not in names:
            names.add(at)
            at = self.moved.get(at) or self.book.moved(at)
        return names

    def generation(self, key: str, position: str, is_edit: bool = False) -> str | None:
        """The key under which a change is posted: this one, or its next after reversals; that of an edit comes behind
        what stands as well. None when a posting stands, or when one was made of this change: a log that is read again
        says it a second time."""
        for candidate in generations(key):
            state = self._reversed_by(candidate)
            if state is None:
                return candidate
            if not (state or is_edit) or self.made_of.get(candidate, ("",))[0] == position:
                return None
        raise AssertionError("unreachable")

    def _reversed_by(self, key: str) -> str | None:
        """The key of what has reversed a posting, empty where it stands; None where there is none."""
        if key not in self.posted:
            found = self.book.posted((key,)).get(key)
            self.posted[key] = None if found is None else found.reversed_by
            self.made_of[key] = ("" if found is None else found.position), ""
        return self.posted[key]

    def stands(self, key: str) -> str:
        """The key, or its next after reversals, under which a posting stands."""
        return next(k for k in generations(key) if not self.posted.get(k))

    def maker(self, stands: str) -> str:
        """The source row that the standing posting of a key was made of, or that is collected under it; empty where
        none is or the record does not say."""
        if row := self.made_of.get(stands, ("", ""))[1]:
            return row
        found = self.book.posted((stands,)).get(stands)
        if found is not None and found.content:
            return decode_source(found.content)
        return self.collected_row(stands).row

    def first_collected(self, code: str) -> str:
        """`RULE/GROUP` of the first row that is collected for a card and not `gone`, empty for none."""
        kept = self.book.collecting((code,), self.gone).get(code, "")
        return kept or next((group for _, group in self.newly_collected.get(code, ())), "")

    def collected_row(self, key: str) -> KeptRow:
        """What is collected under a key."""
        if key not in self.collected_rows:
            self.collected_rows[key] = self.book.collected_row(key)
        return self.collected_rows[key]

    def free(self, stem: str) -> str:
        """The first key of `stem1`, `stem2`, … under which nothing was posted."""
        return next(key for n in count(1) if not self.book.posted((key := f"{stem}{n}",)))

    def standing(self, subject: str, n: int) -> tuple[Target, ...]:
        """A subject's postings by the rules of list `n` that stood before this batch, the oldest first."""
        if subject not in self.targets[n]:
            self._fetch_targets(n, {subject})
        return self.targets[n][subject]

    def standing_of(self, rows: Collection[str], rules: Sequence[str]) -> list[Target]:
        """What the rules had made of a source row before this batch, the oldest first."""
        return [_target(posted) for posted in self.book.standing_of(rows, rules)]

    def period(self, day: date) -> tuple[str, date] | Failure:
        """The period and date of a voucher for something that happened on a day."""
        own = next((p for p in self.periods if p.first <= day <= p.last), None)
        if own is None:
            return Failure("unknown_period", {"date": day.isoformat()})
        if own.open and day >= own.begins:
            self.days[day] = own.code, day
        else:
            later = [p for p in self.periods if p.open and p.begins > day]
            if not later:
                return Failure("no_open_period", {"date": day.isoformat(), "period": own.code})
            first = min(later, key=lambda p: p.first)
            self.days[day] = first.code, first.begins
        return self.days[day]

    def account(self, account: str) -> Failure:
        """Why an account that finance does not know cannot be posted to."""
        known = self._unknown.get(("", account))
        if known is not None:
            return known
        near = nearest(account, [str(a) for a in self.accounts], NEAR_CODE)
        failure = Failure("unknown_account", {"account": account, "nearest": near})
        return self._unknown.setdefault(("", account), failure)

    def misses(self, posting: Posting) -> Failure | None:
        """What else finance cannot translate."""
        missing = self._missing(posting)
        if missing is None:
            return self._lies_elsewhere(posting)
        if isinstance(missing, UnkeptField):
            return Failure("field_not_kept", {"table": missing.table, "field": missing.field})
        place = missing.lookup, str(missing.code)
        if place not in self._unknown:
            codes = self.book.lookup(missing.lookup)
            near = nearest(place[1], [str(c) for c in codes], NEAR_CODE)
            params = {"lookup": place[0], "code": place[1], "nearest": near}
            self._unknown[place] = Failure("unknown_lookup", params)
        return self._unknown[place]

    def _lies_elsewhere(self, posting: Posting) -> Failure | None:
        """A card that is opened anew, of another kind than the one that is there: both would be in finance."""
        for code, verb, fields in posting.cards:
            held = self.cards.get(code) if verb == "open" else None
            if held and (table := self.layout.table_of(held)) != self.layout.table_of(fields):
                return Failure("card_elsewhere", {"asset_code": code, "table": table})
        return None

    def _missing(self, posting: Posting) -> UnknownLookup | UnkeptField | None:
        try:
            self.layout.misses(posting, {name: self.book.lookup(name) for name in self.layout.called})
        except (UnknownLookup, UnkeptField) as missing:
            return missing
        return None

    def _fetch_rows(self, alias: str, keys: set[str]) -> None:
        found, rows = self.book.mirror(alias, keys), self.rows[alias]
        for key in keys:
            row = rows[key] = flawed(found.get(key))
            if row is None:
                self._fleeting.append((alias, key))

    def _fetch_cards(self, codes: set[str]) -> None:
        self.cards |= dict.fromkeys(codes)
        self.cards |= self.book.cards(codes)
        if self.gathering:
            self._recall(codes)
        else:
            self._fetch_collecting(codes)

    def _recall(self, codes: set[str]) -> None:
        """Cards as the group leaves them that is gathered."""
        for code in codes & self.pending.keys():
            self.cards[code] = merged(self.cards.get(code) or {}, self.pending[code].fields)

    def _fetch_collecting(self, codes: set[str]) -> None:
        new = codes - self.collecting.keys()
        self.collecting |= {**dict.fromkeys(new, ""), **self.book.collecting(new)}

    def _fetch_targets(self, n: int, subjects: set[str]) -> None:
        wanted = subjects - self.targets[n].keys()
        found = self.book.standing(wanted, self.reversible[n]) if wanted else {}
        self.targets[n] |= {s: tuple(map(_target, found.get(s, ()))) for s in wanted}


def generations(key: str) -> Iterator[str]:
    """A key, and those that come after it: of a fact that was reversed, edited, or is made by several rows."""
    return chain((key,), (f"{key}~{n}" for n in count(2)))


def _target(posted: Posted) -> Target:
    if not posted.content:
        return Target(posted.key, posted.rule, posted.voucher, None, "")
    journal, number = decode_voucher(posted.content), decode_kept(posted.content)[1]
    return Target(posted.key, posted.rule, posted.voucher, journal, decode_source(posted.content), number)
