"""What databases, spreadsheets and input methods write and this language says otherwise: whoever does is told how."""

import re
from typing import Final

FUNCTIONS: Final = {
    **dict.fromkeys(("ifnull", "nvl", "isnull", "zeroifnull"), "coalesce(x, y)"),
    **dict.fromkeys(("if", "iif", "decode", "nvl2"), "CASE WHEN x THEN y ELSE z END"),
    **dict.fromkeys(("len", "char_length", "character_length", "octet_length"), "length(t)"),
    **dict.fromkeys(("concat_ws",), "t || ', ' || u"),
    **dict.fromkeys(("instr", "strpos", "position", "locate", "charindex", "contains", "starts_with"), "t LIKE '%x%'"),
    **dict.fromkeys(("regexp_like", "regexp_matches", "regexp_replace", "rlike"), "t LIKE '%x%'"),
    **dict.fromkeys(("mid", "split_part", "substring_index"), "substr(t, from, count)"),
    **dict.fromkeys(("ucase",), "upper(t)"),
    **dict.fromkeys(("lcase",), "lower(t)"),
    **dict.fromkeys(("year", "month", "day", "quarter", "week", "hour", "minute"), "extract(unit FROM d)"),
    **dict.fromkeys(("date_part", "datepart"), "extract(unit FROM d)"),
    **dict.fromkeys(("date_format", "strftime", "format"), "to_char(d, 'YYYY-MM-DD')"),
    **dict.fromkeys(("to_date", "str_to_date", "convert", "parse_date"), "t::date"),
    **dict.fromkeys(("to_timestamp", "from_unixtime"), "t::timestamp"),
    **dict.fromkeys(("to_number", "val", "cint", "cdbl"), "t::numeric(18, 2)"),
    **dict.fromkeys(("str", "cstr", "to_text", "text"), "x::text"),
    **dict.fromkeys(("date_add", "dateadd", "adddate"), "d + INTERVAL '1 month'"),
    **dict.fromkeys(("date_sub", "subdate"), "d - INTERVAL '1 month'"),
    **dict.fromkeys(("datediff", "date_diff"), "d1 - d2"),
    **dict.fromkeys(("months_between", "timestampdiff"), "months_between_floor(later, earlier)"),
    **dict.fromkeys(("eomonth", "lastday"), "last_day(d)"),
    **dict.fromkeys(("truncate",), "trunc(n, places)"),
    **dict.fromkeys(("ceiling",), "ceil(n)"),
    **dict.fromkeys(("mod",), "n % m"),
    **dict.fromkeys(("md5", "sha1", "sha256", "uuid_generate_v5"), "uuid(t)"),
    **dict.fromkeys(("json_extract", "json_value", "json_unquote", "jsonb_extract_path_text"), "t ->> 'name'"),
}
"""A function that there is not → how the same is written here."""

OPERATORS: Final = {
    "Xor": "a <> b",
    "ArrayOverlaps": "a AND b",
    "ILike": "lower(t) LIKE 'x%'",
    "RegexpLike": "t LIKE '%x%'",
    "RegexpILike": "lower(t) LIKE '%x%'",
    "SimilarTo": "t LIKE '%x%'",
    "Glob": "t LIKE 'x%'",
    "Pow": "n * n",
    "IntDiv": "a / b",
    "Struct": "'text ' || after.name",
    "Placeholder": "after.name",
    "Parameter": "after.name",
    "Window": "sum(item.amount)",
}
"""What sqlglot calls an operator that there is not → how the same is written here."""

SUBQUERIES: Final = ("Select", "Subquery", "Exists", "Union")
MANY: Final = (
    "avg", "string_agg", "array_agg", "group_concat", "listagg", "stddev", "variance", "median", "bool_and", "bool_or",
    "every", "json_agg", "jsonb_agg", "json_object_agg", "first", "last", "first_value", "last_value", "row_number",
    "rank", "lag", "lead", "total", "sumif", "countif",
)  # fmt: skip
"""What makes one value of many rows elsewhere, and not here."""

_WIDE: Final = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {
    "。": ".", "、": ",", "【": "[", "】": "]", "‘": "'", "’": "'", "“": '"', "”": '"', "「": "'", "」": "'",
    "《": "<=", "》": ">=", "≤": "<=", "≥": ">=", "≠": "<>", "×": "*", "÷": "/", "–": "-", "—": "-",
    "\u3000": " ", "\u00a0": " ", "\ufeff": " ", "\u200b": "",
}  # fmt: skip
"""Marks of an input method or a word processor → what is meant. Letters and digits of full width among them."""
_BLANK: Final = {"\u3000": "U+3000", "\u00a0": "U+00A0", "\ufeff": "U+FEFF", "\u200b": "U+200B"}
_PLAIN_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


def wide_mark(text: str) -> tuple[str, str] | None:
    """The first mark of full width outside of plain quotes, and what it stands for; None where there is none."""
    bare = _PLAIN_QUOTED.sub("", text)
    found = next((letter for letter in bare if letter in _WIDE), None)
    return None if found is None else (_BLANK.get(found, found), _WIDE[found])


def narrowed(text: str) -> str:
    """The text with marks, letters and digits of full width as plain ones."""
    return "".join(_WIDE.get(letter, letter) for letter in text)
