"""The books on paper as they stood before some changes came, so that a mapping can be tried on these once more.

What the changes brought is taken back from what the ledger holds: source rows by their before-images, cards by what
earlier postings wrote, postings by where they came from. Nothing is written, and the daemon may go on meanwhile.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from syncd import statements
from syncd.books.paper import Note, PaperBook
from syncd.change import Change, Position, Row, Table, Value, key_text
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Ledger, Period, Posted
from syncd.posting import Fields, Posting, Rejection
from syncd.record import decode_cards, decode_row, decode_value

SQL: Final = statements.load("syncd.books", "comparison.sql")


class Finance(NamedTuple):
    """What finance itself holds: its periods, and each lookup of the layout, whole."""

    periods: Sequence[Period]
    lookup: Callable[[str], Mapping[Value, Value]]


class Hindsight(PaperBook):
    """Implements `ports.Book` as of before `changes`, which come in order. `groups` are the keys of those groups'
    postings that the changes released, `taken` the positions of collected rows that are in others' postings, `also`
    further positions of which nothing has come."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        layout: FinanceLayout,
        ledger: Ledger,
        pipeline: str,
        changes: Sequence[Change],
        groups: Collection[str],
        taken: Collection[Position],
        finance: Finance,
        also: Collection[Position] = (),
    ) -> None:
        super().__init__(tables, layout)
        self.grouped: dict[Position, dict[str, str]] = {}
        self._ledger, self._pipeline, self._finance = ledger, pipeline, finance
        self._positions = frozenset((*(change.position for change in changes), *also))
        self._groups, self._taken = frozenset(groups), frozenset(taken)
        self._before = _taken_back(tables, changes)
        self._known: dict[str, set[str]] = {alias: set() for alias in tables}
        self._carded: set[str] = set()
        self._discarded: list[Note] = []

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]:
        """Rows by key."""
        fresh = [key for key in keys if key not in self._known[table]]
        self._known[table].update(fresh)
        asked = [key for key in fresh if (table, key) not in self._before]
        found = {key: row for key in fresh if (row := self._before.get((table, key))) is not None}
        if asked:
            rows = self._ledger.query(SQL["mirror"], (self._pipeline, table, asked))
            found |= {str(key): decode_row(self.tables[table], str(image)) for key, image in rows}
        for key, row in found.items():
            self.images[table].setdefault(key, row)
        return super().mirror(table, keys)

    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]:
        """Postings and collected rows by key."""
        if not keys:
            return {}
        kept = self._ledger.query(SQL["kept"], (self._pipeline, list(keys)))
        found = {str(k): Posted(str(k), str(r), "", "", "") for at, k, r in kept if at not in self._positions}
        found |= {p.key: p for _, p in self._earlier("posted", list(keys))}
        return {**found, **super().posted(keys)}

    def standing(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Sequence[Posted]]:
        """The postings of each subject that stand, the oldest first."""
        if not (subjects and rules):
            return {}
        found: dict[str, list[Posted]] = {}
        for subject, posted in self._earlier("standing", list(rules), list(subjects)):
            if not posted.reversed_by:
                found.setdefault(subject, []).append(posted)
        for subject, later in super().standing(subjects, rules).items():
            found.setdefault(subject, []).extend(later)
        return found

    def standing_of(self, rows: Collection[str], rules: Collection[str]) -> Sequence[Posted]:
        """The postings of a source row that stand, the oldest first."""
        earlier = (
            posted for _, posted in self._earlier("standing_of", list(rules), sorted(rows)) if not posted.reversed_by
        )
        return [*earlier, *super().standing_of(rows, rules)]

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        """Cards by asset code."""
        for code in asset_codes:
            if code not in self._carded:
                self._carded.add(code)
                card = self._card(code)
                if card:
                    self.card_fields[code] = {**card, **self.card_fields.get(code, {})}
        return super().cards(asset_codes)

    def periods(self) -> Sequence[Period]:
        """Finance's own."""
        return self._finance.periods

    def lookup(self, name: str) -> Mapping[Value, Value]:
        """Finance's own."""
        return self._finance.lookup(name)

    def hold(self, rejection: Rejection) -> None:
        """A row that was parked before, and still is."""
        self.notes.append(Note(len(self.notes), rejection))

    def discard(self, note: Note) -> None:
        """Give a parked row up."""
        note.settled = True
        self._discarded.append(note)

    def is_discarded(self, note: Note) -> bool:
        """Whether a parked row was given up."""
        return any(note is one for one in self._discarded)

    def _earlier(self, statement: str, *lists: list[str]) -> list[tuple[str, Posted]]:
        """Postings that none of the changes made, by subject, with who has reversed them by now."""
        here = {p.reverses.key: p.key for p, _ in self.entered if p.reverses is not None}
        found = []
        for at, subject, key, rule, voucher, content, by, by_at in self._ledger.query(
            SQL[statement], (self._pipeline, *lists)
        ):
            if at not in self._positions:
                reversed_by = here.get(str(key), "") if by is None or by_at in self._positions else str(by)
                found.append((str(subject), Posted(str(key), str(rule), str(voucher), str(content), reversed_by)))
        return found

    def _card(self, code: str) -> Mapping[str, Value]:
        kinds = self.layout.card_kinds
        earlier: dict[str, Value] = {}
        since: set[str] = set()
        is_written = is_opened = False
        rows = self._ledger.query(SQL["written"], (self._pipeline, code, self._pipeline, code))
        for at, key, rule, subject, content in rows:
            is_theirs = key in self._groups if is_group(str(rule), str(subject)) else at in self._positions
            for asset, verb, fields in decode_cards(str(content)):
                if asset == code and is_theirs:
                    is_written = True
                    since |= fields.keys() & kinds.keys()
                elif asset == code:
                    is_opened |= verb == "open"
                    earlier |= {name: decode_value(kinds[name], v) for name, v in fields.items() if name in kinds}
        if is_written and not earlier:
            return {}  # the changes themselves opened it
        held = self._ledger.query(self.layout.card_query(), (code,)) if self.layout.cards else []
        # Of a card that we opened every field is told by who wrote it: one that only the changes did was empty before.
        empty: dict[str, Value] = dict.fromkeys(since) if is_opened else {}
        return {**(self.layout.card_row(held[0]) if held else {}), **empty, **earlier}

    def _enter(self, posting: Posting) -> None:
        if posting.collected is not None and not posting.collected.withdraws:
            rule, group = posting.collected[:2]
            self.grouped.setdefault(posting.change.position, {})[rule] = group
            if posting.change.position in self._taken:
                return
        super()._enter(posting)


def is_group(rule: str, subject: str) -> bool:
    """Whether a posting with this subject is a group's."""
    return subject.startswith(f"{rule}/")


def reopened(periods: Sequence[Period], contents: Sequence[Mapping[str, Any]]) -> Sequence[Period]:
    """Periods as they were: open where something was posted in them."""
    used = {str(content["voucher"]["period"]) for content in contents if content.get("voucher")}
    return [period._replace(open=period.open or period.code in used) for period in periods]


def _taken_back(tables: Mapping[str, Table], changes: Sequence[Change]) -> Mapping[tuple[str, str], Row | None]:
    """Source rows as they were before the changes; None for those that were not there."""
    before: dict[tuple[str, str], Row | None] = {}
    for change in reversed(changes):
        alias, table = change.table, tables[change.table]
        if change.after is not None and change.op in ("insert", "read", "update"):
            before[alias, key_text(table, change.after)] = None
        if change.before is not None:
            before[alias, key_text(table, change.before)] = change.before
        elif change.op == "update" and change.after is not None:
            del before[alias, key_text(table, change.after)]  # nobody knows
    return before
