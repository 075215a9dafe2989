"""The character sets of MySQL under the names that Python gives their codecs. Pure."""

import codecs
from collections.abc import Mapping
from typing import Final

_CODECS: Final[Mapping[str, str]] = {
    "utf8mb3": "utf-8", "utf8mb4": "utf-8", "utf8": "utf-8", "latin1": "cp1252", "binary": "utf-8", "ujis": "euc_jp",
    "eucjpms": "euc_jp", "sjis": "shift_jis", "euckr": "cp949", "ucs2": "utf-16-be", "utf16": "utf-16-be",
    "utf16le": "utf-16-le", "utf32": "utf-32-be", "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13",
    "greek": "iso8859-7", "hebrew": "iso8859-8", "koi8r": "koi8-r", "koi8u": "koi8-u", "macroman": "mac_roman",
    "macce": "mac_latin2", "big5": "cp950", "tis620": "tis_620", "hp8": "hp_roman8",
}  # fmt: skip
"""Python's codec of a character set, where it has another name."""


def has_codec(charset: str) -> bool:
    """Whether Python can read it."""
    try:
        codecs.lookup(_CODECS.get(charset, charset))
    except LookupError:
        return False
    return True


def python_codec(charset: str) -> tuple[str, str]:
    """The arguments of `bytes.decode`."""
    return _CODECS.get(charset, charset), "syncd.latin1" if charset == "latin1" else "strict"


def _undefined(error: UnicodeError) -> tuple[str, int]:
    """The server's latin1 is cp1252 with five control characters where that has nothing."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("syncd.latin1", _undefined)
