"""What a mapping would make of the last changes, beside what became of them: shown before somebody answers for it.

The changes are those whose rows the record still has: what it keeps of the last ones as they were read, and every
parked or collected row. They are translated once more, in order, over the books as they stood before.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, NamedTuple, Protocol

from syncd.books.hindsight import SQL, Finance, Hindsight, is_group, reopened
from syncd.change import Change, ChangeSet, Position, Table
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Book, CollectedRow, Ledger, Parked
from syncd.posting import NOTHING, Batch, Rejection, Rejections
from syncd.record import decode_change

CHANGES_MAX: Final = 1_000
"""How far is looked back."""
_POSTINGS_PER_CHANGE: Final = 8
_ROWS_MAX: Final = 10_000
_TRAILING_ZEROS: Final = re.compile(r"(?<=\d)(?:\.0+|(\.\d*?[1-9])0+)$")


class Translator(Protocol):
    """The mapping, compiled."""

    def translate(self, sets: Sequence[ChangeSet], book: Book) -> Batch: ...
    def replay(self, parked: Sequence[Parked], book: Book) -> Batch: ...
    def gather(
        self, rule: str, group: str, rows: Sequence[CollectedRow], book: Book, refused: Rejections = NOTHING
    ) -> Batch: ...


class Said(NamedTuple):
    """What became of a change: the code of a message and what fills it in."""

    code: str
    params: Mapping[str, str]


class Difference(NamedTuple):
    """A change that would become something else; `at` is where two postings of one rule first differ."""

    position: Position
    committed_at: datetime
    table: str
    subject: str
    was: Sequence[Said]
    would: Sequence[Said]
    at: str


class Comparison(NamedTuple):
    """`compared` of the last `of` changes could be compared; these of them differ."""

    compared: int
    of: int
    differences: Sequence[Difference]


class _Decided(NamedTuple):
    """What people decided about a parked row."""

    approved: frozenset[str]
    edited: Change | None
    is_discarded: bool
    is_posted: bool


class _Fate(NamedTuple):
    """What became of a change: contents by rule, groups by rule, the reason why it is parked."""

    subject: str
    posted: Mapping[str, Any]
    collected: Mapping[str, str]
    parked: Said | None


_NOTHING: Final = _Fate("", {}, {}, None)
_DISCARDED: Final = Said("row_discarded", {})


def compare(
    ledger: Ledger,
    pipeline: str,
    translator: Translator,
    tables: Mapping[str, Table],
    layout: FinanceLayout,
    finance: Finance,
) -> Comparison:
    """Try a mapping, as its translator, on the last changes that a pipeline carried."""
    parked = ledger.query(SQL["parked"], (pipeline, _ROWS_MAX))
    collected = ledger.query(SQL["collected"], (pipeline, _ROWS_MAX))
    known = dict(recent(ledger, pipeline, tables))
    kept = [(row[0], row[2] or row[1]) for row in parked] + [(row[0], row[1]) for row in collected]
    for at, text in kept:
        if (change := _decoded(tables, text)) is not None:
            known.setdefault(Position(str(at)), change)
    positions = _with_forerunners(sorted(known)[-CHANGES_MAX:], parked)
    window = [known[at] for at in sorted(known.keys() & positions)]
    asked = CHANGES_MAX * _POSTINGS_PER_CHANGE
    recorded = ledger.query(SQL["made"], (pipeline, pipeline, asked))
    made = [row for row in recorded if row[1] in positions]
    contents = [json.loads(str(content)) for *_, content in made]
    then = finance._replace(periods=reopened(finance.periods, contents))
    groups = _released(recorded, positions)
    taken = [Position(str(at)) for at, _, _, _, posting in collected if posting and posting not in groups]
    book = Hindsight(tables, layout, ledger, pipeline, window, groups, taken, then)
    decided: dict[str, _Decided] = {}
    for at, now, original, state, subject, rule, code, params, waits_for, approved, _, settled in parked:
        edited = _decoded(tables, now) if original is not None else None
        decided[str(at)] = _Decided(
            frozenset(json.loads(str(approved))), edited, state == "discarded", state == "posted"
        )
        if at not in positions and settled is None and (change := _decoded(tables, now)) is not None:
            status = state if state in ("behind", "approval") else "failed"
            said = (str(subject), str(rule), status, str(code), json.loads(str(params)), str(waits_for))
            book.hold(Rejection(change, *said))  # type: ignore[arg-type]
    _Play(translator, book, decided).run(window)
    was = _fates(made, parked, collected)
    would = _would_be(book)
    found = [d for change in window if (d := _difference(change, was, would)) is not None]
    ((counted,),) = ledger.query(SQL["counted"], (pipeline,)) or [(0,)]
    return Comparison(len(window), max(min(CHANGES_MAX, int(str(counted))), len(window)), found)


class _Play:
    """The changes once more, and what people decided about them."""

    def __init__(self, translator: Translator, book: Hindsight, decided: Mapping[str, _Decided]) -> None:
        self._translator, self._book, self._decided = translator, book, decided
        self._asked: set[tuple[Position, str]] = set()

    def run(self, window: Sequence[Change]) -> None:
        """Transaction by transaction; what was committed at one moment counts as one."""
        for at, changes in groupby(window, key=lambda change: change.committed_at):
            said = list(changes)
            sets: Sequence[ChangeSet] = [ChangeSet(said, said[-1].position, at)]
            while sets:
                batch = self._translator.translate(sets, self._book)
                self._book.write(batch)
                self._settle(at)
                sets = batch.rest

    def _settle(self, now: datetime) -> None:
        """Try again what people decided and what came asks for, and post what is due, until nothing moves."""
        book = self._book
        for _ in range(2 * len(book.notes) + len(book.loose) + 1):
            for note in book.notes:
                if not note.settled:
                    self._decide(note)
            if asked := book.requested(_ROWS_MAX):
                book.write(self._translator.replay(asked, book))
            due = book.due_groups(now)
            for rule, group in due:
                rows = tuple(book.collected(rule, group))
                book.loose = [kept for kept in book.loose if kept[0] not in rows]
                book.write(self._translator.gather(rule, group, rows, book))
            if not (asked or due):
                return

    def _decide(self, note: Any) -> None:
        """Once for each reason: what was approved or edited then is so again."""
        rejection = note.rejection
        decided = self._decided.get(rejection.change.position)
        step = rejection.params.get("step", rejection.rule)
        reason = (rejection.change.position, f"{rejection.rule} {rejection.code} {step}")
        if decided is None or reason in self._asked or rejection.status == "behind":
            return
        self._asked.add(reason)
        if decided.edited is not None and rejection.change != decided.edited:
            # What was posted as a person had edited it had been agreed to by the rules of its day; before 0.2.0 an
            # edit needed nobody's consent.
            note.sent = None if decided.is_posted else rejection.change
            note.rejection = rejection._replace(change=decided.edited)
            note.request = "retry"
        elif rejection.status == "approval" and step in decided.approved:  # what it was edited to, where it was
            note.approved.add(step)
            note.request = "retry"
        elif decided.is_discarded:
            self._book.discard(note)


def recent(ledger: Ledger, pipeline: str, tables: Mapping[str, Table]) -> Iterator[tuple[Position, Change]]:
    """The changes that were kept as they were read, without a gap back from the last."""
    follows = None
    for last, first, texts in ledger.query(SQL["recent"], (pipeline, CHANGES_MAX)):
        if follows is not None and int(str(last)) != follows - 1:
            return
        follows = int(str(first))
        for stored in json.loads(str(texts)):
            change = _decoded(tables, json.dumps(stored))
            if change is not None:
                yield change.position, change


def _with_forerunners(last: Sequence[Position], parked: Sequence[Sequence[object]]) -> set[Position]:
    """The positions, and those of the parked rows behind which some of them waited: they were settled together."""
    positions = set(last)
    since: dict[str, str] = {}
    for at, _, _, _, subject, _, _, _, _, _, parked_at, settled_at in parked:  # the newest first
        waited_from = since.get(str(subject))
        if at in positions or (waited_from is not None and settled_at is not None and str(settled_at) >= waited_from):
            positions.add(Position(str(at)))
            since[str(subject)] = str(parked_at)
    return positions


def _released(recorded: Sequence[Sequence[object]], positions: Collection[Position]) -> set[str]:
    """The keys of the groups' postings that followed a release among the changes."""
    found: set[str] = set()
    is_theirs: dict[str, bool] = {}
    for _, at, key, rule, subject, _, _ in reversed(recorded):
        if str(key).startswith(f"{rule}/release/"):
            is_theirs[str(rule)] = at in positions
        elif is_group(str(rule), str(subject)) and is_theirs.get(str(rule)):
            found.add(str(key))
    return found


def _decoded(tables: Mapping[str, Table], text: object) -> Change | None:
    """A change of a table that the mapping still has."""
    try:
        return decode_change(tables, str(text))
    except KeyError:
        return None


def _fates(
    made: Sequence[Sequence[object]], parked: Sequence[Sequence[object]], collected: Sequence[Sequence[object]]
) -> Mapping[str, _Fate]:
    fates: dict[str, _Fate] = {}
    reversing = {at for _, at, _, _, _, reverses, _ in made if reverses}
    for _, at, _, rule, subject, reverses, content in made:
        if not is_group(str(rule), str(subject)):
            name = _named(str(rule), str(reverses or ""))
            _add(fates, str(at), str(subject), posted={name: _content(content, at in reversing)})
    for at, _, rule, group, _ in collected:
        _add(fates, str(at), collected={str(rule): str(group)})
    for at, _, _, state, subject, rule, code, _, _, _, _, settled in parked:
        if settled is None:
            _add(fates, str(at), str(subject), parked=_parked(str(state), str(rule), str(code)))
        elif state == "discarded":
            _add(fates, str(at), str(subject), parked=_DISCARDED)
    return fates


def _would_be(book: Hindsight) -> Mapping[str, _Fate]:
    fates: dict[str, _Fate] = {}
    reversing = {posting.change.position for posting, _ in book.entered if posting.reverses is not None}
    for posting, _ in book.entered:
        if not is_group(posting.rule, posting.subject):
            reverses = posting.change.position in reversing
            content = _content(book.posted([posting.key])[posting.key].content, reverses)
            name = _named(posting.rule, posting.reverses.key if posting.reverses is not None else "")
            _add(fates, posting.change.position, posting.subject, posted={name: content})
    for at, groups in book.grouped.items():
        _add(fates, at, collected=groups)
    for note in book.notes:
        r = note.rejection
        at = r.change.position
        if not note.settled:
            _add(fates, at, r.subject, parked=_parked(r.status, r.rule, r.code))
        elif book.is_discarded(note):
            _add(fates, at, r.subject, parked=_DISCARDED)
    return fates


def _named(rule: str, reverses: str) -> str:
    """A posting among those of its change: the red letter of a rule's own stands beside what is right."""
    return f"{rule}/red" if reverses.startswith(f"{rule}/") else rule


def _parked(status: str, rule: str, code: str) -> Said:
    return Said(f"fate_{status}", {"rule": rule, "code": code})


def _add(
    fates: dict[str, _Fate],
    at: str,
    subject: str = "",
    posted: Mapping[str, Any] | None = None,
    collected: Mapping[str, str] | None = None,
    parked: Said | None = None,
) -> None:
    was = fates.get(at, _NOTHING)
    fates[at] = _Fate(
        subject or was.subject,
        {**was.posted, **(posted or {})},
        {**was.collected, **(collected or {})},
        parked or was.parked,
    )


def _difference(change: Change, was: Mapping[str, _Fate], would: Mapping[str, _Fate]) -> Difference | None:
    one, two = was.get(change.position, _NOTHING), would.get(change.position, _NOTHING)
    if one[1:] == two[1:]:
        return None
    at = next((f"{rule}.{_where(one.posted[rule], two.posted[rule])}" for rule in one.posted
               if rule in two.posted and one.posted[rule] != two.posted[rule]), "")  # fmt: skip
    subject = one.subject or two.subject
    return Difference(change.position, change.committed_at, change.table, subject, _said(one), _said(two), at)


def _said(fate: _Fate) -> Sequence[Said]:
    words = [
        Said("fate_posted", {"rule": rule, "period": period, "amount": amount})
        for rule, content in fate.posted.items()
        for period, amount in [_period_and_amount(content.get("voucher"))]
    ]
    words += [Said("fate_collected", {"rule": rule, "group": group}) for rule, group in fate.collected.items()]
    if fate.parked is not None:
        words.append(fate.parked)
    return words or [Said("fate_nothing", {})]


def _period_and_amount(voucher: Any) -> tuple[str, str]:
    if not voucher:
        return "", ""
    return voucher["period"], str(sum(Decimal(entry[1]) for entry in voucher["entries"]))


def _content(text: object, reverses: bool) -> Any:
    """What a posting wrote, so that equal things are equal: 5 is 5.00. Where a change cancels a voucher its
    summaries name that one's number, and numbers on paper are others; so are days that ascend with them."""
    stored = json.loads(str(text))
    voucher = stored.get("voucher")
    if voucher:
        entries = [[*e[:3], None if reverses else e[3], e[4]] for e in voucher["entries"]]
        day = voucher.get("event_date", voucher["date"])  # with the period it says the voucher's own
        voucher = {**voucher, "date": day, "event_date": day, "entries": entries}
        voucher["summary"] = "" if reverses else voucher["summary"]
    cards = sorted(([code, fields] for code, _, fields in stored.get("cards", ())), key=lambda card: str(card[0]))
    return _plain({"cards": cards, "voucher": voucher, "rows": stored.get("rows", [])})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return _TRAILING_ZEROS.sub(lambda m: m[1] or "", value) if isinstance(value, str) else value


def _where(one: Any, two: Any) -> str:
    """Where two contents first differ: `voucher.entries.0.1: 100 → 90`."""
    if isinstance(one, dict) and isinstance(two, dict):
        names = [name for name in {**one, **two} if one.get(name) != two.get(name)]
        return _path(names[0], _where(one.get(names[0]), two.get(names[0])))
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        n = next(n for n, (a, b) in enumerate(zip(one, two, strict=True)) if a != b)
        return _path(str(n), _where(one[n], two[n]))
    if isinstance(one, list) and isinstance(two, list):
        one, two = len(one), len(two)
    return f": {one} → {two}"


def _path(name: str, rest: str) -> str:
    return f"{name}{rest}" if rest.startswith(":") else f"{name}.{rest}"
