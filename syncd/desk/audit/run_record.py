"""Runs of computed depreciation against what people asked for, which is chained: that each was asked for by somebody,
that it made as many months as it says, and that no month counts or does not count but for a run that somebody asked.

What a run has made is posted like any row, so the postings tell the amounts; here is held what nothing else tells:
whether a month is owed again.
"""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from typing import Final, NamedTuple

from syncd.desk.audit.parked_record import read
from syncd.desk.uncomputed import month_text
from syncd.ports import Ledger

LIVE: Final = 1
"""What a month counts by, and by nothing else."""


class Asked(NamedTuple):
    """An action that asked for a run of a period, `number` its place in the chain; `asset` is empty where all are
    meant."""

    number: int
    period: str
    run: int
    kind: str
    asset: str
    actor: str
    reason: str


class Flaw(NamedTuple):
    """A run or a month that is not as people asked; `code` names the message."""

    code: str
    params: Mapping[str, str]


def asked_of(deeds: Sequence[tuple[int, str, str, str, str]]) -> list[Asked]:
    """Actions on depreciation as (number, target, actor, reason, detail)."""
    found = []
    for number, target, actor, reason, detail in deeds:
        said = read(detail)
        period, run = target.removeprefix("depreciation/"), int(str(said.get("run", 0)))
        found.append(Asked(number, period, run, str(said.get("kind", "")), str(said.get("asset", "")), actor, reason))
    return found


def flawed(ledger: Ledger, pipeline: str, sql: Mapping[str, str], asked: Sequence[Asked]) -> Iterator[Flaw]:
    """What is not as it was asked for and made."""
    by_run = {f"{one.period}/{one.run}": one for one in asked}
    with ledger.reading():
        under_way = yield from _runs(ledger, pipeline, sql, by_run)
        given_up = {str(key) for (key,) in ledger.query(sql["given_up"], (pipeline,))}
        taken_back = [one for one in asked if one.kind == "reverse"]
        with closing(ledger.scan(sql["months"], (pipeline,))) as months:
            for (asset, text), rows in groupby(months, lambda row: (str(row[0]), str(row[1]))):
                keys = _keys(text)
                of_keys: list[tuple[str, str, bool]] = []
                for _, _, number, by_name, live, period in rows:
                    month, run = month_text(int(str(number))), str(by_name)
                    of_keys.append((month, run, int(str(live)) == LIVE))
                    if not (keys and month <= str(period) <= run.partition("/")[0]):
                        yield Flaw("audit_run_made", {"run": run})  # of no row, or ahead of its time
                by = by_run.get(of_keys[0][1])
                reversing = [] if by is None else _reversing(by, taken_back, asset, {month for month, *_ in of_keys})
                may_be = {not any(f"{one.period}/{one.run}" not in under_way for one in reversing)}
                may_be |= {False} if reversing or any(key in given_up for key in keys) else set()
                for month, run, is_live in of_keys:
                    if by is None or by.kind != "post" or is_live not in may_be:
                        code = "audit_month_counts" if is_live else "audit_month_owed"
                        yield Flaw(code, {"asset": asset, "month": month, "run": run})


def _reversing(by: Asked, taken_back: Sequence[Asked], asset: str, months: set[str]) -> list[Asked]:
    """Those who asked, after a run, that a month which its row carries is taken back."""
    return [one for one in taken_back if one.number > by.number and one.asset in ("", asset) and one.period in months]


def _runs(
    ledger: Ledger, pipeline: str, sql: Mapping[str, str], by_run: Mapping[str, Asked]
) -> Generator[Flaw, None, set[str]]:
    """Runs that are not as they were asked for, or say that they made something else than is kept; those that are not
    made yet."""
    sums = {
        str(run): (int(str(assets)), int(str(cents))) for run, assets, cents in ledger.query(sql["sums"], (pipeline,))
    }
    under_way: set[str] = set()
    seen: set[str] = set()
    for period, run, kind, asset, state, assets, cents, actor, reason in ledger.query(sql["runs"], (pipeline,)):
        name, by = f"{period}/{run}", by_run.get(f"{period}/{run}")
        seen.add(name)
        under_way |= {name} if state != "made" else set()
        said = (str(kind), str(asset), str(actor), str(reason))
        if by is None or said != (by.kind, by.asset, by.actor, by.reason):
            yield Flaw("audit_run", {"run": name})
        elif by.kind == "post" and (int(str(assets)), int(str(cents))) != sums.get(name, (0, 0)):
            yield Flaw("audit_run_made", {"run": name})
    for name in (by_run.keys() | sums.keys()) - seen:
        yield Flaw("audit_run", {"run": name})
    return under_way


def _keys(text: str) -> Sequence[str]:
    """The keys of the rows that carry months; none where somebody has made them unreadable, which is told of their
    months."""
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return found if isinstance(found, list) else ()
