"""A company and its year: machines and a computer are bought, one machine is sold, R&D is spent; with all that a
mapping may say for the sheets of a year."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from syncd.books.depreciation import runs
from syncd.books.reports import package
from syncd.books.reports.sheet import Package
from syncd.ports import Ledger
from tests.finance_cases import books as plain
from tests.unit.lab import NAME, Lab

PRINTED: Final = package.Printed("lab", "王芳", datetime(2027, 1, 4, 9, tzinfo=UTC), ("张三", "", ""))
EVIL: Final = "=HYPERLINK(1)"
FINANCE: Final = plain.FINANCE.replace("dims: [dept, class, asset]", "dims: [dept, class, asset, project]").replace(
    "asset: entry.asset}", "asset: entry.asset, project: entry.project, summary: entry.summary}"
)
MONTHS: Final = ", ".join(
    f"('2026-{n:02}', '2026-{n:02}-01', '2026-{n:02}-{monthrange(2026, n)[1]}', 1)" for n in range(5, 12)
)
SQL: Final = (
    plain.SQL.replace("class TEXT, asset TEXT, PRIMARY", "class TEXT, asset TEXT, project TEXT, summary TEXT, PRIMARY")
    + f"INSERT INTO gl_period VALUES ('2025-12', '2025-12-01', '2025-12-31', 0), {MONTHS};"
    + "INSERT INTO gl_account VALUES ('530102'), ('6604');"
)
TABLES: Final = """tables:
  use:
    table: asset_use
    key: id
    columns: {id: integer, code: text, kind: text, party: text, since: date, until: date, secures: money}
"""
RULES: Final = """rules:
  researched:
    on: event
    when: op = 'insert' AND after.kind = 'research'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'研发设备折旧'"
      entries:
        - {account: "'5301'", debit: after.amount, project: after.dept}
        - {account: "'1002'", credit: after.amount}
  carried:
    on: event
    when: op = 'insert' AND after.kind = 'carried'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'结转'"
      entries:
        - {account: "'6604'", debit: after.amount}
        - {account: "'5301'", credit: after.amount, project: after.dept}
  carried_back:
    on: event
    when: op = 'insert' AND after.kind = 'carried back'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'转回'"
      entries:
        - {account: "'5301'", debit: after.amount, project: after.dept}
        - {account: "'6604'", credit: after.amount}
  relived:
    on: event
    when: op = 'insert' AND after.kind = 'residual'
    change: {asset_code: after.asset_code, residual_rate: after.amount}
"""
BLOCKS: Final = """  year_end:
    idle: card.dept = 'XZ'
    leased_out: card.dept = 'SC'
    pledged:
      table: use
      asset: code
      where: kind = 'pledged' AND since <= last AND coalesce(until > last, true)
      columns:
        {party: {zh: 抵押权人, en: pledgee}, since: {zh: 抵押日期, en: since}, secures: {zh: 担保金额, en: secures}}
    tax: {book: tax, line: CASE card.class WHEN 'JQ' THEN 3 WHEN 'DZ' THEN 6 END}
    research:
      expensed: "5301"
      capitalised: "530102"
      kinds: {depreciation: {says: {zh: 折旧费用, en: depreciation}, rules: [researched]}}
      carried: [carried, carried_back]
    review: {months: 49}
depreciation:
  by: eam
  when: card.status = 'in_use'
  card: {method: "'straight_line'", department: card.dept, asset_class: card.class, impairment: card.impairment}
  rows: {table: event, asset: asset_code, period: "to_char(on_, 'YYYY-MM')", amount: amount}
  books:
    tax: {life_months: CASE card.class WHEN 'DZ' THEN 36 ELSE 120 END}
    once:
      life_months: CASE card.class WHEN 'DZ' THEN 1 ELSE 120 END
      residual_rate: CASE card.class WHEN 'DZ' THEN 0 ELSE 0.05 END
"""
MAPPING: Final = (
    plain.MAPPING.replace("tables:\n", TABLES, 1).replace("rules:\n", RULES, 1).rstrip("\n") + "\n" + BLOCKS
)


class Company(plain.Books):
    """Machines FA-1 and FA-3 and the computer FA-2 are bought in January; FA-3 is sold in June."""

    def __init__(self, mapping: str = MAPPING) -> None:
        self._openings, self._rows, self._ids = (), {}, iter(range(1, 1_000_000))
        Lab.__init__(self, mapping, True, FINANCE, SQL)
        self.buy("FA-1", "120000.00", "2026-01-15")
        self.buy("FA-2", "30000.00", "2026-01-20", dept="XS", kind="DZ", name=EVIL)
        self.buy("FA-3", "24000.00", "2026-01-25")
        for n in range(2, 13):
            last = f"2026-{n:02}-{monthrange(2026, n)[1]}"
            for asset, amount in (("FA-1", "1900.00"), ("FA-2", "475.00")):
                self.happen("month", asset, amount, last)
            if n <= 6:
                self.happen("month", "FA-3", "380.00", last if n < 6 else "2026-06-20")
        self.happen("disposal", "FA-3", "0.00", "2026-06-20")
        self.happen("result", "FA-3", "22100.00", "2026-06-20")
        assert self.parked == []

    def use(self, code: str, kind: str, party: str, since: str, until: str | None = None) -> None:
        days = {"since": date.fromisoformat(since), "until": date.fromisoformat(until) if until else None}
        row = {"id": next(self._ids), "code": code, "kind": kind, "party": party, "secures": Decimal("50000.00")}
        self.commit(self.insert("use", **row, **days))  # type: ignore[arg-type]

    def by_hand_of(
        self, period: str, on: str, debited: tuple[str, str], credited: tuple[str, str], amount: str
    ) -> None:
        """A voucher that finance's own people enter: both sides, each an account and a project."""
        ((number,),) = self.ask(f"SELECT coalesce(max(number), 0) + 1 FROM gl_voucher WHERE period = '{period}'")
        run = self.database.execute
        run("INSERT INTO gl_voucher VALUES (?, '记', ?, ?, ?, '手工', NULL)", (period, number, on, on))
        for line, (account, debit, credit, project) in enumerate(
            ((debited[0], amount, "0", debited[1]), (credited[0], "0", amount, credited[1])), 1
        ):
            values = (period, number, line, account, debit, credit, project or None, "研发人员工资")
            run("INSERT INTO gl_entry VALUES (?, '记', ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, ?)", values)

    @property
    def parts(self) -> Mapping[str, runs.Computing]:
        meaning, mapping = self.mapping.depreciation, self.mapping
        assert meaning is not None
        return {NAME: runs.Computing(NAME, meaning, mapping.tables, ("worn",), mapping.zone)}

    def package(self, month: str = "2026-12", ends_year: bool = False, ledger: Ledger | None = None) -> Package:
        """Its reports, of what a ledger holds."""
        held, periods, period = ledger or self.ledger, self.periods(), self.period(month)
        return package.package(held, self.mapping, periods, period, PRINTED, self.parts, ends_year)


def eventful() -> Company:
    """A computer that moves to another department, pledges, and R&D of two projects, some of it entered by hand."""
    found = Company()
    found.use("FA-1", "pledged", "甲银行", "2026-03-01")
    found.use("FA-1", "pledged", "乙银行", "2026-05-01")
    found.use("FA-2", "pledged", EVIL, "2026-03-01", "2026-12-31")
    found.use("FA-3", "pledged", "丙银行", "2026-03-01")
    found.use("FA-9", "pledged", "丙银行", "2026-03-01")
    found.happen("transfer", "FA-2", "0.00", "2026-11-10", dept="XZ")
    for month, amount in (("02", "100.00"), ("03", "120.00")):
        found.happen("research", "FA-1", amount, f"2026-{month}-28", dept="RD-1")
    found.happen("carried", "FA-1", "100.00", "2026-02-28", dept="RD-1")
    found.by_hand_of("2026-03", "2026-03-30", ("5301", "RD-1"), ("1002", ""), "900.00")
    found.by_hand_of("2026-04", "2026-04-30", ("530102", EVIL), ("1002", ""), "700.00")
    found.by_hand_of("2026-05", "2026-05-31", ("1604", ""), ("530102", EVIL), "300.00")
    found.happen("carried back", "FA-1", "10.00", "2026-03-29", dept="RD-1")
    assert found.parked == []
    return found
