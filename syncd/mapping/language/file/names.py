"""Names that files give: none hides another, nor what the language itself calls so, and each can be written as it is.

What a user names has a variable by number in the generated code (`scope`), so that nothing else stands in their way.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final
from unicodedata import normalize

from syncd.change import Kind
from syncd.errors import Fault
from syncd.mapping.expression.parse import Function, Name, parse
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.accounts import FUNCTION
from syncd.mapping.language.file.layout_file import LayoutFile
from syncd.mapping.language.file.model import DocumentBlock, MappingFile
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.layout.compile import card_fields
from syncd.mapping.layout.tables import ENTRY_SCOPE
from syncd.mapping.verbs.voucher import EntryShape

LANGUAGE: Final = ("after", "before", "card", "change", "op", "reversed")
"""What expressions of a rule call the change and the card."""
CARD_EXISTS: Final = "exists"
"""What they call whether there is a card."""
_PLACES: Final = ("{}", "1 + {}", "({}) * 2", "coalesce({}, 1)", "CASE WHEN {} > 1 THEN {} ELSE 0 END")
"""Where a name is tried, to see whether SQL reads it as one."""

Given = tuple[str, Trail]
"""A name, and where it is given."""


def check_names(file: MappingFile, reader: ExpressionReader) -> None:
    """The names of a mapping file."""
    constants = [(name, ("constants", name)) for name in file.constants]
    for alias, table in (*file.tables.items(), *file.references.items()):
        place = "tables" if alias in file.tables else "references"
        _twice(reader, ((column, (place, alias, "columns", column)) for column in table.columns))
    _values(reader, constants)
    _twice(reader, constants)
    inherited: dict[str, list[Given]] = {}
    for alias, tracked in file.tables.items():
        inherited[alias] = [(name, ("tables", alias, "join", name)) for name in tracked.join]
        _rows(reader, inherited[alias])
        _twice(reader, inherited[alias])
    lines: dict[str, list[Given]] = {}
    for alias, document in file.documents.items():
        inherited[alias] = [(name, ("documents", alias, "join", name)) for name in document.join]
        lines[alias] = list(_lines(alias, document))
        _rows(reader, [*inherited[alias], *lines[alias]])
        _twice(reader, [*inherited[alias], *lines[alias]])
    for rule, block in file.rules.items():
        let = [(name, ("rules", rule, "let", name)) for name in block.let]
        joins = [(name, ("rules", rule, "join", name)) for name in block.join]
        joins += [(name, ("rules", rule, "cards", name)) for name in block.cards]
        _values(reader, let)
        _rows(reader, joins)
        _twice(reader, [*constants, *let])
        own = set(block.join)
        _twice(reader, [*(given for given in inherited.get(block.on, ()) if given[0] not in own), *joins])
        _twice(reader, [*lines.get(block.on, ()), *joins])
    functions: list[Given] = [(name, ("decisions", name)) for name in file.decisions]
    functions += [(name, ("crosswalks", name)) for name in file.crosswalks]
    functions += [(FUNCTION, ("accounts",))] if file.accounts is not None else []
    _functions(reader, functions)


def _lines(alias: str, document: DocumentBlock) -> Iterator[Given]:
    """What expressions call lines, and what each of them joins."""
    for word, lines in document.lines.items():
        place = ("documents", alias, "lines", word)
        yield word, place
        yield from ((name, (*place, "join", name)) for name in lines.join)


def check_layout_names(file: LayoutFile, reader: ExpressionReader) -> None:
    """The names of a layout file."""
    for i, dim in enumerate(file.dims):
        if f"entry.{dim.lower()}" in ENTRY_SCOPE or dim in EntryShape.model_fields:
            reader.fault("name_taken", ("dims", i), name=dim, other=f"{dim}_code")
    for i, name in enumerate(file.voucher_fields):
        if f"voucher.{name.lower()}" in ENTRY_SCOPE:
            reader.fault("name_taken", ("voucher_fields", i), name=name, other=f"{name}_said")
    _twice(reader, ((name, ("voucher_fields", i)) for i, name in enumerate(file.voucher_fields)))
    if CARD_EXISTS in card_fields(file):
        reader.fault("name_taken", ("card",), name=f"card.{CARD_EXISTS}", other=f"card.is_{CARD_EXISTS}")
    _twice(reader, ((dim, ("dims", i)) for i, dim in enumerate(file.dims)))
    for name in file.quantities:
        if name not in file.dims:
            reader.fault("unknown_dim", ("quantities",), dim=name, nearest=nearest(name, file.dims))
    _functions(reader, [(name, ("lookups", name)) for name in file.lookups])


def _values(reader: ExpressionReader, names: Iterable[Given]) -> None:
    """Names that stand by themselves: of constants and of `let`."""
    for name, trail in names:
        if name.lower() in LANGUAGE:
            reader.fault("name_taken", trail, name=name, other=f"{name}_value")
        elif not _is_read_as(name, name):
            reader.fault("name_reserved", trail, name=name, other=f"{name}_value")


def _rows(reader: ExpressionReader, aliases: Iterable[Given]) -> None:
    """Names of joined rows."""
    for name, trail in aliases:
        if name.lower() in LANGUAGE:
            reader.fault("name_taken", trail, name=name, other=f"{name}_row")
        elif not _is_read_as(f"{name}.x", f"{name}.x"):
            reader.fault("name_reserved", trail, name=name, other=f"{name}_row")


def _functions(reader: ExpressionReader, names: Sequence[Given]) -> None:
    """Names of decision tables, crosswalks and lookups. They are names in Python, too, which knows one spelling of
    each."""
    _twice(reader, names)
    for name, trail in names:
        if not is_called(name) or normalize("NFKC", name) != name or not name.isidentifier():
            reader.fault("name_reserved", trail, name=name, other=_callable(name))


def _callable(name: str) -> str:
    """A name like this one that is a function's in SQL and in Python."""
    letters = "".join(letter for letter in normalize("NFKC", name) if f"a{letter}".isidentifier())
    return f"{letters}_of" if letters[:1].isidentifier() else f"t{letters}_of"


def _twice(reader: ExpressionReader, names: Iterable[Given]) -> None:
    """SQL does not tell letters' cases apart."""
    seen: dict[str, str] = {}
    for name, trail in names:
        if (other := seen.setdefault(name.lower(), name)) is not name:
            reader.fault("name_twice", trail, name=name, other=other)


@cache
def _is_read_as(text: str, name: str) -> bool:
    scope = {name.lower(): Name("v0", Kind.INTEGER)}
    return all(name.lower() in found for found in _read(text, scope, {}))


def _read(text: str, scope: dict[str, Name], functions: dict[str, Function]) -> Iterator[frozenset[str]]:
    for place in _PLACES:
        try:
            yield parse(place.replace("{}", text), scope, functions).names
        except Fault:
            yield frozenset()


@cache
def is_called(name: str) -> bool:
    """Whether SQL reads it as the name of a function that is not the language's own."""
    function = Function("f", (Kind.TEXT,), Kind.TEXT)
    try:
        return parse(f"{name}('x')", {}, {name.lower(): function}).term.detail is function
    except Fault:
        return False
