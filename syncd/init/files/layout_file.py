"""The layout as a file."""

import re
from collections.abc import Collection

from syncd.init.files.render import Text, block, many, scalar
from syncd.init.finance.books import Books
from syncd.init.finance.layout import DIMS, FIELDS, Columns, Layout
from syncd.init.finance.periods import numbering, sql_name
from syncd.init.seen.guess import Guess, Why

MONEY = ("original_value", "accumulated_depreciation", "impairment")


def write(books: Books, made: Layout, name: str, fields: Collection[str], dims: Collection[str]) -> None:
    """The file, with the columns for those card fields and auxiliaries that rules give."""
    text, e, chart, said, periods = made.text, books.entries, books.chart, made.said, made.periods
    vouchers = made.vouchers
    entries = {c: g for c, g in made.entries.items() if _is_given(g.value, "entry", dims, DIMS)}
    cards = {c: g for c, g in made.cards.items() if _is_given(g.value, "card", fields, FIELDS)}
    called = " ".join(g.value for columns in (vouchers, entries, cards) for g in columns.values())
    made.dims = {d: c for d, c in made.dims.items() if d in dims}
    text.say("init_layout_head")
    text.add(f"finance: {name}")
    text.add("")
    text.add("lookups:")
    account = "account" if chart.ident == chart.code else "account_id"
    pairs = [
        ("table", chart.table.name),
        ("code", sql_name(chart.code, books.schema)),
        ("gives", sql_name(chart.ident, books.schema)),
    ]
    pairs += [("name", sql_name(chart.name, books.schema))] if chart.name else []
    pairs += [("where", chart.where)] if chart.where else []
    text.add(f"  {account}: {block(pairs)}", chart.guess, "lookups")
    for lookup, (table, code, gives) in made.lookups.items():
        if f"{lookup}(" not in called:
            continue
        spelt = code if lookup == "period_id" else sql_name(code, books.schema)
        pairs = [("table", table.name), ("code", spelt), ("gives", sql_name(gives, books.schema))]
        text.add(f"  {lookup}: {block(pairs)}")
    text.add(f"accounts: {account}")
    text.add(f"periods: {periods[0]}", periods[1], "periods")
    numbering(books, said, text)
    if made.dims:
        text.add(f"dims: [{', '.join(made.dims)}]")
    money = [
        f for f in ("original_value", "accumulated_depreciation", "impairment") if f in made.fields and f in fields
    ]
    if money:
        text.add(f"kinds: {{{', '.join(f'{one}: money' for one in money)}}}")
    if cards and books.card is not None:
        text.add("")
        text.add("card:")
        text.add(f"  - table: {scalar(books.card.name)}", books.card_guess, "card")
        code = next(c for c, g in cards.items() if g.value == "card.asset_code")
        text.add(f"    key: {scalar(code)}")
        where = next((condition for columns, condition in books.card.partial if columns == (code,)), "")
        if where:
            text.add(
                f"    where: {scalar(re.sub(r'::[a-z]+(?: varying)?', '', where).removeprefix('(').removesuffix(')'))}"
            )
        _columns(text, cards, "card")
    if e.voucher is not None:
        text.add("")
        text.add("voucher:")
        text.add(
            f"  - table: {scalar(e.voucher.name)}",
            Guess(
                "",
                0.95 if any(k.table == e.voucher.name for k in e.table.foreign) else 0.75,
                (Why("init_why_header", {"table": e.table.name}),),
            ),
            "voucher",
        )
        _voucher_key(books, text, vouchers)
        _columns(text, vouchers, "voucher")
    text.add("")
    text.add("entry:")
    text.add(f"  - table: {scalar(e.table.name)}", e.guess, "entry")
    key = [c for c in e.table.key if c in entries]
    line = [c for c, g in entries.items() if g.value == "entry.line"]
    if e.voucher is None and line:
        heads = ("voucher.period", "voucher.year", "voucher.month", "voucher.type", "voucher.number", "voucher.label")
        key = [*(c for c, g in entries.items() if g.value in heads), *line]
    elif not key and e.links and line:
        key = [*e.links.values(), *line]
    if key:
        text.add(f"    key: {many(key)}")
    _columns(text, entries, "entry")


def _is_given(value: str, of: str, given: Collection[str], known: Collection[str]) -> bool:
    """Whether all that an expression reads of a card or an entry is said by some rule."""
    return all(
        name in given or name not in known or name == "asset_code" for name in re.findall(rf"\b{of}\.(\w+)", value)
    )


def _voucher_key(books: Books, text: Text, columns: Columns) -> None:
    head, links = books.entries.voucher, list(books.entries.links)
    assert head is not None
    generated = next((c for c in head if c.generated), None)
    key = list(head.key) or links
    text.add(f"    key: {many(key)}")
    if generated is not None:
        text.add(f"    generated: {scalar(generated.name)}", Guess("", 0.98, (Why("init_why_generated"),)))
    elif len(key) == 1 and key[0] not in columns:
        if head.sequences:
            pairs = [("column", key[0]), ("sequence", head.sequences[0])]
            text.add(
                f"    generated: {block(pairs)}",
                Guess("", 0.7, (Why("init_why_sequence", {"sequence": head.sequences[0]}),)),
            )
        else:
            text.add(
                f"    generated: {scalar(key[0])}", Guess("", 0.3, (Why("init_why_required"),)), f"voucher.{key[0]}"
            )


def _columns(text: Text, columns: Columns, what: str) -> None:
    text.add("    columns:")
    for name, guess in columns.items():
        text.add(f"      {scalar(name)}: {scalar(guess.value)}", guess, f"{what}.{name}")
