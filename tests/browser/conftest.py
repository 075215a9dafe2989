"""One company for all browsers: it is dear to open."""

from collections.abc import Iterator

import pytest

from tests.browser.house import House, house
from tests.servers import Postgres


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("company"), postgres) as made:
        yield made
