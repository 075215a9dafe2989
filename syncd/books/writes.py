"""The record of card writes, and of vouchers, as postings have them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, tzinfo
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from syncd import statements
from syncd.books.figures import Write
from syncd.ports import Ledger
from syncd.posting import Voucher
from syncd.record import RENAMED_LIKE, RENAMED_MARK, decode_voucher, moment, renamed

SQL: Final = statements.load("syncd.books", "writes.sql")
MOVEMENT: Final = "movement"
"""The field of a voucher's header that names the kind of change."""
_HAS_CARDS: Final = '"cards":'


class Recorded(NamedTuple):
    """A voucher that we posted: what finance calls it, and the posting that made it."""

    ref: str
    rule: str
    key: str
    voucher: Voucher


class Staged(NamedTuple):
    """A voucher of a rule, or one that cancels it: `rule` is that of the one that is cancelled."""

    ref: str
    rule: str
    subject: str
    voucher: Voucher
    cancels: bool


def card_writes(ledger: Ledger, zone: tzinfo, pipelines: Sequence[str]) -> Iterator[Write]:
    """Every write of a company's pipelines to a card, in the order in which they were posted. `zone` is that of the
    books. What a change does to a card may be one rule's, and the voucher another's: then the write has the day of that
    voucher. A card that was renamed is told by the code that it has today."""
    names = _Names(ledger, pipelines)
    with closing(ledger.scan(SQL["postings"], (list(pipelines),))) as postings:
        for _, made in groupby(postings, key=itemgetter(0, 1)):
            of_change = [_Posting(*map(str, row[2:])) for row in made]
            for posting in of_change:
                if _HAS_CARDS in posting.content:
                    for write in _writes(posting, of_change, zone):
                        yield write._replace(asset=names.today(write.asset))
                    names.pass_by(posting.content)


class _Posting(NamedTuple):
    """A row of the record."""

    rule: str
    voucher: str
    reverses: str
    committed_at: str
    content: str


class _Names:
    """What cards are called today, while the record is read in order: a code may be given away and taken anew."""

    def __init__(self, ledger: Ledger, pipelines: Sequence[str]) -> None:
        rows = ledger.query(SQL["renamed"], (list(pipelines), RENAMED_LIKE))
        self._to_come = [pair for (content,) in rows for pair in renamed(str(content))]

    def today(self, code: str) -> str:
        """By what is still to come."""
        for old, new in self._to_come:
            code = new if code == old else code
        return code

    def pass_by(self, content: str) -> None:
        """What stands behind this posting is called by what comes then."""
        if self._to_come and RENAMED_MARK in content:
            del self._to_come[: len(renamed(content))]


def _writes(posting: _Posting, of_change: Sequence[_Posting], zone: tzinfo) -> Iterator[Write]:
    stored = json.loads(posting.content)
    voucher, told = stored.get("voucher"), posting
    if voucher is None:
        told = next((other for other in of_change if other.voucher), posting)
        voucher = None if told is posting else json.loads(told.content)["voucher"]
    day = None if voucher is None else date.fromisoformat(voucher["date"])
    movement = str((voucher or {}).get("fields", {}).get(MOVEMENT) or "")
    committed_on = moment(posting.committed_at).astimezone(zone).date()
    for asset, verb, fields in stored["cards"]:
        if verb == "rename":
            continue
        yield Write(asset, fields, day, committed_on, posting.rule, told.voucher, bool(told.reverses), movement)


def vouchers(ledger: Ledger, pipelines: Sequence[str], *periods: str) -> Iterator[Recorded]:
    """A company's vouchers of periods that are ours, in the order in which they were posted."""
    period = periods[0] if len(periods) == 1 else "%"
    with closing(ledger.scan(SQL["vouchers"], (list(pipelines), f'%"period":"{period}"%'))) as postings:
        for key, rule, ref, content in postings:
            voucher = decode_voucher(str(content))
            if voucher is not None and voucher.period in periods:
                yield Recorded(str(ref), str(rule), str(key), voucher)


def of_rules(ledger: Ledger, pipelines: Sequence[str], rules: Sequence[str]) -> Iterator[Staged]:
    """What a company's rules have posted and what cancels it, in the order in which it was posted."""
    with closing(ledger.scan(SQL["of_rules"], (list(pipelines), list(rules), list(rules)))) as postings:
        for _, rule, cancelled, subject, ref, content in postings:
            voucher = decode_voucher(str(content))
            if voucher is not None:
                yield Staged(str(ref), str(cancelled or rule), str(subject), voucher, cancelled is not None)
