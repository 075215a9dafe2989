"""An anchor by what the configuration says of its place. A database's driver is imported when its kind is named."""

from pathlib import Path
from urllib.parse import unquote

from connectors.anchor.file import AnchorFile
from connectors.anchor.table import AnchorTable
from connectors.ledger.database import Database
from syncd.errors import WrongUsage, no_driver
from syncd.ports import Anchor


def in_database(dsn: str, here: Path) -> Anchor:
    """One in the database of a `dsn`; a SQLite file is relative to `here`. Raises WrongUsage for a kind that there is
    not, Halt where its driver is not installed."""
    kind, _, rest = dsn.partition("://")
    return AnchorTable(_database(kind, dsn, here / unquote(rest.removeprefix("/"))), f"{kind}://…")


def in_file(path: Path) -> Anchor:
    """One in a file."""
    return AnchorFile(path)


def _database(kind: str, dsn: str, file: Path) -> Database:
    if kind in ("postgresql", "postgres"):
        try:
            from connectors.ledger.postgres import Postgres
        except ModuleNotFoundError:
            raise no_driver("psycopg2", "postgres") from None
        return Postgres(dsn, "anchor")
    if kind in ("mysql", "mariadb"):
        try:
            from connectors.ledger.mysql import MySql
            from connectors.mysql.dsn import parse
        except ModuleNotFoundError:
            raise no_driver("pymysql", "mysql") from None
        return MySql(parse(dsn).arguments())
    if kind == "sqlite":
        from connectors.ledger.sqlite import Sqlite

        return Sqlite(file)
    raise WrongUsage("anchor_kind", known="postgresql, mysql, sqlite")
