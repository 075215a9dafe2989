"""Real servers for the tests, each on a free port of 127.0.0.1 and in a directory of its own."""

from tests.servers.mariadb import MariaDb, mariadb_server
from tests.servers.postgres import Postgres, postgres_server

__all__ = ["MariaDb", "Postgres", "mariadb_server", "postgres_server"]
