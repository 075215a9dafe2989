"""JSON and arrays as compiled expressions read them: PostgreSQL's jsonb, and its arrays of one dimension.

Both lie in a row as text, an array as the JSON array of its elements. Arguments may be None where it is said.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from syncd.change import Kind
from syncd.mapping.expression.runtime import Uncomputable, decimal_text, text_boolean

TEXTS_KEPT: Final = 256
"""Of documents that were read last: the expressions of a rule read the same row one after another."""
EXPONENT_MAX: Final = 1_000
"""Of a number, far beyond any that is meant as one."""
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_ABSENT: Final = object()


def json_at(text: str, *path: str | int) -> str | None:
    """`->`: what lies there as JSON; None where there is nothing."""
    found = _found(_document(text), path)
    return None if found is _ABSENT else _spelled(found)


def json_text(text: str, *path: str | int) -> str | None:
    """`->>`: what lies there as text; None where there is nothing, or JSON's null."""
    found = _found(_document(text), path)
    if found is _ABSENT or found is None:
        return None
    return found if isinstance(found, str) else _spelled(found)


def json_canonical(text: str) -> str:
    """A text as jsonb spells it: names in order, once each, the last of them counting."""
    return _spelled(_document(text))


def array_items(text: str) -> list[Any]:
    """The elements of an array as a row keeps it: texts, numbers, booleans and None."""
    items: list[Any] = _document(text)
    return items


def array_element(read: Callable[[Any], Any]) -> Callable[[str, int], Any]:
    """A subscript, counted from 1; None where there is no such element."""

    def element(text: str, index: int) -> Any:
        items = array_items(text)
        found = items[index - 1] if 1 <= index <= len(items) else None
        return None if found is None else read(found)

    return element


def array_length(text: str) -> int | None:
    """`array_length(…, 1)`: None of an empty one."""
    return len(array_items(text)) or None


def array_any(read: Callable[[Any], Any], is_same: bool) -> Callable[[Any, str | None], bool | None]:
    """`= ANY`, or `<> ANY`: whether one of the elements is the value, or is not; None where a NULL keeps it open."""

    def test(value: Any, text: str | None) -> bool | None:
        items = None if text is None else array_items(text)
        if items is None or (items and value is None):
            return None
        if any((read(item) == value) is is_same for item in items if item is not None):
            return True
        return None if None in items else False

    return test


def array_all(read: Callable[[Any], Any], is_same: bool) -> Callable[[Any, str | None], bool | None]:
    """`= ALL`, or `<> ALL`: the contrary of an ANY that asks the contrary."""
    contrary = array_any(read, not is_same)

    def test(value: Any, text: str | None) -> bool | None:
        found = contrary(value, text)
        return None if found is None else not found

    return test


@lru_cache(TEXTS_KEPT)
def _document(text: str) -> Any:
    """What a text says as JSON, its numbers exact. Nobody changes it. Raises Uncomputable."""
    try:
        found = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Uncomputable("unreadable", value=text, kind="json") from None
    if "\\u" in text and any(map(_UNSTORABLE.search, _texts(found))):
        raise Uncomputable("unreadable", value=text, kind="json")
    return found


def _texts(value: Any) -> Iterator[str]:
    """Every text and every name in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(item)


def _refused(word: str) -> object:
    raise ValueError(word)


def _number(digits: str) -> Decimal:
    number = Decimal(digits)
    if number and abs(number.adjusted()) > EXPONENT_MAX:
        raise Uncomputable("out_of_range", value=digits, kind="json")
    return number


def _found(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(step, str):
            document = document.get(step, _ABSENT) if isinstance(document, dict) else _ABSENT
        elif isinstance(document, list):
            document = document[step] if -len(document) <= step < len(document) else _ABSENT
        elif isinstance(document, dict) or step not in (0, -1):  # to jsonb a scalar is an array of itself
            document = _ABSENT
        if document is _ABSENT:
            return _ABSENT
    return document


def _spelled(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{_spelled(name)}: {_spelled(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spelled, value)) + "]"
    return decimal_text(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _text(item: Any) -> str:
    return item if isinstance(item, str) else _spelled(item)


ELEMENTS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: int,
    Kind.DECIMAL: Decimal,
    Kind.BOOLEAN: lambda item: item if isinstance(item, bool) else text_boolean(str(item)),
    Kind.DATE: date.fromisoformat,
}
"""The kinds that an array may hold, and how an element is read from what the row keeps."""

NESTED: Final[dict[str, object]] = {f.__name__: f for f in (json_at, json_text, json_canonical, array_length)}
"""What compiled expressions call of it, by name: a part of RUNTIME."""
NESTED["array_count"] = lambda text: len(array_items(text))
for _kind, _read in ELEMENTS.items():
    NESTED[f"array_element_{_kind}"] = array_element(_read)
    for _name, _test in (("any", array_any), ("all", array_all)):
        NESTED[f"array_{_name}_same_{_kind}"] = _test(_read, True)
        NESTED[f"array_{_name}_other_{_kind}"] = _test(_read, False)
