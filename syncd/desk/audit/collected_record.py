"""Collected rows against their record: which were kept and as what, which were dropped, and which a posting took; the
groups that were released; and the months that runs of depreciation have made, of which the same chain tells.

The chain of events is folded in a database of its own, which lies in memory while it is small and on disk when it is
not; then every collected row and every month must be as it is told there.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Final

from syncd import audit
from syncd.desk.audit.anchors import Watch
from syncd.desk.audit.stretches import FLAWS_MAX, SQL, Flaws, read
from syncd.ports import Ledger
from syncd.record import RENAMED_LIKE, renamed

LOT: Final = 1_000
"""Rows that are compared at once."""
EVENTS_READ: Final = 20
"""Events that are read at once; each may tell of a thousand rows."""
CACHE_KIB: Final = 16_384


def verify(ledger: Ledger, pipeline: str, watch: Watch, flaws: Flaws) -> int:
    """How many events there are. A pipeline that was not begun since there is their chain has none."""
    with ledger.reading(), closing(sqlite3.connect("", isolation_level=None)) as told:
        told.execute("PRAGMA journal_mode = OFF")
        told.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        told.execute("CREATE TABLE told (key TEXT PRIMARY KEY, content TEXT, posted TEXT) WITHOUT ROWID")
        told.execute("CREATE TABLE released (rule TEXT, grp TEXT, PRIMARY KEY (rule, grp)) WITHOUT ROWID")
        told.execute("CREATE TABLE made (digest TEXT PRIMARY KEY, run TEXT) WITHOUT ROWID")
        ends = ledger.query(SQL["end"], (pipeline,))
        seq, head = (int(str(ends[0][4])), str(ends[0][5])) if ends else (0, audit.GENESIS)
        found, last = 0, audit.GENESIS

        def records() -> Iterator[tuple[int, Sequence[str], str]]:
            nonlocal found, last
            for rows in read(ledger, "collected_events", (pipeline,), of=EVENTS_READ):
                told.execute("BEGIN")
                for row in rows:
                    found, last = found + 1, str(row[-1])
                    fields = [str(value) for value in row[:-1]]
                    watch.see("collected", int(fields[0]), last)
                    _fold(told, *fields[2:])
                    yield int(fields[0]), fields, last
                told.execute("COMMIT")

        for broken in audit.breaks(records()):
            flaws.add("audit_collected_event", pipeline=pipeline, seq=broken)
        if (seq, head or audit.GENESIS) != (found, last):
            flaws.add("audit_collected_end", pipeline=pipeline, seq=seq, found=found)
        if head or found:
            _compare(ledger, pipeline, told, flaws)
            for rule, group in _released_otherwise(ledger, pipeline, told):
                flaws.add("audit_released", pipeline=pipeline, rule=rule, group=group)
            for run in sorted(_remade(ledger, pipeline, told)):
                flaws.add("audit_run_made", pipeline=pipeline, run=run)
        return found


def _fold(told: sqlite3.Connection, event: str, posting: str, content: str) -> None:
    """One event on top of the earlier ones. One that somebody has made unreadable is told by the chain."""
    try:
        texts = [str(text) for text in json.loads(content)]
    except (ValueError, TypeError):
        return
    count = audit.TOLD_OF_ROW.get(event, 1)
    rows = [*zip(*(texts[place::count] for place in range(count)), strict=False)]
    if event == "released":
        told.executemany("INSERT OR REPLACE INTO released VALUES (?, ?)", rows)
    elif event == "made":
        told.executemany("INSERT OR REPLACE INTO made VALUES (?, ?)", [(digest, posting) for (digest,) in rows])
    elif event == "kept":
        told.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", rows)
    elif event == "collected":
        told.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, '')", rows)
    elif event == "gone":
        told.executemany("DELETE FROM told WHERE key = ?", rows)
    elif event == "taken":
        told.executemany("UPDATE told SET posted = ? WHERE key = ?", [(posting, key) for (key,) in rows])


def _compare(ledger: Ledger, pipeline: str, told: sqlite3.Connection, flaws: Flaws) -> None:
    """Rows that are not as they are told, that are told of and gone, or of which nothing is told."""
    with closing(ledger.scan(SQL["collected_rows"], (pipeline,))) as rows:
        while lot := [tuple(map(str, row)) for row in islice(rows, LOT)]:
            marks, keys = ", ".join("?" * len(lot)), [row[0] for row in lot]
            found = told.execute(f"SELECT key, content, posted FROM told WHERE key IN ({marks})", keys)
            of_key = {key: (content, posted) for key, content, posted in found}
            for key, posted, *row in lot:
                if (said := of_key.get(key)) is None:
                    flaws.add("audit_collected_added", pipeline=pipeline, key=key)
                elif audit.digest(*row) != said[0]:
                    flaws.add("audit_collected", pipeline=pipeline, key=key)
                elif posted != said[1]:
                    by = {"found": posted or "–", "said": said[1] or "–"}
                    flaws.add("audit_collected_taken", pipeline=pipeline, key=key, **by)
            told.execute(f"DELETE FROM told WHERE key IN ({marks})", keys)
    for (key,) in told.execute("SELECT key FROM told ORDER BY key LIMIT ?", (FLAWS_MAX,)):
        flaws.add("audit_collected_gone", pipeline=pipeline, key=key)


def _released_otherwise(ledger: Ledger, pipeline: str, told: sqlite3.Connection) -> list[tuple[str, str]]:
    """The releases that somebody has added or taken away. Of a pipeline that was not begun since they are told nothing
    is said."""
    known = {(str(rule), str(group)) for rule, group in told.execute("SELECT rule, grp FROM released")}
    found = {(str(rule), str(group)) for rule, group in ledger.query(SQL["released"], (pipeline,))}
    return sorted(known ^ found) if known else []


def _remade(ledger: Ledger, pipeline: str, told: sqlite3.Connection) -> set[str]:
    """Runs of which a month is kept otherwise than it was made, is gone, or was never made. Of a pipeline that was not
    begun since months are told nothing is said."""
    if not told.execute("SELECT 1 FROM made LIMIT 1").fetchone():
        return set()
    found: set[str] = set()
    renamings: Sequence[tuple[int, str, str]] | None = None
    with closing(ledger.scan(SQL["made"], (pipeline,))) as rows:
        while lot := [tuple(map(str, row)) for row in islice(rows, LOT)]:
            of_row = {audit.digest(*row): row for row in lot}
            known = _taken(told, [*of_row])
            if others := [row for digest, row in of_row.items() if digest not in known]:
                if renamings is None:
                    renamings = _renamings(ledger, pipeline)
                for row in others:
                    earlier = [audit.digest(code, *row[1:]) for code in _earlier(row, renamings)]
                    if not _taken(told, earlier):
                        found.add(row[audit.MONTH.index("run")])
    return found | {str(run) for (run,) in told.execute("SELECT DISTINCT run FROM made")}


def _taken(told: sqlite3.Connection, digests: Sequence[str]) -> set[str]:
    """Those of the digests that are told of, which are looked for no more."""
    marks = ", ".join("?" * len(digests))
    found = {str(one) for (one,) in told.execute(f"SELECT digest FROM made WHERE digest IN ({marks})", digests)}
    told.execute(f"DELETE FROM made WHERE digest IN ({marks})", digests)
    return found


def _renamings(ledger: Ledger, pipeline: str) -> list[tuple[int, str, str]]:
    """Which posting has called which card otherwise, the latest first."""
    rows = ledger.query(SQL["renaming"], (pipeline, RENAMED_LIKE))
    found = [(int(str(seq)), old, new) for seq, content in rows for old, new in renamed(str(content))]
    return found[::-1]


def _earlier(row: Sequence[str], renamings: Sequence[tuple[int, str, str]]) -> Iterator[str]:
    """What the asset of a month may have been called when it was made."""
    code, made_at = row[0], int(row[audit.MONTH.index("posting_seq")])
    for seq, old, new in renamings:
        if seq > made_at and code == new:
            code = old
            yield code
