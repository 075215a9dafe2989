"""`syncd audit verify`: whether the record is whole, and whether finance still holds what was posted.

Every posting, every event of a parked row and every action is hashed again, and held against heads that were anchored
elsewhere; every voucher is held against the rows in finance, and so are cards and other rows, field by field, as they
were written last; every parked row, acceptance and run of depreciation against what the chains say of it. So whatever
was edited, deleted or added is found, whoever did it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final, NamedTuple

from syncd import audit, journal, statements
from syncd.desk import approvals, claims, held, lasting, lots, parked_record, run_record
from syncd.desk.anchors import Watch
from syncd.ports import Layout, Ledger
from syncd.record import decode_content, decode_voucher

SQL: Final = statements.load("syncd.desk", "verify.sql")
STRETCH_ROWS: Final = 2_000
FLAWS_MAX: Final = 1_000
"""Flaws that are listed; a chain broken at its start is broken at every record."""
EDITED_MAX: Final = 100
"""Changes by finance's own people that are listed."""
FIRST: Final = -(1 << 63)
"""Before any number that a database takes, so that a record which was slipped in before the first is seen."""
_CONTENT, _HASH, _SOURCE, _CANCELLED = range(len(audit.POSTING) - 1, len(audit.POSTING) + 3)


class Flaw(NamedTuple):
    """Something that is not as it was recorded; `code` and `params` name the message."""

    code: str
    params: Mapping[str, str]


class Verdict(NamedTuple):
    """How much was looked at, the first flaws that were found, and finance's series of numbers that ours stand in.
    `anchored` counts the heads that were kept elsewhere and found again, `one_eye` are rows that one person asked for
    and agreed to; `edited` is what finance's own people may change and did."""

    postings: int
    vouchers: int
    actions: int
    flaws: Sequence[Flaw]
    parked: int = 0
    anchored: int = 0
    series: Sequence[claims.Series] = ()
    one_eye: Sequence[approvals.OneEye] = ()
    edited: Sequence[lasting.Other] = ()


class _Found(list[Flaw]):
    """The first flaws."""

    def add(self, code: str, **params: object) -> None:
        if len(self) < FLAWS_MAX:
            self.append(Flaw(code, {name: str(value) for name, value in params.items()}))


def verify(
    ledger: Ledger,
    pipeline: str,
    layout: Layout,
    anchored: Sequence[audit.Anchored] = (),
    others: Sequence[str] = (),
) -> Verdict:
    """One pipeline's postings, vouchers, cards and parked rows, all actions, and what in finance claims to be ours.
    `anchored` are heads of the pipeline's chains that were kept elsewhere, `others` the beginnings of keys that other
    systems write into finance."""
    flaws, watch = _Found(), Watch(anchored)
    actions, acted, asked = _actions(ledger, pipeline, watch, flaws)
    with closing(lasting.Written()) as written:
        postings, vouchers = _postings(ledger, pipeline, layout, watch, flaws, written)
        edited = _lasting(ledger, pipeline, layout, written, flaws)
    for flaw in run_record.flawed(ledger, pipeline, SQL, asked):
        flaws.add(flaw.code, pipeline=pipeline, **flaw.params)
    _refuse_homeless(ledger, flaws)
    for claim in claims.unfounded(ledger, layout, others):
        flaws.add(claim.code, table=claim.table, key=claim.key, subject=claim.subject)
    events = _events(ledger, pipeline, acted, watch, flaws)
    for one, code in watch.unmet():
        flaws.add(code, pipeline=pipeline, chain=one.chain, seq=one.seq, at=one.at or "–")
    series = claims.series(ledger, layout)
    agreed = [number for number, done in acted.items() if any(deed.action == "approve" for deed in done)]
    alone = [*islice(approvals.without_four_eyes(ledger, pipeline, agreed), FLAWS_MAX)]
    return Verdict(postings, vouchers, actions, flaws, events, watch.met, series, alone, edited)


def altered(ledger: Ledger, pipeline: str, layout: Layout) -> list[Flaw]:
    """What is wrong with the postings and their vouchers alone."""
    flaws = _Found()
    _postings(ledger, pipeline, layout, Watch(()), flaws)
    return flaws


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several pipelines of one ledger, whose actions are the same."""
    every = list(verdicts)
    flaws = {(flaw.code, *flaw.params.items()): flaw for verdict in every for flaw in verdict.flaws}
    postings, vouchers = sum(v.postings for v in every), sum(v.vouchers for v in every)
    series = {(one.table, one.period, one.type): one for verdict in every for one in verdict.series}
    return Verdict(
        postings,
        vouchers,
        max(v.actions for v in every),
        [*flaws.values()][:FLAWS_MAX],
        sum(v.parked for v in every),
        sum(v.anchored for v in every),
        [*series.values()],
        [alone for v in every for alone in v.one_eye][:FLAWS_MAX],
        [one for verdict in every for one in verdict.edited][:EDITED_MAX],
    )


def _postings(
    ledger: Ledger,
    pipeline: str,
    layout: Layout,
    watch: Watch,
    flaws: _Found,
    written: lasting.Written | None = None,
) -> tuple[int, int]:
    """How many postings and vouchers there are; what they wrote beside vouchers is noted as `written`."""
    shapes = {str(name): str(text) for name, text in ledger.query(SQL["shapes"])}
    look = _Vouchers(ledger, layout, shapes, flaws)
    postings, head = 0, audit.GENESIS

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal postings, head
        for rows in _stretches(ledger, "postings", (pipeline,)):
            lot: list[tuple[Sequence[str], lots.Recorded]] = []
            contents: list[tuple[int, str, str, Mapping[str, Any]]] = []
            for row in rows:
                fields = [str(value) for value in row[:_HASH]]
                seq, head = int(fields[0]), str(row[_HASH])
                content = decode_content(fields[_CONTENT])
                postings += 1
                contents.append((seq, fields[1], fields[3], content))
                if fields[4]:
                    _, key, rule, subject, ref, *_ = fields
                    lot.append((fields, lots.Recorded(key, rule, subject, ref, str(row[_CANCELLED] or ""), content)))
                if content.get("of", "") != row[_SOURCE]:
                    flaws.add("audit_posting", pipeline=pipeline, seq=seq)
                watch.see("posting", seq, head)
                yield seq, fields, head
            look.at(lot)
            if written is not None:
                written.take(contents)

    broken = _Found()
    for seq in audit.breaks(records()):
        broken.add("audit_posting", pipeline=pipeline, seq=seq)
    flaws.extend(broken)
    ends = ledger.query(SQL["end"], (pipeline,))
    said = ends[0][:2] if ends else (0, audit.GENESIS)
    if said != (postings, head):
        flaws.add("audit_end", pipeline=pipeline, seq=said[0], found=postings)
    return postings, look.vouchers


def _lasting(
    ledger: Ledger, pipeline: str, layout: Layout, written: lasting.Written, flaws: _Found
) -> list[lasting.Other]:
    """Cards and other rows that finance has otherwise than they were written last; those that its own people may
    change."""
    newer = (
        (int(str(seq)), str(key), str(subject), decode_content(str(content)))
        for seq, key, subject, content in _newer(ledger, pipeline, written.last)
    )
    edited: list[lasting.Other] = []
    for one in lasting.others(ledger, pipeline, layout, written, newer):
        said = {"key": one.by.key, "subject": one.by.subject, "table": one.table, "row": one.row}
        if one.is_theirs:
            edited += [one] if len(edited) < EDITED_MAX else []
        elif not one.field:
            flaws.add("audit_row_gone" if one.table else "audit_card_gone", **said)
        else:
            code = "audit_row" if one.table else "audit_card"
            flaws.add(code, **said, field=one.field, said=one.said, found=one.found)
    return edited


def _newer(ledger: Ledger, pipeline: str, last: int) -> Iterator[tuple[object, ...]]:
    yield from ledger.query(SQL["newer"], (pipeline, last))


class _Vouchers:
    """Looks at the vouchers of postings, a lot at a time: at all of them together, and exactly at those that do not
    agree at first sight."""

    def __init__(self, ledger: Ledger, layout: Layout, shapes: Mapping[str, str], flaws: _Found) -> None:
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


def _refuse_homeless(ledger: Ledger, flaws: _Found) -> None:
    for pipeline, found in ledger.query(SQL["homeless"]):
        flaws.add("audit_end", pipeline=pipeline, seq=0, found=found)


def _events(ledger: Ledger, pipeline: str, acted: parked_record.Deeds, watch: Watch, flaws: _Found) -> int:
    """How many events of parked rows there are. A pipeline that was not begun since there is their chain has none."""
    ends = ledger.query(SQL["end"], (pipeline,))
    seq, head = (int(str(ends[0][2])), str(ends[0][3])) if ends else (0, audit.GENESIS)
    found, last = 0, audit.GENESIS

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal found, last
        for rows in _stretches(ledger, "events", (pipeline,)):
            for row in rows:
                found, last = found + 1, str(row[-1])
                watch.see("parked", int(str(row[0])), last)
                yield int(str(row[0])), [str(value) for value in row[:-1]], last

    for broken in audit.breaks(records()):
        flaws.add("audit_parked_event", pipeline=pipeline, seq=broken)
    if (seq, head or audit.GENESIS) != (found, last):
        flaws.add("audit_parked_end", pipeline=pipeline, seq=seq, found=found)
    if head or found:
        for code, number, what in parked_record.flawed(ledger, pipeline, SQL, acted):
            flaws.add(code, pipeline=pipeline, id=number, what=what)
    return found


def _actions(
    ledger: Ledger, pipeline: str, watch: Watch, flaws: _Found
) -> tuple[int, parked_record.Deeds, list[run_record.Asked]]:
    """How many actions there are, those about the pipeline's parked rows, and those that asked for runs."""
    found, last = 0, audit.GENESIS
    deeds: list[tuple[str, str, str]] = []
    asked: list[tuple[int, str, str, str, str]] = []
    accepted: set[tuple[str, ...]] = set()
    closed: dict[str, str] = {}

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal found, last
        for rows in _stretches(ledger, "actions", ()):
            for row in rows:
                found, last = found + 1, str(row[-1])
                fields = [str(value) for value in row[:-1]]
                seq, at, actor, action, of, target, reason, detail = fields
                if of == pipeline and target.startswith("parked/"):
                    deeds.append((action, target, detail))
                elif of == pipeline and action == "depreciate":
                    asked.append((int(seq), target, actor, reason, detail))
                elif action == "accept":
                    accepted.add((target.removeprefix("mapping/"), _hash(detail), actor, reason, at))
                elif action == "close":
                    closed[target.removeprefix("period/")] = at
                elif action == "reopen":
                    closed.pop(target.removeprefix("period/"), None)
                watch.see("action", int(seq), last)
                yield int(seq), fields, last

    for seq in audit.breaks(records()):
        flaws.add("audit_action", seq=seq)
    ends = ledger.query(SQL["action_end"])
    if (ends[0] if ends else (0, audit.GENESIS)) != (found, last):
        flaws.add("audit_action_end", seq=ends[0][0] if ends else 0, found=found)
    _acceptances(ledger, accepted, flaws)
    _closings(ledger, closed, flaws)
    return found, parked_record.deeds_of(deeds), run_record.asked_of(asked)


def _acceptances(ledger: Ledger, accepted: set[tuple[str, ...]], flaws: _Found) -> None:
    """Each is as an action says, and each of those is there."""
    there = {tuple(map(str, row)) for row in ledger.query(SQL["acceptances"])}
    for mapping, _, _, _, at in sorted(there ^ accepted, key=lambda one: one[4]):
        flaws.add("audit_acceptance", mapping=mapping, at=at)


def _closings(ledger: Ledger, closed: Mapping[str, str], flaws: _Found) -> None:
    """The periods that are closed are those that actions have closed and not opened again."""
    there = {(str(period), str(at)) for period, at in ledger.query(SQL["closings"])}
    for period, at in sorted(there ^ set(closed.items())):
        flaws.add("audit_closing", period=period, at=at)


def _hash(detail: str) -> str:
    return str(parked_record.read(detail).get("hash", ""))


def _stretches(ledger: Ledger, name: str, params: Sequence[object]) -> Iterator[Sequence[Sequence[object]]]:
    """Records in order, so many at a time."""
    last: object = FIRST
    while rows := ledger.query(SQL[name], (*params, last, STRETCH_ROWS)):
        yield rows
        last = rows[-1][0]
