"""The expression language: what it computes, what it refuses and how it says so. `tests/differential` compares it
with the databases; here stand its examples, its errors and its cost."""

import dis
import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from syncd import language
from syncd.change import Kind
from syncd.mapping.expression.parse import (
    RUNTIME,
    ExpressionError,
    Function,
    Kept,
    Missing,
    Name,
    Scope,
    Uncomputable,
    parse,
)
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.expression.terms import Many

SCOPE = {
    "after.status": Name("after[0]", Kind.TEXT, "asset.status"),
    "before.status": Name("before[0]", Kind.TEXT),
    "after.value": Name("after[1]", Kind.DECIMAL, "asset.value"),
    "after.count": Name("after[2]", Kind.INTEGER, "asset.count"),
    "after.bought": Name("after[3]", Kind.DATE, "asset.bought"),
    "after.seen": Name("after[4]", Kind.TIMESTAMP, "asset.seen"),
    "after.leased": Name("after[5]", Kind.BOOLEAN, "asset.leased"),
    "after.名称": Name("after[6]", Kind.TEXT, "asset.名称"),
    "op": Name("op", Kind.TEXT),
    "approval_above": Name("Decimal('5000000')", Kind.DECIMAL, "5000000"),
    "nothing": Name("None", Kind.TEXT, "NULL"),
}
AFTER = ("in_use", Decimal("12.50"), 7, date(2026, 1, 31), datetime(2026, 1, 31, 8, 5, 9, tzinfo=UTC), True, "机床")
BEFORE = ("draft",) + (None,) * 6
NULLS = (None,) * 7


def value(text: str, after: tuple[object, ...] = AFTER, **also: Any) -> Any:
    expression = parse(text, SCOPE, also.pop("functions", {}))
    return eval(expression.python(), {**RUNTIME, "after": after, "before": BEFORE, "op": "update", **also})


def refused(text: str, functions: dict[str, Function] | None = None) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, SCOPE, functions or {})
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'", True),
        ("op IN ('insert', 'update')", True),
        ("after.value > approval_above", False),
        ("AFTER.Value + 0.5", Decimal("13.00")),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7 / 2.0", Decimal("3.5000000000000000")),
        ("after.count * 100.0 / 3", Decimal("233.3333333333333333")),
        ("1 / 3.0 * 3", Decimal("0.99999999999999999999")),
        ("1000000 / 3.0", Decimal("333333.333333333333")),
        ("6.0 / 6", Decimal("1.00000000000000000000")),
        ("0 / 3.0", Decimal("0.00000000000000000000")),
        ("0.0 * -1", Decimal("0.0")),
        ("round(2.345, 2)", Decimal("2.35")),
        ("round(-2.345, 2)", Decimal("-2.35")),
        ("round(-0.001, 2)", Decimal("0.00")),
        ("round(1250, -2)", Decimal("1300")),
        ("round(after.count)", Decimal(7)),
        ("trunc(-2.99)", Decimal(-2)),
        ("floor(-2.5)", Decimal(-3)),
        ("ceiling(-2.5)", Decimal(-2)),
        ("'固定资产增加 ' || after.名称", "固定资产增加 机床"),
        ("'a' || after.count || after.value || after.bought || after.leased", "a712.502026-01-31true"),
        ("'o''clock \\n'", "o'clock \\n"),
        ("concat(after.名称, nothing, after.count)", "机床7"),
        ("upper('straße é')", "STRAßE é"),
        ("left(after.status, -3)", "in_"),
        ("right(after.status, 3)", "use"),
        ("right(after.status, 0)", ""),
        ("substr(after.status, 0, 3)", "in"),
        ("lpad(after.count::text, 5, '0')", "00007"),
        ("trim(both '_x' from 'x_a_')", "a"),
        ("replace(after.status, '', 'x')", "in_use"),
        ("length(after.名称)", 2),
        ("after.status LIKE 'in\\_%'", True),
        ("after.status NOT LIKE '_in%'", True),
        ("after.bought + INTERVAL '1 month'", date(2026, 2, 28)),
        ("after.bought - INTERVAL '1 year 1 month'", date(2024, 12, 31)),
        ("after.bought - DATE '2025-12-31'", 31),
        ("after.bought + 1", date(2026, 2, 1)),
        ("date_trunc('month', after.bought)", date(2026, 1, 1)),
        ("date_trunc('quarter', after.seen)", datetime(2026, 1, 1, tzinfo=UTC)),
        ("extract(year FROM after.bought)", Decimal(2026)),
        ("to_char(after.bought, 'YYYYMM')", "202601"),
        ('to_char(after.seen, \'YYYY"年"MM"月" HH24:MI\')', "2026年01月 08:05"),
        ("add_months(DATE '2024-01-31', 1)", date(2024, 2, 29)),
        ("last_day(after.bought - 31)", date(2025, 12, 31)),
        ("months_between_floor(DATE '2026-03-30', after.bought)", 1),
        ("months_between_floor(after.bought, DATE '2026-02-01')", -1),
        ("make_date(2026, after.count, 1)", date(2026, 7, 1)),
        ("CAST(' 12 ' AS integer)", 12),
        ("'1e3'::numeric::text", "1000"),
        ("'20260131'::date", date(2026, 1, 31)),
        ("12.345::numeric(10, 2)", Decimal("12.35")),
        ("2.5::integer", 3),
        ("after.seen::date", date(2026, 1, 31)),
        ("after.bought < after.seen", True),
        ("CASE after.count WHEN 7 THEN 'seven' ELSE 'other' END", "seven"),
        ("CASE WHEN after.leased THEN 1 ELSE 0.5 END", Decimal(1)),
        ("greatest(after.count, after.value, 3)", Decimal("12.50")),
        ("least(nothing, 'b', 'a')", "a"),
        ("nullif(after.count, 7)", None),
        ("coalesce(nothing, after.status)", "in_use"),
        ("after.count BETWEEN 1 AND 7", True),
        ("after.count + 1 NOT IN (1, 9)", True),
        ("NOT after.leased", False),
    ],
)
def test_an_expression_means_what_postgresql_means(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)
    assert str(found) == str(expected), "decimals keep PostgreSQL's places"


@pytest.mark.parametrize(
    "text",
    [
        "after.value + 1",
        "after.status || 'a'",
        "upper(after.status) = 'A'",
        "nothing = 'a'",
        "after.bought + 1",
        "after.count BETWEEN 1 AND 2",
        "after.status NOT IN ('a', 'b')",
        "NOT after.leased",
        "after.leased AND TRUE",
        "after.leased OR FALSE",
        "CASE WHEN after.leased THEN 1 END",
        "round(after.value / 3, 2)",
        "after.value = NULL",
        "after.status LIKE '%'",
        "coalesce(after.status, nothing)",
    ],
)
def test_null_goes_in_and_null_comes_out(text: str) -> None:
    assert value(text, NULLS) is None


@pytest.mark.parametrize("left", ["TRUE", "FALSE", "NULL::boolean", "after.leased"])
@pytest.mark.parametrize("right", ["TRUE", "FALSE", "NULL::boolean", "after.leased"])
@pytest.mark.parametrize("op", ["AND", "OR"])
@pytest.mark.parametrize("leased", [True, False, None])
def test_logic_has_three_values(left: str, op: str, right: str, leased: bool | None) -> None:
    after = (*NULLS[:5], leased, None)
    known = {"TRUE": True, "FALSE": False, "NULL::boolean": None, "after.leased": leased}
    a, b = known[left], known[right]
    decides = op == "OR"
    expected = decides if decides in (a, b) else None if None in (a, b) else not decides
    text = f"{left} {op} {right}"
    assert value(text, after) is expected
    assert value(f"NOT ({text})", after) is (None if expected is None else not expected)
    assert bool(eval(parse(text, SCOPE).condition(), {"after": after})) is (expected is True)
    assert bool(eval(parse(f"NOT ({text})", SCOPE).condition(), {"after": after})) is (expected is False)


def test_the_names_that_are_read_are_known() -> None:
    expression = parse("after.status = 'x' OR after.value > approval_above", SCOPE)
    assert expression.names == {"after.status", "after.value", "approval_above"}
    assert expression.kind is Kind.BOOLEAN


def test_an_expression_may_stand_within_another() -> None:
    """A name may be a compiled expression itself; their temporaries do not meet."""
    inner = parse("after.count + after.count * 2", SCOPE)
    scope = SCOPE | {"sum": Name(inner.python(), inner.kind)}
    outer = parse("after.count * 100 + sum", scope)
    assert eval(outer.python(), {**RUNTIME, "after": AFTER}) == 721


def test_what_is_read_twice_is_computed_once() -> None:
    counted: list[int] = []
    table = Function("table_", (Kind.INTEGER,), Kind.INTEGER)

    def look_up(key: int) -> int:
        counted.append(key)
        return key

    assert value("rate(after.count) BETWEEN 1 AND 9", functions={"rate": table}, table_=look_up) is True
    assert (
        value("CASE rate(after.count) WHEN 1 THEN 'a' WHEN 7 THEN 'b' END", functions={"rate": table}, table_=look_up)
        == "b"
    )
    assert counted == [7, 7]


def test_a_function_of_the_mapping_is_given_null_and_may_miss() -> None:
    table = Function("decide", (Kind.TEXT,), Kind.TEXT)

    def look_up(key: str | None) -> str:
        raise Missing("expense", str(key))

    with pytest.raises(Missing, match="7"):
        value("expense(after.count)", functions={"expense": table}, decide=look_up)
    with pytest.raises(Missing, match="None"):
        value("expense(nothing)", functions={"expense": table}, decide=look_up)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 / (after.count - 7)", "division_by_zero"),
        ("after.value % 0", "division_by_zero"),
        ("CAST(after.status AS numeric)", "unreadable"),
        ("after.status::date", "unreadable"),
        ("('2026-02-3' || 'x')::date", "unreadable"),
        ("make_date(2026, 2, 30)", "unreadable"),
        ("after.bought + 9999999", "out_of_range"),
        ("add_months(after.bought, 99999999)", "out_of_range"),
        ("12345.6::numeric(6, 2)", "out_of_range"),
        ("'99999999999999999999'::integer", "out_of_range"),
        ("substr(after.status, 1, -1)", "negative_length"),
        ("after.status LIKE after.名称 || '\\'", "unreadable"),
    ],
)
def test_what_has_no_value_for_a_row_says_why(text: str, code: str) -> None:
    with pytest.raises(Uncomputable) as caught:
        value(text)
    assert caught.value.code == code
    assert_said(caught.value)


@pytest.mark.parametrize(
    ("text", "code", "params", "offset"),
    [
        ("", "expression_empty", {}, 0),
        ("after.status =", "expression_syntax", {}, 13),
        ("after.status = 'a' 'b' c", "expression_syntax", {}, 23),
        ("1; 2", "expression_syntax", {"near": ";"}, 1),
        ("after.status = 'a", "expression_unfinished", {}, 17),
        ("(" * 2000 + "1" + ")" * 2000, "expression_deep", {}, 0),
        ("1 + after.stauts", "unknown_name", {"name": "after.stauts", "nearest": "after.status"}, 4),
        ("aproval_above > 1", "unknown_name", {"nearest": "approval_above"}, 0),
        ("1 + uper(after.status)", "unknown_function", {"nearest": "upper"}, 4),
        ("now()", "unstable_function", {"name": "now"}, 0),
        ("after.bought < current_date", "unstable_function", {"name": "current_date"}, 15),
        ("random() * 2", "unstable_function", {}, 0),
        ("after.status + 1", "wrong_kinds", {"operator": "+", "left": "text", "right": "integer"}, 0),
        ("after.status = 1", "wrong_kinds", {"operator": "=", "left": "text", "right": "integer"}, 0),
        ("after.bought = '2026-01-31'", "wrong_kinds", {"left": "date", "right": "text"}, 0),
        ("after.count IN (1, 'a')", "wrong_kinds", {}, 0),
        ("after.count || after.count", "wrong_kinds", {}, 0),
        ("CASE WHEN TRUE THEN 1 ELSE 'a' END", "wrong_kinds", {}, 20),
        ("coalesce(after.value, 'none')", "wrong_kinds", {"operator": "coalesce"}, 0),
        ("round(after.status)", "wrong_argument", {"function": "round", "kind": "text", "expected": "decimal"}, 6),
        ("left(after.status, 1.5)", "wrong_argument", {"expected": "integer"}, 19),
        ("concat(after.leased)", "wrong_argument", {}, 7),
        ("-after.status", "wrong_argument", {}, 1),
        ("round()", "wrong_count", {"given": "0", "expected": "1 | 2"}, 0),
        ("after.status AND TRUE", "not_boolean", {"operator": "AND", "kind": "text"}, 0),
        ("NOT after.count", "not_boolean", {}, 4),
        ("DATE '2026-02-30'", "bad_literal", {"kind": "date"}, 5),
        ("after.bought + INTERVAL '1 century'", "bad_literal", {}, 0),
        ("after.status LIKE 'a\\'", "bad_literal", {}, 0),
        ("after.value::money", "unknown_type", {"type": "money"}, 0),
        ("after.value::float", "unknown_type", {}, 0),
        ("after.bought::integer", "no_cast", {"kind": "date", "to": "integer"}, 0),
        ("extract(hour FROM after.bought)", "unknown_word", {"word": "hour"}, 18),
        ("date_trunc('mont', after.bought)", "unknown_word", {"nearest": "month"}, 0),
        ("to_char(after.bought, 'YYYY-Mon')", "unknown_word", {}, 0),
        ("to_char(after.bought, 'HH24')", "unknown_word", {}, 0),
        *((text, "subquery", {}, None) for text in ("(SELECT 1)", "after.count IN (SELECT 1)", "EXISTS (SELECT 1)")),
        *((text, "unsupported", {}, None) for text in (
            "after.value BETWEEN SYMMETRIC 1 AND 2", "after.status LIKE 'a' ESCAPE '!'", "a.b.c", "E'a'",
            "count(DISTINCT after.value)", "after.status ~ 'x'", "after.status SIMILAR TO 'x'", "f(x => 1)", "2 ^ 3",
            "after.status ILIKE 'a'", "CAST(after.bought AS date FORMAT 'x')", "after.status COLLATE \"C\"", "$1",
            "sum(after.value) OVER ()", "ARRAY[1]", "*",
        )),
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused(
    text: str, code: str, params: dict[str, str], offset: int | None
) -> None:
    error = refused(text)
    assert error.code == code
    assert params.items() <= error.params.items()
    assert offset is None or error.offset == offset
    assert_said(error)


def assert_said(error: ExpressionError | Uncomputable) -> None:
    """Both languages have the message and the hint, and nothing is left unfilled."""
    for spoken in ("en", "zh"):
        said = language.say(error.code, error.params, spoken) + language.hint(error.code, error.params, spoken)
        assert error.code not in said
        assert not re.search(r"\{[a-z]+\}", said), said


def test_ids_are_name_based_guids() -> None:
    """RFC 9562, 5.5: the same as the standard library's, and different for different splits of the same text."""
    namespace = UUID("6f1b3c0a-5d0e-5b1e-9d5a-3c5e2f7a4b81")
    assert value("uuid('registration/FA-1', 2)") == str(uuid5(namespace, "registration/FA-1|2"))
    assert len({value("uuid('a|b')"), value("uuid('a', 'b')"), value("uuid('a\\', 'b')")}) == 3
    assert value("uuid('a', after.status)", NULLS) is None


@pytest.mark.parametrize(
    ("text", "postgres", "sqlite"),
    [
        ("after.status = 'it''s'", "(asset.status = 'it''s')", "(asset.status = 'it''s' COLLATE BINARY)"),
        (
            "after.value > approval_above",
            "(asset.value > CAST(5000000 AS numeric))",
            "(syncd_compare_decimal(asset.value, '5000000') > 0)",
        ),
        (
            "round(after.value * 0.05, 2)",
            "round((CAST(asset.value AS numeric) * (0.05)), CAST(2 AS integer))",
            "syncd_round_decimal_integer(syncd_multiply_decimal(asset.value, '0.05'), 2)",
        ),
        (
            "date_trunc('month', after.bought)",
            "CAST(date_trunc('month', CAST(asset.bought AS date)) AS date)",
            "syncd_date_trunc_month_date(asset.bought)",
        ),
    ],
)
def test_an_expression_as_sql(text: str, postgres: str, sqlite: str) -> None:
    expression = parse(text, SCOPE)
    assert expression.sql("postgres") == postgres
    assert expression.sql("sqlite") == sqlite


@pytest.mark.parametrize("text", ["before.status", "uuid(after.status)", "table_(after.status)"])
def test_what_has_no_sql_says_so(text: str) -> None:
    expression = parse(text, SCOPE, {"table_": Function("table_", (Kind.TEXT,), Kind.TEXT)})
    with pytest.raises(ExpressionError) as caught:
        expression.sql("postgres")
    assert caught.value.code == "no_sql"
    assert_said(caught.value)


def test_money_is_exact_in_sqlite() -> None:
    """Invariant 7: amounts that a float would lose keep every digit, in arithmetic, in comparison and in sums."""
    with closing(sqlite3.connect(":memory:")) as connection:
        register_sqlite(connection)
        connection.execute("CREATE TABLE asset (value TEXT)")
        connection.executemany("INSERT INTO asset VALUES (?)", [("99999999999999999.99",), ("0.01",), (None,)])
        added = parse("after.value + 0.01", SCOPE).sql("sqlite")
        above = parse("after.value > 99999999999999999.98", SCOPE).sql("sqlite")
        rows = connection.execute(f"SELECT {added}, {above} FROM asset").fetchall()
        assert rows == [("100000000000000000.00", 1), ("0.02", 0), (None, None)]
        assert connection.execute("SELECT syncd_sum(value) FROM asset").fetchone() == ("100000000000000000.00",)


def test_what_sqlite_made_a_float_is_read_as_it_was_written() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        register_sqlite(connection)
        connection.execute("CREATE TABLE asset (value NUMERIC(18, 2), seen TEXT)")
        connection.execute("INSERT INTO asset VALUES ('1234567890.12', '2026-01-31T08:00:00+08:00')")
        asked = parse("after.value + 0.1", SCOPE).sql("sqlite"), parse("after.seen::text", SCOPE).sql("sqlite")
        assert connection.execute(f"SELECT {', '.join(asked)} FROM asset").fetchone() == (
            "1234567890.22",
            "2026-01-31 00:00:00",
        )
        odd = [("12.5",), ("n/a",), ("NaN",), (None,)]
        assert [connection.execute("SELECT syncd_amount(?)", v).fetchone()[0] for v in odd] == [
            "12.5",
            None,
            None,
            None,
        ]


@pytest.mark.parametrize(
    "text", ["after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'", "after.value > approval_above"]
)
def test_a_condition_calls_nothing(text: str) -> None:
    """It is asked of every change: comparisons and jumps, no function."""
    code = compile(parse(text, SCOPE).condition(), "condition", "eval")
    assert not [step.opname for step in dis.get_instructions(code) if step.opname.startswith("CALL")]


def lines(variable: str, kind: Kind = Kind.DECIMAL) -> Scope:
    """The scope of a document with lines of its own."""
    return {"item.amount": Name(f"{variable}[0]", kind, many=Many("item", f"{variable}s", (variable,)))}


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (
            "after.count + 1",
            [SCOPE, {**SCOPE, "op": Name("o", Kind.TEXT)}, {"after.count": Name("j0[9]", Kind.DECIMAL)}],
        ),
        ("x.y > 1", [{"x.y": Name("a[0]", Kind.INTEGER, sql)} for sql in ("one", "another")]),
        ("approval_above", [SCOPE, {"approval_above": Name("Decimal('7')", Kind.DECIMAL, "7")}]),
        ("after.seen::date", [SCOPE, SCOPE]),
        ("sum(item.amount)", [lines("l0"), lines("l1"), lines("l0", Kind.INTEGER)]),
        ("count(*)", [lines("l0"), lines("l1")]),
        ("greatest(1, 2)", [{}, SCOPE]),
    ],
)
def test_a_text_that_was_read_before_is_read_alike(text: str, scopes: list[Scope]) -> None:
    """In whatever order and as often as it is met, on whichever clock: what is kept of it makes no difference."""
    kept: Kept = {}
    for zone in ("UTC", "Asia/Shanghai"):
        for scope in (*scopes, *scopes[::-1]):
            assert parse(text, scope, {}, zone, kept) == parse(text, scope, {}, zone)
    read = [found for _, several in kept.items() for _, found in several]
    assert len(read) <= 2 * len(scopes)


def test_a_text_that_was_read_where_its_names_are_known_is_unknown_elsewhere() -> None:
    kept: Kept = {}
    parse("after.count + 1", SCOPE, {}, "UTC", kept)
    with pytest.raises(ExpressionError, match="unknown_name"):
        parse("after.count + 1", {}, {}, "UTC", kept)
