"""Fixtures of the tests that follow what is advised."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.advice.kafka_books import Books
from tests.servers import Kafka


@pytest.fixture
def books(tmp_path: Path, kafka: Kafka) -> Iterator[Callable[..., Books]]:
    """Books over a topic of so many partitions, by settings of the source."""
    opened: list[Books] = []

    def made(partitions: int = 1, topic: str = "", **source: object) -> Books:
        opened.append(Books(tmp_path, kafka, partitions, topic, **source))
        return opened[-1]

    yield made
    for one in opened:
        one.close()
