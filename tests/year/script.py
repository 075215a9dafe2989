"""A year as people live it in the EAM, drawn from a seed: what is committed, month by month, and what `books.py` is
told of the same."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, Final, NamedTuple

from syncd.change import Value
from tests.year.books import Books, Terms, half_up
from tests.year.company import Transaction, Written

Row = Mapping[str, Value]
CLASSES: Final = {
    "FWJZ": ("房屋建筑物", "straight_line", 240),
    "JQSB": ("机器设备", "straight_line", 120),
    "GJQJ": ("工具器具", "straight_line", 60),
    "YSGJ": ("运输工具", "double_declining", 48),
    "DZSB": ("电子设备", "sum_of_years", 36),
}
DEPARTMENTS: Final = (
    (1, "SC1", "生产部", "一车间", "production"),
    (2, "SC2", "生产部", "二车间", "production"),
    (3, "SC3", "生产部", "三车间", "production"),
    (4, "YF", "研发中心", None, "research"),
    (5, "XS", "销售部", None, "sales"),
    (6, "GL", "综合管理部", None, "administration"),
)
CODES: Final = {number: code for number, code, *_ in DEPARTMENTS}
RATE: Final = Fraction(5, 100)
YEAR: Final = 2026
UNTIL: Final = 2025 * 12 + 11
"""The month up to which old assets were depreciated elsewhere."""
VAT: Final = Fraction(13, 100)
MISSING: Final = ("shortage", "theft")
RECEIVED_BY: Final = {
    "sale": "receivable", "group": "receivable", "held_for_sale": "receivable", "scrap": "materials",
    "disaster": "insurer", "shortage": "insurer", "theft": "person",
}  # fmt: skip
"""By kind of disposal who brings what it comes to."""
DEVICES_A_KIND: Final = 60
"""One event of each kind a month for so many devices."""


class Month(NamedTuple):
    """What is committed before the run of a month, and people's acts after it: the run, the close."""

    code: str
    transactions: list[Transaction]


class Script:
    """The EAM as people see it, and what they do to it."""

    def __init__(self, devices: int, seed: int) -> None:
        self.books, self.seed = Books(), seed
        self._random = Random(seed)
        self._each = max(1, devices // DEVICES_A_KIND)
        self._assets: dict[str, dict[str, Value]] = {}
        self._numbers = iter(range(1, 10_000))
        self._ids = iter(range(1, 1_000_000))
        self._day = date(YEAR, 1, 1)
        self._said: list[Transaction] = []
        self._busy: set[str] = set()
        self._touched: set[str] = set()
        self._welfare: set[str] = set()
        self._late: list[tuple[str, str, Any]] = []
        self._settled: set[str] = set()
        self.kinds: dict[str, int] = {}
        """How often each kind of event came."""
        self.opening = list(self._opening(devices))

    def months(self, count: int = 12) -> Iterator[Month]:
        """Month by month. The books are told as it goes: `books` stands at the end of the month given last, but
        for what happens after the run."""
        for month in range(1, count + 1):
            self.begin(month)
            late, self._late = self._late, []
            for kind, code, more in late:
                getattr(self, f"_{kind}")(code, more)
            for _ in range(self._each):
                self._of_a_month(month)
            yield self.end(month)

    def begin(self, month: int) -> None:
        """A month of the year begins."""
        self._day = date(YEAR, month, 1)
        self._said, self._busy = [], set()
        self.books.start()

    def end(self, month: int) -> Month:
        """It is over, and depreciated."""
        number = month_of(self._day)
        self._said.sort(key=lambda transaction: transaction.at)
        self.books.end(number)
        self._said += self._eam_depreciation(number)
        self._after_the_run()
        return Month(f"{YEAR}-{month:02}", self._said)

    # What happens in a month ------------------------------------------------------------------------------------

    def _of_a_month(self, month: int) -> None:
        for payment in ("bank", "payable", "provisional", "ordinary"):
            self._buy(payment)
        for kind in ("upgrade", "impair", "transfer", "repair", "revise", "rename", "draft"):
            getattr(self, f"_{kind}")()
        for way in ("error", "invoice", "earlier_error", "earlier_invoice"):
            if (month + len(way)) % 2 == 0:
                getattr(self, f"_{way}")()
        self._dispose(("scrap", "sale", "shortage", "scrap", "sale", "back")[month % 6])

    def _buy(self, payment: str) -> None:
        random, number = self._random, next(self._numbers)
        kind = random.choice([*CLASSES][1:])
        net = random.randrange(300_000, 40_000_000)
        on = self._on(1, 20)
        row = self._asset_row(number, kind, random.choice([*CODES]), on, net)
        tax = 0 if payment == "provisional" else half_up(net * VAT)
        row |= {"payment": "payable" if payment == "ordinary" else payment, "input_vat": yuan(tax)}
        row["invoice"] = "ordinary" if payment == "ordinary" else "special"
        code = str(row["asset_code"])
        self._assets[code] = row
        self._say("buy", on, Written("asset", None, dict(row)))
        cost = net + tax if payment == "ordinary" else net
        self.books.bought(code, self._terms(kind, cost), month_of(on), CODES[int(str(row["department_id"]))])
        self._busy.add(code)
        if payment == "provisional":
            self._late.append(("invoiced", code, random.randrange(-net // 20, net // 20)))
        elif payment == "bank" and random.random() < 0.3:
            self._late.append(("delete", code, None))

    def _invoiced(self, code: str, more: int) -> None:
        """The invoice of what was provisional: red, and right."""
        if self._is_away(code):
            return
        net = cents(self._assets[code]["original_value"]) + more
        self._alter(
            "invoiced", code, self._on(3, 20), payment="payable", original_value=yuan(net),
            input_vat=yuan(half_up(net * VAT)), correction="provisional",
        )  # fmt: skip
        self._costs(code, more)

    def _delete(self, code: str, _: object) -> None:
        """Cancelled before it has depreciated: no month has gone by that counts."""
        asset = self.books.assets[code]
        if self._is_away(code) or asset.accumulated or code in self._touched:
            return
        row, on = self._assets.pop(code), self._on(2, 20)
        self._say("delete", on, Written("asset", row, None))
        asset.status = "cancelled"

    def _error(self) -> None:
        """Too little was typed, this year: red, right, and caught up."""
        code = self._any(
            lambda c, a: self._is_new(c) and c not in self._touched and a.accumulated > 0 and a.terms.cost < 45_000_000
            and self._assets[c]["invoice"] == "special" and self._assets[c]["payment"] != "provisional"
        )  # fmt: skip
        if code:
            net = cents(self._assets[code]["original_value"]) * self._random.choice((2, 10))
            self._alter(
                "error", code, self._on(2, 20), original_value=yuan(net), paid=self._paid(code), correction="error"
            )
            self._caught_up(code, net)

    def _invoice(self) -> None:
        """VAT had been taken for cost, this year: red and right, nothing is caught up."""
        code = self._any(lambda c, a: self._is_new(c) and self._assets[c]["invoice"] == "ordinary")
        if code:
            tax = cents(self._assets[code]["input_vat"])
            self._alter("invoice", code, self._on(2, 20), invoice="special", correction="invoice")
            self._costs(code, -tax)

    def _earlier_error(self) -> None:
        """Of an earlier year: the difference, and caught up."""
        code = self._any(lambda c, a: not self._is_new(c) and c not in self._touched and a.accumulated > 0)
        if code:
            net = half_up(cents(self._assets[code]["original_value"]) * Fraction(11, 10))
            self._alter("earlier error", code, self._on(2, 20), original_value=yuan(net), correction="error")
            self._caught_up(code, self.books.assets[code].terms.cost + net - cents(self._was["original_value"]))

    def _earlier_invoice(self) -> None:
        """VAT within the cost of an earlier year."""
        code = self._any(
            lambda c, a: (
                not self._is_new(c) and a.accumulated * 2 < a.terms.cost and not cents(self._assets[c]["input_vat"])
            )
        )
        if code:
            gross = cents(self._assets[code]["original_value"])
            net = half_up(Fraction(gross * 100, 113))
            self._alter(
                "earlier invoice", code, self._on(2, 20), original_value=yuan(net), input_vat=yuan(gross - net),
                correction="invoice",
            )  # fmt: skip
            self._costs(code, net - gross)

    def _costs(self, code: str, more: int) -> None:
        self.books.changed(code, cost=self.books.assets[code].terms.cost + more)

    def _caught_up(self, code: str, cost: int) -> None:
        owed = self.books.cost_was_wrong(code, cost)
        self._eam_row(code, "catch_up", owed)

    def _upgrade(self) -> None:
        code = self._any(lambda c, a: a.used < a.terms.life - 6)
        if not code:
            return
        random, on = self._random, self._on(2, 25)
        amount, months = random.randrange(10_000, 2_000_000), random.choice((0, 0, 6, 12))
        row: dict[str, Value] = {
            "id": next(self._ids), "asset_id": self._id(code), "amount": yuan(amount), "added_months": months,
            "payment": random.choice(("bank", "payable")), "status": "submitted", "approved_on": None,
            "input_vat": yuan(half_up(amount * VAT)), "supplier_id": 1,
        }  # fmt: skip
        self._say("draft", on, Written("upgrade", None, row))
        approved = row | {"status": "approved", "approved_on": on}
        self._say("upgrade", on, Written("upgrade", row, approved))
        self._add(code, amount, months)
        if random.random() < 0.4:
            self._late.append(("upgrade_edited", code, approved))

    def _upgrade_edited(self, code: str, row: Row) -> None:
        if self._is_away(code):
            return
        was, now = cents(row["amount"]), self._random.randrange(10_000, 2_000_000)
        later = {**row, "amount": yuan(now), "input_vat": yuan(half_up(now * VAT)), "correction": "invoice"}
        self._say("upgrade edited", self._on(2, 25), Written("upgrade", row, later))
        self._add(code, now - was, 0)

    def _add(self, code: str, amount: int, months: int) -> None:
        terms = self.books.assets[code].terms
        self.books.changed(code, cost=terms.cost + amount, life=terms.life + months)
        self._touched.add(code)

    def _impair(self) -> None:
        code = self._any(lambda c, a: a.terms.cost - a.accumulated - a.terms.impairment > a.terms.cost // 3)
        if code:
            asset, on = self.books.assets[code], self._on(2, 25)
            amount = (asset.terms.cost - asset.accumulated - asset.terms.impairment) // self._random.randrange(5, 20)
            row = {"id": next(self._ids), "asset_id": self._id(code), "amount": yuan(amount), "status": "approved"}
            self._say("impairment", on, Written("impairment", None, row | {"approved_on": on}))
            self.books.changed(code, impairment=asset.terms.impairment + amount)
            self._touched.add(code)

    def _transfer(self) -> None:
        code = self._any(lambda c, a: True)
        if not code:
            return
        row, on = self._assets[code], self._on(2, 25)
        to = self._random.choice([number for number in CODES if number != row["department_id"]])
        paper = {
            "id": next(self._ids), "asset_id": self._id(code), "from_department_id": row["department_id"],
            "to_department_id": to, "status": "approved", "approved_on": on,
        }  # fmt: skip
        self._move("transfer", code, on, to, None, paper)
        if self._random.random() < 0.3:
            self._late.append(("transfer_corrected", code, paper))

    def _transfer_corrected(self, code: str, paper: dict[str, Value]) -> None:
        if self._is_away(code) or self._assets[code]["department_id"] != paper["to_department_id"]:
            return
        to = self._random.choice(
            [n for n in CODES if n not in (paper["to_department_id"], paper["from_department_id"])]
        )
        self._move("transfer corrected", code, self._on(2, 25), to, paper, paper | {"to_department_id": to})

    def _move(self, kind: str, code: str, on: date, to: int, was: Row | None, paper: Row) -> None:
        before = dict(self._assets[code])
        self._assets[code]["department_id"] = to
        asset = Written("asset", before, dict(self._assets[code]))
        self._say(kind, on, Written("transfer", was, paper), asset)
        self.books.assets[code].dept = CODES[to]
        self._touched.add(code)

    def _repair(self) -> None:
        code = self._any(lambda c, a: True, is_quiet=True)
        if code:
            on, amount = self._on(2, 25), self._random.randrange(1_000, 500_000)
            row: dict[str, Value] = {
                "id": next(self._ids), "asset_id": self._id(code), "amount": yuan(amount),
                "input_vat": yuan(half_up(amount * VAT)), "payment": "bank", "status": "done", "done_on": on,
                "supplier_id": 1, "treatment": "expense",
            }  # fmt: skip
            self._say("repair", on, Written("repair", None, row))
            if self._random.random() < 0.3:
                self._say(
                    "repair edited",
                    on + timedelta(days=2),
                    Written("repair", row, row | {"payment": "payable", "correction": "error"}),
                )

    def _revise(self) -> None:
        """A change of estimate: the life, the residual rate or the method."""
        code = self._any(lambda c, a: 0 < a.used < a.terms.life - 12)
        if code:
            asset, on = self.books.assets[code], self._on(2, 25)
            row: dict[str, Value] = {
                "id": next(self._ids), "asset_id": self._id(code), "reason": "使用强度变化", "requested_by": "王芳",
                "status": "approved", "approved_on": on,
            }  # fmt: skip
            which = self._random.randrange(3)
            if which == 0:
                life = asset.terms.life + self._random.choice((-5, 7, 24))
                self._say("revision of life", on, Written("revision", None, row | {"life_months": life}))
                self.books.changed(code, life=life)
            elif which == 1:
                self._say(
                    "revision of residual", on, Written("revision", None, row | {"residual_rate": Decimal("0.03")})
                )
                self.books.changed(code, residual=Fraction(3, 100))
            else:
                to = "straight_line" if asset.terms.method != "straight_line" else "sum_of_years"
                self._say("revision of method", on, Written("revision", None, row | {"method": to}))
                self.books.changed(code, method=to)

    def _rename(self) -> None:
        code = self._any(lambda c, a: True, is_quiet=True)
        if code:
            self._alter("renamed", code, self._on(2, 25), name=f"{self._assets[code]['name']}改")

    def _draft(self) -> None:
        """A row that never comes into the books."""
        number, on = next(self._numbers), self._on(2, 20)
        row = self._asset_row(number, "JQSB", 1, on, 100_000) | {"status": "draft", "input_vat": yuan(0)}
        self._say("draft", on, Written("asset", None, row))
        self._say("draft", on, Written("asset", row, row | {"original_value": yuan(50_000)}))

    # Disposals: what they wait for is the month's depreciation ---------------------------------------------------

    def _dispose(self, kind: str) -> None:
        code = self._any(lambda c, a: month_of(self._day) > a.month_of)
        if not code:
            return
        on = self._on(2, 12)
        paper = self._paper(code, kind, on)
        self._leave(kind, code, on, paper)
        if kind == "back":
            self._late.append(("taken_back", code, paper))
            return
        if kind not in MISSING:
            cost = self._random.randrange(1_000, 100_000)
            row: dict[str, Value] = {
                "id": next(self._ids), "disposal_id": paper["id"], "amount": yuan(cost), "input_vat": yuan(0),
                "payment": "bank", "supplier_id": 1, "status": "approved", "paid_on": on,
            }  # fmt: skip
            self._say("disposal cost", on + timedelta(days=2), Written("disposal_cost", None, row))
        if kind in MISSING or self._random.random() < 0.5:
            self._settle(kind, code, paper, on + timedelta(days=4))
        else:
            self._late.append(("settle_later", code, (kind, paper)))

    def _paper(self, code: str, kind: str, on: date) -> dict[str, Value]:
        is_sale, asset = kind in ("sale", "group"), self._assets[code]
        deducted = asset["invoice"] == "special" and code not in self._welfare
        deducted = deducted and (cents(asset["input_vat"]) > 0 or not self._is_new(code))
        return {
            "id": next(self._ids), "asset_id": self._id(code), "kind": "scrap" if kind == "back" else kind,
            "inspection_no": None if is_sale or kind == "held_for_sale" else f"JD-{code}",
            "contract_no": f"HT-{code}" if is_sale else None,
            "status": "approved", "approved_on": on,
            "transfer_out_rate": Decimal("0.13" if deducted else "0") if kind in MISSING else None,
        }  # fmt: skip

    def _leave(self, kind: str, code: str, on: date, paper: Row) -> None:
        last = "sold" if RECEIVED_BY.get(kind) == "receivable" else "scrapped"
        steps = []
        for state in ("to_dispose", "isolated", "awaiting_approval", "awaiting_writeoff", last):
            before = dict(self._assets[code])
            self._assets[code]["status"] = state
            steps.append(Written("asset", before, dict(self._assets[code])))
        self._say(f"disposal, {kind}", on, Written("disposal", None, paper), *steps)
        self.books.assets[code].status = "leaving"

    def _settle_later(self, code: str, of: tuple[str, dict[str, Value]]) -> None:
        self._settle(*of[:1], code, of[1], self._on(2, 20))

    def _settle(self, kind: str, code: str, paper: Row, on: date) -> None:
        """Proceeds, and the result."""
        amount = self._random.randrange(100, 3_000_000)
        how = RECEIVED_BY[kind]
        row: dict[str, Value] = {
            "id": next(self._ids), "disposal_id": paper["id"], "received_by": how,
            "payer": None if how == "materials" else "KH-01", "amount": yuan(amount),
            "output_vat": yuan(half_up(amount * VAT) if how == "receivable" else 0), "vat_method": "general",
            "status": "approved", "received_on": on,
        }  # fmt: skip
        self._say("disposal proceeds", on, Written("disposal_proceeds", None, row))
        result: dict[str, Value] = {
            "id": next(self._ids), "disposal_id": paper["id"], "status": "approved", "closed_on": on,
        }  # fmt: skip
        self._say("disposal result", on, Written("disposal_closing", None, result))
        self._settled.add(code)
        if self.books.assets[code].status == "clearing":
            self.books.assets[code].status = "disposed"

    def _taken_back(self, code: str, paper: dict[str, Value]) -> None:
        """The disposal was none: the asset goes on."""
        before = dict(self._assets[code])
        self._assets[code]["status"] = "in_use"
        self._say(
            "disposal taken back", self._on(2, 20), Written("disposal", paper, paper | {"status": "withdrawn"}),
            Written("asset", before, dict(self._assets[code])),
        )  # fmt: skip
        self.books.assets[code].status = "in_use"
        self._busy.add(code)

    def _after_the_run(self) -> None:
        for code, asset in self.books.assets.items():
            if asset.status == "leaving":
                asset.status = "disposed" if code in self._settled else "clearing"

    # The EAM's own hand -----------------------------------------------------------------------------------------

    def _eam_depreciation(self, month: int) -> Iterator[Transaction]:
        """The EAM computes for itself, for the reconciliation; nobody is told of it."""
        rows = [
            self._charge(code, "month", asset.charges[month], 1)
            for code, asset in self.books.assets.items()
            if month in asset.charges
        ]
        yield Transaction(self._at(date(month // 12, month % 12 + 1, 28)), rows)

    def _eam_row(self, code: str, kind: str, amount: int) -> None:
        self._said.append(Transaction(self._at(self._day), [self._charge(code, kind, amount, 2)]))

    def _charge(self, code: str, kind: str, amount: int, line: int) -> Written:
        row = self._assets[code]
        values: dict[str, Value] = {
            "asset_id": row["id"], "period": f"{self._day:%Y-%m}", "line": line, "kind": kind,
            "department_id": row["department_id"], "amount": yuan(amount), "charged_on": self._day,
            "grant_amount": yuan(0),
        }  # fmt: skip
        return Written("deprec", None, values)

    def _opening(self, devices: int) -> Iterator[Written]:
        """Departments, suppliers, classes and the assets of earlier years."""
        for number, code, name, workshop, kind in DEPARTMENTS:
            yield Written("dept", None, {"id": number, "code": code, "name": name, "workshop": workshop, "kind": kind})
        yield Written("supplier", None, {"id": 1, "code": "GYS-01", "name": "机床供应商"})
        for code, (name, method, life) in CLASSES.items():
            yield Written(
                "class", None,
                {"code": code, "name": name, "method": method, "life_months": life, "residual_rate": Decimal("0.05")},
            )  # fmt: skip
        for _ in range(devices):
            kind = self._random.choice([*CLASSES])
            since = UNTIL - self._random.randrange(1, min(CLASSES[kind][2] + 3, 120))
            on, net = date(since // 12, since % 12 + 1, 9), self._random.randrange(300_000, 60_000_000)
            yield self._old(kind, on, net, self._random.choice([*CODES]))

    def _old(self, kind: str, on: date, net: int, dept: int) -> Written:
        """An asset of an earlier year, with what it was depreciated by."""
        row = self._asset_row(next(self._numbers), kind, dept, on, net)
        code = str(row["asset_code"])
        self._assets[code] = row
        worn = self.books.opened(code, self._terms(kind, net), month_of(on), CODES[dept], UNTIL)
        row["opening_depreciation"] = yuan(worn)
        return Written("asset", None, dict(row))

    def settle(self, kind: str, on: date, net: int) -> str:
        """One more asset of an earlier year; its code."""
        self.opening.append(self._old(kind, on, net, 1))
        return [*self._assets][-1]

    def _asset_row(self, number: int, kind: str, dept: int, on: date, net: int) -> dict[str, Value]:
        return {
            "id": number, "asset_code": f"FA-{kind[:2]}-{number:04}", "name": CLASSES[kind][0], "class_code": kind,
            "department_id": dept, "supplier_id": 1, "status": "in_use", "purchase_date": on, "approved_on": on,
            "original_value": yuan(net), "input_vat": yuan(0), "payment": "bank", "opening_depreciation": yuan(0),
            "ownership": "owned", "invoice": "special", "purpose": "business", "prepaid": yuan(0), "retention": yuan(0),
        }  # fmt: skip

    def _terms(self, kind: str, cost: int) -> Terms:
        _, method, life = CLASSES[kind]
        return Terms(cost, 0, RATE, life, method)

    # How it is said ---------------------------------------------------------------------------------------------

    def _any(self, fits: Any, is_quiet: bool = False) -> str:
        """An asset in use that nothing else happens to in this month."""
        codes = [
            code for code, asset in self.books.assets.items()
            if asset.status == "in_use" and code not in self._busy and code in self._assets and fits(code, asset)
        ]  # fmt: skip
        if not codes:
            return ""
        code = self._random.choice(codes)
        self._busy.add(code)
        return code

    def _is_away(self, code: str) -> bool:
        """Whether something else happens to it in this month, or it is gone."""
        is_away = code in self._busy or code not in self._assets or self.books.assets[code].status != "in_use"
        self._busy.add(code)
        return is_away

    def _is_new(self, code: str) -> bool:
        return self.books.assets[code].month_of > UNTIL

    def _id(self, code: str) -> Value:
        return self._assets[code]["id"]

    def _paid(self, code: str) -> Value:
        """What the bank has paid, said where an amount of what is paid is corrected."""
        row = self._assets[code]
        if row["payment"] != "bank" or row.get("paid") is not None:
            return row.get("paid")
        return yuan(cents(row["original_value"]) + cents(row["input_vat"]))

    def _alter(self, kind: str, code: str, on: date, **new: Value) -> None:
        row = self._assets[code]
        self._was = dict(row)
        row |= {**new, "changed_on": on}
        self._say(kind, on, Written("asset", self._was, dict(row)))

    def write_off(self, code: str, on: date) -> None:
        """Scrapped, nothing gained, all papers of one day."""
        paper = self._paper(code, "scrap", on)
        self._leave("scrap", code, on, paper)
        result = {"id": next(self._ids), "disposal_id": paper["id"], "status": "approved", "closed_on": on}
        self._say("disposal result", on, Written("disposal_closing", None, result))
        self._settled.add(code)

    def _say(self, kind: str, on: date, *rows: Written) -> None:
        self._said.append(Transaction(self._at(on), rows))
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def _on(self, first: int, last: int) -> date:
        return self._day.replace(day=self._random.randint(first, last))

    @staticmethod
    def _at(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def yuan(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def cents(amount: Value) -> int:
    return int(Decimal(str(amount)).scaleb(2))
