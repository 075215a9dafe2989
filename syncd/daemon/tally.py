"""What came of changes, counted: for the log, for a dry run, for a repair."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Final

from syncd.money import ZERO
from syncd.posting import Outcome, Posting

_rule: Final = attrgetter("rule")


@dataclass
class RuleTotal:
    """What one rule made: its postings, those of them with a voucher, and what these debit in all."""

    postings: int = 0
    vouchers: int = 0
    amount: Decimal = ZERO


@dataclass
class Counts:
    """What came of the changes: postings by rule, parked rows by reason, ignored changes by reason, and how many
    were repeats of what is posted already. `settled` counts parked rows that are parked no more."""

    changes: int = 0
    postings: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    settled: int = 0

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count these too. A row that was tried again and stays parked is counted already."""
        made: list[Posting] = []
        for _, _, postings, rejection, ignored, parked_id, _ in outcomes:
            if rejection is not None:
                if parked_id is None:
                    self.changes += 1
                    self.parked[rejection.code] += 1
                continue
            self.changes += 1
            if parked_id is not None:
                self.settled += 1
            if postings:
                made += postings
            elif ignored:
                self.ignored[ignored] += 1
            else:
                self.repeated += 1
        self._made(made)

    def _made(self, postings: Sequence[Posting]) -> None:
        self.postings.update(map(_rule, postings))


@dataclass
class Tally(Counts):
    """The same with what was written: 3 µs a change, which the daemon's log has no use for."""

    cards: int = 0
    vouchers: int = 0
    entries: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    rules: dict[str, RuleTotal] = field(default_factory=dict)

    def _made(self, postings: Sequence[Posting]) -> None:
        super()._made(postings)
        for rule, theirs in groupby(postings, key=_rule):
            self._written(self.rules.setdefault(rule, RuleTotal()), list(theirs))

    def _written(self, total: RuleTotal, postings: Sequence[Posting]) -> None:
        """Postings of one rule, which is cheaper than one by one."""
        vouchers = [posting[5].entries for posting in postings if posting[5] is not None]
        debit = sum([entry[1] for entries in vouchers for entry in entries], ZERO)
        self.cards += sum([len(posting[4]) for posting in postings])
        self.vouchers += len(vouchers)
        self.entries += sum(map(len, vouchers))
        self.debit += debit
        self.credit += sum([entry[2] for entries in vouchers for entry in entries], ZERO)
        total.postings += len(postings)
        total.vouchers += len(vouchers)
        total.amount += debit

    def include(self, other: "Tally") -> None:
        """Count what another counted too."""
        for name, theirs in other.rules.items():
            total = self.rules.setdefault(name, RuleTotal())
            total.postings += theirs.postings
            total.vouchers += theirs.vouchers
            total.amount += theirs.amount
        for counted in fields(Tally):
            if counted.name != "rules":
                setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))
