"""A real MariaDB server."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pymysql

from tests.servers.process import Process, free_port, own_directory

ACCOUNT = "mysql"
USER, PASSWORD = "syncd", "secret"
INSTALL = "MariaDB's server is not installed: run `apt-get install mariadb-server`, or put mariadbd on PATH"
_USERS = f"""
CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;
"""


class MariaDb:
    """A MariaDB server that may be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self._data = directory / "data"
        self._socket = directory / "socket"
        self._users = directory / "users.sql"
        self._users.write_text(_USERS)
        self._my_cnf = directory / "my.cnf"
        self._my_cnf.write_text("")
        self._settings = settings
        self._process = Process(directory, ACCOUNT)
        self._names = (f"test_{n}" for n in count(1))
        self._process.once(
            [
                _binary("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self._data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-log-bin",
                "--innodb-log-file-size=4M",
                "--debug-no-sync",
            ]
        )

    def start(self) -> None:
        """Start, and return once the server takes connections."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items() if value]
        self._process.start(
            [
                _binary("mariadbd"),
                f"--defaults-file={self._my_cnf}",
                f"--datadir={self._data}",
                f"--tmpdir={self._data.parent}",  # a server that starts empties its own, whoever else's it is
                f"--port={self.port}",
                f"--socket={self._socket}",
                f"--init-file={self._users}",
                *options,
            ],
            self._answers,
        )

    def stop(self) -> None:
        """Stop as a service manager would."""
        self._process.stop(signal.SIGTERM)

    def kill(self) -> None:
        """As if the power went."""
        self._process.stop(signal.SIGKILL)

    def send(self, how: signal.Signals) -> None:
        """As `kill` does in a shell: SIGSTOP and SIGCONT make it hang for a while."""
        self._process.send(how)

    def restart(self, my_cnf: str = "", **settings: str) -> None:
        """Stop and start, with this text in my.cnf and these settings from now on beside the others."""
        self.stop()
        self._my_cnf.write_text(my_cnf)
        self._settings |= settings
        self.start()

    def dsn(self, database: str = "mysql", user: str = USER, password: str = PASSWORD) -> str:
        return f"mysql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def cut(self, file: str, size: int) -> None:
        """Cut the end off a file of the log, as a server leaves it that falls while it writes."""
        os.truncate(self._data / file, size)

    def end_with(self, file: str, size: int, rest: bytes) -> None:
        """Let a file of the log end otherwise behind so many bytes, as a disk or a version that nobody knows leaves
        it."""
        self.cut(file, size)
        with (self._data / file).open("ab") as log:
            log.write(rest)

    def create_database(self) -> str:
        """The DSN of a new, empty database."""
        name = next(self._names)
        self.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.dsn(name)

    def drop_database(self, dsn: str) -> None:
        """Drop a database; whoever is still connected to it is disconnected."""
        name = dsn.rpartition("/")[2]
        for (connection,) in self.run("SELECT id FROM information_schema.processlist WHERE db = %s", name):
            with suppress(pymysql.err.OperationalError):  # it has gone by itself
                self.run(f"KILL {connection}")
        self.run(f"DROP DATABASE IF EXISTS {name}")

    def run(self, sql: str, *params: object, database: str = "mysql") -> list[tuple[object, ...]]:
        """One statement as an administrator, committed; its rows, if it gives any."""
        connection = self._connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def _connect(self, database: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            ssl_disabled=True,
        )

    def _answers(self) -> bool:
        try:
            self._connect("mysql").close()
        except pymysql.err.OperationalError:
            return False
        return True


@contextmanager
def mariadb_server(**settings: str) -> Iterator[MariaDb]:
    """A started server whose log can be read; `settings` override, as `binlog_format="STATEMENT"`; an empty one is
    left to the server."""
    defaults = {
        "bind_address": "127.0.0.1",
        "server_id": "1",
        "log_bin": "binlog",
        "binlog_format": "ROW",
        "binlog_row_image": "FULL",
        "binlog_row_metadata": "FULL",
        "gtid_strict_mode": "ON",
        "sync_binlog": "0",
        "innodb_flush_log_at_trx_commit": "2",
        "innodb_buffer_pool_size": "64M",
        "innodb_log_file_size": "32M",
        "character_set_server": "utf8mb4",
        "max_connections": "100",
        "skip_name_resolve": "ON",
        "innodb_file_per_table": "OFF",
        "performance_schema": "OFF",
        "debug_no_sync": "ON",  # a killed server loses nothing that it wrote; the machine itself does not fall
    }
    with own_directory("mariadb", ACCOUNT) as directory:
        server = MariaDb(directory, defaults | settings)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _binary(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise AssertionError(INSTALL)
    return found
