"""The mapping as a file."""

from collections.abc import Sequence

from syncd.init.files import documents_file, later_file, movements_file, reconcile_file
from syncd.init.files.render import Text, bare, flow, identifier, many, member, quoted, scalar
from syncd.init.finance.layout import Layout
from syncd.init.seen.guess import Guess, Why
from syncd.init.seen.schema import Table
from syncd.init.source.eam import Assets, Join, declared
from syncd.init.source.later import Later
from syncd.init.source.meaning import RULE, Meaning, joined_key
from syncd.language import say


def write(meaning: Meaning, layout: Layout, name: str, finance: str, beside: Meaning | None, later: Later) -> Text:
    """The mapping as a file; `beside` are documents beside the assets, `later` is what happens to these."""
    text, assets = Text(), meaning.assets
    text.say("init_mapping_head")
    text.add(f"mapping: {called(name)}")
    text.add(f"finance: {finance}")
    zone = Guess("", 0.85 if layout.language == "zh" else 0.5, (Why("init_why_usual"),))
    text.add("timezone: Asia/Shanghai", zone, "timezone")
    if layout.language == "en":
        text.add("language: en")
    text.add("")
    text.add("tables:")
    is_tracked = assets.movements is None or bool(meaning.cards)
    if is_tracked:
        _assets(text, meaning)
    documents = [one for one in (meaning, beside) if one is not None and one.assets.lines is not None]
    for one in documents:
        if one is beside:
            _assets(text, one)
        documents_file.tables(text, one)
    if assets.movements is not None:
        movements_file.tables(text, meaning, assets.movements)
    later_file.tables(text, later)
    references = dict(meaning.joins)
    if references or not is_tracked:
        text.add("")
        text.add("references:")
    for alias, join in references.items():
        value = assets.cost[1].name if assets.cost is not None and assets.cost[0] is join else ""
        names = dict.fromkeys((*joined_key(join), *meaning.used[alias]))
        columns = [(c, declared(join.table.by_name[c], "original_value" if c == value else "")) for c in names]
        _table(text, alias, join.table, joined_key(join), columns, join.guess)
    if not is_tracked:
        columns = _columns(assets, meaning.used["after"])
        _table(text, meaning.alias, assets.table, assets.key, columns, assets.guess)
    for one in documents:
        documents_file.block(text, one)
    text.add("")
    text.add("rules:")
    if is_tracked:
        _rules(text, meaning, layout)
    if assets.movements is not None:
        movements_file.rules(text, meaning, assets.movements, layout)
    later_file.rules(text, meaning, later, layout)
    if beside is not None:
        _rule(text, documents_file.ALIAS, beside.alias, beside, layout, anchored=False)
    reconcile_file.reconcile(text, meaning, later, layout)
    return text


def _assets(text: Text, meaning: Meaning) -> None:
    """The table of assets, or those of the years."""
    assets = meaning.assets
    columns = _columns(assets, meaning.used["after"])
    subject = bare(assets.code.name)
    shared = "columns" if assets.years else ""
    _table(text, meaning.alias, assets.table, assets.key, columns, assets.guess, subject, shared)
    for other in assets.years:
        why = Why("init_why_same", {"table": assets.table.name})
        _table(text, identifier(other.name), other, assets.key, [], Guess("", 0.9, (why,)), subject, shared)


def _rules(text: Text, meaning: Meaning, layout: Layout) -> None:
    """The rule by which an asset comes into the books, for each year's table."""
    _rule(text, RULE, meaning.alias, meaning, layout, anchored=bool(meaning.assets.years))
    for other in meaning.assets.years:
        own = identifier(other.name)
        text.add(f"  {RULE}_{own}:")
        text.add(f"    on: {own}")
        for verb in ("when", "join", "once", "card", "voucher"):
            if (verb != "join" or meaning.joins) and (verb != "card" or meaning.cards):
                text.add(f"    {verb}: *{verb}")


def _columns(assets: Assets, used: list[str]) -> list[tuple[str, Guess]]:
    concepts = {column.name: concept for concept, (column, _) in assets.columns.items()}
    return [(name, declared(assets.table.by_name[name], concepts.get(name, ""))) for name in dict.fromkeys(used)]


def _table(
    text: Text, alias: str, table: Table, key: tuple[str, ...], columns: Sequence[tuple[str, Guess]], guess: Guess,
    subject: str = "", shared: str = "",
) -> None:  # fmt: skip
    """A table; where years share their columns these are written once, and none are given for the others."""
    text.add(f"  {alias}:")
    text.add(f"    table: {scalar(table.name)}", guess, f"{alias}.table")
    text.add(f"    key: {many(key)}")
    if subject:
        text.add(f"    subject: {scalar(subject)}")
    if shared and not columns:
        text.add(f"    columns: *{shared}")
        return
    text.add(f"    columns: &{shared}" if shared else "    columns:")
    for column, kind in columns:
        text.add(f"      {scalar(column)}: {kind.value}", kind, f"{alias}.columns.{column}")


def _rule(text: Text, name: str, alias: str, meaning: Meaning, layout: Layout, anchored: bool) -> None:
    assets = meaning.assets

    def anchor(verb: str) -> str:
        return f" &{verb}" if anchored else ""

    text.say("init_document_head" if assets.is_document else "init_rule_head", 2)
    text.add(f"  {name}:")
    text.add(f"    on: {documents_file.ALIAS if assets.lines is not None else alias}")
    text.add(f"    when:{anchor('when')} {scalar(meaning.when.value)}", meaning.when, f"{name}.when")
    joins = meaning.joins
    if joins:
        said = [f"{one}: {_keys(join)}" for one, join in joins.items()]
        text.add(f"    join:{anchor('join')} {{{', '.join(said)}}}")
    code = member("after", assets.code.name)
    text.add(f"    once:{anchor('once')} {scalar(code)}")
    if assets.lines is not None:
        text.add("    edited: reverse")
    if meaning.cards:
        text.add(f"    card:{anchor('card')}")
        text.add(f"      asset_code: {scalar(code)}")
        for concept, guess in meaning.cards.items():
            text.add(f"      {concept}: {scalar(guess.value)}", guess, f"{name}.card.{concept}")
    if assets.movements is not None:
        return
    text.add(f"    voucher:{anchor('voucher')}")
    text.add(f"      type: {scalar(quoted(layout.type.value))}", layout.type, f"{name}.voucher.type")
    text.add(f"      date: {scalar(meaning.day.value)}", meaning.day, f"{name}.voucher.date")
    called = f" || ' ' || {meaning.name}" if meaning.name else ""
    word = say("init_word_document" if assets.is_document else "init_word_asset", {}, layout.language)
    is_text = declared(assets.code).value == "text"
    text.add(f"      summary: {scalar(quoted(word + ' ') + ' || ' + (code if is_text else code + '::text') + called)}")
    if meaning.headings:
        text.add("      fields:")
        for concept, guess in meaning.headings.items():
            text.add(f"        {concept}: {scalar(guess.value)}", guess, f"{name}.voucher.fields.{concept}")
    text.add("      entries:")
    for side, account in (("debit", meaning.debit), ("credit", meaning.credit)):
        own = {one: g for one, g in meaning.dims.items() if (one == "supplier") == (side == "credit")}
        dims = "".join(f", {one}: {flow(guess.value)}" for one, guess in own.items())
        amount, each = meaning.amount.value, ""
        if assets.lines is not None:
            amount, each = (amount, "each: item, ") if side == "debit" else (f"sum({amount})", "")
        line = f"        - {{{each}account: {flow(quoted(account.value))}, {side}: {flow(amount)}{dims}}}"
        asked = meaning.amount if meaning.amount.why and meaning.amount.why[0].code == "init_why_cents" else account
        text.add(line, asked, f"{name}.voucher.{side}")


def called(name: str) -> str:
    """A name that a mapping and a layout may have."""
    return identifier(name)


def _keys(join: Join) -> str:
    keys = [member("after", name) for name in join.by]
    return flow(keys[0]) if len(keys) == 1 else f"[{', '.join(map(flow, keys))}]"
