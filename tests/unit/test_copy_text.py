"""COPY's text format: every value comes out as it went in, and nothing inexact goes in. Invariant 7."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.copy_text import copy_text

ESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def read(field: str) -> str | None:
    """A field by https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"."""
    if field == r"\N":
        return None
    text, i = "", 0
    while i < len(field):
        step = 2 if field[i] == "\\" else 1
        text += ESCAPED.get(field[i : i + step], field[i : i + step])
        i += step
    return text


@given(st.lists(st.tuples(st.text() | st.none(), st.text(alphabet="\\N\tn\nr\rt")), min_size=1))
def test_texts_and_nulls(rows: list[tuple[str | None, str]]) -> None:
    lines = copy_text(rows).decode().removesuffix("\n").split("\n")
    assert [tuple(map(read, line.split("\t"))) for line in lines] == rows


@given(st.lists(st.tuples(st.text(alphabet="a中\\N\tn\nr\rt"), st.text(alphabet="a中")), min_size=1))
def test_texts_alone(rows: list[tuple[str, str]]) -> None:
    lines = copy_text(rows).decode().removesuffix("\n").split("\n")
    assert [tuple(map(read, line.split("\t"))) for line in lines] == rows


@pytest.mark.parametrize("text", ["a\\b", "a\tb", "a\nb", "a\rb"])
def test_each_special_character_alone(text: str) -> None:
    (field,) = copy_text([(text,)]).decode().removesuffix("\n").split("\t")
    assert read(field) == text


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        copy_text([(Decimal(1),), (1.5,)])  # type: ignore[list-item]
