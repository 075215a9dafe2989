"""Parked rows taken up again."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from syncd.audit import digest
from syncd.change import Change, Malformed, Row, Table, Unchanged
from syncd.folding import finished, fold, fold_sent, is_back, is_unfinished, old_row_of, row_of
from syncd.ports import EVERY_STEP, Corrected, Parked
from syncd.posting import Outcome, Rejection
from syncd.record import encode_change, has_marks

_new: Final = tuple.__new__
FOLDED: Final = "folded"
"""`Outcome.ignored` of a parked row that was joined to an earlier one of the same source row."""


class Pass(Protocol):
    """A pass over a batch, as the translator makes it."""

    @property
    def tables(self) -> Mapping[str, Table]: ...
    def again(self, row: Parked, change: Change, opens: str) -> Outcome:
        """What the rules make of a parked row, its corrections folded in: it is in the mirror already. Rejected when it
        does not open the card that it is to open, given as `card:CODE`; empty for none."""
        ...

    def unfinished(self, row: Parked) -> Outcome:
        """That the end of the row's transaction has not come."""
        ...

    def would_say(self, row: Parked, change: Change) -> bool:
        """Whether the rules would make anything of a parked row if it had been this, or refuse it. Nothing stays of
        it."""
        ...

    def kept_for(self, row: Parked) -> str:
        """`RULE/GROUP` of the group for which the rules would keep a parked row, and make nothing else of it; empty for
        none. Nothing stays of it."""
        ...

    def waited_for(self, subject: str) -> str:
        """What the first parked row of a subject waited for until it was taken up."""
        ...

    def opens_cards(self, alias: str) -> bool:
        """Whether a rule on the table opens cards."""
        ...

    def take_up(self, subject: str) -> None:
        """The subject's parked rows hold nothing back while they are tried."""
        ...

    def move_budgets(self, outcomes: Sequence[Outcome]) -> None:
        """Note what changes what is left of a budget."""
        ...

    def hold(self, row: Parked, rejection: Rejection) -> None:
        """A row stays parked, and holds its subject back."""
        ...


def replay_subject(run: Pass, subject: str, rows: Sequence[Parked]) -> Iterator[Outcome]:
    """A subject's parked rows in order. One that is still rejected is folded with the next change of the same source
    row: a clerk who has corrected the row heals it. Behind one that stays rejected all others stay, unless it waits for
    a card that a later one opens, or for a row that was taken away and written again behind it: that goes first. Costs
    in proportion to the rows."""
    chains = _Chains(run.tables, rows)
    run.take_up(subject)
    while (head := chains.first()) is not None:
        tried = _heal(run, head, chains)
        rejection = tried.outcome.rejection
        if rejection is not None and rejection.waits_for.startswith("card:"):
            opener = chains.first(behind=head, where=lambda row: run.opens_cards(row.change.table))
            made = None if opener is None else _heal(run, opener, chains, rejection.waits_for)
            if opener is not None and made is not None and made.outcome.rejection is None:
                head, tried, rejection = opener, made, None
        if rejection is not None and not rejection.waits_for:
            written = _written_again(run, run.waited_for(subject), head, chains)
            first = None if written is None else _heal(run, written, chains)
            if written is not None and first is not None and first.outcome.rejection is None:
                head, tried, rejection = written, first, None
        run.move_budgets((tried.outcome,))
        yield tried.outcome
        if rejection is not None:
            run.hold(head, rejection)
            if rejection.subject == subject:
                return
        chains.leave(head.id)  # even one that stays, under another subject, is not in the way of this one any more
        for number in tried.folded:
            chains.leave(number)
            yield Outcome(head.change, subject, (), None, FOLDED, number)


def _written_again(run: Pass, awaited: str, head: Parked, chains: "_Chains") -> Parked | None:
    """The row of the group that the head waited for, where it was withdrawn from that and written again behind it: of
    the same rule and the first of the group's values, as a month's."""
    if not awaited.startswith("group:"):
        return None

    def is_of_it(row: Parked) -> bool:
        kept = run.kept_for(row) if row.change.op == "insert" else ""
        return bool(kept) and kept.partition("|")[0] == awaited.removeprefix("group:").partition("|")[0]

    return chains.first(behind=head, where=is_of_it)


class _Tried(NamedTuple):
    """What became of a row, and the numbers of its corrections that are settled with it."""

    outcome: Outcome
    folded: Sequence[int] = ()


def _heal(run: Pass, head: Parked, chains: "_Chains", opens: str = "") -> _Tried:
    """A row as it stands, else with as few of its corrections as will do. One that stays says why as it stands, and
    waits for what its last correction still waits for; where that waits for people, the row does. They agree to it as
    it is corrected then, and to nothing that comes later."""
    folded: Sequence[int]
    if is_unfinished(head.change):  # with all that came behind it: a part of a transaction is what nobody said
        *_, (whole, folded, _) = (Corrected(head.change, ()), *chains.corrections(head))
        if whole is None:
            return _Tried(Outcome(head.change, head.subject, (), None, FOLDED, head.id), folded)
        if head.corrected and is_unfinished(whole):
            return _Tried(run.unfinished(head))
        whole = finished(whole)
        approved = _agreed(run, head.approved, whole) if folded else head.approved
        outcome = run.again(head._replace(approved=approved), whole, opens)
        if outcome.rejection is None:
            return _Tried(outcome, folded)
        if folded and outcome.rejection.status == "approval":
            owed = _asked(run, outcome.rejection, whole, len(folded))
            outcome = outcome._replace(rejection=owed._replace(change=head.change))
        return _Tried(outcome)
    first = run.again(head, head.change, opens)
    if first.rejection is None:
        return _Tried(first)
    rejection = first.rejection._replace(waits_for=head.waits_for or first.rejection.waits_for)
    asked: Rejection | None = None
    for change, folded, sent in chains.corrections(head):
        if change is None:
            if opens or sent is not None:  # the EAM leaves something, and what a person typed nothing of it
                break
            return _Tried(Outcome(head.change, head.subject, (), None, FOLDED, head.id), folded)
        corrected = head._replace(approved=_agreed(run, head.approved, change), sent=sent)
        outcome = run.again(corrected, change, opens)
        asked = None
        if outcome.rejection is not None:
            rejection = rejection._replace(waits_for=outcome.rejection.waits_for or rejection.waits_for)
            if outcome.rejection.status == "approval" and first.rejection.status == "failed":
                asked = _asked(run, outcome.rejection, change, len(folded))
        elif not _is_hushed(outcome) or not _had_a_word(run, corrected, change):
            return _Tried(outcome, folded)
    if asked is not None:
        rejection = asked._replace(change=head.change, subject=rejection.subject, waits_for=rejection.waits_for)
    return _Tried(first._replace(rejection=rejection))


def _asked(run: Pass, rejection: Rejection, change: Change, corrections: int) -> Rejection:
    """That people have to agree to a row as it is corrected: what they give is marked with what they give it for."""
    step = rejection.params.get("step", rejection.rule) + _mark(run, change)
    return rejection._replace(params={**rejection.params, "step": step, "corrections": str(corrections)})


def _agreed(run: Pass, approved: frozenset[str], change: Change) -> frozenset[str]:
    """Of what people agreed to, what they agreed to of a row as it is corrected."""
    if not approved or approved is EVERY_STEP:
        return approved
    mark = _mark(run, change)
    return frozenset(step.removesuffix(mark) for step in approved if step.endswith(mark))


def _mark(run: Pass, change: Change) -> str:
    return f"@{digest(encode_change(run.tables[change.table], change))}"


def _is_hushed(outcome: Outcome) -> bool:
    """Whether a correction left the rules with nothing to say. Only a row that is gone may go without a word, and one
    of which they had nothing to say from the first: a device that was scrapped while it waited for a reference or an
    approval was in use all the same."""
    return bool(outcome.ignored and outcome.change.op != "delete")


def _had_a_word(run: Pass, head: Parked, corrected: Change) -> bool:
    """Whether the rules would have made anything of a row, had what could not be read in it been what its correction
    says. Of a new row nobody knows that."""
    change = head.change
    if change.op != "update":
        return True
    before, after = _filled(change.before, corrected.before), _filled(change.after, corrected.after)
    return run.would_say(
        head, change._replace(before=before, after=after, flawed=has_marks(before) or has_marks(after))
    )


def _filled(row: Row | None, corrected: Row | None) -> Row | None:
    if row is None or corrected is None:
        return row
    return tuple(new if isinstance(v, Unchanged | Malformed) else v for v, new in zip(row, corrected, strict=True))


class _Chains:
    """A subject's rows that are left, and which of them goes on where another has left a source row."""

    def __init__(self, tables: Mapping[str, Table], rows: Sequence[Parked]) -> None:
        self._tables = tables
        self._left = {row.id: row for row in rows}
        self._by_old: defaultdict[str, list[int]] = defaultdict(list)
        self._by_new: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            if row.change.op in ("update", "delete"):
                self._by_old[old_row_of(tables[row.change.table], row.change)].append(row.id)
            elif row.change.op == "insert":
                self._by_new[row_of(tables[row.change.table], row.change)].append(row.id)

    def first(self, behind: Parked | None = None, where: Callable[[Parked], bool] | None = None) -> Parked | None:
        """The first row that is left, or the first behind another for which something holds."""
        rows = (row for row in self._left.values() if behind is None or row.id > behind.id)
        return next((row for row in rows if where is None or where(row)), None)

    def leave(self, number: int) -> None:
        """A row that is done with."""
        self._left.pop(number, None)

    def corrections(self, head: Parked) -> Iterator[Corrected]:
        """The row with its first correction, with its first two, and so on; None when nothing is left of it."""
        if head.corrected:
            yield from head.corrected
            return
        change: Change | None = head.change
        folded: tuple[int, ...] = ()
        sent = head.sent
        while change is not None and (later := self._next(change, folded[-1] if folded else head.id)) is not None:
            sent = fold_sent(change, sent, later.change, later.sent)
            change, folded = fold(change, later.change), (*folded, later.id)
            yield Corrected(change, folded, sent)

    def _next(self, change: Change, number: int) -> Parked | None:
        """The first of the rows left, behind a number, that follows a change."""
        if change.op == "truncate":
            return None
        if change.op == "delete":
            back = self._first(self._by_new.get(row_of(self._tables[change.table], change), ()), number)
            return back if back is not None and is_back(change, back.change) else None
        later = self._by_old.get(row_of(self._tables[change.table], change), ())
        return self._first(later, number)

    def _first(self, numbers: Sequence[int], behind: int) -> Parked | None:
        return next((self._left[n] for n in numbers[bisect_right(numbers, behind) :] if n in self._left), None)
