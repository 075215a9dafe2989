"""The books on the console: postings found by what people know of them, traced to rows and back, an asset's life."""

import html
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from syncd.console import app
from syncd.desk import postings
from tests.advice import advice, heard
from tests.console.site import NAME, Site
from tests.console.test_pages import sign_in
from tests.console.test_parked import text


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two assets that are posted, one of whose names is a script, and one that is a formula and rests."""
    with closing(Site(tmp_path)) as made:
        made.asset("FA-1", name="机床")
        made.asset("FA-2", name="<script>x")
        made.asset("=1+1", name="=1+1", dept="NONE")
        made.carry()
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=False, headers={"accept-language": "en"}) as made:
        sign_in(made, "viewer")
        yield made


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["FA-2", "FA-1"]),
        ({"asset": "FA-1"}, ["FA-1"]),
        ({"voucher": "2026-02 记-2"}, ["FA-2"]),
        ({"rule": "registration", "amount": "120,000"}, ["FA-2", "FA-1"]),
        ({"amount": "12"}, []),
        ({"first": "2099-01-01"}, []),
        ({"last": "2000-01-01"}, []),
        ({"first": "2000-01-01", "last": "2099-01-01"}, ["FA-2", "FA-1"]),
    ],
)
def test_postings_are_found_by_what_people_know_of_them(
    reader: TestClient, asked: dict[str, str], found: list[str]
) -> None:
    page = reader.get("/books", params=asked)
    assert re.findall(r'data-label="subject"><a[^>]*>([^<]+)<', page.text) == found
    assert "<script>x" not in page.text


def test_a_posting_is_traced_to_its_row_and_the_asset_s_life_leads_back(reader: TestClient) -> None:
    """Invariant 8."""
    (address, _) = re.findall(r'href="(/books/posting[^"]+)"', reader.get("/books").text)
    posting = reader.get(html.unescape(address))
    said = text(posting)
    assert "asset:FA-2" in said
    assert said.count("120,000.00") == 2
    life = reader.get("/books/asset", params={"asset": "FA-2"})
    assert html.unescape(address) in html.unescape(life.text)
    assert "<script>x" not in posting.text + life.text
    parked = reader.get("/books/asset", params={"asset": "=1+1"})
    assert "/parked/row?pipeline=main&amp;id=1" in parked.text


def test_a_page_looks_through_so_many_postings_and_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 11: nothing is skipped and nothing comes twice, whatever a page holds."""
    monkeypatch.setattr(postings, "LOOKED_MAX", 1)
    with closing(site.pipeline.open_ledger()) as ledger:
        asked = postings.Asked(amount=Decimal("120000.00"))
        first = postings.page(ledger, NAME, asked, UTC, 5)
        second = postings.page(ledger, NAME, asked, UTC, 5, first.before)
        assert ([one.subject for one in first.found], first.looked_to is not None) == (["FA-2"], True)
        assert ([one.subject for one in second.found], second.before) == (["FA-1"], None)
        monkeypatch.undo()
        page = postings.page(ledger, NAME, postings.Asked(), UTC, 1)
        assert ([one.seq for one in page.found], page.before) == ([2], 2)
        day = page.found[0].posted_at.date()
        for first_day, last_day, count in ((day, day, 2), (date(2000, 1, 1), date(2000, 1, 2), 0)):
            within = postings.Asked(first=first_day, last=last_day)
            assert len(postings.page(ledger, NAME, within, UTC, 5).found) == count


def test_the_first_and_the_last_day_of_all_and_amounts_that_no_books_hold(reader: TestClient) -> None:
    """What a person types into an address is found or refused, and no page falls over it."""
    for room in ("books", "audit"):
        for days in ("first=0001-01-01", "last=9999-12-31", "first=9999-12-31&last=0001-01-01"):
            assert reader.get(f"/{room}?{days}").status_code == 200, days
    assert "FA-2" in reader.get("/books?first=0001-01-01&last=9999-12-31").text
    heard("page_amount", text(reader.get("/books?amount=1e999999999")))
    assert reader.get("/books/warnings?month=9999-12").status_code == 200


@advice("page_amount", "page_day", "trace_no_asset", "trace_no_posting")
def test_what_cannot_be_read_is_written_otherwise(reader: TestClient) -> None:
    heard("page_amount", text(reader.get("/books?amount=much")))
    assert "FA-1" in reader.get("/books?amount=120000.00").text
    heard("page_day", text(reader.get("/books?first=today")))
    assert reader.get("/books?first=2026-02-28").status_code == 200
    heard("trace_no_asset", text(reader.get("/books/asset?asset=FA-9")))
    heard("trace_no_posting", text(reader.get("/books/posting?pipeline=main&seq=99")))
    assert "FA-1" in reader.get("/books").text
