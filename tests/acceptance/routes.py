"""The ways that an EAM's changes take to finance: which servers stand at the two ends, and what carries between them.

A new way is one entry in ROUTES; every scenario and the random operations run on it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, NamedTuple

import pytest
from pymysql.err import OperationalError

from tests.acceptance.databases import Database
from tests.servers import Connect, Kafka, MariaDb, Postgres

Carried = Callable[[Database], AbstractContextManager[Mapping[str, Any]]]
"""Brings an EAM's changes within the daemon's reach; gives the settings of its source."""


class Route(NamedTuple):
    """A way. `hazards` are what else dies on it, by name; `lives_s` how long a daemon lives before it is killed: long
    enough to carry something."""

    eam: Postgres | MariaDb
    finance: Postgres | MariaDb
    carried: Carried
    hazards: Mapping[str, Callable[[], object]] = {}
    lives_s: tuple[float, float] = (0.6, 2.4)


@contextmanager
def by_log(eam: Database) -> Iterator[Mapping[str, Any]]:
    """The database's own log."""
    if eam.kind == "postgres":
        yield {"kind": "postgres", "dsn": eam.dsn, "slot": f"syncd_{eam.name}"}
    else:
        yield {"kind": "mysql", "dsn": eam.dsn}


@contextmanager
def by_changelog(eam: Database) -> Iterator[Mapping[str, Any]]:
    """Triggers, which whoever makes the plant installs."""
    yield {"kind": "changelog", "dialect": eam.kind, "database": eam.dsn}


@contextmanager
def by_engine(eam: Database) -> Iterator[Mapping[str, Any]]:
    """Debezium within the daemon."""
    yield {
        "kind": "engine",
        "connector": "postgresql",
        "scan_dsn": eam.dsn,
        "properties": debezium_properties(eam),
    }


class ByKafka:
    """Debezium in Kafka Connect, all tables into one topic of one partition."""

    def __init__(self, kafka: Kafka, connect: Connect) -> None:
        self._kafka, self._connect = kafka, connect

    @contextmanager
    def __call__(self, eam: Database) -> Iterator[Mapping[str, Any]]:
        topic, connector = self._kafka.create_topic(), f"eam-{eam.name}"
        settings = {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "topic.prefix": eam.name,
            "transforms": "one",
            "transforms.one.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.one.regex": ".*",
            "transforms.one.replacement": topic,
            **debezium_properties(eam),
        }
        self._connect.put(connector, **settings)
        self._connect.await_snapshot(connector)
        try:
            yield {"kind": "kafka", "bootstrap": self._kafka.bootstrap, "topics": [topic], "scan_dsn": eam.dsn}
        finally:
            self._connect.delete(connector)


def debezium_properties(eam: Database) -> dict[str, str]:
    """What Debezium's PostgreSQL connector needs to read a database."""
    at = eam.connection.get_dsn_parameters()
    return {
        "database.hostname": at["host"],
        "database.port": at["port"],
        "database.user": at["user"],
        "database.password": at.get("password", "none"),
        "database.dbname": eam.name,
        "plugin.name": "pgoutput",
        "slot.name": f"syncd_{eam.name}",
        "publication.name": f"syncd_{eam.name}",
        "publication.autocreate.mode": "all_tables",
        "decimal.handling.mode": "string",
        "tombstones.on.delete": "false",
    }


def _postgres(request: pytest.FixtureRequest) -> Route:
    server = request.getfixturevalue("postgres")
    return Route(server, server, by_log)


def _mariadb(request: pytest.FixtureRequest) -> Route:
    server = request.getfixturevalue("mariadb")
    return Route(server, server, by_log, {"connector": lambda: _kill_dump(server)})


def _mariadb_to_postgres(request: pytest.FixtureRequest) -> Route:
    server = request.getfixturevalue("mariadb")
    return Route(server, request.getfixturevalue("postgres"), by_log, {"connector": lambda: _kill_dump(server)})


def _postgres_to_mariadb(request: pytest.FixtureRequest) -> Route:
    return Route(request.getfixturevalue("postgres"), request.getfixturevalue("mariadb"), by_log)


def _kafka_to_postgres(request: pytest.FixtureRequest) -> Route:
    server, kafka, connect = (request.getfixturevalue(name) for name in ("postgres", "kafka", "connect"))
    hazards = {"broker": kafka.restart, "connector": connect.restart}
    return Route(server, server, ByKafka(kafka, connect), hazards)


def _engine_to_postgres(request: pytest.FixtureRequest) -> Route:
    """The connector lives in the daemon's process and dies with it."""
    server = request.getfixturevalue("postgres")
    return Route(server, server, by_engine, lives_s=(5.0, 10.0))


def _kill_dump(server: MariaDb) -> None:
    """The server ends the connection by which its log is read, as an impatient DBA would."""
    for (connection,) in server.run("SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'"):
        with suppress(OperationalError):  # it has ended by itself since
            server.run(f"KILL {connection}")


ROUTES: Final[Mapping[str, Callable[[pytest.FixtureRequest], Route]]] = {
    "postgres": _postgres,
    "mariadb": _mariadb,
    "mariadb-postgres": _mariadb_to_postgres,
    "postgres-mariadb": _postgres_to_mariadb,
    "kafka-postgres": _kafka_to_postgres,
    "engine-postgres": _engine_to_postgres,
}
