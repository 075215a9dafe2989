"""A half year of a company, with what is wrong in it planted among what only looks so: the real translator and ledger
post it, and who planted what is known."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd import workbench
from syncd.books.warnings.look import look
from syncd.books.warnings.notice import Report, Window
from syncd.mapping.cases.model import CaseFile
from syncd.mapping.cases.play import Play
from syncd.mapping.language.file.source import Document
from syncd.mapping.language.load import Mapping, load

MAPPING: Final = Path(__file__).with_name("mapping.yaml")
SEED: Final = 20260701
FIRST: Final = date(2026, 1, 5)
DAYS: Final = 170
PRICES: Final = {"车床": (15_000, 0.05), "机器人": (60_000, 0.06), "终端": (6_000, 0.08)}
"""Class → what is usual, and how the decimal logarithm of a price spreads."""
NORMAL: Final = {"车床": 45, "机器人": 18, "终端": 30}


@dataclass
class Year:
    """What happens, in any order; `planted` are the kinds with the rows that a warning should name."""

    random: random.Random
    steps: list[dict[str, Any]] = field(default_factory=list)
    planted: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    by_hand: list[tuple[str, int, date, str]] = field(default_factory=list)
    ids: int = 0

    def working(self) -> datetime:
        """A moment at work."""
        while True:
            day = FIRST + timedelta(days=self.random.randrange(DAYS))
            if day.isoweekday() <= 5:
                return self.at(day)

    def at(self, day: date) -> datetime:
        clock = timedelta(hours=self.random.randrange(9, 17), minutes=self.random.randrange(60))
        return datetime.combine(day, datetime.min.time()) + clock

    def price(self, class_: str) -> Decimal:
        usual, spread = PRICES[class_]
        return Decimal(str(round(usual * 10 ** self.random.gauss(0, spread), 2)))

    def buy(self, class_: str, at: datetime | None = None, value: Decimal | None = None, **other: Any) -> str:
        """A device is registered; its code."""
        self.ids += 1
        when = at or self.working()
        row = {
            "id": self.ids,
            "asset_code": f"FA-{self.ids:04}",
            "name": f"{class_}{self.random.randrange(100, 999)}型",
            "class": class_,
            "department": self.random.choice("ABC"),
            "supplier": f"S{self.random.randrange(60)}",
            "value": value or self.price(class_),
            "bought_on": f"{when:%Y-%m-%d}",
        } | other
        self.steps.append({"insert": "asset", "row": row, "at": f"{when:%Y-%m-%dT%H:%M:%S}"})
        if row["value"] > 100_000:
            self.steps.append({"approve": row["asset_code"], "at": f"{when + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"})
        return str(row["asset_code"])

    def move(self, code: str, department: str, at: datetime) -> None:
        self.ids += 1
        row = {"id": self.ids, "asset_code": code, "department": department}
        self.steps.append({"insert": "move", "row": row, "at": f"{at:%Y-%m-%dT%H:%M:%S}"})

    def scrap(self, code: str, at: datetime) -> None:
        self.ids += 1
        row = {"id": self.ids, "asset_code": code, "on_day": f"{at:%Y-%m-%d}"}
        self.steps.append({"insert": "scrap", "row": row, "at": f"{at:%Y-%m-%dT%H:%M:%S}"})

    def plant(self, kind: str, *rows: str) -> None:
        self.planted.append((kind, frozenset(rows)))


def made() -> Year:
    """The half year."""
    year = Year(random.Random(SEED))
    _ordinary(year)
    _amounts(year)
    _moves(year)
    _disposals(year)
    _purchases(year)
    _hours(year)
    year.by_hand += [("2026-03", 901, date(2026, 3, 31), "1601"), ("2026-05", 901, date(2026, 5, 30), "1602")]
    year.by_hand += [("2026-04", 901, date(2026, 4, 30), "6602"), ("2026-01", 901, date(2026, 1, 1), "1601")]
    year.plant("by_hand", "2026-03 记-901")
    year.plant("by_hand", "2026-05 记-901")
    return year


def _ordinary(year: Year) -> None:
    for class_, count in NORMAL.items():
        for _ in range(count):
            year.buy(class_)
    for n in range(3):  # batches: one transaction, and one device after the other
        batch = {"name": f"终端批{n}", "value": Decimal("5800.00"), "supplier": f"B{n}", "department": "A"}
        at = year.working()
        for i in range(4):
            year.buy("终端", at + timedelta(minutes=5 * i if n == 2 else 0), **batch)
    two = {"name": "终端双", "value": Decimal("6100.00"), "supplier": "B9", "department": "B"}
    at = year.working()
    for i in range(2):  # two that are two, entered one after the other
        year.buy("终端", at + timedelta(minutes=3 * i), **two)


def _amounts(year: Year) -> None:
    for class_, factor in [("车床", 10), ("车床", 10), ("终端", 10), ("终端", "0.1"), ("车床", "0.1")]:
        value = (year.price(class_) * Decimal(factor)).quantize(Decimal("0.01"))
        year.plant("tenfold", year.buy(class_, value=value))
    for class_, factor in [("车床", "3.1"), ("终端", "4"), ("机器人", "0.3"), ("车床", "1.25")]:
        year.plant(
            "far_amount", year.buy(class_, value=(year.price(class_) * Decimal(factor)).quantize(Decimal("0.01")))
        )
    year.buy("车床", value=Decimal("48000.00"))  # a large one, which is right
    year.buy("终端", value=Decimal("60500.00"))  # one that does cost ten times as much


def _moves(year: Year) -> None:
    begin = datetime(2026, 3, 2, 10)
    for n in range(21):
        code = year.buy("车床", datetime(2026, 2, 2 + n % 5, 10, n), department="A")
        year.move(code, "B", begin + timedelta(days=n))
        if n < 4:  # there and back
            year.move(code, "A", begin + timedelta(days=n + 3 + 5 * n))
            year.plant("round_trip", code)
        elif n == 4:  # lent for three weeks, and that is right
            year.move(code, "A", begin + timedelta(days=n + 21))
        elif n == 20:  # there and back, and slowly
            year.move(code, "A", begin + timedelta(days=n + 40))
            year.plant("round_trip", code)
        elif n < 8:  # back after two months
            year.move(code, "A", begin + timedelta(days=n + 60))
        elif n < 12:  # and on
            year.move(code, "C", begin + timedelta(days=n + 6))


def _disposals(year: Year) -> None:
    for n, value in enumerate(["99500", "98000", "96200", "93500"]):
        code = year.buy("机器人", datetime(2026, 2, 3 + n, 11), Decimal(value), supplier=f"D{n}")
        year.scrap(code, datetime(2026, 5, 11 + n, 11))
        year.plant("under_threshold", code)
    for n, value in enumerate(["52000", "71000", "88000", "94000", "97000"]):  # the last is just below it, and right
        code = year.buy("机器人", datetime(2026, 2, 16 + n, 11), Decimal(value), supplier=f"E{n}")
        year.scrap(code, datetime(2026, 5, 18 + n, 11))


def _purchases(year: Year) -> None:
    monday = date(2026, 4, 6)
    for n, parts in enumerate([{0: 58_000, 1: 61_500}, {0: 52_300, 2: 55_000}, {0: 47_000, 3: 48_500, 4: 51_000}]):
        bought = [(year.at(monday + timedelta(days=d)), Decimal(value)) for d, value in parts.items()]
        year.plant("split_purchase", *(year.buy("机器人", at, value, supplier=f"P{n}") for at, value in bought))
    for d in (14, 16):  # two that the plant did need
        year.buy("机器人", year.at(monday + timedelta(days=d)), Decimal(59_000 + d), supplier="P8")
    for d in (0, 21):  # far apart
        year.buy("机器人", year.at(monday + timedelta(days=d)), supplier="P9")
    for n in range(3):
        same = {"name": f"车床重{n}", "value": Decimal("15321.00"), "supplier": f"Q{n}", "department": "A"}
        at = datetime(2026, 5, 6 + n, 10)
        first = year.buy("车床", at, **same)
        year.buy("终端", at)
        year.plant("alike_devices", first, year.buy("车床", at + timedelta(hours=4), **same))
    same = {"name": "车床三", "value": Decimal("14980.00"), "supplier": "Q9", "department": "A"}
    three = [year.buy("车床", datetime(2026, 5, 14, 10, n), **same) for n in range(3)]  # of one, and as a batch looks
    year.plant("alike_devices", *three)


def _hours(year: Year) -> None:
    for at in [(1, 20, 23, 40), (2, 11, 3, 10), (3, 18, 22, 5), (4, 26, 11, 0), (5, 13, 1, 30)]:  # 26 April: a Sunday
        year.plant("odd_hours", year.buy("终端", datetime(2026, *at)))
    year.buy("终端", datetime(2026, 6, 30, 22, 30))  # half-year's end, and that is right


@contextmanager
def posted(year: Year) -> Iterator[tuple[Mapping, Any]]:
    """The half year in the books of a case: the mapping, and the ledger."""
    mapping = load(MAPPING)
    steps = sorted(year.steps, key=lambda step: str(step["at"]))
    file = CaseFile.model_validate({"case": "half a year", "changes": steps})
    play = Play(mapping, Document(MAPPING, None, {}), file, workbench.bench())
    try:
        play.begin()
        for n, step in enumerate(file.changes):
            play.step(n, step)
        for period, number, day, account in year.by_hand:
            voucher = (period, "记", number, f"{day}", "手工")
            play.ledger.execute(
                [
                    ("INSERT INTO fin_voucher (period, type, number, date, summary) VALUES (?, ?, ?, ?, ?)", voucher),
                    *(
                        (
                            "INSERT INTO fin_entry (period, type, number, line, account, debit, credit)"
                            " VALUES (?, '记', ?, ?, ?, ?, ?)",
                            (period, number, line, at, *amounts),
                        )
                        for line, at, amounts in ((1, account, ("120.00", "0")), (2, "1002", ("0", "120.00")))
                    ),
                ]
            )
        yield mapping, play.ledger
    finally:
        play.end()


def looked(year: Year) -> Report:
    """What is worth a look in it."""
    with posted(year) as (mapping, ledger):
        window = Window(date.min, date.max, mapping.zone)
        said = (mapping.quality, mapping.rules, mapping.layout, mapping.reconcile)
        return look(ledger, "case", *said, window)
