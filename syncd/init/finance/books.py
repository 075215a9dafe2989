"""Which tables of a finance database are what: the accounts, the vouchers, their entries, the cards, the periods."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from syncd.init.seen.columns import assigned, is_day, literal
from syncd.init.seen.guess import Guess, Why, seen
from syncd.init.seen.likeness import (
    best,
    column_likeness,
    is_account_code,
    is_money,
    number,
    overlap,
    table_likeness,
    told,
)
from syncd.init.seen.schema import Column, Schema, Table
from syncd.init.seen.vocabulary import ACCOUNTS, DEBIT

Form = Literal["sides", "signed", "direction", "fraction"]
VOUCHERS_SEEN_MAX = 60


class Chart(NamedTuple):
    """The table of accounts. `ident` is what entries call an account by, `code` what people do."""

    table: Table
    code: str
    ident: str
    name: str | None
    where: str
    guess: Guess


class Entries(NamedTuple):
    """The table of entries, and how it holds amounts: two sides, one amount with a sign or a direction, a fraction.
    `debit` is what the direction says on the debit side. `voucher` is the table of headers, None where entries repeat
    them; `links` says by which columns, those of the header by those of the entry."""

    table: Table
    form: Form
    amounts: Mapping[str, str]
    account: str
    voucher: Table | None
    links: Mapping[str, str]
    guess: Guess
    debit: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Books:
    """Finance as far as its roles are known."""

    schema: Schema
    chart: Chart
    entries: Entries
    card: Table | None
    card_guess: Guess | None
    period: Table | None


def find(schema: Schema, wanted: str = "") -> Books | None:
    """None where no table looks like entries of vouchers; `wanted` is the one that a person names."""
    entries = _entries(schema, wanted)
    if entries is None:
        return None
    chart = _chart(schema, entries)
    if chart is None:
        return None
    taken = {entries.table.name, chart.table.name, *([entries.voucher.name] if entries.voucher else [])}
    card = _card(schema, taken)
    period = _period(schema, entries, taken)
    return Books(schema, chart, entries, card[0] if card else None, card[1] if card else None, period)


# Accounts


def _account_likeness(table: Table) -> float:
    """How much a table looks like a chart of accounts, by what its codes are."""
    code = _code_column(table)
    if code is None or best(table, "name") is None:
        return 0.0
    codes = list(code.counts)
    alike = sum(map(is_account_code, codes)) / len(codes) if codes else 0.0
    usual = {one for codes_, _ in ACCOUNTS.values() for one in codes_.split()}
    hits = min(1.0, len(usual & {text.replace(".", "").replace("-", "") for text in codes}) / 2)
    said = table_likeness(table.name, "account")
    referred = 0.25 if table.unique or table.key else 0.0
    return 0.45 * said + 0.2 * alike + 0.3 * hits + 0.1 * referred if said > 0.5 or (alike > 0.8 and hits) else 0.0


def _code_column(table: Table) -> Column | None:
    texts = [c for c in table if c.sort in ("text", "integer") and not c.generated]
    likely = sorted(texts, key=lambda c: (-_codes(c), -column_likeness(c, "code"), -column_likeness(c, "account")))
    return (
        likely[0]
        if likely and (_codes(likely[0]) > 0.7 or column_likeness(likely[0], "code") > 0.55)
        else best(texts, "account")
    )


def _codes(column: Column) -> float:
    return sum(map(is_account_code, column.counts)) / len(column.counts) if column.counts else 0.0


def _chart(schema: Schema, entries: Entries) -> Chart | None:
    link = entries.table.refers(entries.account)
    column = entries.table.by_name[entries.account]
    found = schema.table(link.table) if link else None
    if found is None:
        scored = [
            (_account_likeness(t) + 0.4 * max((overlap(column, c) for c in t), default=0.0), t) for t in schema.tables
        ]
        score, found = max(scored, key=lambda one: one[0], default=(0.0, None))
        if found is None or score < 0.5:
            return None
    code = _code_column(found)
    if code is None:
        return None
    ident = link.to[0] if link else code.name
    if not link and column.is_filled and overlap(column, code) < 0.5:
        fitting = [c for c in found if found.is_unique(c.name) and overlap(column, c) > 0.8]
        ident = fitting[0].name if fitting else ident
    name = best(found, "name")
    where = _postable(found)
    sure = 0.97 if link else 0.75 if overlap(column, found.by_name[ident]) > 0.5 else 0.6
    why = (
        Why("init_why_foreign", {"column": entries.account, "table": found.name})
        if link
        else seen(list(code.counts)[:4])
    )
    return Chart(
        found,
        code.name,
        ident,
        name.name if name and name is not code else None,
        where,
        Guess(found.name, sure, (why,)),
    )


def _postable(chart: Table) -> str:
    """A condition on accounts that may be posted to, where a column of two values looks as if it said so."""
    for column in chart:
        score = column_likeness(column, "leaf")
        if score < 0.55 or len(column.counts) > 2 or column.sort not in ("boolean", "integer", "text"):
            continue
        negative = any(word in column.name.lower() for word in ("placeholder", "group", "parent"))
        if column.sort == "boolean" and not negative:
            return column.name
        yes = [text for text in column.counts if text.lower() in ("1", "true", "y", "yes", "是", "t")]
        if yes and not negative:
            return f"{column.name} = {yes[0]}" if column.sort == "integer" else f"{column.name} = '{yes[0]}'"
        if negative:
            return f"NOT {column.name}" if column.sort == "boolean" else f"{column.name} = 0"
    return ""


# Entries


def _entries(schema: Schema, wanted: str) -> Entries | None:
    charts = {t.name: score for t in schema.tables if (score := _account_likeness(t)) > 0.4}
    looked = [t for t in schema.tables if (t.name == wanted if wanted else t.name not in charts or len(charts) > 1)]
    found = [made for table in looked for made in _as_entries(schema, table, charts)]
    return max(found, key=lambda one: one.guess.sure, default=None)


def _as_entries(schema: Schema, table: Table, charts: Mapping[str, float]) -> Iterator[Entries]:
    account, by_account = _account_of(schema, table, charts)
    if account is None:
        return
    for form, amounts in _forms(table):
        if account.name in amounts.values():
            continue
        voucher, links = _header(schema, table, charts)
        if voucher is None and not any(is_day(c) for c in table):
            continue
        score = 0.2 + by_account + (0.15 if voucher is not None else 0.0)
        score += (
            0.2 * table_likeness(table.name, "entry")
            + {"sides": 0.1, "direction": 0.08, "fraction": 0.08, "signed": 0.0}[form]
        )
        why = [Why("init_why_amounts", {"columns": ", ".join(amounts.values())})]
        debit = _debit(table, amounts) if form == "direction" else ("", "")
        balanced, seen_ = _balanced(table, form, amounts, links, debit)
        if seen_:
            score += 0.3 if balanced == seen_ else -0.4
            if balanced == seen_:
                why.append(Why("init_why_balance", {"count": seen_}))
        if not best(table, "line", 0.55, ("integer",)) and voucher is None:
            score -= 0.15
        yield Entries(
            table, form, amounts, account.name, voucher, links, Guess(table.name, min(0.98, score), tuple(why)), debit
        )


def _account_of(schema: Schema, table: Table, charts: Mapping[str, float]) -> tuple[Column | None, float]:
    """The column that names the account, and how much that says."""
    scored = []
    for column in table:
        link = table.refers(column.name)
        score = 0.3 if link and link.table in charts else 0.0
        if link and link.table not in charts:
            continue
        if not link:
            score += 0.25 * max(
                (
                    overlap(column, c)
                    for name in charts
                    if (t := schema.table(name)) and name != table.name
                    for c in t
                    if t.is_unique(c.name)
                ),
                default=0.0,
            )
            score = score if column_likeness(column, "account") > 0.5 or (score > 0.2 and _codes(column) > 0.9) else 0.0
        score += 0.2 * column_likeness(column, "account")
        scored.append((score, column))
    score, found = max(scored, key=lambda one: one[0], default=(0.0, None))
    return (found, score) if score > 0.12 else (None, 0.0)


def _forms(table: Table) -> Iterator[tuple[Form, dict[str, str]]]:
    """The ways in which the table may hold amounts."""
    sides = {c: x.name for c, (x, _) in assigned(table, ("debit", "credit")).items()}
    if len(sides) == 2:
        yield "sides", sides
        return
    fraction = {c: x.name for c, (x, _) in assigned(table, ("numerator", "denominator"), 0.7).items()}
    if len(fraction) == 2:
        yield "fraction", fraction
        return
    amount = best(
        [c for c in table if c.sort in ("decimal", "float", "integer") and is_money(c) and c.name not in table.key],
        "amount",
    )
    if amount is None:
        return
    direction = best([c for c in table if len(c.counts) <= 3 and c is not amount], "direction")
    if direction is not None:
        yield "direction", {"amount": amount.name, "direction": direction.name}
    else:
        yield "signed", {"amount": amount.name}


def _debit(table: Table, amounts: Mapping[str, str]) -> tuple[str, str]:
    """What a direction says on the debit and on the credit side."""
    values = list(table.by_name[amounts["direction"]].counts)
    if len(values) < 2:
        known = "借" if values == ["贷"] or not values else values[0]
        return known, {"借": "贷", "D": "C", "d": "c", "1": "-1", "DR": "CR", "S": "H"}.get(known, "C")
    debit = max(values, key=lambda value: told(value, DEBIT))
    return debit, next(value for value in values if value != debit)


def _balanced(
    table: Table, form: Form, amounts: Mapping[str, str], links: Mapping[str, str], debit: tuple[str, str]
) -> tuple[int, int]:
    """How many vouchers of the sample balance, and how many there are. The sample may cut one at its end."""
    by = list(links.values())
    if not by:
        return 0, 0
    totals: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for n in range(table.rows):
        row = table.row(n)
        totals[tuple(row[column] for column in by)] += signed(row, form, amounts, debit)
    whole = (
        list(totals.values())[:VOUCHERS_SEEN_MAX]
        if len(totals) < 3 or table.rows < 300
        else list(totals.values())[1:-1]
    )
    return sum(1 for total in whole if abs(total) < Decimal("0.005")), len(whole)


def signed(row: Mapping[str, object], form: Form, amounts: Mapping[str, str], debit: tuple[str, str]) -> Decimal:
    """An entry's amount, debit less credit."""
    said = {name: number(row[column]) or Decimal(0) for name, column in amounts.items() if name != "direction"}
    if form == "sides":
        return said["debit"] - said["credit"]
    if form == "fraction":
        return said["numerator"] / (said["denominator"] or Decimal(1))
    if form == "direction":
        return said["amount"] if str(row[amounts["direction"]]) == debit[0] else -said["amount"]
    return said["amount"]


def derived(entries: Entries, column: Column) -> Guess | None:
    """What a column says of the amount beside those that hold it: the amount without its sign or with it, one side, a
    word for the side. None where the sample does not show it."""
    table = entries.table
    rows = [table.row(n) for n in range(table.rows)]
    amounts = [signed(row, entries.form, entries.amounts, entries.debit) for row in rows]
    if not any(a > 0 for a in amounts) or not any(a < 0 for a in amounts):
        return None
    why = (Why("init_why_follows", {"count": len(rows)}),)
    held = [number(value) for value in column.values]
    zero = Decimal(0)
    for given, wanted in (
        ("entry.debit + entry.credit", [abs(a) for a in amounts]),
        ("entry.debit - entry.credit", amounts),
        ("entry.debit", [max(a, zero) for a in amounts]),
        ("entry.credit", [max(-a, zero) for a in amounts]),
    ):
        if held == wanted:
            return Guess(given, 0.85, why)
    sides = {(a > 0, str(value)) for a, value in zip(amounts, column.values, strict=True) if a}
    if len(sides) == 2 and len({value for _, value in sides}) == 2:
        by = dict(sides)
        debit, credit = (literal(column, by[side]) for side in (True, False))
        return Guess(f"CASE WHEN entry.debit <> 0 THEN {debit} ELSE {credit} END", 0.8, why)
    return None


def _header(schema: Schema, table: Table, charts: Mapping[str, float]) -> tuple[Table | None, dict[str, str]]:
    """The table of an entry's header: what it refers to that has a day, and no accounts."""
    scored: list[tuple[float, Table, dict[str, str]]] = []
    for key in table.foreign:
        other = schema.table(key.table)
        if other is None or other.name in charts or other is table or not any(is_day(c) for c in other):
            continue
        scored.append((1.0 + table_likeness(other.name, "voucher"), other, dict(zip(key.to, key.columns, strict=True))))
    for other in schema.tables if not scored else ():
        if other is table or other.name in charts or not other.key or not any(is_day(c) for c in other):
            continue
        links = _same(table, other)
        if links:
            shared = _found(table, other, links)
            if shared > 0.5 or not table.rows:
                scored.append((0.5 * table_likeness(other.name, "voucher") + 0.5 * shared, other, links))
    _, voucher, links = max(scored, key=lambda one: one[0], default=(0.0, None, {}))
    return voucher, links


def _same(table: Table, other: Table) -> dict[str, str]:
    """The columns of an entry that hold the other table's key, by name."""
    if all(name in table.by_name for name in other.key) and (
        len(other.key) > 1 or other.key[0].lower() not in ("id", "guid")
    ):
        return {name: name for name in other.key}
    if len(other.key) == 1:
        (key,) = other.key
        ends = {f"{other.bare}_{key}", f"{other.bare}{key}", f"{other.bare}_id", f"{other.bare}id"}
        wanted = {end.lower() for end in ends}
        for column in table:
            plain = column.name.lower()
            if plain in wanted or (
                plain.endswith(("id", "guid", "no"))
                and column.is_filled
                and column.name not in table.key[1:]
                and overlap(column, other.by_name[key]) > 0.9
                and not column.generated
                and len(column.counts) > 1
                and plain != "id"
            ):
                return {key: column.name}
    return {}


def _found(table: Table, other: Table, links: Mapping[str, str]) -> float:
    mine = {tuple(str(table.row(n)[c]) for c in links.values()) for n in range(table.rows)}
    theirs = {tuple(str(other.row(n)[c]) for c in links) for n in range(other.rows)}
    return len(mine & theirs) / len(mine) if mine else 0.0


# Cards and periods

CARD = ("asset", "name", "original_value", "accumulated_depreciation", "class", "dept", "life_months", "status")


def _card(schema: Schema, taken: set[str]) -> tuple[Table, Guess] | None:
    """The table of cards: something with a code, a name and an original value."""
    scored = []
    for table in schema.tables:
        if table.name in taken:
            continue
        said = assigned(table, CARD)
        name = table_likeness(table.name, "card")
        if "original_value" not in said or not ("asset" in said or best(table, "code")) or name < 0.4:
            continue
        share = sum(1 for concept in CARD if concept in said) / len(CARD)
        scored.append((0.5 * name + 0.5 * share, table, [column.name for column, _ in said.values()]))
    if not scored:
        return None
    score, table, names = max(scored, key=lambda one: one[0])
    return table, Guess(
        table.name, min(0.95, score + 0.2), (Why("init_why_columns", {"columns": ", ".join(names[:5])}),)
    )


def _period(schema: Schema, entries: Entries, taken: set[str]) -> Table | None:
    """The table of periods: what vouchers refer to, or what is called so and has a state."""
    heads = [entries.voucher or entries.table, entries.table]
    linked = [schema.table(key.table) for head in heads for key in head.foreign]
    scored: list[tuple[float, Table]] = []
    for table in schema.tables:
        name = table_likeness(table.name, "period")
        if table.name in taken or name < 0.5:
            continue
        days = assigned(table, ("first", "last"))
        tells = (
            bool(days)
            or ((best(table, "year") is not None and best(table, "period", 0.5)) or best(table, "month")) is not None
        )
        states = best(table, "closed") or best(table, "open")
        if tells and (states or days):
            scored.append((name + (0.5 if table in linked else 0.0) + 0.1 * len(days), table))
    return max(scored, key=lambda one: one[0], default=(0.0, None))[1]


def usual_accounts(books: Books, role: str) -> Sequence[tuple[str, float]]:
    """Postable accounts that may play a role, as codes, the likeliest first."""
    chart = books.chart
    codes, names = ACCOUNTS[role]
    may = _may_post(chart)
    scored = []
    for n in range(chart.table.rows):
        row = chart.table.row(n)
        code, name = str(row[chart.code]), str(row[chart.name]) if chart.name else ""
        if not may(row):
            continue
        plain = code.replace(".", "").replace("-", "")
        by_code = max((1.0 - 0.05 * i for i, one in enumerate(codes.split()) if plain == one), default=0.0)
        if not by_code:
            by_code = max(
                (
                    0.7 - 0.05 * i
                    for i, one in enumerate(codes.split())
                    if plain.startswith(one) and len(plain) > len(one)
                ),
                default=0.0,
            )
        by_name = _names(name.lower(), names)
        score = 0.5 * by_code + 0.5 * by_name
        if by_name or by_code > 0.6:
            scored.append((score, code))
    return [(code, score) for score, code in sorted(scored, key=lambda one: (-one[0], len(one[1])))]


def _names(name: str, known: str) -> float:
    return max((1.0 - 0.05 * i for i, one in enumerate(known.split()) if len(one) > 2 and one in name), default=0.0)


def _may_post(chart: Chart) -> Callable[[Mapping[str, object]], bool]:
    """Whether a row of the chart may be posted to."""

    def every(row: Mapping[str, object]) -> bool:
        return True

    if not chart.where:
        return every
    column, _, value = chart.where.removeprefix("NOT ").partition(" = ")
    wanted = "false" if chart.where.startswith("NOT ") else value.strip("'") or "true"

    def leaf(row: Mapping[str, object]) -> bool:
        return str(row[column]).lower() in {"true": ("true", "1"), "false": ("false", "0")}.get(
            wanted, (wanted.lower(),)
        )

    return leaf
