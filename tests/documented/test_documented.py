"""Each example of docs/mapping.md runs, on each ledger: put together, filled where it says `…`, and looked at."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from syncd.desk import masking
from syncd.desk.parked import operators
from tests.documented.pieces import PAGE, pieces
from tests.documented.site import (
    BY_KIND,
    CARDS,
    COLLECT,
    DDL,
    DRAWN,
    ITEMS,
    KINDS,
    LAYOUT,
    MOVES,
    NAME,
    OF_KINDS,
    PERIODS,
    RULES,
    TABLES,
    Books,
    layout_with,
    written,
)

BY = operators.Actor("li", "as documented")
ASSET = {
    "id": 1, "asset_code": "FA-1", "name": "lathe", "status": "in_use", "department_id": 7, "class_code": "JQ",
    "original_value": Decimal("1200.10"), "purchase_date": date(2026, 2, 1), "approved_on": date(2026, 2, 3),
}  # fmt: skip


@pytest.fixture(params=("sqlite", "postgres", "mysql"))
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Books]]:
    """(layout, the rest of its tables) → the books of the purchases' rules on each ledger."""
    made: list[Books] = []

    def books(layout: str = LAYOUT + KINDS, ddl: str = DDL, rules: str = TABLES + RULES + COLLECT) -> Books:
        kind = request.param
        if kind == "sqlite":
            dsn = str(tmp_path / "finance.db")
        else:
            dsn = request.getfixturevalue({"postgres": "new_database", "mysql": "new_mariadb"}[kind])()
        ddl = "CREATE SCHEMA fin;" + ddl if kind == "postgres" else ddl
        mapping = written(tmp_path, layout, rules, pieces()["decisions"] + pieces()["constants"])
        made.append(Books(kind, dsn, mapping, ddl))
        return made[-1]

    yield books
    for one in made:
        one.close()


def test_no_example_is_left_out() -> None:
    """Whoever writes another one lets it run here."""
    here = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("*.py"))
    named = {name for name in pieces() if f'"{name}"' in here} | {f"periods {way}" for way in PERIODS}
    assert pieces().keys() - named == set()


def test_an_asset_is_registered_and_its_month_collected(on: Callable[..., Books]) -> None:
    """The head, the parts, tables and references, a rule, a collecting one, decision tables, roles, the layout."""
    books = on()
    assert [f.code for f in books.ledger.check()] == ["ledger_ready"]
    dept = {"id": 7, "code": "SC", "kind": "production", "workshop": "W1"}
    books.commit(("asset", None, ASSET), ("dept", None, dept))
    dear = ASSET | {"id": 2, "asset_code": "FA-2", "original_value": Decimal(5000001)}
    (held,) = books.commit(("asset", None, dear))
    assert held.rejection is not None
    (parked,) = books.run("SELECT id FROM syncd.parked WHERE settled_at IS NULL")
    with closing(books.open()) as desk:
        operators.approve(desk, NAME, int(str(parked[0])), BY, "finance")
    books.rest()
    charged = {"id": 1, "asset_id": 1, "period": "2026-03", "amount": Decimal("20.00")}
    books.commit(("deprec", None, charged))
    books.commit(("deprec_run", None, {"period": "2026-03", "status": "approved"}))
    assert entries(books) == [
        ("2026-02", "记", 1, 16010, "1200.10", "SC"), ("2026-02", "记", 1, 10020, "-1200.10", None),
        ("2026-02", "记", 2, 16010, "5000001.00", "SC"), ("2026-02", "记", 2, 10020, "-5000001.00", None),
        ("2026-03", "转", 1, 51010, "20.00", "SC"), ("2026-03", "转", 1, 16020, "-20.00", None),
    ]  # fmt: skip


def registered(books: Books) -> None:
    """One asset."""
    assert [f.code for f in books.ledger.check()] == ["ledger_ready"]
    dept = {"id": 7, "code": "SC", "kind": "production", "workshop": "W1"}
    assert [o.rejection for o in books.commit(("asset", None, ASSET), ("dept", None, dept))] == [None, None]


def test_a_card_is_renumbered(on: Callable[..., Books]) -> None:
    """The number changes in the EAM."""
    renumbered = pieces()["rules renumbered"].removeprefix("rules:\n")
    books = on(rules=TABLES + RULES + COLLECT + renumbered)
    registered(books)
    assert not any(o.rejection for o in books.commit(("asset", ASSET, ASSET | {"asset_code": "FA-9"})))
    assert books.run("SELECT asset_code FROM fin.card") == [("FA-9",)]


def test_cards_of_several_tables(on: Callable[..., Books]) -> None:
    """Shared with materials, with ids of finance's own."""
    books = on(layout_with(CARDS), DDL + ITEMS)
    registered(books)
    with books.ledger.begin() as book:
        card = book.cards(["FA-1"])["FA-1"]
    assert card["original_value"] == Decimal("1200.10")
    assert books.run("SELECT kind, code, label FROM fin.item ORDER BY id") == [
        (pad(books, "MAT"), "FA-1", "steel"), (pad(books, "FA"), "FA-1", None)
    ]  # fmt: skip


def test_cards_of_several_kinds(on: Callable[..., Books]) -> None:
    """The "kinds" each in a table of its own, read as one."""
    books = on(layout_with(BY_KIND), DDL + OF_KINDS)
    registered(books)
    with books.ledger.begin() as book:
        cards = book.cards(["FA-1", "FA-2"])
    assert [(cards[code]["original_value"], cards[code]["kind"]) for code in ("FA-1", "FA-2")] == [
        (Decimal("1200.10"), None), (Decimal("900.00"), "building")
    ]  # fmt: skip
    assert books.run("SELECT code FROM fin.machine") == [("FA-1",)]


def pad(books: Books, text: str) -> str:
    """CHAR(4), as drivers give it."""
    return text.ljust(4) if books.finance.kind == "postgres" else text


@pytest.mark.parametrize("way", [*PERIODS, "open"])
def test_periods_that_no_table_holds(on: Callable[..., Books], way: str) -> None:
    """A query, one closed day, or none."""
    said = "periods: open\n" if way == "open" else pieces()[f"periods {way}"]
    assert way != "open" or "`periods: open`" in PAGE.read_text("utf-8")
    books = on(layout_with(said), DDL + PERIODS.get(way, ""))
    registered(books)
    with books.ledger.begin() as book:
        january = next(p for p in book.periods() if p.code == "2026-01")
    assert january.open == (way == "open")


def test_ids_and_numbers_of_finances_own(on: Callable[..., Books]) -> None:
    """A sequence, and a series of a year and type in a pattern."""
    books = on(layout_with(DRAWN), DDL + MOVES)
    registered(books)
    rows = books.run("SELECT m.number, l.account_id, l.debit FROM fin.move m JOIN fin.line l ON l.move_id = m.id"
                     " ORDER BY l.line")  # fmt: skip
    assert [(number, account, Decimal(str(debit))) for number, account, debit in rows] == [
        ("001/2026", 16010, Decimal("1200.10")), ("001/2026", 10020, 0)
    ]  # fmt: skip


def test_columns_of_odd_kinds(on: Callable[..., Books]) -> None:
    """JSON, arrays, floats, days of zeros, and names in any script."""
    books = on(rules=pieces()["tables device"])
    device = {
        "Id": 1, "资产编码": "FA-1", "attrs": '{"kind": "FA", "names": ["车床"]}', "tags": '["新"]', "status": "in_use",
        "price": Decimal("1200.10"), "boughtOn": None, "order": date(2026, 2, 3),
    }  # fmt: skip
    assert [o.rejection for o in books.commit(("device", None, device))] == [None]
    with books.ledger.begin() as book:
        assert book.cards(["FA-1"])["FA-1"]["name"] == "车床"
    assert [row[:5] for row in entries(books)] == [
        ("2026-02", "记", 1, 16010, "1200.10"), ("2026-02", "记", 1, 10020, "-1200.10")
    ]  # fmt: skip


CALLED: Final = """
rules:
  called:
    on: contact
    require: [{check: after.phone IS NULL, says: {zh: 电话须为空, en: there is a phone}}]
    voucher:
      type: "'记'"
      date: CAST('2026-02-03' AS DATE)
      summary: after.name
      entries: [{account: "'1601'", debit: 1.00, dept: "'SC'", asset: "'FA-1'"}, {account: "'1002'", credit: 1.00}]
"""


def test_columns_that_are_masked(on: Callable[..., Books]) -> None:
    """A number that a parked row has is shown to the role that is named, one of an identity card to nobody."""
    books = on(rules=pieces()["tables contact"] + CALLED)
    (held,) = books.commit(("contact", None, {"id": 1, "name": "门卫", "phone": "13800138000", "id_card": "11010119"}))
    assert held.rejection is not None
    (kept,) = operators.parked(books.ledger, NAME, operators.Selection())
    for roles, sees in (((), {"name"}), (("controller",), {"name", "phone"})):
        shown = masking.row(kept, masking.hidden(books.mapping.masked, roles))
        after = json.loads(shown.change)["after"]
        assert {name for name, value in after.items() if value not in (masking.HIDDEN, 1, "1")} == sees


def entries(books: Books) -> list[tuple[object, ...]]:
    rows = books.run(
        "SELECT v.period, v.type, v.number, e.account_id, e.debit, e.credit, e.dept"
        " FROM fin.voucher v JOIN fin.entry e ON e.voucher_id = v.id ORDER BY v.period, v.type, v.number, e.line"
    )
    return [
        (period, kind, number, account, f"{Decimal(str(debit)) - Decimal(str(credit)):.2f}", dept)
        for period, kind, number, account, debit, credit, dept in rows
    ]


def test_a_document_is_posted_and_edited_as_one(on: Callable[..., Books]) -> None:
    """Lines before their header, one corrected and one withdrawn; then a line changes after posting. The daemon begins
    anew between all of it."""
    accounts = "INSERT INTO fin.account VALUES ('6602', 66020, '管理费用', 1), ('1221', 12210, '其他应收款', 1);"
    books = on(ddl=DDL + accounts, rules=pieces()["tables claim_head"])
    head = {"id": 17, "no": "EC-17", "status": "draft", "advance": Decimal(100), "applied_on": date(2026, 2, 2)}
    items = [
        {"id": n, "claim_id": 17, "kind": "travel", "amount": Decimal(amount)}
        for n, amount in ((1, 100), (2, 50), (3, 9))
    ]
    for writes in (
        [("claim_item", None, items[0])],
        [("claim_head", None, head), ("claim_item", None, items[1]), ("claim_item", None, items[2])],
        [("claim_item", items[1], items[1] | {"amount": Decimal(60)}), ("claim_item", items[2], None)],
        [("claim_head", head, head | {"status": "approved"})],
        [("claim_item", items[0], items[0] | {"amount": Decimal("101.50")})],
    ):
        books.commit(*writes)
        books.begin_anew()
    posted = [("2026-02", "记", 1, account, amount, None) for account, amount in (
        (66020, "100.00"), (66020, "60.00"), (12210, "-100.00"), (10020, "-60.00")
    )]  # fmt: skip
    assert entries(books)[:4] == posted
    right = [(account, amount) for *_, account, amount, _ in entries(books)[8:]]
    assert right == [(66020, "101.50"), (66020, "60.00"), (12210, "-100.00"), (10020, "-61.50")]
    assert books.run("SELECT id FROM syncd.parked") == []
    assert books.run("SELECT subject, source FROM syncd.posting ORDER BY seq") == [("claim:17", "claim:17")] * 3
