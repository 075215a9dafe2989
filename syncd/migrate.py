"""syncd's own tables: brought up to date by `syncd migrate`, looked at before anything is posted.

A migration that was applied is never edited: its checksum is kept, and one that changed or went missing is refused.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from syncd import statements
from syncd.errors import Halt
from syncd.files import shipped
from syncd.ports import Desk
from syncd.record import timestamp


class Migration(NamedTuple):
    """A file of `migrations/`, `NNNN_what.sql`; its name orders it."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()


class Migrated(Protocol):
    """What a ledger offers to be migrated."""

    @property
    def dialect(self) -> str: ...

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...
    def desk(self) -> AbstractContextManager[Desk]: ...


class Queried(Protocol):
    """What tells which migrations were applied."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...


_TABLE = (
    "CREATE TABLE IF NOT EXISTS syncd.migration"
    " (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)"
)


def migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The migrations that this version of syncd ships, in order."""
    files = sorted((folder or shipped("migrations")).glob("[0-9]*.sql"))
    return tuple(Migration(file.stem, file.read_text("utf-8")) for file in files)


def pending(ledger: Queried, known: Sequence[Migration] | None = None) -> list[Migration]:
    """What is still to be applied. Raises Halt when what was applied is not what this version ships."""
    known = migrations() if known is None else known
    applied = _applied(ledger)
    names = {migration.name for migration in known}
    for name in applied.keys() - names:
        raise Halt("migration_missing", migration=name)
    for migration in known:
        if migration.name in applied and applied[migration.name] != migration.checksum:
            raise Halt("migration_changed", migration=migration.name)
    return [migration for migration in known if migration.name not in applied]


def require(ledger: Queried) -> None:
    """Refuse a ledger whose tables are not those of this version."""
    if missing := pending(ledger):
        raise Halt("migration_pending", migrations=", ".join(migration.name for migration in missing))


def migrate(ledger: Migrated, now: datetime, known: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is pending; the names of what was applied. Interrupted, it has done nothing, or on a server whose
    definitions commit by themselves what the next call goes on from."""
    with ledger.desk() as desk:
        if ledger.dialect == "postgres" and not desk.query("SELECT 1 FROM pg_namespace WHERE nspname = 'syncd'"):
            _create_schema(desk)
        desk.define([_TABLE])
        todo = pending(desk, known)
        for migration in todo:
            desk.define(statements.script(migration.text))
            desk.execute(
                "INSERT INTO syncd.migration (name, checksum, applied_at) VALUES (?, ?, ?)",
                (migration.name, migration.checksum, timestamp(now)),
            )
    return [migration.name for migration in todo]


def _create_schema(desk: Desk) -> None:
    """A user that may not make one uses one that a DBA has made."""
    ((user,),) = desk.query("SELECT quote_ident(current_user)")
    try:
        desk.execute("CREATE SCHEMA syncd")
    except Halt as halt:
        if halt.code != "finance_no_right":
            raise
        raise Halt("migration_schema", user=user) from None


def _applied(ledger: Queried) -> dict[str, str]:
    try:
        rows = ledger.query("SELECT name, checksum FROM syncd.migration ORDER BY name")
    except Halt as halt:
        if halt.code != "finance_no_table":
            raise
        rows = []
    return {str(name): str(checksum) for name, checksum in rows}
