"""The mapping at work: changes in, postings or rejections out, a batch at a time.

Two passes. The first completes rows from the mirror and asks every rule that applies what it will look up, so that
each kind of thing is one query a batch. The second runs the rules in source order, seeing what the batch has done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import DecimalException
from types import CodeType
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncd.change import UNCHANGED, Change, ChangeSet, Position, Row, Table, Unchanged, join_key, key_text
from syncd.mapping.block import Plan
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
from syncd.record import has_marks

REPEAT: Final = "repeat"
UNKNOWN: Final = object()

_GLOBALS: Final[Mapping[str, Any]] = {
    "new": tuple.__new__, "UNKNOWN": UNKNOWN, "REPEAT": REPEAT, "EMPTY": EMPTY, "ZERO": ZERO, "is_money": is_money,
    "join_key": join_key, "group_key": group_key, "Failure": Failure, "Flawed": Flawed, "Posting": Posting,
    "Voucher": Voucher, "Entry": Entry, "CardWrite": CardWrite, "TableRow": TableRow, "Collected": Collected,
    "Release": Release, "Reversed": Reversed,
}  # fmt: skip

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
    ignored: Mapping[str, str]
    """Per table, what its changes that no rule applies to are ignored by."""


def compile_plan(
    plan: Plan, layout: FinanceLayout, zone: ZoneInfo, decisions: Mapping[str, Any], references: Sequence[str]
) -> Program:
    """The plan as functions. `decisions` are the functions of the decision tables by their Python names."""
    code: CodeType = compile(module(plan), f"<rules of {layout.name}>", "exec")
    scope: dict[str, Any] = {**RUNTIME, **_GLOBALS, **decisions}
    exec(code, scope)
    names = {a: ", ".join(r.name for r in plan.rules.get(a, ())) or "reference" for a in plan.tables}
    return Program(plan, layout, zone, scope["bind"], tuple(references), {a: f"{a}: {n}" for a, n in names.items()})


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
        outcomes: list[Outcome] = []
        with self._run(book, changes) as run:
            for change in changes:
                outcomes.append(run.change(change))
                if outcomes[-1].postings and outcomes[-1].postings[-1].release is not None:
                    break
        mirror = [MirrorWrite(a, key, row) for a, rows in run.written.items() for key, row in rows.items()]
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


def _divided(sets: Sequence[ChangeSet], done: int) -> tuple[Position | None, Sequence[ChangeSet]]:
    """The position that `done` changes come to, and what is left. A set may be left in its midst: what is done of it
    must not be read again after a crash, for what was parked would be parked twice."""
    position: Position | None = None
    for n, s in enumerate(sets):
        if done < len(s.changes):
            position = s.changes[done - 1].position if done else position
            return position, (s._replace(changes=s.changes[done:]), *sets[n + 1 :])
        done -= len(s.changes)
        position = s.position
    return position, ()


def complete_from_mirror(changes: Sequence[Change], tables: Mapping[str, Table], book: Book) -> Sequence[Change]:
    """The changes with the before-images and the columns that the log did not carry taken from the mirror, and,
    where one row changes more than once, from the change before it. What nobody knows stays UNCHANGED."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        if _incomplete(change):
            wanted.setdefault(change.table, set()).add(_old_key(tables[change.table], change))
    if not wanted:
        return changes
    images: dict[str, dict[str, Row | None]] = {a: dict(book.mirror(a, keys)) for a, keys in wanted.items()}
    completed = []
    for change in changes:
        if change.table in wanted and change.op != "truncate":
            change = _completed(change, tables[change.table], images[change.table])
        completed.append(change)
    return completed


def _incomplete(change: Change) -> bool:
    if change.op == "update":
        return change.before is None or change.flawed
    return change.op == "delete" and change.flawed


def _old_key(table: Table, change: Change) -> str:
    """The key the row had before the change. A key column that the log left out of the before-image is unchanged."""
    before, after = change.before, change.after
    if before is None or after is None:
        return key_text(table, before or after or ())
    return join_key([after[i] if isinstance(before[i], Unchanged) else before[i] for i in table.key])


def _completed(change: Change, table: Table, images: dict[str, Row | None]) -> Change:
    before, after = change.before, change.after
    if _incomplete(change):
        image = images.get(_old_key(table, change)) or _unknown(table, before or after or ())
        before = image if before is None else _filled(before, image)
        after = after and _filled(after, before)
        change = change._replace(before=before, after=after, flawed=has_marks(before) or has_marks(after))
    if before is not None:
        images[key_text(table, before)] = None
    if after is not None:
        images[key_text(table, after)] = after
    return change


def _unknown(table: Table, row: Row) -> Row:
    """The image of a row of which only the key is known."""
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row))


def _filled(row: Row, image: Row) -> Row:
    return tuple(known if isinstance(value, Unchanged) else value for value, known in zip(row, image, strict=True))


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
        self._nulls, self._rules = self.context.nulls, plan.rules

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
        assert row is not None
        key, nulls, again = key_text(self._tables[alias], row), self._nulls[alias], False
        try:
            subject = f"{alias}:{key}" if ask is None else ask(row)
            if subject is UNKNOWN:
                return True
            for want in wants:
                again = (
                    want(change, op, before or nulls, after or nulls, row, key, subject or f"{alias}:{key}") or again
                )
        except (Missing, Uncomputable, DecimalException):
            return False  # the second pass meets it too, and rejects the change
        return again

    def change(self, change: Change) -> Outcome:
        """What becomes of the next change."""
        if change.op == "truncate":
            return self._rejected(
                change, f"{change.table}:*", "", Failure("truncate", {"table": self._tables[change.table].name})
            )
        row = change.before if change.after is None else change.after
        assert row is not None
        key = key_text(self._tables[change.table], row)
        self._mirror(change, key)
        return self.apply(change, row, key)

    def again(self, change: Change) -> Outcome:
        """What becomes of a parked change: the mirror has it already."""
        if change.op == "truncate":
            return self.change(change)
        row = change.before if change.after is None else change.after
        assert row is not None
        return self.apply(change, row, key_text(self._tables[change.table], row))

    def key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row after the change."""
        row = change.before if change.after is None else change.after
        assert row is not None
        return change.table, key_text(self._tables[change.table], row)

    def old_key(self, change: Change) -> tuple[str, str]:
        """Table and key of the source row before the change."""
        return change.table, _old_key(self._tables[change.table], change)

    def apply(self, change: Change, row: Row, key: str) -> Outcome:
        """Run the rules of the change's table: all of them post, or none."""
        alias, op, before, after, _, _, marked = change
        subject_of, _, rules, _ = self._bound[alias]
        if not rules:
            return Outcome(change, "", (), None, self._ignored[alias])
        subject, unnamed = f"{alias}:{key}", None
        if subject_of is not None:
            found = self._attempt(subject_of, row, marked)
            if found.__class__ is Failure:
                unnamed = found
            elif found is not None:
                subject = found
        held = self._held(subject, subject_of, change)
        if held is not None:
            return self._rejected(change, held, "", Failure("behind", {"subject": held}, "behind"))
        nulls = self._nulls[alias]
        before, after = before or nulls, after or nulls
        out: list[Posting] = []
        repeated = False
        for n, rule in enumerate(rules):
            said = self._attempt(rule, change, op, before, after, row, key, subject, marked, out)
            if said is REPEAT:
                repeated = True
            elif said is not None and (failure := unnamed if said is True else said) is not None:
                self.context.forget(out, subject)
                return self._rejected(change, subject, self._rules[alias][n].name, failure)
        self.context.undo.clear()
        if out:
            return Outcome(change, subject, tuple(out))
        return Outcome(change, subject, (), None, "" if repeated else self._ignored[alias])

    def gathered(self, name: str, row: CollectedRow) -> Outcome:
        """What a collecting rule makes of a row whose group is posted now."""
        change = row.change
        rules = self._rules[change.table]
        n = next((i for i, r in enumerate(rules) if r.name == name and not r.release), None)
        if n is None:
            return self._rejected(change, row.subject, name, Failure("rule_gone", {"rule": name}))
        image = change.before if change.after is None else change.after
        assert image is not None
        nulls, out = self._nulls[change.table], list[Posting]()
        before, after, key = change.before or nulls, change.after or nulls, key_text(self._tables[change.table], image)
        rule = self._bound[change.table][2][n]
        said = self._attempt(rule, change, change.op, before, after, image, key, row.subject, change.flawed, out)
        if said is True:
            self.context.undo.clear()
            return Outcome(change, row.subject, tuple(out))
        self.context.forget(out, row.subject)
        failure = said if isinstance(said, Failure) else Failure("applies_no_more", {"rule": name})
        return self._rejected(change, row.subject, name, failure)

    def _attempt(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the generated function says; what cannot be computed for this row is a Failure."""
        try:
            return function(*args)
        except Missing as missing:
            return Failure("no_decision", {"table": missing.table, "key": missing.key})
        except Uncomputable as error:
            return Failure("uncomputable", {"problem": error.code, **error.params})
        except DecimalException:
            return Failure("uncomputable", {"problem": "out_of_range"})

    def _held(self, subject: str, subject_of: Callable[..., Any] | None, change: Change) -> str | None:
        """The subject that the change waits behind: its own, or the one it had before, so that a wrong code which is
        corrected heals its row."""
        held = self.context.held
        if subject in held:
            return subject
        if not held or subject_of is None or change.before is None or change.after is None:
            return None
        before = self._attempt(subject_of, change.before, change.flawed)
        return before if before.__class__ is not Failure and before in held else None

    def _rejected(self, change: Change, subject: str, rule: str, failure: Failure) -> Outcome:
        self.context.held.add(subject)
        rejection = Rejection(change, subject, rule, failure.status, failure.code, failure.params, failure.waits_for)
        return Outcome(change, subject, (), rejection)

    def _mirror(self, change: Change, key: str) -> None:
        """Keep the row's last image, for the ledger and for the joins of later changes."""
        alias, _, before, after, _, _, marked = change
        if before is not None and after is not None:
            old = key_text(self._tables[alias], before)
            if old != key:
                self._put(alias, old, None, False)
        self._put(alias, key, after, marked)

    def _put(self, alias: str, key: str, row: Row | None, marked: bool) -> None:
        self.written[alias][key] = row
        if alias in self._joined:
            self.context.put(alias, key, flawed(row) if marked else row)
            if row is not None:
                self.arrived.add(f"{alias}:{key}")
