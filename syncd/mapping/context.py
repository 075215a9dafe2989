"""What a batch looks up, and what it has done so far: the generated rules read and write their own batch here.

Each kind of thing is fetched once a batch, for all its changes together; what was not foreseen is fetched one by
one. Rows of references are kept between batches, as they were committed: a batch forgets those it has changed, so
that one which was rolled back leaves nothing behind.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd.change import Change, Malformed, Row, Table, Unchanged, Value
from syncd.mapping.layout import FinanceLayout
from syncd.mapping.render import UnknownLookup
from syncd.mapping.terms import NEAR_CODE, nearest
from syncd.ports import Book, Period, Posted
from syncd.posting import Entry, Fields, Posting, Status, Voucher
from syncd.record import decode_voucher, has_marks, plain

KEPT_ROWS_MAX: Final = 20_000
"""References are small; a table that is not is not worth keeping."""


class Failure(NamedTuple):
    """Why a rule cannot post a change; becomes a Rejection."""

    code: str
    params: Mapping[str, str]
    status: Status = "failed"
    waits_for: str = ""


class Flawed(tuple[Value, ...]):
    """A row that holds a mark. Rows without one, which are nearly all, are plain tuples and are never searched."""

    __slots__ = ()


class Target(NamedTuple):
    """A posting that may be reversed."""

    key: str
    rule: str
    voucher: str
    journal: Voucher | None


class Kept:
    """What outlives a batch: committed rows of references, and finance's lookups."""

    def __init__(self, references: Sequence[str]) -> None:
        self.rows: dict[str, dict[str, Row | None]] = {alias: {} for alias in references}
        self.lookups: dict[str, Mapping[Value, Value]] = {}


class Context:
    """One batch. Attributes are plain on purpose: the generated code reads them once a batch."""

    def __init__(
        self,
        book: Book,
        layout: FinanceLayout,
        tables: Mapping[str, Table],
        joined: Sequence[str],
        reversible: Sequence[Sequence[str]],
        kept: Kept,
        zone: ZoneInfo,
    ) -> None:
        self.book, self.layout, self.tables, self.zone = book, layout, tables, zone
        self.reversible, self.kept = reversible, kept
        self.rows: dict[str, dict[str, Row | None]] = {a: kept.rows.get(a, {}) for a in joined}
        self.fleeting: list[tuple[str, str]] = []
        self.hints: dict[str, dict[str, Row]] = {a: {} for a in joined}
        self.wanted_rows: dict[str, set[str]] = {a: set() for a in joined}
        self.nulls = {a: (None,) * len(t.columns) for a, t in tables.items()}
        self.posted: dict[str, str | None] = {}
        self.wanted_keys: set[str] = set()
        self.cards: dict[str, Fields | None] = {}
        self.wanted_cards: set[str] = set()
        self.undo: list[tuple[str, Fields | None]] = []
        self.wanted_latest: list[set[str]] = [set() for _ in reversible]
        self.latest_found: list[dict[str, Target | None]] = [{} for _ in reversible]
        self.recent: dict[str, list[Target]] = {}
        self.cancelled: dict[str, str] = {}
        self.accounts = self._lookup(layout.file.accounts)
        self.periods: Sequence[Period] = book.periods()
        self.days: dict[date, tuple[str, date]] = {}
        self.held = set(book.held())
        self.approved: frozenset[str] = frozenset()
        self.gathering = False

    # Fetching, a kind at a time

    def fetch(self) -> None:
        """Everything that is wanted and not there."""
        for alias, wanted in self.wanted_rows.items():
            if wanted:
                self._fetch_rows(alias, wanted)
                wanted.clear()
        if self.wanted_keys:
            found = self.book.posted(self.wanted_keys)
            self.posted |= dict.fromkeys(self.wanted_keys - self.posted.keys())
            self.posted |= {key: p.reversed_by for key, p in found.items()}
            self.wanted_keys.clear()
        if self.wanted_cards:
            self.cards |= dict.fromkeys(self.wanted_cards)
            self.cards |= self.book.cards(self.wanted_cards)
            self.wanted_cards.clear()
        for n, subjects in enumerate(self.wanted_latest):
            if subjects:
                self._fetch_latest(n, subjects)
                subjects.clear()

    def _fetch_rows(self, alias: str, keys: set[str]) -> None:
        found, rows = self.book.mirror(alias, keys), self.rows[alias]
        for key in keys:
            row = rows[key] = flawed(found.get(key))
            if row is None:
                self.fleeting.append((alias, key))

    def put(self, alias: str, key: str, row: Row | None) -> None:
        """A row of a joined table as this batch leaves it."""
        self.rows[alias][key] = row
        self.fleeting.append((alias, key))

    def close(self) -> None:
        """The batch is over: what it found missing or has changed is not what others will find."""
        for alias, key in self.fleeting:
            self.rows[alias].pop(key, None)
        for rows in self.kept.rows.values():
            if len(rows) > KEPT_ROWS_MAX:
                rows.clear()

    def _fetch_latest(self, n: int, subjects: set[str]) -> None:
        wanted = subjects - self.latest_found[n].keys()
        found = self.book.latest(wanted, self.reversible[n]) if wanted else {}
        self.latest_found[n] |= {s: _target(found[s]) if s in found else None for s in wanted}

    def _lookup(self, name: str, again: bool = False) -> Mapping[Value, Value]:
        if again or name not in self.kept.lookups:
            self.kept.lookups[name] = self.book.lookup(name)
        return self.kept.lookups[name]

    # What the generated rules ask

    def row(self, alias: str, key: str) -> Row | None:
        """A joined row that was not foreseen."""
        if key not in self.rows[alias]:
            self._fetch_rows(alias, {key})
        return self.rows[alias][key]

    def card(self, code: str) -> Fields | None:
        """A card that was not foreseen."""
        self.cards[code] = self.book.cards((code,)).get(code)
        return self.cards[code]

    def generation(self, key: str) -> str | None:
        """The key under which a posting is made: this one, or its next after reversals; None when it stands."""
        generation, candidate = 1, key
        while True:
            if candidate not in self.posted:
                found = self.book.posted((candidate,)).get(candidate)
                self.posted[candidate] = None if found is None else found.reversed_by
            state = self.posted[candidate]
            if state is None:
                return candidate
            if not state:
                return None
            generation += 1
            candidate = f"{key}~{generation}"

    def free(self, stem: str) -> str:
        """The first key of `stem1`, `stem2`, … under which nothing was posted."""
        for n in count(1):
            if not self.book.posted((f"{stem}{n}",)):
                break
        return f"{stem}{n}"

    def latest(self, subject: str, n: int) -> Target | Failure | None:
        """The subject's newest posting by one of the rules that stands."""
        for target in reversed(self.recent.get(subject, ())):
            if target.rule in self.reversible[n] and target.key not in self.cancelled:
                return target
        if subject not in self.latest_found[n]:
            self._fetch_latest(n, {subject})
        found = self.latest_found[n][subject]
        if found is not None and found.key in self.cancelled:
            return Failure("reversed_just_now", {"subject": subject, "voucher": found.voucher})
        return found

    def red(self, target: Target, change: Change) -> Voucher | Failure | None:
        """The voucher that cancels another, on the day of the change; None when there was no voucher."""
        journal = target.journal
        if journal is None:
            return None
        day = change.committed_at.astimezone(self.zone).date()
        period = self.days.get(day) or self.period(day)
        if isinstance(period, Failure):
            return period
        lines = tuple(Entry(e.account, -e.debit, -e.credit, e.summary, e.dims) for e in journal.entries)
        summary = f"冲销 {target.voucher} {journal.summary}"
        return Voucher(journal.type, period[0], period[1], day, summary, lines)

    def period(self, day: date) -> tuple[str, date] | Failure:
        """The period and date of a voucher for something that happened on a day."""
        own = next((p for p in self.periods if p.first <= day <= p.last), None)
        if own is None:
            return Failure("unknown_period", {"date": day.isoformat()})
        if own.open:
            self.days[day] = own.code, day
        else:
            later = [p for p in self.periods if p.open and p.first > day]
            if not later:
                return Failure("no_open_period", {"date": day.isoformat(), "period": own.code})
            first = min(later, key=lambda p: p.first)
            self.days[day] = first.code, first.first
        return self.days[day]

    def account(self, account: str) -> Failure | None:
        """Why an account cannot be posted to; None when finance has come to know it since it was last asked."""
        self.accounts = self._lookup(self.layout.file.accounts, again=True)
        if account in self.accounts:
            return None
        near = nearest(account, [str(a) for a in self.accounts], NEAR_CODE)
        return Failure("unknown_account", {"account": account, "nearest": near})

    def misses(self, posting: Posting) -> Failure | None:
        """What else finance cannot translate."""
        for again in (False, True):
            lookups = {name: self._lookup(name, again) for name in self.layout.lookups}
            try:
                self.layout.misses(posting, lookups)
            except UnknownLookup as missing:
                near = nearest(str(missing.code), [str(c) for c in lookups[missing.lookup]], NEAR_CODE)
                failure = Failure(
                    "unknown_lookup", {"lookup": missing.lookup, "code": str(missing.code), "nearest": near}
                )
            else:
                return None
        return failure

    def flaws(self, row: Row, used: Sequence[int], alias: str) -> Failure | None:
        """The first mark among the columns used."""
        for i in used:
            value = row[i]
            if isinstance(value, Unchanged):
                return Failure("not_carried", {"table": alias, "column": self.tables[alias].columns[i].name})
            if isinstance(value, Malformed):
                params = {"table": alias, "column": self.tables[alias].columns[i].name}
                return Failure("malformed", params | {"raw": value.raw, "reason": value.reason})
        return None

    # What the generated rules have done

    def reversed(self, target: Target, by: str) -> None:
        """Remember that a posting is cancelled."""
        self.cancelled[target.key] = by
        self.posted[target.key] = by

    def keep(self, subject: str, posting: Posting) -> None:
        """Remember a posting that a later change of this batch may reverse."""
        self.recent.setdefault(subject, []).append(Target(posting.key, posting.rule, posting.key, posting.voucher))

    def keep_card(self, code: str, fields: Fields) -> None:
        """The card as it will be."""
        before = self.cards.get(code)
        self.undo.append((code, before))
        self.cards[code] = {**(before or {}), **fields}

    def forget(self, postings: Sequence[Posting], subject: str) -> None:
        """A change was rejected: what its earlier rules did is undone."""
        for code, before in reversed(self.undo):
            self.cards[code] = before
        self.undo.clear()
        made = {p.key for p in postings}
        self.posted |= dict.fromkeys(made)
        for target, by in [*self.cancelled.items()]:
            if by in made:
                del self.cancelled[target]
                self.posted[target] = ""
        if subject in self.recent:
            self.recent[subject] = [t for t in self.recent[subject] if t.key not in made]

    # Failures

    def absent(self, join: str, alias: str, key: str) -> Failure:
        """A reference that has not arrived."""
        table = self.tables[alias].name
        return Failure("reference_missing", {"join": join, "table": table, "key": key}, waits_for=f"{alias}:{key}")

    def fail(self, code: str, params: Mapping[str, str]) -> Failure:
        """Any other reason."""
        return Failure(code, params)

    def unfit(self, code: str, amount: Decimal, place: Mapping[str, str]) -> Failure:
        """An amount that no voucher may hold."""
        return Failure(code, {"amount": f"{amount:f}", **place})

    def unbalanced(self, entries: Sequence[Entry]) -> Failure:
        """Both sides of a voucher, which are not equal."""
        debit, credit = sum(e.debit for e in entries), sum(e.credit for e in entries)
        return Failure(
            "unbalanced", {"debit": f"{debit:f}", "credit": f"{credit:f}", "difference": f"{debit - credit:f}"}
        )

    def approval(self, role: str) -> Failure:
        """A person has to agree."""
        return Failure("approval", {"role": role}, "approval")


def flawed(row: Row | None) -> Row | None:
    """The row, marked as one that holds a mark if it does."""
    return Flawed(row) if row is not None and has_marks(row) else row


def group_key(values: Sequence[Value]) -> str:
    """A group's key as text: its values joined by `|`, so that a prefix of the group and `|` is a prefix of it."""
    return "|".join([str(plain(v)).replace("\\", "\\\\").replace("|", "\\|") for v in values])


def _target(posted: Posted) -> Target:
    return Target(posted.key, posted.rule, posted.voucher, decode_voucher(posted.content) if posted.content else None)


EMPTY: Final[Mapping[str, Any]] = {}
