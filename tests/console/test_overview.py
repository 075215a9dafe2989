"""The overview: how a pipeline stands, in words, and what needs whom today, with the page where it is done."""

import html
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from syncd.console import app
from syncd.desk import postings, status
from syncd.desk.access import people
from syncd.desk.parked import operators
from tests.console.site import BY, NAME, Site
from tests.console.test_approvals import ASKING
from tests.console.test_pages import sign_in
from tests.console.test_parked import text


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An asset that waits for finance, one that is posted, and one that failed."""
    with closing(Site(tmp_path, ASKING.replace("after.value > 0", "after.name = '机床'"))) as made:
        made.asset("FA-1")
        made.asset("FA-2", name="<script>x")
        made.asset("FA-3", dept="NONE", name="铣床")
        made.carry()
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=True, headers={"accept-language": "en"}) as made:
        yield made


def test_each_is_told_what_waits_for_them_and_where_it_is_done(reader: TestClient, site: Site) -> None:
    """A role sees its own first; everything leads to the page where it is done."""
    for name, own, others in (
        ("老陈", ["Approve or reject 1 rows as finance", "1 rows of registration could not be posted"], []),
        ("小王", ["1 rows of registration could not be posted"], ["Approve or reject 1 rows as finance"]),
    ):
        sign_in(reader, name)
        page = reader.get("/")
        mine, _, theirs = page.text.partition("For others")
        assert all(told in mine for told in own), (name, mine)
        assert all(told in theirs for told in others), (name, theirs)
        for address in re.findall(r'<li[^>]*><a href="([^"]+)"', page.text):
            there = reader.get(html.unescape(address))
            assert there.status_code == 200, address
            assert "month" in address or "FA-1" in there.text or "FA-3" in there.text, address


def test_a_state_is_told_in_words_with_the_last_posting_and_the_days_before(reader: TestClient, site: Site) -> None:
    sign_in(reader, "viewer")
    page = reader.get("/")
    assert "`syncd run`" in text(page)
    assert "120,000.00" in text(page)
    assert "<script>x" not in page.text
    assert re.search(r'href="/books/posting\?pipeline=main&amp;seq=1"', page.text)
    assert len(re.findall(r"<rect", page.text)) == 14
    assert re.findall(r"<title>[\d-]+: ([\d,]+)</title>", page.text)[-1] == "1"


def test_a_log_that_is_about_to_go_is_said(reader: TestClient, site: Site) -> None:
    """Invariant 14: with what gives it time."""
    note = {"expires_s": "3600", "expires_of_s": "360000", "longer": "SET GLOBAL binlog_expire_logs_seconds = 720000"}
    with closing(site.pipeline.open_ledger()) as ledger:
        status.report(ledger, NAME, status.Report("posting", datetime.now(UTC), note=note))
    sign_in(reader, "viewer")
    page = text(reader.get("/"))
    assert "thrown away in 1.0 hours" in page
    assert note["longer"] in page


def test_postings_are_counted_by_day(site: Site) -> None:
    with closing(site.pipeline.open_ledger()) as ledger:
        today = datetime.now(UTC).date()
        days = [today - timedelta(days=1), today, today + timedelta(days=1)]
        assert [count for _, count in postings.by_day(ledger, NAME, days, UTC)] == [0, 1, 0]
        assert postings.by_day(ledger, "none", [date(2026, 1, 1)], UTC) == [(date(2026, 1, 1), 0)]


def test_who_has_asked_waits_for_a_second_person_until_it_is_done(site: Site) -> None:
    target = "depreciation/2026-02"
    with closing(site.pipeline.open_ledger()) as ledger:
        for action, asked in (("propose", ["administrator"]), ("depreciate", [])):
            with ledger.desk() as desk:
                operators.act(desk, BY, action, NAME, target, {"run": 1})
            assert people.waiting(ledger, NAME, target, "depreciate") == asked


def test_a_row_is_read_in_words_with_what_is_at_fault_first_and_no_command(reader: TestClient, site: Site) -> None:
    sign_in(reader, "小王")
    page = reader.get("/parked/row?pipeline=main&id=2")
    assert "syncd parked" not in page.text
    assert "Correct the value below and try again" in text(page)
    (fault,) = re.findall(r'<tr class="fault">\s*<th scope="row">([^<]+)', page.text)
    assert (fault.strip(), page.text.index('class="fault"') < page.text.index("铣床")) == ("department", True)
    assert "as it is it would stay parked" in text(page)
    assert str(site.folder) not in page.text
    assert "mapping.yaml:" in page.text


def test_a_changed_column_is_told_from_others_and_what_waits_behind_is_not_judged_yet(
    reader: TestClient, site: Site
) -> None:
    site.eam.execute("UPDATE asset SET name = '铣床 2' WHERE code = 'FA-3'")
    site.carry()
    sign_in(reader, "小王")
    page = reader.get("/parked/row?pipeline=main&id=3")
    rows = re.findall(r'<tr class="(\w+)">\s*<th scope="row">([^<]+)', page.text)
    assert (rows[0][0], rows[0][1].strip(), {kind for kind, _ in rows[1:]}) == ("changed", "name", {"same"})
    assert "It is judged when what it waits for is settled" in text(page)


def test_who_decides_is_led_to_the_approvals_and_the_amount_held_is_known(reader: TestClient) -> None:
    sign_in(reader, "小王")
    page = reader.get("/parked/row?pipeline=main&id=1")
    assert "syncd approve" not in page.text
    (address,) = re.findall(r'href="(/approvals\?[^"]+)"', page.text)
    assert "FA-1" in reader.get(html.unescape(address)).text
    assert re.search(r"awaiting approval.{0,400}120,000\.00", reader.get("/parked").text, re.S)
