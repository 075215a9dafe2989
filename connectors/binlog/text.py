"""Text in the character sets of MySQL, read as the server itself would convert it. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.binlog.charsets import has_codec, python_codec
from connectors.binlog.table import BINARY, STRING, WireColumn
from connectors.convert import Unfit, decode

Charsets = Mapping[int, str]
"""A server's character set of each of its collations, by number."""
Text = Callable[[bytes], str]
"""The bytes of a value → what the server prints. Raises Unfit."""

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
    if known in _OTHERWISE or not has_codec(known) or (wire.type == STRING and known == "binary"):
        return None
    return python_codec(known)


def decoder(wire: WireColumn, charsets: Charsets) -> Text:
    """How a column's bytes become text."""
    known = charset(wire, charsets)
    if not has_codec(known):
        return _foreign
    if known == "binary" and wire.type == STRING:  # the log leaves out the zeros at its end
        return lambda raw: decode(raw.ljust(wire.meta, b"\0"))
    name, errors = python_codec(known)
    if name == "utf-8":
        return decode
    otherwise = _OTHERWISE.get(known, {})

    def text(raw: bytes) -> str:
        try:
            return raw.decode(name, errors).translate(otherwise)
        except UnicodeDecodeError:
            raise Unfit("malformed_charset") from None

    return text


def _foreign(raw: bytes) -> str:
    raise Unfit("malformed_charset")
