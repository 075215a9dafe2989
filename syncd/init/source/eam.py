"""What an EAM's tables are: where its assets stand, what they refer to, which of their states belongs to the books."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from syncd.init.files.render import member
from syncd.init.seen.columns import assigned, day_form, in_cents, in_money, is_day, is_no_day
from syncd.init.seen.guess import Guess, Why, linked, seen
from syncd.init.seen.likeness import best, is_money, likeness, number, overlap, places_of, table_likeness, told
from syncd.init.seen.schema import SAMPLE_ROWS_MAX, Column, Schema, Sort, Table
from syncd.init.seen.vocabulary import APPROVED, IN_USE

ASSET: Final = (
    "name", "original_value", "status", "approved_on", "acquired_on", "dept", "class", "supplier", "workshop",
    "life_months", "residual_rate", "method", "accumulated_depreciation", "impairment", "vat",
    "prepared_by", "reviewed_by", "attachments", "document", "contract", "disposed_on",
)  # fmt: skip
OF_ASSETS: Final = ("original_value", "approved_on", "acquired_on", "disposed_on", "dept", "supplier")
"""What no list of kinds of assets has."""
OFTEN_MAX: Final = 12
"""Different values of a column that may be a status."""
_YEAR: Final = re.compile(r"^(.*?)_?((?:19|20)\d\d)$")


@dataclass(frozen=True)
class Join:
    """A table that a row of the asset finds by its key: `by` are columns of the asset's, in the order of the key."""

    alias: str
    table: Table
    by: tuple[str, ...]
    guess: Guess


class Within(NamedTuple):
    """What lies in the JSON of a column: by which names, as a column, and how likely it is what it is taken for."""

    document: Column
    path: tuple[str, ...]
    column: Column
    score: float


class Lines(NamedTuple):
    """The lines of a document: the columns that hold its key, in its order, and what a line amounts to as an expression
    over `item`, with the columns that it reads."""

    table: Table
    of: tuple[str, ...]
    amount: str
    reads: tuple[Column, ...]
    guess: Guess


class Movements(NamedTuple):
    """A table of what happened to assets, a row each: what it adds to the cost, on which day. `by` names the asset.
    `years` are further tables of the same shape."""

    table: Table
    by: str
    amount: Column
    day: Column | None
    years: tuple[Table, ...]
    guess: Guess


@dataclass(frozen=True)
class Assets:
    """The table of assets, or of documents. `columns` are concept → column and how likely that is; `money` may stand in
    a joined table. `years` are further tables of the same shape."""

    table: Table
    code: Column
    columns: Mapping[str, tuple[Column, float]]
    joins: Sequence[Join]
    status: tuple[Column, str, float] | None
    guess: Guess
    is_document: bool = False
    years: tuple[Table, ...] = ()
    cost: tuple[Join, Column, float] | None = None
    json: Mapping[str, Within] = field(default_factory=dict)
    """Concept → where it lies in a JSON column."""
    movements: Movements | None = None
    lines: Lines | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return self.table.key or next(iter(self.table.unique), (self.code.name,))


def find(schema: Schema, wanted: str = "") -> Assets | None:
    """The table of assets; of documents where there are none. None where neither is found."""
    newest = {base: _together(same) for base, same in _years(schema).items()}
    yearly = {t.name for base in newest for t in schema.tables if (m := _YEAR.match(t.name)) and m[1] == base}
    heads = [*(t for t in schema.tables if t.name not in yearly), *newest.values()]
    chosen = [t for t in schema.tables if t.name == wanted] if wanted else heads
    found = [made for table in chosen if (made := _as_assets(schema, table)) is not None]
    scored = [one for one in found if wanted or one.guess.sure > 0.45]
    if not scored:
        documents = [made for table in chosen if (made := _as_document(schema, table)) is not None]
        return max(documents, key=lambda one: one.guess.sure, default=None)
    return max(scored, key=lambda one: one.guess.sure)


def find_beside(schema: Schema, assets: Assets) -> Assets | None:
    """Documents with lines beside the assets; none of what belongs to an asset."""
    made = [_as_document(schema, table) for table in schema.tables if table.name != assets.table.name]
    likely = [one for one in made if one is not None and one.lines is not None and one.guess.sure > 0.45]
    own = [one for one in likely if not any(key.table == assets.table.name for key in one.table.foreign)]
    found = max(own, key=lambda one: one.guess.sure, default=None)
    return None if found is None else replace(found, joins=())


def _years(schema: Schema) -> dict[str, list[Table]]:
    """Tables of one shape, one a year, by what their names share."""
    found: dict[str, list[Table]] = {}
    for table in schema.tables:
        if match := _YEAR.match(table.name):
            found.setdefault(match[1], []).append(table)
    return {base: same for base, same in found.items() if len({tuple(c.name for c in t) for t in same}) == 1}


def _together(same: Sequence[Table]) -> Table:
    """The newest of these tables, with the rows of all: in January it holds none of its own."""
    ordered = sorted(same, key=lambda t: t.name, reverse=True)
    columns = [
        replace(column, values=tuple(v for t in ordered for v in t.by_name[column.name].values)[:SAMPLE_ROWS_MAX])
        for column in ordered[0]
    ]
    return replace(ordered[0], columns=tuple(columns))


def _as_assets(schema: Schema, table: Table) -> Assets | None:
    code = _code(table)
    if code is None:
        return None
    rest = [c for c in table if c is not code and not (c.name in table.key and c.generated)]
    columns = assigned([c.first if c.sort == "array" else c for c in rest], ASSET)
    name = table_likeness(_bare(table), "asset")
    if name < 0.4 or any(
        key.table != table.name and len(key.columns) <= 2 and _holds_assets(schema.table(key.table))
        for key in table.foreign
    ):
        return None
    joins = _joins(schema, table, columns)
    cost = None if "original_value" in columns else _cost(schema, table, code)
    documents = _json(table, {*columns, *(["original_value"] if cost else [])})
    is_worth = "original_value" in columns or cost is not None or "original_value" in documents
    movements = None if is_worth else _movements(schema, table)
    if not is_worth and movements is None:
        return None
    share = len(columns) / len(ASSET)
    status = status_of(columns.get("status", (None, 0.0))[0], IN_USE)
    score = (
        0.55 * name
        + 0.4 * min(1.0, share * 2)
        + (0.1 if table.is_unique(code.name) else 0.0)
        + (0.1 if table.rows else 0.0)
    )
    match = _YEAR.match(table.name)
    years = tuple(t for t in _years(schema).get(match[1], ()) if t.name != table.name) if match else ()
    why = Why("init_why_columns", {"columns": ", ".join(c.name for c, _ in list(columns.values())[:5])})
    guess = Guess(table.name, min(0.97, score), (Why("init_why_name", {"name": table.name}), why))
    return Assets(table, code, columns, joins, status, guess, False, years, cost, documents, movements)


def _holds_assets(table: Table | None) -> bool:
    """Whether a table that is referred to has the assets, as `asset_kind` has not."""
    if table is None or table_likeness(table.name, "asset") <= 0.6:
        return False
    return bool(assigned([c.first if c.sort == "array" else c for c in table], OF_ASSETS))


def _bare(table: Table) -> str:
    return re.sub(r"_?(?:19|20)\d\d$", "", table.name)


def _code(table: Table) -> Column | None:
    """The asset's code: a text that stands once, called so."""
    texts = [c for c in table if c.sort == "text" and not c.computed]
    kept = [c for c in texts if table.is_unique(c.name)]
    once = [c for c in texts if c.is_filled and len(c.counts) == len(c.values)]
    for some in (kept, once, texts):
        found = best(some, "asset", 0.6) or best(some, "code", 0.6)
        if found is not None:
            return found
    if kept:
        return kept[0]
    return table.by_name[table.key[0]] if len(table.key) == 1 else None


def status_of(column: Column | None, words: str) -> tuple[Column, str, float] | None:
    """The state in which a row belongs into the books."""
    if column is None or len(column.counts) > OFTEN_MAX:
        return None
    if column.sort == "boolean":
        return column, "true", 0.6
    scored = sorted(((told(value, words), count, value) for value, count in column.counts.items()), reverse=True)
    if not scored:
        return None
    if {"A", "C"} <= {*column.counts} <= {"A", "B", "C", "D", "Z"}:
        return column, "C", 0.8  # Kingdee's: created, under approval, approved, again, draft
    score, _, value = scored[0]
    if score > 0.3:
        return column, value, 0.5 + 0.45 * score
    return column, column.usual[0], 0.4


def _joins(schema: Schema, table: Table, columns: Mapping[str, tuple[Column, float]]) -> list[Join]:
    """What the row refers to: by foreign key, else by a column that is called so and holds another table's keys."""
    found: list[Join] = []
    for concept in ("dept", "class", "supplier", "project"):
        if concept not in columns:
            continue
        column = columns[concept][0]
        link = table.refers(column.name)
        other = schema.table(link.table) if link else None
        if link is not None and other is not None and other.is_unique(*link.to):
            found.append(Join(concept, other, (column.name,), linked(other.name, column.name, other.name)))
            continue
        likely = [
            (score, t)
            for t in schema.tables
            if t is not table and len(t.key) == 1 and (score := _refers(column, t, concept)) > 0.75
        ]
        if likely:
            score, other = max(likely, key=lambda one: one[0])
            why = Why("init_why_found_in", {"column": column.name, "table": other.name})
            found.append(Join(concept, other, (column.name,), Guess(other.name, min(0.9, score), (why,))))
    return found


def _refers(column: Column, table: Table, concept: str) -> float:
    key = table.by_name[table.key[0]]
    alike = max(table_likeness(table.name, "dept") if concept == "dept" else 0.0, 0.8 * _like_concept(table, concept))
    if alike < 0.4 or (column.sort == "integer") != (key.sort == "integer"):
        return 0.0
    return 0.5 * alike + 0.5 * (overlap(column, key) if column.is_filled else 0.5)


def _like_concept(table: Table, concept: str) -> float:
    return likeness(table.bare, concept)


def _cost(schema: Schema, table: Table, code: Column) -> tuple[Join, Column, float] | None:
    """The original value where it stands in a table of its own, one row an asset."""
    scored = []
    for other in schema.tables:
        if other is table:
            continue
        for by, key in _one_to_one(table, other, code):
            money = assigned([c for c in other if c.name not in key], ("original_value",), 0.5).get("original_value")
            if money is not None:
                why = Why("init_why_found_in", {"column": ", ".join(key), "table": other.name})
                sure = 0.85 if any(f.table == table.name and f.columns == key for f in other.foreign) else 0.7
                scored.append(
                    (money[1] * sure, Join("cost", other, by, Guess(other.name, sure, (why,))), money[0], money[1])
                )
    best_ = max(scored, key=lambda one: one[0], default=None)
    return None if best_ is None else (best_[1], best_[2], best_[3])


def _one_to_one(table: Table, other: Table, code: Column) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Pairs of columns here and a unique key there by which each row has one there."""
    for key in (other.key, *other.unique):
        link = next((f for f in other.foreign if f.table == table.name and set(f.columns) == set(key)), None)
        if link is not None:
            yield tuple(link.to[link.columns.index(c)] for c in key), key
        elif (
            key
            and set(key) <= set(table.by_name)
            and (set(key) == set(table.key) or key == (code.name,))
            and not _is_id(key)
        ):
            yield key, key
        elif (
            len(key) == 1
            and len(table.key) == 1
            and key[0].lower() in (f"{table.bare}_{table.key[0]}".lower(), f"{table.bare}_id".lower())
        ):
            yield table.key, key


def _is_id(key: Sequence[str]) -> bool:
    return len(key) == 1 and key[0].lower() == "id"


def _json(table: Table, known: set[str]) -> dict[str, Within]:
    """Facts that lie in a JSON column."""
    found: dict[str, Within] = {}
    for column in table:
        texts = [v for v in column.values if isinstance(v, str)]
        if column.sort != "json" and not (
            column.sort == "text" and texts and all(t.lstrip()[:1] == "{" for t in texts)
        ):
            continue
        paths: dict[tuple[str, ...], list[object]] = {}
        for number_, value in enumerate(column.values):
            for path, held in _leaves(value):
                paths.setdefault(path, [None] * len(column.values))[number_] = held
        made = {_within("_".join(path), values): path for path, values in paths.items()}
        for concept, (one, score) in assigned(made, ASSET).items():
            if concept not in known and concept not in found:
                found[concept] = Within(column, made[one], one, 0.95 * score)
    return found


def _leaves(text: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values of a JSON document by the names that lead to them, two deep."""
    try:
        said = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return
    for name, value in said.items() if isinstance(said, dict) else ():
        if isinstance(value, dict):
            yield from (((name, inner), held) for inner, held in value.items() if not isinstance(held, dict | list))
        elif not isinstance(value, list):
            yield (name,), value


def _within(name: str, values: Sequence[object]) -> Column:
    """What lies under a name in JSON documents, as a column."""
    texts = [str(value) for value in values if value is not None]
    sort: Sort = "decimal" if all(number(text) is not None for text in texts) else "text"
    if all(re.fullmatch(r"\d{4}-\d\d-\d\d", text) for text in texts):
        sort = "date"
    return Column(name, "json", sort, values=tuple(values))


def _movements(schema: Schema, table: Table) -> Movements | None:
    """The table, or the tables of the years, that tell what happened to assets and what it cost."""
    groups = [_together(same) for same in _years(schema).values()]
    yearly = {t.name for same in _years(schema).values() for t in same}
    found: list[tuple[float, Movements]] = []
    for other in (*(t for t in schema.tables if t.name not in yearly), *groups):
        by = next((f.columns[0] for f in other.foreign if f.table == table.name and len(f.columns) == 1), "")
        if not by and len(table.key) == 1 and table.key[0] in other.by_name and not _is_id(table.key):
            by = table.key[0]
        name = table_likeness(_bare(other), "movement")
        if not by or other.is_unique(by) or name < 0.4 or table_likeness(_bare(other), "depreciation") > name:
            continue
        rest = [c for c in other if c.name not in (by, *other.key)]
        amount, days = assigned(rest, ("amount",)).get("amount"), assigned(rest, ("date", "approved_on"))
        if amount is None:
            continue
        day = next((column for column, _ in days.values()), None)
        match = _YEAR.match(other.name)
        years = tuple(t for t in _years(schema).get(match[1], ()) if t.name != other.name) if match else ()
        why = Why("init_why_columns", {"columns": ", ".join(c.name for c in (amount[0], day) if c is not None)})
        guess = Guess(other.name, min(0.9, 0.4 * name + 0.3 * amount[1] + (0.2 if day else 0.0)), (why,))
        found.append((guess.sure, Movements(other, by, amount[0], day, years, guess)))
    return max(found, key=lambda one: one[0], default=(0.0, None))[1]


# Documents


def _as_document(schema: Schema, table: Table) -> Assets | None:
    """A table of documents with an amount each, or lines that have one, and a state or a day."""
    columns = assigned(table, ("status", "approved_on", "date", "amount", "dept", "supplier", "summary", "vat"))
    name = table_likeness(_bare(table), "document")
    code = _code(table) or (table.by_name[table.key[0]] if len(table.key) == 1 else None)
    lines = _lines(schema, table)
    is_dated = bool({"date", "approved_on", "status"} & columns.keys())
    if name < 0.4 or code is None or not is_dated or (lines is None and "amount" not in columns):
        return None
    parents = [key for key in table.foreign if key.table != table.name and table_likeness(key.table, "document") > 0.4]
    status = status_of(columns.get("status", (None, 0.0))[0], APPROVED)
    score = 0.5 * name + 0.05 * len(columns) + (0.2 if lines else 0.0) - (0.4 if parents else 0.0)
    score += 0.1 if status and status[2] > 0.6 else 0.0
    said = dict(columns)
    if (amount := said.pop("amount", None)) is not None and lines is None:
        said["original_value"] = amount
    if "date" in said:
        said["acquired_on"] = said.pop("date")
    why = Why("init_why_columns", {"columns": ", ".join(c.name for c, _ in list(columns.values())[:5])})
    guess = Guess(table.name, min(0.9, score), (why,))
    return Assets(table, code, said, _joins(schema, table, said), status, guess, is_document=True, lines=lines)


def _lines(schema: Schema, table: Table) -> Lines | None:
    """The table whose rows are the lines of these documents."""
    found: list[Lines] = []
    for other in schema.tables:
        link = next((f for f in other.foreign if f.table == table.name and set(f.to) == set(table.key)), None)
        of = tuple(link.columns[link.to.index(k)] for k in table.key) if link else ()
        if not of and table.key and len(other.key) > len(table.key) and set(table.key) < set(other.key):
            of = table.key
        if not of or other is table:
            continue
        rest = [c for c in other if c.name not in (*of, *other.key)]
        amount = assigned(rest, ("amount",)).get("amount")
        price, count = best(rest, "price", 0.7), best(rest, "quantity", 0.6, ("integer", "decimal", "float"))
        why = Why("init_why_foreign", {"column": ", ".join(of), "table": table.name})
        if price is not None and count is not None and (amount is None or amount[0] is price):
            product = f"round({member('item', count.name)} * {_money(price)}, 2)"
            found.append(Lines(other, of, product, (count, price), _asked(price, Guess(other.name, 0.75, (why,)))))
        elif amount is not None:
            sure = 0.9 if link else 0.75
            guess = _asked(amount[0], Guess(other.name, sure, (why,)))
            found.append(Lines(other, of, _money(amount[0]), (amount[0],), guess))
    return max(found, key=lambda one: one.guess.sure, default=None)


def _money(column: Column) -> str:
    """An amount of a line."""
    return in_money(member("item", column.name), column)


def _asked(amount: Column, guess: Guess) -> Guess:
    """A guess that rests on an amount in cents: wrong either way is a hundredfold."""
    if not in_cents(amount):
        return guess
    return Guess(guess.value, min(guess.sure, 0.5), (Why("init_why_cents", {"name": amount.name}), *guess.why))


# Columns as the mapping declares them


def declared(column: Column, concept: str = "") -> Guess:
    """The type of a column in a mapping, as YAML."""
    why = (Why("init_why_type", {"type": column.type}),)
    if column.type.endswith("[]"):
        return Guess("{array: text}", 0.9, why)
    if column.sort == "integer" and is_day(column) and day_form(column) == "epoch":
        return Guess("epoch_date", 0.7, why)
    if column.sort in ("integer", "text") and is_day(column):
        form = day_form(column)
        kind = "timestamp" if "%H" in form else "date"
        zero = ", zero: null" if any(map(is_no_day, column.counts)) else ""
        return Guess(f'{{{kind}: "{form}"{zero}}}', 0.8, (*why, seen(list(column.counts)[:2])))
    if column.sort in ("date", "timestamp") and any(
        str(v).startswith("0000-00-00") for v in (*column.values, column.default)
    ):
        return Guess(f"{{type: {column.sort}, zero: null}}", 0.9, (*why, seen(["0000-00-00"])))
    plain = {"integer": "integer", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}
    if column.sort in plain:
        return Guess(plain[column.sort], 0.98, why)
    if column.sort in ("decimal", "float") or (
        concept in ("original_value", "accumulated_depreciation", "impairment", "vat", "amount") and is_money(column)
    ):
        digits = max((places_of(n) for v in column.values if (n := number(v)) is not None), default=0)
        is_amount = concept in ("original_value", "accumulated_depreciation", "impairment", "vat", "amount")
        money = concept != "residual_rate" and (column.places == 2 or (is_amount and digits <= 2))
        if is_amount and column.sort == "float":
            return Guess("{decimal: 2}", 0.8, why)
        return Guess("money" if money else "decimal", 0.95 if column.sort == "decimal" else 0.7, why)
    return Guess("text", 0.9, why)
