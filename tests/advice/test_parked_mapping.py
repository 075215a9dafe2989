"""Invariant 15, rows that are parked for what the mapping says or what finance has: whoever answers for it does what
the hint says, and asks for the row by the command as it is printed. It is posted, and finance is equal to the EAM."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from syncd.demo import eam
from tests.advice import advised
from tests.advice.office import TODAY, Case, Office, opened, replace
from tests.shipped import with_shared, without_kinds

RULES, PAYMENTS, ROLES = "demo.yaml", "demo/acquisition.csv", "demo/accounts.csv"
KEPT = ("registration", "repair")
SPOILT = {
    "unbalanced": ("after.amount", "800.00"),
    "not_cents": ("after.amount * 1.005", "after.amount * 1.005"),
    "few_entries": ("round(after.amount, 0)", "round(after.amount, 0)"),
    "uncomputable": ("round(80 / (800.10 - after.amount), 2)", "round(80 / (800.10 - after.amount), 2)"),
}
"""Rules for repairs that cannot make a voucher of every amount, by the status of their repairs: debit and credit."""


def rule(name: str, debit: str, credit: str) -> str:
    return f"""
  {name}:
    on: repair
    when: after.status = '{name}' AND before.status IS DISTINCT FROM '{name}'
    join: {{asset: after.asset_id}}
    once: after.id
    voucher:
      type: "'记'"
      date: after.done_on
      summary: "'{name}'"
      entries: [{{account: "'6602'", debit: "{debit}"}}, {{account: "'1002'", credit: "{credit}"}}]
"""


def prepare(mappings: Path) -> None:
    """Few rules, those that are spoilt among them; and finance has to know each department."""
    mapping = (mappings / RULES).read_text("utf-8")
    before, _, reconcile = mapping.partition("\nreconcile:")
    head, *rules = re.split(r"^(?=  \w+:\n    on: )", before, flags=re.MULTILINE)
    kept = [text for text in rules if text.split(":")[0].strip() in KEPT]
    spoilt = [rule(name, *amounts) for name, amounts in SPOILT.items()]
    (mappings / RULES).write_text(
        "".join([without_kinds(head), *with_shared(kept, rules, head), *spoilt, "\nreconcile:", reconcile]), "utf-8"
    )
    lookup = "  dept: {table: gl_department, code: code, gives: code}\n"
    layout = mappings / "finance" / "demo.yaml"
    replace(layout, ("lookups:\n", f"lookups:\n{lookup}"), ("dept: entry.dept", "dept: dept(entry.dept)"))
    replace(mappings / PAYMENTS, ("bank,payable,", "giro,giro,转账购入固定资产,purchase\nbank,payable,"))
    replace(mappings / ROLES, ("ASBE,bank,", "ASBE,giro,100299,银行存款—转账\nASBE,bank,"))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("office"), prepare) as made:
        yield made


def repaired(office: Office, asset: str, amount: str, rule: str) -> None:
    device = office.enter(asset)
    with office.stage.eam.transaction():
        eam_id = eam.next_id(office.stage.eam, "repair")
        columns = "id, asset_id, amount, input_vat, payment, status, done_on"
        sql = f"INSERT INTO repair ({columns}) VALUES (?, ?, ?, '0', 'bank', ?, ?)"
        office.write(sql, eam_id, device, amount, rule, TODAY)


def spoilt(rule: str, amount: str, wrong: str, right: str) -> Callable[[Office, str], Case]:
    """The amount is typed anew in the EAM; for another the mapping is put right."""

    def case(office: Office, asset: str) -> Case:
        repaired(office, f"{asset}-1", amount, rule)
        yield
        office.write("UPDATE repair SET amount = '800.00' WHERE status = ?", rule)
        office.rest()
        repaired(office, f"{asset}-2", amount, rule)
        shown = yield
        office.edit(RULES, (wrong, right))
        office.do(shown, "parked retry")

    return case


def account_unknown(office: Office, asset: str) -> Case:
    """Finance adds it; and where it is the table that is wrong, that is corrected."""
    office.enter(f"{asset}-1", payment="giro")
    shown = yield
    office.book("INSERT INTO gl_account VALUES ('100299', '银行存款—转账', 'debit', 1)")
    office.do(shown, "parked retry")
    office.rest()
    office.book("DELETE FROM gl_account WHERE code = '100299'")
    office.enter(f"{asset}-2", payment="giro")
    shown = yield
    office.edit(PAYMENTS, ("giro,giro", "giro,bank"))
    office.do(shown, "parked retry")


def undecided(office: Office, asset: str) -> Case:
    office.enter(asset, payment="cheque")
    shown = yield
    office.edit(PAYMENTS, ("bank,payable,", "cheque,bank,支票购入固定资产,purchase\nbank,payable,"))
    office.do(shown, "parked retry")


def department_unknown(office: Office, asset: str) -> Case:
    """Finance adds it; and where the EAM has the wrong one, that is corrected."""
    office.write("INSERT INTO department VALUES (91, 'D91', '新部门', NULL, 'sales')")
    office.enter(f"{asset}-1", department_id=91)
    yield
    office.write("UPDATE asset SET department_id = 1 WHERE department_id = 91")
    office.rest()
    office.enter(f"{asset}-2", department_id=91)
    shown = yield
    office.book("INSERT INTO gl_department VALUES ('D91', '新部门')")
    office.do(shown, "parked retry")


def period_unknown(office: Office, asset: str) -> Case:
    office.enter(asset, approved_on=date(2062, 11, 20))
    shown = yield
    office.book("INSERT INTO gl_period VALUES ('2062-11', '2062-11-01', '2062-11-30', 'open')")
    office.do(shown, "parked retry")


def periods_closed(office: Office, asset: str) -> Case:
    office.book("INSERT INTO gl_period VALUES ('2070-01', '2070-01-01', '2070-01-31', 'closed')")
    office.enter(asset, approved_on=date(2070, 1, 20))
    shown = yield
    office.book("UPDATE gl_period SET status = 'open' WHERE code = '2070-01'")
    office.do(shown, "parked retry")


def card_by_hand(office: Office, asset: str, status: str) -> None:
    """A card that syncd has not opened."""
    office.book(
        "INSERT INTO fa_card (asset_code, name, class, dept, acquired_month, method, life_months, residual_rate,"
        " original_value, accumulated_depreciation, impairment, origin, status) VALUES (?, '数控车床', 'JQSB', 'SC1',"
        " '2026-11-01', 'straight_line', 120, '0.0500', '10000.00', '0.00', '0.00', 'addition', ?)",
        asset, status,
    )  # fmt: skip


def voucher_by_hand(office: Office) -> None:
    row = ("2026-11", "手", 1, TODAY, TODAY, "购入", "10000.00", "10000.00")
    office.book(f"INSERT INTO gl_voucher VALUES (?, ?, ?, ?, ?, ?, ?, ?{', NULL' * 7})", *row)
    for line, account, debit, credit in ((1, "1601", "10000.00", "0"), (2, "1002", "0", "10000.00")):
        row = ("2026-11", "手", 1, line, "购入", account, debit, credit)
        office.book(f"INSERT INTO gl_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?{', NULL' * 8})", *row)


def card_there(office: Office, asset: str) -> Case:
    """The code is that of an old device; card and voucher were made by hand; such cards are to be opened anew."""
    card_by_hand(office, f"{asset}-1", "disposed")
    device = office.enter(f"{asset}-1")
    yield
    office.write("UPDATE asset SET asset_code = ? WHERE id = ?", f"{asset}-2", device)
    office.rest()
    card_by_hand(office, f"{asset}-3", "in_use")
    voucher_by_hand(office)
    office.enter(f"{asset}-3")
    shown = yield
    office.do(shown, "parked discard")
    office.rest()
    card_by_hand(office, f"{asset}-4", "cancelled")
    office.enter(f"{asset}-4")
    shown = yield
    card = "    card:\n      asset_code: after.asset_code\n"
    office.edit(RULES, (card, f"    reopen: card.status = 'cancelled'\n{card}"))
    office.do(shown, "parked retry")


POSTED, TWICE = ["registration"], ["registration"] * 2
FEW = "after.status = 'few_entries' AND"
CASES = [
    advised("unbalanced", spoilt("unbalanced", "801", "credit: \"800.00\"", "credit: after.amount"),
            [*POSTED, "unbalanced"] * 2),
    advised("not_cents", spoilt("not_cents", "800.10", "after.amount * 1.005", "round(after.amount * 1.005, 2)"),
            [*POSTED, "not_cents"] * 2),
    advised("few_entries", spoilt("few_entries", "0.20", FEW, f"{FEW} after.amount >= 1 AND"),
            [*POSTED, "few_entries", *POSTED]),
    advised("uncomputable", spoilt("uncomputable", "800.10", SPOILT["uncomputable"][0], "800.00"),
            [*POSTED, "uncomputable"] * 2),
    advised("unknown_account", account_unknown, TWICE),
    advised("no_decision", undecided, POSTED),
    advised("unknown_lookup", department_unknown, TWICE),
    advised("unknown_period", period_unknown, POSTED),
    advised("no_open_period", periods_closed, POSTED),
    advised("card_exists", card_there, TWICE),
]  # fmt: skip


@pytest.mark.parametrize(("code", "case", "posted"), CASES)
def test_what_a_parked_row_advises_posts_it(
    office: Office, code: str, case: Callable[[Office, str], Case], posted: list[str]
) -> None:
    assert office.follow(code, case) == posted
