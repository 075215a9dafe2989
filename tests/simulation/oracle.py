"""What the world's mapping means, told a second time: slowly, one subject at a time, with everything known.

It takes what the EAM committed and what people did at the desk, and says what finance must hold in the end, however
often the daemon died on the way. It shares nothing with the translator but the words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from syncd.audit import digest
from syncd.change import Change, Malformed, Row, Table, Value
from syncd.record import encode_change

CHINA = timezone(timedelta(hours=8))
EXPENSE = {"workshop": "5101", "office": "6602"}
REFUSED_BY_FINANCE = Decimal("13.13")
ID, CODE, NAME, STATUS, DEPARTMENT, VALUE, APPROVED_ON = range(7)

LATE_DEPARTMENTS = (4, 5)

Line = tuple[str, Decimal, Decimal, str | None, str | None]
"""account, debit, credit, dept, asset."""


class Journal(NamedTuple):
    """A voucher as finance must hold it, but for its number."""

    type: str
    period: str
    date: date
    event_date: date
    lines: tuple[Line, ...]


class Made(NamedTuple):
    """A posting: its rule and its voucher, if it has one."""

    rule: str
    journal: Journal | None


class Facts(NamedTuple):
    """What people did, by the position of the change: rows put right, given up, approved. And what only the moment
    decided: rows that came and went while they waited for a reference which came afterwards."""

    edited: Mapping[str, Row]
    discarded: frozenset[str]
    approved: Mapping[str, frozenset[str]]
    """By position, digests of what was agreed to: of a change with its corrections, as one change; empty of the change
    itself."""
    vanished: frozenset[str]


@dataclass
class Card:
    """A card as finance must hold it."""

    name: str
    dept: str
    original_value: Decimal
    accumulated_depreciation: Decimal = Decimal("0.00")
    status: str = "in_use"


@dataclass
class Books:
    """What finance must hold: postings by subject in order, cards, depreciation by group and account, and the open
    parked rows by position."""

    made: dict[str, list[Made]] = field(default_factory=lambda: defaultdict(list))
    cards: dict[str, Card] = field(default_factory=dict)
    depreciation: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    parked: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Why a change stays: `failed` or `approval`."""


def judge(changes: Sequence[Change], facts: Facts, tables: Mapping[str, Table]) -> Books:
    """What must have become of these changes."""
    return _Oracle(changes, facts, tables["asset"]).books


class _Oracle:
    def __init__(self, changes: Sequence[Change], facts: Facts, assets: Table) -> None:
        self.books = Books()
        self.assets = assets
        self.facts = facts
        self.departments = {c.after[0]: c.after for c in changes if c.table == "dept" and c.after}
        self.codes = {c.after[ID]: str(c.after[CODE]) for c in changes if c.table == "asset" and c.after}
        self.released = {c.after[0] for c in changes if c.table == "run" and c.after}
        self.standing: dict[str, list[tuple[int, Journal | None]]] = defaultdict(list)
        """By code, the registrations that nobody has taken back, and the row that each was made of: another row that
        was given the same code takes none of them back."""
        self.rows = _rows(changes)
        self.taken_back = {c.before for c in changes if c.table == "upgrade" and c.op == "delete"}
        self.sent = {c.position: c.after for c in changes}
        self.collecting: set[str] = set()
        self.guessed: set[str] = set()
        """Positions at which a person has typed a value that the EAM never said: somebody else must agree to it."""
        by_subject: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            if change.position in facts.discarded:
                continue
            if change.op == "truncate":
                self.books.parked[change.position] = "failed"
            elif change.table in ("asset", "upgrade", "deprec"):
                by_subject[self._subject(change)].append(self._as_edited(change))
        for subject, queue in by_subject.items():
            self._follow(subject, queue)

    def _subject(self, change: Change) -> str:
        row = change.after or change.before
        assert row is not None
        return str(row[CODE]) if change.table == "asset" else self.codes[row[0 if change.table == "deprec" else 1]]

    def _as_edited(self, change: Change) -> Change:
        edited, sent = self.facts.edited.get(change.position), change.after
        if edited is not None and sent is not None and change.table == "asset" and isinstance(sent[VALUE], Malformed):
            self.guessed.add(change.position)
        return change if edited is None else change._replace(after=edited)

    def _follow(self, subject: str, queue: list[Change]) -> None:
        """Everything of one subject, in order. What later changes of the row correct counts as corrected, by as few
        of them as will do; what they do not holds up all that comes after, unless that opens the card that it wants."""
        while queue:
            taken, status = self._settled(subject, queue, queue[0])
            asked: dict[str, str] = {}
            if not taken and queue[0].table != "asset" and subject not in self.books.cards:
                taken, asked = self._opened(subject, queue)
            if not taken:
                self.books.parked |= {c.position: "behind" for c in queue} | {queue[0].position: status} | asked
                return
            queue = [c for c in queue if c not in taken]

    def _opened(self, subject: str, queue: Sequence[Change]) -> tuple[list[Change], dict[str, str]]:
        """What opens the card that the first of a subject wants, before it; else who is asked for it."""
        for opener in queue:
            if opener.table == "asset":
                taken, status = self._settled(subject, queue, opener)
                opened = taken if subject in self.books.cards else []
                return opened, {opener.position: status} if status == "approval" else {}
        return [], {}

    def _settled(self, subject: str, queue: Sequence[Change], head: Change) -> tuple[list[Change], str]:
        """A change with the corrections that it takes to settle it; none and its status where it stays."""
        taken, status, last = [head], "", ""
        while True:
            try:
                unit = _folded(taken)
                is_guessed = taken[-1].position in self.guessed
                if self._apply(subject, unit, len(taken) == 1, is_guessed) or unit is None or unit.after is None:
                    return taken, ""
            except Refusal as refusal:
                last = str(refusal)
                status = status or last
            later = next((c for c in queue if c not in taken and _continues(taken[-1], c)), None)
            if later is None:
                return [], last if (status, last) == ("failed", "approval") else status  # as it is corrected
            taken.append(later)

    def _apply(self, subject: str, change: Change | None, is_whole: bool, is_guessed: bool) -> bool:
        """Whether that settles it. A correction must leave some rule with something to say. `is_whole` is False for
        a corrected change, which is agreed to by itself."""
        if change is None:
            return True
        if change.table == "asset":
            mark = "" if is_whole else digest(encode_change(self.assets, change))
            is_approved = mark in self.facts.approved.get(change.position, ())
            return self._asset(subject, change, is_approved, is_guessed and not is_approved) or is_whole
        if change.op == "insert" and change.after is not None and not self._came_and_went(change):
            (self._upgrade if change.table == "upgrade" else self._depreciation)(subject, change.after)
        return True

    def _asset(self, code: str, change: Change, is_approved: bool, is_owed: bool) -> bool:
        """Whether a rule had something to say, if only that it was said before. `is_owed`: somebody has yet to agree
        to its value, whatever that is."""
        was, now = change.before, change.after
        used, uses = was is not None and was[STATUS] == "in_use", now is not None and now[STATUS] == "in_use"
        made = self.books.made[code]
        if now is not None and uses and not used:
            if isinstance(now[VALUE], Malformed):
                raise Refusal("failed")
            if not self.standing[code]:
                made.append(self._registration(code, now, change, is_approved, is_owed))
            elif is_owed and change.op != "read":
                raise Refusal("approval")
        elif now is not None and was is not None and used and uses and now[NAME] != was[NAME]:
            card = self._card(code)
            card.name = str(now[NAME])
            made.append(Made("renaming", None))
        elif now is not None and used and now[STATUS] == "scrapped":
            card, amount = self._card(code), self._card(code).original_value
            lines = (_line("1606", debit=amount), _line("1601", credit=amount, asset=code))
            made.append(Made("disposal", _journal("转", now[APPROVED_ON], lines)))
            card.status = "scrapped"
        elif now is None and used and [row for row, _ in self.standing[code]][-1:] == [self.rows[change.position]]:
            _, journal = self.standing[code].pop()
            made.append(Made("withdrawal", journal and _red(journal, change)))
            self._card(code).status = "withdrawn"
        else:
            return False
        return True

    def _registration(self, code: str, row: Row, change: Change, is_approved: bool, is_owed: bool) -> Made:
        if change.position in self.facts.vanished and row[DEPARTMENT] in LATE_DEPARTMENTS:
            raise Refusal("failed")  # it went before its department came
        dept = self._department(row[DEPARTMENT])
        value = _positive(row[VALUE])
        lines = (_line("1601", debit=value, dept=dept, asset=code), _line("1002", credit=value))
        journal = None if change.op == "read" else _journal("记", row[APPROVED_ON], lines)
        if (value > 5000 or is_owed) and change.op != "read" and not is_approved:
            raise Refusal("approval")
        if journal is not None:
            _taken(value)
        self.books.cards[code] = Card(str(row[NAME]), dept, value)
        self.standing[code].append((self.rows[change.position], journal))
        return Made("registration", journal)

    def _came_and_went(self, change: Change) -> bool:
        """Whether an upgrade was taken back while it waited behind what only came afterwards."""
        if change.position not in self.facts.vanished or change.table != "upgrade":
            return False
        return self.sent[change.position] in self.taken_back

    def _upgrade(self, code: str, row: Row) -> None:
        amount = _positive(row[2])
        card = self._card(code)
        _taken(amount)
        journal = _journal("记", row[3], (_line("1601", debit=amount, asset=code), _line("1002", credit=amount)))
        card.original_value += amount
        self.books.made[code].append(Made("upgrade", journal))

    def _depreciation(self, code: str, row: Row) -> None:
        """Collected until its period is released; until then its card stays as it is."""
        if code not in self.books.cards:
            raise Refusal("failed")
        dept, card, amount = self._department(row[2]), self.books.cards[code], row[3]
        assert isinstance(amount, Decimal)
        if row[1] in self.released:
            self.books.depreciation[str(row[1]), dept] += amount
            card.accumulated_depreciation += amount
        else:
            self.collecting.add(code)

    def _department(self, number: object) -> str:
        if number not in self.departments:
            raise Refusal("failed")
        return f"D{number}"

    def _card(self, code: str) -> Card:
        if code not in self.books.cards:
            raise Refusal("failed")
        if code in self.collecting:
            raise Refusal("behind")
        return self.books.cards[code]


def _rows(changes: Sequence[Change]) -> dict[str, int]:
    """Which row of the assets each change is of, by position: one keeps its number when its key changes."""
    numbers: dict[Value, int] = {}
    found: dict[str, int] = {}
    for n, change in enumerate(c for c in changes if c.table == "asset"):
        number = n if change.before is None else numbers.pop(change.before[ID], n)
        if change.op == "read":
            number = numbers.get(change.after and change.after[ID], n)
        if change.after is not None:
            numbers[change.after[ID]] = number
        found[change.position] = number
    return found


def _continues(earlier: Change, later: Change) -> bool:
    """Whether `later` changes the row that `earlier` left."""
    return (
        earlier.table == later.table
        and earlier.after is not None
        and later.before is not None
        and earlier.after[: 2 if earlier.table == "deprec" else 1]
        == later.before[: 2 if earlier.table == "deprec" else 1]
    )


def _folded(changes: Sequence[Change]) -> Change | None:
    """Changes of one row as the first of them, had it been right at once; None when nothing is left of it."""
    first, last = changes[0], changes[-1]
    if last.after is not None or len(changes) == 1:
        return first._replace(after=last.after)
    return None if first.before is None else first._replace(op="delete", after=None)


def _positive(value: object) -> Decimal:
    if not isinstance(value, Decimal) or value <= 0:
        raise Refusal("failed")
    return value


def _taken(amount: Decimal) -> None:
    """Finance takes an amount, or does not."""
    if amount == REFUSED_BY_FINANCE:
        raise Refusal("failed")


def _journal(type: str, day: object, lines: tuple[Line, ...]) -> Journal:
    """In the period of the day, or on the first day of the first open one after it."""
    assert isinstance(day, date)
    posted = max(day, date(2026, 1, 1))
    return Journal(type, f"{posted:%Y-%m}", posted, day, lines)


def _red(journal: Journal, change: Change) -> Journal:
    day = change.committed_at.astimezone(CHINA).date()
    lines = tuple((account, -debit, -credit, dept, asset) for account, debit, credit, dept, asset in journal.lines)
    return _journal(journal.type, day, lines)


def _line(
    account: str,
    debit: Decimal = Decimal(0),
    credit: Decimal = Decimal(0),
    dept: str | None = None,
    asset: str | None = None,
) -> Line:
    return account, debit, credit, dept, asset
