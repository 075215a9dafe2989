"""What an EAM's row says of a card field or an auxiliary: which column, of the row or of a table that it joins, chosen
by names and by whose values finance already holds."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from syncd.init.files.render import member, quoted
from syncd.init.seen.columns import assigned, in_cents, in_money, is_no_day, literal, told_by_few
from syncd.init.seen.guess import Guess, Why, named
from syncd.init.seen.likeness import likeness, number, overlap, words
from syncd.init.seen.schema import Column
from syncd.init.source.eam import Assets, Join, Within, declared

MONEY = ("original_value", "accumulated_depreciation", "impairment")
NUMBERS = ("original_value", "accumulated_depreciation", "impairment", "life_months", "residual_rate")
SHARED = ("dept", "class", "workshop", "supplier", "project", "method")
"""Of which finance holds the values that the EAM does."""
JOINED = {"class": ("method", "life_months", "residual_rate"), "dept": ("workshop",)}


class Source(NamedTuple):
    """An expression, the column that it reads and the alias of its table; `after` is the row itself."""

    alias: str
    column: Column
    score: float
    within: Within | None = None
    """Where it lies in a JSON column."""

    @property
    def reads(self) -> str:
        """The column of the table that is read."""
        return self.column.name if self.within is None else self.within.document.name

    @property
    def expression(self) -> str:
        """As a rule writes it."""
        if self.within is None:
            own = member(self.alias, self.column.name)
            return f"{own}[1]" if self.column.type.endswith("[]") else own
        *over, last = (quoted(name) for name in self.within.path)
        found = " -> ".join([member(self.alias, self.within.document.name), *over]) + f" ->> {last}"
        cast = {"decimal": "numeric(18, 2)", "date": "date"}.get(self.column.sort)
        return f"({found})::{cast}" if cast else f"({found})"


def sources(assets: Assets, concept: str) -> Iterator[Source]:
    """All columns that may say it."""
    own = {"acquired_month": ("approved_on", "acquired_on"), "asset": ()}.get(concept, (concept,))
    for place, one in enumerate(own):
        if one in assets.columns:
            column, score = assets.columns[one]
            yield Source("after", column, score - 0.1 * place)
        if one in assets.json:
            within = assets.json[one]
            yield Source("after", within.column, within.score - 0.1 * place, within)
    if concept in ("asset_code", "asset"):
        yield Source("after", assets.code, 0.97)
    if concept == "original_value" and assets.cost is not None:
        join, column, score = assets.cost
        yield Source(join.alias, column, score)
    for join in assets.joins:
        if join.alias == concept:
            for column in join.table:
                if column.sort == "text" and not column.computed:
                    yield Source(
                        join.alias,
                        column,
                        0.5 + 0.45 * max(likeness(column.name, "code"), 0.6 * likeness(column.name, "name")),
                    )
        elif concept in JOINED.get(join.alias, ()):
            found = assigned([c for c in join.table if c.name not in join.table.key], (concept,)).get(concept)
            if found is not None:
                yield Source(join.alias, found[0], found[1] - 0.05)


def chosen(assets: Assets, concept: str, target: Column | None) -> tuple[Source, Guess] | None:
    """The likeliest source of what a finance column holds, as an expression; None where nothing says it."""
    best: tuple[float, Source, tuple[Why, ...]] | None = None
    for source in sources(assets, concept):
        score, why = source.score, [Why("init_why_name", {"name": f"{source.alias}.{source.column.name}"})]
        has_values = target is not None and target.is_filled and source.column.is_filled
        if target is not None and has_values and concept in SHARED:
            share = max(overlap(target, source.column), overlap(source.column, target))
            score = 0.45 * score + 0.55 * share
            if share > 0.5:
                why.append(Why("init_why_overlap", {"share": f"{share:.0%}", "column": target.name}))
        if (
            target is not None
            and target.sort == "text"
            and source.column.sort in ("integer", "boolean")
            and concept not in NUMBERS
        ):
            score -= 0.3  # an id says nothing to people
        if best is None or score > best[0]:
            best = score, source, tuple(why)
    if best is None or best[0] < 0.3:
        return None
    score, source, reasons = best
    if concept in MONEY and in_cents(source.column):  # wrong either way is a hundredfold
        score, reasons = min(score, 0.5), (Why("init_why_cents", {"name": source.column.name}), *reasons)
    return source, Guess(_converted(concept, source, target), min(0.97, score), reasons)


def _converted(concept: str, source: Source, target: Column | None) -> str:
    text, kind = source.expression, declared(source.column, concept).value
    if concept == "acquired_month":
        text = f"{text}::date" if "timestamp" in kind else text
        is_first = (
            target is not None
            and target.is_filled
            and all(str(v)[8:10] == "01" for v in target.values if v is not None)
        )
        month = is_first or (target is not None and "month" in words(target.name))
        return f"date_trunc('month', {text})" if month else text
    if concept == "life_months" and _years(source.column) and not (target is not None and _years(target)):
        return f"{text} * 12"
    if concept == "life_months" and target is not None and _years(target) and not _years(source.column):
        return f"{text} / 12"
    if concept == "residual_rate" and _percent(source.column) and not (target is not None and _percent(target)):
        return f"{text} / 100.0"
    if concept in MONEY:
        text = in_money(text, source.column)
    if concept in ("accumulated_depreciation", "impairment") and any(v is None for v in source.column.values):
        return f"coalesce({text}, 0.00)"
    if concept in NUMBERS and concept != "life_months":
        return text
    if target is not None and target.sort == "text" and kind in ("integer", "decimal", "money", "date"):
        return f"{text}::text"
    if target is not None and target.sort in ("integer", "decimal") and kind == "text":
        return f"{text}::{'integer' if target.sort == 'integer' else 'numeric(18, 2)'}"
    return text


def _years(column: Column) -> bool:
    """Whether a life is in years, by the name or by values that are too small for months."""
    if {"year", "years", "yrs", "年限", "jahre", "yr"} & set(words(column.name)) or "年" in column.name:
        return "月" not in column.name and "month" not in column.name.lower()
    if {"months", "month", "m", "monate"} & set(words(column.name)) or "月" in column.name:
        return False
    numbers = [n for v in column.values if (n := number(v)) is not None]
    return bool(numbers) and max(numbers) <= 50


def _percent(column: Column) -> bool:
    numbers = [n for v in column.values if (n := number(v)) is not None]
    return bool(numbers) and max(numbers) > 1


def constant(target: Column, concept: str) -> Guess | None:
    """What a card field holds of which the EAM says nothing: what most cards hold, or nothing."""
    usual, share = target.usual
    if concept in ("accumulated_depreciation", "impairment"):
        return Guess("0.00", 0.8, (Why("init_why_new"),))
    if concept == "status" and not usual and target.sort == "text":
        return Guess("'in_use'", 0.55, (Why("init_why_usual"),))
    if concept == "origin" and not usual and target.sort == "text":
        return Guess("CASE WHEN op = 'read' THEN 'opening' ELSE 'addition' END", 0.55, (Why("init_why_usual"),))
    if usual and target.sort in ("text", "integer", "boolean") and (target.required or share > 0.5):
        sure = 0.85 if target.required else told_by_few(target)
        if sure is None:
            return None
        why = Why("init_why_most", {"share": f"{share:.0%}"})
        return Guess(literal(target, usual), min(sure, 0.3 + 0.5 * share), (why,))
    if not target.required:
        return None
    empty = {"integer": "0", "decimal": "0.00", "float": "0.00", "boolean": "false"}
    return Guess(empty.get(target.sort, "''"), 0.2, (Why("init_why_required"),))


def in_books(assets: Assets, row: Mapping[str, object]) -> bool:
    """Whether a row of the sample is in the state that belongs into the books."""
    if assets.status is None:
        gone = assets.columns.get("disposed_on")
        return gone is None or is_no_day(row[gone[0].name])
    column, value, _ = assets.status
    held = row[column.name]
    return str(held).lower() in ("true", "1") if column.sort == "boolean" else str(held) == value


def event_day(assets: Assets) -> tuple[Guess, list[str]]:
    """The day of the voucher: that of the approval or the purchase; that of the commit where rows may lack both. And
    the columns that it reads."""
    found = [source for one in ("approved_on", "acquired_on") for source in sources(assets, one)]
    rows = [n for n in range(assets.table.rows) if in_books(assets, assets.table.row(n))]
    texts: list[str] = []
    for source in found:
        text = source.expression
        is_moment = source.within is None and "timestamp" in declared(source.column).value
        texts.append(f"{text}::date" if is_moment else text)
        values = source.column.values
        if len(values) == assets.table.rows and all(not is_no_day(values[n]) for n in rows):
            break
    else:
        texts.append("change.committed_on")
    score, name = (found[0].score, found[0].column.name) if found else (0.5, "change.committed_on")
    guess = named(texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})", score, name)
    return guess, [source.reads for source in found if source.expression in guess.value]


def joined(assets: Assets) -> dict[str, Join]:
    """The joins by alias."""
    return {join.alias: join for join in (*assets.joins, *([assets.cost[0]] if assets.cost else []))}
