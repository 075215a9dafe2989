"""What `syncd check` tries on finance: postings such as the rules make, of the values that the rules themselves name.
What only an EAM's row could tell is invented, so that whoever writes it knows not to blame finance for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from syncd.change import Change, Kind, Position, Value
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Term
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.layout.periods import are_months
from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.reverse import Reverse
from syncd.mapping.verbs.voucher import Voucher as Template
from syncd.ports import INVENTED, Period
from syncd.posting import CardWrite, Entry, Fields, Posting, Reversed, Voucher

KEY: Final = "syncd check"
AMOUNT: Final = Decimal("1200.00")
_ZERO: Final = Decimal("0.00")


def sample(mapping: Loaded, periods: Sequence[Period], accounts: Iterable[Value]) -> Sequence[Posting]:
    """A card, a voucher with two entries and the one that cancels it, and a change of the card; of these what the
    rules make. `accounts` are those that finance knows."""
    change = Change(next(iter(mapping.tables)), "insert", None, None, Position(""), datetime.now(UTC))
    made: list[Posting] = []
    is_open = [period for period in periods if period.open]
    if are_months(mapping.layout.file.periods):  # there is no end to them
        is_open = [period for period in is_open if period.first <= date.today()]
    day = is_open[-1].begins if is_open else date.today()
    fields = _card(mapping, day)
    if fields is not None:
        made.append(Posting(f"{KEY}/card", KEY, INVENTED, change, (CardWrite(INVENTED, "open", fields),)))
    voucher = _voucher(mapping, is_open[-1], list(accounts)) if is_open else None
    if voucher is not None:
        key = f"{KEY}/voucher"
        made.append(Posting(key, KEY, INVENTED, change, (), voucher))
        made += [
            Posting(f"{KEY}/reversal", KEY, INVENTED, change, (), cancelling, reverses=Reversed(key, key))
            for cancelling in _cancelling(mapping, voucher)
        ]
    if fields and (amounts := {n: v for n, v in fields.items() if isinstance(v, Decimal)}):
        made.append(Posting(f"{KEY}/change", KEY, INVENTED, change, (CardWrite(INVENTED, "change", amounts),)))
    return made


def _cancelling(mapping: Loaded, voucher: Voucher) -> Iterator[Voucher]:
    """What cancels a voucher, if any rule does: in red, which finance may not take, unless all do it in blue."""
    reverses = [verb for rule in mapping.rules if (verb := rule.verb(Reverse))]
    if not reverses:
        return
    if all(verb.blue is not None and verb.blue.term.detail is True for verb in reverses):
        entries = tuple(e._replace(debit=e.credit, credit=e.debit) for e in voucher.entries)
    else:
        entries = tuple(e._replace(debit=-e.debit, credit=-e.credit) for e in voucher.entries)
    yield voucher._replace(entries=entries)


def _card(mapping: Loaded, day: date) -> Fields | None:
    verb = next((verb for rule in mapping.rules if (verb := rule.verb(Card))), None)
    if verb is None or not mapping.layout.cards:
        return None
    kinds = mapping.layout.card_kinds
    return {name: _value(e, kinds.get(name, e.kind), day) for name, e in verb.fields.items()}


def _voucher(mapping: Loaded, period: Period, known: Sequence[Value]) -> Voucher | None:
    templates = [verb for rule in mapping.rules if (verb := rule.verb(Template))]
    accounts = [str(a) for a in known if str(a) in mapping.accounts] or [str(a) for a in known]
    if not (templates and accounts and mapping.layout.vouchers):
        return None
    template = max(templates, key=lambda t: max(len(line.dims) for line in t.lines))
    line = max(template.lines, key=lambda line: len(line.dims))
    dims: Fields = {name: _value(e, e.kind, period.first) for name, e in line.dims.items()}
    kind = str(_value(template.type, Kind.TEXT, period.first))
    entries = (
        Entry(accounts[0], AMOUNT, _ZERO, KEY, dims),
        Entry(accounts[-1], _ZERO, AMOUNT, KEY, dims),
    )
    return Voucher(kind, period.code, period.begins, period.begins, KEY, entries)


def _value(e: Expression, kind: Kind, day: date) -> Value:
    """A value that the expression may have: one that it names, else an invented one."""
    named = [t.detail for t in _results(e.term) if t.op == "literal" and t.kind is kind and t.detail is not None]
    if named and isinstance(named[-1], str | int | Decimal):
        return named[-1]
    return _invented(kind, day)


def _results(term: Term) -> Iterator[Term]:
    """The term and those in it that its value may be: what a condition compares with is none of them."""
    yield term
    for arg in term.args:
        if arg.kind is not Kind.BOOLEAN:
            yield from _results(arg)


def _invented(kind: Kind, day: date) -> Value:
    made: Mapping[Kind, Value] = {
        Kind.INTEGER: 12,
        Kind.DECIMAL: Decimal("0.05"),
        Kind.BOOLEAN: False,
        Kind.DATE: day,
        Kind.TIMESTAMP: datetime.combine(day, time.min, UTC),
    }
    return made.get(kind, INVENTED)
