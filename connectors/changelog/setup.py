"""A change table and its triggers are put into an EAM, kept in order and taken out again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self

from connectors.changelog.rows import Columns, Database
from syncd.change import Table
from syncd.connector import Holding
from syncd.errors import Halt

PRUNED_ROWS_MAX: Final = 2_000
"""Rows that are deleted at once."""
RELEASE_PATIENCE_S: Final = 3


@dataclass(frozen=True)
class Settings:
    """Where the change table is."""

    dialect: Literal["sqlite", "postgres", "mysql"]
    """The kind of database that the EAM runs on: `sqlite`, `postgres`, or `mysql`, which is MariaDB too."""
    database: str
    """SQLite: the path of the file, relative to the configuration. PostgreSQL: a connection string or URI. MySQL:
    `mysql://user:password@host:port/database`, where the change table is, and tables that the mapping names without a
    database; triggers run as the user who installed them, who must stay."""
    schema: str = "public"
    """PostgreSQL: the schema of the change table, and of tables that the mapping names without one."""
    zone: str = "Asia/Shanghai"
    """The time zone of times that the EAM keeps without one."""
    prune_rows_max: int = 5_000
    """Rows that the daemon deletes from the change table a second, once all pipelines have them in finance. 0 leaves
    it to `syncd changelog prune`."""

    def beside(self, folder: Path) -> Self:
        """With the file of SQLite in the configuration's folder, where its path is relative."""
        return replace(self, database=str(folder / self.database)) if self.dialect == "sqlite" else self


def install(settings: Settings, tables: Mapping[str, Table], dry_run: bool = False) -> list[str]:
    """Put the triggers in the EAM, in one transaction; returns the statements, which a dry run leaves to the DBA.
    Columns that other mappings need stay covered. Raises Halt for a table or column that is not there."""
    database = open_database(settings, "")
    try:
        wanted = wanted_of(database, tables)
        for name, columns in wanted.items():
            _refuse_unknown(database, name, columns)
        covered = database.covered()
        statements = database.install_sql(
            {name: columns.with_all_of(covered.get(name, columns)) for name, columns in wanted.items()}
        )
        if dry_run:
            return database.printed(statements)
        _execute(database, statements, "syncd changelog install --print")
        return statements
    finally:
        database.close()


def remove(settings: Settings, tables: Mapping[str, Table], dry_run: bool = False) -> list[str]:
    """Take the triggers of these tables out of the EAM, and the change table with the last of them."""
    database = open_database(settings, "")
    try:
        names = list(wanted_of(database, tables))
        statements = database.remove_sql(names, last=not set(database.tracked()) - set(names))
        if dry_run:
            return database.printed(statements)
        _execute(database, statements, "syncd changelog remove --print")
        return statements
    finally:
        database.close()


def prune(settings: Settings, dry_run: bool = False) -> int:
    """Delete what every pipeline has acknowledged; how many rows that is."""
    database = open_database(settings, "")
    try:
        if not database.is_installed():
            raise Halt("changelog_missing")
        if dry_run:
            return database.prunable()
        pruned = 0
        while count := database.prune(PRUNED_ROWS_MAX):
            pruned += count
        return pruned
    finally:
        database.close()


def holdings(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[Holding]:
    """The triggers and the change table; where other pipelines read it, only what is kept there for this one is its
    own."""
    database = open_database(settings, "")
    try:
        if not database.is_installed():
            return []
        marks, readers, tracked = database.marks(), database.readers(), set(database.tracked())
        rows = {"rows": str(max(0, marks.last - marks.pruned))}
        names = [name for name in wanted_of(database, tables) if name in tracked]
        removal = database.remove_sql(names, last=tracked <= set(names))
        is_shared = any(name != pipeline for name in readers)
        own = Holding("acknowledgement", pipeline, [database.forget_sql(pipeline)], True)
        return [
            *([own] if is_shared and pipeline in readers else []),
            Holding("triggers", ", ".join(names), removal, not is_shared, rows),
        ]
    finally:
        database.close()


def release(settings: Settings, pipeline: str, holdings: Sequence[Holding]) -> None:
    """Take them away, without keeping the EAM's own statements waiting."""
    database = open_database(settings, "")
    try:
        for holding in holdings:
            statements = [*database.patience_sql(RELEASE_PATIENCE_S), *holding.statements]
            _execute(database, statements, "syncd uninstall")
    finally:
        database.close()


def _execute(database: Database, statements: Sequence[str], command: str) -> None:
    """Raises Halt where the user may not, with the command that prints the statements for whoever may."""
    try:
        database.execute(statements)
    except Halt as halt:
        if halt.code == "changelog_binary_log":
            raise Halt(halt.code, **halt.params, command=command) from halt
        if halt.code == "changelog_refused":
            raise Halt("changelog_install_refused", error=halt.params["right"], command=command) from halt
        raise


def open_database(settings: Settings, pipeline: str) -> Database:
    """The kind of database that the settings name."""
    if settings.dialect == "sqlite":
        from connectors.changelog import sqlite as changelog_sqlite

        return changelog_sqlite.Database(settings.database, pipeline)
    if settings.dialect == "mysql":
        from connectors.changelog import mysql as changelog_mysql

        return changelog_mysql.Database(settings.database, pipeline)
    from connectors.changelog import postgres as changelog_postgres

    return changelog_postgres.Database(settings.database, settings.schema, pipeline)


def wanted_of(database: Database, tables: Mapping[str, Table]) -> dict[str, Columns]:
    """What the triggers must cover, by the table's name in the change table."""
    wanted: dict[str, Columns] = {}
    for table in tables.values():
        columns = columns_of(table)
        name = database.spelled(table.name)
        wanted[name] = columns.with_all_of(wanted.get(name, columns))
    return wanted


def columns_of(table: Table) -> Columns:
    """What the triggers must write of a table."""
    return Columns(tuple(c.name for c in table.columns), tuple(table.columns[i].name for i in table.key))


def _refuse_unknown(database: Database, name: str, columns: Columns) -> None:
    known = database.columns(name)
    if not known:
        raise Halt("changelog_no_table", table=name)
    missing = [c for c in columns.names if c not in known]
    if missing:
        raise Halt("changelog_no_column", table=name, columns=", ".join(missing), known=", ".join(sorted(known)))
