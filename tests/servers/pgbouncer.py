"""A real connection pooler before a PostgreSQL server."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from tests.servers.postgres import ACCOUNT, Postgres
from tests.servers.process import Process, free_port, own_directory

INSTALL = "PgBouncer is not installed: run `apt-get install pgbouncer`"


@contextmanager
def pgbouncer(server: Postgres, pool_mode: str) -> Iterator[int]:
    """The port of a started pooler for every database of the server."""
    binary = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if binary is None:
        raise AssertionError(INSTALL)
    with own_directory("pgbouncer", ACCOUNT) as directory:
        port = free_port()
        settings = directory / "pgbouncer.ini"
        users = directory / "users.txt"
        users.write_text('"postgres" ""\n')
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {users}\n"
            f"pool_mode = {pool_mode}\n"
        )
        for file in (settings, users):
            file.chmod(0o644)
        process = Process(directory, ACCOUNT)

        def answers() -> bool:
            try:
                psycopg2.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
            except psycopg2.OperationalError:
                return False
            return True

        try:
            process.start([binary, str(settings)], answers)
            yield port
        finally:
            process.stop(signal.SIGKILL)
