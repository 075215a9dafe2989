"""Fixtures that every kind of test may use."""

import os
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import (
    Connect,
    Kafka,
    MariaDb,
    Postgres,
    Registry,
    kafka_connect,
    kafka_server,
    mariadb_server,
    postgres_server,
    schema_registry,
)

# A command starts in half the time when it is compiled once, and the tests start hundreds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# How long an example takes says how busy the machine is.
settings.register_profile("syncd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("syncd")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=1000, help="how many seeds the simulation runs")
    parser.addoption("--fleet-changes", type=int, default=25_000, help="changes that three daemons carry")
    parser.addoption("--year-devices", type=int, default=1200, help="devices of the simulated year's company")
    parser.addoption("--first-seed", type=int, default=1, help="the first of them; a failing seed replays alone")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: at the end no process waits for the last of them."""
    items.sort(key=lambda item: item.path.parent.name != "year")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this test run."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Gives the DSN of a new, empty database at each call; they are dropped after the test."""
    created: list[str] = []

    def create() -> str:
        created.append(postgres.create_database())
        return created[-1]

    yield create
    for dsn in created:
        postgres.drop_database(dsn)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """The MariaDB server of this test run."""
    with mariadb_server() as server:
        yield server


@pytest.fixture
def new_mariadb(mariadb: MariaDb) -> Iterator[Callable[[], str]]:
    """As `new_database`, on MariaDB."""
    created: list[str] = []

    def create() -> str:
        created.append(mariadb.create_database())
        return created[-1]

    yield create
    for dsn in created:
        mariadb.drop_database(dsn)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """The Kafka broker of this test run."""
    with kafka_server() as broker:
        yield broker


@pytest.fixture(scope="session")
def connect(kafka: Kafka) -> Iterator[Connect]:
    """The Kafka Connect worker of this test run, on that broker."""
    with kafka_connect(kafka) as worker:
        yield worker


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """The schema registry of this test run."""
    with schema_registry() as started:
        yield started
