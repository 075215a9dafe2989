"""研发支出辅助账: what finance's journal has on the R&D accounts, by project, entry by entry and by month.

An entry of ours counts in the column of the kind of cost that the mapping gives its rule, less what was taken back; the
others, wages and materials that finance posts itself, count together. What is carried to expense stands beside.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books import balances, writes
from syncd.books.balances import JournalEntry
from syncd.books.close.item import Said
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.books.writes import Recorded
from syncd.mapping.language.blocks.year_end import ResearchAccount
from syncd.mapping.layout.layout import FinanceLayout
from syncd.money import ZERO
from syncd.ports import Ledger, Period

OTHER: Final = ""
"""The kind of what no named rule has posted."""


class Spent(NamedTuple):
    """An entry to an R&D account, of one of the year's periods; `kind` is None for what carries it to expense."""

    project: str
    use: str
    period: str
    entry: JournalEntry
    kind: str | None
    ref: str

    @property
    def order(self) -> tuple[object, ...]:
        """By project and use, as the journal runs."""
        number = self.entry.number
        return self.project, self.use, self.period, self.entry.day or date.min, number.zfill(12)


Part = tuple[str, str]
"""A project, and whether what it cost is expensed or capitalised."""


def sheets(
    ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period], span: Period, month: Month, said: ResearchAccount,
    pipelines: Sequence[str],
) -> Iterator[Sheet]:  # fmt: skip
    """The account, and its summary by month. `pipelines` are the company's."""
    if not balances.can_read(layout, periods, "entry.account"):
        yield Sheet("report_research", (Column("research_project"),), [], (), [Said("close_unreadable")])
        return
    within = [period for period in periods if span.first <= period.first and period.last <= span.last]
    uses = {code: use for use, codes in said.accounts.items() for code in codes}
    own = {one.key: one for one in writes.vouchers(ledger, pipelines, *(period.code for period in within))}
    before: dict[Part, Decimal] = defaultdict(Decimal)
    spent: list[Spent] = []
    for entry in balances.of_accounts(ledger, layout, periods, list(uses)):
        project, use = entry.dims.get(said.project, ""), uses[entry.account]
        if balances.when(entry, within[0]) < 0:
            before[project, use] += entry.net
        elif period := next((one.code for one in within if balances.when(entry, one) == 0), None):
            made = own.get(entry.key)
            ref = f"{entry.period} {entry.type}-{entry.number}" if made is None else made.ref
            spent.append(Spent(project, use, period, entry, _kind(entry, made, said), ref))
    spent.sort(key=lambda one: one.order)
    yield _account({part: amount for part, amount in before.items() if amount}, spent, said, month)
    yield _summary(spent, within, said)


def _kind(entry: JournalEntry, made: Recorded | None, said: ResearchAccount) -> str | None:
    if made is not None and made.rule in said.kind_of:
        return said.kind_of[made.rule]
    if made is not None and made.rule in said.carried:
        return None
    return OTHER if entry.debit else None


def _account(before: Mapping[Part, Decimal], spent: Sequence[Spent], said: ResearchAccount, month: Month) -> Sheet:
    kinds = [*said.kinds, OTHER]
    columns = (
        *(Column("research_project"), Column("research_use"), Column("report_date", "date"), Column("voucher")),
        *(Column("report_summary_text"), Column("report_account"), Column("report_account_name")),
        *(Column("report_debit", "money"), Column("report_credit", "money"), Column("close_balance", "money")),
        *(_column(kind, said) for kind in kinds),
    )
    rows: list[Row] = []
    by_part: dict[Part, list[Spent]] = defaultdict(list)
    for one in spent:
        by_part[one.project, one.use].append(one)
    totals = [ZERO] * (3 + len(kinds))
    for part in sorted({*before, *by_part}):
        named = (part[0] or Said("research_no_project"), Said(f"research_{part[1]}"))
        balance = before.get(part, ZERO)
        if balance:
            blanks = (None, "", Said("report_opening"), "", "", None, None, balance, *(None for _ in kinds))
            rows.append((*named, *blanks))
        for one in by_part[part]:
            entry = one.entry
            balance += entry.net
            amounts = [entry.net if kind == one.kind else None for kind in kinds]
            sides = (entry.debit or None, entry.credit or None, balance)
            name = month.account_names.get(entry.account, "")
            rows.append((*named, entry.day, one.ref, entry.summary, entry.account, name, *sides, *amounts))
            of_kinds = (amount or ZERO for amount in amounts)
            totals = [a + b for a, b in zip(totals, (entry.debit, entry.credit, ZERO, *of_kinds), strict=True)]
        totals[2] += balance
    end: Row = (Said("report_total"), *("" for _ in range(6)), *totals)
    return Sheet("report_research", columns, rows, end)


def _summary(spent: Sequence[Spent], within: Sequence[Period], said: ResearchAccount) -> Sheet:
    """What was spent, without what was carried to expense."""
    columns = (
        *(Column("research_project"), Column("research_use"), Column("research_kind")),
        *(Column(period.code, "money", {"zh": period.code, "en": period.code}) for period in within),
        Column("report_total", "money"),
    )
    kinds = [*said.kinds, OTHER]
    found: dict[tuple[str, str, int], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in spent:
        if one.kind is not None:
            found[one.project, one.use, kinds.index(one.kind)][one.period] += one.entry.net
    rows: list[Row] = []
    for (project, use, n), by_period in sorted(found.items()):
        named = (project or Said("research_no_project"), Said(f"research_{use}"), _called(kinds[n], said))
        rows.append((*named, *_months(by_period, within)))
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for by_period in found.values():
        for period, amount in by_period.items():
            whole[period] += amount
    return Sheet("report_research_summary", columns, rows, (Said("report_total"), "", "", *_months(whole, within)))


def _months(by_period: Mapping[str, Decimal], within: Sequence[Period]) -> Sequence[Cell]:
    amounts = [by_period.get(period.code, ZERO) for period in within]
    return *amounts, sum(amounts, ZERO)


def _column(kind: str, said: ResearchAccount) -> Column:
    return Column(kind, "money", said.kinds[kind]) if kind else Column("research_other", "money")


def _called(kind: str, said: ResearchAccount) -> Said:
    return Said("report_own_kind", {"name": kind, **said.kinds[kind]}) if kind else Said("research_other")
