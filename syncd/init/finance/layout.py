"""The finance layout that is proposed: what the columns of vouchers and entries are given."""

import re
from dataclasses import dataclass, field
from typing import Final

from syncd.init.files.render import Text, identifier
from syncd.init.finance import numbers
from syncd.init.finance.books import Books, derived
from syncd.init.finance.periods import Said, code_of, number_rows, period_code, period_form, periods
from syncd.init.seen.columns import ROWS_MIN, assigned, day_form, filler
from syncd.init.seen.guess import Guess, Why, linked, named, seen
from syncd.init.seen.likeness import best, column_likeness
from syncd.init.seen.schema import Column, Table
from syncd.language import Language

DIMS: Final = ("dept", "workshop", "class", "asset", "supplier", "project")
HEAD: Final = (
    "period", "year", "month", "type", "number", "date", "event_date", "summary", "key",
    "debit_total", "credit_total", "prepared_by", "reviewed_by", "attachments", "document", "contract",
)  # fmt: skip
FIELDS: Final = (
    "asset_code", "name", "class", "dept", "workshop", "acquired_month", "method", "life_months", "residual_rate",
    "original_value", "accumulated_depreciation", "impairment", "origin", "status",
)  # fmt: skip
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
Columns = dict[str, Guess]


HEADING: Final = ("prepared_by", "reviewed_by", "attachments", "document", "contract")
"""What a rule may say of a voucher's header beside."""
UNTYPED: Final = Guess("记", 0.5, ())


@dataclass
class Layout:
    """What is written, and what a mapping needs to know of it: by card field the column of finance that holds it, the
    auxiliaries with the column that holds each, the usual type of a voucher."""

    text: Text
    fields: dict[str, Column] = field(default_factory=dict)
    dims: dict[str, Column] = field(default_factory=dict)
    lookups: dict[str, tuple[Table, str, str]] = field(default_factory=dict)
    looked_up: dict[str, Table] = field(default_factory=dict)
    type: Guess = UNTYPED
    has_card: bool = False
    said: Said = field(default_factory=dict)
    periods: tuple[str, Guess] = ("open", UNTYPED)
    headings: list[str] = field(default_factory=list)
    vouchers: Columns = field(default_factory=dict)
    entries: Columns = field(default_factory=dict)
    cards: Columns = field(default_factory=dict)
    language: Language = "zh"
    """What the books are written in: vouchers' summaries are, too."""


def propose(books: Books) -> Layout:
    """The layout of a finance database whose tables are known."""
    made = Layout(Text())
    head = books.entries.voucher or books.entries.table
    own = [c for c in head if not c.generated and c.sort != "uuid"]
    said = {c: found for c, found in assigned(own, HEAD).items() if not (c == "key" and found[0].name in head.key)}
    if "key" not in said:
        said |= _any_key(head, {column.name for column, _ in said.values()})
    made.said, made.periods, made.type = said, periods(books), _type(books, said)
    made.vouchers = _voucher_columns(books, said, made) if books.entries.voucher is not None else {}
    made.entries = _entry_columns(books, said, made)
    return made


def _any_key(head: Table, taken: set[str]) -> dict[str, tuple[Column, float]]:
    """A column that could hold our key: text, empty by default, and no row has two the same."""
    for column in head:
        may = column.sort == "text" and column.name not in {*taken, *head.key} and not head.refers(column.name)
        is_kept = head.is_unique(column.name) or column_likeness(column, "origin") > 0.55
        if may and is_kept and not column.required and len(column.counts) == sum(column.counts.values()):
            return {"key": (column, 0.5)}
    return {}


def _voucher_columns(books: Books, said: Said, made: Layout) -> Columns:
    head = books.entries.voucher
    assert head is not None
    found = _heading(books, head, said, made)
    links = list(books.entries.links)
    for column in head:
        if column.name in found or column.computed or column.generated:
            continue
        if column.name in links and len(links) == 1:
            own = own_id(column, head, "voucher.key")
            if own is not None:
                found[column.name] = own
            continue
        if (given := _of_day(column, head, said) or _given(column)) is not None:
            found[column.name] = given
    return {c.name: found[c.name] for c in head if c.name in found}


def own_id(column: Column, table: Table, of: str) -> Guess | None:
    """What a key is given that is no number of a voucher; None where finance draws it."""
    values = list(column.counts)
    guid = bool(values) and all(_GUID.fullmatch(value) for value in values)
    if column.sort == "uuid" or guid or column.length in (36, 32):
        bare = (values and "-" not in values[0]) or (not values and column.length == 32)
        code = f"replace(uuid({of}), '-', '')" if bare else f"uuid({of})"
        return Guess(
            code,
            0.95 if guid or column.sort == "uuid" else 0.7,
            (Why("init_why_guid"), *([seen(values[:1])] if values else [])),
        )
    if column.sort in ("text", "other"):
        return Guess(of, 0.5, (Why("init_why_key"),))
    return None


def _heading(books: Books, table: Table, said: Said, made: Layout) -> Columns:
    """What the columns of a voucher's header are given."""
    found: Columns = {}
    for concept, (column, score) in said.items():
        if column.generated or column.computed or column.name not in table.by_name:
            continue
        if (guess := _head(books, concept, column, score, table, said, made)) is not None:
            found[column.name] = guess
    return found


def _head(
    books: Books,
    concept: str,
    column: Column,
    score: float,
    table: Table,
    said: Said,
    made: Layout,
) -> Guess | None:
    if concept == "period":
        return _period_value(books, column, score, table, said, made)
    if concept == "type":
        return _type_value(books, column, score, table, made)
    if concept == "number":
        rows = number_rows(books, said)
        return named("voucher.label" if numbers.pattern(rows) else "voucher.number", score, column.name)
    if concept in ("date", "event_date"):
        form = day_form(column) if column.sort in ("text", "integer") else ""
        return named(_day(f"voucher.{concept}", column, form), score, column.name)
    if concept == "year" and len(column.counts) == 1 and len(next(iter(column.counts))) < 4:
        return None
    plain = {
        "year": "voucher.year" if column.sort != "text" else "voucher.year::text",
        "month": "voucher.month" if column.sort != "text" else "lpad(voucher.month::text, 2, '0')",
        "summary": "voucher.summary",
        "key": "voucher.key",
        "debit_total": "voucher.debit",
        "credit_total": "voucher.credit",
        "prepared_by": "coalesce(voucher.prepared_by, 'syncd')" if column.required else "voucher.prepared_by",
        "attachments": "coalesce(voucher.attachments, 0)" if column.required else "voucher.attachments",
        **{one: f"voucher.{one}" for one in ("reviewed_by", "document", "contract")},
    }
    if concept == "key" and column.length is not None and column.length < 60:
        return None
    if concept in HEADING and table.refers(column.name):
        return None
    if concept in HEADING and f"voucher.{concept}" in plain[concept]:
        made.headings.append(concept)
    return named(plain[concept], score, column.name)


def _day(name: str, column: Column, form: str) -> str:
    hours = {str(value)[10:] for value in column.values if value is not None}
    if column.sort == "timestamp" and "TEXT" in column.type.upper() and len(hours) == 1 and (hour := hours.pop()):
        return f"to_char({name}, 'YYYY-MM-DD') || '{hour}'"
    if not form or form.startswith("%Y-%m-%d"):
        return name
    if form == "epoch":
        return f"extract(epoch FROM {name})"
    pattern = (
        form.replace("%Y", "YYYY")
        .replace("%m", "MM")
        .replace("%d", "DD")
        .replace("年", '"年"')
        .replace("月", '"月"')
        .replace("日", '"日"')
    )
    text = f"to_char({name}, '{pattern}')"
    return f"{text}::integer" if column.sort == "integer" else text


def _period_value(books: Books, column: Column, score: float, table: Table, said: Said, made: Layout) -> Guess:
    link = table.refers(column.name)
    values = list(column.counts)
    if link and books.period is not None and link.table == books.period.name:
        code = period_code(books, books.period)
        if code and code != link.to[0]:
            made.lookups["period_id"] = (books.period, code, link.to[0])
            return linked("period_id(voucher.period)", column.name, link.table)
    sure = score if values or column.sort == "text" else 0.5
    return named(period_form(column, "year" in said), sure, column.name, *([seen(values[:2])] if values else []))


def _type_value(books: Books, column: Column, score: float, table: Table, made: Layout) -> Guess:
    link = table.refers(column.name)
    other = books.schema.table(link.table) if link else None
    if other is not None and link is not None:
        code = code_of(other, link.to[0])
        if code is not None and code.name != link.to[0]:
            made.lookups["voucher_type"] = (other, code.name, link.to[0])
            return linked("voucher_type(voucher.type)", column.name, other.name)
    values = list(column.counts)
    if column.sort == "integer":
        return Guess("voucher.type::integer", 0.6, (Why("init_why_name", {"name": column.name}),))
    return named("voucher.type", score, column.name, *([seen(values[:3])] if values else []))


def _type(books: Books, said: Said) -> Guess:
    """What type our vouchers are of."""
    if "type" not in said:
        return Guess("记", 0.9, (Why("init_why_no_type"),))
    column = said["type"][0]
    head = books.entries.voucher or books.entries.table
    link = head.refers(column.name)
    other = books.schema.table(link.table) if link else None
    usual, share = column.usual
    if other is not None and link is not None:
        code = code_of(other, link.to[0])
        rows = [other.row(n) for n in range(other.rows)]
        if code is not None and rows:
            found = next((row for row in rows if usual and str(row[link.to[0]]) == usual), rows[-1])
            return Guess(
                str(found[code.name]), 0.7 if usual else 0.4, (seen([str(row[code.name]) for row in rows[:4]]),)
            )
    if usual:
        return Guess(usual, 0.4 + 0.5 * share, (Why("init_why_most", {"share": f"{share:.0%}"}),))
    return Guess("记", 0.5, (Why("init_why_usual"),))


def _entry_columns(books: Books, said: Said, made: Layout) -> Columns:
    e = books.entries
    table = e.table
    found: Columns = {}
    if e.voucher is None:
        own = {e.account, *e.amounts.values()}
        heads = {c: f for c, f in said.items() if f[0].name not in own and c not in ("debit_total", "credit_total")}
        found |= _heading(books, table, heads, made)
    found |= {column: _link(books, to, column, said, made) for to, column in e.links.items()}
    found[e.account] = _account(books)
    found |= _amounts(books)
    rest = [c for c in table if c.name not in found and not c.computed and not c.generated]
    within = [c for c in rest if c.name in table.key and c.sort == "integer"]
    if e.voucher is not None and len(within) == 1 and len(table.key) > 1:  # what tells the entries of a voucher apart
        found[within[0].name] = Guess("entry.line", 0.9, (Why("init_why_key"),))
        rest.remove(within[0])
    concepts = [one for one in ("line", "summary", *DIMS) if one != "line" or not within]
    for concept, (column, score) in assigned(rest, concepts, 0.5).items():
        if concept in ("line", "summary"):
            found[column.name] = named(f"entry.{concept}", score, column.name)
        elif column.sort not in ("boolean", "date", "timestamp", "decimal", "float"):
            found[column.name] = _dim(books, concept, column, score, made)
    for column in rest:
        if column.name not in found and (given := _of_rest(books, column)) is not None:
            found[column.name] = given
    return {c.name: found[c.name] for c in table if c.name in found}


def _of_rest(books: Books, column: Column) -> Guess | None:
    """What a column of entries is given of which its name says nothing."""
    table = books.entries.table
    if table.key == (column.name,):
        is_ours = column.required or column.sort == "uuid"
        return own_id(column, table, "voucher.key, entry.line::text") if is_ours else None
    if column.sort in ("date", "timestamp") and column.required:
        return Guess("voucher.date", 0.6, (Why("init_why_name", {"name": column.name}),))
    return derived(books.entries, column) or _given(column)


def _link(books: Books, to: str, own: str, said: Said, made: Layout) -> Guess:
    """What an entry calls its voucher by."""
    head = books.entries.voucher
    assert head is not None
    column = head.by_name[to]
    why = Why("init_why_foreign", {"column": own, "table": head.name})
    for concept, (found, score) in said.items():
        if found.name == to and not column.generated:
            guess = _head(books, concept, found, score, head, said, made)
            if guess is not None and concept in ("period", "year", "month", "type", "number", "key"):
                return Guess(guess.value, max(guess.sure, 0.9), (why,))
    if column.generated or (column.sort in ("integer",) and len(books.entries.links) == 1):
        return Guess("voucher.id", 0.97 if column.generated or head.sequences else 0.5, (why,))
    given = own_id(column, head, "voucher.key")
    return Guess(given.value, given.sure, (why,)) if given is not None else Guess("voucher.key", 0.4, (why,))


def _account(books: Books) -> Guess:
    chart = books.chart
    if chart.ident == chart.code:
        return Guess("entry.account", chart.guess.sure, chart.guess.why)
    return Guess("account_id(entry.account)", chart.guess.sure, chart.guess.why)


def _amounts(books: Books) -> Columns:
    e, why = books.entries, books.entries.guess.why
    sure = max(0.7, e.guess.sure)
    if e.form == "sides":
        given = {"debit": "entry.debit", "credit": "entry.credit"}
    elif e.form == "signed":
        given = {"amount": "entry.debit - entry.credit"}
    elif e.form == "fraction":
        usual = e.table.by_name[e.amounts["denominator"]].usual[0]
        scale = usual if usual.isdigit() and int(usual) in (1, 10, 100, 1000, 10000) else "100"
        given = {"numerator": f"((entry.debit - entry.credit) * {scale})::integer", "denominator": scale}
    else:
        column = e.table.by_name[e.amounts["direction"]]
        quote = "'{}'" if column.sort == "text" else "{}"
        debit, credit = (quote.format(side.replace("'", "''")) for side in e.debit)
        given = {
            "amount": "entry.debit + entry.credit",
            "direction": f"CASE WHEN entry.debit <> 0 THEN {debit} ELSE {credit} END",
        }
    return {e.amounts[name]: Guess(code, sure, why) for name, code in given.items()}


def _dim(books: Books, concept: str, column: Column, score: float, made: Layout) -> Guess:
    """An auxiliary: as it is, or found by its code where finance keeps an id."""
    link = books.entries.table.refers(column.name)
    other = books.schema.table(link.table) if link else None
    made.dims[concept] = column
    if other is not None and link is not None:
        code = best([c for c in other if c.name != link.to[0]], "code", among=("text",))
        if code is not None and code.name != link.to[0]:
            name = lookup(made, other, code.name, link.to[0])
            made.looked_up[f"entry.{concept}"] = other
            return linked(f"{name}(entry.{concept})", column.name, other.name)
    value = f"entry.{concept}" if column.sort in ("text", "uuid", "other") else f"entry.{concept}::integer"
    return named(value, score, column.name)


def lookup(made: Layout, other: Table, code: str, gives: str) -> str:
    """The name of the lookup that finds a table's own ids by their codes."""
    for name, known in made.lookups.items():
        if known == (other, code, gives):
            return name
    name = identifier(f"{other.bare}_id", made.lookups)
    made.lookups[name] = (other, code, gives)
    return name


def _of_day(column: Column, table: Table, said: Said) -> Guess | None:
    """The year or the month of the voucher's day, where every row holds it, whatever the column is called: next year it
    is another."""
    day = said["date"][0].name if "date" in said else ""
    if column.sort != "integer" or day not in table.by_name or not table.rows:
        return None
    days = [re.sub(r"\D", "", str(table.row(n)[day])) for n in range(table.rows)]
    held = [str(table.row(n)[column.name]) for n in range(table.rows)]
    why = (Why("init_why_day", {"column": day}), seen(list(column.counts)[:3]))
    if held == [text[:4] for text in days]:
        return Guess("voucher.year", 0.85, why)
    if len(set(held)) > 1 and held == [text[4:6].lstrip("0") for text in days]:
        return Guess("voucher.month", 0.7 if table.rows < ROWS_MIN else 0.85, why)
    return None


def _given(column: Column) -> Guess | None:
    """What a column is given of which only its type and its values tell."""
    if column_likeness(column, "created") > 0.6 and column.sort in ("date", "timestamp"):
        return Guess("voucher.date", 0.6, (Why("init_why_name", {"name": column.name}),)) if column.required else None
    return filler(column, "voucher.date")
