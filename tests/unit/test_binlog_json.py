"""MySQL's binary JSON: any document reads as the library reads it, and as the server prints it."""

import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysqlreplication.json_binary import parse_json

from connectors.binlog.json import json_text
from connectors.convert import Unfit

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.integers(-70000, 70000) | st.text(max_size=200)
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5)
)
INTEGERS = (
    (5, "h", -(2**15), 2**15),
    (6, "H", 0, 2**16),
    (7, "i", -(2**31), 2**31),
    (8, "I", 0, 2**32),
    (9, "q", -(2**63), 2**63),
)
NOON = (2026 * 13 + 1) << 22 | 31 << 17 | 12 << 12 | 13 << 6 | 14
LONG_AGO = -((838 << 12 | 59 << 6 | 58) << 24)


def packed(document: Any, large: bool) -> tuple[int, bytes, bool]:
    """(type, bytes, whether it stands in place of its offset), as MySQL writes it."""
    if document is None or isinstance(document, bool):
        return 4, struct.pack("<H", (None, True, False).index(document)), True
    if isinstance(document, int):
        for kind, code, least, beyond in INTEGERS:
            if least <= document < beyond:
                return kind, struct.pack("<" + code, document), kind < 7 or (large and kind < 9)
        return 10, struct.pack("<Q", document), False
    if isinstance(document, float):
        return 11, struct.pack("<d", document), False
    if isinstance(document, str):
        raw = document.encode()
        return 12, size_bytes(len(raw)) + raw, False
    keys = [key.encode() for key in document] if isinstance(document, dict) else None
    values = list(document.values()) if isinstance(document, dict) else document
    return 2 * (keys is None) + large, container(keys, values, large), False


def container(keys: list[bytes] | None, values: list[Any], large: bool) -> bytes:
    offset, width = ("<I", 4) if large else ("<H", 2)
    start = 2 * width + len(values) * ((width + 2) * (keys is not None) + 1 + width)
    heads, tail = b"", b""
    for key in keys or []:
        heads += struct.pack(offset, start + len(tail)) + struct.pack("<H", len(key))
        tail += key
    for value in values:
        kind, raw, inline = packed(value, large)
        heads += bytes([kind]) + (raw.ljust(width, b"\0") if inline else struct.pack(offset, start + len(tail)))
        tail += b"" if inline else raw
    return struct.pack(offset, len(values)) + struct.pack(offset, start + len(tail)) + heads + tail


def size_bytes(size: int) -> bytes:
    return bytes([size]) if size < 128 else bytes([size & 127 | 128]) + size_bytes(size >> 7)


def as_text(value: Any) -> Any:
    """The library leaves the text of keys as bytes."""
    if isinstance(value, dict):
        return {as_text(key): as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return value.decode() if isinstance(value, bytes) else value


@given(DOCUMENTS, st.booleans())
def test_a_document_reads_as_the_library_reads_it_and_prints_as_the_server_does(document: Any, large: bool) -> None:
    kind, raw, _ = packed(document, large)
    text = json_text(bytes([kind]) + raw)
    assert json.loads(text) == document == as_text(parse_json(kind, raw))
    assert text.replace("e+", "e") == json.dumps(document, ensure_ascii=False).replace("e+", "e")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "null"),
        (b"\x0f\xf6\x06\x05\x02\x83\xe8\x05\x00", "1000.05"),
        (b"\x0f\x0a\x08" + ((2026 * 13 + 1) << 22 | 31 << 17).to_bytes(5, "little").rjust(8, b"\0"), '"2026-01-31"'),
        (
            b"\x0f\x0c\x08" + (NOON << 24 | 5).to_bytes(8, "little"),
            '"2026-01-31 12:13:14.000005"',
        ),
        (
            b"\x0f\x0b\x08" + LONG_AGO.to_bytes(8, "little", signed=True),
            '"-838:59:58.000000"',
        ),
        (b"\x0f\x0f\x02\x00\xff", '"base64:type15:AP8="'),
    ],
)
def test_values_of_sql_types_print_as_the_server_prints_them(raw: bytes, text: str) -> None:
    assert json_text(raw) == text


@given(DOCUMENTS, st.data())
def test_bytes_that_lie_are_unfit_and_never_anything_worse(document: Any, data: st.DataObject) -> None:
    kind, raw, _ = packed(document, False)
    whole = bytearray(bytes([kind]) + raw)
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(1, len(whole)))])
    with suppress(Unfit):
        assert isinstance(json_text(cut), str)
