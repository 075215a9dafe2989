"""What a batch has done so far, so that its later changes see it, and how it is taken back when one is rejected.

It is kept where the rules look: a posting among the postings, a card among the cards. Whatever is overwritten there is
remembered until the change is through.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Final

from syncd.change import Value
from syncd.mapping.layout.fields import merged
from syncd.mapping.program.failure import Target
from syncd.mapping.program.lookups import Lookups
from syncd.money import EXACT, ZERO
from syncd.ports import NOT_KEPT, KeptRow
from syncd.posting import Fields, Posting

_ABSENT: Final = object()


class Effects:
    """The effects of one batch, written into what it has looked up."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._recent: dict[str | tuple[str], tuple[Target, ...]] = {}
        """By subject, and by source row in brackets."""
        self._cancelled: dict[str, str] = {}
        self._journal: list[tuple[dict[Any, Any], Any, object]] = []
        self._own: set[str] = set()

    def keep(self, subject: str, posting: Posting, row: str) -> None:
        """Remember a posting that a later change may reverse."""
        made = Target(posting.key, posting.rule, posting.key, posting.voucher, row)
        for of in (subject, (row,)):
            self._put(self._recent, of, (*self._recent.get(of, ()), made))
        self._own.add(posting.key)

    def keep_card(self, code: str, fields: Fields) -> None:
        """The card as it will be."""
        cards = self._lookups.cards
        was = cards.get(code)
        # Not by `_put`, for this is done for nearly every change.
        self._journal.append((cards, code, was if was or code in cards else _ABSENT))
        cards[code] = merged(was, fields) if was else fields

    def rename_card(self, code: str, renamed: str) -> None:
        """The card as it is called from now on."""
        cards = self._lookups.cards
        self._put(cards, renamed, cards[code])
        self._put(cards, code, None)

    def keep_collected(self, code: str, group: str, key: str) -> None:
        """A collected row that will change a card; the first of several is what others wait for."""
        lookups = self._lookups
        self._put(lookups.newly_collected, code, (*lookups.newly_collected.get(code, ()), (key, group)))
        if not lookups.awaited_group(code):
            self._put(lookups.collecting, code, group)

    def keep_row(self, key: str, row: KeptRow) -> None:
        """A collected row by its key."""
        self._put(self._lookups.collected_rows, key, row)

    def leave_row(self, key: str) -> None:
        """A collected row is kept no more: nothing is posted under its key, and its card waits for the next one."""
        lookups = self._lookups
        code = lookups.collected_row(key).card
        self._put(lookups.collected_rows, key, NOT_KEPT)
        self._put(lookups.posted, key, None)
        self._put(lookups.gone, key, True)
        if code:
            left = tuple(kept for kept in lookups.newly_collected.get(code, ()) if kept[0] != key)
            self._put(lookups.newly_collected, code, left)
            self._put(lookups.collecting, code, lookups.first_collected(code))

    def cancel(self, target: Target, by: str) -> None:
        """A posting is reversed."""
        self._put(self._cancelled, target.key, by)
        self._put(self._lookups.posted, target.key, by)

    def take(self, left: str, code: Value, amount: Decimal | None) -> None:
        """A part of a budget is taken. What a red letter gives back is there when it is posted."""
        if amount is not None and amount > 0:
            taken = self._lookups.taken
            self._put(taken, (left, code), EXACT.add(taken.get((left, code), ZERO), amount))

    def call(self, position: str, voucher: str) -> None:
        """What the voucher is called that a change has cancelled; the first of several is the newest."""
        if position not in self._lookups.called:
            self._put(self._lookups.called, position, voucher)

    def standing(self, subject: str, n: int) -> list[Target]:
        """A subject's postings by the rules of list `n` that stand now, the newest first; what the present change has
        made is not among them."""
        made = self._recent.get(subject, ())
        return self._left((*self._lookups.standing(subject, n), *made), self._lookups.reversible[n])

    def standing_of(self, rows: Collection[str], rules: Sequence[str]) -> list[Target]:
        """The same of a source row, given as every `table:key` that it has had, and of some rules."""
        made = (t for row in sorted(rows) for t in self._recent.get((row,), ()))
        return self._left((*self._lookups.standing_of(rows, rules), *made), rules)

    def _left(self, every: Sequence[Target], rules: Sequence[str]) -> list[Target]:
        over, own = self._cancelled, self._own
        return [t for t in reversed(every) if t.rule in rules and t.key not in over and t.key not in own]

    def confirm(self) -> None:
        """The change is through."""
        if self._journal:
            self._journal.clear()
        if self._own:
            self._own.clear()

    def take_back(self, postings: Sequence[Posting]) -> None:
        """A change was rejected: what its rules did is undone."""
        for where, key, was in reversed(self._journal):
            if was is _ABSENT:
                where.pop(key, None)
            else:
                where[key] = was
        self.confirm()
        self._lookups.posted |= dict.fromkeys(p.key for p in postings)

    def _put(self, where: dict[Any, Any], key: object, value: object) -> None:
        self._journal.append((where, key, where.get(key, _ABSENT)))
        where[key] = value
