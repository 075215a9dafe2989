"""The tables in CSV that a mapping names: no others are shown or changed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel

from syncd.errors import MappingError, WrongUsage
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.accounts import COLUMNS, FUNCTION, read_accounts
from syncd.mapping.language.decisions import read_crosswalk, read_decision
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.load import Mapping

_TEXTS: Final = re.compile(r"'[^']*'")
_ELSEWHERE: Final = frozenset(("rules", "decisions", "crosswalks", "constants", "parts"))


class NamedTable(NamedTuple):
    """A table: its file as the mapping names it, and where that is; what expressions call it, which may be by several
    names, one for each column that is given; the columns that it is looked up by; who reads it: rules by name, other
    blocks by theirs."""

    file: str
    path: Path
    names: Sequence[str]
    keys: Sequence[str]
    gives: Sequence[str]
    readers: Sequence[str]


def tables(mapping: Mapping) -> list[NamedTable]:
    """All of them, the role table first."""
    file, folder = mapping.file, mapping.path.parent
    found: dict[str, NamedTable] = {}
    said = [*_said(file)]
    for name, at, keys, gives in _blocks(file):
        known = found.get(at) or NamedTable(at, folder / at, (), keys, (), ())
        readers = dict.fromkeys((*known.readers, *_readers(name, said)))
        found[at] = known._replace(
            names=(*known.names, name), gives=(*dict.fromkeys((*known.gives, *gives)),), readers=(*readers,)
        )
    return [*found.values()]


def table(mapping: Mapping, name: str) -> NamedTable:
    """One of them, by its file or as an expression calls it; raises WrongUsage for what the mapping does not name."""
    every = tables(mapping)
    known = {word: one for one in every for word in one.names} | {one.file: one for one in every}
    if name not in known:
        raise WrongUsage("table_unknown", mapping=mapping.name, table=name, nearest=nearest(name, known))
    return known[name]


def faults(mapping: Mapping, one: NamedTable, content: bytes) -> list[MappingError]:
    """What the loader would say of the file with another content, by the lines of that."""
    file, path, found = mapping.file, Path(one.path.name), list[MappingError]()
    for name in one.names:
        if file.accounts is not None and name == FUNCTION:
            found += read_accounts(path, str(file.constants[file.accounts.standard]), content)[1]
        elif (decision := file.decisions.get(name)) is not None:
            found += read_decision(name, path, decision.keys, decision.gives, content)[1]
        else:
            walk = file.crosswalks[name]
            found += read_crosswalk(name, path, walk.from_, walk.to, walk.many, content)[1]
    return [*{(wrong.where, wrong.code, *wrong.params.items()): wrong for wrong in found}.values()]


def _blocks(file: MappingFile) -> Iterator[tuple[str, str, Sequence[str], Sequence[str]]]:
    """What expressions call a table, its file, the columns that it is looked up by and that it gives."""
    if file.accounts is not None:
        yield FUNCTION, file.accounts.file, COLUMNS[:2], COLUMNS[2:]
    for name, one in file.decisions.items():
        yield name, one.file, one.keys, (one.gives,)
    for name, walk in file.crosswalks.items():
        yield name, walk.file, (walk.from_,), (walk.to,)


def _said(file: MappingFile) -> Iterator[tuple[str, str]]:
    """Every text of the file without what is quoted in it, and the rule or the block where it stands."""
    for name, rule in file.rules.items():
        yield from ((name, text) for text in _texts(rule))
    for block in type(file).model_fields:
        if block not in _ELSEWHERE:
            yield from ((block, text) for text in _texts(getattr(file, block)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _TEXTS.sub("''", value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name))
    elif isinstance(value, dict):
        yield from (text for one in value.values() for text in _texts(one))
    elif isinstance(value, list | tuple):
        yield from (text for one in value for text in _texts(one))


def _readers(name: str, said: Sequence[tuple[str, str]]) -> Sequence[str]:
    called = re.compile(rf"(?<![\w.]){re.escape(name)}\s*\(", re.IGNORECASE)
    return [*dict.fromkeys(who for who, text in said if called.search(text))]
