"""Fixtures that every kind of test may use."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import Postgres, postgres_server


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
