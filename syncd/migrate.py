"""syncd's own tables: brought up to date by `syncd migrate`, looked at before anything is posted.

A migration that was applied is never edited: its checksum is kept, and one whose statements changed or that went
missing is refused. Each change of the state moves syncd's version.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from syncd import statements
from syncd.errors import Halt
from syncd.files import shipped
from syncd.ports import Desk
from syncd.record import timestamp

BROUGHT_BY: Final[Mapping[str, str]] = {
    "0001_state": "0.1.0",
    "0002_shape": "0.2.0",
    "0003_order": "0.2.0",
    "0004_recent": "0.2.0",
    "0005_folded": "0.2.0",
    "0006_groups": "0.2.0",
    "0007_renamed": "0.2.0",
    "0007_source": "0.2.0",
    "0008_source": "0.2.0",
    "0009_last_date": "0.2.0",
    "0010_depreciation": "0.2.0",
    "0011_audit": "0.2.0",
    "0012_reconciled": "0.2.0",
    "0013_closing": "0.2.0",
    "0014_lifecycle": "0.2.0",
    "0015_outbox": "0.2.0",
    "0016_account": "0.3.0",
    "0017_collected": "0.4.0",
    "0018_person": "0.4.0",
    "0019_oidc": "0.4.0",
    "0020_sample": "0.4.0",
    "0021_action_target": "0.4.0",
}
"""Migration → the version of syncd that brought it."""
TAKEN_BACK: Final = frozenset({"0007_renamed", "0007_source"})
"""Migrations of which a later one drops or does everything. Where one was never applied it is not applied any more: a
table of theirs has no primary key, which some servers insist on."""
DONE_BY: Final[Mapping[str, str]] = {"0008_source": "0007_source"}
"""Migration → one that did the same. Where that was applied, nothing is left to do."""
_OF_WHOLE_TEXTS: Final[Mapping[str, frozenset[str]]] = {
    "0001_state": frozenset(
        (
            "fb93adea2b8bc1d1720af40c305a81fb9858113ec332c50b65d1b6c8e6ab4e6a",
            "b2d73a247f679f7afed2de42b7c9a3dc72588a34e8f29adfe7f1a633f3839e98",
        )
    )
}
"""Version 0.1.0 kept checksums of the whole text. These are of texts that have the same statements, and comments of
their own."""


class Migration(NamedTuple):
    """A file of `migrations/`, `NNNN_what.sql`; its name orders it."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Of its statements: neither comments nor white space change what it did."""
        said = (" ".join(statement.split()) for statement in statements.script(self.text))
        return sha256(";".join(said).encode()).hexdigest()

    def is_the_one(self, checksum: str) -> bool:
        """Whether it is what was applied under this checksum."""
        return checksum == self.checksum or checksum in _OF_WHOLE_TEXTS.get(self.name, ())


class Migrated(Protocol):
    """What a ledger offers to be migrated."""

    @property
    def dialect(self) -> str: ...

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...
    def desk(self) -> AbstractContextManager[Desk]: ...


class Queried(Protocol):
    """What tells which migrations were applied."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...


_MADE: Final = re.compile(r"CREATE TABLE (syncd\.\w+)")
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
        if migration.name in applied and not migration.is_the_one(applied[migration.name]):
            raise Halt("migration_changed", migration=migration.name)
    done = applied.keys() | TAKEN_BACK | {name for name, earlier in DONE_BY.items() if earlier in applied}
    return [migration for migration in known if migration.name not in done]


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


def tables(known: Sequence[Migration] | None = None) -> list[str]:
    """The tables that migrations have ever made, as statements name them."""
    known = migrations() if known is None else known
    made = [name for migration in known for name in _MADE.findall("\n".join(statements.script(migration.text)))]
    return ["syncd.migration", *dict.fromkeys(made)]


def take_away(ledger: Migrated) -> None:
    """Drop all of syncd's own tables in finance: nothing knows any more what was posted."""
    with ledger.desk() as desk:
        desk.define([f"DROP TABLE IF EXISTS {name}" for name in tables()])


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
