"""What people accept of what a reconciliation proposes: once, of the last run, and while it is as the run found it."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from syncd import audit
from syncd.books.reconciliation import sides
from syncd.books.reconciliation.as_read import Pasts
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.by_hand import TOLD
from syncd.books.reconciliation.causes import SQL
from syncd.books.reconciliation.reconcile import CARRYING, WHOLE, Amounts, Found, differences
from syncd.change import key_text
from syncd.desk.parked import operators
from syncd.errors import Halt, WrongUsage
from syncd.mapping.language.blocks.measures import FIELDS, OF_TABLE, Measures
from syncd.ports import Desk, Ledger
from syncd.record import decode_change

_AMOUNTS: Final = frozenset((*FIELDS, CARRYING, WHOLE))


class _Kept(NamedTuple):
    """A difference as its run has it; `eam` and `finance` are texts, None for a side that lacks the asset."""

    number: int
    asset: str
    field: str
    eam: str | None
    finance: str | None
    cause: str
    params: str
    change: str
    request: str

    @property
    def voucher(self) -> str:
        """The voucher by hand that it is of; empty where it is of none."""
        return str(json.loads(self.params).get("voucher", "")) if self.cause == TOLD else ""


def accept(asked: Asked, ledger: Ledger, name: str, by: operators.Actor) -> None:
    """Have the posting made that a difference proposes: the daemon takes it up as a parked row. `name` is `RUN/NUMBER`.
    Raises WrongUsage for one that there is not or that somebody has accepted, Halt where a person has to do something
    else, or where the difference is not what its run has found any more."""
    pipeline = asked.pipeline
    run, one, every = _proposed(ledger, pipeline, name)
    if one.cause != TOLD and not _stands(asked, ledger, one, every):  # a voucher is read once more when it is cancelled
        raise Halt("reconcile_changed", difference=name, asset=one.asset)
    with ledger.desk() as desk:
        run, one, every = _proposed(desk, pipeline, name)
        desk.execute(SQL["accept"], (pipeline, run, one.change))
        fields = [other.field for other in every if other.change == one.change]
        detail = {"asset": one.asset, "fields": fields, audit.CONTENTS: audit.digest(one.change)}
        if one.cause == TOLD:
            detail["voucher"] = one.voucher
        operators.act(desk, by, "accept_difference", pipeline, f"difference/{name}", detail)


def _proposed(ledger: Ledger | Desk, pipeline: str, name: str) -> tuple[int, _Kept, Sequence[_Kept]]:
    """The run, a difference of it that may be accepted, and all of its asset."""
    run_text, _, number_text = name.partition("/")
    if not (run_text.isdecimal() and number_text.isdecimal()):
        raise WrongUsage("reconcile_no_difference", difference=name, pipeline=pipeline)
    run, number = int(run_text), int(number_text)
    every = [_kept(row) for row in ledger.query(SQL["found"], (pipeline, run, pipeline, run, number))]
    if not every:
        raise WrongUsage("reconcile_no_difference", difference=name, pipeline=pipeline)
    one = next(kept for kept in every if kept.number == number)
    ((last,),) = ledger.query(SQL["last"], (pipeline,))
    if int(str(last)) != run:
        raise Halt("reconcile_outdated", difference=name, run=run, last=last)
    wanted = [_kept(row) for row in ledger.query(SQL["wanted"], (pipeline, one.asset))] if one.asset else []
    if one.request or one.voucher in {other.voucher for other in wanted}:
        raise WrongUsage("reconcile_accepted", difference=name, asset=one.asset)
    if not one.change:
        raise Halt("reconcile_no_posting", difference=name, asset=one.asset)
    if one.asset and ledger.query(SQL["newer"], (pipeline, one.asset)):
        raise Halt("reconcile_parked_first", difference=name, asset=one.asset)
    return run, one, every


def _kept(row: Sequence[object]) -> _Kept:
    number, asset, field, eam, finance, *texts = row
    one, other = (None if said is None else str(said) for said in (eam, finance))
    return _Kept(int(str(number)), str(asset), str(field), one, other, *map(str, texts))


def _stands(asked: Asked, ledger: Ledger, one: _Kept, every: Sequence[_Kept]) -> bool:
    """Whether both sides still say of the asset what the run has found: the EAM at the ledger's point of the log, as
    far as the mirror tells, and finance's card."""
    measures = asked.measures
    if measures is None:  # the mapping compares no assets any more
        return False
    try:
        change = decode_change(asked.tables, one.change)
    except KeyError:  # nor has it their table
        return False
    assert change.after is not None
    table = asked.tables[change.table]
    key = _key(measures, table.alias, key_text(table, change.after))
    with ledger.reading():
        past = Pasts(measures, ledger, asked.pipeline, asked.tables, asked.zone)
        said = past.amounts([Found(one.asset, None, None, key)])
        card = sides.cards_of(measures, asked.layout, ledger, [one.asset]).get(one.asset)
    told = [other for other in every if other.cause != TOLD]
    if said is None:
        return all(_is(other.field, other.finance, _of(card, other.field, measures)) for other in told)
    now = {d.field: (d.eam, d.finance) for d in differences(one.asset, said.get(one.asset), card, measures.by)}
    return now.keys() == {other.field for other in told} and all(
        _is(other.field, text, value)
        for other in told
        for text, value in zip((other.eam, other.finance), now[other.field], strict=True)
    )


def _key(measures: Measures, table: str, key: str) -> str:
    """Of a row of a table, as `Found` has it."""
    numbers = [n for n, one in enumerate(measures.tables) if one.on == table]
    return f"{numbers[0]}{OF_TABLE}{key}" if numbers else key


def _of(card: Amounts | None, field: str, measures: Measures) -> Decimal | str | None:
    """What a card says in a field of a difference."""
    if card is None or field in _AMOUNTS:
        amount: Decimal | None = getattr(card, FIELDS[0] if field == WHOLE else field, None)
        return amount
    return card.texts[measures.by.index(field)]


def _is(field: str, text: str | None, value: Decimal | str | None) -> bool:
    """Whether a value is what a run has kept as text."""
    if text is None or value is None:
        return text is value
    return Decimal(text) == value if field in _AMOUNTS else text == value
