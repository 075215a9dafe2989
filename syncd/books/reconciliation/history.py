"""What reconciliations found, kept: when, by whom, at which point of the log."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from syncd.books.reconciliation.causes import SQL
from syncd.books.reconciliation.reconcile import Amounts, Difference, Report
from syncd.errors import Fault, WrongUsage
from syncd.mapping.language.blocks.measures import FIELDS
from syncd.ports import Ledger
from syncd.record import moment, timestamp

RUNS_MAX: Final = 1_000
"""Runs that are kept, so that a daily one is kept for years."""
CARRYING: Final = "carrying_amount"
EARLIER: Final = "net_value"
READ_ONLY: Final = ("finance_read_only", "finance_no_write")
Json = Mapping[str, Any]


class Run(NamedTuple):
    """A run in short; `actor` is empty for one by the clock."""

    id: int
    at: datetime
    actor: str
    position: str
    assets: int
    differing: int
    alerting: int
    waiting: int


class Compared(NamedTuple):
    """A run for whoever prints it: when it was, and what it found."""

    at: datetime
    found: Json


def keep(ledger: Ledger, pipeline: str, report: Report, by: str) -> Report:
    """The report with the number of its run, under which it is kept from now on; 0 where nobody may write."""
    try:
        with ledger.desk() as desk:
            ((last,),) = desk.query(SQL["last"], (pipeline,))
            numbered = report._replace(run=int(str(last)) + 1)
            waiting = len(numbered.waiting) + sum(len(one.waiting) for one in numbered.balances)
            documents = sum(one.documents for one in numbered.balances)
            counts = (numbered.assets + documents, numbered.all_differing, numbered.alerting, waiting)
            text = json.dumps(plain(numbered), ensure_ascii=False)
            at = timestamp(datetime.now(UTC))
            desk.execute(SQL["begin"], (pipeline, numbered.run, at, by, numbered.position, *counts, text))
            for d in numbered.all_differences:
                desk.execute(SQL["difference"], (pipeline, numbered.run, *_row(d)))
            for name in ("forget", "forget_differences"):
                desk.execute(SQL[name], (pipeline, numbered.run - RUNS_MAX))
            return numbered
    except Fault as fault:
        if fault.code in READ_ONLY:
            return report
        raise


def runs(ledger: Ledger, pipeline: str, limit: int) -> list[Run]:
    """The last ones, the newest first."""
    rows = ledger.query(SQL["history"], (pipeline, limit))
    return [
        Run(int(str(number)), moment(str(at)), str(actor), str(position), *(int(str(n)) for n in counts))
        for number, at, actor, position, *counts in rows
    ]


def run(ledger: Ledger, pipeline: str, id: int) -> Json:
    """What a run found, as it was printed then. Raises WrongUsage for one that there is not."""
    rows = ledger.query(SQL["run"], (pipeline, id))
    if not rows:
        raise WrongUsage("reconcile_no_run", run=id, pipeline=pipeline)
    found: Json = json.loads(str(rows[0][2]))
    return _renamed(found)


def up_to(ledger: Ledger, pipeline: str, at: str) -> Compared | None:
    """The last run by a moment, as syncd's tables keep it; None where there was none."""
    rows = ledger.query(SQL["up_to"], (pipeline, at))
    return next((Compared(moment(str(when)), run(ledger, pipeline, int(str(number)))) for number, when in rows), None)


def _renamed(found: Json) -> Json:
    """A run of an earlier version calls the carrying amount net value, which is before impairment, and knows nothing of
    balances, nor of vouchers that were altered."""
    found = {"balances": [], "unsaid": [], "altered": [], **found}
    for sides in (found, *found["groups"]):
        for side in (sides["eam"], sides["finance"]):
            if EARLIER in side:
                side[CARRYING] = side.pop(EARLIER)
    for difference in found["differences"]:
        if difference["field"] == EARLIER:
            difference["field"] = CARRYING
    return found


def plain(report: Report) -> Json:
    """A report as data: amounts as decimal text."""
    return {
        "run": report.run,
        "position": report.position,
        "way": report.way,
        "assets": report.assets,
        "eam": _amounts(report.eam),
        "finance": _amounts(report.finance),
        "differing": report.differing,
        "alerting": report.alerting,
        "differences": [_difference(report, d) for d in (*report.differences, *report.totals)],
        "waiting": [found.code for found in report.waiting],
        "unseen": report.unseen,
        "groups": [
            {"field": g.field, "value": g.value, "eam": _amounts(g.eam), "finance": _amounts(g.finance)}
            for g in report.groups
        ],
        "controls": [_texts(c._asdict()) | {"accounts": list(c.accounts)} for c in report.controls],
        "manual": [_texts(m._replace(parts=(), cause=None)._asdict()) for m in report.manual],
        "altered": [altered._asdict() for altered in report.altered],
        "unreadable": [u._asdict() for u in report.unreadable],
        "balances": [
            _texts({name: value for name, value in one._asdict().items() if name != "found"})
            | {
                "accounts": list(one.accounts),
                "differences": [_difference(report, d) for d in one.differences],
                "waiting": [found.code for found in one.waiting],
            }
            for one in report.balances
        ],
        "unsaid": [one._asdict() for one in report.unsaid],
    }


def _difference(report: Report, d: Difference) -> Json:
    cause = d.cause
    params = {} if cause is None else {k: v for k, v in cause.params.items() if k != "change"}
    return {
        "id": f"{report.run}/{d.number}" if d.number else "",
        "asset_code": d.asset_code,
        "field": d.field,
        "eam": _text(d.eam),
        "finance": _text(d.finance),
        "share": f"{d.share:.6f}",
        "figures": {} if d.figures is None else _amounts(d.figures),
        "cause": "" if cause is None else cause.code,
        "params": params,
        "proposal": "" if cause is None else cause.proposal,
        "parked": [params["id"]] if "id" in params and cause is not None and cause.code in OPEN else [],
    }


OPEN: Final = ("cause_approval", "cause_failed", "cause_behind")
"""The causes that are open parked rows."""


def _row(d: Difference) -> tuple[object, ...]:
    code, params, proposal = d.cause or ("", {}, "")
    said = {name: value for name, value in params.items() if name != "change"}
    values = (_text(d.eam), _text(d.finance), code, json.dumps(said, ensure_ascii=False), proposal)
    return (d.number, d.asset_code, d.field, *values, params.get("change", ""))


def _amounts(amounts: Amounts) -> Json:
    return {field: _text(getattr(amounts, field)) for field in (*FIELDS, "carrying_amount")}


def _texts(fields: Json) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, Decimal) else value for name, value in fields.items()}


def _text(value: object) -> str | None:
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
