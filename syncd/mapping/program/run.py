"""One pass over one batch: what becomes of each change, transaction by transaction, seeing what the batch has done."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from syncd.change import ABSENT, KEY_CHARS_SHOWN, ROWLESS, Change, Position, Row, key_text
from syncd.folding import is_unfinished, is_unread, old_row_of, row_of, unfinished
from syncd.mapping.program.context import Context, behind_group
from syncd.mapping.program.documents import Told
from syncd.mapping.program.failure import (
    INCALCULABLE,
    REPEAT,
    UNFORESEEN,
    Failure,
    flawed,
    incalculable,
    unforeseen,
    unread,
)
from syncd.mapping.program.holding import Holding
from syncd.mapping.program.lookups import Kept
from syncd.mapping.program.moves import Moves
from syncd.mapping.program.program import UNKNOWN, Asking, Program
from syncd.ports import Book, CollectedRow, Parked
from syncd.posting import (
    IN_TRANSACTION,
    NUMBER,
    Outcome,
    Posting,
    Rejection,
    Rejections,
    brought,
    freed,
    goes_before,
    only_replaces,
)

_new: Final = tuple.__new__
"""Half the price of a named tuple's own constructor."""
SUBJECT_CHARS_MAX: Final = 400
"""What every ledger can hold and search; a longer code is a slip of the keyboard."""
ANSWERED: Final = "answered"
"""What passes by an update that changes no declared column of a table whose rows the EAM is told of: our own answer,
which must not come back as news."""

_UNREAD: Final = Failure("document_unread", {})
_UNFINISHED: Final = Failure("document_unfinished", {}, waits_for=IN_TRANSACTION)


class Run:
    """One pass over one batch."""

    def __init__(
        self, program: Program, book: Book, kept: Kept, changes: Sequence[Change], refused: Rejections
    ) -> None:
        plan = program.plan
        self._program = program
        self.changes = changes
        self.tables = plan.tables
        self.context = Context(book, program.layout, plan.tables, plan.joined, plan.reversible, kept, program.zone)
        self._collects = program.collects
        self.holding = Holding(book.holds())
        self.written: dict[str, dict[str, Row | None]] = {alias: {} for alias in plan.tables}
        self.context.written = self.written
        self.arrived: set[str] = set()
        self._moves: Moves | None = None
        self._asks = self._brings_joined = False
        self._book, self._refused, self._openers = book, refused, program.openers
        self._replacers = program.replacers
        self._joined, self._ignored = frozenset(plan.joined), program.ignored
        self._answered = program.answered
        self._bound = program.bind()(self.context)
        self._documents = plan.documents
        self._nulls, self._rules, self._keys = self.context.nulls, plan.rules, program.keys
        self._row_letters_max = book.row_letters_max

    def foresee(self) -> None:
        """Fetch what the rules will look up, all changes together; joins of joined rows take a round each."""
        for change in [c for c in self.changes if c[0] in self._joined]:
            self._brings_joined = True
            if change.after is not None and not change.flawed:
                table = self.tables[change.table]
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

    # A transaction

    def transaction(
        self, changes: Sequence[Change], is_whole: bool, repeated: Collection[Position], documents: Sequence[Told] = ()
    ) -> Iterator[Outcome]:
        """What becomes of a transaction, its changes in order, then of the documents that it touches. A join finds each
        row as the transaction leaves it, and one that it deletes as it last was; of a transaction that goes on nobody
        knows that yet, so what misses a row waits for its end."""
        self.arrived.clear()
        self._asks = False
        self.context.is_open = not is_whole
        gone = self._leave_rows(changes) if self._brings_joined else ()
        if repeated:
            yield from (repeat(c) if c.position in repeated else self._change(c) for c in changes)
        else:
            yield from map(self._change, changes)
        if documents:
            yield from (outcome for told in documents if (outcome := self._document(told, repeated)) is not None)
        for alias, key in gone:
            self.context.put(alias, key, None)
        if is_whole and self.holding.is_awaited(IN_TRANSACTION):
            self.arrived.add(IN_TRANSACTION)

    def move_budgets(self, outcomes: Sequence[Outcome]) -> None:
        """Note whether outcomes post what may change what is left of a budget, and no budget was told."""
        budgeted, made = self._program.budgeted, (p for o in outcomes for p in o.postings)
        if budgeted and not self.context.has_moved:
            self.context.has_moved = any(p.reverses or (p.voucher and p.rule not in budgeted) for p in made)

    def is_unsettled(self) -> bool:
        """Whether the transaction has brought what asks for groups or parked rows to be taken up before the next."""
        return self._asks or any(map(self.holding.is_awaited, self.arrived))

    def _leave_rows(self, changes: Sequence[Change]) -> Sequence[tuple[str, str]]:
        """Put the joined rows as the transaction leaves them; the keys of those that it deletes."""
        gone: dict[tuple[str, str], None] = {}
        for alias, op, before, after, _, _, marked in changes:
            if alias not in self._joined or op in ROWLESS:
                continue
            key = self._keys[alias](before if after is None else after)
            old = key if before is None else self._keys[alias](before)
            if before is not None and (after is None or old != key):
                self.context.put(alias, old, flawed(before) if marked else before)
                gone[alias, old] = None
            if after is not None:
                self.context.put(alias, key, flawed(after) if marked else after)
                gone.pop((alias, key), None)
                self.arrived.add(f"{alias}:{key}")
        self.arrived.difference_update(f"{alias}:{key}" for alias, key in gone)
        return [*gone]

    def _change(self, change: Change) -> Outcome:
        """What becomes of the next change."""
        alias, op, before, after, _, _, _ = change
        if op in ROWLESS:
            outcome = self._rowless(change)
        else:
            row = before if after is None else after
            key = self._keys[alias](row)
            old = key if before is None or after is None else self._keys[alias](before)
            if old != key or self._moves is not None:
                self._move(change, old, key)
            elif len(alias) + len(key) < self._row_letters_max:
                self.written[alias][key] = after
            outcome = self._apply(change, row, key)
        return self._settled(outcome)

    def _settled(self, outcome: Outcome) -> Outcome:
        if outcome.rejection is not None:
            self._park(outcome.rejection)
        elif outcome.postings and (self._collects or self.holding.awaited or self.holding.new_awaited):
            self._look_at(outcome.postings)
        return outcome

    def _document(self, told: Told, repeated: Collection[Position]) -> Outcome | None:
        """What becomes of a document; None where there is nothing to be judged."""
        alias, key, image, change = told
        if self._is_kept(alias, key):
            self.written[alias][key] = image
        if change is None:
            return None
        if change.position in repeated:
            return repeat(change)
        row = change.before if change.after is None else change.after
        if (emptied := self._emptied(alias)) is not None:
            behind = Failure("behind", {"subject": emptied}, "behind")
            return self._settled(self._rejected(unfinished(change), emptied, "", behind))
        if not is_unfinished(change) and not is_unread(change):
            return self._settled(self._apply(change, row, key))
        outcome = self._apply(change, row, key, is_trial=True)
        if outcome.subject and (outcome.rejection is None or outcome.rejection.status != "behind"):
            outcome = self._rejected(change, outcome.subject, "", _UNREAD if is_unread(change) else _UNFINISHED)
        return self._settled(outcome)

    def _emptied(self, alias: str) -> str | None:
        """The parked TRUNCATE of one of a document's tables: until what is gone was read, the mirror holds lines that
        are not there any more, and what changes is judged with what a repair says of them."""
        if not (self.holding.heads or self.holding.new_heads):
            return None
        document = self._documents[alias]
        tables = (document.header, *(part.table for part in document.parts))
        return next((held for t in tables if (held := self.holding.holder_of(f"{t.alias}:*")) is not None), None)

    def _rowless(self, change: Change) -> Outcome:
        """What says no row: for people to settle. A message that nobody understands is of the subject that its row is
        known to have, or of its own."""
        row = row_of(self.tables[change.table], change)
        subject = self.holding.holder_of(row) if change.op == "unreadable" else row
        subject_of = self._bound[change.table][0]
        if subject is None and subject_of is not None:
            found = self._subject(subject_of, change.before or change.after, True)
            subject = found if found.__class__ is str and not found.isspace() else None
        own = change.position if row == f"{change.table}:{change.position}" else row
        return self._rejected(change, subject or own, "", self._unjudged(change))

    def _unjudged(self, change: Change) -> Failure:
        if is_unread(change):
            return _UNREAD
        if change.op == "truncate":
            return Failure("truncate", {"table": self.tables[change.table].name})
        return unread(change)

    def _move(self, change: Change, old: str, key: str) -> None:
        """Write what a change does to the mirror, once a row of the batch has moved to another key."""
        alias, written = change.table, self.written
        if self._moves is None:
            self._moves = Moves(self.changes, self._keys, self._book, written)
        if old != key:
            self.context.moved[f"{alias}:{key}"] = f"{alias}:{old}"
        if (old != key or change.after is None) and self._moves.leave(alias, old, change.before, written):
            written[alias][old] = None
        if change.after is not None:
            if old != key or change.before is None:
                self._moves.come(alias, key)
            if self._is_kept(alias, key):
                written[alias][key] = change.after

    def _park(self, rejection: Rejection) -> None:
        change, holding = rejection.change, self.holding
        table = self.tables[change.table]
        if rejection.status == "behind" and holding.holder_of(old_row_of(table, change)) is not None:
            self._asks = True  # it may be the correction that heals what it waits behind
        holding.hold(rejection.subject, row_of(table, change), rejection.waits_for)

    def _look_at(self, postings: Sequence[Posting]) -> None:
        """Whether postings ask for something to be taken up."""
        for posting in postings:
            collected = posting.collected
            if posting.release is not None or (collected and self._book.is_released(collected.rule, collected.group)):
                self._asks = True
        if self.holding.awaited or self.holding.new_awaited:
            self._look_for_awaited(postings)

    def _look_for_awaited(self, postings: Sequence[Posting]) -> None:
        self.arrived.update(f"card:{code}" for p in postings for c in p.cards if (code := brought(c)))
        self.arrived.update(fact for p in postings for fact in freed(p))

    # Parked rows

    def look_for_awaited(self, outcomes: Sequence[Outcome]) -> None:
        """Note the cards that outcomes open, and what they take back."""
        for outcome in outcomes:
            self._look_for_awaited(outcome.postings if outcome.rejection is None else ())

    def take_up(self, subject: str) -> None:
        """The subject's parked rows hold nothing back while they are tried."""
        self.holding.lift(subject)

    def hold(self, row: Parked, rejection: Rejection) -> None:
        """A row stays parked."""
        self.holding.hold(rejection.subject, row_of(self.tables[rejection.change.table], rejection.change), "", row.id)

    def opens_cards(self, alias: str) -> bool:
        """Whether a rule on the table opens cards."""
        return alias in self._openers

    def again(self, row: Parked, change: Change, opens: str) -> Outcome:
        """What becomes of a parked row, its corrections folded in: the mirror has it already. `opens` is a card that it
        must open, as `card:CODE`."""
        if change.op in ROWLESS or is_unread(change):
            return self._rejected(change, row.subject, "", self._unjudged(change))._replace(parked_id=row.id)
        self.context.approved, self.holding.up_to = row.approved, row.id
        image = change.before if change.after is None else change.after
        owed = () if row.sent is None else self._owed(row, row.sent, change)
        outcome = self._apply(change, image, self._keys[change.table](image), opens, is_trial=bool(owed))
        self.context.approved = frozenset()
        if owed:
            outcome = self._owing(outcome, owed)
        return outcome._replace(parked_id=row.id)

    def unfinished(self, row: Parked) -> Outcome:
        """That the end of the row's transaction has not come."""
        return self._rejected(row.change, row.subject, "", _UNFINISHED)._replace(parked_id=row.id)

    def _owing(self, outcome: Outcome, owed: Sequence[tuple[str, Mapping[str, str]]]) -> Outcome:
        """What becomes of an edited row to which people have yet to agree: it waits for them. One that cannot be posted
        says so first, and whose it is to give it up."""
        rejection, (rule, first) = outcome.rejection, owed[0]
        if rejection is None or rejection.status == "approval":
            asked = self.context.approvals([step for _, step in owed])
            return self._rejected(outcome.change, outcome.subject, rule, asked)
        params = {**rejection.params, "owed": first["role"]}
        return outcome._replace(rejection=rejection._replace(params=params))

    def _owed(self, row: Parked, sent: Change, change: Change) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Who has yet to agree to what a person has edited, by rule and step: whoever would have to agree to what the
        EAM sent as well as to what it is now."""
        rules = self._asking.get(change.table, ()) if sent.op not in ROWLESS else ()
        owed = [
            (name, params)
            for name, applies, steps in rules
            for params, token, needed in steps
            if token not in row.approved and any(self._needs(row, said, *applies, *needed) for said in (sent, change))
        ]
        self.context.reads.clear()
        return owed

    @cached_property
    def _asking(self) -> Asking:
        return self._program.asking(self.context)

    def _needs(self, row: Parked, change: Change, *conditions: Callable[..., Any]) -> bool:
        """Whether all conditions are true of a change. One that cannot be told counts as true, one that is untrue
        suffices."""
        image, nulls = change.before if change.after is None else change.after, self._nulls[change.table]
        before, after, key = change.before or nulls, change.after or nulls, self._keys[change.table](image)
        for condition in conditions:
            try:
                said = condition(change, change.op, before, after, image, key, row.subject, change.flawed)
            except INCALCULABLE:
                continue
            if not said:  # a Failure is true
                return False
        return True

    def would_say(self, row: Parked, change: Change) -> bool:
        """Whether the rules would make anything of a parked row if it had been this, or refuse it."""
        self.holding.up_to = row.id
        image = change.before if change.after is None else change.after
        outcome = self._apply(change, image, self._keys[change.table](image), is_trial=True)
        return outcome.rejection is not None or bool(outcome.postings)

    def kept_for(self, row: Parked) -> str:
        """The group for which the rules would keep a parked row; empty where they would do anything else."""
        if row.change.table not in self._replacers:
            return ""
        self.holding.up_to = row.id
        image = row.change.before if row.change.after is None else row.change.after
        outcome = self._apply(row.change, image, self._keys[row.change.table](image), is_trial=True)
        kept = [posting.collected for posting in outcome.postings]
        return "/".join(kept[0][:2]) if kept and kept[0] is not None and None not in kept else ""

    def waited_for(self, subject: str) -> str:
        """What the first parked row of a subject waited for until it was taken up."""
        head = self.holding.heads.get(subject)
        return "" if head is None else head.waits_for

    # A change

    def _apply(self, change: Change, row: Row | None, key: str, opens: str = "", is_trial: bool = False) -> Outcome:
        """Run the rules of the change's table: all of them post, or none. `opens` is a card that they must open;
        nothing stays of a trial."""
        alias, op, before, after, _, _, marked = change
        subject_of, _, rules, _ = self._bound[alias]
        if not rules:
            return Outcome(change, "", (), None, self._ignored[alias])
        if alias in self._answered and op == "update" and before == after and not (marked and ABSENT in (after or ())):
            return Outcome(change, "", (), None, f"{alias}: {ANSWERED}")
        own = subject = f"{alias}:{key}"
        if len(own) > self._row_letters_max:
            return self._unkept(change, key)
        unnamed: Failure | None = None
        if subject_of is not None:
            found = self._subject(subject_of, row, marked)
            if found.__class__ is str:
                subject = found if found and not found.isspace() else own  # an empty code is nobody's
            elif found is not None:
                unnamed = found
        holder, held, is_ahead = None, self.holding, False
        if (held.heads or held.new_heads) and (holder := self._holder(subject, subject_of, change)) is not None:
            opens = self.holding.waits_for(holder)
            is_new = self.holding.holder_of(old_row_of(self.tables[alias], change)) is None
            if is_new and opens == own:
                opens = ""  # what is waited for does not wait behind what waits for it
            elif is_new and not is_trial and self._is_apart(change, holder, subject_of):
                opens, is_ahead = "", True
            elif not (is_new and self._may_pass(alias, op, opens)):
                return self._rejected(change, holder, "", Failure("behind", {"subject": holder}, "behind"))
        if self._refused and (rejection := self._refused.get(change)) is not None:
            return Outcome(change, subject, (), rejection)
        context = self.context
        context.row_of, reads = own, context.reads
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
            said = incalculable(error)
        except UNFORESEEN as error:
            said = unforeseen(error)
        if said is not None:
            said = said if unnamed is None else unnamed
        elif self._collects:
            said = self._waits(out, reads)
        if opens and not (
            _brings(out, opens) if said is None else self._rules[alias][n].opens_card or _is_next(opens, said)
        ):
            said = Failure("behind", {"subject": holder or ""}, "behind")  # what would open the card says why it cannot
        if is_ahead and (said is not None or not only_replaces(out)):
            said = Failure("behind", {"subject": holder or ""}, "behind")
        if said is not None:
            context.effects.take_back(out)
            reads.clear()
            rule_name = self._rules[alias][n].name if said.code != "behind" else ""
            return self._rejected(change, subject if said.code != "behind" else holder or subject, rule_name, said)
        if is_trial:
            context.effects.take_back(out)
        context.effects.confirm()
        ignored = "" if out or repeated else self._ignored[alias]
        if reads:
            outcome = Outcome(change, subject, tuple(out), None, ignored, None, tuple(reads))
            reads.clear()
            return outcome
        return _new(Outcome, (change, subject, tuple(out), None, ignored, None, ()))

    def _waits(self, out: Sequence[Posting], reads: Sequence[str]) -> Failure | None:
        """Why a change must wait that touches a card for which a collected row is not posted yet."""
        context = self.context
        for posting in out:
            if posting.collected is not None:
                if posting.collected.card:
                    group = "/".join(posting.collected[:2])
                    context.effects.keep_collected(posting.collected.card, group, posting.key)
                continue
            for code in (card.asset_code for card in posting.cards):
                if group := context.awaited_group(code):
                    return behind_group(group)
        return next((behind_group(group) for code in reads if (group := context.awaited_group(code))), None)

    def gathered(self, name: str, row: CollectedRow) -> Outcome:
        """What a collecting rule makes of a row whose group is posted now."""
        change, context = row.change, self.context
        rules = self._rules[change.table]
        n = next((i for i, r in enumerate(rules) if r.name == name and not (r.release or r.of)), None)
        if n is None:
            return self._rejected(change, row.subject, name, Failure("rule_gone", {"rule": name}))
        image = change.before if change.after is None else change.after
        key = self._keys[change.table](image)
        nulls, out = self._nulls[change.table], list[Posting]()
        before, after = change.before or nulls, change.after or nulls
        rule = self._bound[change.table][2][n]
        context.row_of = f"{change.table}:{key}"
        try:
            said = rule(change, change.op, before, after, image, key, row.subject, change.flawed, out)
        except INCALCULABLE as error:
            said = incalculable(error)
        except UNFORESEEN as error:
            said = unforeseen(error)
        context.reads.clear()
        if said is True:
            context.effects.confirm()
            return Outcome(change, row.subject, tuple(out))
        context.effects.take_back(out)
        failure = said if isinstance(said, Failure) else Failure("applies_no_more", {"rule": name})
        return self._rejected(change, row.subject, name, failure)

    def _is_apart(self, change: Change, holder: str, subject_of: Callable[..., Any] | None) -> bool:
        """Whether a change may be an edit of a collected row that is nothing to all that is parked of its subject, nor
        of the one that it had before."""
        alias, op = change[:2]
        if alias not in self._replacers or op not in ("update", "delete"):
            return False
        held, had = self.holding, self._subject_before(subject_of, change)
        parked = held.tables_of(holder) | (set() if had is None else held.tables_of(had))
        return all((alias, other) in self._program.commuting for other in parked)

    def _may_pass(self, alias: str, op: str, awaited: str) -> bool:
        """Whether a change may bring what its subject's parked row waits for, and goes before that if it does."""
        what = awaited.partition(":")[0]
        if what == "group":
            return alias in self._replacers and op in ("update", "delete")
        return what == "fact" or (what == "card" and alias in self._openers)

    def _is_kept(self, alias: str, key: str) -> bool:
        """Whether the ledger can keep a source row of this key."""
        return len(alias) + len(key) < self._row_letters_max

    def _unkept(self, change: Change, key: str) -> Outcome:
        """What becomes of a row whose key is longer than the ledger can keep; the mirror has none of it."""
        begun = f"{change.table}:{key[:KEY_CHARS_SHOWN]}"
        letters_max = self._row_letters_max - len(change.table) - 1
        params = {"key": f"{key[:40]}…", "letters": str(len(key)), "max": str(letters_max)}
        return self._rejected(change, begun, "", Failure("key_long", params))

    def _subject(self, subject_of: Callable[..., Any], row: Row | None, marked: bool) -> Any:
        """The subject, None for NULL, a Failure when it cannot be told."""
        try:
            found = subject_of(row, marked)
        except INCALCULABLE as error:
            return incalculable(error)
        except UNFORESEEN as error:
            return unforeseen(error)
        if found.__class__ is str and len(found) > SUBJECT_CHARS_MAX:
            params = {"subject": found[:40], "chars": str(len(found)), "max": str(SUBJECT_CHARS_MAX)}
            return Failure("subject_long", params)
        return found

    def _holder(self, subject: str, subject_of: Callable[..., Any] | None, change: Change) -> str | None:
        """The subject that the change waits behind: its own; that under which its source row is parked; or the one it
        had before, so that a wrong code which is corrected heals its row."""
        holding = self.holding
        if holding.holds(subject):
            return subject
        if (holder := holding.holder_of(old_row_of(self.tables[change.table], change))) is not None:
            return holder
        before = self._subject_before(subject_of, change)
        return before if before is not None and holding.holds(before) else None

    def _subject_before(self, subject_of: Callable[..., Any] | None, change: Change) -> str | None:
        """The subject that a source row had before a change of it, where that can be told."""
        if subject_of is None or change.before is None or change.after is None:
            return None
        before = self._subject(subject_of, change.before, change.flawed)
        return before if before.__class__ is str else None

    def _rejected(self, change: Change, subject: str, rule: str, failure: Failure) -> Outcome:
        rejection = Rejection(change, subject, rule, failure.status, failure.code, failure.params, failure.waits_for)
        return Outcome(change, subject, (), rejection)


def _brings(postings: Sequence[Posting], awaited: str) -> bool:
    """Whether postings go before a parked row of their subject that waits for this."""
    return goes_before(awaited, postings) if awaited.startswith("group:") else _opens(postings, awaited)


def _opens(postings: Sequence[Posting], awaited: str) -> bool:
    """Whether postings open a card, given as `card:CODE`, or take back what another row waits for."""
    return any(awaited in freed(p) or any(f"card:{brought(c)}" == awaited for c in p.cards) for p in postings)


def _is_next(awaited: str, failure: Failure) -> bool:
    """Whether what would free a number waits for the next one itself: each of a row of cards that moves up by one waits
    for its own, not behind the one below it."""
    return awaited.startswith(NUMBER) and failure.waits_for.startswith(NUMBER)


def repeat(change: Change) -> Outcome:
    """A change that was parked when it was first said: it is for people to settle, if they have not yet."""
    return Outcome(change, "")
