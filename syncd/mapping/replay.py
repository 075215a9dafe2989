"""Parked rows taken up again, and collected rows made one posting."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from syncd.change import Change
from syncd.mapping.context import Context
from syncd.money import EXACT, ZERO
from syncd.ports import Parked
from syncd.posting import CardWrite, Entry, Outcome, Posting
from syncd.record import has_marks

FOLDED: Final = "folded"
"""`Outcome.ignored` of a parked row that was joined to an earlier one of the same source row."""


class Run(Protocol):
    """A pass over a batch, as the translator makes it."""

    context: Context

    def key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row after the change."""
        ...

    def old_key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row before the change."""
        ...

    def again(self, change: Change) -> Outcome:
        """What the rules make of a change that is in the mirror already."""
        ...


def replay_subject(run: Run, subject: str, rows: Sequence[Parked]) -> Iterator[Outcome]:
    """A subject's parked rows in order. One that is still rejected is folded with the next change of the same source
    row: a clerk who has corrected the row heals it. Behind one that stays rejected all others stay."""
    waiting = list(rows)
    while waiting:
        head = waiting.pop(0)
        outcome, folded = _heal(run, subject, head, waiting)
        if outcome is not None:
            yield outcome._replace(subject=subject)
        if outcome is None or outcome.rejection is not None:
            run.context.held.add(subject)
            return
        for follower in folded:
            waiting.remove(follower)
            yield Outcome(follower.change, subject, (), None, FOLDED, follower.id)


def _heal(run: Run, subject: str, head: Parked, waiting: Sequence[Parked]) -> tuple[Outcome | None, Sequence[Parked]]:
    """What becomes of a row, with as few of its corrections as will do, and which these are. What finance has refused
    is not tried again; None when no correction is left to try. A row that stays says why as it stands, and waits for
    what its last correction still waits for."""
    change, folded, first, waits_for = head.change, list[Parked](), None, ""
    while True:
        if len(folded) >= head.refused:
            run.context.held.discard(subject)
            outcome = _again(run, head, change, frozenset() if folded else head.approved)
            first = first or outcome
            if outcome.rejection is None and not _is_hushed(outcome, folded):
                return outcome, folded
            waits_for = (outcome.rejection and outcome.rejection.waits_for) or waits_for
        follower = next((r for r in waiting if r not in folded and follows(run, change, r.change)), None)
        if follower is None:
            return None if head.refused else _waiting(first, waits_for), ()
        folded.append(follower)
        corrected = fold(change, follower.change)
        if corrected is None:
            return Outcome(head.change, subject, (), None, FOLDED, head.id), folded
        change = corrected


def _waiting(outcome: Outcome | None, waits_for: str) -> Outcome | None:
    if outcome is None or outcome.rejection is None:
        return outcome
    return outcome._replace(rejection=outcome.rejection._replace(waits_for=waits_for))


def _is_hushed(outcome: Outcome, folded: Sequence[Parked]) -> bool:
    """Whether a correction left the rules with nothing to say. Only a row that is gone may go without a word: a
    device that was scrapped while it waited for a reference or an approval was in use all the same."""
    return bool(folded and outcome.ignored and outcome.change.op != "delete")


def _again(run: Run, head: Parked, change: Change, approved: frozenset[str]) -> Outcome:
    run.context.approved = approved
    outcome = run.again(change)._replace(parked_id=head.id)
    run.context.approved = frozenset()
    return outcome


def follows(run: Run, change: Change, later: Change) -> bool:
    """Whether the later change goes on where this one ended."""
    if change.op == "delete" or change.op == "truncate" or later.op not in ("update", "delete"):
        return False
    return run.key(change) == run.old_key(later)


def fold(change: Change, later: Change) -> Change | None:
    """Two changes of one row as one; None when a row came and went."""
    if later.op == "delete":
        if change.op != "update":
            return None
        return change._replace(op="delete", after=None, flawed=has_marks(change.before))
    return change._replace(after=later.after, flawed=has_marks(change.before) or has_marks(later.after))


def merged(postings: Sequence[Posting]) -> Posting:
    """Postings of one rule as one: cards folded, equal entries added up, dated by the latest."""
    last = postings[-1]
    cards: dict[str, CardWrite] = {}
    for card in (card for posting in postings for card in posting.cards):
        before = cards.get(card.asset_code)
        verb, fields = (before.verb, before.fields) if before else (card.verb, {})
        cards[card.asset_code] = CardWrite(card.asset_code, verb, {**fields, **card.fields})
    rows = tuple(row for posting in postings for row in posting.rows)
    vouchers = [posting.voucher for posting in postings if posting.voucher is not None]
    if not vouchers:
        return last._replace(cards=tuple(cards.values()), rows=rows)
    entries: dict[tuple[Any, ...], Entry] = {}
    for entry in (entry for voucher in vouchers for entry in voucher.entries):
        like = (entry.account, entry.debit > ZERO, entry.summary, *entry.dims.items())
        other = entries.get(like)
        entries[like] = entry if other is None else _sum(other, entry)
    latest = max(vouchers, key=lambda v: v.event_date)
    return last._replace(
        cards=tuple(cards.values()), rows=rows, voucher=latest._replace(entries=tuple(entries.values()))
    )


def _sum(one: Entry, other: Entry) -> Entry:
    return one._replace(debit=EXACT.add(one.debit, other.debit), credit=EXACT.add(one.credit, other.credit))
