"""Real database servers for the tests, each on a free port of 127.0.0.1 and in a directory of its own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg2

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
INSTALL = "PostgreSQL's server is not installed: run `apt-get install postgresql`, or put its bin directory on PATH"


class Postgres:
    """A PostgreSQL server that may be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.port = _free_port()
        self._data = directory / "data"
        self._log = directory / "log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._names = (f"test_{n}" for n in count(1))
        subprocess.run(
            [
                *_unprivileged(),
                str(_binary("initdb")),
                f"--pgdata={self._data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=directory,
        )

    def start(self) -> None:
        """Start, and return once the server takes connections."""
        settings = {"port": str(self.port), **self._settings}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_unprivileged(),
                    str(_binary("postgres")),
                    "-D",
                    str(self._data),
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                stdout=log,
                stderr=log,
                cwd=self._data.parent,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, kill: bool = False) -> None:
        """Stop and break all connections; `kill` as if the power went."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
        self._process.wait(STOP_SECONDS_MAX)
        self._process = None

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
def postgres_server(**settings: str) -> Iterator[Postgres]:
    """A started server with durable writes and logical decoding; `settings` override, as `wal_level="replica"`."""
    directory = Path(tempfile.mkdtemp(prefix="syncd-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    defaults = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "wal_level": "logical",
        "fsync": "on",
        "max_connections": "80",
        "max_wal_senders": "20",
        "max_replication_slots": "40",
        "max_wal_size": "2GB",
    }
    server = Postgres(directory, defaults | settings)
    try:
        server.start()
        yield server
    finally:
        server.stop(kill=True)
        shutil.rmtree(directory)


def _unprivileged() -> list[str]:
    """The server refuses to run as root, and must not outlive the tests."""
    account = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig=INT", *account, "--"]


def _binary(name: str) -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which(name)
    if not installed and not on_path:
        raise AssertionError(INSTALL)
    return installed[-1] if installed else Path(str(on_path))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
