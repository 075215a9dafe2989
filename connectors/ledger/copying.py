"""How a finance database is copied whole with the tools that come with it. syncd's own tables lie in it, so that any
copy of one moment holds state and books of that moment."""

import re
from collections.abc import Mapping
from pathlib import Path

from connectors.mysql.dsn import Dsn
from syncd.connector import Copying


def of_postgres(given: Mapping[str, str], file: Path) -> Copying:
    """By pg_dump. `given` are a connection's parameters, as libpq names them."""
    named = " ".join(f"{name}={_libpq(value)}" for name, value in given.items() if name not in ("password", "options"))
    secrets = {"PGPASSWORD": given["password"]} if given.get("password") else {}
    return Copying(
        ["pg_dump", "--format=custom", f"--file={file}", f"--dbname={named}"],
        ["pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={named}", str(file)],
        secrets,
    )


def of_mysql(at: Dsn, file: Path) -> Copying:
    """By mariadb-dump, which is mysqldump on MySQL."""
    where = ["--socket=" + at.options["unix_socket"]] if "unix_socket" in at.options else [f"--host={at.host}"]
    where += [] if "unix_socket" in at.options else [f"--port={at.port}", "--protocol=tcp"]
    where += [f"--user={at.user}"]
    where += [f"--{name.replace('_', '-')}={value}" for name, value in at.options.items() if name in _CERTIFICATES]
    where += ["--skip-ssl"] if at.options.get("ssl_disabled") == "true" else []
    whole = ["--single-transaction", "--quick", "--routines", "--triggers", "--hex-blob", "--no-tablespaces"]
    return Copying(
        ["mariadb-dump", *where, *whole, f"--result-file={file}", at.database],
        ["mariadb", *where, f"--execute=source {file}", at.database],
        {"MYSQL_PWD": at.password} if at.password else {},
    )


def of_sqlite(database: Path, file: Path) -> Copying:
    """By sqlite3, while others write."""
    return Copying(
        ["sqlite3", str(database), f".backup {_quoted(file)}"],
        ["sqlite3", str(database), f".restore {_quoted(file)}"],
        {},
    )


_CERTIFICATES = ("ssl_ca", "ssl_cert", "ssl_key")
_PLAIN = re.compile(r"[\w./-]+")


def _libpq(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return escaped if value and not set(value) & set(" '\\") else f"'{escaped}'"


def _quoted(file: Path) -> str:
    """As the shell of SQLite takes it. Only where it must be: the command that is printed quotes it once more."""
    name = str(file)
    return name if _PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"
