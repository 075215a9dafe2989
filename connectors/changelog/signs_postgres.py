"""The signs of a change table in PostgreSQL: what is made anew has another oid, what is altered another xmin, what is
written anew another file (see `connectors.postgres.marks`)."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.changelog.rows import Columns
from connectors.changelog.signs import Look, Signs, TableSigns
from connectors.changelog.triggers_postgres import NAMES, TRIGGER_SIGN, WHOLE
from connectors.postgres import marks
from syncd.errors import Gap

_OF_TABLE: Final = f"""
    SELECT b.oid::text || ' ' || {TRIGGER_SIGN} FROM below b JOIN pg_trigger t ON t.tgrelid = b.oid
    WHERE b.root = w.oid AND t.tgname IN {NAMES} GROUP BY b.oid ORDER BY 1
"""


def look(asked: marks.Asked, schema: str, tables: Mapping[str, Columns]) -> Look:
    """The signs as they are now. Raises Transient or Halt."""
    teller = marks.Teller(WHOLE, (schema,) * 2, _OF_TABLE, ())
    seen = marks.look_at(asked, teller, {name: columns.names for name, columns in tables.items()})
    found = {
        name: TableSigns(
            dict(str(trigger).split(" ", 1) for trigger in of.published),
            [of.oid, of.columns, {oid: list(file) for oid, file in of.files.items()}],
        )
        for name, of in seen.marks.tables.items()
    }
    return Look(Signs(seen.marks.publication, found, seen.marks.seen), seen.standing)


def hole(asked: marks.Asked, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None:
    """What no trigger tells."""
    return next(marks.gaps_of(asked, table, _marks(was.shape), _marks(now.shape), seen), None)


def _marks(shape: Any) -> marks.TableMarks:
    oid, columns, files = shape
    return marks.TableMarks(oid, (), columns, {part: (file, by) for part, (file, by) in files.items()})
