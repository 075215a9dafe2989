"""What lists say of rows that they do not show, what completes a search, and keys: with scripts and without."""

import html
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from syncd.console import app
from syncd.console.page import ASKED_AGAIN
from syncd.desk.access import accounts
from syncd.record import timestamp
from tests.console.site import MAPPING, Site
from tests.console.test_pages import sign_in


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One asset that is posted, and one that is parked."""
    with closing(Site(tmp_path, MAPPING)) as made:
        made.asset("FA-1")
        made.asset("FA-2", dept="NONE")
        made.carry()
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), headers={"accept-language": "en"}) as made:
        sign_in(made)
        yield made


@pytest.mark.parametrize(
    ("address", "dept", "of_another"),
    [("/parked?rule=registration", "NONE", "/parked?rule=other"), ("/books?account=1601", "SC", "/books?account=6602")],
)
def test_rows_that_came_since_are_counted_and_the_list_stays(
    reader: TestClient, site: Site, address: str, dept: str, of_another: str
) -> None:
    """Only those that the filter means; and a list that is shown anew knows them."""
    lists = [_news(reader, one) for one in (address, of_another)]
    assert [reader.get(one).text for one in lists] == ["", ""]
    site.asset("FA-3", dept=dept)
    site.carry()
    assert [reader.get(one).text for one in lists] == ["1 new rows: show", ""]
    assert reader.get(_news(reader, address)).text == ""


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(reader: TestClient, site: Site) -> None:
    """Who went home with a page open is signed out after eight hours."""
    hours_ago = timestamp(datetime.now(UTC) - accounts.SEEN_EVERY - timedelta(hours=1))
    with closing(site.pipeline.open_accounts()) as ledger:
        ledger.execute([("UPDATE syncd.session SET seen_at = ?", (hours_ago,))])
    script = Path(app.__file__).with_name("static") / "console.js"
    assert f'"{ASKED_AGAIN}"' in script.read_text("utf-8")
    assert reader.get("/", headers={ASKED_AGAIN: "1"}).status_code == 200
    assert site.ask("SELECT seen_at FROM syncd.session") == [(hours_ago,)]
    reader.get("/")
    assert site.ask("SELECT seen_at FROM syncd.session") != [(hours_ago,)]


def _news(reader: TestClient, address: str) -> str:
    (found,) = re.findall(r'data-from="([^"]+)" hidden', reader.get(address).text)
    return html.unescape(found)


def test_a_search_is_completed_by_what_there_is(reader: TestClient) -> None:
    """Without script: a list of the browser's own, of what was seen last."""
    for address, known in (
        ("/parked", {"pipeline": ["main"], "subject": ["FA-2"], "rule": ["registration"], "code": ["unknown_lookup"]}),
        ("/books?asset=none", {"asset": ["FA-1"], "voucher": ["2026-02 记-1"], "account": ["1002", "1601"]}),
    ):
        page = reader.get(address).text
        for field, values in known.items():
            (options,) = re.findall(rf'<datalist id="known-{field}">(.*?)</datalist>', page)
            assert re.findall('value="([^"]*)"', options) == values
            assert f'list="known-{field}"' in page


def test_postings_are_found_by_the_account_of_an_entry(reader: TestClient) -> None:
    """And by account and amount of one entry, not of two."""
    assert "FA-1</a>" in reader.get("/books?account=1601").text
    assert "FA-1</a>" not in reader.get("/books?account=16").text
    assert "FA-1</a>" in reader.get("/books?account=1002&amount=120000").text
    assert "FA-1</a>" not in reader.get("/books?account=1002&amount=1").text


def test_keys_are_listed_and_turned_off_without_a_script(reader: TestClient) -> None:
    """A single key may be somebody's speech or tremor."""
    assert 'data-keys="on"' in reader.get("/").text
    listed = reader.get("/keys").text
    assert "<kbd>g</kbd> <kbd>p</kbd>" in listed
    (switch,) = re.findall(r'href="(/keys\?keys=off)"', listed)
    assert 'data-keys="on"' not in reader.get(switch).text
    assert 'data-keys="on"' not in reader.get("/").text
    reader.get("/keys?keys=on")
    assert 'data-keys="on"' in reader.get("/").text


def test_every_room_has_a_key_of_its_own(reader: TestClient) -> None:
    keys = re.findall(r'data-key="(\w*)"', reader.get("/").text)
    assert len(keys) == len({*keys} - {""})


def test_a_mark_that_no_list_has_made_counts_nothing(reader: TestClient) -> None:
    """A number beyond all numbers is an address that somebody has typed, and no fault."""
    sign_in(reader)
    for mark in ("main:" + "9" * 5000, "main:" + "9" * 25, "main:x", "main"):
        for address in ("/parked/news", "/books/news"):
            answer = reader.get(address, params={"mark": mark})
            assert (answer.status_code, answer.text) == (200, ""), (address, mark[:20])
