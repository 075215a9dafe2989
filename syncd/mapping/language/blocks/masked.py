"""Columns that are masked: their values are shown to some roles alone.

What stands under a table is spread to wherever the same value is read: to documents that have the table's rows, and by
rule to each name of its expressions that says the value or is made of it, and to what a reason may say otherwise than
the row does.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from syncd.change import Kind, Table
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.once import Once
from syncd.mapping.verbs.rule import Rule

Roles = frozenset[str]
Masked = Mapping[str, Mapping[str, Roles]]
"""Table, document, or `DOCUMENT.LINES` → column → the roles that see it; `rule:NAME` → names of its expressions;
`made:NAME` → those of them of which the rule makes something, or that are no text of the row itself."""
WRITTEN: Final = ("card", "change", "rename", "voucher", "entry", "write")
"""The words under which a rule writes into finance."""


def check_columns(file: MappingFile, tables: Mapping[str, Table], reader: ExpressionReader) -> None:
    """Masked columns are columns of their table, and not of its key."""
    for alias, block in (*file.tables.items(), *file.references.items()):
        place = "tables" if alias in file.tables else "references"
        names = [column.name for column in tables[alias].columns]
        for column in block.masked:
            trail = (place, alias, "masked", column)
            if column not in names:
                reader.fault("unknown_column", trail, column=column, table=alias, nearest=nearest(column, names))
            elif names.index(column) in tables[alias].key:
                reader.fault("masked_key", trail, column=column, table=alias, place=f"{place}.{alias}.key")


def masked(file: MappingFile, rules: Sequence[Rule]) -> Masked:
    """What is masked where; empty where the mapping masks nothing."""
    blocks = {**file.references, **file.tables}
    said = {alias: {c: Roles(roles) for c, roles in block.masked.items()} for alias, block in blocks.items()}
    found: dict[str, Mapping[str, Roles]] = {alias: columns for alias, columns in said.items() if columns}
    if not found:
        return {}
    for alias, document in file.documents.items():
        found[alias] = said.get(document.header, {})
        found |= {f"{alias}.{word}": said.get(lines.table, {}) for word, lines in document.lines.items()}
    named = {rule.name: _names(rule, found) for rule in rules}
    found |= {f"rule:{name}": names for name, names in named.items()}
    found |= {f"made:{rule.name}": _made(rule, named[rule.name]) for rule in rules}
    return {place: names for place, names in found.items() if names}


def check_addresses(
    file: MappingFile, rules: Sequence[Rule], subjects: Mapping[str, Expression | None], found: Masked,
    reader: ExpressionReader,
) -> None:  # fmt: skip
    """What addresses are made of is not masked: subjects, keys of postings and of groups, codes of assets."""
    for alias, subject in subjects.items():
        place = "tables" if alias in file.tables else "documents"
        block = file.judged(alias)
        names = _of_row(alias, found)
        for word, join in () if block is None else block.join.items():
            names |= {f"{word}.{column}": roles for column, roles in found.get(_joined(word, join), {}).items()}
        if subject is not None:
            _refuse(reader, (place, alias, "subject"), subject, names)
    for rule in rules:
        names = dict(found.get(f"rule:{rule.name}", {}))
        if rule.of or not names:
            continue
        once, collect = rule.verb(Once), rule.verb(Collect)
        for word, verb in (("once", once), ("collect", collect)):
            for e in () if verb is None else verb.expressions():
                _refuse(reader, ("rules", rule.name, word), e, names)
        if rule.asset_code is not None:
            _refuse(reader, ("rules", rule.name), rule.asset_code, names)


def written(rules: Sequence[Rule], found: Masked, doubts: ExpressionReader) -> None:
    """Warns where a rule writes a masked value into finance, where it is shown like all that is finance's."""
    for rule in rules:
        names = {} if rule.of else found.get(f"rule:{rule.name}", {})
        for place in (place for verb in rule.verbs for place in verb.places()) if names else ():
            if place.word in WRITTEN and (read := reads(place.e, names)):
                word = "voucher" if place.word == "entry" else place.word
                doubts.fault("masked_written", ("rules", rule.name, word), rule=rule.name, name=read[0], place=word)


def reads(e: Expression, names: Collection[str]) -> Sequence[str]:
    """Which of these names an expression reads, those of a document's lines among them."""
    own, text = {name.lower() for name in e.names}, e.text.lower()
    return [name for name in names if name in own or ("." in name and _is_in(name, text))]


def _is_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _names(rule: Rule, found: Mapping[str, Mapping[str, Roles]]) -> dict[str, Roles]:
    names = _of_row(rule.on.alias, found)
    for join in rule.all_joins:
        names |= {f"{join.alias}.{column}".lower(): r for column, r in found.get(join.table.alias, {}).items()}
    for word in rule.lines:
        lines = next((own for place, own in found.items() if place.lower() == f"{rule.on.alias}.{word}".lower()), {})
        names |= {f"{word}.{column}".lower(): roles for column, roles in lines.items()}
    for name, e in rule.let.items():
        if read := reads(e, names):
            names[name.lower()] = Roles.intersection(*(names[one] for one in read))
    return names


def _made(rule: Rule, names: Mapping[str, Roles]) -> dict[str, Roles]:
    """Those of the names whose values a reason may repeat, or a part of them, in other letters than the row has: a text
    that a rule takes as it is, is found there."""
    keys = (e for join in rule.all_joins for e in join.key)
    taken = [e for e in (*rule.expressions(), *keys) if e.kind is not Kind.TEXT or e.text.lower() not in names]
    read = {name for e in taken for name in reads(e, names)}
    return {name: roles for name, roles in names.items() if name in read or _is_joined(name)}


def _is_joined(name: str) -> bool:
    return "." in name and not name.startswith(("after.", "before."))


def _of_row(alias: str, found: Mapping[str, Mapping[str, Roles]]) -> dict[str, Roles]:
    """How expressions name the columns of the row itself."""
    return dict(_sides(found.get(alias, {})))


def _sides(columns: Mapping[str, Roles]) -> Iterator[tuple[str, Roles]]:
    for column, roles in columns.items():
        yield from ((f"{side}{column}".lower(), roles) for side in ("", "after.", "before."))


def _joined(word: str, join: object) -> str:
    """The table that a join is of: the one that it names, else that of its own name."""
    return str(getattr(join, "table", "") or word)


def _refuse(reader: ExpressionReader, trail: Trail, e: Expression, names: Mapping[str, Roles]) -> None:
    if read := reads(e, names):
        table, _, column = read[0].rpartition(".")
        reader.fault("masked_key", trail, column=column, table=table or "–", place=".".join(map(str, trail)))
