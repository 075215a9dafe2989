"""Expressions of every kind at random, as a person might write them, over one row of columns of every kind.

The text is PostgreSQL's own, so that the server can be asked what it means. Where our language keeps a date a
date and PostgreSQL would give a timestamp, the text says so with a cast.
"""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from syncd.change import Kind

COLUMNS = {
    "i": Kind.INTEGER,
    "j": Kind.INTEGER,
    "m": Kind.DECIMAL,
    "n": Kind.DECIMAL,
    "t": Kind.TEXT,
    "u": Kind.TEXT,
    "digits": Kind.TEXT,
    "d": Kind.DATE,
    "e": Kind.DATE,
    "at": Kind.TIMESTAMP,
    "p": Kind.BOOLEAN,
    "q": Kind.BOOLEAN,
}
SQL_TYPES = {
    Kind.INTEGER: "bigint",
    Kind.DECIMAL: "numeric",
    **{k: k.value for k in Kind if k not in ("integer", "decimal")},
}
SCALARS = (Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP, Kind.BOOLEAN)
LETTERS = "abAB01 '\\%_-|固定资产ßé\n𠮷"


def text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_LEAVES: dict[Kind, SearchStrategy[str]] = {
    Kind.INTEGER: st.integers(0, 40).map(str) | st.sampled_from(["-1", "-7", "1000", "123456"]),
    Kind.DECIMAL: st.decimals(0, 9999, places=2).map(str)
    | st.sampled_from(["0.5", "-0.005", "100.0", "1234567890123.45"]),
    Kind.TEXT: st.text(LETTERS, max_size=5).map(text_literal),
    Kind.DATE: st.dates().filter(lambda d: 1900 < d.year < 2100).map(lambda d: f"DATE '{d}'"),
    Kind.TIMESTAMP: st.datetimes().filter(lambda d: 1900 < d.year < 2100).map(lambda d: f"TIMESTAMP '{d}'"),
    Kind.BOOLEAN: st.sampled_from(["TRUE", "FALSE"]),
}


def _leaf(draw: DrawFn, kind: Kind) -> str:
    names = [name for name, k in COLUMNS.items() if k is kind]
    choice = draw(st.integers(0, 9))
    if choice < 6:
        return draw(st.sampled_from(names))
    return f"CAST(NULL AS {SQL_TYPES[kind]})" if choice == 6 else draw(_LEAVES[kind])


@st.composite
def expressions(draw: DrawFn, kind: Kind, depth: int = 4) -> str:
    """The text of an expression of a kind."""
    if depth <= 0 or draw(st.integers(0, 7)) == 0:
        return _leaf(draw, kind)

    def sub(wanted: Kind) -> str:
        return draw(expressions(wanted, depth - 1))

    def grouped(wanted: Kind) -> str:
        text = sub(wanted)
        return f"({text})" if draw(st.booleans()) else text

    forms = _FORMS[kind] + _ANY
    return forms[draw(st.integers(0, len(forms) - 1))](draw, kind, sub, grouped)


Sub = Callable[[Kind], str]
Form = Callable[[DrawFn, Kind, Sub, Sub], str]


def _small(draw: DrawFn) -> str:
    return str(draw(st.integers(-3, 7)))


def _case(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    otherwise = f" ELSE {sub(kind)}" if draw(st.booleans()) else ""
    if draw(st.booleans()):
        return f"CASE WHEN {sub(Kind.BOOLEAN)} THEN {sub(kind)}{otherwise} END"
    subject = draw(st.sampled_from(SCALARS))
    return (
        f"CASE {sub(subject)} WHEN {sub(subject)} THEN {sub(kind)} WHEN {sub(subject)} THEN {sub(kind)}{otherwise} END"
    )


def _choice(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    if kind is Kind.BOOLEAN:
        return f"coalesce({sub(kind)}, {sub(kind)})"
    name = draw(st.sampled_from(["coalesce", "nullif", "greatest", "least"]))
    if kind is Kind.TEXT and name in ("greatest", "least"):
        name = "coalesce"
    return f"{name}({sub(kind)}, {sub(kind)})"


def _mixed(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    name = draw(st.sampled_from(["coalesce", "greatest", "least"]))
    return f"{name}({sub(Kind.INTEGER)}, {sub(Kind.DECIMAL)})"


def _arithmetic(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    other = draw(st.sampled_from([Kind.INTEGER, Kind.DECIMAL])) if kind is Kind.DECIMAL else kind
    return f"{grouped(kind)} {draw(st.sampled_from('+-*'))} {_term(grouped(other))}"


def _term(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _divided(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    op = draw(st.sampled_from("/%"))
    zero = "0" if kind is Kind.INTEGER else "0.0"
    return f"({sub(kind)}) {op} nullif({sub(kind)}, {zero})"


def _comparison(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    of = draw(st.sampled_from(SCALARS))
    other = draw(st.sampled_from([Kind.INTEGER, Kind.DECIMAL])) if of in (Kind.INTEGER, Kind.DECIMAL) else of
    ops = ["=", "<>", "<", "<=", ">", ">=", "!=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
    return f"({sub(of)}) {draw(st.sampled_from(ops))} ({sub(other)})"


def _membership(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    of = draw(st.sampled_from(SCALARS))
    negated = draw(st.sampled_from(["", "NOT "]))
    if draw(st.booleans()):
        return f"({sub(of)}) {negated}BETWEEN ({sub(of)}) AND ({sub(of)})"
    if draw(st.booleans()) and of in _LEAVES:
        return f"({sub(of)}) {negated}IN ({draw(_LEAVES[of])}, {draw(_LEAVES[of])})"
    return f"({sub(of)}) {negated}IN ({sub(of)}, {sub(of)})"


def _like(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
    negated = draw(st.sampled_from(["", "NOT "]))
    if draw(st.booleans()):
        return f"({sub(Kind.TEXT)}) {negated}LIKE replace({sub(Kind.TEXT)}, '\\', '')"
    parts = draw(st.lists(st.sampled_from(["%", "_", "a", "固", "\\%", "\\_", "\\\\", "'", ".", "\n"]), max_size=4))
    return f"({sub(Kind.TEXT)}) {negated}LIKE {text_literal(''.join(parts))}"


def _plain(kind: Kind, *templates: str) -> list[Form]:
    """Forms from templates: `{i}` an integer, `{m}` a decimal, `{t}` text, `{d}` a date, `{at}` a timestamp, `{p}` a
    boolean, `{k}` a small number, `{(t)}` perhaps in parentheses."""
    places = {
        "i": Kind.INTEGER,
        "m": Kind.DECIMAL,
        "t": Kind.TEXT,
        "d": Kind.DATE,
        "at": Kind.TIMESTAMP,
        "p": Kind.BOOLEAN,
    }

    def form(template: str) -> Form:
        def fill(draw: DrawFn, kind: Kind, sub: Sub, grouped: Sub) -> str:
            text = template
            for place, of in places.items():
                while "{" + place + "}" in text:
                    text = text.replace("{" + place + "}", sub(of), 1)
                while "{(" + place + ")}" in text:
                    text = text.replace("{(" + place + ")}", grouped(of), 1)
            while "{k}" in text:
                text = text.replace("{k}", _small(draw), 1)
            return text

        return fill

    return [form(t) for t in templates]


_ANY: list[Form] = [_case, _choice]
_FORMS: dict[Kind, list[Form]] = {
    Kind.INTEGER: [
        _arithmetic,
        _arithmetic,
        _divided,
        *_plain(
            Kind.INTEGER,
            "-({i})",
            "abs({i})",
            "length({t})",
            "({d}) - ({d})",
            "CAST({m} AS integer)",
            "({m})::bigint",
            "CAST({p} AS integer)",
            "CAST(trim(digits) AS integer)",
            "CAST(CAST({i} AS text) AS bigint)",
            "CAST(extract(year from {d}) AS integer)",
            "months_between_floor({d}, {d})",
        ),
    ],
    Kind.DECIMAL: [
        _arithmetic,
        _arithmetic,
        _divided,
        _divided,
        _mixed,
        *_plain(
            Kind.DECIMAL,
            "-({m})",
            "abs({m})",
            "round({m})",
            "round({m}, {k})",
            "round(({m}) / 3, 2)",
            "trunc({m})",
            "trunc({m}, {k})",
            "floor({m})",
            "ceil({m})",
            "CAST({m} AS numeric(12, 2))",
            "CAST({i} AS numeric)",
            "CAST(digits AS numeric)",
            "({m}) % 7",
            "extract(month from {d})",
            "extract(quarter from {at})",
            "extract(doy from {d})",
            "extract(week from {d})",
            "extract(dow from {at})",
            "extract(hour from {at})",
        ),
    ],
    Kind.TEXT: _plain(
        Kind.TEXT,
        "{(t)} || {(t)}",
        "{(t)} || {(t)} || {t}",
        "({t}) || ({i})",
        "({m}) || ({t})",
        "({t}) || ({d}) || ({p}) || ({at})",
        "CAST({i} AS text)",
        "CAST({m} AS text)",
        "({m} / 3)::text",
        "CAST({d} AS text)",
        "CAST({at} AS text)",
        "CAST({p} AS text)",
        "upper({t})",
        "lower({t})",
        "trim({t})",
        "trim({t}, {t})",
        "trim(leading {t} from {t})",
        "ltrim({t}, 'a固')",
        "rtrim({t})",
        "left({t}, {k})",
        "right({t}, {k})",
        "substr({t}, {k})",
        "substring({t}, {k}, abs({k}))",
        "replace({t}, {t}, {t})",
        "lpad({t}, {k})",
        "lpad({t}, {k}, {t})",
        "concat({t}, {i}, {m}, {d})",
        "to_char({d}, 'YYYY-MM')",
        "to_char({at}, 'YYYYMMDD HH24:MI:SS')",
        'to_char({d}, \'YYYY"年"MM"月"\')',
    ),
    Kind.DATE: _plain(
        Kind.DATE,
        "({d}) + {k}",
        "({d}) - {k}",
        "{k} + ({d})",
        "CAST(({d}) + INTERVAL '{k} month' AS date)",
        "CAST(({d}) - INTERVAL '1 year 2 months 3 days' AS date)",
        "CAST(({d}) + INTERVAL '{k}' day AS date)",
        "CAST(date_trunc('month', {d}) AS date)",
        "CAST(date_trunc('quarter', {d}) AS date)",
        "CAST(date_trunc('year', {d}) AS date)",
        "CAST(date_trunc('week', {d}) AS date)",
        "CAST({at} AS date)",
        "CAST(CAST({d} AS text) AS date)",
        "make_date(2024, abs({k}) + 1, abs({k}) + 20)",
        "last_day({d})",
        "add_months({d}, {k})",
    ),
    Kind.TIMESTAMP: _plain(
        Kind.TIMESTAMP,
        "CAST({d} AS timestamp)",
        "({at}) + INTERVAL '{k} months'",
        "({at}) - INTERVAL '{k} days'",
        "({at}) + INTERVAL '{k} hours'",
        "({at}) - INTERVAL '1 day 90 minutes 5 seconds'",
        "({d}) + INTERVAL '{k} hours 30 minutes'",
        "date_trunc('hour', {at})",
        "date_trunc('minute', {at})",
        "date_trunc('day', {at})",
        "date_trunc('week', {at})",
        "date_trunc('month', {at})",
        "CAST(CAST({at} AS text) AS timestamp)",
        "last_day({at})",
        "add_months({at}, {k})",
    ),
    Kind.BOOLEAN: [
        _comparison,
        _comparison,
        _comparison,
        _membership,
        _membership,
        _like,
        *_plain(
            Kind.BOOLEAN,
            "{(p)} AND {(p)}",
            "{(p)} OR {(p)}",
            "{(p)} AND {(p)} OR {p}",
            "NOT {(p)}",
            "({p}) IS NULL",
            "({m}) IS NOT NULL",
            "({t}) IS NULL",
            "({p}) IS TRUE",
            "({p}) IS NOT FALSE",
            "({d}) < ({at})",
            "{(i)} + 1 > {(i)} * 2",
            "{(t)} || 'a' = {(t)}",
            "NOT {(i)} = {(i)}",
            "{(i)} - 1 BETWEEN {(i)} AND {(i)} + 10",
            "CAST(CAST({p} AS text) AS boolean)",
        ),
    ],
}
