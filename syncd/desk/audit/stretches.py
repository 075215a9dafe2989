"""The chain of postings, a stretch of it at a time, with the vouchers that finance holds of it.

Each stored hash is the next one's predecessor, so a stretch is judged by itself from the record before it; several of
them are a whole chain where each begins with the record that the one before it ends with.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from syncd import audit, journal, statements
from syncd.desk.audit import held, lasting, lots
from syncd.ports import Layout, Ledger
from syncd.record import decode_content, decode_voucher

SQL: Final = statements.load("syncd.desk.audit", "verify.sql")
STRETCH_ROWS: Final = 2_000
"""Records that are read at once."""
FLAWS_MAX: Final = 1_000
"""Flaws that are listed; a chain broken at its start is broken at every record."""
FIRST: Final = -(1 << 63)
"""Before any number that a database takes, so that a record which was slipped in before the first is seen."""
LAST: Final = (1 << 63) - 1
_CONTENT, _HASH, _SOURCE, _CANCELLED = range(len(audit.POSTING) - 1, len(audit.POSTING) + 3)


class Flaw(NamedTuple):
    """Something that is not as it was recorded; `code` and `params` name the message."""

    code: str
    params: Mapping[str, str]


class Flaws(list[Flaw]):
    """The first flaws."""

    def add(self, code: str, **params: object) -> None:
        if len(self) < FLAWS_MAX:
            self.append(Flaw(code, {name: str(value) for name, value in params.items()}))


class Bounds(NamedTuple):
    """Numbers of a chain: those behind `after`, up to `last`."""

    after: int = FIRST
    last: int = LAST


WHOLE: Final = Bounds()


class Head(NamedTuple):
    """A record of a chain: its number and its hash."""

    seq: int = 0
    hash: str = audit.GENESIS


class Judged(NamedTuple):
    """What was found of a stretch: how many postings and vouchers; the record that it follows and its last one; the
    numbers at which it is broken, other flaws; those of its records that were awaited; and how many postings the chain
    must have in all and which hash at its end, as was said when the stretch had been read."""

    postings: int
    vouchers: int
    before: Head
    last: Head
    broken: Sequence[int]
    flaws: Sequence[Flaw]
    met: Sequence[Head]
    said: Head


def cut(ledger: Ledger, pipeline: str, parts: int, postings_min: int) -> list[Bounds]:
    """A pipeline's chain in so many stretches of about the same length; one of them where there are fewer postings."""
    ((low, high),) = ledger.query(SQL["range"], (pipeline,))
    first, count = (int(str(low)), int(str(high)) - int(str(low)) + 1) if low is not None else (0, 0)
    if count < postings_min:
        return [WHOLE]
    ends = [first + count * part // parts for part in range(1, parts)]
    return [Bounds(after, last) for after, last in zip([FIRST, *ends], [*ends, LAST], strict=True)]


def judged(
    ledger: Ledger,
    pipeline: str,
    layout: Layout,
    bounds: Bounds = WHOLE,
    awaited: Collection[int] = (),
    written: lasting.Written | None = None,
) -> Judged:
    """A stretch of a pipeline's postings; what they wrote beside vouchers is noted as `written`, and of the numbers
    that are `awaited` it is told which hashes they have."""
    shapes = {str(name): str(text) for name, text in ledger.query(SQL["shapes"])}
    flaws, met = Flaws(), list[Head]()
    look = _Vouchers(ledger, layout, shapes, flaws)
    before = _before(ledger, pipeline, bounds.after)
    postings, last, said = 0, before, Head()

    def pages() -> Iterator[Sequence[Sequence[object]]]:
        """Until nothing has come behind what was read by the time that the end is asked for."""
        nonlocal said
        after, more = bounds.after, True
        while more:
            more = False
            for rows in read(ledger, "postings", (pipeline,), bounds._replace(after=after)):
                after, more = int(str(rows[-1][0])), True
                yield rows
            ends = ledger.query(SQL["end"], (pipeline,))
            said = Head(int(str(ends[0][0])), str(ends[0][1])) if ends else Head()
            more = more and said.seq > after

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal postings, last
        for rows in pages():
            lot: list[tuple[Sequence[str], lots.Recorded]] = []
            contents: list[tuple[int, str, str, Mapping[str, Any]]] = []
            for row in rows:
                fields = [*map(str, row[:_HASH])]
                text, key, rule, subject, ref, *_ = fields
                seq, head, source, cancelled = int(text), str(row[_HASH]), row[_SOURCE], row[_CANCELLED]
                content = decode_content(fields[_CONTENT])
                contents.append((seq, key, subject, content))
                if ref:
                    lot.append((fields, lots.Recorded(key, rule, subject, ref, str(cancelled or ""), content)))
                if content.get("of", "") != source:
                    flaws.add("audit_posting", pipeline=pipeline, seq=seq)
                if seq in awaited:
                    met.append(Head(seq, head))
                yield seq, fields, head
            postings += len(rows)
            last = Head(seq, head)
            look.at(lot)
            if written is not None:
                written.take(contents)

    broken: list[int] = []
    for number in audit.breaks(records(), before.hash, before.seq + 1):
        if len(broken) < FLAWS_MAX:
            broken.append(number)
    return Judged(postings, look.vouchers, before, last, broken, flaws, met, said)


def read(
    ledger: Ledger, name: str, params: Sequence[object], bounds: Bounds | None = None, of: int = STRETCH_ROWS
) -> Iterator[Sequence[Sequence[object]]]:
    """Records in order, `of` them at a time; only of a statement that takes them are there bounds at both ends."""
    last: object = FIRST if bounds is None else bounds.after
    end = () if bounds is None else (bounds.last,)
    while rows := ledger.query(SQL[name], (*params, last, *end, of)):
        yield rows
        last = rows[-1][0]


def _before(ledger: Ledger, pipeline: str, after: int) -> Head:
    found = [] if after == FIRST else ledger.query(SQL["before"], (pipeline, after))
    return Head(int(str(found[0][0])), str(found[0][1])) if found else Head()


class _Vouchers:
    """Looks at the vouchers of postings, a lot at a time: at all of them together, and exactly at those that do not
    agree at first sight."""

    def __init__(self, ledger: Ledger, layout: Layout, shapes: Mapping[str, str], flaws: Flaws) -> None:
        self._ledger, self._flaws = ledger, flaws
        self._differences = held.differences(ledger, layout, shapes)
        self._shapes = {name: journal.decode(text) for name, text in shapes.items() if journal.hash_of(text) == name}
        self.vouchers = 0

    def at(self, lot: Sequence[tuple[Sequence[str], lots.Recorded]]) -> None:
        self.vouchers += len(lot)
        agree = lots.agreeing(self._ledger, self._shapes, [posting for _, posting in lot])
        for fields, posting in lot:
            if posting.key not in agree:
                self._exactly(fields, posting.reverses)

    def _exactly(self, fields: Sequence[str], cancelled: str) -> None:
        """`fields` are as `audit.POSTING` names them."""
        _, key, rule, subject, ref, reverses, *_, content = fields
        try:
            voucher = decode_voucher(content)
        except (ValueError, KeyError, TypeError, ArithmeticError):  # was edited, which the chain says too
            voucher = None
        if voucher is None:
            self._flaws.add("audit_voucher", voucher=ref, table="syncd.posting", key=key, subject=subject)
            return
        for code, table in self._differences(
            journal.Source(key, rule, subject, ref, cancelled, voucher), reverses, content
        ):
            self._flaws.add(code, voucher=ref, table=table, key=key, subject=subject)
