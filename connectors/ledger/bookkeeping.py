"""Postings to finance: vouchers numbered without gap, rows rendered by the layout, the record sealed, and what
finance refuses found by bisection."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Final, Literal

from connectors.ledger import collecting
from connectors.ledger.database import CHUNK_ROWS
from connectors.ledger.standing import SQL, Work, integer
from syncd import audit
from syncd.change import Value
from syncd.errors import RowRefused
from syncd.money import ZERO
from syncd.ports import Numbered, TableWrite
from syncd.posting import CardWrite, Outcome, Posting, Rejection, Voucher, is_unnamed, named
from syncd.record import encode_content, timestamp

ATTEMPTS_MAX: Final = 4
"""Of a batch: finance's people may take a number at the same moment, and have opened the card."""
_COLUMNS: Final = ("pipeline", *audit.POSTING, "hash")

_new: Final = tuple.__new__
"""Half the price of a named tuple's own constructor."""

Lookups = Mapping[str, Mapping[Value, Value]]
Series = tuple[str, str]
"""Vouchers that are numbered together: period and type."""


class Bookkeeper:
    """Posts the outcomes of one batch. What finance refuses becomes a rejection, what follows it on the same
    subject waits behind it, the rest is posted."""

    def __init__(self, work: Work, lookups: Lookups, outcomes: list[Outcome], in_order: bool) -> None:
        self._work = work
        self._lookups = lookups
        self._outcomes = outcomes
        self._in_order = in_order
        self._refused: dict[str, int] = {}
        self._spots: list[int] = []
        self._last: dict[Series, int] = {}
        self._unnamed = {p.reverses.key for o in outcomes for p in o.postings if p.reverses and is_unnamed(p)}
        self._names: dict[str, str] = {}

    def prepare(self) -> None:
        """Refuse what is unsound, and take hold of the voucher numbers."""
        outcomes = self._outcomes
        self._spots = [i for i, outcome in enumerate(outcomes) if outcome.postings and self._is_sound(i)]
        series = {(v[1], v[0]) for i in self._spots for p in outcomes[i].postings if (v := p.voucher) is not None}
        self._last = self._last_numbers(sorted(series))

    def post(self) -> None:
        """Write all postings, in place of what was refused leave rejections."""
        before = self._last
        self._post(self._spots)
        for one, last in self._last.items():
            if last != before[one]:
                self._work.database.send(SQL["set_number"], (last, *one))
        if self._refused:
            self._hold_followers()

    def _is_sound(self, spot: int) -> bool:
        """The last guard before finance: no posting of a held subject, no voucher that does not balance."""
        outcome = self._outcomes[spot]
        if self._in_order and outcome.parked_id is None and outcome.subject in self._work.standing.held:
            self._refuse(spot, RowRefused("behind"), "behind")
            return False
        for _, _, _, _, _, voucher, _, reverses, _, _ in outcome.postings:
            if voucher is not None and (fault := unsound(voucher, reverses is not None)):
                self._refuse(spot, fault)
                return False
        return True

    def _post(self, spots: Sequence[int]) -> None:
        spots = [i for i in spots if self._outcomes[i].subject not in self._refused]
        for attempt in range(ATTEMPTS_MAX):
            if not spots:
                return
            try:
                self._write([posting for i in spots for posting in self._outcomes[i].postings])
                return
            except RowRefused as refusal:
                if refusal.code == "row_duplicate" and (self._is_overtaken() or self._reopens()):
                    continue
                if len(spots) > 1:
                    break
                if attempt:
                    self._refuse(spots[0], refusal)
                    return
                # Tried once more: the column that was too narrow may have been widened since it was last looked at.
        middle = len(spots) // 2
        self._post(spots[:middle])
        self._post(spots[middle:])

    def _write(self, postings: Sequence[Posting]) -> None:
        work, last = self._work, dict(self._last)
        numbered = [_new(Numbered, (p, _next(last, p[5]))) for p in postings if p.collected is None]
        if self._unnamed:
            numbered = [self._named(*one) for one in numbered]
        head = _Chain(work.standing.posting_seq, work.standing.posting_hash)
        opened: set[str] = set()
        with work.database.savepoint("syncd_postings"):
            for start in range(0, len(numbered), CHUNK_ROWS):
                lot = numbered[start : start + CHUNK_ROWS]
                for write in work.layout.render(folded(lot), self._lookups):
                    self._put(write)
                    if write.verb == "open":
                        opened.add(write.table)
                work.database.put("syncd.posting", _COLUMNS, (), "insert", [self._record(lot, head)])
            collecting.collect(work, postings)
            work.database.settle()
        self._last = last
        for table in opened:
            work.standing.opening.setdefault(table, "insert")
        work.standing.posting_seq, work.standing.posting_hash = head.seq, head.hash

    def _put(self, write: TableWrite) -> None:
        table, columns, key, said, rows = write if write.verb in ("insert", "open") else newest(write)
        verb = self._work.standing.opening.get(table, "upsert") if said == "open" else said
        lots = (rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS))
        self._work.database.put(table, columns, key, verb, lots)

    def _named(self, posting: Posting, number: int) -> Numbered:
        """A posting that cancels another of this batch calls it by its number."""
        if posting.key in self._unnamed:
            v = posting.voucher
            self._names[posting.key] = "" if v is None else self._work.layout.voucher_ref(v.period, v.type, number)
        if posting.reverses is not None and is_unnamed(posting):
            posting = named(posting, self._names[posting.reverses.key])
        return Numbered(posting, number)

    def _record(self, numbered: Sequence[Numbered], end: "_Chain") -> Sequence[tuple[Value, ...]]:
        work, seal = self._work, audit.seal
        pipeline, mapping_hash, now, ref = work.pipeline, work.mapping_hash, work.now, work.layout.voucher_ref
        seq, head = end.seq, end.hash
        moment, committed_at = None, ""
        rows: list[tuple[Value, ...]] = []
        for posting, number in numbered:
            key, rule, subject, change, _, voucher, _, reverses, _, _ = posting
            _, _, _, _, position, at, _ = change
            seq += 1
            if at != moment:
                moment, committed_at = at, timestamp(at)
            fields = (
                *(str(seq), key, rule, subject),
                "" if voucher is None else ref(voucher[1], voucher[0], number),
                "" if reverses is None else reverses.key,
                *(mapping_hash, position, committed_at, now, encode_content(posting)),
            )
            head = seal(head, fields)
            rows.append((pipeline, *fields, head))
        end.seq, end.hash = seq, head
        return rows

    def _last_numbers(self, series: Sequence[Series]) -> dict[Series, int]:
        """The last numbers given, kept from others until the transaction ends. At first use what finance's own
        people have typed counts too."""
        last, known = self._numbers(series), self._work.standing.numbered
        if missing := [one for one in series if one not in last]:
            for one in missing:
                self._work.database.send(SQL["add_number"], one)
            last = self._numbers(series)
        for one in last.keys() - known:
            known.add(one)
            last[one] = max(last[one], self._highest(one))
        return last

    def _numbers(self, series: Sequence[Series]) -> dict[Series, int]:
        """In one order, that two pipelines never wait for each other."""
        if not series:
            return {}
        which = " OR ".join(["period = ? AND type = ?"] * len(series))
        select = f"SELECT period, type, last FROM syncd.number WHERE {which} ORDER BY period, type"
        rows = self._work.database.query(select + self._work.database.for_update, [*chain.from_iterable(series)])
        return {(str(period), str(kind)): integer(last) for period, kind, last in rows}

    def _highest(self, series: Series) -> int:
        rows = self._work.database.query(self._work.layout.last_number_query(series[0]), series)
        return int(str(rows[0][0] or 0)) if rows else 0

    def _is_overtaken(self) -> bool:
        """Whether finance holds numbers above ours; ours then go on from there."""
        highest = {series: self._highest(series) for series in self._last}
        overtaken = {series: number for series, number in highest.items() if number > self._last[series]}
        self._last = self._last | overtaken
        return bool(overtaken)

    def _reopens(self) -> bool:
        """Whether it may have been a card that was there: from now on what is there is replaced."""
        opening = self._work.standing.opening
        inserted = "insert" in opening.values()
        opening.update(dict.fromkeys(opening, "upsert"))
        return inserted

    def _refuse(self, spot: int, refusal: RowRefused, status: Literal["failed", "behind"] = "failed") -> None:
        outcome = self._outcomes[spot]
        rules = ", ".join(dict.fromkeys(posting.rule for posting in outcome.postings))
        rejection = Rejection(outcome.change, outcome.subject, rules, status, refusal.code, refusal.params)
        self._outcomes[spot] = outcome._replace(postings=(), rejection=rejection)
        self._refused.setdefault(outcome.subject, spot)

    def _hold_followers(self) -> None:
        """What came after a refused change of the same subject waits behind it, whatever it was to be."""
        for spot, outcome in enumerate(self._outcomes):
            refused_at = self._refused.get(outcome.subject)
            if refused_at is not None and spot > refused_at:
                behind = Rejection(outcome.change, outcome.subject, _rule(outcome), "behind", "behind", {})
                self._outcomes[spot] = outcome._replace(postings=(), rejection=behind, ignored="")


class _Chain:
    """The head of the hash chain while a batch is written."""

    def __init__(self, seq: int, hash: str) -> None:
        self.seq, self.hash = seq, hash


def unsound(voucher: Voucher, is_reversal: bool) -> RowRefused | None:
    """Why a voucher is none: fewer than two entries, a line with two sides or none, a negative amount outside a
    red-letter reversal, debit that is not credit."""
    entries = voucher.entries
    if len(entries) < 2:
        return RowRefused("voucher_short", entries=len(entries))
    debited = credited = ZERO
    for account, debit, credit, _, _ in entries:
        if debit:
            if credit:
                return RowRefused("voucher_sides", account=account)
            debited += debit
        elif credit:
            credited += credit
        else:
            return RowRefused("voucher_sides", account=account)
        if not is_reversal and (debit < ZERO or credit < ZERO):
            return RowRefused("voucher_negative", account=account)
    return None if debited == credited else RowRefused("voucher_unbalanced", debit=debited, credit=credited)


def folded(numbered: Sequence[Numbered]) -> Sequence[Numbered]:
    """The same with one write a card: what later postings change is written by the first that touches it."""
    merged: dict[str, CardWrite] = {}
    count = 0
    for posting, _ in numbered:
        for card in posting.cards:
            count += 1
            earlier = merged.get(card.asset_code)
            merged[card.asset_code] = card if earlier is None else _one(earlier, card)
    if count == len(merged):
        return numbered
    result = []
    for posting, number in numbered:
        codes = dict.fromkeys(card.asset_code for card in posting.cards)
        cards = tuple(merged.pop(code) for code in codes if code in merged)
        result.append(Numbered(posting._replace(cards=cards), number))
    return result


def newest(write: TableWrite) -> TableWrite:
    """The same with the last row alone where several have one key."""
    key = itemgetter(*map(write.columns.index, write.key))
    rows = {key(row): row for row in write.rows}
    return write if len(rows) == len(write.rows) else write._replace(rows=list(rows.values()))


def _one(earlier: CardWrite, later: CardWrite) -> CardWrite:
    opening = earlier if earlier.verb == "open" else later
    return CardWrite(later.asset_code, opening.verb, {**earlier.fields, **later.fields})


def _rule(outcome: Outcome) -> str:
    """The rule that had most to say about a change; empty when none had."""
    if outcome.rejection is not None:
        return outcome.rejection.rule
    return outcome.postings[0].rule if outcome.postings else ""


def _next(last: dict[Series, int], voucher: Voucher | None) -> int:
    if voucher is None:
        return 0
    kind, period, _, _, _, _ = voucher
    number = last[period, kind] = last[period, kind] + 1
    return number
