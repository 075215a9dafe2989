"""Collected rows: kept when they are read, due when their group is released, taken when it is posted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.ledger.standing import SQL, Work
from syncd.change import Value
from syncd.posting import Collected, Outcome, Posting
from syncd.record import encode_change

_COLUMNS: Final = ("pipeline", "key", "rule", "grp", "subject", "change", "position", "due", "posted")


def collect(work: Work, postings: Sequence[Posting]) -> None:
    """Keep rows and release groups, in the order in which they were read: a row that comes after its group was
    released is due at once."""
    kept: dict[str, tuple[Posting, Collected]] = {}
    due: dict[str, Collected] = {}
    released: defaultdict[str, set[str]] = defaultdict(set)
    for posting in postings:
        collected, release = posting.collected, posting.release
        if collected is not None:
            kept[posting.key] = posting, collected
            if _is_released(collected, work.standing.released) or _is_released(collected, released):
                due[posting.key] = collected
        if release is not None:
            released[release.rule].add(release.group)
            due |= {key: mine for key, (_, mine) in kept.items() if _is_released(mine, released)}
    releases = [(rule, group) for rule, groups in released.items() for group in sorted(groups)]
    for rule, group in releases:
        work.database.execute(SQL["release"], (work.pipeline, rule, group))
        work.standing.released[rule].add(group)
    if kept:
        work.standing.collects = True
        rows = [_row(work, posting, collected, posting.key in due) for posting, collected in kept.values()]
        work.database.put("syncd.collected", _COLUMNS, (), "insert", [rows])
    for rule, group in dict.fromkeys([*releases, *due.values()]):
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


def _row(work: Work, posting: Posting, collected: Collected, is_due: bool) -> tuple[Value, ...]:
    change = encode_change(work.tables[posting.change.table], posting.change)
    position = posting.change.position
    return (work.pipeline, posting.key, *collected, posting.subject, change, position, int(is_due), "")


def _is_released(collected: Collected, released: Mapping[str, set[str]]) -> bool:
    """Whether the row's group, or values it begins with, are among the groups released by rule."""
    rule, group = collected
    prefixes = {"", group, *(group[:i] for i, character in enumerate(group) if character == "|")}
    return not prefixes.isdisjoint(released.get(rule, ()))
