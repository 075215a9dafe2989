"""Collected rows: kept when they are read, due when their group is released, taken when it is posted."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from connectors.ledger import collected_events
from connectors.ledger.collected_events import Head, Said
from connectors.ledger.fitting import change_text
from connectors.ledger.state import SQL, Work
from syncd.audit import digest
from syncd.change import Value
from syncd.posting import Collected, Outcome, Posting, begins, is_released

_COLUMNS: Final = (
    *("pipeline", "key", "rule", "grp", "card", "subject", "change", "position", "number", "due", "posted"),
)
_KEY: Final = ("pipeline", "key")


def collect(work: Work, outcomes: Sequence[Outcome]) -> Head:
    """Keep rows and release groups, in the order in which they were read: a row that comes after its group was
    released is due at once, and so is one that was parked when that was due and comes again. Where the chain ends with
    it is to be remembered once finance has taken it all."""
    kept: dict[str, tuple[Posting, Collected, int | None]] = {}
    gone: dict[str, None] = {}
    released: defaultdict[str, set[str]] = defaultdict(set)
    for outcome in outcomes:
        for posting in outcome.postings:
            mine = posting.collected
            if mine is not None and mine.replaces:
                gone[mine.replaces] = None
                kept.pop(mine.replaces, None)
            if mine is not None and not mine.withdraws:
                kept[posting.key] = posting, mine, outcome.parked_id
            if posting.release is not None:
                released[posting.release.rule].add(posting.release.group)
    releases = [(rule, group) for rule, groups in released.items() for group in sorted(groups)]
    for rule, group in releases:
        work.database.execute(SQL["release"], (work.pipeline, rule, group))
        work.state.released[rule].add(group)
        work.state.may_be_due = True
    came = [Said("released", [text for of in releases for text in of])]
    if gone:
        came.append(Said("gone", [*gone]))
        work.database.put("syncd.collected", _KEY, _KEY, "delete", [[(work.pipeline, key) for key in gone]])
    if kept:
        work.state.collects = True
        rows = [_row(work, posting, mine, again) for posting, mine, again in kept.values()]
        came.append(Said("collected", [text for row in rows for text in (str(row[1]), _digest(row))]))
        work.database.put("syncd.collected", _COLUMNS, (), "insert", [rows])
    for rule, group in releases:
        for waiting in {of for of in work.state.failed_rows.values() if of[0] == rule and begins(of[1], group)}:
            work.database.execute(SQL["group_waits_no_more"], (work.pipeline, *waiting))
    return collected_events.record(work, came)


def least_due(work: Work, rule: str, group: str) -> int:
    """The least mark of a row of the group that is due: those that were there when their group was released have none
    of their own, for a month's are millions."""
    return 0 if is_released(rule, group, work.state.released) else 1


def due_groups(work: Work) -> Sequence[tuple[str, str]]:
    """Groups with rows that are due and not yet posted, in source order of their first."""
    found = [(str(r), str(g), due) for r, g, due in work.database.query(SQL["open_groups"], (work.pipeline,))]
    return [*dict.fromkeys((r, g) for r, g, due in found if due or is_released(r, g, work.state.released))]


def take(work: Work, rule: str, group: str, outcomes: Sequence[Outcome]) -> None:
    """Mark the rows of a group that were posted. A row that was parked leaves the group, its retry brings it back;
    when nothing of a group could be posted, the rest waits until it is settled, however that comes about."""
    key = ""
    left: list[str] = []
    due = rule, group, least_due(work, rule, group)
    for outcome in outcomes:
        if outcome.rejection is not None:
            position, number = outcome.change.position, work.numbers[outcome.change.position]
            left += _keys(work, "keys_at", rule, group, position)
            work.database.execute(SQL["uncollect"], (work.pipeline, rule, group, position))
            work.database.execute(SQL["add_failed_row"], (work.pipeline, number, rule, group))
            work.state.failed_rows[number] = rule, group
        elif outcome.postings:
            key = outcome.postings[0].key
    came = [Said("gone", left)]
    if key:
        came.append(Said("taken", _keys(work, "due_keys", *due), key))
        work.database.execute(SQL["take"], (key, work.pipeline, *due))
    else:
        work.database.execute(SQL["wait_group"], (work.pipeline, *due))
    collected_events.remember(work, collected_events.record(work, came))


def settled(work: Work, parked_id: int) -> None:
    """A parked row is settled: what was left of its group waits for it no more."""
    failed = work.state.failed_rows.pop(parked_id, None)
    if failed is not None:
        work.database.execute(SQL["remove_failed_row"], (work.pipeline, parked_id))
        work.database.execute(SQL["group_waits_no_more"], (work.pipeline, *failed))
        work.state.may_be_due = True


def _keys(work: Work, sql: str, *params: Value) -> list[str]:
    return [str(key) for (key,) in work.database.query(SQL[sql], (work.pipeline, *params))]


def _digest(row: tuple[Value, ...]) -> str:
    """What the chain knows a row by, in the order of `_COLUMNS`: whatever of it the daemon does not change."""
    return digest(*map(str, row[2:9]))


def _is_due(work: Work, mine: Collected, parked_id: int | None) -> bool:
    rule, group = mine.rule, mine.group
    was = None if parked_id is None else work.state.failed_rows.get(parked_id)
    return was == (rule, group) or is_released(rule, group, work.state.released)


def _row(work: Work, posting: Posting, collected: Collected, parked_id: int | None) -> tuple[Value, ...]:
    """A row that was parked keeps its number, for it may be parked again."""
    change = change_text(work.tables[posting.change.table], posting.change, work.database.text_bytes_max)
    position = posting.change.position
    number = work.numbers[position] if parked_id is None else parked_id
    is_due = _is_due(work, collected, parked_id)
    if is_due:
        work.state.may_be_due = True
    return (work.pipeline, posting.key, *collected[:3], posting.subject, change, position, number, int(is_due), "")
