"""Assets whose month a run of depreciation could not compute, or that is not posted whole: they are parked nowhere, for
no row was made of them, or a person has given it up."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from syncd.ports import Desk, Ledger

_LAST: Final = (
    "SELECT period, run, faults FROM syncd.depreciation_run"
    " WHERE pipeline = ? AND book = '' AND kind = 'post' AND state = 'made' ORDER BY asked_at DESC LIMIT 1"
)
"""A run looks at every asset: what it could compute, it did."""
_GIVEN_UP: Final = (
    "SELECT source_key, position FROM syncd.parked WHERE pipeline = ? AND state = 'discarded' AND position LIKE 'run:%'"
)
_OF_SEVERAL_ROWS: Final = (
    "SELECT asset, month, row_keys FROM syncd.depreciated"
    " WHERE pipeline = ? AND book = '' AND live = 1 AND row_keys LIKE '%,%' AND run IN (?*) ORDER BY asset, month"
)


class Uncomputed(NamedTuple):
    """An asset that the last run, of `period`, left out; `code` and `params` are the message that says why, whose hint
    says how it is mended."""

    asset: str
    period: str
    code: str
    params: Mapping[str, str]


def uncomputed(ledger: Ledger | Desk, pipeline: str) -> list[Uncomputed]:
    """Those that no run has computed since, or of which a share was given up, by asset."""
    rows = ledger.query(_LAST, (pipeline,))
    faults = json.loads(str(rows[0][2])) if rows else {}
    left = {asset: Uncomputed(asset, str(rows[0][0]), code, params) for asset, (code, params) in faults.items()}
    every = left | {one.asset: one for one in in_part(ledger, pipeline)}
    return [every[asset] for asset in sorted(every)]


def in_part(ledger: Ledger | Desk, pipeline: str) -> list[Uncomputed]:
    """Assets of which a month counts that is posted in part: of the rows of several departments one was given up. Where
    it is the only row the month is owed again by itself."""
    given_up: dict[str, set[str]] = {}
    for key, position in ledger.query(_GIVEN_UP, (pipeline,)):
        run = str(position).removeprefix("run:").rpartition("/")[0]
        given_up.setdefault(run, set()).add(str(key))
    if not given_up:
        return []
    keys = set[str]().union(*given_up.values())
    found: dict[str, Uncomputed] = {}
    for asset, month, row_keys in ledger.query(_OF_SEVERAL_ROWS, (pipeline, [*given_up])):
        code, rows = str(asset), json.loads(str(row_keys))
        if len(rows) > 1 and not keys.isdisjoint(rows):
            period = month_text(int(str(month)))
            said = {"asset": code, "month": period}
            found.setdefault(code, Uncomputed(code, period, "depreciation_in_part", said))
    return [*found.values()]


def month_text(month: int) -> str:
    """A month as a period is written."""
    return f"{month // 12:04}-{month % 12 + 1:02}"
