"""The compliance report of a disposal: its states with their times and deadlines, its papers, its vouchers, and who did
what. Out of the record and the mirror alone, so that it says what happened."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.depreciation import sources
from syncd.books.lifecycle import standing, states
from syncd.books.lifecycle.states import Living, Stay, Told
from syncd.change import Value
from syncd.desk.trace import Act, Line, ParkedStep, Step, trace
from syncd.money import ZERO
from syncd.ports import Ledger
from syncd.posting import Voucher

PREPARERS: Final = ("prepared_by", "reviewed_by", "posted_by")
"""Fields of a voucher's header that say who."""

Called = tuple[str, str]
"""In Chinese and in English."""


class Leg(NamedTuple):
    """A state of the disposal. `days` is how long the asset was in it, `days_over` by how many its deadline was
    overrun."""

    stay: Stay
    called: Called
    days: int
    days_over: int
    told: Sequence[Told]


class Document(NamedTuple):
    """A document of the disposal; its columns with their values, and whether each is needed."""

    called: Called
    values: Sequence[tuple[Called, Value, bool]]


class Booked(NamedTuple):
    """A voucher of the disposal. Where other assets share it, `is_group`, its `lines` are those into which this one
    went, with its share; `amount` is what it debits, or the share of that, None where that is not known."""

    ref: str
    rule: str
    voucher: Voucher
    lines: Sequence[Line]
    amount: Decimal | None
    is_group: bool
    reversed_by: str
    who: Sequence[str]


class Lack(NamedTuple):
    """What a complete report would have: a code of the message catalogue, and what fills it in by language."""

    code: str
    params: Mapping[str, Called]


class Compliance(NamedTuple):
    """All that is known of an asset's last disposal, nothing in `lacks` where it is complete."""

    asset: str
    card: Mapping[str, object]
    legs: Sequence[Leg]
    documents: Sequence[Document]
    vouchers: Sequence[Booked]
    parked: Sequence[ParkedStep]
    actions: Sequence[Act]
    lacks: Sequence[Lack]

    @property
    def is_kept(self) -> bool:
        """Whether every deadline was."""
        return not any(leg.days_over for leg in self.legs)


def compliance(ledger: Ledger, living: Living, asset: str, today: date) -> Compliance | None:
    """The report of an asset's last disposal; None for an asset that has none."""
    states.fold(ledger.desk, living)
    stays = standing.cycle(states.of_asset(ledger, living, asset), living)
    if not stays:
        return None
    life = trace(ledger, asset)
    told = states.told(ledger, living, stays, today)
    legs = [_leg(living, stay, today, steps) for stay, steps in zip(stays, told, strict=True)]
    documents = list(_documents(ledger, living, asset))
    vouchers = [_booked(step) for step in life.steps if step.voucher and _is_since(step, stays[0])]
    parked = [row for row in life.parked if row.settled_at is None or row.settled_at >= stays[0].entered_at]
    lacks = list(_lacks(living, stays, documents, vouchers, parked))
    acts = [act for act in life.actions if act.at >= stays[0].entered_at]
    return Compliance(asset, life.card, legs, documents, vouchers, parked, acts, lacks)


def _is_since(step: Step, first: Stay) -> bool:
    return step.committed_at >= first.entered_at


def _leg(living: Living, stay: Stay, today: date, told: Sequence[Told]) -> Leg:
    meaning = living.meaning
    days = 0 if stay.state in meaning.final else ((stay.left_on or today) - stay.since).days
    called = meaning.states.get(stay.state, (stay.state, stay.state))
    return Leg(stay, called, days, stay.days_over(today), told)


def _documents(ledger: Ledger, living: Living, asset: str) -> Iterator[Document]:
    for papers in living.meaning.papers:
        for of, *values in sources.said_by(ledger, living.pipeline, papers.rows, living.tables):
            if of == asset:
                yield Document(papers.called, list(zip(papers.columns, values, papers.needed, strict=True)))


def _booked(step: Step) -> Booked:
    voucher, is_known = step.voucher, step.told != "unknown"
    assert voucher is not None
    debits = [(one.entry.debit if one.share is None else one.share) for one in step.lines if one.entry.debit]
    amount = sum(debits, ZERO) if is_known else None
    lines = step.lines if is_known else ()
    who = [str(voucher.fields[name]) for name in PREPARERS if voucher.fields.get(name)]
    return Booked(step.voucher_ref, step.rule, voucher, lines, amount, bool(step.rows), step.reversed_by, who)


def _lacks(
    living: Living, stays: Sequence[Stay], documents: Sequence[Document], vouchers: Sequence[Booked],
    parked: Sequence[ParkedStep],
) -> Iterator[Lack]:  # fmt: skip
    meaning, last = living.meaning, stays[-1]
    if last.state not in meaning.final:
        yield Lack("lifecycle_lacks_end", {"state": meaning.states.get(last.state, (last.state, last.state))})
    found = {document.called for document in documents}
    for papers in meaning.papers:
        if any(papers.needed) and papers.called not in found:
            yield Lack("lifecycle_lacks_document", {"document": papers.called})
    for document in documents:
        for called, value, is_needed in document.values:
            if is_needed and value in (None, ""):
                yield Lack("lifecycle_lacks_paper", {"document": document.called, "paper": called})
    if not any(not booked.is_group and not booked.reversed_by for booked in vouchers):
        yield Lack("lifecycle_lacks_voucher", {})
    for row in parked:
        if row.settled_at is None:
            yield Lack("lifecycle_lacks_parked", {"id": (str(row.id), str(row.id))})
