"""What the generated rules are bound to for one batch: what is looked up, what the batch has done, and how a rule says
that it cannot post a change."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncd.change import ABSENT, Change, Kind, Malformed, Row, Table, Unchanged, Value, joined_key, key_text
from syncd.journal import exact
from syncd.language import say
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.render import UnknownLookup
from syncd.mapping.program import by_hand
from syncd.mapping.program.effects import Effects
from syncd.mapping.program.failure import REPEAT, Failure, Target
from syncd.mapping.program.lookups import Kept, Lookups, generations
from syncd.mapping.program.quantities import less, negated
from syncd.mapping.program.warned import far, is_odd, values_of
from syncd.money import EXACT, ZERO, decimal, round_half_up
from syncd.ports import EVERY_STEP, Book, KeptRow
from syncd.posting import (
    BY_HAND,
    IN_TRANSACTION,
    CardWrite,
    Collected,
    Entry,
    Fields,
    Posting,
    Voucher,
    awaited_number,
    to_be_named,
)
from syncd.record import decode_kept, decode_voucher, plain

_DIGITS: Final = re.compile(r"\d+")
"""The last of a voucher's reference are its number."""


class Stale(Exception):
    """What is left of a budget is not known before what the batch has posted without looking at one is written."""


class Context(Lookups):
    """One batch. Attributes are plain on purpose: the generated code reads them once a batch. `approved` are the steps
    of the present change that people agreed to; `gathering` says that collected rows are made a posting now,
    `replaying` that parked rows are tried again, `is_open` that the present transaction goes on beyond this batch;
    `reads` are the cards that the present change has read, `written` is how the batch leaves source rows; `has_moved`
    says that the batch has posted what may take from a budget, or gives back, and `taken` does not tell."""

    def __init__(
        self,
        book: Book,
        layout: FinanceLayout,
        tables: Mapping[str, Table],
        joined: Sequence[str],
        reversible: Sequence[Sequence[str]],
        kept: Kept,
        zone: ZoneInfo,
    ) -> None:
        super().__init__(book, layout, tables, joined, reversible, kept)
        self.zone = zone
        self.effects = Effects(self)
        self.approved: frozenset[str] = frozenset()
        self.replaying = self.is_open = False
        self.row_of = ""
        self.written: Mapping[str, Mapping[str, Row | None]] = {}
        self.reads: list[str] = []
        self.budgets: dict[str, Mapping[Value, Value] | None] = {}
        self.translations: dict[str, Callable[[Value], Value]] = {}
        self.has_moved = False

    def close(self) -> None:
        """The batch is over. Its effects refer to this as this to them: what both hold is given back at once, and not
        when the interpreter next looks for cycles."""
        super().close()
        del self.effects

    def gather(self, cards: Mapping[str, CardWrite]) -> None:
        """The changes are collected rows, all of them agreed to; `cards` is what the group they belong to writes so
        far."""
        self.gathering, self.approved, self.pending = True, EVERY_STEP, cards

    # What the generated rules ask

    def targets_of(self, subject: str, n: int, change: Change, own: Sequence[str]) -> Sequence[Target]:
        """What a rule cancels, the newest first: of the rules on its own table (`own`) what they made of the same
        source row, whatever its subject was then, unless the row is new; of other rules what they made of the subject.
        Of records that do not say their row the newest alone counts, where none of the row is found."""
        found = self.effects.standing(subject, n)
        if change.op == "insert" or not own:
            return found
        names = self.names_of(self.row_of)
        meant = [t for t in found if t.rule not in own or t.row in names]
        known = {t.key for t in meant}
        meant += [t for t in self.effects.standing_of(names, own) if t.key not in known]
        return meant or [t for t in found if not t.row][:1]

    def repeated(self, key: str, change: Change) -> str | Failure:
        """What a rule that opens a card says when its fact is posted already: nothing, unless another row that is still
        there has made it. Then two rows claim one card."""
        maker = self.maker(self.stands(key))
        if not maker or maker in self.names_of(self.row_of) or not self._is_there(maker):
            return REPEAT
        return Failure("made_of_another", {"row": self.row_of, "other": maker})

    def claimed(self, key: str, fact: str, of: str = "", waits: bool = False) -> str | Failure:
        """What a rule says whose fact is one row's when it is posted already: nothing, unless another row has made
        it; where it is one of the table `of`, if any is given. What `waits` is tried again when that one is taken
        back."""
        stands = self.stands(key)
        maker = self.maker(stands)
        if not maker or maker in self.names_of(self.row_of) or not maker.startswith(of and f"{of}:"):
            return REPEAT
        return _claimed(key, fact, maker, f"fact:{stands}" if waits else "")

    def share(self, key: str, position: str) -> str | None:
        """The key under which the row makes a fact that others have made as well: the next that is free. None where it
        has made it and that stands, or where it was made of this change."""
        names = self.names_of(self.row_of)
        for candidate in generations(key):
            state = self._reversed_by(candidate)
            if state is None:
                return candidate
            if self.made_of.get(candidate, ("",))[0] == position or (not state and self.maker(candidate) in names):
                return None
        raise AssertionError("unreachable")

    def barred(self, key: str, fact: str) -> Failure | None:
        """What a rule says when another row has posted its fact under another key; of those that share it any has."""
        names = self.names_of(self.row_of)
        for candidate in generations(key):
            state = self._reversed_by(candidate)
            if state is None:
                return None
            if not state and (maker := self.maker(candidate)) and maker not in names:
                return _claimed(key, fact, maker)
        raise AssertionError("unreachable")

    def refused_over(self, codes: Sequence[str | None], said: Mapping[str, str]) -> Failure:
        """What a check of cards refuses. Where a collected row of one is not posted yet that is no verdict: it is asked
        again behind its group."""
        known = () if self.gathering else tuple(code for code in codes if code is not None)
        group = next((group for code in known if (group := self.awaited_group(code))), "")
        return behind_group(group) if group else Failure("require", said)

    def _is_there(self, row: str) -> bool:
        """Whether a source row is in the mirror, as the batch leaves it."""
        alias, _, key = row.partition(":")
        if alias not in self.written:
            return False  # the mapping has called the table otherwise since
        written = self.written[alias]
        image = written[key] if key in written else self.book.mirror(alias, (key,)).get(key)
        return image is not None and key_text(self.tables[alias], image) == key  # or it had another key then

    def day_of(self, change: Change) -> date:
        """The day of the books on which a change was committed."""
        return change.committed_at.astimezone(self.zone).date()

    def red(
        self, target: Target, change: Change, day: date, is_blue: bool, fields: Fields, dims: Fields
    ) -> Voucher | Failure | None:
        """The voucher that cancels another on a day: in red, or in blue with its sides swapped. None when there was no
        voucher. Lines that have all of `dims` are cancelled where these say that they lie today. From here on the
        change's rules may call the one that is cancelled by its name."""
        journal = target.journal
        if journal is None:
            return None
        period = self.days.get(day) or self.period(day)
        if isinstance(period, Failure):
            return period
        called = self._called(target, journal)
        self.call(target, change)
        summary = say("voucher_cancels", {"voucher": called}, self.layout.language)
        quantities = self.layout.file.quantities
        lines = tuple(
            _cancelling(_moved(e, dims), summary if e.summary == journal.summary else e.summary, is_blue, quantities)
            for e in journal.entries
        )
        return Voucher(journal.type, period[0], period[1], day, summary, lines, fields)

    def posted_already(self, targets: Sequence[Target]) -> Failure:
        """That what stands is not to be changed; none of it is known of what is in a group's voucher."""
        called = [t.voucher for t in targets if t.journal is not None and t.voucher != t.key]
        return Failure("edited_after_posting", {"voucher": called[0] if called else ""})

    def difference(self, voucher: Voucher, targets: Sequence[Target]) -> Voucher | None:
        """A voucher of what is right less what stands, sides swapped where that is more; None where it is the same."""
        standing = [entry for target in targets if target.journal is not None for entry in target.journal.entries]
        entries = less(voucher.entries, standing, self.layout.file.quantities)
        return voucher._replace(entries=entries) if entries else None

    def is_kept(self, key: str) -> bool:
        """Whether the row is collected under this key, and in no voucher yet."""
        kept = self.collected_row(key)
        return not kept.is_in_voucher and self._is_own(kept.row)

    def group_of(self, key: str) -> str:
        """`RULE/GROUP` of a collected row."""
        return self.collected_row(key).group

    def is_taken(self, key: str) -> bool:
        """Whether the row was collected under this key and is in its group's voucher, or was posted by itself, as a
        snapshot does."""
        kept = self.collected_row(key)
        if kept.row:
            return kept.is_in_voucher and self._is_own(kept.row)
        return self.posted.get(key, "") is not None and self._is_own(self.maker(key))

    def _is_own(self, row: str) -> bool:
        """Whether a collected row is the present one, be it by a key that this had then."""
        return row == self.row_of or (row != "" and row in self.names_of(self.row_of))

    def keeps(self, key: str, collected: Collected) -> None:
        """The row is collected."""
        rule, group, card, *_ = collected
        self.effects.keep_row(key, KeptRow(self.row_of, False, card, f"{rule}/{group}"))

    def unkeeps(self, key: str) -> None:
        """A collected row is replaced or withdrawn: as if it had never been."""
        self.effects.leave_row(key)

    def is_moved(self, voucher: Voucher, targets: Sequence[Target]) -> bool:
        """Whether what stands is of another day than a voucher."""
        days = {target.journal.event_date for target in targets if target.journal is not None}
        return not days <= {voucher.event_date}

    def is_so(self, voucher: Voucher, targets: Sequence[Target]) -> bool:
        """Whether what stands says what a voucher does, and of its day."""
        return not self.is_moved(voucher, targets) and self.difference(voucher, targets) is None

    def heading(self, target: Target) -> Fields:
        """What the header of a posted voucher says besides."""
        kinds = self.layout.fields
        said = {} if target.journal is None else target.journal.fields
        return {name: exact(kinds.get(name, Kind.TEXT), value) for name, value in said.items()}

    def call(self, target: Target, change: Change) -> None:
        """The change's rules may call the voucher by its name that they cancel."""
        if target.journal is not None:
            self.effects.call(change.position, self._called(target, target.journal))

    def _called(self, target: Target, journal: Voucher) -> str:
        """What a voucher is called; one of this batch is named when it has its number."""
        if target.voucher == target.key:
            return to_be_named(target.key)
        number = target.number
        if not number and self.layout.series is None and (digits := _DIGITS.findall(target.voucher)):
            number = int(digits[-1])  # of a voucher whose record does not tell it
        if not number and self.layout.series is None:
            return target.voucher
        return self.layout.voucher_called(journal, number)

    def flaws(self, row: Row, used: Sequence[int], alias: str, was: bool = False) -> Failure | None:
        """The first mark among the columns used. `was` says of a row that it is not so any more: what it held will not
        be said again."""
        for i in used:
            value = row[i]
            if isinstance(value, Unchanged):
                code = "never_carried" if was else "not_carried"
                return Failure(code, {"table": alias, "column": self.tables[alias].columns[i].name})
            if value == ABSENT:
                return Failure("column_absent", {"table": alias, "column": self.tables[alias].columns[i].name})
            if isinstance(value, Malformed):
                params = {"table": alias, "column": self.tables[alias].columns[i].name}
                return Failure("malformed", params | {"raw": value.raw, "reason": value.reason})
        return None

    # What the generated rules have done

    def by_hand(self, content: str) -> Sequence[Target] | Failure:
        """A voucher that no posting made, as a row tells it that `reconcile` has filled and finance still has it: to be
        cancelled as one of ours."""
        try:
            voucher, (_, number, _) = decode_voucher(content), decode_kept(content)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            voucher, number = None, 0
        if voucher is None or not number:
            return Failure("by_hand_unread", {})
        ref = self.layout.voucher_ref(voucher.period, voucher.type, number, "")
        if failure := by_hand.apart(self.book, self.layout, voucher, number, ref):
            return failure
        return (Target(f"{BY_HAND}{ref}", "", ref, voucher, "", number),)

    def reversed(self, target: Target, by: str) -> None:
        """A posting is cancelled."""
        self.effects.cancel(target, by)

    def keep(self, subject: str, posting: Posting) -> None:
        """A posting that a later change may reverse."""
        self.effects.keep(subject, posting, self.row_of)

    def spare(self, code: str) -> None:
        """A snapshot found a card that lives."""
        self._kept.sparing.spare(code)

    def opened(self, code: str) -> None:
        """A snapshot opened a card."""
        self._kept.sparing.opened(code)

    def spares(self, code: str) -> bool:
        """Whether a snapshot leaves the card alone. What was parked is tried as what it is."""
        return not self.replaying and self._kept.sparing.spares(code)

    def warned(self, kind: str, class_: str | None, value: Decimal | None, outlier: float) -> bool:
        """Whether a card of a class would be warned of for its value. Where nobody knows, as on paper, none is."""
        if class_ is None or value is None:
            return False
        if class_ not in self.class_values:
            cards = self.book.class_cards(class_)
            self.class_values[class_] = None if cards is None else dict(values_of(class_, cards.items()))
        known = self.class_values[class_]
        return known is not None and far(kind, value, known, self.cards, class_, outlier)

    def is_odd(self, at: datetime, hours: str, weekdays: str) -> bool:
        """Whether a change was committed outside working time."""
        return is_odd(at.astimezone(self.zone), hours, weekdays)

    # Failures

    def absent(self, join: str, alias: str, key: str) -> Failure:
        """A reference that has not arrived."""
        waits_for = IN_TRANSACTION if self.is_open else f"{alias}:{key}"
        params = {"join": join, "table": self.tables[alias].name, "key": key}
        return Failure("reference_missing", params, waits_for=waits_for)

    def fail(self, code: str, params: Mapping[str, str]) -> Failure:
        """Any other reason."""
        return Failure(code, params, waits_for=f"card:{params['asset_code']}" if code == "no_card" else "")

    def number_taken(self, code: str) -> Failure:
        """Another card has the number; it may get another one."""
        return Failure("number_taken", {"asset_code": code}, waits_for=awaited_number(code))

    def unfit(self, code: str, amount: Decimal, place: Mapping[str, str]) -> Failure:
        """An amount that no voucher may hold."""
        return Failure(code, {"amount": f"{amount:f}", **place})

    def unbalanced(self, entries: Sequence[Entry]) -> Failure:
        """Both sides of a voucher, which are not equal."""
        debit, credit = sum(e.debit for e in entries), sum(e.credit for e in entries)
        return Failure(
            "unbalanced", {"debit": f"{debit:f}", "credit": f"{credit:f}", "difference": f"{debit - credit:f}"}
        )

    def approval(self, step: Mapping[str, str]) -> Failure:
        """A person has to agree."""
        return Failure("approval", step, "approval")

    def translate(self, lookup: str) -> Callable[[Value], Value]:
        """A lookup of the layout as a function, which raises UnknownLookup for a code that finance does not know."""
        if lookup not in self.translations:
            known = self.book.lookup(lookup)

            def translated(code: Value) -> Value:
                if code is None or (found := known.get(code)) is not None:
                    return None if code is None else found
                raise UnknownLookup(lookup, code)

            self.translations[lookup] = translated
        return self.translations[lookup]

    def is_over(self, left: str, code: Value, amount: Decimal | None) -> bool:
        """Whether a posting would take more than finance has left, with what the batch has taken already. Where nobody
        knows, as on paper, nothing is over."""
        if amount is None or amount <= 0:
            return False
        if left not in self.budgets:
            self.budgets[left] = self.book.budget(left)
        known = self.budgets[left]
        if known is None:
            return False
        if self.has_moved and not self.replaying:
            raise Stale
        if self.has_moved:
            return True
        try:
            found = round_half_up(decimal(str(known[code])))
        except (KeyError, ValueError):
            return True
        return EXACT.subtract(found, self.taken.get((left, code), ZERO)) < amount

    def approvals(self, steps: Sequence[Mapping[str, str]]) -> Failure:
        """People have to agree, one after the other."""
        first, *more = steps
        return self.approval({**first, "more": ", ".join(step["role"] for step in more)} if more else first)


def _moved(e: Entry, dims: Fields) -> Entry:
    """An entry as it lies today."""
    return e._replace(dims={**e.dims, **dims}) if dims and dims.keys() <= e.dims.keys() else e


def _cancelling(e: Entry, summary: str, is_blue: bool, quantities: Sequence[str]) -> Entry:
    """The entry that takes another back: of the other side in blue, negative in red."""
    if is_blue:
        return Entry(e.account, e.credit, e.debit, summary, e.dims)
    minus = EXACT.minus
    return Entry(e.account, minus(e.debit), minus(e.credit), summary, negated(e.dims, quantities))


def _claimed(key: str, fact: str, other: str, waits_for: str = "") -> Failure:
    params = {"fact": fact, "key": key.partition("/")[2], "other": other}
    return Failure("claimed_already", params, waits_for=waits_for)


def behind_group(group: str) -> Failure:
    """A change of a card that waits for a collected row to be posted; `group` is `RULE/GROUP`."""
    rule, _, values = group.partition("/")
    return Failure("behind_group", {"rule": rule, "group": values}, "behind", f"group:{group}")


def group_key(values: Sequence[Value]) -> str:
    """A group's key as text: its values joined by `|`, so that a prefix of the group and `|` is a prefix of it."""
    return joined_key([str(plain(v)) for v in values])


EMPTY: Final[Mapping[str, Any]] = {}
