"""What may be done. Every request carries an `Idempotency-Key`: sent twice, it is done once and answered alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import APIRouter, BackgroundTasks, Request

from syncd import wiring
from syncd.books.reconciliation import history
from syncd.console import within
from syncd.console.api.caller import Calling, Signed, Writing
from syncd.console.api.looking import Json, Number, Pipeline, preview_of, row_of
from syncd.console.api.shape import plain
from syncd.console.bulk import ask
from syncd.desk.parked import bulk, operators
from syncd.errors import WrongUsage
from syncd.ports import Ledger

router = APIRouter()
Values = dict[str, str | None]


@dataclass(frozen=True)
class Why:
    """Why it is done; it stays in the chain of actions. `version` is the row's as it was seen: nothing is done where it
    is another by now."""

    reason: str
    version: str = ""


@dataclass(frozen=True)
class Edited(Why):
    """Column → what is typed for it, null for nothing."""

    values: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """Column → what would be typed for it."""

    values: Values


@dataclass(frozen=True)
class Decided(Why):
    """In which role."""

    role: str = ""


@dataclass(frozen=True)
class Many:
    """Rows that match what is not empty, up to the number `last`; `rows` is how many there were to be seen."""

    name: str
    reason: str
    rows: int
    last: int
    what: Literal["retry", "discard"] = "retry"
    state: str = ""
    rule: str = ""
    code: str = ""
    table: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Accepted:
    """`difference` as a run names it, `RUN/NUMBER`."""

    difference: str
    reason: str


@router.post("/parked/{id}/preview")
def preview(request: Request, who: Calling, id: Number, pipeline: Pipeline, tried: Tried) -> Json:
    """What a row would make with other values. Nothing is changed, so it takes no key."""
    with within.at(request, who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        with_them = operators.edited(row, tried.values, part.mapping.tables, part.read)[0] if tried.values else row
        return {"preview": preview_of(part, ledger, with_them, within.hidden(who, part))}


@router.post("/parked/{id}/edit")
def edit(request: Request, signed: Signed, id: Number, pipeline: Pipeline, said: Edited) -> Json:
    """Correct values of a row and have it tried again."""
    if not said.values:
        raise WrongUsage("page_nothing_changed")

    def do(part: wiring.Pipeline, ledger: Ledger) -> None:
        within.require(request, signed.who, "mend", part)
        by = signed.by(said.reason)
        operators.edit(ledger, part.name, id, said.values, part.mapping.tables, part.read, by, said.version)

    return _on_row(request, signed, pipeline, id, said, do)


@router.post("/parked/{id}/retry")
def retry(request: Request, signed: Signed, id: Number, pipeline: Pipeline, said: Why) -> Json:
    """Have a row tried again under today's mapping."""
    return _ask(request, signed, pipeline, id, said, "retry")


@router.post("/parked/{id}/discard")
def discard(request: Request, signed: Signed, id: Number, pipeline: Pipeline, said: Why) -> Json:
    """Give a row up."""
    return _ask(request, signed, pipeline, id, said, "discard")


@router.post("/parked/{id}/withdraw")
def withdraw(request: Request, signed: Signed, id: Number, pipeline: Pipeline, said: Why) -> Json:
    """Take a retry or a discard back while the daemon has not taken it up."""

    def do(part: wiring.Pipeline, ledger: Ledger) -> None:
        within.require(request, signed.who, "mend", part)
        operators.withdraw(ledger, part.name, id, signed.by(said.reason))

    return _on_row(request, signed, pipeline, id, said, do)


@router.post("/parked/{id}/{decision}")
def decide(
    request: Request, signed: Signed, id: Number, decision: Literal["approve", "reject", "reopen"],
    pipeline: Pipeline, said: Decided,
) -> Json:  # fmt: skip
    """Approve a row, reject it, or have a rejected one judged once more, in a role that is asked for it."""

    def do(part: wiring.Pipeline, ledger: Ledger) -> None:
        within.require(request, signed.who, "approve", part, said.role)
        _require_seen(part, ledger, id, said)
        by = signed.by(said.reason)
        if decision == "approve":
            operators.approve(ledger, part.name, id, by, said.role)
        elif decision == "reject":
            operators.reject(ledger, part.name, id, by, said.role)
        else:
            operators.reopen(ledger, part.name, id, part.mapping.tables, by, said.role)

    return _on_row(request, signed, pipeline, id, (decision, said), do)


@router.post("/bulk")
def begin_bulk(request: Request, signed: Signed, then: BackgroundTasks, pipeline: Pipeline, said: Many) -> Json:
    """Have many rows tried again, or give them up. They are asked behind the answer; see /bulk/{number}."""
    chosen = operators.Selection(
        (), said.subject, said.state, said.rule, said.code, False, said.table, 0, min(said.last, operators.NUMBER_MAX)
    )

    def do() -> dict[str, Any]:
        with within.at(request, signed.who, pipeline) as (part, ledger):
            within.require(request, signed.who, bulk.right(said.what), part)
            by = signed.by(said.reason)
            made = bulk.begin(ledger, part.name, chosen, said.what, said.name, said.rows, by)
        then.add_task(ask, part, made.number, by)
        return {"number": made.number, "rows": made.rows}

    return signed.once(said, do)


@router.post("/bulk/{number}/stop")
def stop_bulk(request: Request, signed: Signed, number: Number, pipeline: Pipeline, said: Why) -> Json:
    """Ask no more of its rows, and take back what the daemon has not taken up."""

    def do() -> dict[str, Any]:
        with within.at(request, signed.who, pipeline) as (part, ledger):
            far = bulk.progress(ledger, part.name, number)
            within.require(request, signed.who, bulk.right(far.bulk.what), part)
            return {"withdrawn": bulk.stop(ledger, part.name, number, signed.by(said.reason))}

    return signed.once(said, do)


@router.post("/reconciliation/runs")
def compare(request: Request, signed: Signed, pipeline: Pipeline) -> Json:
    """Compare both sides now, which may take minutes, and keep what was found."""

    def do() -> dict[str, Any]:
        with within.at(request, signed.who, pipeline) as (part, _):
            within.require(request, signed.who, "reconcile", part)
        found: dict[str, Any] = plain(history.plain(part.reconcile(signed.who.account.name)))
        return found

    return signed.once("", do)


@router.post("/reconciliation/accept")
def accept_difference(request: Request, signed: Signed, pipeline: Pipeline, said: Accepted) -> Json:
    """Have a difference corrected; somebody else then approves it."""

    def do() -> dict[str, Any]:
        with within.at(request, signed.who, pipeline) as (part, ledger):
            within.require(request, signed.who, "accept_difference", part)
            part.accept_difference(ledger, said.difference, signed.by(said.reason))
        return {"difference": said.difference}

    return signed.once(said, do)


def _ask(request: Request, signed: Writing, pipeline: str, id: int, said: Why, what: bulk.What) -> Json:
    def do(part: wiring.Pipeline, ledger: Ledger) -> None:
        within.require(request, signed.who, bulk.right(what), part)
        _require_seen(part, ledger, id, said)
        ask_of = operators.retry if what == "retry" else operators.discard
        ask_of(ledger, part.name, operators.Selection((id,)), signed.by(said.reason))

    return _on_row(request, signed, pipeline, id, said, do)


def _on_row(
    request: Request, signed: Writing, pipeline: str, id: int, said: object,
    do: Callable[[wiring.Pipeline, Ledger], None],
) -> Json:  # fmt: skip
    def done() -> dict[str, Any]:
        with within.at(request, signed.who, pipeline) as (part, ledger):
            do(part, ledger)
            return row_of(operators.show(ledger, part.name, id), within.hidden(signed.who, part))

    return signed.once(said, done)


def _require_seen(part: wiring.Pipeline, ledger: Ledger, id: int, said: Why) -> None:
    operators.require_seen(ledger, part.name, operators.show(ledger, part.name, id), said.version)
