"""Where finance keeps its periods and its numbers, as SQL of its own database."""

import re
from collections.abc import Mapping, Sequence

from syncd.dialects import SPELLINGS
from syncd.init.files.render import Text, block
from syncd.init.finance import month_sql, numbers
from syncd.init.finance.books import Books
from syncd.init.seen.columns import assigned, is_day
from syncd.init.seen.guess import Guess, Why, named, seen
from syncd.init.seen.likeness import best, column_likeness, likeness, told
from syncd.init.seen.schema import Column, Schema, Table
from syncd.init.seen.vocabulary import OPEN

Said = Mapping[str, tuple[Column, float]]
"""Concept → the column of a voucher's header that is it, and how likely that is."""


def period_code(books: Books, table: Table) -> str:
    """SQL for a period's code, as 2026-02; empty where nothing tells it."""
    dialect = books.schema.dialect
    found = assigned(table, ("year", "month", "period", "code"), 0.5)
    coded = [found[concept][0] for concept in ("code", "period") if concept in found]
    for column in (*coded, *table):
        if column.is_filled and all(re.fullmatch(r"\d{4}-\d\d", value) for value in column.counts):
            return sql_name(column.name, books.schema)
    for column in table:
        if column.is_filled and all(re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])", value) for value in column.counts):
            return month_sql.of_digits(dialect, column.name)
    month = found.get("month") or found.get("period")
    if "year" in found and month is not None:
        return month_sql.of_parts(dialect, found["year"][0].name, month[0].name)
    plain = [column for column in coded if column.sort == "text" and not column.is_filled]
    return sql_name(plain[0].name, books.schema) if plain else ""


_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS = frozenset(("order", "group", "key", "user", "open", "close", "first", "last", "value", "values", "name"))


def sql_name(name: str, schema: Schema) -> str:
    """A column in the SQL of its database, quoted where it must be."""
    folds = schema.dialect != "postgres" and re.fullmatch(r"[^\W\d]\w*", name)
    if name == "name" or ((_PLAIN.fullmatch(name) or folds) and name.lower() not in _WORDS):
        return name
    return SPELLINGS[schema.dialect].quoted(name)


def periods(books: Books) -> tuple[str, Guess]:
    """What the layout says of periods, in a line."""
    table, dialect = books.period, books.schema.dialect
    code = period_code(books, table) if table is not None else ""
    if table is not None and code:
        is_open, how = _open(books, table)
        days = {c: f for c, (f, _) in assigned(table, ("first", "last")).items()}
        if len(days) == 2:
            first, last = (sql_name(days[one].name, books.schema) for one in ("first", "last"))
            pairs = [("table", table.name), ("code", code), ("first", first), ("last", last), ("open", is_open)]
            why = Why("init_why_columns", {"columns": ", ".join(column.name for column in days.values())})
            return block(pairs), Guess("", how.sure, (*how.why, why))
        first = month_sql.first_day(dialect, code)
        asked = f"SELECT {code}, {first}, {month_sql.last_day(dialect, first)}, {is_open}"
        query = f"{asked} FROM {spelt(table.name, books.schema)}"
        return block([("query", query)]), Guess("", min(how.sure, 0.8), how.why)
    found = _closed_until(books)
    if found is not None:
        return block([("closed_until", found[0])]), found[1]
    return "open", Guess("", 0.55, (Why("init_why_no_periods"),))


def _closed_until(books: Books) -> tuple[str, Guess] | None:
    """The day up to which the books are closed: a column of its own, or a setting by its name."""
    quoted = SPELLINGS[books.schema.dialect].quoted
    for other in books.schema.tables:
        if other in (books.entries.voucher, books.entries.table) or other.rows > 100:
            continue
        column = best([c for c in other if c.sort in ("date", "text", "timestamp") and is_day(c)], "closed_until", 0.6)
        if column is not None:
            sql = f"SELECT max({sql_name(column.name, books.schema)}) FROM {spelt(other.name, books.schema)}"
            return sql, named("", column_likeness(column, "closed_until"), f"{other.name}.{column.name}")
        texts = [c for c in other if c.sort == "text"]
        for name in texts:
            for held in texts:
                for n in range(other.rows):
                    said, value = str(name.values[n]), str(held.values[n])
                    if likeness(said, "closed_until") > 0.7 and re.fullmatch(r"\d{4}-\d\d-\d\d.*", value):
                        day = (
                            f"CAST({quoted(held.name)} AS DATE)"
                            if books.schema.dialect != "sqlite"
                            else quoted(held.name)
                        )
                        where = f"{quoted(name.name)} = '{said}'"
                        sql = f"SELECT {day} FROM {spelt(other.name, books.schema)} WHERE {where}"
                        return sql, named("", 0.85, said, seen([value]))
    return None


def spelt(table: str, schema: Schema) -> str:
    """A table in the SQL of its database."""
    return ".".join(sql_name(part, schema) for part in table.split("."))


def _open(books: Books, table: Table) -> tuple[str, Guess]:
    """The condition under which vouchers may be entered into a period."""
    closed, state = best(table, "closed", 0.6), best(table, "open", 0.5)
    if closed is not None and (state is None or column_likeness(closed, "closed") > column_likeness(state, "open")):
        name = sql_name(closed.name, books.schema)
        if closed.sort in ("date", "timestamp"):
            return f"{name} IS NULL", named("", 0.75, closed.name)
        if closed.sort == "boolean":
            return (f"NOT {name}" if books.schema.dialect == "postgres" else f"{name} = 0"), named("", 0.9, closed.name)
        no = [v for v in closed.counts if v.lower() in ("0", "n", "no", "false", "否", "f", "")]
        value = no[0] if no else "0"
        return (f"{name} = {value}" if closed.sort == "integer" else f"{name} = '{value}'"), named(
            "", 0.85 if no else 0.6, closed.name, seen(list(closed.counts))
        )
    if state is not None:
        name = sql_name(state.name, books.schema)
        if state.sort == "boolean":
            return (name if books.schema.dialect == "postgres" else f"{name} = 1"), named("", 0.9, state.name)
        values = sorted(state.counts, key=lambda v: (-told(v, OPEN), v))
        value = values[0] if values else ("1" if state.sort == "integer" else "open")
        if state.sort == "integer" and values and "1" in values and column_likeness(state, "closed") < 0.5:
            value = "1"
        sure = 0.9 if values and told(value, OPEN) > 0.6 else 0.5
        quoted = value if state.sort == "integer" else "'" + value.replace("'", "''") + "'"
        return f"{name} = {quoted}", Guess(
            "", sure, (Why("init_why_name", {"name": state.name}), *([seen(values)] if values else []))
        )
    return "1 = 1", Guess("", 0.3, (Why("init_why_required"),))


def number_rows(books: Books, said: Said) -> Sequence[numbers.Row]:
    """The vouchers of the sample, as far as their numbers go."""
    head = books.entries.voucher or books.entries.table
    if "number" not in said or head.refers(said["number"][0].name):
        return ()
    rows: dict[numbers.Row, None] = {}
    for n in range(head.rows):
        row = head.row(n)
        texts = {concept: str(row[column.name] or "") for concept, (column, _) in said.items()}
        digits, period = re.sub(r"\D", "", texts.get("date", ""))[:8], texts.get("period", "")
        year, month = texts.get("year") or digits[:4], texts.get("month") or digits[4:6]
        if re.fullmatch(r"\d{4}-?\d\d", period):
            year, month = period[:4], period[-2:]
        elif re.fullmatch(r"\d{1,2}", period) and "month" not in said:
            month = period
        rows[numbers.Row(year, f"{year}-{month.zfill(2)}", texts.get("type", ""), texts["number"])] = None
    return list(rows)


def numbering(books: Books, said: Said, text: Text) -> None:
    """What the layout says of numbers."""
    head = books.entries.voucher or books.entries.table
    if "number" not in said:
        text.add("numbering: none", Guess("", 0.6, (Why("init_why_no_number"),)), "numbering")
        return
    rows = number_rows(books, said)
    made = numbers.pattern(rows)
    by = numbers.series(rows, made, head, {c: column.name for c, (column, _) in said.items()})
    pairs = [("table", head.name), ("number", sql_name(said["number"][0].name, books.schema))]
    for field_ in [one for one in by.value.split(",") if one]:
        pairs.append((field_, _series_sql(books, field_, said)))
    if made:
        pairs.append(("pattern", made))
    where = next((c for columns, c in head.partial if said["number"][0].name in columns), "")
    if where:
        pairs.append(("where", re.sub(r"::\w+(?: varying)?", "", where).removeprefix("(").removesuffix(")")))
    text.add(f"numbering: {block(pairs)}", by, "numbering")


def _series_sql(books: Books, one: str, said: Said) -> str:
    """SQL for what tells a series."""
    dialect = books.schema.dialect
    if one == "type":
        return _looked_up(books, said["type"][0], "type") or sql_name(said["type"][0].name, books.schema)
    period = said["period"][0] if "period" in said else None
    if one == "period" and period is not None:
        if looked_up := _looked_up(books, period, "period"):
            return looked_up
        form = period_form(period, "year" in said)
        if form == "voucher.period":
            return sql_name(period.name, books.schema)
        if form.startswith(("voucher.year * 100", "replace")):
            return month_sql.of_digits(dialect, period.name)
    year, month = said.get("year"), said.get("month") or said.get("period")
    if one == "period" and year is not None and month is not None:
        return month_sql.of_parts(dialect, year[0].name, month[0].name)
    if one == "year" and year is not None:
        return sql_name(year[0].name, books.schema)
    return month_sql.of_day(dialect, said["date"][0].name, 4 if one == "year" else 7) if "date" in said else "NULL"


def _looked_up(books: Books, column: Column, one: str) -> str:
    """SQL for the code of what a voucher names by an id; empty where it is no id."""
    head, quoted = books.entries.voucher or books.entries.table, SPELLINGS[books.schema.dialect].quoted
    link = head.refers(column.name)
    other = books.schema.table(link.table) if link else None
    if link is None or other is None:
        return ""
    if one == "period":
        code = period_code(books, other)
    else:
        found = code_of(other, link.to[0])
        code = "" if found is None else quoted(found.name)
    if not code or code == sql_name(link.to[0], books.schema):
        return ""
    here = f"{spelt(head.name, books.schema)}.{quoted(column.name)}"
    return f"(SELECT {code} FROM {spelt(other.name, books.schema)} WHERE {quoted(link.to[0])} = {here})"


def code_of(table: Table, ident: str) -> Column | None:
    """What people call a row by whose id others hold."""
    texts = [column for column in table if column.name != ident and column.sort == "text"]
    return best(texts, "code") or best(texts, "name")


def period_form(column: Column, has_year: bool) -> str:
    """What a column of periods is given: the code, a number 202602, the month alone."""
    values = list(column.counts)
    first = values[0] if values else ""
    if column.sort == "text":
        if re.fullmatch(r"\d{6}", first):
            return "replace(voucher.period, '-', '')"
        if re.fullmatch(r"\d{1,2}", first):
            return "lpad(voucher.month::text, 2, '0')" if len(first) == 2 else "voucher.month::text"
        return "voucher.period"
    is_month = int(first) <= 12 if first.isdigit() else has_year
    return "voucher.month" if is_month else "voucher.year * 100 + voucher.month"
