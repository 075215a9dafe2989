"""Two companies whose pipelines share one finance database: reports, figures and the close are of one of them."""

import pytest

from syncd.books.close import outstanding
from syncd.books.reports import package
from syncd.books.reports.sheet import Package
from tests.finance_cases.books import FINANCE, MAPPING, SQL, Books
from tests.unit.lab import NAME, NOW, Lab
from tests.unit.test_reports import PRINTED, rows, sheet

ORG = "org: \"'A'\""
SHARED = FINANCE.replace("asset: entry.asset}", f"asset: entry.asset, {ORG}}}\n    where: org = 'A'")
TABLES = SQL.replace(
    "dept TEXT, class TEXT, asset TEXT, PRIMARY", "dept TEXT, class TEXT, asset TEXT, org TEXT, PRIMARY"
)


class Shared(Books):
    """The company is A."""

    def __init__(self) -> None:
        self._openings = []
        self._ids, self._rows = iter(range(1, 1_000)), {}
        Lab.__init__(self, MAPPING, True, SHARED, TABLES)

    def repeat(self) -> None:
        """What was posted stands there once more, of company B with assets of its own: carried by another pipeline."""
        run = self.database.execute
        columns = [name for _, name, *_ in run("PRAGMA table_info(syncd_posting)")]
        changed = {"pipeline": "'other'", "voucher": "replace(voucher, '记-', '记-9')"}
        changed |= {name: f"replace({name}, 'FA-', 'FB-')" for name in ("key", "subject", "content", "reverses")}
        values = ", ".join(changed.get(name, name) for name in columns)
        run(f"INSERT INTO syncd_posting SELECT {values} FROM syncd_posting")
        entry = (
            "period, type, number + 90, line, account, debit, credit, dept, class, replace(asset, 'FA-', 'FB-'), 'B'"
        )
        run(f"INSERT INTO gl_entry SELECT {entry} FROM gl_entry")

    def report(self, month: str) -> Package:
        return package.package(self.ledger, self.mapping, self.periods(), self.period(month), PRINTED, {NAME: None})


@pytest.fixture(scope="module")
def books() -> Shared:
    found = Shared()
    found.buy("FA-1", "120000.00", "2026-01-15")
    found.happen("month", "FA-1", "1900.00", "2026-02-28")
    found.happen("disposal", "FA-1", "0.00", "2026-02-28")
    found.buy("FA-2", "30000.00", "2026-02-20")
    return found


def test_reports_are_of_one_company(books: Shared) -> None:
    """Sheet by sheet what they were before the other company was there; the balances too."""
    before = [one._replace(chart=None) for one in books.report("2026-02").sheets]
    assert rows(sheet(books.report("2026-02"), "vouchers"))
    books.repeat()
    after = books.report("2026-02")
    for was, now in zip(before, after.sheets, strict=True):
        assert now._replace(chart=None) == was, now.code
    assert sheet(after, "differences").rows == []


def test_the_close_is_of_one_company(books: Shared) -> None:
    """Cards and accounts of the other are none of its differences."""
    items = books.close_items("2026-02")
    assert items["close_cards"].state == items["close_over_depreciated"].state == "holds"
    assert items["close_unbalanced"].state == "holds"


def test_rows_in_hand_of_another_company_keep_no_month_open(books: Shared) -> None:
    """Parked, waiting, held, collected, untold: of the company's own pipelines, each of its partitions; of all where
    nothing tells companies apart."""
    run = books.database.execute
    books.happen("impairment", "FA-9", "1.00", "2026-02-05")
    columns = ", ".join(name for _, name, *_ in run("PRAGMA table_info(syncd_parked)") if name != "pipeline")
    for name, times in ((f"{NAME}/1", 1), ("other", 2)):
        for n in range(times):
            picked = columns.replace("id,", f"id + {n + 1},", 1)
            run(
                f"INSERT INTO syncd_parked (pipeline, {columns})"
                f" SELECT '{name}', {picked} FROM syncd_parked WHERE pipeline = '{NAME}'"
            )
    assert books.mapping.layout.company == ("", "org = 'A'")
    period = books.period("2026-02")
    rows = {}
    for in_hand in (None, [NAME], ["other"]):
        mine = outstanding.of_company(in_hand)
        found = outstanding.items(books.ledger, period, books.mapping.zone, NOW, mine)
        rows[str(in_hand)] = {item.said.code: item.total for item in found}["close_parked"]
    assert list(rows.values()) == [4, 2, 2]
