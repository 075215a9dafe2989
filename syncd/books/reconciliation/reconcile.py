"""Whether both sides say the same, asset by asset and in total, at one point of the EAM's log.

    both sides, by checksums or in order ──▶ what differs ──▶ the same at the ledger's point of the log ──▶ why
           `sides`                             `weigh`            `as_read`                              `causes`

Finance is read at one moment, and so is the mirror beside it: both stand at the checkpoint. The EAM is read at a moment
of its own, which is later. So an asset that differs is looked up in the mirror, and what has merely not been carried
yet is told as being on its way. Memory stays flat whatever the number of assets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.close.item import Said
from syncd.mapping.language.blocks.measures import FIELDS
from syncd.money import ZERO

ASSETS_MAX: Final = 1_000
"""Differing assets that are listed, with their causes; all are counted."""
WEIGHED_MAX: Final = 10_000
"""Assets that differ at first sight and are weighed at the ledger's point of the log."""
GROUPS_MAX: Final = 1_000
"""Values of a field by which totals are told; the rest is told as one."""
REST: Final = "…"
CARRYING: Final = "carrying_amount"
CARD_CHANGED: Final = "cause_card_changed"
ENTRY_CHANGED: Final = "cause_entry_changed"
_NOT_AS_POSTED: Final = frozenset((CARD_CHANGED, ENTRY_CHANGED))
"""That finance does not hold what we posted is never below the alert, however small it is."""
WHOLE: Final = "whole_asset"
"""In place of a field: all of an asset that a side lacks."""


class Amounts(NamedTuple):
    """What one side says of an asset, or of all. In yuan; None for what cannot be read as an amount. `texts` are the
    fields that `by` names."""

    original_value: Decimal | None
    accumulated_depreciation: Decimal | None
    impairment: Decimal | None = ZERO
    texts: tuple[str, ...] = ()

    @property
    def carrying_amount(self) -> Decimal | None:
        """账面价值: original value less accumulated depreciation less impairment."""
        if self.original_value is None or self.accumulated_depreciation is None or self.impairment is None:
            return None
        return self.original_value - self.accumulated_depreciation - self.impairment

    def __add__(self, other: object) -> "Amounts":
        """Field by field; what cannot be read counts as nothing, its asset is listed as a difference."""
        assert isinstance(other, Amounts)
        return amounts((one or ZERO) + (two or ZERO) for one, two in zip(self[:3], other[:3], strict=True))

    def __neg__(self) -> "Amounts":
        return amounts(-(one or ZERO) for one in self[:3])


NONE: Final = Amounts(ZERO, ZERO)


def amounts(values: Iterable[Decimal | None], texts: tuple[str, ...] = ()) -> Amounts:
    """Amounts in the order of FIELDS."""
    original_value, accumulated_depreciation, impairment = values
    return Amounts(original_value, accumulated_depreciation, impairment, texts)


class Cause(NamedTuple):
    """Why an asset differs: the code of a message and what fills it in; among that may be the `change`
    that would have to be posted. `proposal` is the code of what can be done about it."""

    code: str
    params: Mapping[str, str] = {}
    proposal: str = ""


class Difference(NamedTuple):
    """Where the two sides differ. `asset_code` is empty for a total; None for the side that lacks the asset or has
    no readable amount. A field of `by` has texts. `number` is its place in its run, by which people call it;
    `figures` are all that the other side says of an asset that one lacks."""

    asset_code: str
    field: str
    eam: Decimal | str | None
    finance: Decimal | str | None
    cause: Cause | None = None
    number: int = 0
    figures: Amounts | None = None

    @property
    def said(self) -> Said:
        """What it differs in; of an asset that a side lacks all that the other says of it."""
        figures = {} if (of := self.figures) is None else {name: getattr(of, name) for name in (*FIELDS, CARRYING)}
        return Said(self.field, {name: f"{amount:,.2f}" for name, amount in figures.items()})

    @property
    def share(self) -> Decimal:
        """How large the difference is against the EAM's amount: 0.01 is one per cent. 1 when a side is missing,
        and of texts."""
        if not isinstance(self.eam, Decimal) or not isinstance(self.finance, Decimal) or self.eam == 0:
            return Decimal(self.eam != self.finance)
        return abs((self.finance - self.eam) / self.eam)


class Control(NamedTuple):
    """The balance of ledger accounts against the cards' total, both as they stand in finance."""

    field: str
    accounts: Sequence[str]
    balance: Decimal
    cards: Decimal

    @property
    def share(self) -> Decimal:
        """How far the balance is from the cards' total: 0.01 is one per cent of that total."""
        return Difference("", self.field, self.cards, self.balance).share


class Group(NamedTuple):
    """The totals of the assets that say `value` in a field of `by`, on each side."""

    field: str
    value: str
    eam: Amounts
    finance: Amounts


class Manual(NamedTuple):
    """An entry on a controlled account whose voucher is none of syncd's; `amount` in the direction of the account."""

    field: str
    account: str
    asset_code: str
    voucher: str
    amount: Decimal
    reference: str = ""
    """What people call the voucher, as they call ours; empty where it cannot be told."""
    parts: tuple[str, ...] = ()
    """What names it in finance."""
    cause: Cause | None = None
    """Where the mapping has a rule that cancels it: a parked row, or what would have to be posted."""


class Altered(NamedTuple):
    """A voucher of syncd's that does not stand in a table of finance as it was posted."""

    voucher: str
    table: str


class Unreadable(NamedTuple):
    """A row of the EAM that holds a text where an amount is to be: its table's alias, its key, the column, the text."""

    table: str
    key: str
    column: str
    text: str


class Found(NamedTuple):
    """An asset that differs; `key` is that of its row in the EAM, empty where that is not known."""

    code: str
    eam: Amounts | None
    finance: Amounts | None
    key: str = ""


class Unsaid(NamedTuple):
    """What was not compared: the code of a message that says why, and what fills it in."""

    code: str
    params: Mapping[str, str]


class OfBalance(NamedTuple):
    """The outcome of one of the mapping's balances: documents that something is open of on either side, totals, and
    what differs, as `Report` has it of assets."""

    name: str
    says: Mapping[str, str]
    accounts: Sequence[str]
    documents: int
    eam: Decimal
    finance: Decimal
    differing: int
    differences: Sequence[Difference]
    alerting: int
    waiting: Sequence[Found] = ()
    found: Sequence[Found] = ()
    unseen: int = 0


class Report(NamedTuple):
    """The outcome. `differing` counts the assets of which `differences` lists the first; `alerting` counts those above
    the alert, and the totals, controls and unreadable rows that are, and vouchers and cards of ours that were altered.
    `waiting` are assets whose difference is merely on its way, and count as none. `position` is the point of the log,
    `way` how the sides were compared, `found` the assets that were looked at; `unseen` are those beyond that were not,
    and may be on their way. `run` is the number under which the report is kept. `balances` are beside the assets, and
    `unsaid` is what could not be compared."""

    assets: int
    eam: Amounts
    finance: Amounts
    differing: int
    differences: Sequence[Difference]
    totals: Sequence[Difference]
    controls: Sequence[Control]
    alerting: int
    groups: Sequence[Group] = ()
    manual: Sequence[Manual] = ()
    altered: Sequence[Altered] = ()
    unreadable: Sequence[Unreadable] = ()
    waiting: Sequence[Found] = ()
    found: Sequence[Found] = ()
    position: str = ""
    way: str = "rows"
    unseen: int = 0
    run: int = 0
    balances: Sequence[OfBalance] = ()
    unsaid: Sequence[Unsaid] = ()

    @property
    def all_differences(self) -> list[Difference]:
        """Of assets, then of documents: as they are numbered."""
        return [*self.differences, *(d for one in self.balances for d in one.differences)]

    @property
    def all_differing(self) -> int:
        """Assets and documents that differ."""
        return self.differing + sum(one.differing for one in self.balances)


Sided = tuple[str, Amounts | None, Amounts | None, str]


class Weights:
    """What is summed up while pairs go by: totals, by value of each field of `by` too, and the assets that differ."""

    def __init__(self, by: Sequence[str], alert_above: Decimal, differ: "Differ | None" = None) -> None:
        self.by, self.alert_above = by, alert_above
        self.differ: Differ = differ or differences
        self.assets = self.differing = self.beyond = 0
        self.eam = self.finance = NONE
        self.groups: dict[tuple[str, str], tuple[Amounts, Amounts]] = {}
        self.found: list[Found] = []

    def take(self, code: str, eam: Amounts | None, finance: Amounts | None, key: str = "") -> None:
        """An asset, as both sides have it."""
        self.assets += 1
        self.add(eam, finance)
        self.judge(code, eam, finance, key)

    def judge(self, code: str, eam: Amounts | None, finance: Amounts | None, key: str = "") -> None:
        """Whether an asset differs, its amounts aside."""
        if eam == finance and eam is not None and eam.carrying_amount is not None:
            return
        if not any(self.differ(code, eam, finance, self.by)):
            return
        self.differing += 1
        if len(self.found) < WEIGHED_MAX:
            self.found.append(Found(code, eam, finance, key))
        else:
            self.beyond += self.alerts(code, eam, finance)

    def alerts(self, code: str, eam: Amounts | None, finance: Amounts | None) -> bool:
        """Whether an asset differs by more than the alert."""
        return any(d.share > self.alert_above for d in self.differ(code, eam, finance, self.by))

    def add(self, eam: Amounts | None, finance: Amounts | None) -> None:
        """To the totals."""
        if eam is not None:
            self.eam += eam
            for field, text in zip(self.by, eam.texts, strict=False):
                self.add_group(field, text, eam, NONE)
        if finance is not None:
            self.finance += finance
            for field, text in zip(self.by, finance.texts, strict=False):
                self.add_group(field, text, NONE, finance)

    def add_group(self, field: str, text: str, eam: Amounts, finance: Amounts) -> None:
        """To the totals of a value."""
        place = field, text
        if place not in self.groups and len(self.groups) >= GROUPS_MAX:
            place = field, REST
        one, other = self.groups.get(place, (NONE, NONE))
        self.groups[place] = one + eam, other + finance

    def shift(self, was: Found, now: Found) -> None:
        """An asset of the totals is another than it was taken for."""
        for sign, found in ((False, was), (True, now)):
            for said, is_eam in ((found.eam, True), (found.finance, False)):
                if said is None:
                    continue
                change = said if sign else -said
                eam, finance = (change, NONE) if is_eam else (NONE, change)
                self.eam, self.finance = self.eam + eam, self.finance + finance
                for field, text in zip(self.by, said.texts, strict=False):
                    self.add_group(field, text, eam, finance)

    def report(self) -> Report:
        """What was found, before anybody looked at it more closely."""
        return weighed(Report(self.assets, self.eam, self.finance, self.differing, (), (), (), 0), self, self.found)


def weighed(
    report: Report, weights: Weights, found: Sequence[Found], causes: Mapping[str, Cause] | None = None
) -> Report:
    """The report with these assets as those that differ, beside those beyond what is looked at, and its totals anew."""
    known = causes or {}
    told = [d for f in found[:ASSETS_MAX] for d in weights.differ(f.code, f.eam, f.finance, weights.by)]
    listed = [d._replace(cause=known.get(d.asset_code), number=number) for number, d in enumerate(told, 1)]
    totals = list(weights.differ("", weights.eam, weights.finance, ()))
    changed = {code for code, cause in known.items() if cause.code in _NOT_AS_POSTED}
    alerting = weights.beyond + sum(f.code in changed or weights.alerts(f.code, f.eam, f.finance) for f in found)
    alerting += any(total.share > weights.alert_above for total in totals)
    return report._replace(
        eam=weights.eam,
        finance=weights.finance,
        differing=weights.differing,
        differences=listed,
        totals=totals,
        alerting=alerting,
        groups=[Group(*place, *both) for place, both in sorted(weights.groups.items())],
        found=found,
    )


def side_by_side(
    eam: Iterable[tuple[str, Amounts] | tuple[str, Amounts, str]], finance: Iterable[tuple[str, Amounts]]
) -> Iterator[Sided]:
    """Both sides, ordered by code, asset by asset; None where a side lacks it. A code that a side has twice is
    lacking on the other the second time. The EAM's may say the keys of its rows."""
    left, right = iter(eam), iter(finance)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        key = one[2] if one is not None and len(one) > 2 else ""
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], None, key
            one = next(left, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1], ""
            other = next(right, None)
        else:
            yield one[0], one[1], other[1], key
            one, other = next(left, None), next(right, None)


def compare(pairs: Iterable[Sided], alert_above: Decimal, by: Sequence[str] = ()) -> Report:
    """The report on all assets, without controls."""
    weights = Weights(by, alert_above)
    for pair in pairs:
        weights.take(*pair)
    return weights.report()


def controlled(report: Report, controls: Sequence[Control], alert_above: Decimal) -> Report:
    """The report with its controls; they count once if any is above the alert and no total has said so already. Each
    voucher of ours that was altered counts, whatever the amount."""
    alerting = any(control.share > alert_above for control in controls)
    is_said = any(total.share > alert_above for total in report.totals)
    alerts = report.alerting + (alerting and not is_said) + len(report.altered)
    return report._replace(controls=controls, alerting=alerts)


def differences(
    code: str, eam: Amounts | None, finance: Amounts | None, by: Sequence[str] = ()
) -> Iterator[Difference]:
    """The values in which an asset differs; once, by its original value, what a side lacks."""
    figures = eam or finance
    if code and (eam is None) != (finance is None) and figures is not None and figures.carrying_amount is not None:
        one, other = (None if said is None else said.original_value for said in (eam, finance))
        yield Difference(code, WHOLE, one, other, figures=figures)
        return
    for field in (*FIELDS, CARRYING):
        one = getattr(eam, field) if eam else None
        other = getattr(finance, field) if finance else None
        if one != other or one is None:
            yield Difference(code, field, one, other)
    if eam is not None and finance is not None:
        for field, text, said in zip(by, eam.texts, finance.texts, strict=False):
            if text != said:
                yield Difference(code, field, text, said)


Differ = Callable[[str, Amounts | None, Amounts | None, Sequence[str]], Iterator[Difference]]
"""What an asset, or a document, differs in."""
