"""Finance databases of other shapes over every ledger, by layouts as users write them: ids that finance draws itself,
numbers in other series."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import pytest

from connectors import reading
from connectors.ledger import postgres
from syncd.books import balances
from syncd.books.close.journal import gaps
from syncd.desk import closing as desk_closing
from syncd.desk.audit.verify import verify
from syncd.desk.parked.operators import Actor
from syncd.errors import Halt, Transient
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Ledger
from syncd.posting import CardWrite, Outcome, Posting
from tests.advice import advice
from tests.conformance.finance import (
    TABLES,
    Finance,
    asset,
    batch,
    in_mysql,
    in_postgres,
    in_sqlite,
    posted,
    voucher,
    wait_for,
    write,
)
from tests.conformance.shapes import (
    BOOK,
    BOOK_TABLES,
    CARDS,
    COMMON,
    DRAWN,
    ITEM_TABLES,
    ITEMS,
    KINDS_OF_CARDS,
    MIXED,
    MIXED_TABLES,
    MOVES,
    NUMBERED,
    PERIODS,
    RULES,
    SCHEMA,
    SLIPS,
    TWO_KINDS,
)
from tests.unit.lab import loaded

BY: Final = Actor("wang", "month end")
Make = Callable[..., tuple[Finance, FinanceLayout]]


def on_each(cases: Iterable[str], *on_servers: str) -> list[tuple[str, str]]:
    """Every case in SQLite; on servers those whose SQL is their own."""
    servers = [(kind, case) for kind in ("postgres", "mysql") for case in on_servers]
    return [*(("sqlite", case) for case in cases), *servers]


@pytest.fixture(params=("sqlite", "postgres", "mysql"))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """(the rest of a layout, the rest of its tables[, rules]) → finance of each kind, and the layout."""

    def made(layout_text: str, schema: str, rules: str = RULES) -> tuple[Finance, FinanceLayout]:
        common = COMMON if "periods:" not in layout_text else COMMON.replace(PERIODS, "")
        common += "" if "card:" in layout_text or "card:" not in rules else CARDS
        layout = loaded(rules, common + layout_text).layout
        if request.param == "postgres":
            return in_postgres(request.getfixturevalue("new_database")(), layout, SCHEMA + schema), layout
        if request.param == "mysql":
            return in_mysql(request.getfixturevalue("new_mariadb")(), layout, SCHEMA + schema), layout
        return in_sqlite(tmp_path / "finance.db", layout, SCHEMA + schema), layout

    return made


# Ids that finance draws itself

ODD_IDS: Final = {
    "postgres": [
        "CREATE FUNCTION fin.odd() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.id := nextval(pg_get_serial_sequence(''fin.move'', ''id'')) * 10 + 7; RETURN NEW; END'",
        "CREATE TRIGGER odd BEFORE INSERT ON fin.move FOR EACH ROW EXECUTE FUNCTION fin.odd()",
    ],
    "mysql": [
        "CREATE TABLE fin.top (id BIGINT NOT NULL)",
        "INSERT INTO fin.top VALUES (1)",
        "CREATE TRIGGER odd BEFORE INSERT ON fin.move FOR EACH ROW"
        " BEGIN UPDATE fin.top SET id = id * 3; SET NEW.id = (SELECT id FROM fin.top); END",
    ],
    "sqlite": [],
}
"""Finance that gives its vouchers ids in its own way; SQLite knows no trigger that could."""


@pytest.fixture
def drawn(make: Make) -> Iterator[tuple[Finance, FinanceLayout, Ledger]]:
    """Finance whose vouchers have ids of a sequence."""
    finance, layout = make(DRAWN, MOVES)
    with closing(finance.open()) as ledger:
        yield finance, layout, ledger


def moves(finance: Finance) -> list[tuple[object, ...]]:
    """Number of each voucher, and its amount by what its lines say."""
    rows = finance.run(
        "SELECT m.number, m.external_key, l.debit FROM fin.move m JOIN fin.line l ON l.move_id = m.id"
        " WHERE l.line = 1 ORDER BY m.number"
    )
    return [(number, key, Decimal(str(debit))) for number, key, debit in rows]


def test_entries_refer_to_the_ids_that_finance_draws(drawn: tuple[Finance, FinanceLayout, Ledger]) -> None:
    """Invariants 3, 6, 8 and 12: each line belongs to its own voucher, whatever is refused and whoever else draws;
    the numbers have no gap, and the audit finds a line that was added."""
    finance, layout, ledger = drawn
    assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
    refused = voucher(summary="refuse me")
    made = [posted(asset(n, f"{n}.10"), made=refused if n in (2, 7) else None) for n in range(1, 10)]
    write(ledger, batch(*made))
    finance.run(
        "INSERT INTO fin.move (period, type, number, posted_on, summary, external_key)"
        " VALUES ('2026-02', '记', 8, '2026-02-05', 'by hand', '')"
    )
    write(ledger, batch(posted(asset(10, "10.10")), posted(asset(11, "11.10"))))
    kept = [n for n in range(1, 12) if n not in (2, 7)]
    numbers = [1, 2, 3, 4, 5, 6, 7, 9, 10]
    assert moves(finance) == [
        (number, f"registration/FA-{n}", Decimal(f"{n}.10")) for number, n in zip(numbers, kept, strict=True)
    ]
    assert verify(ledger, "main", layout).flaws == []
    finance.run(
        "INSERT INTO fin.line (move_id, line, account_id, debit, credit)"
        " SELECT move_id, 3, account_id, debit, credit FROM fin.line WHERE line = 1"
    )
    assert {flaw.code for flaw in verify(ledger, "main", layout).flaws} == {"audit_voucher"}


def test_ids_are_read_back_where_a_trigger_has_a_say(drawn: tuple[Finance, FinanceLayout, Ledger]) -> None:
    """Invariant 8: another id than the one that the sequence would give is the one that the lines get."""
    finance, layout, ledger = drawn
    for sql in ODD_IDS[finance.kind]:
        finance.run(sql)
    write(ledger, batch(*(posted(asset(n, f"{n}.10")) for n in range(1, 4))))
    assert [key for _, key, _ in moves(finance)] == [f"registration/FA-{n}" for n in (1, 2, 3)]
    assert verify(ledger, "main", layout).flaws == []


@advice("ledger_id_untold")
def test_an_id_that_nobody_can_tell_is_told_by_the_voucher_key(new_database: Callable[[], str]) -> None:
    """Invariant 15: nothing is posted until the layout says how a row is known again, as the hint has it."""
    schema = MOVES.replace("SERIAL_KEY", "BIGINT DEFAULT (random() * 1e12)::bigint PRIMARY KEY")
    untold, told = DRAWN.replace(", external_key: voucher.key", ", external_key: posting.subject"), DRAWN
    dsn = new_database()
    finance = in_postgres(dsn, loaded(RULES, COMMON + CARDS + untold).layout, SCHEMA + schema)
    with closing(finance.open()) as ledger, pytest.raises(Halt, match="ledger_id_untold"):
        write(ledger, batch(posted(asset(1))))
    layout = loaded(RULES, COMMON + CARDS + told).layout
    with closing(postgres.connect(postgres.Settings(dsn), "main", layout, TABLES, "m1")) as ledger:
        wait_for(ledger.acquire)
        write(ledger, batch(posted(asset(1)), posted(asset(2))))
        assert [key for _, key, _ in moves(finance)] == ["registration/FA-1", "registration/FA-2"]
        assert verify(ledger, "main", layout).flaws == []


# Numbers in other series

PATTERN: Final = 'year: "substr(period, 1, 4)", pattern: "{number:03}/{year}"'
SERIES: Final = {
    "period": ("period: period, pattern: 'V{number:04}'", {1: "V0001", 4: "V0001", 5: "V0002"}, "2026-01 V0001"),
    "year and type": (f"{PATTERN}, type: kind", {4: "004/2026", 9: "001/2026", 10: "009/2026"}, "记-001/2026"),
    "year": (PATTERN, {4: "004/2026", 9: "009/2026"}, "001/2026"),
    "type": ("type: kind, pattern: '{number}'", {4: "4", 9: "1", 10: "9"}, "记-1"),
    "all": ("pattern: 'J{number:06}'", {4: "J000004", 9: "J000009", 10: "J000010"}, "J000001"),
}
"""How vouchers are numbered: what the layout says, a few of ten vouchers with what they are called, and the first's
reference. The first three are of January, the others of February; the ninth is of another type."""


def dated(n: int, summary: str = "addition") -> Outcome:
    """The n-th voucher."""
    period = "2026-01" if n < 4 else "2026-02"
    day = date(2026, int(period[-2:]), 3)
    made = voucher(f"{n}.10", summary)._replace(type="转" if n == 9 else "记", period=period, date=day, event_date=day)
    return posted(asset(n, f"{n}.10"), made=made)


def slips(finance: Finance) -> dict[int, str]:
    """What each voucher is called in finance."""
    rows = finance.run("SELECT external_key, no FROM fin.slip WHERE external_key LIKE 'registration%'")
    return {int(str(key).rpartition("-")[2]): str(no) for key, no in rows}


@pytest.mark.parametrize(("make", "name"), on_each(SERIES, "year and type", "all"), indirect=["make"])
def test_numbers_run_on_as_the_layout_says(make: Make, name: str) -> None:
    """Invariant 6: by period, year and type as the layout names them, written as it says, without a gap, whatever is
    refused, whoever types one and whoever closes a period; the audit and the list before the close read them."""
    said, expected, ref = SERIES[name]
    finance, layout = make(NUMBERED % (said, "voucher.label"), SLIPS)
    with closing(finance.open()) as ledger, closing(finance.open("other")) as other:
        assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
        write(ledger, batch(*(dated(n) for n in range(1, 7))))
        assert other.acquire()
        write(other, batch(dated(7), dated(20, "refuse me"), dated(8)))
        write(ledger, batch(dated(9), dated(10)))
        found = slips(finance)
        assert {n: found[n] for n in expected} == expected
        assert ledger.query("SELECT voucher FROM syncd.posting WHERE key = 'registration/FA-1'") == [(ref,)]
        finance.run("INSERT INTO fin.slip SELECT no, kind, day, period, summary, 'by hand' FROM fin.slip WHERE 1 = 0")
        assert verify(ledger, "main", layout).flaws == []
        (statement, begins_with_one) = layout.numbers_of("2026-02") or (("", ()), False)
        numbers = [(kind, layout.number_in(no)) for kind, no in ledger.query(*statement)]
        assert gaps(numbers if "type" in said else [("", n) for _, n in numbers], begins_with_one).total == 0
        finance.run("DELETE FROM fin.slip WHERE external_key = 'registration/FA-5'")
        numbers = [(kind, layout.number_in(no)) for kind, no in ledger.query(*statement)]
        assert gaps(numbers if "type" in said else [("", n) for _, n in numbers], begins_with_one).total == 1
        desk_closing.close(ledger, "2026-01", desk_closing.numbers(ledger, "2026-01"), None, {}, BY)
        with pytest.raises(Transient):
            write(ledger, batch(dated(3)._replace(change=asset(30), subject="FA-30")))


def test_what_people_type_into_a_series_counts(make: Make) -> None:
    """Invariant 6: also where numbers are written in a way of their own, and whatever else they write there."""
    said, *_ = SERIES["year"]
    finance, _ = make(NUMBERED % (said, "voucher.label"), SLIPS)

    def typed(no: str, year: int) -> None:
        finance.run(f"INSERT INTO fin.slip VALUES ('{no}', '记', '{year}-02-01', '{year}-02', 'by hand', '{no}')")

    for no, year in (("041/2026", 2026), ("999/2025", 2025), ("see 3/2026", 2026)):
        typed(no, year)
    with closing(finance.open()) as ledger:
        write(ledger, batch(dated(4)))
        assert slips(finance) == {4: "042/2026"}


def test_vouchers_need_no_number(make: Make) -> None:
    """Invariant 8: they are called by their key; a period is closed against them nevertheless."""
    finance, layout = make(NUMBERED.replace("{table: fin.slip, number: no, %s}", "none") % "NULL", SLIPS)
    with closing(finance.open()) as ledger:
        assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
        seen = desk_closing.numbers(ledger, "2026-01")
        write(ledger, batch(*(dated(n) for n in range(1, 4))))
        assert ledger.query("SELECT key, voucher FROM syncd.posting WHERE key <> voucher") == []
        assert verify(ledger, "main", layout).flaws == []
        with pytest.raises(Transient):
            desk_closing.close(ledger, "2026-01", seen, None, {}, BY)


# Periods that are no table

MONTHS: Final = """
    CREATE TABLE fin.setting (name VARCHAR(9) PRIMARY KEY, day DATE);
    INSERT INTO fin.setting VALUES ('closed', '2026-02-10');
"""
CALENDARS: Final = {
    "query": "{query: \"SELECT code, starts, ends, CASE WHEN code > '2026-01' THEN 1 ELSE 0 END FROM fin.period\"}",
    "closed_until": "{closed_until: SELECT max(day) FROM fin.setting}",
    "open": "open",
}


@pytest.mark.parametrize(("make", "name"), on_each(CALENDARS, "query", "closed_until"), indirect=["make"])
def test_periods_need_no_table(make: Make, name: str) -> None:
    """Invariant 1: a SELECT tells them, or one closed date, or the calendar; people close them at the desk as any."""
    text = DRAWN + f"periods: {CALENDARS[name]}\n"
    finance, layout = make(text, MOVES + MONTHS)
    with closing(finance.open()) as ledger:
        assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
        with ledger.begin() as book:
            found = {p.code: (p.open, p.begins.day) for p in book.periods() if p.code.startswith("2026-0")}
        first = 11 if name == "closed_until" else 1
        assert found["2026-01"] == (name == "open", 1)
        assert found["2026-02"] == (True, first)
        write(ledger, batch(posted(asset(1))))
        seen = desk_closing.numbers(ledger, "2026-02")
        desk_closing.close(ledger, "2026-02", seen, layout.period_update("2026-02", False), {}, BY)
        with ledger.begin() as book:
            assert not next(p for p in book.periods() if p.code == "2026-02").open
        if name == "closed_until":
            finance.run("DELETE FROM fin.setting")
            with ledger.begin() as book:
                assert next(p for p in book.periods() if p.code == "2026-01").open


# Cards in other tables, or in none


def test_cards_lie_in_a_shared_table_and_one_that_refers_to_its_ids(make: Make) -> None:
    """Invariant 2: what else the shared table holds is no card, and stays as it is; a partial unique index will do."""
    finance, layout = make(ITEMS + DRAWN, MOVES + ITEM_TABLES)
    partial = "" if finance.kind == "mysql" else " WHERE kind = 'FA'"
    finance.run(f"CREATE UNIQUE INDEX one_item ON fin.item (kind, code){partial}")
    with closing(finance.open()) as ledger:
        assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
        for n in (1, 2, 3):
            write(ledger, batch(posted(asset(n, f"{n}.10")), posted(asset(n + 10))))
        change = asset(20, code="FA-2")
        fields = {"name": "mill", "original_value": Decimal("7.50")}
        card = CardWrite("FA-2", "change", fields)
        write(ledger, batch(Outcome(change, "FA-2", (Posting("change/20", "change", "FA-2", change, (card,)),))))
        with ledger.begin() as book:
            assert book.cards(["FA-1", "FA-2", "FA-9"]) == {
                "FA-1": {"name": "lathe", "original_value": Decimal("1.10")},
                "FA-2": fields,
            }
        assert finance.run("SELECT label FROM fin.item WHERE kind = 'MAT'") == [("steel",)]
        assert finance.run("SELECT count(*) FROM fin.item i JOIN fin.item_value v ON v.item_id = i.id") == [(6,)]
        assert len(ledger.query(layout.all_cards_query())) == 6
        (again,) = write(ledger, batch(posted(asset(21, code="FA-2"), key="registration/again")))
        assert not again.rejection


def test_several_kinds_of_cards_lie_in_one_table(make: Make) -> None:
    """Fixed assets and intangible ones, and beside them what is no card: each is opened, changed and found by its code,
    and the record verifies."""
    finance, layout = make(KINDS_OF_CARDS + DRAWN, MOVES + ITEM_TABLES, TWO_KINDS)
    partial = "" if finance.kind == "mysql" else " WHERE kind IN ('FA', 'IA')"
    finance.run(f"CREATE UNIQUE INDEX one_code ON fin.item (code){partial}")

    def opened(n: int, code: str, kind: str) -> Outcome:
        change = asset(n, code=code)
        card = CardWrite(code, "open", {"kind": kind, "name": kind.lower(), "original_value": Decimal(n)})
        return Outcome(change, code, (Posting(f"registration/{n}", "registration", code, change, (card,)),))

    with closing(finance.open()) as ledger:
        write(ledger, batch(opened(1, "FA-1", "FA"), opened(2, "IA-1", "IA")))
        change = asset(3, code="IA-1")
        card = CardWrite("IA-1", "change", {"original_value": Decimal("7.50")})
        write(ledger, batch(Outcome(change, "IA-1", (Posting("change/3", "change", "IA-1", change, (card,)),))))
        with ledger.begin() as book:
            assert book.cards(["FA-1", "IA-1", "FA-2"]) == {
                "FA-1": {"kind": "FA", "name": "fa", "original_value": Decimal("1.00")},
                "IA-1": {"kind": "IA", "name": "ia", "original_value": Decimal("7.50")},
            }
        assert len(ledger.query(layout.all_cards_query())) == 2
        assert finance.run("SELECT label FROM fin.item WHERE kind = 'MAT'") == [("steel",)]


@pytest.mark.parametrize("cards", [CARDS, ITEMS], ids=["by code", "by id"])
def test_a_card_gets_another_code(make: Make, cards: str) -> None:
    """In the midst of a batch that changes it before and behind; what finance has of others stays."""
    finance, layout = make(cards + DRAWN, MOVES + ITEM_TABLES)
    if cards is ITEMS:
        finance.run("CREATE UNIQUE INDEX one_item ON fin.item (kind, code)")

    def changed(n: int, code: str, name: str, **fields: str) -> Outcome:
        change = asset(n, code=code)
        verb: Literal["change", "rename"] = "rename" if name == "rename" else "change"
        card = CardWrite(code, verb, fields or {"name": name})
        return Outcome(change, code, (Posting(f"change/{n}", "change", code, change, (card,)),))

    with closing(finance.open()) as ledger:
        write(ledger, batch(posted(asset(1)), posted(asset(2))))
        steps = (changed(3, "FA-1", "mill"), changed(4, "FA-1", "rename", asset_code="B-1"), changed(5, "B-1", "saw"))
        write(ledger, batch(*steps))
        with ledger.begin() as book:
            found = book.cards(["FA-1", "B-1", "FA-2"])
        assert {code: card["name"] for code, card in found.items()} == {"B-1": "saw", "FA-2": "lathe"}
        assert verify(ledger, "main", layout).flaws == []


def test_finance_need_not_have_cards(make: Make) -> None:
    """Whoever has no cards has vouchers nevertheless."""
    rules = re.sub(r"    card: .*\n", "", RULES)
    finance, layout = make(DRAWN, MOVES, rules)
    with closing(finance.open()) as ledger:
        assert [finding.code for finding in ledger.check()] == ["ledger_ready"]
        made = [posted(asset(n)) for n in (1, 2)]
        cardless = [o._replace(postings=tuple(p._replace(cards=()) for p in o.postings)) for o in made]
        write(ledger, batch(*cardless))
        with ledger.begin() as book:
            assert book.cards(["FA-1"]) == {}
        assert [number for number, *_ in moves(finance)] == [1, 2]
        assert verify(ledger, "main", layout).flaws == []


@advice("ledger_column_double")
@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
def test_binary_fractions_are_exact_out_and_in(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """Invariant 7: of double precision they are a warning, and nothing need be done."""
    layout = loaded(RULES, COMMON + CARDS + DRAWN).layout
    schema = (SCHEMA + MOVES).replace("MONEY_TYPE", "DOUBLE PRECISION")
    if kind == "sqlite":
        finance = in_sqlite(tmp_path / "finance.db", layout, schema.replace("DOUBLE PRECISION", "NUMERIC"))
    elif kind == "postgres":
        finance = in_postgres(request.getfixturevalue("new_database")(), layout, schema)
    else:
        finance = in_mysql(request.getfixturevalue("new_mariadb")(), layout, schema)
    values = ["0.10", "0.30", "123456789012.07", "1.005"]
    with closing(finance.open()) as ledger:
        assert {(finding.level, finding.code) for finding in ledger.check()} == {("warning", "ledger_column_double")}
        write(ledger, batch(*(posted(asset(n, value)) for n, value in enumerate(values))))
        with ledger.begin() as book:
            cards = book.cards([f"FA-{n}" for n in range(len(values))])
        assert [cards[f"FA-{n}"]["original_value"] for n in range(len(values))] == [Decimal(v) for v in values]
        assert verify(ledger, "main", layout).flaws == []
        finance.run("UPDATE fin.line SET debit = 0.11 WHERE debit = 0.1")
        assert {flaw.code for flaw in verify(ledger, "main", layout).flaws} == {"audit_voucher"}


# Names in letters of both cases, and words of SQL


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
def test_names_are_finances_own(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """Letters of both cases, Chinese, words of SQL, CHAR columns that pad: written, read, audited."""
    layout = loaded(RULES, MIXED).layout
    schema = MIXED_TABLES
    if kind == "mysql":
        schema = re.sub(r'fin\."(\w+)"', r"`fin_\1`", schema).replace('"', "`")
        layout = loaded(RULES, MIXED.replace('"fin"."Konto"', '"fin_Konto"')).layout
        finance = in_mysql(request.getfixturevalue("new_mariadb")(), layout, schema)
    elif kind == "sqlite":
        layout = loaded(RULES, MIXED.replace('"fin"."Konto"', '"fin_Konto"')).layout
        finance = in_sqlite(tmp_path / "finance.db", layout, re.sub(r'fin\."(\w+)"', r'"fin_\1"', schema))
    else:
        finance = in_postgres(request.getfixturevalue("new_database")(), layout, schema)
    with closing(finance.open()) as ledger:
        assert [(finding.code, finding.params) for finding in ledger.check()] == [("ledger_ready", {"layout": "mixed"})]
        write(ledger, batch(posted(asset(1)), posted(asset(2, "0.30"))))
        write(ledger, batch(posted(asset(3))))
        with ledger.begin() as book:
            assert book.cards(["FA-2"]) == {"FA-2": {"name": "lathe", "original_value": Decimal("0.30")}}
            assert book.lookup("account_id") == {"1601": 16010, "1002": 10020}
        verdict = verify(ledger, "main", layout)
        assert (verdict.vouchers, verdict.flaws) == (3, [])
        assert [(one.vouchers, one.by_hand, list(one.missing)) for one in verdict.series] == [(3, 0, [])]
        periods = [p for p in reading.periods(ledger, layout) if p.code == "2026-02"]
        found = list(balances.of_accounts(ledger, layout, periods, ["1601"]))
        assert [(e.number, str(e.debit)) for e in found] == [("1", "100.10"), ("2", "0.30"), ("3", "100.10")]


# Two companies' books in one database


def test_two_companies_number_and_close_each_its_own(new_database: Callable[[], str]) -> None:
    """Invariant 6: neither counts the other's vouchers, nor closes its periods; the audit of each is of its own."""
    north, south = (loaded(RULES, COMMON + CARDS + BOOK % (name, name, name)).layout for name in ("north", "south"))
    dsn, february = new_database(), north.kept("2026-02")
    finance = in_postgres(dsn, north, SCHEMA + BOOK_TABLES)
    theirs = postgres.connect(postgres.Settings(dsn), "south", south, TABLES, "m1")
    with closing(finance.open("north")) as one, closing(theirs) as other:
        assert one.acquire()
        assert other.acquire()
        assert [finding.code for finding in other.check()] == ["ledger_ready"]
        write(one, batch(posted(asset(1)), posted(asset(2))))
        write(other, batch(posted(asset(11))))
        finance.run("INSERT INTO fin.voucher VALUES ('south', '2026-02', '记', 2, '2026-02-03', 'by hand')")
        write(one, batch(posted(asset(3))))
        write(other, batch(posted(asset(12))))
        numbers = finance.run("SELECT company, number FROM fin.voucher ORDER BY company, number")
        assert numbers == [("north", 1), ("north", 2), ("north", 3), ("south", 1), ("south", 2), ("south", 3)]
        desk_closing.close(one, february, desk_closing.numbers(one, february), None, {}, BY)
        with one.begin() as book:
            assert not next(p for p in book.periods() if p.code == "2026-02").open
        with other.begin() as book:
            assert next(p for p in book.periods() if p.code == "2026-02").open
        write(other, batch(posted(asset(13))))
        with pytest.raises(Transient):
            write(one, batch(posted(asset(4))))
        for name, ledger, layout, by_hand in (("north", one, north, 0), ("south", other, south, 1)):
            verdict = verify(ledger, name, layout)
            series = [(s.period, s.type, s.by_hand, list(s.missing)) for s in verdict.series]
            assert (verdict.flaws, series) == ([], [("2026-02", "记", by_hand, [])])
        assert desk_closing.begun(one, north.kept("")) == "2026-02"
