"""Options of the acceptance tests, and the routes that they run on."""

import pytest

from tests.acceptance.routes import ROUTES, Route


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--operations-seed", type=int, default=0, help="replay a run of random operations")
    parser.addoption("--operations", type=int, default=0, help="how many random operations, on every route")


@pytest.fixture(scope="module", params=ROUTES)
def route(request: pytest.FixtureRequest) -> Route:
    """Each way from an EAM to finance."""
    return ROUTES[request.param](request)
