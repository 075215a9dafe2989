"""Real servers for the tests, each on a free port of 127.0.0.1 and in a directory of its own."""

from tests.servers.kafka import Connect, Kafka, kafka_connect, kafka_server
from tests.servers.mariadb import MariaDb, mariadb_server
from tests.servers.postgres import Postgres, postgres_server
from tests.servers.registry import Registry, schema_registry

__all__ = [
    "Connect",
    "Kafka",
    "MariaDb",
    "Postgres",
    "Registry",
    "kafka_connect",
    "kafka_server",
    "mariadb_server",
    "postgres_server",
    "schema_registry",
]
