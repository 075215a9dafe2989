"""The chain of what became of collected rows: kept, kept no more, taken by a posting; of what released them; and of the
months that runs of depreciation have made. A batch that collects and releases nothing, posts no group and makes no
month costs nothing here; one that does, a record for every so many rows."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from connectors.ledger.state import SQL, Work
from syncd import audit
from syncd.change import Value

_COLUMNS: Final = ("pipeline", *audit.COLLECTED, "hash")
_MONTHS_READ: Final = 10_000
"""Of months that were made before they were chained: more than any asset has."""
_RUN: Final = audit.MONTH.index("run")
RECORD_ROWS: Final = 1_000
"""Collected rows that one record tells of, so that it is a text that every server takes."""


class Said(NamedTuple):
    """What became of rows. `texts` are of each row so many as `audit.TOLD_OF_ROW` says of the event."""

    event: str
    texts: Sequence[str]
    posting: str = ""


class Head(NamedTuple):
    """The end of the chain."""

    seq: int
    hash: str


def begin(work: Work) -> None:
    """Begin the chain, with the rows that were collected before there was one, as they are."""
    head, last = Head(0, audit.GENESIS), ""
    while rows := work.database.query(SQL["collected_before"], (work.pipeline, last, RECORD_ROWS)):
        told = [text for key, posted, *row in rows for text in (str(key), audit.digest(*map(str, row)), str(posted))]
        head = record(work, [Said("kept", told)], head)
        last = str(rows[-1][0])
    _move(work, head)


def begin_months(work: Work) -> None:
    """Take into the chain, as they are, the months that runs had made before any was told there."""
    last = ""
    while rows := work.database.query(SQL["months_before"], (work.pipeline, last, _MONTHS_READ)):
        if len(rows) == _MONTHS_READ:  # of the last asset there may be more
            rows = [row for row in rows if row[0] != rows[-1][0]] or rows
        by_run: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_run[str(row[_RUN])].append(audit.digest(*map(str, row)))
        remember(work, record(work, [Said("made", told, run) for run, told in sorted(by_run.items())]))
        last = str(rows[-1][0])
    work.state.months_before = False


def begin_releases(work: Work) -> None:
    """The same of the groups that were released."""
    told = [text for rule, groups in sorted(work.state.released.items()) for g in sorted(groups) for text in (rule, g)]
    remember(work, record(work, [Said("released", told)]))
    work.state.releases_before = False


def record(work: Work, came: Sequence[Said], head: Head | None = None) -> Head:
    """Chain what came of rows to all earlier of it. The end is for whoever called to remember, once nothing of it is
    undone any more."""
    seq, last = (work.state.collected_seq, work.state.collected_hash) if head is None else head
    rows: list[tuple[Value, ...]] = []
    for event, texts, posting in came:
        lot = RECORD_ROWS * audit.TOLD_OF_ROW[event]
        for start in range(0, len(texts), lot):
            seq += 1
            content = orjson.dumps(texts[start : start + lot]).decode()
            last = audit.seal(last, (str(seq), work.now, event, posting, content))
            rows.append((work.pipeline, seq, work.now, event, posting, content, last))
    if rows:
        work.database.put("syncd.collected_event", _COLUMNS, (), "insert", [rows])
        work.database.send(SQL["collected_end"], (seq, last, work.pipeline))
    return Head(seq, last)


def remember(work: Work, head: Head) -> None:
    """The chain ends here."""
    work.state.collected_seq, work.state.collected_hash = head


def _move(work: Work, head: Head) -> None:
    work.database.send(SQL["collected_end"], (*head, work.pipeline))
    remember(work, head)
