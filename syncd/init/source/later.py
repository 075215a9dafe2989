"""What happens to an asset once it is in the books, as far as the EAM's schema shows it: that it leaves, what it loses
month by month, that its value changes. And what the schema shows besides, for which nothing is proposed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from syncd.init.files.render import bare, identifier, member
from syncd.init.finance.books import Books, usual_accounts
from syncd.init.finance.layout import Layout
from syncd.init.seen.columns import assigned, literal
from syncd.init.seen.guess import Guess, Why, seen
from syncd.init.seen.likeness import best, table_likeness, told
from syncd.init.seen.schema import Column, Schema, Table
from syncd.init.seen.vocabulary import APPROVED, GONE
from syncd.init.source.eam import Assets, declared, status_of
from syncd.init.source.meaning import Meaning, account

AMOUNTS = ("original_value", "accumulated_depreciation", "impairment")
LOSSES = {"accumulated": "accumulated_depreciation", "impairment": "impairment"}
"""Account's role → the card field that it holds."""
ROLES = ("clearing", "depreciation", *LOSSES)
LEFT = ("disposal", "depreciation", "movement", "document", "asset")
OPENING = ("opening", "initial", "start", "期初", "qc")
"""What is called so does not grow with each month."""
TABLE_LEAST = 0.6


class Slips(NamedTuple):
    """A table with a row for what happens to an asset: `code` is the asset's as an expression over its rows, `join`
    what that needs, `when` the rows that count."""

    table: Table
    by: str
    code: str
    join: str
    when: Guess
    kept: str
    """The same as a condition over its own columns."""
    day: Guess
    reads: Sequence[Column]
    amount: Column | None = None


@dataclass
class Later:
    """The rules that follow. `gone` are what the card holds once the asset has left; empty where nothing is proposed.
    `left` names what nothing is proposed for: messages of the catalogue with what fills them in."""

    disposal: Slips | Guess | None = None
    disposed_on: Guess | None = None
    gone: dict[str, str] = field(default_factory=dict)
    accounts: Mapping[str, Guess] = field(default_factory=dict)
    """Role → account, `?` where finance has none."""
    depreciation: Slips | None = None
    value: Guess | None = None
    left: list[Why] = field(default_factory=list)


def propose(schema: Schema, meaning: Meaning, beside: Meaning | None, books: Books, layout: Layout) -> Later:
    """What follows for these assets; the columns that it reads are added to those of the meaning."""
    assets, later = meaning.assets, Later()
    is_simple = not assets.is_document and assets.movements is None and not assets.years and bool(meaning.cards)
    later.accounts = {role: account(usual_accounts(books, role)) for role in ROLES}
    if is_simple and "original_value" in meaning.cards:
        _disposal(schema, meaning, layout, later)
        _depreciation(schema, meaning, later)
        _value(meaning, later)
    later.left = list(_left(schema, meaning, beside, later))
    return later


def _disposal(schema: Schema, meaning: Meaning, layout: Layout, later: Later) -> None:
    assets = meaning.assets
    roles = ("clearing", *(role for role, card in LOSSES.items() if card in meaning.cards))
    if any(later.accounts[role].value == "?" for role in roles):
        return
    gone = _gone(meaning, layout)
    if gone is None:
        return
    day = assets.columns.get("disposed_on")
    state = _state(assets)
    if state is not None and assets.status is not None:
        column, value = state
        text, held = literal(column, value), literal(column, assets.status[1])
        name = column.name
        when = f"{member('after', name)} = {text} AND {member('before', name)} = {held} AND card.exists"
        later.disposal = Guess(when, 0.75, (seen([value]),))
    elif day is not None:
        name = day[0].name
        set_now = f"{member('after', name)} IS NOT NULL AND {member('before', name)} IS NULL"
        when = f"op = 'update' AND {set_now} AND card.exists"
        later.disposal = Guess(when, 0.75 * day[1], (Why("init_why_name", {"name": name}),))
    else:
        later.disposal = _slips(schema, assets, "disposal", needs_amount=False)
    if later.disposal is None:
        return
    later.gone = gone
    if day is not None and not isinstance(later.disposal, Slips):
        moment = "timestamp" in declared(day[0]).value
        own = member("after", day[0].name) + ("::date" if moment else "")
        why = (Why("init_why_name", {"name": day[0].name}),)
        later.disposed_on = Guess(f"coalesce({own}, change.committed_on)", day[1], why)
        if day[0].name not in meaning.used["after"]:
            meaning.used["after"].append(day[0].name)


def _state(assets: Assets) -> tuple[Column, str] | None:
    """The state of an asset that has left, among those seen."""
    if assets.status is None or assets.status[0].sort == "boolean":
        return None
    column = assets.status[0]
    scored = [(told(value, GONE), value) for value in column.counts if value != assets.status[1]]
    score, value = max(scored, default=(0.0, ""))
    return (column, value) if score > 0.3 else None


def _gone(meaning: Meaning, layout: Layout) -> dict[str, str] | None:
    """What the card holds of an asset that has left: its state, else nothing; None where its state is a number."""
    if "status" not in meaning.cards:
        return {name: "0.00" for name in AMOUNTS if name in meaning.cards}
    target, here = layout.fields["status"], meaning.assets.status
    known = [value for value in target.counts if told(value, GONE) > 0.3]
    if known:
        return {"status": literal(target, known[0])}
    if target.sort != "text":
        return None
    state = _state(meaning.assets)
    alike = here is not None and state is not None and meaning.cards["status"].value == literal(here[0], here[1])
    return {"status": literal(state[0], state[1]) if alike and state is not None else "'disposed'"}


def _slips(schema: Schema, assets: Assets, role: str, needs_amount: bool) -> Slips | None:
    """The table that is most like this and whose rows name an asset."""
    found: list[tuple[float, Slips]] = []
    for table in schema.tables:
        score = table_likeness(table.name, role)
        if table is assets.table or score < TABLE_LEAST or not table.key:
            continue
        if (named := _of_asset(table, assets)) is None:
            continue
        by, code, join = named
        rest = [c for c in table if c.name != by]
        columns = assigned(rest, ("amount", "status", "disposed_on", "date", "approved_on", "period", "year", "month"))
        amount = columns.get("amount", (None, 0.0))[0]
        if needs_amount and amount is None:
            continue
        state = status_of(columns.get("status", (None, 0.0))[0], APPROVED)
        when, kept = Guess("op = 'insert'", 0.6, (Why("init_why_no_status"),)), ""
        if state is not None:
            column, value, sure = state
            text = literal(column, value)
            name = member("after", column.name)
            when = Guess(
                f"op <> 'read' AND {name} = {text} AND {member('before', column.name)} IS DISTINCT FROM {text}",
                sure, (seen(list(column.counts)[:6]),),
            )  # fmt: skip
            kept = f"{bare(column.name)} = {text}"
        day, reads = _day({concept: column for concept, (column, _) in columns.items()})
        reads = [*reads, *([state[0]] if state else []), *([amount] if amount is not None else [])]
        found.append((score, Slips(table, by, code, join, when, kept, day, reads, amount)))
    return max(found, key=lambda one: one[0], default=(0.0, None))[1]


def _of_asset(table: Table, assets: Assets) -> tuple[str, str, str] | None:
    """The column that names the asset, the asset's code as an expression, and the join that this needs."""
    code = assets.code.name
    for key in table.foreign:
        if key.table != assets.table.name or len(key.columns) != 1:
            continue
        if key.to == (code,):
            return key.columns[0], member("after", key.columns[0]), ""
        if key.to == assets.table.key:
            alias = identifier(assets.table.name)
            return key.columns[0], member(alias, code), f"{{{alias}: {bare(key.columns[0])}}}"
    if code in table.by_name and not table.foreign:
        return code, member("after", code), ""
    for by in () if len(assets.table.key) != 1 else (f"{assets.table.bare}_{assets.table.key[0]}".lower(),):
        if (column := next((c for c in table if c.name.lower() == by), None)) is not None:
            alias = identifier(assets.table.name)
            return column.name, member(alias, code), f"{{{alias}: {bare(column.name)}}}"
    return None


def _day(columns: dict[str, Column]) -> tuple[Guess, list[Column]]:
    """The day of a row: its own, the last of its month, else that of the commit."""
    for concept in ("disposed_on", "approved_on", "date"):
        if concept in columns:
            column = columns[concept]
            moment = "::date" if "timestamp" in declared(column).value else ""
            why = (Why("init_why_name", {"name": column.name}),)
            return Guess(member("after", column.name) + moment, 0.85, why), [column]
    if (
        (period := columns.get("period", columns.get("month"))) is not None
        and period.sort == "text"
        and period.is_filled
    ):
        own, why = member("after", period.name), (seen(list(period.counts)[:2]),)
        if all(re.fullmatch(r"\d{4}-\d\d", text) for text in period.counts):
            return Guess(f"last_day(({own} || '-01')::date)", 0.8, why), [period]
        if all(re.fullmatch(r"\d{6}", text) for text in period.counts):
            year, month = f"substr({own}, 1, 4)", f"substr({own}, 5, 2)"
            return Guess(f"last_day(({year} || '-' || {month} || '-01')::date)", 0.8, why), [period]
    return Guess("change.committed_on", 0.5, (Why("init_why_name", {"name": "change.committed_on"}),)), []


def _depreciation(schema: Schema, meaning: Meaning, later: Later) -> None:
    accounts = (later.accounts["accumulated"], later.accounts["depreciation"])
    if "accumulated_depreciation" in meaning.cards and all(one.value != "?" for one in accounts):
        found = _slips(schema, meaning.assets, "depreciation", needs_amount=True)
        if found is not None and begins(meaning.assets):  # what was charged before is on no card yet
            when = found.when.value.removeprefix("op <> 'read' AND ")
            when = when.replace("op = 'insert'", "op IN ('insert', 'read')") + " AND (op <> 'read' OR card.exists)"
            found = found._replace(when=found.when._replace(value=when))
        later.depreciation = found


def begins(assets: Assets) -> bool:
    """Whether the depreciation that an asset's row tells, if it does, is what it began with, and not what it has come
    to."""
    column = assets.columns.get("accumulated_depreciation")
    return column is None or any(word in column[0].name.lower() for word in OPENING)


def _value(meaning: Meaning, later: Later) -> None:
    """That the original value of an asset in the books changes, where it stands in the asset's own row."""
    assets = meaning.assets
    if "original_value" not in assets.columns or assets.status is None or assets.status[0].sort == "boolean":
        return
    value, state = assets.columns["original_value"][0].name, assets.status
    text = literal(state[0], state[1])
    after, before = member("after", state[0].name), member("before", state[0].name)
    other = f"{member('after', value)} <> {member('before', value)}"
    when = f"{other} AND {after} = {text} AND {before} = {text} AND card.exists"
    later.value = Guess(when, 0.5, (Why("init_why_name", {"name": value}),))


def _left(schema: Schema, meaning: Meaning, beside: Meaning | None, later: Later) -> Iterator[Why]:
    """What the schema shows and no rule is proposed for."""
    assets = meaning.assets
    used = {assets.table.name, *(t.name for t in assets.years), *(join.table.name for join in meaning.joins.values())}
    for one in (meaning, beside):
        if one is not None and one.assets.lines is not None:
            used |= {one.assets.table.name, one.assets.lines.table.name}
    if assets.movements is not None:
        used |= {assets.movements.table.name, *(t.name for t in assets.movements.years)}
    used |= {one.table.name for one in (later.disposal, later.depreciation) if isinstance(one, Slips)}
    for table in schema.tables:
        if table.name in used:
            continue
        score, role = max(((table_likeness(table.name, role), role) for role in LEFT), key=lambda pair: pair[0])
        if role == "asset" and _of_asset(table, assets) is not None:
            role = "movement"
        is_worth = role != "asset" or best(table, "original_value", TABLE_LEAST) is not None
        if score >= TABLE_LEAST and is_worth:
            yield Why(f"init_left_{role}", {"table": table.name})
    if not assets.is_document and meaning.cards:
        if later.disposal is None and not any(table_likeness(t.name, "disposal") >= TABLE_LEAST for t in schema.tables):
            yield Why("init_left_gone")
        if "dept" in meaning.cards:
            yield Why("init_left_transfer")
    yield Why("init_left_correction")
