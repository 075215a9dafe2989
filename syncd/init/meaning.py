"""The mapping that is proposed: the source's tables and the rule that opens cards and posts the voucher."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.init.books import Books, signed, usual_accounts
from syncd.init.eam import Assets, Join, declared
from syncd.init.facts import chosen, constant, event_day, joined
from syncd.init.guess import Guess, Why
from syncd.init.layout import Layout
from syncd.init.render import Text, identifier, many, member, scalar
from syncd.init.schema import Column, Table
from syncd.language import current, say

RULE = "registration"


@dataclass
class Meaning:
    """What the mapping says. `used` are the columns that it reads, by alias; `after` is the row itself."""

    alias: str
    assets: Assets
    cards: dict[str, Guess]
    dims: dict[str, Guess]
    amount: Guess
    day: Guess
    debit: Guess
    credit: Guess
    when: Guess
    headings: dict[str, Guess]
    used: dict[str, list[str]] = field(default_factory=dict)

    @property
    def joins(self) -> dict[str, Join]:
        """The joins that it reads."""
        return {alias: join for alias, join in joined(self.assets).items() if alias in self.used}


def propose(assets: Assets, books: Books, layout: Layout) -> Meaning:
    """What the changes of these assets mean to these books."""
    used: dict[str, list[str]] = {"after": [*assets.key, assets.code.name]}

    def use(alias: str, column: str) -> None:
        if column not in used.setdefault(alias, []):
            used[alias].append(column)

    cards: dict[str, Guess] = {}
    if layout.has_card and not assets.is_document:
        for concept, target in layout.fields.items():
            found = None if concept in ("status", "origin") else chosen(assets, concept, target)
            if found is not None:
                use(found[0].alias, found[0].column.name)
                cards[concept] = found[1]
            elif (guess := constant(target, concept)) is not None:
                cards[concept] = guess
    dims: dict[str, Guess] = {}
    for concept, target in layout.dims.items():
        looked = layout.looked_up.get(f"entry.{concept}")
        held = _code_of(looked, target) if looked is not None else target
        found = chosen(assets, concept, held)
        if found is not None and found[1].sure > 0.45:
            use(found[0].alias, found[0].column.name)
            dims[concept] = found[1]
    value = chosen(assets, "original_value", None)
    amount = Guess("0.00", 0.1, (Why("init_why_required"),))
    if value is not None:
        use(value[0].alias, value[0].column.name)
        amount = value[1]
    elif "original_value" in assets.json:
        column, name = assets.json["original_value"]
        use("after", column.name)
        amount = Guess(
            f"({member('after', column.name)} ->> '{name}')::numeric(18, 2)",
            0.7,
            (Why("init_why_json", {"column": column.name, "name": name}),),
        )
    day = event_day(assets)
    for one in ("approved_on", "acquired_on"):
        if one in assets.columns and member("after", assets.columns[one][0].name) in day.value:
            use("after", assets.columns[one][0].name)
    headings: dict[str, Guess] = {}
    for concept in layout.headings:
        if (found := chosen(assets, concept, None)) is not None:
            use(found[0].alias, found[0].column.name)
            headings[concept] = found[1]
    debit, credit = _accounts(books, assets)
    when = _when(assets)
    if assets.status is not None:
        use("after", assets.status[0].name)
    if "name" in assets.columns:
        use("after", assets.columns["name"][0].name)
    for alias, join in joined(assets).items():
        if alias in used:
            for name in join.by:
                use("after", name)
    return Meaning(identifier(assets.table.name), assets, cards, dims, amount, day, debit, credit, when, headings, used)


def _code_of(table: Table, target: Column) -> Column:
    """The column of a looked-up table by which a code finds its id."""
    from syncd.init.likeness import best

    return best([c for c in table if c.sort == "text"], "code") or target


def _when(assets: Assets) -> Guess:
    if assets.status is None:
        return Guess("op IN ('insert', 'read')", 0.5, (Why("init_why_no_status"),))
    column, value, sure = assets.status
    text = value if column.sort in ("integer", "boolean") else "'" + value.replace("'", "''") + "'"
    after, before = member("after", column.name), member("before", column.name)
    values = list(column.counts)[:6]
    return Guess(
        f"{after} = {text} AND {before} IS DISTINCT FROM {text}",
        sure,
        (Why("init_why_values", {"values": ", ".join(values)}),),
    )


def _accounts(books: Books, assets: Assets) -> tuple[Guess, Guess]:
    """The account of what is bought, and that on the other side: as vouchers of finance have it, else as is usual."""
    role = "expense" if assets.is_document else "fixed_assets"
    found = usual_accounts(books, role)
    debit = _account(found)
    beside = _beside(books, found[0][0]) if found else Counter()
    for code, count in beside.most_common(3):
        if code in {one for other in ("payable", "bank") for one, _ in usual_accounts(books, other)}:
            share = count / sum(beside.values())
            return debit, Guess(code, 0.5 + 0.4 * share, (Why("init_why_beside", {"account": found[0][0]}),))
    return debit, _account(usual_accounts(books, "payable") or usual_accounts(books, "bank"))


def _account(listed: Sequence[tuple[str, float]]) -> Guess:
    if not listed:
        return Guess("?", 0.0, (Why("init_why_no_account"),))
    code, score = listed[0]
    rivals = [other for other, near in listed[1:4] if near > score - 0.15]
    more = (Why("init_why_rivals", {"others": ", ".join(rivals)}),) if rivals else ()
    return Guess(code, max(0.3, min(0.95, score) - (0.3 if rivals else 0.0)), (Why("init_why_chart"), *more))


def _beside(books: Books, account: str) -> Counter[str]:
    """The accounts that are credited where this one is debited, in the vouchers of the sample."""
    e, chart = books.entries, books.chart
    codes = {str(chart.table.row(n)[chart.ident]): str(chart.table.row(n)[chart.code]) for n in range(chart.table.rows)}
    by: dict[tuple[object, ...], list[tuple[str, bool]]] = {}
    for n in range(e.table.rows):
        row = e.table.row(n)
        code = codes.get(str(row[e.account]), str(row[e.account]))
        by.setdefault(tuple(row[c] for c in e.links.values()), []).append(
            (code, signed(row, e.form, e.amounts, e.debit) > 0)
        )
    found: Counter[str] = Counter()
    for lines in by.values():
        if (account, True) in lines and len(lines) <= 4:
            found.update(code for code, is_debit in lines if not is_debit)
    return found


# The file


def write(meaning: Meaning, books: Books, layout: Layout, name: str, finance: str) -> Text:
    """The mapping as a file."""
    text, assets, alias = Text(), meaning.assets, meaning.alias
    text.say("init_mapping_head")
    text.add(f"mapping: {called(name)}")
    text.add(f"finance: {finance}")
    text.add(
        "timezone: Asia/Shanghai", Guess("", 0.85 if current() == "zh" else 0.5, (Why("init_why_usual"),)), "timezone"
    )
    if current() == "en":
        text.add("language: en")
    text.add("")
    text.add("tables:")
    aliases = {assets.table.name: alias}
    _table(
        text,
        alias,
        assets.table,
        assets.key,
        _columns(assets, meaning.used["after"]),
        assets.guess,
        assets.code,
        None,
        bool(assets.years),
    )
    for other in assets.years:
        aliases[other.name] = identifier(other.name)
        _table(
            text,
            aliases[other.name],
            other,
            assets.key,
            [],
            Guess("", 0.9, (Why("init_why_same", {"table": assets.table.name}),)),
            assets.code,
            alias,
        )
    joins = meaning.joins
    if joins:
        text.add("")
        text.add("references:")
        for name_, join in joins.items():
            value = assets.cost[1].name if assets.cost is not None and assets.cost[0] is join else ""
            columns = [
                (c, declared(join.table.by_name[c], "original_value" if c == value else ""))
                for c in dict.fromkeys((*joined_key(join), *meaning.used[name_]))
            ]
            _table(text, name_, join.table, joined_key(join), columns, join.guess, None, None)
    text.add("")
    text.add("rules:")
    _rule(text, RULE, alias, meaning, layout, anchored=bool(assets.years))
    for other in assets.years:
        own = aliases[other.name]
        text.add(f"  {RULE}_{own}:")
        text.add(f"    on: {own}")
        for verb in ("when", "join", "once", "card", "voucher"):
            if (verb != "join" or joins) and (verb != "card" or meaning.cards):
                text.add(f"    {verb}: *{verb}")
    return text


def joined_key(join: Join) -> tuple[str, ...]:
    """The columns by which a joined table is found."""
    if join.alias == "cost":
        table = join.table
        for key in (table.key, *table.unique):
            if key and any(set(f.columns) == set(key) for f in table.foreign):
                return key
        return table.key or table.unique[0]
    return join.table.key


def _columns(assets: Assets, used: list[str]) -> list[tuple[str, Guess]]:
    concepts = {column.name: concept for concept, (column, _) in assets.columns.items()}
    return [(name, declared(assets.table.by_name[name], concepts.get(name, ""))) for name in dict.fromkeys(used)]


def _table(
    text: Text, alias: str, table: Table, key: tuple[str, ...], columns: list[tuple[str, Guess]], guess: Guess,
    code: Column | None, same: str | None, is_shared: bool = False,
) -> None:  # fmt: skip
    text.add(f"  {alias}:")
    text.add(f"    table: {scalar(table.name)}", guess, f"{alias}.table")
    text.add(f"    key: {many(key)}")
    if code is not None:
        text.add(
            f"    subject: {scalar(member('', code.name).lstrip('.'))}",
            Guess("", 0.9, (Why("init_why_name", {"name": code.name}),)),
            f"{alias}.subject",
        )
    if same is not None:
        text.add("    columns: *columns")
        return
    text.add("    columns: &columns" if is_shared else "    columns:")
    for column, kind in columns:
        text.add(f"      {scalar(column)}: {kind.value}", kind, f"{alias}.columns.{column}")


def _rule(text: Text, name: str, alias: str, meaning: Meaning, layout: Layout, anchored: bool) -> None:
    assets = meaning.assets

    def anchor(verb: str) -> str:
        return f" &{verb}" if anchored else ""

    text.say("init_rule_head", 2)
    text.add(f"  {name}:")
    text.add(f"    on: {alias}")
    text.add(f"    when:{anchor('when')} {scalar(meaning.when.value)}", meaning.when, f"{name}.when")
    joins = meaning.joins
    if joins:
        said = [f"{one}: {_keys(join)}" for one, join in joins.items()]
        text.add(f"    join:{anchor('join')} {{{', '.join(said)}}}")
    code = member("after", assets.code.name)
    text.add(f"    once:{anchor('once')} {scalar(code)}")
    if meaning.cards:
        text.add(f"    card:{anchor('card')}")
        text.add(f"      asset_code: {scalar(code)}")
        for concept, guess in meaning.cards.items():
            text.add(f"      {concept}: {scalar(guess.value)}", guess, f"{name}.card.{concept}")
    text.add(f"    voucher:{anchor('voucher')}")
    text.add(f"      type: {scalar(_quoted(layout.type.value))}", layout.type, f"{name}.voucher.type")
    text.add(f"      date: {scalar(meaning.day.value)}", meaning.day, f"{name}.voucher.date")
    called = f" || ' ' || {member('after', assets.columns['name'][0].name)}" if "name" in assets.columns else ""
    word = say("init_word_document" if assets.is_document else "init_word_asset")
    is_text = declared(assets.code).value == "text"
    text.add(f"      summary: {scalar(_quoted(word + ' ') + ' || ' + (code if is_text else code + '::text') + called)}")
    if meaning.headings:
        text.add("      fields:")
        for concept, guess in meaning.headings.items():
            text.add(f"        {concept}: {scalar(guess.value)}", guess, f"{name}.voucher.fields.{concept}")
    text.add("      entries:")
    for side, account in (("debit", meaning.debit), ("credit", meaning.credit)):
        own = {one: g for one, g in meaning.dims.items() if (one == "supplier") == (side == "credit")}
        dims = "".join(f", {one}: {_flow(guess.value)}" for one, guess in own.items())
        line = f"        - {{account: {_flow(_quoted(account.value))}, {side}: {_flow(meaning.amount.value)}{dims}}}"
        text.add(line, account, f"{name}.voucher.{side}")


def called(name: str) -> str:
    """A name that a mapping and a layout may have."""
    return identifier(name)


def _keys(join: Join) -> str:
    keys = [member("after", name) for name in join.by]
    return _flow(keys[0]) if len(keys) == 1 else f"[{', '.join(map(_flow, keys))}]"


def _flow(text: str) -> str:
    """A scalar within braces."""
    made = scalar(text)
    return made if made[0] in "'\"" or not set(made) & set(",[]{}") else f'"{made}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
