"""Arrays as sources say them → the text that a row keeps: the JSON array of the elements, NULL among them as null.

PostgreSQL's own text is that of its documentation, "Array Input and Output Syntax". An array of arrays and one that
does not begin at 1 are refused: no subscript of the mapping language could tell what lies where.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

from syncd.change import Value

_ITEM: Final = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^",{}\\]+))([,}])', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def items(text: str) -> list[str | None]:
    """The elements' own texts, of PostgreSQL's literal or a JSON array. Raises ValueError."""
    return _of_json(text) if text.startswith("[") and "]={" not in text else _of_literal(text)


def kept(values: Sequence[Value]) -> str:
    """Elements that have been read, as a row keeps them."""
    return json.dumps([v if v is None or isinstance(v, str | int) else str(v) for v in values], ensure_ascii=False)


def spelled(values: Sequence[object]) -> str:
    """A driver's list as text."""
    return json.dumps(values, default=str, ensure_ascii=False)


def _of_literal(text: str) -> list[str | None]:
    if text == "{}":
        return []
    if not text.startswith("{"):
        raise ValueError
    found: list[str | None] = []
    at, end = 1, ","
    while end == ",":
        item = _ITEM.match(text, at)
        if item is None:
            raise ValueError
        quoted, bare, end = item.groups()
        found.append(_ESCAPED.sub(r"\1", quoted) if bare is None else None if bare == "NULL" else bare)
        at = item.end()
    if at != len(text):
        raise ValueError
    return found


def _of_json(text: str) -> list[str | None]:
    found = json.loads(text, parse_float=str, parse_int=str)
    if any(isinstance(item, list | dict) for item in found):
        raise ValueError
    return [item if item is None or isinstance(item, str) else str(item).lower() for item in found]
