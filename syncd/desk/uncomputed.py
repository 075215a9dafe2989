"""Assets whose month a run of depreciation could not compute: they are parked nowhere, for no row was made of them."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from syncd.ports import Desk, Ledger

_LAST: Final = (
    "SELECT period, run, faults FROM syncd.depreciation_run"
    " WHERE pipeline = ? AND book = '' AND kind = 'post' AND state = 'made' ORDER BY asked_at DESC LIMIT 1"
)
"""A run looks at every asset: what it could compute, it did."""


class Uncomputed(NamedTuple):
    """An asset that the last run, of `period`, left out; `code` and `params` are the message that says why, whose hint
    says how it is mended."""

    asset: str
    period: str
    code: str
    params: Mapping[str, str]


def uncomputed(ledger: Ledger | Desk, pipeline: str) -> list[Uncomputed]:
    """Those that no run has computed since, by asset."""
    rows = ledger.query(_LAST, (pipeline,))
    faults = json.loads(str(rows[0][2])) if rows else {}
    return [Uncomputed(asset, str(rows[0][0]), code, params) for asset, (code, params) in sorted(faults.items())]
