"""The mapping at work: changes in, postings or rejections out, a batch at a time.

Two passes. The first completes rows from the mirror and asks every rule that applies what it will look up, so that
each kind of thing is one query a batch. The second runs the rules in source order, seeing what the batch has done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import DecimalException
from functools import partial
from types import CodeType
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from syncd.change import Change, ChangeSet, Position, Row, Table, join_key, key_text
from syncd.mapping.block import Plan
from syncd.mapping.completion import complete_from_mirror, old_key
from syncd.mapping.context import EMPTY, Context, Failure, Flawed, Kept, flawed, group_key
from syncd.mapping.expression import RUNTIME, Missing, Uncomputable
from syncd.mapping.generate import module
from syncd.mapping.layout import FinanceLayout
from syncd.mapping.replay import merged, replay_subject
from syncd.money import ZERO, is_money
from syncd.ports import Book, CollectedRow, Parked
from syncd.posting import (
    Batch,
    CardWrite,
    Collected,
    Entry,
    MirrorWrite,
    Outcome,
    Posting,
    Rejection,
    Release,
    Reversed,
    TableRow,
    Voucher,
)

REPEAT: Final = "repeat"
UNKNOWN: Final = object()
_new: Final = tuple.__new__
SUBJECT_CHARS_MAX: Final = 400
"""What every ledger can hold and search; a longer code is a slip of the keyboard."""
"""Half the price of a named tuple's own constructor."""

_GLOBALS: Final[Mapping[str, Any]] = {
    "new": tuple.__new__, "UNKNOWN": UNKNOWN, "REPEAT": REPEAT, "EMPTY": EMPTY, "ZERO": ZERO, "is_money": is_money,
    "join_key": join_key, "group_key": group_key, "Failure": Failure, "Flawed": Flawed, "Posting": Posting,
    "Voucher": Voucher, "Entry": Entry, "CardWrite": CardWrite, "TableRow": TableRow, "Collected": Collected,
    "Release": Release, "Reversed": Reversed,
}  # fmt: skip

INCALCULABLE: Final = (Missing, Uncomputable, DecimalException)
"""What an expression raises when it has no value for a row."""
Bound = Mapping[str, tuple[Any, Any, Sequence[Any], Sequence[Any]]]
"""Alias → (subject, its forerunner, rules, their forerunners) of one batch."""


@dataclass(frozen=True)
class Program:
    """A mapping's rules, compiled."""

    plan: Plan
    layout: FinanceLayout
    zone: ZoneInfo
    bind: Callable[[Context], Bound]
    references: tuple[str, ...]
    keys: Mapping[str, Callable[[Row | None], str]]
    """Per table, its `key_text`."""
    ignored: Mapping[str, str]
    """Per table, what its changes that no rule applies to are ignored by."""


def compile_plan(
    plan: Plan, layout: FinanceLayout, zone: ZoneInfo, decisions: Mapping[str, Any], references: Sequence[str]
) -> Program:
    """The plan as functions. `decisions` are the functions of the decision tables by their Python names."""
    code: CodeType = compile(module(plan), f"<rules of {layout.name}>", "exec")
    scope: dict[str, Any] = {**RUNTIME, **_GLOBALS, **decisions}
    exec(code, scope)
    keys = {alias: _key_of(table) for alias, table in plan.tables.items()}
    names = {a: ", ".join(r.name for r in plan.rules.get(a, ())) or "reference" for a in plan.tables}
    ignored = {alias: f"{alias}: {rules}" for alias, rules in names.items()}
    return Program(plan, layout, zone, scope["bind"], tuple(references), keys, ignored)


class Translator:
    """Implements `pipeline.Translator`. Not for two threads at once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._tables = program.plan.tables
        self._joined = program.plan.joined
        self._kept = Kept([a for a in program.references if a in self._joined])

    def translate(self, sets: Sequence[ChangeSet], book: Book) -> Batch:
        """What the sets mean to finance, and the mirror's new rows. Ends early behind a change that releases groups:
        they are posted before what follows."""
        changes = complete_from_mirror([change for s in sets for change in s.changes], self._tables, book)
        repeated = book.parked([change.position for s in sets if s.repeats for change in s.changes])
        outcomes: list[Outcome] = []
        with self._run(book, changes) as run:
            for change in changes:
                outcomes.append(run.change(change) if change.position not in repeated else _repeat(change))
                if outcomes[-1].postings and outcomes[-1].postings[-1].release is not None:
                    break
        mirror = [_new(MirrorWrite, (a, key, row)) for a, rows in run.written.items() for key, row in rows.items()]
        position, rest = _divided(sets, len(outcomes))
        return Batch(outcomes, mirror, frozenset(run.arrived), position, rest)

    def replay(self, parked: Sequence[Parked], book: Book) -> Batch:
        """Parked rows once more, each subject in order up to the first that is still rejected."""
        subjects: dict[str, list[Parked]] = {}
        for row in parked:
            subjects.setdefault(row.subject, []).append(row)
        with self._run(book, [row.change for row in parked]) as run:
            outcomes = [o for subject, rows in subjects.items() for o in replay_subject(run, subject, rows)]
        return Batch(outcomes, (), frozenset(), None)

    def gather(self, rule: str, group: str, rows: Sequence[CollectedRow], book: Book) -> Batch:
        """One posting of a group's collected rows. A row that cannot be posted any more is rejected by itself; when
        that is all of them, the first speaks for all."""
        made: list[Posting] = []
        rejected: list[Outcome] = []
        with self._run(book, [row.change for row in rows]) as run:
            run.context.gathering, run.context.approved = True, frozenset((rule,))
            for row in rows:
                outcome = run.gathered(rule, row)
                made += outcome.postings
                rejected += [outcome] if outcome.rejection is not None else []
            if not made:
                return Batch(rejected[:1], (), frozenset(), None)
            posting = merged(made)._replace(key=run.context.free(f"{rule}/{group}/"), subject=f"{rule}/{group}")
        return Batch([Outcome(posting.change, posting.subject, (posting,)), *rejected], (), frozenset(), None)

    @contextmanager
    def _run(self, book: Book, changes: Sequence[Change]) -> Iterator["_Run"]:
        run = _Run(self._program, book, self._kept, changes)
        try:
            run.foresee()
            yield run
        finally:
            run.context.close()


def _repeat(change: Change) -> Outcome:
    """A change that was parked when it was first said: it is for people to settle, if they have not yet."""
    return Outcome(change, "")


def _incalculable(error: Exception) -> Failure:
    """Why a rule cannot be computed for a row."""
    if isinstance(error, Missing):
        return Failure("no_decision", {"table": error.table, "key": error.key})
    if isinstance(error, Uncomputable):
        return Failure("uncomputable", {"problem": error.code, **error.params})
    return Failure("uncomputable", {"problem": "malformed_huge"})


def _key_of(table: Table) -> Callable[[Row | None], str]:
    """`key_text`, made for one table."""
    if len(table.key) != 1:
        return partial(key_text, table)
    return cast(Callable[[Row | None], str], eval(f"lambda row: str(row[{table.key[0]}])"))


def _divided(sets: Sequence[ChangeSet], done: int) -> tuple[Position | None, Sequence[ChangeSet]]:
    """The position that `done` changes come to, and what is left. A set may be left in its midst: what is done of it
    must not be read again after a crash, for what was parked would be parked twice. Unless it repeats: then that is
    noticed."""
    position: Position | None = None
    for n, s in enumerate(sets):
        if done < len(s.changes):
            position = s.changes[done - 1].position if done and not s.repeats else position
            return position, (s._replace(changes=s.changes[done:]), *sets[n + 1 :])
        done -= len(s.changes)
        position = s.position
    return position, ()


class _Run:
    """One pass over one batch."""

    def __init__(self, program: Program, book: Book, kept: Kept, changes: Sequence[Change]) -> None:
        plan = program.plan
        self.changes = changes
        self.context = Context(book, program.layout, plan.tables, plan.joined, plan.reversible, kept, program.zone)
        self.written: dict[str, dict[str, Row | None]] = {alias: {} for alias in plan.tables}
        self.arrived: set[str] = set()
        self._tables, self._joined, self._ignored = plan.tables, frozenset(plan.joined), program.ignored
        self._bound = program.bind(self.context)
        self._nulls, self._rules, self._keys = self.context.nulls, plan.rules, program.keys

    def foresee(self) -> None:
        """Fetch what the rules will look up, all changes together; joins of joined rows take a round each."""
        for change in self.changes:
            if change.table in self._joined and change.after is not None and not change.flawed:
                table = self._tables[change.table]
                self.context.hints[change.table][key_text(table, change.after)] = change.after
        asking = [c for c in self.changes if not c.flawed and c.op != "truncate"]
        for _ in range(len(self._joined) + 1):
            asking = [change for change in asking if self._asks_again(change)]
            self.context.fetch()
            if not asking:
                break

    def _asks_again(self, change: Change) -> bool:
        alias, op, before, after, _, _, _ = change
        _, ask, _, wants = self._bound[alias]
        row = before if after is None else after
        key, nulls, again = self._keys[alias](row), self._nulls[alias], False
        try:
            subject = f"{alias}:{key}" if ask is None else ask(row)
            if subject is UNKNOWN:
                return True
            for want in wants:
                again = (
                    want(change, op, before or nulls, after or nulls, row, key, subject or f"{alias}:{key}") or again
                )
        except INCALCULABLE:
            return False  # the second pass meets it too, and rejects the change
        return again

    def change(self, change: Change) -> Outcome:
        """What becomes of the next change."""
        alias, op, before, after, _, _, marked = change
        if op == "truncate":
            table = self._tables[alias].name
            return self._rejected(change, f"{alias}:*", "", Failure("truncate", {"table": table}))
        row = before if after is None else after
        key = self._keys[alias](row)
        if before is not None and after is not None:
            old = self._keys[alias](before)
            if old != key:
                self._put(alias, old, None, False)
        self._put(alias, key, after, marked)
        return self.apply(change, row, key)

    def _put(self, alias: str, key: str, row: Row | None, marked: bool) -> None:
        """Keep a row's last image, for the ledger and for the joins of later changes."""
        self.written[alias][key] = row
        if alias in self._joined:
            self.context.put(alias, key, flawed(row) if marked else row)
            if row is not None:
                self.arrived.add(f"{alias}:{key}")

    def again(self, change: Change) -> Outcome:
        """What becomes of a parked change: the mirror has it already."""
        if change.op == "truncate":
            return self.change(change)
        return self.apply(change, change.before if change.after is None else change.after, self.key(change)[1])

    def key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row after the change."""
        row = change.before if change.after is None else change.after
        return change.table, self._keys[change.table](row)

    def old_key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row before the change."""
        return change.table, old_key(self._tables[change.table], change)

    def apply(self, change: Change, row: Row | None, key: str) -> Outcome:
        """Run the rules of the change's table: all of them post, or none."""
        alias, op, before, after, _, _, marked = change
        subject_of, _, rules, _ = self._bound[alias]
        if not rules:
            return Outcome(change, "", (), None, self._ignored[alias])
        subject = f"{alias}:{key}"
        unnamed: Failure | None = None
        if subject_of is not None:
            found = self._subject(subject_of, row, marked)
            if found.__class__ is str:
                subject = found
            elif found is not None:
                unnamed = found
        held = self._held(subject, subject_of, change) if self.context.held else None
        if held is not None:
            return self._rejected(change, held, "", Failure("behind", {"subject": held}, "behind"))
        nulls = self._nulls[alias]
        before, after = before or nulls, after or nulls
        out: list[Posting] = []
        repeated, n = False, 0
        try:
            for n, rule in enumerate(rules):  # noqa: B007 - the rule at fault
                said = rule(change, op, before, after, row, key, subject, marked, out)
                if said is None:
                    continue
                if said is REPEAT:
                    repeated = True
                elif said is not True or unnamed is not None:
                    break
            else:
                said = None
        except INCALCULABLE as error:
            said = _incalculable(error)
        if said is not None:
            self.context.forget(out, subject)
            return self._rejected(change, subject, self._rules[alias][n].name, said if unnamed is None else unnamed)
        self.context.undo.clear()
        ignored = "" if out or repeated else self._ignored[alias]
        return _new(Outcome, (change, subject, tuple(out), None, ignored, None))

    def gathered(self, name: str, row: CollectedRow) -> Outcome:
        """What a collecting rule makes of a row whose group is posted now."""
        change = row.change
        rules = self._rules[change.table]
        n = next((i for i, r in enumerate(rules) if r.name == name and not r.release), None)
        if n is None:
            return self._rejected(change, row.subject, name, Failure("rule_gone", {"rule": name}))
        image, key = change.before if change.after is None else change.after, self.key(change)[1]
        nulls, out = self._nulls[change.table], list[Posting]()
        before, after = change.before or nulls, change.after or nulls
        rule = self._bound[change.table][2][n]
        try:
            said = rule(change, change.op, before, after, image, key, row.subject, change.flawed, out)
        except INCALCULABLE as error:
            said = _incalculable(error)
        if said is True:
            self.context.undo.clear()
            return Outcome(change, row.subject, tuple(out))
        self.context.forget(out, row.subject)
        failure = said if isinstance(said, Failure) else Failure("applies_no_more", {"rule": name})
        return self._rejected(change, row.subject, name, failure)

    def _subject(self, subject_of: Callable[..., Any], row: Row | None, marked: bool) -> Any:
        """The subject, None for NULL, a Failure when it cannot be told."""
        try:
            found = subject_of(row, marked)
        except INCALCULABLE as error:
            return _incalculable(error)
        if found.__class__ is str and len(found) > SUBJECT_CHARS_MAX:
            params = {"subject": found[:40], "chars": str(len(found)), "max": str(SUBJECT_CHARS_MAX)}
            return Failure("subject_long", params)
        return found

    def _held(self, subject: str, subject_of: Callable[..., Any] | None, change: Change) -> str | None:
        """The subject that the change waits behind: its own, or the one it had before, so that a wrong code which is
        corrected heals its row."""
        held = self.context.held
        if subject in held:
            return subject
        if subject_of is None or change.before is None or change.after is None:
            return None
        before = self._subject(subject_of, change.before, change.flawed)
        return before if before.__class__ is not Failure and before in held else None

    def _rejected(self, change: Change, subject: str, rule: str, failure: Failure) -> Outcome:
        self.context.held.add(subject)
        rejection = Rejection(change, subject, rule, failure.status, failure.code, failure.params, failure.waits_for)
        return Outcome(change, subject, (), rejection)
