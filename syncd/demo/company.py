"""The company of the demonstration: its departments, its devices as the EAM holds them, and the books that finance
has kept by hand until now. A seed makes the same company again; the calendar is that of the month it lives in.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Final, NamedTuple

from syncd.books.depreciation.methods import Method, Terms, months_due, schedule
from syncd.demo.eam import Database, Device, last_day, period_of, register
from syncd.dialects import Dialect
from syncd.files import shipped
from syncd.money import ZERO

DEPARTMENTS: Final = (
    (1, "SC1", "生产部", "一车间", "production"),
    (2, "SC2", "生产部", "二车间", "production"),
    (3, "SC3", "生产部", "三车间", "production"),
    (4, "YF", "研发中心", None, "research"),
    (5, "XS", "销售部", None, "sales"),
    (6, "GL", "综合管理部", None, "administration"),
)
SUPPLIERS: Final = ((1, "GYS-01", "机床供应商"), (2, "GYS-02", "电子设备供应商"))
CLASSES: Final = (
    ("FWJZ", "房屋建筑物", "straight_line", 240, "0.0500"),
    ("JQSB", "机器设备", "straight_line", 120, "0.0500"),
    ("GJQJ", "工具器具", "straight_line", 60, "0.0500"),
    ("YSGJ", "运输工具", "double_declining", 48, "0.0500"),
    ("DZSB", "电子设备", "sum_of_years", 36, "0.0500"),
)
_SPELLED: Final[Mapping[Dialect, Sequence[tuple[str, re.Pattern[str]]]]] = {
    "postgres": (),
    "sqlite": (("TEXT", re.compile(r"NUMERIC\([\d,]+\)")),),
    "mysql": (("VARCHAR(160)", re.compile(r"\bTEXT\b")),),
}
"""What the scripts, which are in PostgreSQL's spelling, have to say elsewhere, and what they say."""


class Fleet(NamedTuple):
    """Devices of one kind: what share of all they are, where they stand, what they cost in whole yuan."""

    share: float
    class_code: str
    code: str
    names: tuple[str, ...]
    departments: tuple[int, ...]
    cost: tuple[int, int]


FLEETS: Final = (
    Fleet(0.01, "FWJZ", "FC", ("一号厂房", "仓库", "办公楼", "配电房"), (1, 2, 3, 6), (800_000, 4_900_000)),
    Fleet(0.45, "JQSB", "SC", ("数控车床", "铣床", "加工中心", "注塑机", "空压机"), (1, 2, 3), (30_000, 480_000)),
    Fleet(0.16, "GJQJ", "GJ", ("模具", "检具", "工装夹具"), (1, 2, 3, 4), (3_000, 40_000)),
    Fleet(0.04, "YSGJ", "YS", ("叉车", "货车", "商务车"), (1, 5, 6), (60_000, 300_000)),
    Fleet(0.34, "DZSB", "DZ", ("计算机", "服务器", "打印机", "示波器"), (4, 5, 6), (3_000, 60_000)),
)


def create(db: Database, schema: str, dialect: Dialect) -> None:
    """The tables of one side: `eam` or `finance`."""
    text = shipped("mappings", "demo", f"{schema}.sql").read_text("utf-8")
    for wanted, had in _SPELLED[dialect]:
        text = had.sub(wanted, text)
    for statement in re.sub(r"--.*", "", text).split(";"):
        if statement.strip():
            db.execute(statement)


def chart(standard: str) -> Iterator[tuple[str, str, str, int]]:
    """The accounts of a standard, ASBE or SBE: code, name, side of the balance, whether it may be posted to."""
    with shipped("mappings", "demo", "chart.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["standard"] == standard:
                yield row["code"], row["name"], row["balance"], int(row["leaf"])


def settle_eam(db: Database, month: date, devices: int, seed: int = 1) -> None:
    """Departments, classes, suppliers and the devices that were there before `month`."""
    with db.transaction():
        db.executemany("INSERT INTO department VALUES (?, ?, ?, ?, ?)", DEPARTMENTS)
        db.executemany("INSERT INTO supplier VALUES (?, ?, ?)", SUPPLIERS)
        db.executemany("INSERT INTO asset_class VALUES (?, ?, ?, ?, ?)", CLASSES)
    register(db, list(_devices(month, devices, Random(seed))))


def settle_finance(db: Database, eam: Database, month: date, standard: str = "ASBE") -> None:
    """Accounts of the standard, departments, the periods of three years, and what was booked by hand: the opening
    balances, one voucher in the month before, and the first voucher of this month, after which numbers run on."""
    with db.transaction():
        db.executemany("INSERT INTO gl_account VALUES (?, ?, ?, ?)", list(chart(standard)))
        db.executemany("INSERT INTO gl_department VALUES (?, ?)", [(code, name) for _, code, name, *_ in DEPARTMENTS])
        db.executemany("INSERT INTO gl_period VALUES (?, ?, ?, ?)", list(_periods(month)))
        _write_by_hand(db, month.replace(day=1) - timedelta(days=1), "期初余额", _opening(eam))
        _write_by_hand(
            db,
            month.replace(day=1),
            "提取备用金",
            [Line("1001", debit=Decimal("20000.00")), Line("1002", credit=Decimal("20000.00"))],
        )


class Line(NamedTuple):
    """A line of a voucher written by hand."""

    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    dept: str | None = None
    workshop: str | None = None
    class_code: str | None = None
    asset: str | None = None


def _devices(month: date, count: int, random: Random) -> Iterator[Device]:
    """Bought at any time within their class's life, so that none is older than its books; the last are drafts."""
    lives = {code: (Method(method), life, Decimal(rate)) for code, _, method, life, rate in CLASSES}
    yesterday = month.replace(day=1) - timedelta(days=1)
    for number in range(1, count + 1):
        fleet = random.choices(FLEETS, [fleet.share for fleet in FLEETS])[0]
        method, life, rate = lives[fleet.class_code]
        value = Decimal(random.randint(fleet.cost[0] * 100, fleet.cost[1] * 100)).scaleb(-2)
        bought = yesterday - timedelta(days=random.randint(0, (life - 2) * 30))
        depreciated = sum(
            islice(schedule(Terms(method, value, rate, life)), months_due(bought, yesterday)), Decimal("0.00")
        )
        draft = number > count - 3
        yield Device(
            asset_code=f"FA-{fleet.code}-{number:04}",
            name=random.choice(fleet.names),
            class_code=fleet.class_code,
            department_id=random.choice(fleet.departments),
            value=value,
            approved_on=bought,
            supplier_id=random.choice((1, 2, 2)),
            status="draft" if draft else "in_use",
            opening_depreciation=ZERO if draft else depreciated,
        )


def _periods(month: date) -> Iterator[tuple[str, str, str, str]]:
    """Last year's, this year's and next year's; all before `month` are closed."""
    for number in range((month.year - 1) * 12, (month.year + 2) * 12):
        first = date(number // 12, number % 12 + 1, 1)
        status = "closed" if first < month.replace(day=1) else "open"
        yield period_of(first), str(first), str(last_day(first)), status


def _opening(eam: Database) -> list[Line]:
    """1601 and 1602 by asset, as the cards have them."""
    lines, capital = [], Decimal("60000000.00")
    for value, depreciated, *of in eam.execute(
        "SELECT a.original_value, a.opening_depreciation, d.code, d.workshop, a.class_code, a.asset_code"
        " FROM asset a JOIN department d ON d.id = a.department_id WHERE a.status = 'in_use' ORDER BY a.asset_code"
    ).fetchall():
        cost, worn = Decimal(value), Decimal(depreciated)
        lines.append(Line("1601", cost, ZERO, *of))
        lines += [Line("1602", ZERO, worn, *of)] if worn else []
        capital += cost - worn
    return [*lines, Line("1002", debit=Decimal("60000000.00")), Line("4001", credit=capital)]


def _write_by_hand(db: Database, day: date, summary: str, lines: Sequence[Line]) -> None:
    period, total = period_of(day), str(sum(line.debit for line in lines))
    db.execute(
        "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit)"
        " VALUES (?, '记', 1, ?, ?, ?, ?, ?)",
        (period, str(day), str(day), summary, total, total),
    )
    db.executemany(
        "INSERT INTO gl_entry"
        " (period, type, number, line, summary, account, debit, credit, dept, workshop, class, asset)"
        " VALUES (?, '记', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (period, number, summary, line.account, str(line.debit), str(line.credit), *line[3:])
            for number, line in enumerate(lines, 1)
        ],
    )
