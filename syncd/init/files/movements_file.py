"""The rules on a table of what happened to assets, in the mapping's file: what a row adds to the cost, its voucher."""

from syncd.init.files.render import Text, flow, identifier, many, member, quoted, scalar
from syncd.init.finance.layout import Layout
from syncd.init.seen.columns import in_money
from syncd.init.seen.guess import Guess, Why
from syncd.init.source.eam import Movements, declared
from syncd.init.source.facts import Source
from syncd.init.source.meaning import Meaning
from syncd.language import say

RULE = "movement"
WHEN = "op IN ('insert', 'read')"


def tables(text: Text, meaning: Meaning, found: Movements) -> None:
    """The table, or those of the years."""
    asset, key = meaning.alias, found.table.key or (found.by,)
    names = dict.fromkeys((*key, found.by, found.amount.name, *([found.day.name] if found.day else [])))
    for place, table in enumerate((found.table, *found.years)):
        why = Why("init_why_same", {"table": found.table.name})
        text.add(f"  {identifier(table.name)}:")
        text.add(f"    table: {scalar(table.name)}", Guess("", 0.9, (why,)) if place else found.guess, "movements")
        text.add(f"    key: {many(key)}")
        text.add(f"    subject: {scalar(member('', found.by).lstrip('.'))}")
        text.add(f"    join: {{{asset}: {flow(member('', found.by).lstrip('.'))}}}")
        if place:
            text.add("    columns: *slips")
            continue
        text.add("    columns: &slips" if found.years else "    columns:")
        for name in names:
            column = found.table.by_name[name]
            kind = declared(column, "amount" if column is found.amount else "")
            text.add(f"      {scalar(name)}: {kind.value}", kind)


def rules(text: Text, meaning: Meaning, found: Movements, layout: Layout) -> None:
    """What is added is bought, what is taken away has left."""
    text.say("init_movement_head", 2)
    amount, first = in_money(member("after", found.amount.name), found.amount), True
    for table in (found.table, *found.years):
        text.add(f"  {RULE}_{identifier(table.name)}:")
        text.add(f"    on: {identifier(table.name)}")
        text.add(f"    when: {scalar(WHEN)}")
        if meaning.cards:
            text.add("    change:" + (" *adds" if not first else " &adds" if found.years else ""))
            if first:
                text.add(f"      asset_code: {scalar(member('after', found.by))}")
                text.add(f"      original_value: {scalar(f'card.original_value + {amount}')}", found.guess)
        text.add("    voucher:" + (" *moved" if not first else " &moved" if found.years else ""))
        if first:
            _voucher(text, meaning, found, layout, amount)
        first = False


def _voucher(text: Text, meaning: Meaning, found: Movements, layout: Layout, amount: str) -> None:
    day = Source("after", found.day, 0.9).expression if found.day is not None else "change.committed_on"
    moment = found.day is not None and "timestamp" in declared(found.day).value
    text.add(f"      type: {scalar(quoted(layout.type.value))}", layout.type, f"{RULE}.voucher.type")
    text.add(f"      date: {scalar(day + '::date' if moment else day)}", Guess("", 0.8, found.guess.why))
    told = f" || ' ' || {meaning.name.replace('after.', f'{meaning.alias}.')}" if meaning.name else ""
    word = say("init_word_asset", {}, layout.language)
    summary = f"{quoted(word + ' ')} || {member('after', found.by)}{told}"
    text.add(f"      summary: {scalar(summary)}")
    text.add("      entries:")
    own_dims = {one: guess.value.replace("after.", f"{meaning.alias}.") for one, guess in meaning.dims.items()}
    dims = "".join(f", {one}: {flow(value)}" for one, value in own_dims.items())
    more, less = f"{amount} > 0", f"{amount} < 0"
    sides = [("debit", meaning.debit, more, amount, dims), ("credit", meaning.credit, more, amount, "")]
    if meaning.clearing is not None:
        sides.append(("debit", meaning.clearing, less, f"-{amount}", ""))
        sides.append(("credit", meaning.debit, less, f"-{amount}", dims))
    for side, account, when, value, own in sides:
        line = f"{{account: {flow(quoted(account.value))}, {side}: {flow(value)}, when: {flow(when)}{own}}}"
        text.add(f"        - {line}", account, f"{RULE}.voucher.{side}")
