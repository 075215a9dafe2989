"""Groups of collected rows whose time has come, seen from beside the daemon: it posts them within seconds, so that one
which stays could not be posted."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from syncd.ports import Ledger
from syncd.posting import is_released
from syncd.record import moment

GROUPS_MAX: Final = 100
"""Groups that are shown."""
_RELEASED: Final = "SELECT rule, grp FROM syncd.released WHERE pipeline = ?"
_OPEN: Final = (
    "SELECT rule, grp, due, count(*), min(position) FROM syncd.collected"
    " WHERE pipeline = ? AND posted = '' AND due < 2 GROUP BY rule, grp, due ORDER BY rule, grp"
)
_FIRST: Final = (
    "SELECT change FROM syncd.collected"
    " WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND position = ? ORDER BY key LIMIT 1"
)


class DueGroup(NamedTuple):
    """A group of collected rows that is due and not posted yet; `since` is when the first of its rows was committed in
    the EAM."""

    rule: str
    group: str
    rows: int
    since: datetime


def due_groups(ledger: Ledger, pipeline: str) -> list[DueGroup]:
    """The first of them."""
    found: list[DueGroup] = []
    for (rule, group), (rows, first) in [*_due(ledger, pipeline).items()][:GROUPS_MAX]:
        for (change,) in ledger.query(_FIRST, (pipeline, rule, group, first)):  # none where it is posted by now
            since = moment(str(json.loads(str(change))["committed_at"]))
            found.append(DueGroup(rule, group, rows, since))
    return found


def is_any_due(ledger: Ledger, pipeline: str) -> bool:
    """Whether there is one."""
    return bool(_due(ledger, pipeline))


def _due(ledger: Ledger, pipeline: str) -> dict[tuple[str, str], tuple[int, str]]:
    """By rule and group how many rows are due, and where the first of them was."""
    released: defaultdict[str, set[str]] = defaultdict(set)
    for rule, group in ledger.query(_RELEASED, (pipeline,)):
        released[str(rule)].add(str(group))
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for rule, group, due, rows, first in ledger.query(_OPEN, (pipeline,)):
        of = str(rule), str(group)
        if due or is_released(*of, released):
            held, at = found.get(of, (0, str(first)))
            found[of] = held + int(str(rows)), min(at, str(first))
    return found
