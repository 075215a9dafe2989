"""What parked rows would make if everybody agreed: the daemon's own translator over the books as they stand, of which
nothing is kept."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from syncd.change import Table
from syncd.desk.parked.operators import ParkedRow, Selection
from syncd.desk.parked.operators import parked as parked_rows
from syncd.money import ZERO
from syncd.ports import EVERY_STEP, Book, Ledger, Parked
from syncd.posting import Batch, CardWrite, Outcome, Rejection, Voucher
from syncd.record import decode_change

OPEN_MAX: Final = 5_000
"""Open rows that a preview knows all of, 0.2 s. Of more it knows those of its own subjects: that a row would wait for
another subject's is told by the daemon alone then."""
_OPEN: Final = "SELECT count(*) FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL"


class Translator(Protocol):
    """The mapping, compiled."""

    def replay(self, parked: Sequence[Parked], book: Book) -> Batch: ...


class Preview(NamedTuple):
    """What a row would make: vouchers without a number, card writes; or why it would stay parked all the same. `debit`
    is the sum of what the vouchers debit, in yuan."""

    vouchers: Sequence[Voucher]
    cards: Sequence[CardWrite]
    debit: Decimal
    rejection: Rejection | None


def made(
    ledger: Ledger, pipeline: str, translator: Translator, tables: Mapping[str, Table], rows: Sequence[ParkedRow]
) -> Mapping[int, Preview]:
    """By number, each row by itself, or with the corrections behind it where these are what is to be agreed to. A row
    whose table the mapping no longer has makes nothing that could be shown."""
    parked: list[Parked] = []
    for row in rows:
        parked += _parked(tables, row, EVERY_STEP)
        if "corrections" in row.params:
            behind = parked_rows(ledger, pipeline, Selection(subject=row.subject))
            parked += [one for r in behind if r.id > row.id for one in _parked(tables, r, frozenset())]
    ((count,),) = ledger.query(_OPEN, (pipeline,))
    with ledger.looking({row.subject for row in rows} if int(str(count)) > OPEN_MAX else ()) as book:
        outcomes = translator.replay(parked, book).outcomes if parked else ()
    return {outcome.parked_id: of(outcome) for outcome in outcomes if outcome.parked_id is not None}


def of(outcome: Outcome) -> Preview:
    """An outcome as people are shown it."""
    vouchers = [posting.voucher for posting in outcome.postings if posting.voucher is not None]
    debit = sum((entry.debit for voucher in vouchers for entry in voucher.entries), ZERO)
    cards = [card for posting in outcome.postings for card in posting.cards]
    return Preview(vouchers, cards, debit, outcome.rejection)


def _parked(tables: Mapping[str, Table], row: ParkedRow, approved: frozenset[str]) -> list[Parked]:
    known = row.table in tables
    return [Parked(row.id, row.subject, decode_change(tables, row.change), approved)] if known else []
