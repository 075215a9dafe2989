"""The rules on what happens to an asset later, in the mapping's file: it leaves, it depreciates, its value changes."""

from syncd.init.files.render import Text, flow, identifier, many, member, quoted, scalar
from syncd.init.finance.layout import Layout
from syncd.init.seen.columns import in_money
from syncd.init.seen.guess import Guess
from syncd.init.source.eam import declared
from syncd.init.source.later import AMOUNTS, LOSSES, Later, Slips
from syncd.init.source.meaning import Meaning
from syncd.language import say

DISPOSAL, DEPRECIATION, VALUE = "disposal", "depreciation", "value_changed"
RULES = frozenset((DISPOSAL, DEPRECIATION, VALUE))
COMMIT = Guess("change.committed_on", 0.7, ())


def tables(text: Text, later: Later) -> None:
    """The tables whose rows tell it, where it is not the asset's own row."""
    for slips in (later.disposal, later.depreciation):
        if not isinstance(slips, Slips):
            continue
        alias = identifier(slips.table.name)
        text.add(f"  {alias}:")
        text.add(f"    table: {scalar(slips.table.name)}", slips.when._replace(value=""), f"{alias}.table")
        text.add(f"    key: {many(slips.table.key)}")
        text.add(f"    subject: {scalar(slips.code.removeprefix('after.'))}")
        if slips.join:
            text.add(f"    join: {slips.join}")
        text.add("    columns:")
        names = dict.fromkeys((*slips.table.key, slips.by, *(column.name for column in slips.reads)))
        for name in names:
            column = slips.table.by_name[name]
            kind = declared(column, "amount" if column is slips.amount else "")
            text.add(f"      {scalar(name)}: {kind.value}", kind, f"{alias}.columns.{name}")


def rules(text: Text, meaning: Meaning, later: Later, layout: Layout) -> None:
    """What is proposed."""
    if later.disposal is not None:
        _disposal(text, meaning, later, layout)
    if later.depreciation is not None:
        _depreciation(text, meaning, later.depreciation, later, layout)
    if later.value is not None:
        _value(text, meaning, later.value, layout)


def _dims(meaning: Meaning) -> str:
    """The department that the card bears, where entries tell it."""
    return ", dept: card.dept" if "dept" in meaning.cards and "dept" in meaning.dims else ""


def _begin(text: Text, name: str, on: str, when: Guess, code: str, change: dict[str, str]) -> None:
    text.say(f"init_{name}_head", 2)
    text.add(f"  {name}:")
    text.add(f"    on: {on}")
    text.add(f"    when: {scalar(when.value)}", when, f"{name}.when")
    said = ", ".join(f"{field}: {flow(value)}" for field, value in {"asset_code": code, **change}.items())
    text.add(f"    change: {{{said}}}")


def _voucher(text: Text, name: str, day: Guess, code: str, layout: Layout) -> None:
    text.add("    voucher:")
    text.add(f"      type: {scalar(quoted(layout.type.value))}", layout.type, f"{name}.voucher.type")
    text.add(f"      date: {scalar(day.value)}", day if day.why else None, f"{name}.voucher.date")
    word = say(f"init_word_{name}", {}, layout.language)
    text.add(f"      summary: {scalar(quoted(word + ' ') + ' || ' + code)}")
    text.add("      entries:")


def _entry(text: Text, name: str, account: Guess, side: str, amount: str, more: str = "") -> None:
    line = f"        - {{account: {flow(quoted(account.value))}, {side}: {flow(amount)}{more}}}"
    text.add(line, account, f"{name}.voucher.{side}")


def _disposal(text: Text, meaning: Meaning, later: Later, layout: Layout) -> None:
    own = later.disposal
    alias = meaning.alias if not isinstance(own, Slips) else identifier(own.table.name)
    code = own.code if isinstance(own, Slips) else member("after", meaning.assets.code.name)
    when = own.when if isinstance(own, Slips) else own
    day = own.day if isinstance(own, Slips) else later.disposed_on or COMMIT
    assert when is not None, "asked where it is proposed"
    _begin(text, DISPOSAL, alias, when, code, later.gone)
    _voucher(text, DISPOSAL, day, code, layout)
    losses = {role: f"card.{card}" for role, card in LOSSES.items() if card in meaning.cards}
    _entry(text, DISPOSAL, later.accounts["clearing"], "debit", " - ".join(["card.original_value", *losses.values()]))
    for role, amount in losses.items():
        _entry(text, DISPOSAL, later.accounts[role], "debit", amount)
    _entry(text, DISPOSAL, meaning.debit, "credit", "card.original_value", _dims(meaning))


def _depreciation(text: Text, meaning: Meaning, slips: Slips, later: Later, layout: Layout) -> None:
    assert slips.amount is not None, "of a table that has one"
    amount = in_money(member("after", slips.amount.name), slips.amount)
    change = {"accumulated_depreciation": f"card.accumulated_depreciation + {amount}"}
    _begin(text, DEPRECIATION, identifier(slips.table.name), slips.when, slips.code, change)
    _voucher(text, DEPRECIATION, slips.day, slips.code, layout)
    _entry(text, DEPRECIATION, later.accounts["depreciation"], "debit", amount, _dims(meaning))
    _entry(text, DEPRECIATION, later.accounts["accumulated"], "credit", amount)


def _value(text: Text, meaning: Meaning, when: Guess, layout: Layout) -> None:
    column, code = meaning.assets.columns["original_value"][0], member("after", meaning.assets.code.name)
    after, before = (in_money(member(side, column.name), column) for side in ("after", "before"))
    _begin(text, VALUE, meaning.alias, when, code, {"original_value": f"card.original_value + {after} - {before}"})
    _voucher(text, VALUE, COMMIT, code, layout)
    for more, less, sides in ((after, before, ("debit", "credit")), (before, after, ("credit", "debit"))):
        grows = f", when: {flow(f'{more} > {less}')}"
        _entry(text, VALUE, meaning.debit, sides[0], f"{more} - {less}", _dims(meaning) + grows)
        _entry(text, VALUE, meaning.credit, sides[1], f"{more} - {less}", grows)


def cards(later: Later) -> str:
    """Which cards `reconcile` holds assets against, those that have left aside; empty for all."""
    if "status" in later.gone:
        return f"status <> {later.gone['status']}"
    return f"{AMOUNTS[0]} <> 0" if later.gone else ""
