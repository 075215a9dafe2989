"""What a column holds, in the words of databases and in ours; and the patterns by which dates are kept as text."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args

from syncd.mapping.expression.terms import nearest

ColumnWord = Literal["integer", "decimal", "money", "text", "date", "timestamp", "boolean", "epoch", "epoch_date"]
OURS: Final[tuple[str, ...]] = get_args(ColumnWord)

_THEIRS: Final[Mapping[str, str]] = {
    "integer": "int int2 int4 int8 bigint smallint mediumint tinyint serial bigserial year number_int long 整数",
    "decimal": "numeric dec number 数字 小数",
    "money": "currency amount 金额",
    "text": "json jsonb xml enum set varchar varchar2 nvarchar char nchar character bpchar clob longtext mediumtext"
    " tinytext string str uuid uniqueidentifier citext inet time interval 文本 字符串 枚举",
    "date": "day 日期",
    "timestamp": "datetime datetime2 smalldatetime timestamptz datetimeoffset 时间 日期时间",
    "boolean": "bool bit logical 布尔",
    "{decimal: 2}": "float float4 float8 double real double_precision binary_float binary_double 浮点",
}
_WORDS: Final = {word: ours for ours, words in _THEIRS.items() for word in words.split()}
_SIZED: Final = re.compile(r"([^\W\d][\w ]*?)\s*\(([^)]*)\)?.*", re.DOTALL)
_NUMBERS: Final = ("numeric", "decimal", "dec", "number")


def ours(said: str) -> str:
    """Our word for what a database calls so, or for one of ours that is misspelt; empty where there is none."""
    word = " ".join(said.split()).lower()
    if word.endswith("[]"):
        inner = ours(word.removesuffix("[]"))
        return f"{{array: {inner}}}" if inner in ("text", "integer", "decimal", "boolean", "date") else ""
    sizes = ""
    if sized := _SIZED.fullmatch(word):
        word, sizes = sized[1], sized[2]
    if word in _NUMBERS and sizes:
        _, comma, scale = sizes.partition(",")
        return "integer" if comma and scale.strip() == "0" else "money" if scale.strip() in ("", "2") else "decimal"
    word = word.split(" with")[0].removesuffix(" unsigned").removesuffix(" varying").replace(" ", "_")
    return word if word in OURS else _WORDS.get(word) or nearest(word, OURS)


_CODES: Final = [
    (re.compile(spelled), code)
    for spelled, code in (
        ("[yY]{4}", "%Y"),
        ("[yY]{2}", "%y"),
        ("HH24|HH|hh|kk", "%H"),
        ("mi|MI|mm(?=:?[sS]{2})|(?<=:)mm", "%M"),
        ("MM|mm", "%m"),
        ("dd|DD", "%d"),
        ("ss|SS", "%S"),
    )
]
_TRIED: Final = datetime(2026, 11, 29, 21, 43, 58)
"""Each of its parts is told from every other."""


def is_pattern(pattern: str) -> bool:
    """Whether a `strptime` pattern reads a day with its year."""
    try:
        found = datetime.strptime(_TRIED.strftime(pattern), pattern)
    except (ValueError, re.error):
        return False
    return found.year == _TRIED.year


def spelled_by_letters(pattern: str) -> str:
    """What a pattern of letters, `yyyy-MM-dd`, is by `strptime`; empty where it is none."""
    for letters, code in _CODES:
        pattern = letters.sub(code, pattern)
    return pattern if is_pattern(pattern) else ""
