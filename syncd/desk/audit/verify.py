"""`syncd audit verify`: whether the record is whole, and whether finance still holds what was posted.

Every posting, every event of parked and of collected rows and every action is hashed again, and held against heads that
were anchored elsewhere; every voucher is held against the rows in finance, and so are cards and other rows, field by
field, as they were written last; every parked row, collected row, acceptance, account and run of depreciation against
what the chains say of it. So whatever was edited, deleted or added is found, whoever did it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import NamedTuple

from syncd import audit
from syncd.desk.audit import (
    account_record,
    claims,
    collected_record,
    lasting,
    parked_record,
    run_record,
    stretches,
    together,
)
from syncd.desk.audit.anchors import Watch
from syncd.desk.audit.stretches import FLAWS_MAX, SQL, WHOLE, Flaws, Head, Judged, read
from syncd.desk.audit.stretches import Flaw as Flaw
from syncd.desk.parked import approvals
from syncd.ports import Layout, Ledger


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
    collected: int = 0


def verify(
    ledger: Ledger,
    pipeline: str,
    layout: Layout,
    anchored: Sequence[audit.Anchored] = (),
    others: Sequence[str] = (),
    again: together.Again | None = None,
    terms: Iterable[str] = (),
) -> Verdict:
    """One pipeline's postings, vouchers, cards and parked rows, all actions, and what in finance claims to be ours.
    `anchored` are heads of the pipeline's chains that were kept elsewhere, `others` the beginnings of keys that other
    systems write into finance, `terms` the assets whose terms of depreciation are not as the record says. Where the
    ledger can be opened `again`, a long chain is judged by several processes."""
    flaws, watch = Flaws(), Watch(anchored)
    bounds = stretches.cut(ledger, pipeline, together.processes(), together.POSTINGS_MIN) if again else [WHOLE]
    with together.judging(again, pipeline, bounds, watch.awaits("posting")) as elsewhere:
        of_rows = Flaws()
        with ledger.reading():  # what people and the daemon do meanwhile is in none of it
            actions, acted, asked = _actions(ledger, pipeline, watch, flaws)
            of_runs = [*run_record.flawed(ledger, pipeline, SQL, asked)]
            events = _events(ledger, pipeline, acted, watch, of_rows)
        claimed = [*claims.unfounded(ledger, layout, others)]
        series = claims.series(ledger, layout)
        misfolded = dict.fromkeys(terms)
        collected = collected_record.verify(ledger, pipeline, watch, of_rows)
        parts, told = elsewhere() or _alone(ledger, pipeline, layout, watch)
    postings, vouchers = _joined(parts, pipeline, watch, flaws)
    edited = _lasting(told, flaws)
    for flaw in of_runs:
        flaws.add(flaw.code, pipeline=pipeline, **flaw.params)
    for asset in misfolded:
        flaws.add("audit_terms", pipeline=pipeline, asset=asset)
    _refuse_homeless(ledger, flaws)
    for claim in claimed:
        flaws.add(claim.code, table=claim.table, key=claim.key, subject=claim.subject)
    flaws.extend([flaw for flaw in of_rows if flaw not in flaws][: max(0, FLAWS_MAX - len(flaws))])
    for one, code in watch.unmet():
        flaws.add(code, pipeline=pipeline, chain=one.chain, seq=one.seq, at=one.at or "–")
    agreed = [number for number, done in acted.items() if any(deed.action == "approve" for deed in done)]
    alone = [*islice(approvals.without_four_eyes(ledger, pipeline, agreed), FLAWS_MAX)]
    return Verdict(postings, vouchers, actions, flaws, events, watch.met, series, alone, edited, collected)


def altered(ledger: Ledger, pipeline: str, layout: Layout) -> list[Flaw]:
    """What is wrong with the postings and their vouchers alone."""
    flaws = Flaws()
    _joined([stretches.judged(ledger, pipeline, layout)], pipeline, Watch(()), flaws)
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
        [one for verdict in every for one in verdict.edited][: lasting.EDITED_MAX],
        sum(v.collected for v in every),
    )


def _alone(ledger: Ledger, pipeline: str, layout: Layout, watch: Watch) -> together.Verdict:
    """All of it in this process."""
    with closing(lasting.Written()) as written:
        found = stretches.judged(ledger, pipeline, layout, WHOLE, watch.awaits("posting"), written)
        return [found], lasting.told(ledger, pipeline, layout, written)


def _joined(parts: Sequence[Judged], pipeline: str, watch: Watch, flaws: Flaws) -> tuple[int, int]:
    """How many postings and vouchers there are in all stretches of a chain."""
    for part in parts:
        flaws.extend(part.flaws[: max(0, FLAWS_MAX - len(flaws))])
        for seq, head in part.met:
            watch.see("posting", seq, head)
    broken, last = Flaws(), Head()
    for part in parts:
        if part.before != last:  # was edited between two looks at it
            broken.add("audit_posting", pipeline=pipeline, seq=part.before.seq)
        for seq in part.broken:
            broken.add("audit_posting", pipeline=pipeline, seq=seq)
        last = part.last
    flaws.extend(broken)
    postings, said = sum(part.postings for part in parts), parts[-1].said
    if said != (postings, last.hash):
        flaws.add("audit_end", pipeline=pipeline, seq=said.seq, found=postings)
    return postings, sum(part.vouchers for part in parts)


def _lasting(told: Iterable[lasting.Other], flaws: Flaws) -> list[lasting.Other]:
    """Cards and other rows that finance has otherwise than they were written last; those that its own people may
    change."""
    edited: list[lasting.Other] = []
    for one in told:
        said = {"key": one.by.key, "subject": one.by.subject, "table": one.table, "row": one.row}
        if one.is_theirs:
            edited += [one] if len(edited) < lasting.EDITED_MAX else []
        elif one.is_unwritten:
            flaws.add("audit_card_unwritten", **said, field=one.field, found=one.found)
        elif not one.field:
            flaws.add("audit_row_gone" if one.table else "audit_card_gone", **said)
        else:
            code = "audit_row" if one.table else "audit_card"
            flaws.add(code, **said, field=one.field, said=one.said, found=one.found)
    return edited


def _refuse_homeless(ledger: Ledger, flaws: Flaws) -> None:
    for pipeline, found in ledger.query(SQL["homeless"]):
        flaws.add("audit_end", pipeline=pipeline, seq=0, found=found)


def _events(ledger: Ledger, pipeline: str, acted: parked_record.Deeds, watch: Watch, flaws: Flaws) -> int:
    """How many events of parked rows there are. A pipeline that was not begun since there is their chain has none."""
    ends = ledger.query(SQL["end"], (pipeline,))
    seq, head = (int(str(ends[0][2])), str(ends[0][3])) if ends else (0, audit.GENESIS)
    found, last = 0, audit.GENESIS

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal found, last
        for rows in read(ledger, "events", (pipeline,)):
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
    ledger: Ledger, pipeline: str, watch: Watch, flaws: Flaws
) -> tuple[int, parked_record.Deeds, list[run_record.Asked]]:
    """How many actions there are, those about the pipeline's parked rows, and those that asked for runs."""
    found, last = 0, audit.GENESIS
    deeds: list[tuple[str, str, str]] = []
    asked: list[tuple[int, str, str, str, str]] = []
    accepted: set[tuple[str, ...]] = set()
    wanted: set[tuple[str, str]] = set()
    closed: dict[str, str] = {}
    given = account_record.Given()

    def records() -> Iterator[tuple[int, Sequence[str], str]]:
        nonlocal found, last
        for rows in read(ledger, "actions", ()):
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
                elif of == pipeline and action == "accept_difference":
                    wanted.add(audit.accepts(target, detail))
                elif action == "close":
                    closed[target.removeprefix("period/")] = at
                elif action == "reopen":
                    closed.pop(target.removeprefix("period/"), None)
                elif target.startswith(account_record.UNDER):
                    given.take(action, target, detail)
                watch.see("action", int(seq), last)
                yield int(seq), fields, last

    for seq in audit.breaks(records()):
        flaws.add("audit_action", seq=seq)
    ends = ledger.query(SQL["action_end"])
    if (ends[0] if ends else (0, audit.GENESIS)) != (found, last):
        flaws.add("audit_action_end", seq=ends[0][0] if ends else 0, found=found)
    _acceptances(ledger, accepted, flaws)
    _closings(ledger, closed, flaws)
    for flaw in given.flawed(ledger, SQL):
        flaws.add(flaw.code, **flaw.params)
    _differences(ledger, pipeline, wanted, flaws)
    return found, parked_record.deeds_of(deeds), run_record.asked_of(asked)


def _acceptances(ledger: Ledger, accepted: set[tuple[str, ...]], flaws: Flaws) -> None:
    """Each is as an action says, and each of those is there."""
    there = {tuple(map(str, row)) for row in ledger.query(SQL["acceptances"])}
    for mapping, _, _, _, at in sorted(there ^ accepted, key=lambda one: one[4]):
        flaws.add("audit_acceptance", mapping=mapping, at=at)


def _closings(ledger: Ledger, closed: Mapping[str, str], flaws: Flaws) -> None:
    """The periods that are closed are those that actions have closed and not opened again."""
    there = {(str(period), str(at)) for period, at in ledger.query(SQL["closings"])}
    for period, at in sorted(there ^ set(closed.items())):
        flaws.add("audit_closing", period=period, at=at)


def _differences(ledger: Ledger, pipeline: str, wanted: set[tuple[str, str]], flaws: Flaws) -> None:
    """What is posted of a reconciliation's proposals somebody has accepted, as it stands. Of a run of which a version
    before 0.3.0 accepted something, without a digest, the daemon takes up nothing else."""
    for run, number, asset, change in ledger.query(SQL["differences"], (pipeline,)):
        if not {(str(run), audit.digest(str(change))), (str(run), "")} & wanted:
            flaws.add("audit_difference", pipeline=pipeline, difference=f"{run}/{number}", asset=asset or "–")


def _hash(detail: str) -> str:
    return str(parked_record.read(detail).get("hash", ""))
