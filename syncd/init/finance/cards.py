"""The tables of cards, and what their columns are given."""

import re

from syncd.init.finance.books import Books
from syncd.init.finance.layout import FIELDS, Columns, Layout, lookup, own_id
from syncd.init.seen.columns import assigned, filler
from syncd.init.seen.guess import Guess, Why, linked, named
from syncd.init.seen.likeness import best, column_likeness
from syncd.init.seen.schema import Column, Table


def card_columns(books: Books, made: Layout) -> Columns:
    """What the columns of the card's table are given; the layout learns which fields it has."""
    table = books.card
    if table is None:
        return {}
    code = _card_code(table)
    if code is None:
        return {}
    found: Columns = {code.name: named("card.asset_code", max(0.7, column_likeness(code, "asset")), code.name)}
    guards = _guards(table)
    rest = [c for c in table if c is not code and not c.computed and not c.generated]
    free = [c for c in rest if c.name not in guards]
    concepts = [f for f in FIELDS if f != "asset_code"]
    for concept, (column, score) in assigned(free, concepts).items():
        link = table.refers(column.name)
        other = books.schema.table(link.table) if link else None
        value = f"card.{concept}"
        if other is not None and link is not None:
            by = best([c for c in other if c.name != link.to[0]], "code", among=("text",)) or best(
                other, "name", among=("text",)
            )
            if by is None:
                continue
            name = lookup(made, other, by.name, link.to[0])
            made.looked_up[concept] = other
            found[column.name] = linked(f"{name}({value})", column.name, other.name)
            made.fields[concept] = by
            continue
        made.fields[concept] = column
        found[column.name] = named(value, score, column.name)
    for column in rest:
        if column.name in found:
            continue
        if column.name in guards:
            found[column.name] = Guess(guards[column.name], 0.95, (Why("init_why_index"),))
        elif table.key == (column.name,) and (own := own_id(column, table, "card.asset_code")) is not None:
            found[column.name] = own
        elif (
            given := filler(column, "card.acquired_month" if "acquired_month" in made.fields else "NULL")
        ) is not None:
            found[column.name] = given
    made.has_card = True
    return {c.name: found[c.name] for c in table if c.name in found}


def _guards(table: Table) -> dict[str, str]:
    """What a partial index says of its rows: column = 'value'."""
    said = [re.fullmatch(r"\((\w+) = '([^']*)'(?:::\w+(?: \w+)*)?\)", condition) for _, condition in table.partial]
    return {one[1]: f"'{one[2]}'" for one in said if one}


def _card_code(table: Table) -> Column | None:
    texts = [c for c in table if c.sort in ("text",) and not c.computed]
    kept = [c for c in texts if table.is_unique(c.name) or any(index == (c.name,) for index, _ in table.partial)]
    return (
        best(kept, "asset", 0.4)
        or best(kept, "code", 0.4)
        or (kept[0] if len(kept) == 1 else None)
        or best(texts, "asset")
        or best(texts, "code")
    )
