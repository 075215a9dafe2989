"""What may be asked: pipelines, parked rows, approvals, traces, the list of a close, reconciliations."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request

from syncd import wiring
from syncd.books.reconciliation import history as comparisons
from syncd.console import within
from syncd.console.api.caller import Calling
from syncd.console.api.shape import plain, told
from syncd.console.page import house, seen
from syncd.desk import masking, postings, samples, status, trace
from syncd.desk.access import accounts, everybody, limited, rights, tokens
from syncd.desk.parked import approvals, bulk, operators, previews
from syncd.errors import Fault
from syncd.ports import Ledger

router = APIRouter()
PAGE_MAX: Final = 500
RUNS_MAX: Final = 100
HOURS_MAX: Final = 14 * 24
_TEXT: Final = r"^[^\x00]*$"
Json = dict[str, Any]
Number = Annotated[int, Path(ge=1, le=operators.NUMBER_MAX)]
Text = Annotated[str, Query(max_length=500, pattern=_TEXT)]
Pipeline = Annotated[str, Query(min_length=1, max_length=200, pattern=_TEXT, description="its name")]
Asked = Annotated[str, Query(min_length=1, max_length=500, pattern=_TEXT)]
Month = Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Day = Annotated[date, Query(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
Amount = Annotated[Decimal, Query(ge=0, max_digits=18, decimal_places=2)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Cursor = Annotated[int, Query(ge=0, le=operators.NUMBER_MAX, description="`next` of the page before")]
State = Literal["", "failed", "behind", "approval", "posted", "ignored", "discarded"]


@router.get("/me")
def me(who: Calling) -> Json:
    """Who one is here; `form` proves that a request by a session comes from its own pages."""
    one = who.account
    form = accounts.form_token(who.secret) if who.secret else ""
    may = [action for action in rights.ACTIONS if who.may(action)]
    return {
        "name": one.name, "roles": [*one.roles], "pipelines": [*one.pipelines], "companies": [*one.companies],
        "may": may, "form": form,
    }  # fmt: skip


@router.get("/people")
def people(request: Request, who: Calling) -> Json:
    """Everybody who may act, with all by which they are known here; for who may see accounts."""
    who.require(house(request), "see_accounts", rights.EVERYWHERE)
    with house(request).accounts() as ledger:
        found = everybody.everybody(ledger, datetime.now(UTC), who.secret)
    return {"items": [_known(one) for one in found]}


def _known(one: everybody.Person) -> Json:
    more: Json = plain(one)
    account: Json = more.pop("account")
    return account | more


@router.get("/tokens")
def all_tokens(request: Request, who: Calling) -> Json:
    """Which tokens there are, not what they are; for who may see accounts."""
    who.require(house(request), "see_accounts", rights.EVERYWHERE)
    with house(request).accounts() as ledger:
        return {"items": plain(tokens.every(ledger))}


@router.get("/pipelines")
def pipelines(request: Request, who: Calling) -> Json:
    """How each stands and how far behind it is; `error` where finance could not be asked."""
    return {"items": [one for pipeline in seen(request, who) for one in _standing(pipeline)]}


def _standing(pipeline: wiring.Pipeline) -> Sequence[Json]:
    found: list[Json] = []
    try:
        with closing(pipeline.open_ledger()) as ledger:
            for part in pipeline.begun():
                one = status.pipeline_status(ledger, part.name, datetime.now(UTC))
                is_late = status.is_late(one, pipeline.config.late_after_s)
                more = {"standing": status.standing(one), "is_late": is_late, "company": part.place.company}
                found.append(plain(one) | more | {"error": None})
    except Fault as fault:
        found.append({"pipeline": pipeline.name, "standing": "unseen", "error": plain(fault)})
    return found


@router.get("/history")
def history(
    request: Request, who: Calling, pipeline: Pipeline, hours: Annotated[int, Query(ge=1, le=HOURS_MAX)] = 24
) -> Json:
    """The last hours: the worst of each lag, what went through, and `posting` false where nobody posted; `ignored`
    since the first start, by the table and the rules that had nothing to say."""
    with within.at(request, who, pipeline) as (part, ledger):
        spans = samples.hourly(ledger, part.name, datetime.now(UTC), hours)
        ignored = [{"reason": reason, "changes": count} for reason, count in samples.ignored(ledger, part.name)]
    return {"items": [plain(samples.told(at, span)) for at, span in spans], "ignored": ignored}


@router.get("/parked/groups")
def groups(request: Request, who: Calling, pipeline: Pipeline) -> Json:
    """Open rows by signature, the most frequent first."""
    with within.at(request, who, pipeline) as (part, ledger):
        return {"items": plain(operators.groups(ledger, part.name))}


@router.get("/parked")
def parked(
    request: Request, who: Calling, pipeline: Pipeline, state: State = "", rule: Text = "", code: Text = "",
    table: Text = "", subject: Text = "", settled: bool = False, after: Cursor = 0, limit: Limit = 50,
) -> Json:  # fmt: skip
    """Parked rows in source order; `next` goes on behind them, null at the end."""
    chosen = operators.Selection((), subject, state, rule, code, settled, table, after)
    with within.at(request, who, pipeline) as (part, ledger):
        rows = operators.parked(ledger, part.name, chosen, limit + 1)
    return _page(rows, limit, within.hidden(who, part))


def _page(rows: Sequence[operators.ParkedRow], limit: int, hidden: masking.Hidden) -> Json:
    more = rows[limit - 1].id if len(rows) > limit else None
    return {"items": [row_of(row, hidden) for row in rows[:limit]], "next": more}


def row_of(row: operators.ParkedRow, hidden: masking.Hidden) -> Json:
    """A parked row; `version` is another once anybody, or the daemon, has touched it."""
    version, row = operators.version(row), masking.row(row, hidden)
    found: Json = plain(row)
    reason = told(row.code, row.params)
    reason["hint"] = told(operators.advised(row.code, row.params), {**row.params, "id": row.id})["hint"]
    return found | {"version": version, "reason": reason}


@router.get("/parked/{id}")
def parked_row(request: Request, who: Calling, id: Number, pipeline: Pipeline) -> Json:
    """One row: how many wait behind it, what people did to it, and what it would make as it is."""
    with within.at(request, who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        done = approvals.deeds(ledger, part.name, (id,)).get(id, ())
        more = {"behind": operators.behind(ledger, part.name, row), "deeds": plain(done)}
        hidden = within.hidden(who, part)
        return row_of(row, hidden) | more | {"preview": preview_of(part, ledger, row, hidden)}


def preview_of(part: wiring.Pipeline, ledger: Ledger, row: operators.ParkedRow, hidden: masking.Hidden) -> Json | None:
    """What a row would make if everybody agreed; None of one that is settled."""
    if row.settled_at is not None:
        return None
    made = previews.made(ledger, part.name, part.mapping.translator(part.name), part.mapping.tables, [row]).get(row.id)
    if made is None:
        return None
    made = masking.preview(made, row, hidden)
    refusal = made.rejection and told(made.rejection.code, made.rejection.params)
    return {
        "vouchers": plain(made.vouchers),
        "cards": plain(made.cards),
        "debit": str(made.debit),
        "rejection": refusal,
    }


@router.get("/bulk/{number}")
def bulk_progress(request: Request, who: Calling, number: Number, pipeline: Pipeline) -> Json:
    """How far a retry of many rows is, and what came of it."""
    with within.at(request, who, pipeline) as (part, ledger):
        far = bulk.progress(ledger, part.name, number)
    said: Json = plain(far)
    return said | {"is_done": far.is_done}


@router.get("/approvals")
def approvals_list(
    request: Request, who: Calling, pipeline: Pipeline, role: Text = "", rule: Text = "", after: Cursor = 0,
    limit: Limit = 50,
) -> Json:  # fmt: skip
    """What waits for whom, with the approvals that it has, until when, and what it would make. A page holds what waits
    for the role among so many rows, and may be empty before the end."""
    now, chosen = datetime.now(UTC), operators.Selection(state="approval", rule=rule, after=after)
    with within.at(request, who, pipeline) as (part, ledger):
        rows = operators.parked(ledger, part.name, chosen, limit + 1)
        meant = [row for row in rows[:limit] if not role or role in approvals.deciding(row, now)]
        done = approvals.deeds(ledger, part.name, [row.id for row in meant])
        hidden = within.hidden(who, part)
        items = [_awaited(part, ledger, row, done, now, hidden) for row in meant]
    return {"items": items, "next": rows[limit - 1].id if len(rows) > limit else None}


def _awaited(
    part: wiring.Pipeline, ledger: Ledger, row: operators.ParkedRow, done: Mapping[int, Sequence[approvals.Deed]],
    now: datetime, hidden: masking.Hidden,
) -> Json:  # fmt: skip
    return row_of(row, hidden) | {
        "deciding": [*approvals.deciding(row, now)],
        "given": plain(approvals.standing(row, done.get(row.id, ()))),
        "due": plain(approvals.due(row)),
        "is_overdue": approvals.is_overdue(row, now),
        "preview": preview_of(part, ledger, row, hidden),
    }


@router.get("/postings")
def found_postings(
    request: Request, who: Calling, pipeline: Pipeline, subject: Text = "", voucher: Text = "", rule: Text = "",
    amount: Amount | None = None, first: Day | None = None, last: Day | None = None,
    before: Annotated[int | None, Query(ge=1, le=operators.NUMBER_MAX, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Json:  # fmt: skip
    """Postings, the newest first; days are those of the posting. `next` goes on behind them, null at the end: a page
    looks through so many postings, and may be empty before that."""
    asked = postings.Asked(subject, voucher, rule, amount, first, last)
    with within.at(request, who, pipeline) as (part, ledger):
        page = postings.page(ledger, part.name, asked, part.mapping.zone, limit, before)
    return {"items": plain(page.found), "next": page.before}


@router.get("/trace")
def traced(request: Request, who: Calling, pipeline: Pipeline, of: Asked) -> Json:
    """The life of an asset, or where a voucher or an entry comes from."""
    with within.at(request, who, pipeline) as (part, ledger):
        found = limited.traced(trace.find(ledger, of, part.mapping.tables), within.theirs(request, who))
        found = masking.traced(found, within.tables(part), within.hidden(who, part))
    told: Json = plain(found)
    return told


@router.get("/close")
def close_list(request: Request, who: Calling, pipeline: Pipeline, month: Month) -> Json:
    """What must hold before a month is closed."""
    with within.at(request, who, pipeline) as (part, ledger):
        return {"month": month, "items": plain(part.close_items(ledger, month))}


@router.get("/reconciliation/runs")
def runs(
    request: Request, who: Calling, pipeline: Pipeline, limit: Annotated[int, Query(ge=1, le=RUNS_MAX)] = 20
) -> Json:
    """The last comparisons of both sides, the newest first."""
    with within.at(request, who, pipeline) as (part, ledger):
        return {"items": plain(comparisons.runs(ledger, part.name, limit))}


@router.get("/reconciliation/runs/{number}")
def run(request: Request, who: Calling, number: Number, pipeline: Pipeline) -> Json:
    """What one found."""
    with within.at(request, who, pipeline) as (part, ledger):
        found: Json = plain(comparisons.run(ledger, part.name, number))
    return found
