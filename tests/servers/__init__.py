"""Real servers for the tests, each on a free port of 127.0.0.1 and in a directory of its own."""

from tests.servers.kafka import Connect, Kafka, kafka_connect, kafka_server
from tests.servers.mariadb import MariaDb, mariadb_server
from tests.servers.pgbouncer import pgbouncer
from tests.servers.postgres import Postgres, postgres_server, standby_of
from tests.servers.process import closed_port, free_port
from tests.servers.prometheus import Prometheus, prometheus_server, promtool
from tests.servers.registry import Registry, schema_registry

__all__ = [
    "Connect",
    "Kafka",
    "MariaDb",
    "Postgres",
    "Prometheus",
    "Registry",
    "closed_port",
    "free_port",
    "kafka_connect",
    "kafka_server",
    "mariadb_server",
    "pgbouncer",
    "postgres_server",
    "prometheus_server",
    "promtool",
    "schema_registry",
    "standby_of",
]
