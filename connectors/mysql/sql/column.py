"""A column's type as a statement or the catalogue spells it and as the log's table maps have it, and whether all values
stay the same when it takes another. Pure.

Where nothing is known, they do not: the list is short on purpose.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from connectors.binlog import table as wire_types
from connectors.binlog.table import BINARY, BLOBS, WireColumn
from connectors.mysql.sql.tokens import Token, closing

_INTEGERS: Final = {
    "TINYINT": 1, "SMALLINT": 2, "MEDIUMINT": 3, "INT": 4, "INTEGER": 4, "BIGINT": 8, "BOOL": 1, "BOOLEAN": 1,
    "INT1": 1, "INT2": 2, "INT3": 3, "INT4": 4, "INT8": 8, "MIDDLEINT": 3,
}  # fmt: skip
_BLOBS: Final = {"TINY": 1, "": 2, "MEDIUM": 3, "LONG": 4}
_SAME: Final = {
    "DECIMAL": "decimal", "DEC": "decimal", "NUMERIC": "decimal", "FIXED": "decimal", "VARCHAR": "varchar",
    "CHAR": "char", "CHARACTER": "char", "VARBINARY": "varbinary", "BINARY": "binary", "DATETIME": "datetime",
    "TIMESTAMP": "timestamp", "TIME": "time", "DATE": "date", "YEAR": "year", "ENUM": "enum", "SET": "set",
    "FLOAT": "float", "DOUBLE": "double", "BIT": "bit", "JSON": "json",
    **{f"{size}TEXT": "text" for size in _BLOBS}, **{f"{size}BLOB": "blob" for size in _BLOBS},
}  # fmt: skip
_LETTER_BYTES: Final = {
    "utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "gbk": 2, "gb2312": 2, "gb18030": 4, "big5": 2, "latin1": 1, "ascii": 1,
    "binary": 1, "latin2": 1, "cp1251": 1, "sjis": 2, "ujis": 3, "euckr": 2, "cp932": 2, "eucjpms": 3,
}  # fmt: skip
_PLAIN: Final = frozenset({"NULL", "FIRST", "UNIQUE", "KEY", "VISIBLE", "INVISIBLE", "ZEROFILL", "SIGNED"})
_MOMENTS: Final = frozenset({"datetime", "timestamp", "time"})
_TEXTS: Final = frozenset({"char", "varchar", "text"})
_SPELT: Final = frozenset({"int", "decimal", "date", "datetime"})
"""Their values are what their text says, which is read as before."""
_DIGITS_MAX: Final = 67
"""The longest text of a number."""
_FIXED: Final = frozenset({"date", "year", "float", "double", "json"})


class ColumnType(NamedTuple):
    """`size` and `scale`: of an integer its bytes, of a decimal its digits before and behind the point, of a text its
    letters, of a TEXT or BLOB the bytes of its length, of a moment the digits of its second. `charset` is empty where
    it is not said. `counts`: AUTO_INCREMENT."""

    family: str
    size: int = 0
    scale: int = 0
    unsigned: bool = False
    charset: str = ""
    labels: tuple[str, ...] = ()
    nullable: bool = True
    counts: bool = False


def parse(found: Sequence[Token]) -> ColumnType | None:
    """A type with its attributes, as behind a column's name; None for what is not understood or makes values."""
    if not found:
        return None
    word, at = found[0].word, 1
    if word == "DOUBLE" and len(found) > 1 and found[1].word == "PRECISION":
        at = 2
    arguments: list[str] = []
    if at < len(found) and found[at].text == "(" and not found[at].is_text:
        end = closing(found, at)
        arguments = [token.text for token in found[at + 1 : end - 1] if token.name or token.is_text]
        at = end
    made = _base(word, arguments)
    return None if made is None else _with_attributes(made, found[at:])


def of_wire(wire: WireColumn, charsets: Mapping[int, str]) -> ColumnType | None:
    """As the log describes a column; whether it counts is not said there."""
    kind, meta = wire.type, wire.meta
    charset = charsets.get(wire.collation, "")
    is_bytes = wire.collation in (0, BINARY)
    made: ColumnType | None = None
    if kind in _WIRE_INTEGERS:
        made = ColumnType("int", _WIRE_INTEGERS[kind], unsigned=wire.unsigned)
    elif kind == wire_types.DECIMAL:
        made = ColumnType("decimal", (meta >> 8) - (meta & 255), meta & 255, wire.unsigned)
    elif kind in (wire_types.VARCHAR, wire_types.STRING, wire_types.VAR_STRING):
        fixed = kind == wire_types.STRING
        if is_bytes:
            made = ColumnType("binary" if fixed else "varbinary", meta)
        elif charset in _LETTER_BYTES:
            made = ColumnType("char" if fixed else "varchar", meta // _LETTER_BYTES[charset], charset=charset)
    elif kind in BLOBS and kind != wire_types.BLOB_COMPRESSED:
        made = ColumnType("blob", meta) if is_bytes else ColumnType("text", meta, charset=charset)
    elif kind in (wire_types.ENUM, wire_types.SET):
        labels = tuple(label.decode("utf-8", "backslashreplace") for label in wire.labels)
        made = ColumnType("enum" if kind == wire_types.ENUM else "set", labels=labels, charset=charset)
    elif kind in _WIRE_OTHERS:
        made = ColumnType(_WIRE_OTHERS[kind], meta if _WIRE_OTHERS[kind] in ("bit", *_MOMENTS) else 0)
    return None if made is None else made._replace(nullable=wire.nullable)


def keeps(old: ColumnType, new: ColumnType, mode_is_strict: bool, as_text: bool) -> bool:
    """Whether every value stays what it was. `as_text`: the mapping reads its digits, not the number."""
    if new.counts and not old.counts:
        return False  # rows with a zero get numbers
    if old.nullable and not new.nullable and (not mode_is_strict or old.family == "timestamp"):
        return False
    if old.family == "int" and new.family == "int":
        return new.size >= old.size if old.unsigned == new.unsigned else old.unsigned and new.size > old.size
    if old.family == "decimal" and new.family == "decimal":
        grows = new.size >= old.size and new.scale >= old.scale and not (new.unsigned and not old.unsigned)
        return grows and (new.scale == old.scale or not as_text)
    if old.family in _SPELT and new.family in _TEXTS:
        return not as_text and (new.size > 1 if new.family == "text" else new.size >= _DIGITS_MAX)
    if old.family in _TEXTS and new.family in _TEXTS:
        return _has_room(old, new) and _has_letters(old, new, mode_is_strict)
    if old.family == new.family and old.family in ("varbinary", "blob", "bit", *_MOMENTS):
        return new.size >= old.size and not (old.family in _MOMENTS and as_text and new.size != old.size)
    if old.family == new.family and old.family in ("enum", "set"):
        return new.labels[: len(old.labels)] == old.labels and _has_letters(old, new, mode_is_strict)
    return old.family == new.family and (old.family in _FIXED or (old.family == "binary" and old.size == new.size))


def _has_room(old: ColumnType, new: ColumnType) -> bool:
    if old.family == new.family:
        return new.size >= old.size
    if new.family == "text":
        return new.size > 1 and old.size <= 1 << 14  # 64 KiB hold so many letters of any character set
    return (old.family, new.family) == ("char", "varchar") and new.size >= old.size


def _has_letters(old: ColumnType, new: ColumnType, mode_is_strict: bool) -> bool:
    """A strict server refuses what the new character set does not have."""
    return mode_is_strict or new.charset == "utf8mb4" or (bool(new.charset) and new.charset == old.charset)


def _base(word: str, arguments: Sequence[str]) -> ColumnType | None:
    if word in _INTEGERS:
        return ColumnType("int", _INTEGERS[word])
    family = _SAME.get(word)
    if family is None:
        return None
    if family in ("enum", "set"):
        return ColumnType(family, labels=tuple(arguments))
    if family in ("text", "blob"):
        return None if arguments else ColumnType(family, _BLOBS[word[:-4]])
    if not all(argument.isdigit() for argument in arguments):
        return None
    numbers = [int(argument) for argument in arguments]
    if family == "decimal":
        digits, scale = [*numbers, *(10, 0)[len(numbers) :]][:2]
        return ColumnType(family, digits - scale, scale)
    if family in ("float", "double") and numbers:
        return None
    if family in ("varchar", "char", "varbinary", "binary", "bit"):
        return ColumnType(family, numbers[0] if numbers else 1)
    return ColumnType(family, numbers[0] if numbers and family in _MOMENTS else 0)


def _with_attributes(made: ColumnType, found: Sequence[Token]) -> ColumnType | None:
    at = 0
    while at < len(found):
        word, then = found[at].word, found[at + 1] if at + 1 < len(found) else None
        if word in _PLAIN:
            made = made._replace(unsigned=made.unsigned or word == "ZEROFILL")
            at += 1
        elif word == "UNSIGNED":
            made, at = made._replace(unsigned=True), at + 1
        elif word == "AUTO_INCREMENT":
            made, at = made._replace(counts=True, nullable=False), at + 1
        elif word == "NOT" and then is not None and then.word == "NULL":
            made, at = made._replace(nullable=False), at + 2
        elif word == "CHARSET" and then is not None:
            made, at = made._replace(charset=_charset(then.text)), at + 2
        elif word == "CHARACTER" and then is not None and then.word == "SET" and at + 2 < len(found):
            made, at = made._replace(charset=_charset(found[at + 2].text)), at + 3
        elif word in ("COLLATE", "COMMENT", "AFTER") and then is not None:
            at += 2
        elif word == "DEFAULT" and then is not None:
            at = _past_value(found, at + 1)
        elif word == "ON" and then is not None and then.word == "UPDATE":
            at = _past_value(found, at + 2)
        else:
            return None
    return made


def _past_value(found: Sequence[Token], at: int) -> int:
    """Behind a constant, a function with its arguments, or an expression in parentheses."""
    if at < len(found) and found[at].text in ("-", "+"):
        at += 1
    if at < len(found) and not (found[at].text == "(" and not found[at].is_text):
        at += 1
        if at + 1 < len(found) and found[at].text == "." and found[at + 1].name:
            at += 2
        elif at < len(found) and found[at].is_text:
            at += 1  # b'0', x'00', _utf8mb4'…'
    if at < len(found) and found[at].text == "(" and not found[at].is_text:
        return closing(found, at)
    return at


def _charset(name: str) -> str:
    return "utf8mb3" if name.lower() == "utf8" else name.lower()


_WIRE_INTEGERS: Final = {
    wire_types.TINY: 1,
    wire_types.SHORT: 2,
    wire_types.INT24: 3,
    wire_types.LONG: 4,
    wire_types.LONGLONG: 8,
}
_WIRE_OTHERS: Final = {
    wire_types.DATETIME2: "datetime",
    wire_types.TIMESTAMP2: "timestamp",
    wire_types.TIME2: "time",
    wire_types.DATE: "date",
    wire_types.NEWDATE: "date",
    wire_types.YEAR: "year",
    wire_types.FLOAT: "float",
    wire_types.DOUBLE: "double",
    wire_types.BIT: "bit",
    wire_types.JSON: "json",
}
