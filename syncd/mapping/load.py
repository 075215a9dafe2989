"""A mapping file becomes a Mapping: read, checked and compiled. All that is wrong comes in one report."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncd.change import Kind, Table
from syncd.errors import MappingError, MappingErrors
from syncd.mapping import rules as reading
from syncd.mapping.block import Plan
from syncd.mapping.check import accounts, check_file, check_rules
from syncd.mapping.decisions import Decision, read_crosswalk, read_decision
from syncd.mapping.layout import FinanceLayout, card_fields, compile_layout
from syncd.mapping.measures import Measures, compile_measures
from syncd.mapping.model import LayoutFile, MappingFile, parse
from syncd.mapping.rules import Resolver, Rule
from syncd.mapping.scope import Reader, causes
from syncd.mapping.source import read
from syncd.mapping.translator import Program, Translator, compile_plan

HASH_DIGITS: Final = 32
"""Of a SHA-256: 128 bits tell contents apart, and every posting carries them."""


@dataclass(frozen=True)
class Mapping:
    """A mapping that has been found right. `hash` is of all its files; `schedules` are the cron
    expressions of collecting rules."""

    path: Path
    file: MappingFile
    hash: str
    tables: Map[str, Table]
    rules: Sequence[Rule]
    layout: FinanceLayout
    warnings: Sequence[MappingError]
    accounts: Map[str, str]
    """Every account that a rule names, itself or through a decision table, and the rule."""
    program: Program
    resolver: Resolver
    reconcile: Measures | None
    """The EAM's side of the reconciliation."""

    @property
    def name(self) -> str:
        """What postings are stamped with."""
        return self.file.mapping

    @property
    def schedules(self) -> dict[str, str]:
        """Collecting rule → cron expression."""
        posts = {name: rule.collect.post for name, rule in self.file.rules.items() if rule.collect}
        return {name: post for name, post in posts.items() if isinstance(post, str)}

    def translator(self, pipeline: str = "") -> Translator:
        """A translator of its own for a pipeline."""
        return Translator(self.program)


def load(path: Path | str) -> Mapping:
    """The mapping in a file, with its layout and its decision tables. Raises MappingErrors with everything that is
    wrong, or MappingError when a file cannot be read at all."""
    path = Path(path)
    document, errors = read(path)
    file = parse(MappingFile, document, errors)
    if file is None:
        raise MappingErrors(causes(errors))
    files = [path]
    layout_path = path.parent / file.finance
    layout_document, layout_errors = read(layout_path)
    errors += layout_errors
    layout_file = parse(LayoutFile, layout_document, errors)
    files.append(layout_path)
    decisions = _decisions(file, path.parent, errors, files)
    if layout_file is None:
        raise MappingErrors(causes(errors))

    reader = Reader(document, {d.name.lower(): d.function for d in decisions}, errors)
    tables = {a: reading.table(a, b, reader) for a, b in (*file.references.items(), *file.tables.items())}
    fields = card_fields(layout_file)
    check_file(file, reader)
    if errors:
        raise MappingErrors(causes(errors))
    kinds = reading.card_kinds(file, tables, reader, fields, layout_file.kinds)
    resolver = Resolver(file, tables, reader, kinds, fields, layout_file.dims)
    subjects = {alias: resolver.subject(alias) for alias in file.tables}
    rules = resolver.rules()
    layout = compile_layout(layout_file, Reader(layout_document, {}, errors), kinds, _dim_kinds(rules), _others(rules))
    measures = compile_measures(file, tables, reader, resolver.constants(), kinds)
    warnings = [] if layout is None else check_rules(file, rules, layout, reader)
    if errors or layout is None:
        raise MappingErrors(causes(errors))
    plan = _plan(tables, rules, subjects, layout)
    python = {d.function.python: d.look_up for d in decisions}
    named = accounts(rules, {d.function.python: d.answers for d in decisions})
    program = compile_plan(plan, layout, ZoneInfo(file.timezone), python, list(file.references))
    return Mapping(
        path, file, _hash(path.parent, files), tables, rules, layout, warnings, named, program, resolver, measures
    )


def _decisions(file: MappingFile, folder: Path, errors: list[MappingError], files: list[Path]) -> list[Decision]:
    found: list[Decision] = []
    for name, block in file.decisions.items():
        decision, wrong = read_decision(name, folder / block.file, block.keys, block.gives)
        found.append(decision)
        errors += wrong
        files.append(folder / block.file)
    for name, walk in file.crosswalks.items():
        decision, wrong = read_crosswalk(name, folder / walk.file, walk.from_, walk.to, walk.many)
        found.append(decision)
        errors += wrong
        files.append(folder / walk.file)
    return found


def _dim_kinds(rules: Sequence[Rule]) -> dict[str, Kind]:
    """The kind of every auxiliary, found in what the rules give it."""
    lines = [line for rule in rules if rule.voucher for line in rule.voucher.lines]
    return {name: e.kind for line in lines for name, e in line.dims.items() if e.kind is not Kind.NULL}


def _others(rules: Sequence[Rule]) -> dict[str, dict[str, Kind]]:
    """What rules write to tables that are neither cards nor vouchers."""
    found: dict[str, dict[str, Kind]] = {}
    for row in (row for rule in rules for row in rule.write):
        found.setdefault(row.table, {}).update({name: e.kind for name, e in row.values.items()})
    return found


def _plan(tables: Map[str, Table], rules: Sequence[Rule], subjects: Map[str, Any], layout: FinanceLayout) -> Plan:
    changing = [rule for rule in rules if rule.change is not None]
    reads_cards = bool(changing) or any(n.startswith("card.") for r in rules for e in r.expressions() for n in e.names)
    return Plan(
        tables,
        {alias: [rule for rule in rules if rule.on.alias == alias] for alias in tables},
        {alias: subjects.get(alias, (None, {})) for alias in tables},
        {rule.name: frozenset(layout.companions(rule.change or ())) for rule in changing},
        reads_cards,
        layout.needs_check,
        tuple(dict.fromkeys(rule.reverse for rule in rules if rule.reverse)),
    )


def _hash(folder: Path, files: Sequence[Path]) -> str:
    """One hash over all files, by their names as the mapping says them."""
    total = sha256()
    for file in files:
        content = file.read_bytes()
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name
        total.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return total.hexdigest()[:HASH_DIGITS]
