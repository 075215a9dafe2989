"""Whether a row that was given up may take its place again: not once something behind it went on without it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from syncd.change import Table
from syncd.folding import differ
from syncd.record import decode_change, decode_row
from syncd.statements import like

Query = Callable[[str, Sequence[object]], Sequence[Sequence[object]]]
_LATER: Final = """
SELECT (SELECT count(*) FROM syncd.posting WHERE pipeline = ? AND subject = ? AND posted_at >= ?)
     + (SELECT count(*) FROM syncd.collected WHERE pipeline = ? AND subject = ? AND number > ?)
     + (SELECT count(*) FROM syncd.parked
        WHERE pipeline = ? AND subject = ? AND id > ? AND state IN ('posted', 'ignored') AND settled_at >= ?)
"""
_MADE_ANEW: Final = (
    "SELECT row_keys FROM syncd.depreciated WHERE pipeline = ? AND run = ? AND live = 0 AND row_keys LIKE ?"
)
_MIRROR: Final = "SELECT image FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?"


def is_overtaken(
    query: Query,
    tables: Mapping[str, Table],
    pipeline: str,
    id: int,
    subject: str,
    settled_at: str,
    sent: str,
    source_key: str,
) -> bool:
    """Whether, since a parked row was settled, later rows of its subject were carried, or the EAM has changed the row
    itself: that was judged by what finance held without it. `sent` is the change as the EAM sent it, as
    `record.encode_change` has it. Raises KeyError when the mapping no longer has its table."""
    at = (pipeline, subject, settled_at, pipeline, subject, id, pipeline, subject, id, settled_at)
    ((later,),) = query(_LATER, at)
    return bool(later) or is_otherwise(query, tables, pipeline, sent, source_key)


def is_made_anew(query: Query, pipeline: str, position: str, source_key: str) -> bool:
    """Whether a row of a run of depreciation carries a month, by itself or with those of other departments, that was
    given up with it, or taken back: the next run makes it. `position` is that of its change."""
    place, _, rest = position.partition(":")
    if place != "run":
        return False
    run = "/".join(rest.split("/")[-3:-1])
    months = query(_MADE_ANEW, (pipeline, run, like(json.dumps(source_key, ensure_ascii=False))))
    return any(source_key in json.loads(str(keys)) for (keys,) in months)


def is_otherwise(query: Query, tables: Mapping[str, Table], pipeline: str, sent: str, source_key: str) -> bool:
    """Whether the EAM has a row otherwise by now than a change left it, as far as its log was carried. Raises KeyError
    when the mapping no longer has its table."""
    change = decode_change(tables, sent)
    found = query(_MIRROR, (pipeline, change.table, source_key))
    if change.after is None or not found:
        return bool(found) != (change.after is not None)
    return differ(change.after, decode_row(tables[change.table], str(found[0][0])))
