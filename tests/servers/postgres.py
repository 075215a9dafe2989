"""A real PostgreSQL server."""

import shutil
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg2

from tests.servers.process import STOP_SECONDS_MAX, Process, free_port, own_directory

ACCOUNT = "postgres"
INSTALL = "PostgreSQL's server is not installed: run `apt-get install postgresql`, or put its bin directory on PATH"


DEFAULTS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "logical",
    "fsync": "off",
    "max_connections": "80",
    "max_wal_senders": "20",
    "max_replication_slots": "40",
    "max_wal_size": "2GB",
}


class Postgres:
    """A PostgreSQL server that may be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, settings: dict[str, str], segment_mb: str = "16") -> None:
        self.port = free_port()
        self._data = directory / "data"
        self._settings = settings
        self._process = Process(directory, ACCOUNT, death="INT")
        self._names = (f"test_{n}" for n in count(1))
        self._process.once(
            [
                str(_binary("initdb")),
                f"--pgdata={self._data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                f"--wal-segsize={segment_mb}",
            ]
        )

    def start(self) -> None:
        """Start, and return once the server takes connections."""
        settings = {"port": str(self.port), **self._settings}
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._process.start([str(_binary("postgres")), "-D", str(self._data), *options], self._answers)

    def stop(self, kill: bool = False) -> None:
        """Stop and break all connections; `kill` as if the power went."""
        self._process.stop(signal.SIGQUIT if kill else signal.SIGINT)

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """The DSN of a new, empty database."""
        name = next(self._names)
        self.run(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def drop_database(self, dsn: str) -> None:
        """Drop a database with whatever still uses it: connections and replication slots."""
        name = dsn.rpartition("/")[2]
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while self.run("SELECT 1 FROM pg_replication_slots WHERE database = %s AND active", name):
            assert time.monotonic() < deadline, f"a replication slot of {name} stays active"
            time.sleep(0.02)
        self.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", name)
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, sql: str, *params: object, database: str = "postgres") -> list[tuple[object, ...]]:
        """One statement as superuser, committed; its rows, if it gives any."""
        connection = psycopg2.connect(self.dsn(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.dsn()).close()
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def postgres_server(left: Collection[str] = (), segment_mb: str = "16", **settings: str) -> Iterator[Postgres]:
    """A started server with logical decoding; `settings` override, as `wal_level="replica"`. Those named in `left` are
    left to the server, where `ALTER SYSTEM` sets them. The log is written, kept and thrown away by segments. A killed
    server loses nothing that it wrote; the machine itself does not fall, so writes need not reach the disk."""
    with own_directory("postgres", ACCOUNT) as directory:
        given = {name: value for name, value in DEFAULTS.items() if name not in left}
        server = Postgres(directory, given | settings, segment_mb)
        try:
            server.start()
            yield server
        finally:
            server.stop(kill=True)


class Standby:
    """A server that follows another, and takes its place when told."""

    def __init__(self, directory: Path, primary: Postgres) -> None:
        self.port = free_port()
        self._data = directory / "data"
        self._process = Process(directory, ACCOUNT, death="INT")
        at = ["--host=127.0.0.1", f"--port={primary.port}", "--username=postgres"]
        self._process.once(
            [
                str(_binary("pg_basebackup")),
                *at,
                f"--pgdata={self._data}",
                "--write-recovery-conf",
                "--checkpoint=fast",
            ]
        )

    def start(self, settings: dict[str, str]) -> None:
        """Start, and return once it can be read."""
        options = [f"--{name}={value}" for name, value in (settings | {"port": str(self.port)}).items()]
        self._process.start([str(_binary("postgres")), "-D", str(self._data), *options], self._answers)

    def promote(self) -> None:
        """Return once it can be written."""
        self._process.once([str(_binary("pg_ctl")), "promote", "-D", str(self._data), "--wait"])

    def stop(self) -> None:
        self._process.stop(signal.SIGQUIT)

    def _answers(self) -> bool:
        try:
            psycopg2.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres").close()
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def standby_of(primary: Postgres) -> Iterator[Standby]:
    """A started standby of a server."""
    with own_directory("standby", ACCOUNT) as directory:
        standby = Standby(directory, primary)
        try:
            standby.start(DEFAULTS)
            yield standby
        finally:
            standby.stop()


def _binary(name: str) -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which(name)
    if not installed and not on_path:
        raise AssertionError(INSTALL)
    return installed[-1] if installed else Path(str(on_path))
