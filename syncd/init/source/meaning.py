"""The mapping that is proposed: the source's tables and the rule that opens cards and posts the voucher."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.init.files.render import identifier, member
from syncd.init.finance.books import Books, signed, usual_accounts
from syncd.init.finance.layout import Layout
from syncd.init.seen.guess import Guess, Why
from syncd.init.seen.likeness import best
from syncd.init.seen.schema import Column, Table
from syncd.init.source.eam import Assets, Join
from syncd.init.source.facts import chosen, constant, event_day, joined

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
    clearing: Guess | None
    name: str
    """What people call the asset, as an expression; empty where nothing says it."""
    used: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether finance has accounts for both sides."""
        return "?" not in (self.debit.value, self.credit.value)

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
                use(found[0].alias, found[0].reads)
                cards[concept] = found[1]
            elif concept == "original_value" and assets.movements is not None:
                cards[concept] = Guess("0.00", assets.movements.guess.sure, assets.movements.guess.why)
            elif (guess := constant(target, concept)) is not None:
                cards[concept] = guess
    dims: dict[str, Guess] = {}
    for concept, target in layout.dims.items():
        looked = layout.looked_up.get(f"entry.{concept}")
        held = _code_of(looked, target) if looked is not None else target
        found = chosen(assets, concept, held)
        if found is not None and found[1].sure > 0.45:
            use(found[0].alias, found[0].reads)
            dims[concept] = found[1]
    value = chosen(assets, "original_value", None)
    amount = Guess("0.00", 0.1, (Why("init_why_required"),))
    if assets.lines is not None:
        amount = Guess(assets.lines.amount, assets.lines.guess.sure, assets.lines.guess.why)
    elif value is not None:
        use(value[0].alias, value[0].reads)
        amount = value[1]
    day, days = event_day(assets)
    for name in days:
        use("after", name)
    headings: dict[str, Guess] = {}
    for concept in layout.headings:
        if (found := chosen(assets, concept, None)) is not None:
            use(found[0].alias, found[0].reads)
            headings[concept] = found[1]
    debit, credit = _accounts(books, assets)
    when = _when(assets)
    if assets.status is not None:
        use("after", assets.status[0].name)
    elif "disposed_on" in assets.columns and not assets.is_document:
        use("after", assets.columns["disposed_on"][0].name)
    called = chosen(assets, "name", None)
    if called is not None:
        use("after", called[0].reads)
    for alias, join in joined(assets).items():
        if alias in used:
            for name in join.by:
                use("after", name)
    gone = usual_accounts(books, "clearing") if assets.movements is not None else []
    clearing = account(gone) if gone else None
    alias = identifier(assets.table.name)
    word = called[0].expression if called is not None else ""
    return Meaning(alias, assets, cards, dims, amount, day, debit, credit, when, headings, clearing, word, used)


def _code_of(table: Table, target: Column) -> Column:
    """The column of a looked-up table by which a code finds its id."""
    return best([c for c in table if c.sort == "text"], "code") or target


def _when(assets: Assets) -> Guess:
    if assets.status is None and assets.lines is not None and "approved_on" in assets.columns:
        column, _ = assets.columns["approved_on"]
        return Guess(
            f"{member('after', column.name)} IS NOT NULL", 0.55, (Why("init_why_name", {"name": column.name}),)
        )
    if assets.status is None and assets.lines is not None:
        return Guess(f"{member('after', assets.code.name)} IS NOT NULL", 0.4, (Why("init_why_no_status"),))
    if assets.status is None and "disposed_on" in assets.columns and not assets.is_document:
        column, score = assets.columns["disposed_on"]
        gone = f"{member('after', column.name)} IS NULL"
        return Guess(
            f"op IN ('insert', 'read') AND {gone}", 0.7 * score, (Why("init_why_name", {"name": column.name}),)
        )
    if assets.status is None:
        return Guess("op IN ('insert', 'read')", 0.5, (Why("init_why_no_status"),))
    column, value, sure = assets.status
    text = value if column.sort in ("integer", "boolean") else "'" + value.replace("'", "''") + "'"
    after, before = member("after", column.name), member("before", column.name)
    values = list(column.counts)[:6]
    if assets.lines is not None:  # an edited document is asked again, as it is
        return Guess(f"{after} = {text}", sure, (Why("init_why_values", {"values": ", ".join(values)}),))
    return Guess(
        f"{after} = {text} AND {before} IS DISTINCT FROM {text}",
        sure,
        (Why("init_why_values", {"values": ", ".join(values)}),),
    )


def _accounts(books: Books, assets: Assets) -> tuple[Guess, Guess]:
    """The account of what is bought, and that on the other side: as vouchers of finance have it, else as is usual."""
    role = "expense" if assets.is_document else "fixed_assets"
    found = usual_accounts(books, role)
    debit = account(found)
    beside = _beside(books, found[0][0]) if found else Counter()
    for code, count in beside.most_common(3):
        if code in {one for other in ("payable", "bank") for one, _ in usual_accounts(books, other)}:
            share = count / sum(beside.values())
            return debit, Guess(code, 0.5 + 0.4 * share, (Why("init_why_beside", {"account": found[0][0]}),))
    return debit, account(usual_accounts(books, "payable") or usual_accounts(books, "bank"))


def account(listed: Sequence[tuple[str, float]]) -> Guess:
    """The likeliest of some accounts; `?` where there is none."""
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


def joined_key(join: Join) -> tuple[str, ...]:
    """The columns by which a joined table is found."""
    if join.alias == "cost":
        table = join.table
        for key in (table.key, *table.unique):
            if key and any(set(f.columns) == set(key) for f in table.foreign):
                return key
        return table.key or table.unique[0]
    return join.table.key
