"""The functions an expression may call, each with its kinds and how Python and the databases write it.

In a template `{0}` is the first argument. PostgreSQL's own function is the meaning; where it has none, the
PostgreSQL template is the meaning. Text is folded and compared by code point, so that no locale has a say.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase

from syncd.change import Kind

NUMBER, AMOUNT, TEXT, DATE, TIMESTAMP = Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP


@dataclass(frozen=True, slots=True)
class Builtin:
    """One signature of a function: a call takes the first whose parameters its arguments fit. Without a template
    for SQLite the runtime's own function is called there; without one for PostgreSQL or MySQL there is none."""

    name: str
    params: tuple[Kind, ...]
    kind: Kind
    python: str
    postgres: str = ""
    sqlite: str = ""
    mysql: str = ""

    @property
    def label(self) -> str:
        """Tells signatures apart: `round_decimal_integer`."""
        return "_".join([self.name, *self.params])


def _native(name: str, params: tuple[Kind, ...], kind: Kind, python: str, sqlite: str = "") -> Builtin:
    """A function that PostgreSQL has under the same name; its counts and places are of type integer there."""
    args = [f"CAST({{{i}}} AS integer)" if p is NUMBER else f"{{{i}}}" for i, p in enumerate(params)]
    return Builtin(name, params, kind, python, f"{name}({', '.join(args)})", sqlite)


def _replaced(letters: str, others: str) -> str:
    """Letter by letter."""
    template = "{0}"
    for one, other in zip(letters, others, strict=True):
        template = f"replace({template}, '{one}', '{other}')"
    return template


_MONTHS = "(extract(year from {0}) - extract(year from {1})) * 12 + extract(month from {0}) - extract(month from {1})"
_UNFINISHED = "CASE WHEN extract(day from {0}) < extract(day from {1}) THEN 1 ELSE 0 END"
_TIME_OF_DAY = "({0} - date_trunc('day', {0}))"

_ALL = (
    Builtin("abs", (NUMBER,), NUMBER, "abs({0})", "abs({0})"),
    _native("abs", (AMOUNT,), AMOUNT, "{0}.copy_abs()"),
    _native("round", (AMOUNT,), AMOUNT, "round_half_up({0})"),
    _native("round", (AMOUNT, NUMBER), AMOUNT, "round_half_up({0}, {1})"),
    _native("trunc", (AMOUNT,), AMOUNT, "truncate({0})"),
    _native("trunc", (AMOUNT, NUMBER), AMOUNT, "truncate({0}, {1})"),
    _native("floor", (AMOUNT,), AMOUNT, "floor({0})"),
    _native("ceil", (AMOUNT,), AMOUNT, "ceil({0})"),
    Builtin("upper", (TEXT,), TEXT, "upper({0})", 'upper({0} COLLATE "C")'),
    Builtin("lower", (TEXT,), TEXT, "lower({0})", 'lower({0} COLLATE "C")'),
    Builtin("trim", (TEXT,), TEXT, "{0}.strip(' ')", "btrim({0})", "trim({0})"),
    Builtin("trim", (TEXT, TEXT), TEXT, "{0}.strip({1})", "btrim({0}, {1})", "trim({0}, {1})"),
    _native("ltrim", (TEXT,), TEXT, "{0}.lstrip(' ')", "ltrim({0})"),
    _native("ltrim", (TEXT, TEXT), TEXT, "{0}.lstrip({1})", "ltrim({0}, {1})"),
    _native("rtrim", (TEXT,), TEXT, "{0}.rstrip(' ')", "rtrim({0})"),
    _native("rtrim", (TEXT, TEXT), TEXT, "{0}.rstrip({1})", "rtrim({0}, {1})"),
    Builtin("length", (TEXT,), NUMBER, "len({0})", "CAST(length({0}) AS bigint)", "length({0})"),
    _native("left", (TEXT, NUMBER), TEXT, "{0}[:{1}]"),
    _native("right", (TEXT, NUMBER), TEXT, "right({0}, {1})"),
    _native("substr", (TEXT, NUMBER), TEXT, "substr({0}, {1})"),
    _native("substr", (TEXT, NUMBER, NUMBER), TEXT, "substr({0}, {1}, {2})"),
    _native("replace", (TEXT, TEXT, TEXT), TEXT, "replace({0}, {1}, {2})"),
    _native("lpad", (TEXT, NUMBER), TEXT, "lpad({0}, {1})"),
    _native("lpad", (TEXT, NUMBER, TEXT), TEXT, "lpad({0}, {1}, {2})"),
    _native("make_date", (NUMBER, NUMBER, NUMBER), DATE, "make_date({0}, {1}, {2})"),
    Builtin("last_day", (DATE,), DATE, "last_day({0})",
            "CAST(date_trunc('month', {0}) + INTERVAL '1 month -1 day' AS date)"),
    Builtin("last_day", (TIMESTAMP,), TIMESTAMP, "last_day({0})",
            "(date_trunc('month', {0}) + INTERVAL '1 month -1 day' + " + _TIME_OF_DAY + ")"),
    *(Builtin("add_months", (kind, NUMBER), kind, "add_months({0}, {1})",
              "CAST({0} + make_interval(months => CAST({1} AS integer)) AS " + kind.value + ")")
      for kind in (DATE, TIMESTAMP)),
    Builtin("months_between_floor", (DATE, DATE), NUMBER, "months_between_floor({0}, {1})",
            f"CAST({_MONTHS} - {_UNFINISHED} AS bigint)"),
)  # fmt: skip


_FROM, _REST = "greatest({1}, 1)", "greatest({2} + least({1} - 1, 0), 0)"
_MYSQL = {
    "abs_integer": "abs({0})",
    "abs_decimal": "abs({0})",
    "round_decimal": "round({0})",
    "round_decimal_integer": "round({0}, {1})",
    "trunc_decimal": "truncate({0}, 0)",
    "trunc_decimal_integer": "truncate({0}, {1})",
    "floor_decimal": "floor({0})",
    "ceil_decimal": "ceiling({0})",
    "upper_text": _replaced(ascii_lowercase, ascii_uppercase),
    "lower_text": _replaced(ascii_uppercase, ascii_lowercase),
    "trim_text": "trim({0})",
    "ltrim_text": "ltrim({0})",
    "rtrim_text": "rtrim({0})",
    "length_text": "char_length({0})",
    "left_text_integer": "left({0}, CASE WHEN {1} < 0 THEN greatest(char_length({0}) + {1}, 0) ELSE {1} END)",
    "right_text_integer": "right({0}, CASE WHEN {1} < 0 THEN greatest(char_length({0}) + {1}, 0) ELSE {1} END)",
    "substr_text_integer": f"substring({{0}}, {_FROM})",
    "substr_text_integer_integer": f"substring({{0}}, {_FROM}, {_REST})",
    # A NULL that nothing is replaced with must still make NULL of all.
    "replace_text_text_text": "CASE WHEN {2} IS NOT NULL THEN replace({0}, {1}, {2}) END",
    "lpad_text_integer": "lpad({0}, greatest({1}, 0), ' ')",
    "last_day_date": "last_day({0})",
    "last_day_timestamp": "({0} + INTERVAL (dayofmonth(last_day({0})) - dayofmonth({0})) DAY)",
    "add_months_date_integer": "({0} + INTERVAL ({1}) MONTH)",
    "add_months_timestamp_integer": "({0} + INTERVAL ({1}) MONTH)",
    "months_between_floor_date_date": "((year({0}) - year({1})) * 12 + month({0}) - month({1})"
    " - (dayofmonth({0}) < dayofmonth({1})))",
}
"""By label. MySQL's own functions fold more letters than a to z, count other places and read text with leniency."""


def _by_name(builtins: Iterable[Builtin]) -> dict[str, tuple[Builtin, ...]]:
    grouped: dict[str, tuple[Builtin, ...]] = {}
    for bare in builtins:
        builtin = replace(bare, mysql=_MYSQL.get(bare.label, ""))
        grouped[builtin.name] = (*grouped.get(builtin.name, ()), builtin)
    return grouped


SIGNATURES = _by_name(_ALL)
SPECIAL = (
    *("coalesce", "nullif", "greatest", "least", "concat", "date_trunc", "extract", "to_char", "uuid"),
    *("cardinality", "array_length"),
)
"""Functions whose kind depends on their arguments, or one of whose arguments is a word."""

AGGREGATES = ("sum", "count", "min", "max")
"""What is made of the lines of a document."""

KEY_TEXT = Builtin("moment_text", (TIMESTAMP,), TEXT, "moment_text({0})")
"""How a key spells a moment."""

NAMES = (*SIGNATURES, *SPECIAL, *AGGREGATES)
SYNONYMS = {"substring": "substr", "ceiling": "ceil", "btrim": "trim", "char_length": "length"}
UNSTABLE = frozenset({
    "now", "random", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "timeofday",
    "clock_timestamp", "statement_timestamp", "transaction_timestamp", "current_user", "session_user", "user", "age",
    "gen_random_uuid", "nextval", "setseed",
})  # fmt: skip
"""What would give another answer tomorrow."""

_DAY = "{0}.year, {0}.month, {0}.day"
UNITS = {
    "year": "{0}.year, 1, 1",
    "quarter": "{0}.year, ({0}.month - 1) // 3 * 3 + 1, 1",
    "month": "{0}.year, {0}.month, 1",
    "week": _DAY,
    "day": _DAY,
    "hour": _DAY + ", {0}.hour",
    "minute": _DAY + ", {0}.hour, {0}.minute",
}
"""Units of time, and the parts of a moment that make their beginning."""

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
_TODAY = "CAST({0} AS DATE)"
_MYSQL_UNITS = {
    "year": "makedate(year({0}), 1)",
    "quarter": "(makedate(year({0}), 1) + INTERVAL (quarter({0}) * 3 - 3) MONTH)",
    "month": f"({_TODAY} - INTERVAL (dayofmonth({{0}}) - 1) DAY)",
    "week": f"({_TODAY} - INTERVAL weekday({{0}}) DAY)",
    "day": _TODAY,
    "hour": f"({_TODAY} + INTERVAL hour({{0}}) HOUR)",
    "minute": f"({_TODAY} + INTERVAL (hour({{0}}) * 60 + minute({{0}})) MINUTE)",
}
_MYSQL_FIELDS = {
    **{word: f"{word}({{0}})" for word in ("year", "quarter", "month", "hour", "minute")},
    "week": "week({0}, 3)",
    "day": "dayofmonth({0})",
    "dow": "(dayofweek({0}) - 1)",
    "isodow": "(weekday({0}) + 1)",
    "doy": "dayofyear({0})",
}
CLOCK = ("hour", "minute")
"""Words that a date does not know."""


def date_trunc(unit: str, kind: Kind) -> Builtin:
    """The beginning of a unit of time. A date stays a date."""
    parts = UNITS[unit]
    python = f"date({parts})" if kind is DATE else f"datetime({parts})"
    python = f"monday({python})" if unit == "week" else python
    postgres = f"CAST(date_trunc('{unit}', {{0}}) AS {kind.value})"
    mysql = _MYSQL_UNITS[unit] if kind is DATE else f"CAST({_MYSQL_UNITS[unit]} AS DATETIME(6))"
    return Builtin(f"date_trunc_{unit}", (kind,), kind, python, postgres, mysql=mysql)


def extract(field: str, kind: Kind) -> Builtin:
    """A part of a date as a decimal, as in PostgreSQL."""
    mysql = f"CAST({_MYSQL_FIELDS[field]} AS DECIMAL(4, 0))"
    python, postgres = f"Decimal({FIELDS[field]})", f"extract({field} from {{0}})"
    return Builtin(f"extract_{field}", (kind,), AMOUNT, python, postgres, mysql=mysql)


_FORMAT = re.compile(r'(YYYY|MM|DD|HH24|MI|SS)|"([^"\\{}]*)"|([-/.:, ]+)')
_MYSQL_PARTS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%i", "SS": "%s"}
_PARTS = {"YYYY": ("%04d", "year"), "MM": ("%02d", "month"), "DD": ("%02d", "day"), "HH24": ("%02d", "hour"),
          "MI": ("%02d", "minute"), "SS": ("%02d", "second")}  # fmt: skip
FORMATS = ("YYYY-MM", "YYYYMM", "YYYY-MM-DD", "YYYYMMDD", "YYYY", "MM", "DD", "YYYY-MM-DD HH24:MI:SS")
"""Formats to suggest."""


def date_format(form: str) -> tuple[str, list[str]] | None:
    """A `to_char` format as a `%` template and the attributes that fill it: YYYY MM DD HH24 MI SS, punctuation,
    and text in double quotes. None when it has anything else."""
    template, attributes, at = "", [], 0
    while found := _FORMAT.match(form, at):
        word, quoted, between = found.groups()
        if word:
            template += _PARTS[word][0]
            attributes.append(_PARTS[word][1])
        else:
            template += (quoted or between or "").replace("%", "%%")
        at = found.end()
    return (template, attributes) if at == len(form) else None


def to_char(form: str, kind: Kind) -> Builtin | None:
    """A date or timestamp as text; None for a format that `date_format` does not know, or a date does not."""
    found = date_format(form)
    if found is None or (kind is DATE and {"hour", "minute", "second"} & set(found[1])):
        return None
    template, attributes = found
    python = f"({template!r} % ({''.join(f'{{0}}.{a}, ' for a in attributes)}))"
    args = "({0}, '" + form.replace("'", "''") + "')"
    words = [
        _MYSQL_PARTS.get(w, (q or between).replace("%", "%%").replace("'", "''"))
        for w, q, between in _FORMAT.findall(form)
    ]
    mysql = f"date_format({{0}}, '{''.join(words)}')"
    return Builtin("to_char", (kind,), TEXT, python, "to_char" + args, "syncd_to_char" + args, mysql)


def json(arrow: str, steps: Sequence[object]) -> Builtin:
    """A step, or several, into a JSON document, the last of them by `->` or `->>`. A step is a name or a place, or its
    kind where it is computed."""
    places = [f"{{{i}}}" for i in range(len(steps) + 1)]
    name, kind = ("json_at", Kind.JSON) if arrow == "->" else ("json_text", TEXT)
    postgres = "CAST({0} AS jsonb)"
    for i, step in enumerate(steps, 1):
        index = f"CAST({{{i}}} AS integer)" if step is NUMBER or isinstance(step, int) else f"{{{i}}}"
        postgres = f"({postgres} {arrow if i == len(steps) else '->'} {index})"
    called = f"{name}({', '.join(places)})"
    return Builtin(name, (), kind, called, postgres, f"syncd_{called}", _mysql_json(steps) if kind is TEXT else "")


_PLAIN_NUMBER = "^(0|-?[1-9][0-9]*|-?[1-9][0-9]*[.][0-9]+|-?0[.][0-9]*[1-9][0-9]*|0[.]0+)$"


def _mysql_json(steps: Sequence[object]) -> str:
    """Empty for a step that no path there can say for certain. An object or a list as text, a number with an exponent
    and minus zero are NULL: they are not spelt there as in PostgreSQL."""
    found, names = "{0}", ""
    for step in [*steps, None]:
        if isinstance(step, str) and step and not set(step) & set('"\\*'):
            names += '."' + step.replace("'", "''").replace("{", "{{").replace("}", "}}") + '"'
            continue
        if names:
            found, names = f"json_extract({found}, '${names}')", ""
        if isinstance(step, int) and step >= 0:
            found = f"CASE WHEN json_type({found}) <> 'OBJECT' THEN json_extract({found}, '$[{step}]') END"
        elif step is not None:
            return ""
    text = f"json_unquote({found})"
    plain = f"json_type({found}) IN ('STRING', 'BOOLEAN') OR {text} REGEXP '{_PLAIN_NUMBER}'"
    return f"CONVERT(CASE WHEN {plain} THEN {text} END USING utf8mb4) COLLATE utf8mb4_bin"


def element(kind: Kind) -> Builtin:
    """A subscript of an array of that kind."""
    called = f"array_element_{kind}({{0}}, {{1}})"
    return Builtin("[ ]", (), kind, called, "({0})[CAST({1} AS integer)]", f"syncd_{called}")


def quantified(word: str, op: str, kind: Kind) -> Builtin:
    """`= ANY` and its like over an array of that kind."""
    called = f"array_{word}_{'same' if op == '=' else 'other'}_{kind}({{0}}, {{1}})"
    return Builtin(word, (), Kind.BOOLEAN, called, f"({{0}} {op} {word.upper()} ({{1}}))", f"syncd_{called}")


COUNTS = {
    "cardinality": Builtin("cardinality", (), NUMBER, "array_count({0})", "CAST(cardinality({0}) AS bigint)",
                           "syncd_array_count({0})"),
    "array_length": Builtin("array_length", (), NUMBER, "array_length({0})", "CAST(array_length({0}, 1) AS bigint)",
                            "syncd_array_length({0})"),
}  # fmt: skip
