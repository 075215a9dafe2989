"""The functions an expression may call, each with its kinds and how Python and the databases write it.

In a template `{0}` is the first argument. PostgreSQL's own function is the meaning; where it has none, the
PostgreSQL template is the meaning. Text is folded and compared by code point, so that no locale has a say.
In SQLite a function without a template is the runtime's own, registered by `sqlite.register_sqlite`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncd.change import Kind
from syncd.mapping.runtime import constant

B, I, D, T, DAY, MOMENT = Kind.BOOLEAN, Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP  # noqa: E741


@dataclass(frozen=True, slots=True)
class Builtin:
    """One signature of a function. A call takes the first whose parameters its arguments fit."""

    name: str
    params: tuple[Kind, ...]
    kind: Kind
    python: str
    postgres: str
    sqlite: str = ""
    mysql: str = ""


def _signatures() -> Iterator[Builtin]:
    yield Builtin("abs", (I,), I, "abs({0})", "abs({0})")
    yield Builtin("abs", (D,), D, "{0}.copy_abs()", "abs({0})")
    for name, python in (("round", "round_half_up"), ("trunc", "truncate")):
        yield Builtin(name, (D,), D, python + "({0})", name + "({0})")
        yield Builtin(name, (D, I), D, python + "({0}, {1})", name + "({0}, CAST({1} AS integer))")
    yield Builtin("floor", (D,), D, "floor({0})", "floor({0})")
    yield Builtin("ceil", (D,), D, "ceil({0})", "ceil({0})")
    for name in ("upper", "lower"):
        yield Builtin(name, (T,), T, name + "({0})", name + '({0} COLLATE "C")')
    for name, python, postgres in (("trim", "strip", "btrim"), ("ltrim", "lstrip", ""), ("rtrim", "rstrip", "")):
        yield Builtin(name, (T,), T, "{0}." + python + "(' ')", (postgres or name) + "({0})", name + "({0})")
        yield Builtin(
            name, (T, T), T, "{0}." + python + "({1})", (postgres or name) + "({0}, {1})", name + "({0}, {1})"
        )
    yield Builtin("length", (T,), I, "len({0})", "CAST(length({0}) AS bigint)", "length({0})")
    yield Builtin("left", (T, I), T, "{0}[:{1}]", "left({0}, CAST({1} AS integer))")
    yield Builtin("right", (T, I), T, "right({0}, {1})", "right({0}, CAST({1} AS integer))")
    yield Builtin("substr", (T, I), T, "substr({0}, {1})", "substr({0}, CAST({1} AS integer))")
    yield Builtin(
        "substr", (T, I, I), T, "substr({0}, {1}, {2})", "substr({0}, CAST({1} AS integer), CAST({2} AS integer))"
    )
    yield Builtin("replace", (T, T, T), T, "replace({0}, {1}, {2})", "replace({0}, {1}, {2})")
    yield Builtin("lpad", (T, I), T, "lpad({0}, {1})", "lpad({0}, CAST({1} AS integer))")
    yield Builtin("lpad", (T, I, T), T, "lpad({0}, {1}, {2})", "lpad({0}, CAST({1} AS integer), {2})")
    yield Builtin(
        "make_date",
        (I, I, I),
        DAY,
        "make_date({0}, {1}, {2})",
        "make_date(CAST({0} AS integer), CAST({1} AS integer), CAST({2} AS integer))",
    )
    for kind in (DAY, MOMENT):
        month = "date_trunc('month', {0})"
        back = "CAST({0} AS " + kind.value + ")"
        clock = "+ (CAST({0} AS timestamp) - date_trunc('day', CAST({0} AS timestamp)))" if kind is MOMENT else ""
        yield Builtin(
            "last_day", (kind,), kind, "last_day({0})", back.format(month + " + INTERVAL '1 month - 1 day'" + clock)
        )
        yield Builtin(
            "add_months",
            (kind, I),
            kind,
            "add_months({0}, {1})",
            back.format("{0} + make_interval(months => CAST({1} AS integer))"),
        )
    yield Builtin(
        "months_between_floor",
        (DAY, DAY),
        I,
        "months_between_floor({0}, {1})",
        "CAST((extract(year from {0}) - extract(year from {1})) * 12 + extract(month from {0}) - extract(month from {1})"
        " - CASE WHEN extract(day from {0}) < extract(day from {1}) THEN 1 ELSE 0 END AS bigint)",
    )


SIGNATURES: dict[str, tuple[Builtin, ...]] = {}
for _builtin in _signatures():
    SIGNATURES[_builtin.name] = (*SIGNATURES.get(_builtin.name, ()), _builtin)

SPECIAL = ("coalesce", "nullif", "greatest", "least", "concat", "date_trunc", "extract", "to_char", "uuid")
"""Functions whose kind depends on their arguments, or whose first argument is a word."""

NAMES = (*SIGNATURES, *SPECIAL)
SYNONYMS = {"substring": "substr", "ceiling": "ceil", "btrim": "trim", "char_length": "length"}
UNSTABLE = frozenset(
    "now random current_date current_time current_timestamp localtime localtimestamp clock_timestamp gen_random_uuid"
    " statement_timestamp transaction_timestamp timeofday nextval current_user session_user user setseed age".split()
)
"""What would give another answer tomorrow."""

UNITS = {
    "year": "{0}.replace(month=1, day=1{clock})",
    "quarter": "{0}.replace(month=({0}.month - 1) // 3 * 3 + 1, day=1{clock})",
    "month": "{0}.replace(day=1{clock})",
    "week": "monday({0}{midnight})",
    "day": "{0}{midnight}",
    "hour": "{0}.replace(minute=0, second=0, microsecond=0)",
    "minute": "{0}.replace(second=0, microsecond=0)",
}
FIELDS = {
    "year": "{0}.year",
    "quarter": "({0}.month + 2) // 3",
    "month": "{0}.month",
    "week": "{0}.isocalendar().week",
    "day": "{0}.day",
    "dow": "{0}.isoweekday() % 7",
    "isodow": "{0}.isoweekday()",
    "doy": "{0}.timetuple().tm_yday",
    "hour": "{0}.hour",
    "minute": "{0}.minute",
}
CLOCK = ("hour", "minute")
"""Units that a date does not have."""

_CLOCK_ZERO = "hour=0, minute=0, second=0, microsecond=0"


def date_trunc(unit: str, kind: Kind) -> Builtin:
    """The beginning of a unit of time. A date stays a date."""
    zero = _CLOCK_ZERO if kind is MOMENT else ""
    python = UNITS[unit].replace("{clock}", f", {zero}" if zero else "")
    python = python.replace("{midnight}", f".replace({zero})" if zero else "")
    return Builtin(
        "date_trunc", (kind,), kind, python, f"CAST(date_trunc('{unit}', CAST({{0}} AS timestamp)) AS {kind.value})"
    )


def extract(field: str, kind: Kind) -> Builtin:
    """A part of a date as a decimal, as in PostgreSQL."""
    return Builtin("extract", (kind,), D, f"Decimal({FIELDS[field]})", f"extract({field} from {{0}})")


_FORMAT = re.compile(r'(YYYY|MM|DD|HH24|MI|SS)|"([^"\\{}]*)"|([-/.:, ]+)')
_PARTS = {
    "YYYY": "0.year:04d",
    "MM": "0.month:02d",
    "DD": "0.day:02d",
    "HH24": "0.hour:02d",
    "MI": "0.minute:02d",
    "SS": "0.second:02d",
}
FORMATS = ("YYYY-MM", "YYYYMM", "YYYY-MM-DD", "YYYYMMDD", "YYYY", "MM", "DD", "YYYY-MM-DD HH24:MI:SS")


def to_char(form: str) -> Builtin | None:
    """A timestamp as text; None for a format that has other parts than YYYY MM DD HH24 MI SS, punctuation and
    text in double quotes."""
    pieces, at = [], 0
    while at < len(form):
        found = _FORMAT.match(form, at)
        if not found:
            return None
        word, quoted, between = found.groups()
        pieces.append("{{" + _PARTS[word] + "}}" if word else quoted or between or "")
        at = found.end()
    shown = form.replace("'", "''").replace("{", "{{").replace("}", "}}")
    return Builtin("to_char", (MOMENT,), T, repr("".join(pieces)) + ".format({0})", f"to_char({{0}}, '{shown}')")
