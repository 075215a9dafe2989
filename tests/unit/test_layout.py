"""Layouts: how cards, vouchers and entries lie in finance's tables, and what may be asked of that."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.change import Kind
from syncd.errors import Halt
from syncd.mapping.expression.parse import Expression, parse
from syncd.mapping.language.explain import explain
from syncd.mapping.layout.fields import UnreadableField
from syncd.mapping.layout.queries import account_lookup
from syncd.mapping.layout.tables import ENTRY_SCOPE, card_names, card_scope, lookup_function, lookups_called, plain_name
from syncd.ports import Numbered, Period
from tests.unit import lab
from tests.unit.paper import EXAMPLE, MACHINE, example, loaded, only, variant

LEGACY = EXAMPLE.parent.parent / "legacy"
LOOKUPS = {name: lookup_function(name) for name in ("account_id", "dept")}
SCOPE = ENTRY_SCOPE | card_scope({"dept": Kind.TEXT, "name": Kind.TEXT})


def read(text: str) -> Expression:
    return parse(text, SCOPE, LOOKUPS)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Account_ID ( entry.account )", {"account_id"}),
        ("'account_id(x)' || entry.account", set()),
        (
            "CASE WHEN entry.debit > 0 THEN dept(entry.account) ELSE account_id(entry.account) END",
            {"account_id", "dept"},
        ),
        ("dept(account_id(entry.account)) || '-'", {"account_id", "dept"}),
        ("card.dept || ' dept (' || entry.account || ')'", set()),
    ],
)
def test_the_lookups_that_an_expression_calls_are_those_of_its_meaning(text: str, called: set[str]) -> None:
    assert lookups_called(read(text)) == called


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Voucher.Key", "voucher.key"),
        ("( entry.account )", "entry.account"),
        ("entry.account || ''", ""),
        ("'card.name'", ""),
        ("card.name", "card.name"),
    ],
)
def test_an_expression_is_a_plain_name_however_it_is_written(text: str, name: str) -> None:
    assert plain_name(read(text)) == name


def test_two_spellings_of_one_expression_are_one() -> None:
    assert read("ACCOUNT_ID(entry.account)").term == account_lookup("account_id").term
    assert read("dept(entry.account)").term != account_lookup("account_id").term
    assert read("entry.debit-entry.credit").term == read("(entry.debit  -  Entry.Credit)").term
    assert card_names(read("card.dept || card.asset_code")) == {"dept"}


def test_queries_read_what_the_layout_writes() -> None:
    layout = loaded(EXAMPLE).layout
    assert layout.card_query() == (
        "SELECT c0.asset_code, c0.name, c0.dept, c0.original_value, c0.accumulated_depreciation"
        " FROM fin.card AS c0 WHERE c0.asset_code = ?"
    )
    assert layout.card_row(("FA-1", "机床", None, "120000.00", 5)) == {
        "name": "机床", "dept": None, "original_value": Decimal("120000.00"), "accumulated_depreciation": Decimal(5),
    }  # fmt: skip
    flawed = layout.card_row(("FA-1", "机床", None, 0.1, 5))
    assert flawed.get("name") == "机床"
    with pytest.raises(UnreadableField, match=r"original_value.*0\.1"):
        flawed.get("original_value")
    assert layout.last_number(("2026-01", "记")) == (
        "SELECT coalesce(max(number), 0) FROM fin.voucher WHERE period = ? AND type = ?",
        ["2026-01", "记"],
    )
    assert layout.voucher_ref("2026-02", "记", 12, "key") == "2026-02 记-12"


def test_a_layout_says_how_many_places_finance_keeps_of_a_card(tmp_path: Path) -> None:
    """A change finds the same on a card that its own batch wrote as on one that finance gives back. Invariant 13."""
    layout = variant(tmp_path, {"original_value": "money", "accumulated_depreciation": {"decimal": 4}}).layout
    assert [layout.places(f) for f in ("original_value", "accumulated_depreciation", "name")] == [2, 4, None]


def test_a_layout_need_not_say_how_many_places_there_are() -> None:
    assert loaded(EXAMPLE).layout.places("original_value") is None


def test_a_layout_tells_which_column_holds_a_field_as_it_is(tmp_path: Path) -> None:
    """Whatever the expression looks like as text."""
    periods = _periods()[:1]
    assert set(loaded(EXAMPLE).layout.holds("voucher.key", periods)) == {("fin.voucher", "external_key")}
    assert set(loaded(EXAMPLE).layout.holds("card.original_value", ())) == {("fin.card", "original_value")}
    assert set(loaded(EXAMPLE).layout.holds("entry.dept", periods)) == {("fin.entry", "dept")}


def test_what_a_lookup_gives_may_lie_in_a_column_of_any_kind() -> None:
    """An id that is a number: `syncd check` must not take its column for a mistake. Invariant 15."""
    periods = _periods()[:1]
    written = loaded(LEGACY / "finance_ids.yaml").layout.writes(periods)
    assert written["t_voucherentry"]["faccountid"] is Kind.NULL
    assert written["t_card"]["fdeptid"] is Kind.NULL
    assert written["t_card"]["fnumber"] is Kind.TEXT


def test_a_layout_tells_every_table_and_kind_it_writes() -> None:
    written = loaded(EXAMPLE).layout.writes([])
    assert set(written) == {"fin.card", "fin.inventory"}
    periods = [period for period in _periods() if period.code.startswith("2026")]
    assert set(loaded(EXAMPLE).layout.writes(periods)) == {"fin.card", "fin.inventory", "fin.voucher", "fin.entry"}
    assert written["fin.inventory"] == {"asset_code": "text", "counted": "boolean"}
    assert written["fin.card"]["original_value"] == "decimal"


def test_a_card_is_opened_whole_and_changed_in_part() -> None:
    paper = example()
    opened = only(paper.post(paper.insert("asset", **MACHINE)))
    moved = only(paper.post(paper.update("asset", MACHINE, department_id=2)))
    writes = list(paper.mapping.layout.render([Numbered(opened, 1), Numbered(moved, 0)], {"account": {}}))
    cards = [w for w in writes if w.table == "fin.card"]
    whole = ("asset_code", "name", "dept", "original_value", "accumulated_depreciation")
    assert [(w.verb, w.columns, w.key) for w in cards] == [
        ("open", whole, ("asset_code",)),
        ("update", ("asset_code", "dept"), ("asset_code",)),
    ]
    assert cards[1].rows == [("FA-1", "YF")]


def _periods() -> list[Period]:
    return [Period(f"2026-{m:02}", date(2026, m, 1), date(2026, m, 28), True) for m in range(1, 13)]


@pytest.mark.parametrize(
    ("periods", "told"),
    [
        (
            "{closed_until: SELECT max(last) FROM gl_period WHERE open = 0}",
            [("2026-02", "2026-02-01"), ("2026-02", "2026-02-09")],
        ),
        ("{closed_until: \"SELECT '2026-02-04'\"}", [("2026-02", "2026-02-05"), ("2026-02", "2026-02-09")]),
        ("open", [("2026-01", "2026-01-20"), ("2026-02", "2026-02-09")]),
    ],
)
def test_a_closed_day_moves_what_comes_late_behind_it(periods: str, told: list[tuple[str, str]]) -> None:
    """Invariant 13: the day of the event is kept beside."""
    said = next(line for line in lab.FINANCE.splitlines() if line.startswith("periods:"))
    one = lab.Lab(lab.BILLS, finance=lab.FINANCE.replace(said, f"periods: {periods}"))
    one.database.execute("UPDATE gl_period SET open = 0 WHERE code = '2026-01'")
    for n, day in enumerate((date(2026, 1, 20), date(2026, 2, 9))):
        one.commit(one.insert("bill", id=n, amount=Decimal("10.00"), on_=day))
    one.rest()
    assert one.ask("SELECT period, date FROM gl_voucher ORDER BY event_date") == told


PERIODS = next(line for line in lab.FINANCE.splitlines() if line.startswith("periods:"))
CLOSED = 'periods: {closed_until: "SELECT %s"}'
OPEN_ENDED = "CASE WHEN code = '2026-02' THEN %s ELSE last END"


@pytest.mark.parametrize(
    "periods",
    [
        *(CLOSED % said for said in ("NULL", "'0000-00-00'", "'0000-00-00 00:00:00'", "''", "0")),
        *(PERIODS.replace("last: last", f'last: "{OPEN_ENDED % said}"') for said in ("NULL", "'0000-00-00'")),
    ],
)
def test_no_day_closes_nothing_and_ends_nothing(periods: str) -> None:
    """NULL and what stands for it: the books are open, a period goes on until the next."""
    one = lab.Lab(lab.BILLS, finance=lab.FINANCE.replace(PERIODS, periods))
    for n, day in enumerate((date(2026, 2, 9), date(2026, 3, 9))):
        one.commit(one.insert("bill", id=n, amount=Decimal("10.00"), on_=day))
    one.rest()
    assert [(period, day) for period, _, day, _ in one.vouchers] == [
        ("2026-02", "2026-02-09"),
        ("2026-03", "2026-03-09"),
    ]


@pytest.mark.parametrize("said", ["2026-01-31", "2026-01-31 ", "20260131", datetime(2026, 1, 30, 16, tzinfo=UTC)])
def test_a_closing_stamp_is_a_day_of_the_books(said: object) -> None:
    """Time is where the books are: midnight in Shanghai is the day before by UTC."""
    layout = lab.loaded(lab.BILLS, lab.FINANCE.replace(PERIODS, CLOSED % "closed FROM book")).layout
    assert layout.zone == "Asia/Shanghai"
    january, february = (p for p in layout.periods([(said,)]) if p.code in ("2026-01", "2026-02"))
    assert (january.open, january.since, february.begins) == (False, None, date(2026, 2, 1))


@pytest.mark.parametrize(
    ("periods", "code", "params"),
    [
        (CLOSED % "'31/01/2026'", "finance_period_no_day", ("periods", "closed_until", "'31/01/2026'")),
        (CLOSED % "202601", "finance_period_no_day", ("periods", "closed_until", "'202601'")),
        (PERIODS.replace("first: first", "first: NULL"), "finance_period_no_day", ("gl_period", "NULL", "NULL")),
        (PERIODS.replace("code: code", "code: NULL"), "finance_period_no_code", ("gl_period", "NULL", "NULL")),
        ("periods: {query: \"SELECT '2026-01', '1.1.26', '31.1.26', 1\"}", "finance_period_no_day", ("'31.1.26'",)),
        ("periods: {query: SELECT 1}", "finance_periods_columns", ("1", "4")),
    ],
)
def test_periods_that_cannot_be_read_stop_with_the_place_and_the_value(
    periods: str, code: str, params: tuple[str, ...]
) -> None:
    """Invariant 15: not `unexpected` at every start; `syncd check` says the same."""
    one, finance = lab.Lab(lab.BILLS), lab.FINANCE.replace(PERIODS, periods)
    one.mapping = lab.loaded(lab.BILLS, finance)
    assert [f.level for f in one.open_ledger().check() if f.code == code] == ["error"]
    with pytest.raises(Halt) as halt:
        lab.Lab(lab.BILLS, finance=finance)
    assert halt.value.code == code
    assert set(params) <= set(halt.value.params.values())


def test_lookups_take_codes_of_any_kind() -> None:
    """Numbers and days as finance keeps them: what `mapping check` takes, the daemon looks up."""
    finance = lab.FINANCE.replace(
        "  dept:",
        "  day_id: {table: gl_day, code: day, gives: id}\n  number_id: {table: gl_day, code: id, gives: day}\n  dept:",
    )
    finance = finance.replace(
        "batch_no: voucher.batch_no", "batch_no: day_id(voucher.date), prepared_by: number_id(voucher.attachments)"
    )
    finance = finance.replace(" prepared_by: voucher.prepared_by,", "")
    sql = lab.SQL + "CREATE TABLE gl_day (day TEXT, id INTEGER); INSERT INTO gl_day VALUES ('2026-02-09', 7);"
    mapping = lab.BILLS.replace("    voucher:\n", "    voucher:\n      fields: {attachments: after.id}\n")
    one = lab.Lab(mapping, finance=finance, sql=sql)
    for n, day in ((7, date(2026, 2, 9)), (8, date(2026, 2, 9)), (7, date(2026, 2, 10))):
        one.commit(one.insert("bill", id=n, amount=Decimal("10.00"), on_=day))
    one.rest()
    assert one.ask("SELECT batch_no, prepared_by FROM gl_voucher") == [(7, "2026-02-09")]
    assert [code for _, _, code in one.parked] == ["unknown_lookup", "unknown_lookup"]


def test_rows_of_other_tables_may_ask_a_lookup() -> None:
    """An id where the EAM has a code; a code that finance does not know parks the row by itself."""
    written = "    write:\n      - {table: gl_note, key: id, values: {id: after.id, dept_no: dept(after.note)}}\n"
    mapping = lab.BILLS.replace("amount: money,", "amount: money, note: text,").replace(
        "    voucher:\n", f"{written}    voucher:\n"
    )
    finance = lab.FINANCE.replace("gives: code}\naccounts", "gives: no}\naccounts")
    tables = "CREATE TABLE gl_note (id INTEGER PRIMARY KEY, dept_no INTEGER);"
    sql = f"{lab.SQL}ALTER TABLE gl_dept ADD no INTEGER; UPDATE gl_dept SET no = 7; {tables}"
    one = lab.Lab(mapping, finance=finance, sql=sql)
    for n, note in enumerate(("SC", None, "XX")):
        one.commit(one.insert("bill", id=n, amount=Decimal("10.00"), note=note, on_=date(2026, 2, 9)))
    one.rest()
    assert one.ask("SELECT id, dept_no FROM gl_note ORDER BY id") == [(0, 7), (1, None)]
    assert [code for _, _, code in one.parked] == ["unknown_lookup"]
    assert one.mapping.layout.writes([])["gl_note"] == {"id": Kind.INTEGER, "dept_no": Kind.NULL}
    (line,) = [line for line in explain(one.mapping) if line.finance == "gl_note.dept_no"]
    assert (line.columns, line.through) == (("bill.note",), ("write", "dept()"))
