"""Options of the acceptance tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--operations-seed", type=int, default=0, help="replay a run of random operations")
