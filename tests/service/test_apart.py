"""Daemon, console and finance, each without one of the others: posting goes on while the console is down, and pages say
that finance is, each of them, and are back when it is."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from syncd import wiring
from syncd.console import app
from syncd.errors import Transient
from tests.console.site import Site
from tests.console.test_pages import sign_in

GONE = Transient("finance_gone", error="the server is restarting")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path)) as made:
        yield made


def test_every_page_says_that_finance_is_down_and_is_back_with_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made = app.create(site.config)
    with TestClient(made, follow_redirects=False, headers={"accept-language": "en"}) as client:
        sign_in(client)
        pages = sorted({re.sub("{[^}]*}", "1", path) for path in _pages(made)})
        assert {"/", "/parked"} <= set(pages)
        with monkeypatch.context() as down:
            down.setattr(wiring.Pipeline, "open_ledger", _gone)
            for page in pages:
                answer = client.get(page)
                assert answer.status_code == 503, page
                assert "the finance database does not answer" in answer.text, page
                assert "Traceback" not in answer.text
        assert client.get("/").status_code == 200


def test_posting_goes_on_while_the_console_is_down(site: Site) -> None:
    """They meet in finance alone: what was posted meanwhile is on the page when it is back."""
    with TestClient(app.create(site.config), follow_redirects=False) as client:
        sign_in(client)
    site.asset("FA-7", dept="NONE")
    site.asset("FA-8")
    site.carry()
    assert site.ask("SELECT subject FROM syncd.posting") == [("FA-8",)]
    with TestClient(app.create(site.config), follow_redirects=False) as client:
        sign_in(client)
        assert "FA-7" in client.get("/parked?state=failed").text


def _pages(made: FastAPI) -> Iterator[str]:
    """Addresses of all pages but those that nobody need be known to."""
    for path, ways in made.openapi()["paths"].items():
        if "get" in ways and not path.startswith(("/sign-in", "/readyz", "/healthz", "/api")):
            yield path


def _gone(*_: object, **__: object) -> object:
    raise GONE
