"""Golden cases: source rows in, cards and vouchers out. They stand in NAME.cases/*.yaml beside NAME.yaml, and run
through the real translator over a ledger on paper.

case: Ten machine tools are approved          # what it shows
given: {dept: [{id: 7, code: SC, …}]}         # EAM rows that are there already
cards: {FA-SC-001: {original_value: 1.00}}    # finance cards that are there already
lookups: {account: {"1601": 117}}             # what finance knows; without it, every code as itself
closed: ["2026-01"]                           # closed periods; every other month is open
changes:                                      # what happens, in order; `at` is when it was committed
  - {insert: asset, row: {id: 1, …}, at: 2026-02-05}
  - {update: asset, row: {id: 1, status: in_use}}      # the columns that change
  - {delete: asset, row: {id: 1}}
  - {read: asset, row: {…}}                   # a snapshot row
  - {truncate: asset}
  - {approve: FA-SC-001} | {retry: FA-SC-001} # a person and the parked rows of a subject
  - {collect: monthly_depreciation}           # its schedule: every group is due
expect:                                       # written by `syncd mapping test --write`
  cards: … vouchers: … rows: … parked: …
  finance: …                                  # the physical rows; only where the case asks by `physical: true`
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from difflib import unified_diff
from itertools import count
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field

from syncd.change import Change, ChangeSet, Kind, Op, Position, Row, Table, Value, key_text
from syncd.errors import MappingError, MappingErrors
from syncd.language import say
from syncd.mapping.layout import exact
from syncd.mapping.load import Mapping as Loaded
from syncd.mapping.model import parse
from syncd.mapping.paper import PaperBook
from syncd.mapping.source import Document, read, read_text
from syncd.mapping.terms import nearest
from syncd.mapping.translator import Translator
from syncd.posting import Posting
from syncd.record import has_marks, plain

Convert = Callable[[Table], Callable[[Sequence[object]], tuple[Row, bool]]]
"""Table → raw values in the order of its columns → row, and whether it holds marks: the sources' own conversion."""

FIRST_DAY: Final = date(2026, 1, 1)
_EXPECT: Final = "expect:"


class Step(BaseModel):
    """One thing that happens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    insert: str | None = None
    update: str | None = None
    delete: str | None = None
    read: str | None = None
    truncate: str | None = None
    approve: str | None = None
    retry: str | None = None
    collect: str | None = None
    row: dict[str, Any] = {}
    at: str | None = None

    def what(self) -> tuple[str, str]:
        """The verb and what it is about."""
        said = [(verb, getattr(self, verb)) for verb in type(self).model_fields if verb not in ("row", "at")]
        verb, target = next(((v, t) for v, t in said if t is not None), ("", ""))
        return verb, target


class CaseFile(BaseModel):
    """A golden case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str
    given: dict[str, list[dict[str, Any]]] = {}
    cards: dict[str, dict[str, Any]] = {}
    lookups: dict[str, dict[str, Any]] = {}
    closed: tuple[str, ...] = ()
    changes: tuple[Step, ...] = Field(min_length=1)
    physical: bool = False
    expect: dict[str, Any] = {}


@dataclass(frozen=True)
class Result:
    """How a case went: `difference` is empty when it is as expected."""

    path: Path
    case: str
    difference: str
    actual: str

    def write(self) -> None:
        """Make what came out what is expected, and leave the rest of the file as it is."""
        head, _, _ = read_text(self.path).partition(f"\n{_EXPECT}")
        self.path.write_text(f"{head.rstrip()}\n{self.actual}", "utf-8")


def case_files(mapping: Path) -> list[Path]:
    """The cases beside a mapping file."""
    return sorted(mapping.with_suffix(".cases").glob("*.yaml"))


def run_case(mapping: Loaded, path: Path, convert: Convert) -> Result:
    """Run one case. Raises MappingErrors when the case itself is wrong."""
    document, errors = read(path)
    file = parse(CaseFile, document, errors)
    if errors or file is None:
        raise MappingErrors(errors)
    play = _Play(mapping, document, convert)
    play.set_up(file)
    for n, step in enumerate(file.changes):
        play.step(n, step)
    actual = play.outcome(file.physical)
    expected = _shown({"expect": _aligned(file.expect, actual)})
    shown = _shown({"expect": actual})
    lines = unified_diff(expected.splitlines(), shown.splitlines(), "expected", "actual", lineterm="", n=2)
    return Result(path, file.case, "\n".join(lines), shown)


class _Play:
    """A mapping at work on one case."""

    def __init__(self, mapping: Loaded, document: Document, convert: Convert) -> None:
        self.mapping, self.document, self.convert = mapping, document, convert
        self.book = PaperBook(mapping.tables, mapping.layout)
        self.translator = Translator(mapping.program)
        self.zone = ZoneInfo(mapping.file.timezone)
        self.physical: dict[str, list[dict[str, Value]]] = {}

    def set_up(self, file: CaseFile) -> None:
        """What is there before anything happens."""
        for alias, rows in file.given.items():
            for i, row in enumerate(rows):
                self.book.put(alias, self._row(("given", alias, i), alias, row))
        for code, fields in file.cards.items():
            kinds = self.mapping.layout.card_kinds
            self.book.card_fields[code] = {f: exact(kinds.get(f, Kind.TEXT), v) for f, v in fields.items()}
        self.book.lookups = {name: cast(dict[Value, Value], codes) for name, codes in file.lookups.items()}
        self.book.closed = set(file.closed)

    def step(self, n: int, step: Step) -> None:
        """One thing happens, and all that follows from it."""
        verb, target = step.what()
        trail = ("changes", n)
        at = datetime.combine(FIRST_DAY, time(8), self.zone) + timedelta(minutes=n)
        if step.at is not None:
            at = datetime.fromisoformat(step.at)
            at = at if at.tzinfo else at.replace(tzinfo=self.zone)
        if verb in ("insert", "update", "delete", "read", "truncate"):
            change = self._change(trail, cast(Op, verb), target, step.row, Position(f"{n + 1:06}"), at)
            sets = [ChangeSet([change], change.position, change.committed_at)]
            self.book.write(self.translator.translate(sets, self.book))
        elif verb == "collect":
            self.book.due.append((target, ""))
        elif verb:
            self._ask(target, approve=verb == "approve")
        else:
            raise MappingErrors([MappingError("case_no_verb", self.document.where(trail))])
        self._settle(at)

    def outcome(self, physical: bool) -> dict[str, Any]:
        """What finance holds in the end, and what is parked."""
        entered = self.book.entered
        found: dict[str, Any] = {
            "cards": {code: _plain(fields) for code, fields in sorted(self.book.card_fields.items())},
            "vouchers": [self._voucher(p, n) for p, n in entered if p.voucher is not None],
            "rows": [{"table": r.table, **_plain(r.values)} for p, _ in entered for r in p.rows],
            "parked": [self._parked(note.rejection) for note in self.book.notes if not note.settled],
            "finance": self._finance() if physical else {},
        }
        return {name: block for name, block in found.items() if block}

    def _change(
        self, trail: tuple[str | int, ...], op: Op, alias: str, raw: Mapping[str, Any], position: Position, at: datetime
    ) -> Change:
        if op == "truncate":
            return Change(self._table(trail, alias).alias, op, None, None, position, at.astimezone(UTC))
        row = self._row(trail, alias, raw)
        before: Row | None = None
        if op in ("update", "delete"):
            table = self.mapping.tables[alias]
            before = self.book.images[alias].get(key_text(table, row))
            if before is None:
                raise MappingErrors([MappingError("case_no_row", self.document.where(trail), table=alias)])
            given = {name.lower() for name in raw}
            row = tuple(
                new if c.name.lower() in given else old for c, new, old in zip(table.columns, row, before, strict=True)
            )
        after = None if op == "delete" else row
        marked = has_marks(before) or has_marks(after)
        return Change(alias, op, before, after, position, at.astimezone(UTC), marked)

    def _table(self, trail: tuple[str | int, ...], alias: str) -> Table:
        if alias not in self.mapping.tables:
            near = nearest(alias, self.mapping.tables)
            raise MappingErrors([MappingError("unknown_table", self.document.where(trail), table=alias, nearest=near)])
        return self.mapping.tables[alias]

    def _row(self, trail: tuple[str | int, ...], alias: str, raw: Mapping[str, Any]) -> Row:
        table = self._table(trail, alias)
        names = [c.name for c in table.columns]
        for name in raw:
            if name not in names:
                params = {"table": alias, "column": name, "nearest": nearest(name, names)}
                raise MappingErrors([MappingError("unknown_column", self.document.where(trail), **params)])
        return self.convert(table)([raw.get(name) for name in names])[0]

    def _ask(self, subject: str, approve: bool) -> None:
        for note in self.book.notes:
            if not note.settled and note.rejection.subject == subject:
                note.request = "retry"
                note.approved |= {note.rejection.rule} if approve else set()

    def _settle(self, now: datetime) -> None:
        """Parked rows that were asked for and groups that are due, until nothing moves."""
        for _ in range(len(self.book.notes) + 1):
            parked = self.book.requested(len(self.book.notes))
            if parked:
                self.book.write(self.translator.replay(parked, self.book))
        for rule, group in self.book.due_groups(now):
            rows = tuple(self.book.collected(rule, group))
            self.book.loose = [kept for kept in self.book.loose if kept[0] not in rows]
            self.book.write(self.translator.gather(rule, group, rows, self.book))

    def _voucher(self, posting: Posting, number: int) -> dict[str, Any]:
        voucher = posting.voucher
        assert voucher is not None
        found: dict[str, Any] = {"voucher": self.book.ref(posting, number), "rule": posting.rule}
        if posting.reverses is not None:
            found["reverses"] = posting.reverses.voucher
        found["date"] = voucher.date.isoformat()
        if voucher.event_date != voucher.date:
            found["event_date"] = voucher.event_date.isoformat()
        found["summary"] = voucher.summary
        found["entries"] = [
            {"account": e.account}
            | ({"debit": e.debit} if e.debit else {"credit": e.credit})
            | {name: value for name, value in _plain(e.dims).items() if value is not None}
            | ({"summary": e.summary} if e.summary != voucher.summary else {})
            for e in voucher.entries
        ]
        return found

    def _parked(self, rejection: Any) -> dict[str, Any]:
        says = say(rejection.code, rejection.params, "zh")
        return {"subject": rejection.subject, "state": rejection.status, "rule": rejection.rule, "says": says}

    def _finance(self) -> dict[str, Any]:
        """The physical rows, as a database would hold them."""
        held: dict[str, dict[object, dict[str, Value]]] = {}
        fresh = count()
        lookups = {name: self.book.lookup(name) for name in self.mapping.layout.lookups}
        for numbered in self.book.entered:
            for write in self.mapping.layout.render([numbered], lookups):
                rows = held.setdefault(write.table, {})
                for values in write.rows:
                    row = dict(zip(write.columns, values, strict=True))
                    key = tuple(row[k] for k in write.key) if write.key else next(fresh)
                    rows[key] = {**rows.get(key, {}), **row}
        return {table: [_plain(row) for row in rows.values()] for table, rows in held.items()}


def _plain(fields: Mapping[str, Value]) -> dict[str, Any]:
    return {name: v if isinstance(v, Decimal) else plain(v) for name, v in fields.items()}


def _aligned(expected: Any, actual: Any) -> Any:
    """What is expected, with numbers written as the equal ones that came out: 5 is 5.00."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        known = {name: _aligned(expected[name], actual[name]) for name in actual if name in expected}
        return known | {name: value for name, value in expected.items() if name not in actual}
    if isinstance(expected, list) and isinstance(actual, list):
        return [_aligned(e, a) for e, a in zip(expected, actual, strict=False)] + expected[len(actual) :]
    numbers = isinstance(expected, int | Decimal) and isinstance(actual, int | Decimal)
    return actual if numbers and expected == actual else expected


class _Dumper(yaml.SafeDumper):
    """Writes what `source` reads: only numbers, true, false and null are not text."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), list("tf"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)$"), ["n", "~", ""])


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    text = f"{value:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def _shown(data: Mapping[str, Any]) -> str:
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=160)
