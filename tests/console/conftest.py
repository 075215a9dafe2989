"""A small company whose console is called without a browser."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from syncd.console import app
from tests.console.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An asset of a department that finance does not know, so its row is parked."""
    with closing(Site(tmp_path)) as made:
        made.asset("FA-1", dept="NONE")
        made.carry()
        yield made


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=False, headers={"accept-language": "zh"}) as made:
        yield made


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    """The same, asked for English."""
    client.headers["accept-language"] = "en"
    return client
