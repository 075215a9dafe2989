"""Random operations on 200 assets, on every route, the daemon killed with SIGKILL again and again, and now and then
what stands between it and the EAM. From PostgreSQL to PostgreSQL 1,200 operations and 6 kills.

The oracle is kept by hand as the operations are made, and by plain SQL over the EAM: it knows nothing of syncd.
`--operations-seed N` replays a run; the seed is printed.
"""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from syncd.demo import eam
from syncd.demo.eam import Device, Sale
from tests.acceptance.databases import Database
from tests.acceptance.plant import MONTH, Plant, plant_on
from tests.acceptance.routes import Route

OPERATIONS = {"postgres": 1_200}
OPERATIONS_ELSEWHERE = 600
"""`--operations 10000` runs as many on every route."""
OPERATIONS_PER_KILL = 200
ASSETS = 200
DAYS = [MONTH + timedelta(days=n) for n in range(27)]
DEPARTMENTS = (1, 2, 3, 4, 5, 6)


class Staff:
    """People who work in the EAM at random, and who remember what finance must show for it."""

    def __init__(self, db: Database, random: Random) -> None:
        self.db = db
        self.random = random
        self.expected: Counter[str] = Counter()
        self.ids: dict[str, int] = {}
        self.in_use: set[str] = set()
        self.bad: set[str] = set()
        self.waiting: Counter[str] = Counter()
        self.unused = [f"FA-RT-{n:04}" for n in range(1, ASSETS + 1)]
        self.months_charged = 0

    def work_through(self, operations: int, seconds: float) -> None:
        """So many, spread over a time."""
        for _ in range(operations):
            self.work()
            time.sleep(seconds / operations)

    def mend_all(self) -> None:
        """What is wrong is corrected in the end."""
        while self.bad:
            self.mend()

    def work(self) -> None:
        """One operation, one transaction."""
        weights: dict[Callable[[], None], int] = {
            self.register: 4 if self.unused else 0,
            self.register_wrong: 1 if self.unused else 0,
            self.mend: 2 if self.bad else 0,
            self.upgrade: 20,
            self.impair: 8,
            self.repair: 20,
            self.transfer: 20,
            self.adjust: 20,
            self.rename: 10,
            self.correct: 6,
            self.dispose: 1 if len(self.in_use) > ASSETS // 2 and len(self.unused) < 20 else 0,
        }
        if not self.in_use:
            self.register()
            return
        self.random.choices(list(weights), list(weights.values()))[0]()

    def register(self) -> None:
        code = self.unused.pop(0)
        (self.ids[code],) = eam.register(self.db, [self._device(code, self._amount(10_000, 90_000))])
        self.in_use.add(code)
        self.expected["registration"] += 1

    def register_wrong(self) -> None:
        code = self.unused.pop(0)
        (self.ids[code],) = eam.register(self.db, [self._device(code, -self._amount(10_000, 90_000))])
        self.in_use.add(code)
        self.bad.add(code)

    def mend(self) -> None:
        """The clerk corrects the row in the EAM; what happened meanwhile waits behind it."""
        code = self.random.choice(sorted(self.bad))
        value = self._amount(10_000, 90_000)
        self.db.execute("UPDATE asset SET original_value = ? WHERE id = ?", (value, self.ids[code]))
        self.bad.remove(code)
        self.expected["registration"] += 1

    def upgrade(self) -> None:
        eam.upgrade(self.db, self._id(), self._amount(100, 5_000), self._day())
        self.expected["upgrade"] += 1

    def impair(self) -> None:
        eam.impair(self.db, self._id(), self._amount(1, 10), self._day())
        self.expected["impairment"] += 1

    def repair(self) -> None:
        eam.repair(self.db, self._id(), self._amount(10, 900), Decimal("13.00"), self._day())
        self.expected["repair"] += 1

    def transfer(self) -> None:
        number, to = self._id(), self.random.choice(DEPARTMENTS)
        (left,) = self.db.execute("SELECT department_id FROM asset WHERE id = ?", (number,)).fetchone()
        eam.transfer(self.db, number, to, self._day())
        self.expected["transfer"] += 1
        on_the_books = number not in {self.ids[code] for code in self.bad}  # else its registration takes it over
        self.expected["department_follows_transfer"] += on_the_books and left != to

    def adjust(self) -> None:
        number = self._id()
        (line,) = self.db.execute("SELECT count(*) + 1 FROM depreciation WHERE asset_id = ?", (number,)).fetchone()
        columns = "asset_id, period, line, kind, department_id, amount, charged_on"
        row = (number, "2026-03", line, "adjustment", 1, self._amount(1, 20), str(self._day()))
        self.db.execute(f"INSERT INTO depreciation ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self.expected["single_depreciation"] += 1

    def rename(self) -> None:
        number = self._id(sound=True)
        self.expected["renamed"] += 1
        self.db.execute("UPDATE asset SET name = ? WHERE id = ?", (f"设备 {self.expected['renamed']}", number))

    def correct(self) -> None:
        """A posted registration was typed wrong: red letter and a right one, on top of upgrades."""
        number = self._id(sound=True)
        value, paid = self.db.execute("SELECT original_value, paid FROM asset WHERE id = ?", (number,)).fetchone()
        right = value + self._amount(1, 500)
        eam.correct(self.db, number, right, self._day(), value if paid is None else paid, "invoice")
        self.expected["registration_cancelled"] += 1
        self.expected["registration_corrected"] += 1

    def dispose(self) -> None:
        code = self.random.choice(sorted(self.in_use - self.bad))
        self.in_use.remove(code)
        sale = Sale(self.random.choice(("scrap", "sale")), self._day(), self._amount(100, 50_000))
        eam.dispose(self.db, self.ids[code], sale)
        self.expected.update(
            ["disposal", "status_follows_disposal", "disposal_proceeds", "disposal_result", "disposal_closed"]
        )

    def _id(self, sound: bool = False) -> int:
        return self.ids[self.random.choice(sorted(self.in_use - self.bad if sound else self.in_use))]

    def _amount(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low * 100, high * 100)).scaleb(-2)

    def _day(self) -> date:
        return self.random.choice(DAYS)

    def _device(self, code: str, value: Decimal) -> Device:
        return Device(
            code, f"设备 {code}", "JQSB", self.random.choice(DEPARTMENTS), value, self._day(), Decimal("0.00")
        )


def test_random_operations_survive_sigkill(tmp_path: Path, route: Route, request: pytest.FixtureRequest) -> None:
    """Invariants 1 to 6, 8 and 12 under random work and random deaths."""
    seed = request.config.getoption("--operations-seed") or Random().randrange(10**9)
    asked = request.config.getoption("--operations")
    operations = asked or OPERATIONS.get(request.node.callspec.id, OPERATIONS_ELSEWHERE)
    deaths = operations // OPERATIONS_PER_KILL
    print(f"seed {seed}: replay with --operations-seed {seed} --operations {operations}")
    with plant_on(route, tmp_path) as made:
        with made.running():
            made.settled()
        staff = Staff(made.eam, Random(seed))
        print(dict(_work_and_deaths(made, route, staff, deaths, Random(seed + 1))))
        with made.running():
            made.settled()
            made.until("no parked rows", lambda: not made.finance.rows(_PARKED), 60)
        _nothing_lost_or_doubled(made, staff)
        _nothing_overtaken(made)
        _books_are_sound(made)
        _cards_agree(made)
        assert made.json("reconcile")["differences"] == []
        made.syncd("audit", "verify")


def _work_and_deaths(made: Plant, route: Route, staff: Staff, wanted: int, random: Random) -> Counter[str]:
    """Run the daemon and kill it with SIGKILL again and again, while people work: their operations are spread over its
    life, so that it dies in the midst of them. One time in four, one of the route's hazards comes first. Counts what
    died. In the tests' own thread: servers end with the thread that started them."""
    hazards = list(route.hazards.items())
    died: Counter[str] = Counter()
    with ThreadPoolExecutor(1) as people:
        for _ in range(wanted):
            process = made.start()
            life_s = random.uniform(*route.lives_s)
            work = people.submit(staff.work_through, OPERATIONS_PER_KILL, life_s)
            if hazards and random.random() < 0.25:
                name, strike = random.choice(hazards)
                strike()
                died[name] += 1
            time.sleep(life_s)
            process.kill()
            process.wait(30)
            died["daemon"] += 1
            work.result()
    staff.mend_all()
    return died


_PARKED = "SELECT id, subject, state, code, params FROM syncd.parked WHERE settled_at IS NULL"


def _nothing_lost_or_doubled(made: Plant, staff: Staff) -> None:
    posted = Counter(dict(made.finance.rows("SELECT rule, count(*) FROM syncd.posting GROUP BY rule")))
    wanted = staff.expected + Counter(
        single_depreciation=made.eam.value("SELECT count(*) FROM depreciation WHERE kind = 'disposal'")
    )
    assert {r: (posted[r], wanted[r]) for r in posted | wanted if posted[r] != wanted[r]} == {}
    made_up = made.finance.value(
        "SELECT count(*) FROM gl_voucher v WHERE external_key IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM syncd.posting p WHERE p.key = v.external_key)"
    )
    assert made_up == 0


def _nothing_overtaken(made: Plant) -> None:
    """Per subject, postings stand in the order of their positions."""
    c = made.finance.bytewise
    overtaken = made.finance.rows(
        "SELECT subject, seq FROM (SELECT subject, seq, position,"
        " lag(position) OVER (PARTITION BY subject ORDER BY seq) AS previous"
        f" FROM syncd.posting) p WHERE previous COLLATE {c} > position COLLATE {c}"
    )
    assert overtaken == []


def _books_are_sound(made: Plant) -> None:
    unbalanced = made.finance.rows(
        "SELECT period, type, number FROM gl_entry GROUP BY 1, 2, 3 HAVING sum(debit) <> sum(credit) OR count(*) < 2"
    )
    assert unbalanced == []
    gaps = made.finance.rows(
        "SELECT period, type FROM gl_voucher GROUP BY 1, 2 HAVING count(*) <> max(number) OR min(number) <> 1"
    )
    assert gaps == []
    open_clearing = made.finance.rows(
        "SELECT asset FROM gl_entry WHERE account = '1606' GROUP BY asset HAVING sum(debit - credit) <> 0"
    )
    assert open_clearing == []


def _cards_agree(made: Plant) -> None:
    """Every card field from the EAM by plain SQL."""
    wanted = made.eam.rows(
        "SELECT a.asset_code, a.name, d.code,"
        " a.original_value + (SELECT coalesce(sum(amount), 0) FROM upgrade u WHERE u.asset_id = a.id),"
        " (SELECT coalesce(sum(amount), 0) FROM depreciation p WHERE p.asset_id = a.id),"
        " (SELECT coalesce(sum(amount), 0) FROM impairment i WHERE i.asset_id = a.id),"
        " CASE WHEN a.status IN ('scrapped', 'sold') THEN 'disposed' ELSE 'in_use' END"
        " FROM asset a JOIN department d ON d.id = a.department_id ORDER BY 1"
    )
    cards = made.finance.rows(
        "SELECT asset_code, name, dept, original_value, accumulated_depreciation, impairment, status"
        " FROM fa_card ORDER BY 1"
    )
    assert cards == wanted
