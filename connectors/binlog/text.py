"""Text in the character sets of MySQL, read as the server itself would convert it. Pure."""

import codecs
from collections.abc import Callable, Mapping
from typing import Final

from connectors.binlog.table import BINARY, STRING, WireColumn
from connectors.convert import Unfit, decode

Charsets = Mapping[int, str]
"""A server's character set of each of its collations, by number."""
Text = Callable[[bytes], str]
"""The bytes of a value → what the server prints. Raises Unfit."""

_CODECS: Final[Mapping[str, str]] = {
    "utf8mb3": "utf-8", "utf8mb4": "utf-8", "utf8": "utf-8", "latin1": "cp1252", "binary": "utf-8", "ujis": "euc_jp",
    "eucjpms": "euc_jp", "sjis": "shift_jis", "euckr": "cp949", "ucs2": "utf-16-be", "utf16": "utf-16-be",
    "utf16le": "utf-16-le", "utf32": "utf-32-be", "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13",
    "greek": "iso8859-7", "hebrew": "iso8859-8", "koi8r": "koi8-r", "koi8u": "koi8-u", "macroman": "mac_roman",
    "macce": "mac_latin2", "big5": "cp950", "tis620": "tis_620", "hp8": "hp_roman8",
}  # fmt: skip
"""Python's codec of a character set, where it has another name."""
_OTHERWISE: Final[Mapping[str, Mapping[int, int]]] = {
    charset: str.maketrans(*pair)
    for charset, pair in {
        "big5": ("‧﹑¯～⊕⊙∕﹨￥￠￡", "•､‾∼♁☉／＼¥¢£"),
        "cp866": ("№¤", "ⁿ²"),
        "eucjpms": ("〜‖−¢£¬", "～∥－￠￡￢"),
        "greek": ("‘’", "ʽʼ"),
        "hebrew": ("¯", "‾"),
        "koi8u": ("∙", "•"),
        "sjis": ("＼", "\\"),
        "ujis": ("＼", "\\"),
    }.items()
}
"""What the server makes of some characters where Python's codec makes something else."""


def charset(wire: WireColumn, charsets: Charsets) -> str:
    """Bytes that are no text are taken as UTF-8, as everywhere."""
    return charsets.get(wire.collation, "") if wire.collation not in (0, BINARY) else "binary"


def codec(wire: WireColumn, charsets: Charsets) -> tuple[str, str] | None:
    """The arguments of `bytes.decode` that alone give a column's text; None where more has to be done."""
    known = charset(wire, charsets)
    if known in _OTHERWISE or not _has_codec(known) or (wire.type == STRING and known == "binary"):
        return None
    return _CODECS.get(known, known), "syncd.latin1" if known == "latin1" else "strict"


def decoder(wire: WireColumn, charsets: Charsets) -> Text:
    """How a column's bytes become text."""
    known = charset(wire, charsets)
    if not _has_codec(known):
        return _foreign
    if known == "binary" and wire.type == STRING:  # the log leaves out the zeros at its end
        return lambda raw: decode(raw.ljust(wire.meta, b"\0"))
    if (name := _CODECS.get(known, known)) == "utf-8":
        return decode
    errors, otherwise = "syncd.latin1" if known == "latin1" else "strict", _OTHERWISE.get(known, {})

    def text(raw: bytes) -> str:
        try:
            return raw.decode(name, errors).translate(otherwise)
        except UnicodeDecodeError:
            raise Unfit("malformed_charset") from None

    return text


def _has_codec(charset: str) -> bool:
    try:
        codecs.lookup(_CODECS.get(charset, charset))
    except LookupError:
        return False
    return True


def _foreign(raw: bytes) -> str:
    raise Unfit("malformed_charset")


def _undefined(error: UnicodeError) -> tuple[str, int]:
    """The server's latin1 is cp1252 with five control characters where that has nothing."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("syncd.latin1", _undefined)
