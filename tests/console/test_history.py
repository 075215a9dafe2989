"""How a pipeline went: samples that were kept become drawings and a table, and what is missing is a gap."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from syncd.console import app, history
from syncd.desk import samples
from syncd.record import timestamp
from tests.advice.mysql_books import run
from tests.console.site import NAME, Site
from tests.console.test_pages import sign_in
from tests.console.test_parked import text


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=True, headers={"accept-language": "en"}) as made:
        sign_in(made, "viewer")
        yield made


def plant(site: Site, *minutes: tuple[timedelta, int, int]) -> datetime:
    """Samples that were taken so long ago, with a lag in seconds and changes since the first start; now."""
    now = datetime.now(UTC)
    columns = "pipeline, at, unread_rows, lag_ms, parked_s, parked, changes, posted, ignored"
    sql = f"INSERT INTO syncd.sample ({columns}) VALUES (?, ?, 0, ?, NULL, 0, ?, ?, 0)"
    with closing(site.pipeline.open_ledger()) as ledger:
        ledger.execute(
            [
                (sql, (NAME, timestamp(samples.minute(now - ago)), lag_s * 1000, changes, changes))
                for ago, lag_s, changes in minutes
            ]
        )
    return now


def test_a_pipeline_whose_daemon_was_down_has_a_gap(reader: TestClient, site: Site) -> None:
    """Nobody reads a quiet hour into one in which nobody posted, in the drawing or in the table."""
    hours = [(timedelta(hours=n), 90 if n == 3 else 1, 1000 - n) for n in (*range(23, 12, -1), *range(5, -1, -1))]
    each = [(ago + timedelta(minutes=m), lag_s, changes) for ago, lag_s, changes in hours for m in range(59)]
    plant(site, (timedelta(days=6), 1, 0), *each)
    page = reader.get("/pipeline?pipeline=main")
    figures: list[str] = re.findall(r"<figure>.*?</figure>", page.text, re.S)
    (unposted,) = [one for one in figures if "not posted" in one]
    assert "at most 90 s" in unposted
    widths = [int(width) for width in re.findall(r'class="gap" x="\d+" width="(\d+)"', unposted)]
    assert max(widths) >= 12 * 6, "twelve stretches an hour"
    assert text(page).count("nobody posted") >= 6
    assert "not read yet (rows)" in page.text
    assert "not read yet (log)" not in page.text, "this source counts rows"
    assert len(re.findall(r"<tr>", reader.get("/pipeline?over=week").text)) >= 24


def test_what_went_through_is_counted_once_however_it_is_cut(reader: TestClient, site: Site) -> None:
    """And counts that go back are of state that was restored, not of changes."""
    now = plant(site, *((timedelta(minutes=n), 0, count) for n, count in enumerate([40, 30, 5, 20, 10])))
    with closing(site.pipeline.open_ledger()) as ledger:
        fine = samples.spans(ledger, NAME, samples.minute(now) - timedelta(minutes=8), samples.MINUTE, now)
    known = [span.changes for _, span in fine if span is not None]
    assert known == [0, 10, 0, 25, 10]
    (whole,) = [span for _, span in samples.coarser(fine, len(fine))]
    assert whole is not None
    assert whole.changes == 45


def test_nothing_is_known_before_the_first_sample(reader: TestClient, site: Site) -> None:
    assert "nothing is known of it" in text(reader.get("/pipeline"))
    plant(site, (timedelta(minutes=1), 1, 1), (timedelta(0), 1, 2))
    page = reader.get("/pipeline")
    assert 'class="gap" x' not in page.text
    assert "nobody posted" not in page.text


def test_what_was_ignored_is_told_by_the_rules_that_were_asked(reader: TestClient, site: Site) -> None:
    """Invariant 1: ignored by a named rule, and people can see by which."""
    site.eam.execute("UPDATE asset SET name = 'x' WHERE code = 'FA-1'")
    with closing(site.pipeline.open_ledger()) as ledger:
        ledger.execute([("INSERT INTO syncd.ignored VALUES (?, 'asset: registration, moved', 7)", (NAME,))])
    page = reader.get("/pipeline?pipeline=main")
    assert re.search(r">7<.*?>asset<.*?>registration, moved<", page.text, re.S)
    assert re.search(r'ignored by rule</dt><dd><a href="/pipeline\?pipeline=main#ignored">7<', reader.get("/").text)


def test_the_command_line_tells_the_day_hour_by_hour(reader: TestClient, site: Site) -> None:
    """And a machine reads when nobody posted, there and from the console."""
    plant(site, (timedelta(hours=3), 90, 10), (timedelta(hours=1), 2, 15))
    _, shown = run("status", "--history", "--config", str(site.config))
    assert "nobody posted" in shown
    assert "90.0 s" in shown
    _, told = run("status", "--history", "--json", "--config", str(site.config))
    (hours,) = [one["history"] for one in json.loads(told)]
    assert [one["changes"] for one in hours if one["posting"]] == [0, 5]
    assert len(hours) == 24
    assert reader.get("/api/v1/history?pipeline=main").json()["items"] == hours
    _, plain = run("status", "--json", "--config", str(site.config))
    assert "history" not in json.loads(plain)[0]


def test_the_day_on_which_clocks_are_put_back_is_drawn_whole(site: Site) -> None:
    """It has an hour more, which stands within the drawing."""
    with closing(site.pipeline.open_ledger()) as ledger:
        for over, range_ in history.RANGES.items():
            late = datetime(2026, 10, 25, 22, 59, tzinfo=UTC)  # the last minute of a day of 25 hours
            found = history.course(ledger, NAME, range_, ZoneInfo("Europe/Berlin"), late)
            at, _ = found.spans[-1]
            assert at <= late < at + range_.step, over
            assert found.drawn(lambda span: span.lag_s, range_.width).width >= len(found.spans) > range_.width, over
