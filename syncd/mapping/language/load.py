"""A mapping file becomes a Mapping: read, checked and compiled. All that is wrong comes in one report."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncd.change import Kind, Table
from syncd.delivery import Answer
from syncd.dialects import Dialect
from syncd.errors import MappingError, MappingErrors
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import rules as reading
from syncd.mapping.language.accounts import FUNCTION, Account, RoleTable, read_accounts
from syncd.mapping.language.blocks.answers import compile_answers
from syncd.mapping.language.blocks.balances import ANY_PERIOD, Balance, compile_balances
from syncd.mapping.language.blocks.by_hand import ByHand, compile_by_hand
from syncd.mapping.language.blocks.closing_documents import compile_documents
from syncd.mapping.language.blocks.depreciation import Depreciation, compile_depreciation
from syncd.mapping.language.blocks.lifecycle import Lifecycle, compile_lifecycle
from syncd.mapping.language.blocks.masked import Masked, check_addresses, check_columns, masked, written
from syncd.mapping.language.blocks.measures import Measures, compile_measures
from syncd.mapping.language.blocks.month_end import MonthEnd, compile_month_end
from syncd.mapping.language.blocks.report_names import compile_names
from syncd.mapping.language.blocks.screens import DataQuality, read_quality
from syncd.mapping.language.blocks.year_end import YearEnd, compile_year_end
from syncd.mapping.language.check import check_cards, check_file, check_rules
from syncd.mapping.language.decisions import Decision, read_crosswalk, read_decision
from syncd.mapping.language.documents import read_documents
from syncd.mapping.language.doubts import constant_doubts, layout_doubts, rule_doubts
from syncd.mapping.language.file.faults import parse
from syncd.mapping.language.file.layout_file import LayoutFile
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.names import check_layout_names
from syncd.mapping.language.file.parts import read_mapping
from syncd.mapping.language.file.source import Document, read
from syncd.mapping.language.rules import Resolver
from syncd.mapping.language.scope import ExpressionReader, causes
from syncd.mapping.layout.compile import card_fields, compile_layout
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.program.block import Plan
from syncd.mapping.program.documents import DocumentTable
from syncd.mapping.program.program import Program, compile_plan
from syncd.mapping.program.translator import REACH_MAX, Translator
from syncd.mapping.verbs.approve import Approve
from syncd.mapping.verbs.budget import Budget
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.edited import Edited
from syncd.mapping.verbs.reverse import Reverse, in_order
from syncd.mapping.verbs.rule import CardVerb, Rule, V
from syncd.mapping.verbs.voucher import Voucher, accounts
from syncd.mapping.verbs.write import Write, kind_of

Constant = int | Decimal | bool | str
Drafts = Map[Path, bytes]
HASH_DIGITS: Final = 32
"""Of a SHA-256: 128 bits tell contents apart, and every posting carries them."""
_UNREAD: Final = ("no_rule_for_table", "unused_reference")
"""The warnings that nothing looks at a table."""
LANGUAGE: Final = 3
"""The version of the mapping language: what a mapping means. It moves when the same files would post otherwise, so that
somebody answers for it anew. 2: times by the clock of the books, a transaction judged as a whole, cards that live are
not opened again. 3: what cancels a voucher calls it by its day and number."""


@dataclass(frozen=True)
class Mapping:
    """A mapping that has been found right. `hash` is of all its files and of what the language means, `earlier` what it
    was under each version of the language before, with that version; `schedules` are the cron
    expressions of collecting rules."""

    path: Path
    files: Sequence[Path]
    """All that it is written in, with finance's layout and the decision tables."""
    file: MappingFile
    hash: str
    earlier: Map[str, int]
    tables: Map[str, Table]
    rules: Sequence[Rule]
    layout: FinanceLayout
    warnings: Sequence[MappingError]
    accounts: Map[str, str]
    """Every account that a rule names, itself or through a decision table, and the rule."""
    program: Program
    resolver: Resolver
    reconcile: Measures | None
    """The EAM's side of the reconciliation of assets."""
    balances: Sequence[Balance]
    """And of what accounts must hold by document."""
    by_hand: ByHand | None
    """Vouchers by hand that somebody wants cancelled, as rows of a table."""
    role_table: RoleTable | None
    """Which account plays which role, where the mapping says it."""
    quality: DataQuality
    """What is looked for in the EAM's rows, and what is worth a look in the books."""
    depreciation: Depreciation | None
    """How assets depreciate."""
    lifecycle: Lifecycle | None
    """The states of assets, whose rule stands beside `rules`."""
    month_end: MonthEnd
    """What closing a month looks at, and what its reports call things."""
    year_end: YearEnd
    """What the sheets of a year ask beside that."""
    answers: Map[str, Answer]
    """What the EAM is told of the rows of a table, by its alias."""
    drafts: Drafts
    """What was read in place of files, as they are to be."""
    masked: Masked
    """The columns whose values only some roles are shown."""

    def under(self, constants: Map[str, Constant]) -> "Mapping":
        """The same where constants are otherwise."""
        return load(self.path, constants, self.drafts)

    @property
    def source_tables(self) -> dict[str, Table]:
        """The tables that the source has: without those whose rows syncd makes, and documents."""
        computed = [block.computed for block in (self.depreciation, self.lifecycle) if block is not None]
        computed += [] if self.by_hand is None else [frozenset((self.by_hand.table.alias,))]
        return {
            alias: table
            for alias, table in self.tables.items()
            if alias not in self.file.documents and not any(alias in own for own in computed)
        }

    def refused(self, *servers: Dialect) -> list[MappingError]:
        """What the reconciliation asks of the EAM that these servers cannot compute exactly."""
        asked = [one.refused for one in (self.reconcile, *self.balances) if one is not None]
        return [error for server in servers for refused in asked for error in refused(server)]

    def judged_by_row(self, dialect: Dialect | None) -> list[MappingError]:
        """The rules that post documents by halves where the EAM does not tell its transactions, as SQLite's triggers
        cannot: each row is judged by itself there, and what comes behind the first is an edit that they pass by, or
        refuse."""
        doubts = ExpressionReader(self.resolver.reader.document)
        for rule in self.rules if dialect == "sqlite" else ():
            edited = rule.verb(Edited)
            if rule.on.alias not in self.file.documents or rule.of or rule.may_replace or rule.verb(Voucher) is None:
                continue
            if edited is None or edited.how == "refuse":
                doubts.fault("document_by_row", ("rules", rule.name, "on"), rule=rule.name)
        return doubts.errors

    @property
    def compares(self) -> bool:
        """Whether it says what the two sides are to be compared by."""
        return self.reconcile is not None or bool(self.balances)

    @property
    def asking(self) -> frozenset[str]:
        """The rules that ask somebody before they post."""
        return frozenset(rule.name for rule in self.rules if rule.verb(Approve) or rule.verb(Budget))

    @property
    def approvers(self) -> Sequence[str]:
        """The roles that its rules ask to approve, sooner or later."""
        steps = [step for rule in self.rules if (asked := rule.verb(Approve)) is not None for step in asked.steps]
        steps += [budget.step for rule in self.rules if (budget := rule.verb(Budget)) is not None]
        return sorted({role for step in steps for role in (step.params["role"], step.params.get("then", "")) if role})

    @property
    def name(self) -> str:
        """What postings are stamped with."""
        return self.file.mapping

    @property
    def zone(self) -> ZoneInfo:
        """Where the books are."""
        return ZoneInfo(self.file.timezone)

    @property
    def roles(self) -> Map[str, Account]:
        """Role → account under the mapping's standard; empty where it has no role table."""
        return {} if self.role_table is None else self.role_table.roles

    @property
    def schedules(self) -> dict[str, str]:
        """Collecting rule → cron expression."""
        return {rule.name: collect.cron for rule, collect in _saying(Collect, self.rules) if collect.cron}

    def translator(
        self, pipeline: str = "", again: bool = False, changes_max: int = REACH_MAX, says_documents: bool = False
    ) -> Translator:
        """A translator of its own for a pipeline; `again` where it takes a snapshot of what is in the books already."""
        ends_days = self.lifecycle is not None and self.lifecycle.overdue is not None
        return Translator(self.program, again, changes_max, self.zone if ends_days else None, says_documents)


def load(
    path: Path | str, constants: Map[str, Constant] | None = None, drafts: Drafts = MappingProxyType({})
) -> Mapping:
    """The mapping in a file, with its layout and its decision tables; `constants` are those that a case has otherwise,
    `drafts` what is read in place of the files of tables: somebody wants to see what it would mean. Raises
    MappingErrors with everything that is wrong, or MappingError when a file cannot be read at all."""
    path = Path(path)
    document, errors, files = read_mapping(path)
    file = parse(MappingFile, document, errors)
    if file is None:
        raise MappingErrors(causes(errors))
    file = file.model_copy(update={"constants": {**file.constants, **(constants or {})}})
    layout_path = path.parent / file.finance
    layout_document, layout_errors = read(layout_path)
    errors += layout_errors
    layout_file = parse(LayoutFile, layout_document, errors)
    files.append(layout_path)
    decisions = _decisions(file, path.parent, errors, files, drafts)
    role_table = _role_table(file, document, errors, files, drafts)
    if layout_file is None:
        raise MappingErrors(causes(errors))

    functions = {d.name.lower(): d.function for d in decisions}
    python: dict[str, Any] = {d.function.python: d.look_up for d in decisions}
    if role_table is not None:
        functions[FUNCTION] = role_table.function
        python[role_table.function.python] = role_table.look_up
    reader = ExpressionReader(document, functions, errors, file.timezone)
    tables = {a: reading.table(a, b, reader) for a, b in (*file.references.items(), *file.tables.items())}
    fields = card_fields(layout_file)
    documents = read_documents(file, tables, reader)
    tables |= {alias: document.table for alias, document in documents.items()}
    check_file(file, reader)
    check_columns(file, tables, reader)
    check_cards(file, bool(layout_file.card), reader)
    check_layout_names(layout_file, ExpressionReader(layout_document, {}, errors))
    if errors:
        raise MappingErrors(causes(errors))
    kinds = reading.card_kinds(file, tables, reader, fields, layout_file.kinds)
    declared = layout_file.dims, layout_file.quantities, layout_file.voucher_fields, tuple(layout_file.lookups)
    resolver = Resolver(file, tables, reader, kinds, fields, *declared)
    subjects = {alias: resolver.subject(alias) for alias in (*file.tables, *documents)}
    for alias in documents:
        resolver.lines(alias, {}, reader)
    rules = resolver.rules()
    layout = compile_layout(
        layout_file,
        ExpressionReader(layout_document, {}, errors, file.timezone),
        kinds,
        _dim_kinds(rules),
        _others(rules),
        _field_kinds(rules),
        {field for rule in rules for verb in rule.verbs if isinstance(verb, CardVerb) for field in verb.fields},
        file.language,
    )
    reads = {} if layout is None else layout.reads
    kept = (lambda _: None) if layout is None else layout.places
    measures = compile_measures(file, tables, reader, resolver.constants(), kinds, reads, kept)
    by_hand = compile_by_hand(file.reconcile, resolver, python)
    quality = read_quality(file, rules, resolver, python)
    depreciation = compile_depreciation(file.depreciation, resolver, python)
    lifecycle = compile_lifecycle(file.lifecycle, resolver, python, file.language)
    roles = {} if role_table is None else role_table.roles
    codes = {role: account.code for role, account in roles.items()}
    balances = compile_balances(file, tables, reader, resolver.constants(), layout, codes)
    names = compile_names(file.report, resolver, python)
    closed_by = compile_documents(file.close, resolver, python)
    month_end = compile_month_end(file, layout_file, reader, kinds, codes, names, closed_by)
    said = None if file.report is None else file.report.year_end
    year_end = compile_year_end(said, resolver, python, layout_file, codes)
    doubts = ExpressionReader(document)
    hidden = masked(file, rules)
    if hidden:
        check_addresses(file, rules, {alias: subject for alias, (subject, _) in subjects.items()}, hidden, reader)
        written(rules, hidden, doubts)
    if measures is not None and measures.accounts and layout is not None and not layout.journals([ANY_PERIOD]):
        doubts.fault("reconcile_entries", ("reconcile", "accounts"), layout=layout.name)
    answered = {alias: tables[alias] for alias in (*file.tables, *documents)}
    answers = compile_answers(file.answers, answered, file.language, reader, doubts)
    warnings = doubts.errors + ([] if layout is None else check_rules(file, rules, layout, reader))
    odd_constants = list(constant_doubts(document))
    warnings += [*odd_constants, *rule_doubts(document)]
    warnings += [] if layout is None else layout_doubts(layout_document, layout)
    looked_at = year_end.looked_at | (lifecycle.looked_at if lifecycle is not None else frozenset())
    if any(w.code in _UNREAD for w in warnings):
        compared: list[Measures | Balance] = [*(() if measures is None else measures.each), *balances]
        reaches = {reach.table for one in compared for reach in one.reaches("postgres", file.timezone)}
        looked_at |= reaches | {one.on for one in compared}
    warnings = [w for w in warnings if w.code not in _UNREAD or w.params["table"] not in looked_at]
    if errors or layout is None:
        raise MappingErrors(causes([*odd_constants, *errors]))
    plan = _plan(tables, rules, subjects, layout, [] if lifecycle is None else [lifecycle.rule], documents)
    named = accounts(rules, {d.function.python: d.answers for d in decisions})
    program = compile_plan(plan, layout, ZoneInfo(file.timezone), python, list(file.references), frozenset(answers))
    return Mapping(
        path,
        tuple(files),
        file,
        *_hashes(_content_hash(path.parent, files, drafts)),
        tables,
        rules,
        layout,
        warnings,
        named,
        program,
        resolver,
        measures,
        balances,
        by_hand,
        role_table,
        quality,
        depreciation,
        lifecycle,
        month_end,
        year_end,
        answers,
        drafts,
        hidden,
    )


def _decisions(
    file: MappingFile, folder: Path, errors: list[MappingError], files: list[Path], drafts: Drafts
) -> list[Decision]:
    found: list[Decision] = []
    for name, block in file.decisions.items():
        path = folder / block.file
        decision, wrong = read_decision(name, path, block.keys, block.gives, drafts.get(path))
        found.append(decision)
        errors += wrong
        files.append(path)
    for name, walk in file.crosswalks.items():
        path = folder / walk.file
        decision, wrong = read_crosswalk(name, path, walk.from_, walk.to, walk.many, drafts.get(path))
        found.append(decision)
        errors += wrong
        files.append(path)
    return found


def _role_table(
    file: MappingFile, document: Document, errors: list[MappingError], files: list[Path], drafts: Drafts
) -> RoleTable | None:
    block = file.accounts
    if block is None:
        return None
    path = document.path.parent / block.file
    files.append(path)
    standard = file.constants.get(block.standard)
    if not isinstance(standard, str):
        texts = [name for name, value in file.constants.items() if isinstance(value, str)]
        params = {"name": block.standard, "nearest": nearest(block.standard, texts)}
        errors.append(MappingError("standard_no_constant", document.where(("accounts", "standard")), **params))
        return None
    table, wrong = read_accounts(path, standard, drafts.get(path))
    errors += wrong
    return table


def _dim_kinds(rules: Sequence[Rule]) -> dict[str, Kind]:
    """The kind of every auxiliary, found in what the rules give it."""
    lines = [line for _, voucher in _saying(Voucher, rules) for line in voucher.lines]
    return {name: e.kind for line in lines for name, e in line.dims.items() if e.kind is not Kind.NULL}


def _field_kinds(rules: Sequence[Rule]) -> dict[str, Kind]:
    """The kind of what vouchers' headers say besides, likewise."""
    said = [voucher.fields for _, voucher in _saying(Voucher, rules)]
    said += [reverse.fields for _, reverse in _saying(Reverse, rules)]
    return {name: e.kind for fields in said for name, e in fields.items() if e.kind is not Kind.NULL}


def _others(rules: Sequence[Rule]) -> dict[str, dict[str, Kind]]:
    """What rules write to tables that are neither cards nor vouchers."""
    found: dict[str, dict[str, Kind]] = {}
    for row in (row for _, write in _saying(Write, rules) for row in write.rows):
        found.setdefault(row.table, {}).update({name: kind_of(e) for name, e in row.values.items()})
    return found


def _saying(verb: type[V], rules: Sequence[Rule]) -> list[tuple[Rule, V]]:
    """The rules that say a verb, and what they say."""
    return [(rule, said) for rule in rules if (said := rule.verb(verb)) is not None]


def _plan(
    tables: Map[str, Table],
    rules: Sequence[Rule],
    subjects: Map[str, Any],
    layout: FinanceLayout,
    first: Sequence[Rule],
    documents: Map[str, DocumentTable],
) -> Plan:
    """`first` are rules that judge before any other of their table."""
    changing = _saying(Change, rules)

    def of(alias: str, some: Sequence[Rule]) -> list[Rule]:
        return [rule for rule in some if rule.on.alias == alias]

    return Plan(
        tables,
        {alias: [*of(alias, first), *in_order(of(alias, rules))] for alias in tables},
        {alias: subjects.get(alias, (None, {})) for alias in tables},
        {rule.name: frozenset(layout.companions(change.fields)) for rule, change in changing},
        layout.needs_check,
        tuple(dict.fromkeys(verb.looks_at for rule in rules for verb in rule.verbs if verb.looks_at)),
        {field: places for field in layout.card_fields if (places := layout.places(field)) is not None},
        documents,
    )


def _hashes(content: str) -> tuple[str, Map[str, int]]:
    """The hash under today's language, and those under earlier versions of it. The first version was not hashed."""
    under = {1: content} | {n: sha256(f"{n}:{content}".encode()).hexdigest() for n in range(2, LANGUAGE + 1)}
    now = under.pop(LANGUAGE)
    return now[:HASH_DIGITS], {was[:HASH_DIGITS]: version for version, was in under.items()}


def _content_hash(folder: Path, files: Sequence[Path], drafts: Drafts) -> str:
    """One hash over all files, by their names as the mapping says them."""
    total = sha256()
    for file in files:
        content = drafts[file] if file in drafts else file.read_bytes()
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name
        total.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return total.hexdigest()
