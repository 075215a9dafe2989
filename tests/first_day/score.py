"""What `syncd init` proposed, held against a mapping that was written by hand: fact by fact right, other or missed.

A fact is a table of the source, its key, the kind of a column, the columns by whose state a row comes into the books,
the time zone, an account that a rule names; of finance the chart, the periods, the numbering, each table of cards,
vouchers and entries with its key, and each of its columns: from which columns of the EAM it comes, or what it is given
where it comes from none. Rules that `init` does not propose (corrections, disposals) are no facts here; what they alone
fill is."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pydantic import BaseModel

from syncd.init.files import later_file
from syncd.mapping.language.explain import explain
from syncd.mapping.language.file.faults import parse
from syncd.mapping.language.file.layout_file import LayoutFile, Numbering
from syncd.mapping.language.file.source import read
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.rule import Rule
from syncd.mapping.verbs.voucher import Voucher

OF_COLUMN: Final = "type of "


class Score(NamedTuple):
    """How many facts were proposed rightly, otherwise, and not at all; and which those are."""

    right: int
    other: int
    missed: int
    differing: tuple[str, ...]

    @property
    def facts(self) -> int:
        return self.right + self.other + self.missed


def score(truth: Loaded, proposed: Loaded) -> Score:
    """Of the facts that were written by hand. Of a column that only one side reads, what finance's columns come from
    tells, not its type."""
    wanted, found = (
        dict(_facts(truth, list(_openers(truth)))),
        dict(_facts(proposed, [rule for rule in proposed.rules if rule.name not in later_file.RULES])),
    )
    told: Counter[str] = Counter()
    differing = []
    for name, right in wanted.items():
        if name not in found:
            if not name.startswith(OF_COLUMN):
                told["missed"] += 1
                differing.append(f"{name}: –")
        elif _same(right, found[name]):
            told["right"] += 1
        else:
            told["other"] += 1
            differing.append(f"{name}: {found[name]}")
    for account in proposed.accounts:  # of what comes later too
        told["right" if account in truth.accounts else "other"] += 1
        differing += [] if account in truth.accounts else [f"account {account}"]
    return Score(told["right"], told["other"], told["missed"], tuple(differing))


def _same(right: object, found: object) -> bool:
    """Of ways in which several rules fill a column one will do."""
    if isinstance(right, frozenset) and isinstance(found, frozenset):
        return bool(right & found)
    return right == found


def _facts(mapping: Loaded, rules: Sequence[Rule]) -> Iterator[tuple[str, object]]:
    headers = {alias: block.header for alias, block in mapping.file.documents.items()}
    yield "timezone", mapping.file.timezone
    for rule in rules:
        words = re.findall(r"\b(?:after|before)\.(\w+)", mapping.file.rules[rule.name].when or "")
        yield f"condition on {rule.on.name}", tuple(sorted({word.lower() for word in words}))
    for on in {rule.on.alias: rule.on for rule in rules}.values():
        block = mapping.file.tables[headers.get(on.alias, on.alias)]
        yield f"source {block.table}", "tracked"
        yield f"source {block.table} key", tuple(block.key)
        yield f"source {block.table} subject", (block.subject or "").strip('"').lower()
    for table in {t.name: t for r in rules for t in (r.on, *(j.table for j in r.joins.values()))}.values():
        for column in table.columns:
            yield f"{OF_COLUMN}{table.name}.{column.name}", (column.kind, column.form)
    yield from _finance(_layout(mapping))
    yield from _columns(mapping, rules)


def _openers(mapping: Loaded) -> Iterator[Rule]:
    """The rules by which an asset comes into the books: of the tables of one shape those that open cards, and the first
    that post what is inserted, where the former do not."""
    cards = [rule for rule in mapping.rules if rule.verb(Card)]
    coming = [rule for rule in mapping.rules if rule.verb(Voucher) and "insert" in _said(mapping, rule)]
    posting = coming or [rule for rule in mapping.rules if rule.verb(Voucher)]
    posting = [] if any(rule.verb(Voucher) for rule in cards) else posting
    found: dict[str, Rule] = {}
    for some in (cards, posting):
        shape = [column.name for column in some[0].on.columns] if some else []
        for rule in reversed(some):
            if [column.name for column in rule.on.columns] == shape:
                found[rule.on.alias + str(some is cards)] = rule
    yield from found.values()


def _said(mapping: Loaded, rule: Rule) -> str:
    is_document = rule.on.alias in mapping.file.documents
    return "insert" if is_document else mapping.file.rules[rule.name].when or "insert"


def _layout(mapping: Loaded) -> LayoutFile:
    document, _ = read(mapping.path.parent / mapping.file.finance)
    made = parse(LayoutFile, document, [])
    assert made is not None
    return made


def _finance(file: LayoutFile) -> Iterator[tuple[str, object]]:
    accounts = file.lookups[file.accounts]
    yield "accounts", (accounts.table, _bare(accounts.code), _bare(accounts.gives), _bare(accounts.where or ""))
    if isinstance(file.periods, BaseModel):
        said = {
            name: _bare(str(value))
            for name, value in file.periods.model_dump(exclude_none=True).items()
            if name not in ("close", "reopen")
        }
        yield from ((f"periods {name}", value) for name, value in said.items())
    else:
        yield "periods", file.periods
    if isinstance(file.numbering, Numbering):
        numbering = file.numbering
        yield "numbering", (numbering.table, _bare(numbering.number), numbering.pattern)
        yield "numbering by", tuple(by for by in ("period", "year", "type") if getattr(numbering, by))
    else:
        yield "numbering", file.numbering
    for block in ("card", "voucher", "entry"):
        for table in getattr(file, block):
            yield f"{block} {table.table}", "there"
            yield f"{block} {table.table} key", tuple(table.key)
            if block == "voucher" and table.generated:
                yield f"{block} {table.table} generated", table.generated.column


def _columns(mapping: Loaded, rules: Sequence[Rule]) -> Iterator[tuple[str, object]]:
    """By column of finance where it comes from: the EAM's columns by any rule, or what the layout gives it."""
    file, names = _layout(mapping), {rule.name for rule in rules}
    origins: dict[str, set[tuple[str, ...]]] = {}
    for found in explain(mapping):
        if found.rule in names:
            origins.setdefault(found.finance, set()).add(tuple(sorted(column.lower() for column in found.columns)))
    for block in ("card", "voucher", "entry"):
        for table in getattr(file, block):
            for column, text in table.columns.items():
                name = f"{table.table}.{column}"
                if name in origins:
                    yield name, frozenset(origins[name])
                else:
                    yield name, _given(text, file)


def _given(text: str, file: LayoutFile) -> str:
    """An expression whatever its lookups are called."""

    def called(match: re.Match[str]) -> str:
        lookup = file.lookups.get(match[1])
        return f"{lookup.table}:{lookup.gives}(" if lookup else match[0]

    return _bare(re.sub(r"(\w+)\(", called, text))


def _bare(text: str) -> str:
    """SQL without what makes no difference."""
    return re.sub(r"[\s\"`]", "", str(text)).lower()
