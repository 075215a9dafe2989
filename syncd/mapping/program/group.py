"""Collected rows made one posting: cards folded, equal entries added up with their quantities, dated by the latest; and
what each row has put into which entry."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from syncd.mapping.program.quantities import added, apart
from syncd.money import EXACT, ZERO
from syncd.posting import CardWrite, Entry, Posting, TableRow, Voucher, fold_card
from syncd.record import share_text

_add: Final = EXACT.add
_new: Final = tuple.__new__


class Group:
    """What the postings of one rule that were added so far come to. `cards` are its writes by asset code, one a card.
    A row leaves a card and its share; nothing else of it is kept."""

    def __init__(self, quantities: Sequence[str] = ()) -> None:
        self.cards: dict[str, CardWrite] = {}
        self._quantities = quantities
        self._rows: list[TableRow] = []
        self._last: Posting | None = None
        self._latest: Voucher | None = None
        self._entries: dict[Any, list[Any]] = {}
        """By what tells an entry from others: its number, the first of them, the sum of its side, and all of their
        auxiliaries."""
        self._shares: list[str] = []

    def add(self, postings: Sequence[Posting]) -> None:
        """One more row's postings, in source order."""
        for posting in postings:
            self._last = posting
            key, _, subject, _, cards, voucher, rows, _, _, _ = posting
            for card in cards:
                self.cards[card[0]] = fold_card(self.cards.get(card[0]), card)
                if card[0] == subject:
                    subject = card[0]  # one text of the two: of a group's rows there may be millions
            if rows:
                self._rows += rows
            amounts: list[tuple[int, Decimal]] = []
            if voucher is not None:
                if self._latest is None or voucher.event_date > self._latest.event_date:
                    self._latest = voucher
                amounts = [self._enter(entry) for entry in voucher[5]]
            self._shares += key, subject, share_text(amounts)

    def posting(self) -> Posting | None:
        """The rows' one posting, in all but its key and its subject that of the last; None where there is none."""
        if self._last is None:
            return None
        whole = self._last._replace(cards=tuple(self.cards.values()), rows=tuple(self._rows))
        if self._latest is None:
            return whole
        entries = tuple(
            first._replace(debit=total, dims=dims) if first[1] > ZERO else first._replace(credit=total, dims=dims)
            for _, first, total, dims in self._entries.values()
        )
        return whole._replace(voucher=self._latest._replace(entries=entries, shares=tuple(self._shares)))

    def _enter(self, entry: Entry) -> tuple[int, Decimal]:
        """The number of the entry that it is a part of, and its amount."""
        account, debit, credit, summary, dims = entry
        is_debit = debit > ZERO
        amount = debit if is_debit else credit
        like = account, is_debit, summary, *apart(dims, self._quantities)
        known = self._entries.get(like)
        if known is None:
            number = len(self._entries) + 1
            self._entries[like] = [number, entry, amount, dims]
            return number, amount
        known[2] = _add(known[2], amount)
        if self._quantities:
            known[3] = added(known[3], dims, self._quantities)
        return known[0], amount
