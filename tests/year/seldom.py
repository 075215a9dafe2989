"""What a company sees more seldom: assets that are built, paid in parts, given or found; grants, another use, disposals
of the other kinds, a rebuilding. Each once a month or every few months."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from syncd.change import Value
from tests.year.books import half_up
from tests.year.company import Written
from tests.year.script import CODES, RATE, VAT, Script, month_of, yuan

Papers = dict[str, Value]
VAT_RATE: Final = Decimal("0.13")
RESIDUAL_RATE: Final = Decimal("0.05")
OTHER_DISPOSALS: Final = ("disaster", "theft", "group", "held_for_sale")


class Rebuilt(NamedTuple):
    """A rebuilding of this month: its papers as they were begun and as they are done."""

    code: str
    started: Papers
    done: Papers
    spent: int
    replaced: int


class Year(Script):
    """All kinds of events, `Script`'s and these."""

    def __init__(self, devices: int, seed: int) -> None:
        self._rebuilt: list[Rebuilt] = []
        super().__init__(devices, seed)

    def _of_a_month(self, month: int) -> None:
        super()._of_a_month(month)
        for how in ("donated", "owner"):
            self._given(how)
        for kind in ("build", "pay_in_parts", "find", "set_off_grant", "turn_to_welfare", "rebuild"):
            getattr(self, f"_{kind}")()
        self._dispose(OTHER_DISPOSALS[month % len(OTHER_DISPOSALS)])

    # How assets come ----------------------------------------------------------------------------------------------

    def _come(self, kind: str, on: date, net: int, vat: int, **row: Value) -> str:
        """An asset is ready for use; its code."""
        number, type_of = next(self._numbers), self._random.choice(("JQSB", "GJQJ", "DZSB"))
        made = self._asset_row(number, type_of, self._random.choice([*CODES]), on, net) | {"input_vat": yuan(vat)} | row
        code = str(made["asset_code"])
        self._assets[code] = made
        self._say(kind, on, Written("asset", None, dict(made)))
        self.books.bought(code, self._terms(type_of, net), month_of(on), CODES[int(str(made["department_id"]))])
        self._busy.add(code)
        self._touched.add(code)
        return code

    def _given(self, how: str) -> None:
        net = self._random.randrange(300_000, 5_000_000)
        self._come(f"given, {how}", self._on(2, 20), net, half_up(net * VAT), payment=how)

    def _find(self) -> None:
        """Found when stock was taken, and then decided on."""
        net, on = self._random.randrange(300_000, 3_000_000), self._on(2, 15)
        code = self._come("found", on, net, 0, payment="surplus", invoice="none")
        tax = net // 4
        closing: Papers = {
            "id": next(self._ids), "asset_id": self._id(code), "amount": yuan(net), "income_tax": yuan(tax),
            "surplus_reserve": yuan((net - tax) // 10), "status": "approved", "approved_on": on.replace(day=25),
        }  # fmt: skip
        self._say("found, decided", on.replace(day=25), Written("surplus_closing", None, closing))

    def _build(self) -> None:
        """A project: equipment, materials bought and used, wages; then it is ready."""
        project, costs, issued = f"GC-{next(self._ids)}", 0, 0
        for kind, payment, is_taxed in (
            ("equipment", "payable", True), ("service", "bank", True), ("materials_bought", "payable", True),
            ("materials_issued", None, False), ("wages", None, False),
        ):  # fmt: skip
            amount = issued if kind == "materials_issued" else self._random.randrange(100_000, 3_000_000)
            issued = amount
            costs += 0 if kind == "materials_bought" else amount
            on = self._on(1, 3) if kind == "materials_bought" else self._on(4, 14)
            row: Papers = {
                "id": next(self._ids), "project_no": project, "kind": kind, "amount": yuan(amount),
                "input_vat": yuan(half_up(amount * VAT) if is_taxed else 0), "invoice": "special", "payment": payment,
                "supplier_id": 1 if payment else None, "status": "approved", "incurred_on": on,
            }  # fmt: skip
            self._say("project cost", on, Written("project_cost", None, row))
        self._come("built", self._on(20, 27), costs, 0, payment="construction", project_no=project)

    def _pay_in_parts(self) -> None:
        """An advance before, the rest and what was kept back afterwards."""
        net, on = self._random.randrange(1_000_000, 9_000_000), self._on(10, 15)
        gross = net + half_up(net * VAT)
        advance, kept_back, contract = gross * 3 // 10, gross // 20, f"CG-{next(self._ids)}"
        self._pay("prepayment", on.replace(day=2), contract, advance)
        self._come(
            "paid in parts", on, net, gross - net, payment="payable", prepaid=yuan(advance), retention=yuan(kept_back),
            contract_no=contract,
        )  # fmt: skip
        self._pay("settlement", on.replace(day=20), contract, gross - advance - kept_back)
        self._pay("retention", on.replace(day=27), contract, kept_back)

    def _pay(self, kind: str, on: date, contract: str, amount: int) -> None:
        row: Papers = {
            "id": next(self._ids), "kind": kind, "supplier_id": 1, "contract_no": contract, "amount": yuan(amount),
            "status": "paid", "paid_on": on,
        }  # fmt: skip
        self._say(f"paid, {kind}", on, Written("payment", None, row))

    # What happens to them -----------------------------------------------------------------------------------------

    def _set_off_grant(self) -> None:
        """A grant for an asset, by the net method."""
        net, on = self._random.randrange(1_000_000, 9_000_000), self._on(10, 15)
        grant = net // 5
        received: Papers = {
            "id": next(self._ids), "document_no": f"BZ-{net}", "amount": yuan(grant), "status": "received",
            "received_on": on.replace(day=2),
        }  # fmt: skip
        self._say("grant", on.replace(day=2), Written("grant_receipt", None, received))
        code = self._come("granted", on, net, half_up(net * VAT), payment="bank")
        applied: Papers = {
            "id": next(self._ids), "asset_id": self._id(code), "amount": yuan(grant), "status": "applied",
            "applied_on": on.replace(day=20),
        }  # fmt: skip
        self._say("grant set off", on.replace(day=20), Written("grant_offset", None, applied))
        self._costs(code, -grant)

    def _turn_to_welfare(self) -> None:
        """Input VAT of what the asset is still worth goes out, into its cost."""
        code = self._any(
            lambda c, a: (
                self._is_new(c)
                and 0 < a.accumulated < a.terms.cost // 2
                and self._assets[c]["invoice"] == "special"
                and c not in self._welfare
            )
        )
        if code:
            asset, on = self.books.assets[code], self._on(2, 25)
            vat = half_up((asset.terms.cost - asset.accumulated) * VAT)
            row: Papers = {
                "id": next(self._ids), "asset_id": self._id(code), "input_vat": yuan(vat), "rate": VAT_RATE,
                "status": "approved", "approved_on": on,
            }  # fmt: skip
            self._say("turned to welfare", on, Written("use_change", None, row))
            self._costs(code, vat)
            self._touched.add(code)
            self._welfare.add(code)

    def _rebuild(self) -> None:
        """Out of the cards, spent on, and back with a new life: all of it waits for the month's depreciation."""
        code = self._any(
            lambda c, a: c not in self._touched and 12 < a.used < a.terms.life - 12 and a.month_of < month_of(self._day)
        )
        if not code:
            return
        on, asset = self._on(2, 10), self.books.assets[code]
        spent, replaced = self._random.randrange(100_000, 900_000), asset.terms.cost // 10
        started: Papers = {
            "id": next(self._ids), "asset_id": self._id(code), "status": "started", "started_on": on, "done_on": None,
            "new_value": None, "life_months": None, "residual_rate": None, "method": None,
        }  # fmt: skip
        done: Papers = {}
        self._say("rebuilding", on, Written("overhaul", None, started))
        for kind, amount in (("spend", spent), ("replaced", replaced)):
            item: Papers = {
                "id": next(self._ids), "overhaul_id": started["id"], "kind": kind, "amount": yuan(amount),
                "input_vat": yuan(half_up(amount * VAT) if kind == "spend" else 0),
                "payment": "payable" if kind == "spend" else None, "supplier_id": 1 if kind == "spend" else None,
                "status": "approved", "approved_on": on.replace(day=15),
            }  # fmt: skip
            self._say(f"rebuilding, {kind}", on.replace(day=15), Written("overhaul_item", None, item))
        self._say("rebuilt", on.replace(day=20), Written("overhaul", started, done))
        self._rebuilt.append(Rebuilt(code, started, done, spent, replaced))

    def _after_the_run(self) -> None:
        """Now it is known what a rebuilding took out of the cards."""
        super()._after_the_run()
        for code, started, done, spent, replaced in self._rebuilt:
            asset = self.books.assets[code]
            cost, worn, impaired = asset.terms.cost, asset.accumulated, asset.terms.impairment
            book = cost - worn - impaired
            new = book + spent - half_up(Fraction(replaced * book, cost))
            started |= {"old_value": yuan(cost), "old_depreciation": yuan(worn), "old_impairment": yuan(impaired)}
            done |= started | {
                "status": "done", "done_on": self._day.replace(day=20), "new_value": yuan(new), "life_months": 60,
                "residual_rate": RESIDUAL_RATE, "method": "straight_line",
            }  # fmt: skip
            asset.terms = asset.terms._replace(cost=new, impairment=0, residual=RATE, life=60, method="straight_line")
            asset.accumulated = asset.used = 0
            asset.month_of, asset.in_force = month_of(self._day), None
            self._touched.add(code)
        self._rebuilt = []
