"""Collected rows: kept when they are read, due when their group is released, taken when it is posted."""

from collections.abc import Sequence
from typing import Final

from connectors.standing import SQL, Work
from syncd.change import Value
from syncd.posting import Outcome, Posting
from syncd.record import encode_change

_COLUMNS: Final = ("pipeline", "key", "rule", "grp", "subject", "change", "position", "due", "posted")


def collect(work: Work, postings: Sequence[Posting]) -> None:
    """Keep rows and release groups, in the order in which they were read: a row that comes after its group was
    released is due at once."""
    kept: list[list[Value]] = []
    released: dict[tuple[str, str], None] = {}
    for posting in postings:
        if posting.collected is not None:
            rule, group = posting.collected
            due = _is_due(work, rule, group) or any(r == rule and _begins(group, g) for r, g in released)
            row = (
                posting.key,
                rule,
                group,
                posting.subject,
                encode_change(work.tables[posting.change.table], posting.change),
            )
            kept.append([work.pipeline, *row, posting.change.position, int(due), ""])
        if posting.release is not None:
            released[posting.release] = None
            for row in kept:
                if row[2] == posting.release.rule and _begins(str(row[3]), posting.release.group):
                    row[7] = 1
    for rule, group in released:
        work.database.execute(SQL["release"], (work.pipeline, rule, group))
        work.standing.released[rule].add(group)
    if kept:
        work.database.put("syncd.collected", _COLUMNS, (), "insert", [[tuple(row) for row in kept]])
    for rule, group in {**released, **{(str(row[2]), str(row[3])): None for row in kept if row[7]}}:
        work.database.execute(SQL["fall_due"], (work.pipeline, rule, group, group, group, group))


def take(work: Work, rule: str, group: str, outcomes: Sequence[Outcome]) -> None:
    """Mark the rows of a group that were posted. A row that was parked leaves the group, its retry brings it back;
    when nothing of a group could be posted, the rest waits for that too."""
    key = ""
    for outcome in outcomes:
        if outcome.rejection is not None:
            work.database.execute(SQL["uncollect"], (work.pipeline, rule, group, outcome.change.position))
        elif outcome.postings:
            key = outcome.postings[0].key
    if key:
        work.database.execute(SQL["take"], (key, work.pipeline, rule, group))
    else:
        work.database.execute(SQL["wait_group"], (work.pipeline, rule, group))


def _is_due(work: Work, rule: str, group: str) -> bool:
    return any(_begins(group, prefix) for prefix in work.standing.released.get(rule, ()))


def _begins(group: str, prefix: str) -> bool:
    return not prefix or group == prefix or group.startswith(prefix + "|")
