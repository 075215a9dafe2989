"""A row tried on the rules: picked, judged step by step, also with other values. Nothing is kept."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.books import rules as written
from syncd.books import steps, trying
from syncd.console import within
from syncd.console.page import SignedIn, language, page, seen
from syncd.console.row import Fields
from syncd.console.sides import SET, Side, changed, columns, typed
from syncd.console.signing import Signed
from syncd.desk import masking, postings
from syncd.desk.parked import operators
from syncd.ports import Ledger
from syncd.record import encode_change

router = APIRouter()
KEYS_MAX: Final = 50
CHOICES_MAX: Final = 10


@router.get("/mapping/row")
def shown(
    request: Request, who: SignedIn, pipeline: str = "", table: str = "", key: str = "", parked: int = 0,
    posting: int = 0, how: trying.How = "new", rule: str = "", first: str = "",
) -> Response:  # fmt: skip
    """A row on the rules, with what the address gives in place of its values; without one, rows to choose from."""
    asked = trying.Asked(table, key, parked, posting, how)
    with within.at(request, who, pipeline) as (named, ledger):
        part = named.begun()[0]
        bench = part.bench(ledger)
        if not (key or parked or posting):
            return _choices(request, who, part, ledger, bench, asked, rule, first)
        now = datetime.now(UTC)
        found = trying.tried(bench, asked, now)
        hidden = within.hidden(who, part)
        sides = _sides(part, found, hidden)
        if given := changed(sides, dict(request.query_params)):
            found = trying.tried(bench, asked._replace(values=typed(given)), now)
        found = trying.shown(found, part.mapping.tables, hidden)
    zone = part.mapping.zone
    every = sorted(
        ((one, steps.lines(one, zone)) for one in found.judgements), key=lambda one: one[0].rule.name != rule
    )
    return page(
        request, "tried.html", "console_try", who, part.mapping.file.timezone, pipeline=part.name, asked=asked,
        rule=rule, found=found, sides=sides, given=given, hows=trying.HOWS, why=steps.why,
        stops=any(step.stops for one in found.judgements if one.said == "refused" for step in one.steps),
        judgements=[one for one in every if steps.is_told(one[0], rule)],
        others=[one for one in every if not (steps.is_told(one[0], rule) or one[0].rule.of)],
        has_before=any(side.before for side in sides), column_of=_columns(part, found.change.table),
        field_codes=within.field_codes(part), valued=within.valued(part, language(request)),
        as_text=lambda value: steps.told(value, zone), by_section=steps.by_section, cancelled=steps.cancelled,
    )  # fmt: skip


@router.post("/mapping/row")
def given(
    request: Request, signed: Signed, fields: Fields, pipeline: Annotated[str, Form()] = "",
    table: Annotated[str, Form()] = "", key: Annotated[str, Form()] = "", parked: Annotated[int, Form()] = 0,
    posting: Annotated[int, Form()] = 0, how: Annotated[trying.How, Form()] = "new",
    rule: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """The address of the row with these values: with those alone that are others than its own."""
    asked = trying.Asked(table, key, parked, posting, how)
    with within.at(request, signed.who, pipeline) as (named, ledger):
        part = named.begun()[0]
        hidden = within.hidden(signed.who, part)
        sides = _sides(part, trying.tried(part.bench(ledger), asked, datetime.now(UTC)), hidden)
    said = asked._asdict() | {"pipeline": part.name, "rule": rule, "values": ""}
    said |= {SET + name: text for name, text in changed(sides, fields).items()}
    return RedirectResponse(f"/mapping/row?{urlencode({n: v for n, v in said.items() if v})}#made", 303)


def _choices(
    request: Request, who: SignedIn, part: wiring.Pipeline, ledger: Ledger, bench: trying.Bench, asked: trying.Asked,
    rule: str, first: str,
) -> Response:  # fmt: skip
    """Rows to choose from: of a table by key; those that were posted last, and those that rest."""
    keys, next_key = trying.keys(bench, asked.table, first, KEYS_MAX) if asked.table else ((), "")
    zone, mapping = part.mapping.zone, part.mapping
    posted = postings.page(ledger, part.name, postings.Asked(rule=rule), zone, 3 * CHOICES_MAX).found
    resting = operators.parked(ledger, part.name, operators.Selection(rule=rule), CHOICES_MAX)
    resting = [masking.row(row, within.hidden(who, part)) for row in resting]
    return page(
        request, "try.html", "console_try", who, mapping.file.timezone, pipeline=part.name, asked=asked, rule=rule,
        names=[one.name for whole in seen(request, who) for one in whole.begun()],
        tables=[alias for alias, rules in mapping.program.plan.rules.items() if rules], keys=keys, next_key=next_key,
        posted=[one for one in posted if one.source][:CHOICES_MAX], resting=resting,
    )  # fmt: skip


def _sides(part: wiring.Pipeline, found: trying.Tried, hidden: masking.Hidden) -> list[Side]:
    """The columns of the row before anybody typed anything; of one that is deleted, as it was."""
    change = found.found
    if change.after is None and change.op == "delete":
        change = change._replace(before=None, after=change.before)
    return [*columns(part, change.table, encode_change(part.mapping.tables[change.table], change), None, hidden)]


def _columns(part: wiring.Pipeline, table: str) -> Callable[[str], str]:
    """(name as an expression has it) → what the column of the row is called in the users' words, empty for another."""
    fields = {name.lower(): field for name, field in written.card_fields(part.mapping.rules, table).items()}

    def called(name: str) -> str:
        side, _, column = name.partition(".")
        return name if name == "op" else fields.get(column, column) if side in ("after", "before", "card") else ""

    return called
