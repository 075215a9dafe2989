"""A month's end on the console: what must hold, the close, reports, both sides compared, disposals, depreciation."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from syncd.books.depreciation import preview
from syncd.books.lifecycle import standing
from syncd.books.reconciliation import history
from syncd.console import app, compared, month
from syncd.desk import closing as closings
from syncd.mapping.layout.layout import FinanceLayout
from tests.console.site import MAPPING, NAME, Site
from tests.console.test_pages import form_of, sign_in
from tests.console.test_parked import text

COMPARED: Final = MAPPING.replace(
    "rules:\n", "reconcile:\n  on: asset\n  asset_code: code\n  original_value: value\nrules:\n", 1
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An asset that is posted, and one that rests."""
    with closing(Site(tmp_path, COMPARED)) as made:
        made.asset("FA-1")
        made.asset("FA-2", dept="NONE", name="<script>x")
        made.carry()
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=True, headers={"accept-language": "en"}) as made:
        sign_in(made, "老周")
        yield made


def post(client: TestClient, address: str, **given: str) -> httpx.Response:
    form = form_of(client.get("/books/month"))
    return client.post(address, data={"pipeline": NAME, "form": form, "reason": "month end"} | given)


def test_a_month_is_closed_once_all_holds_and_by_who_may_overrule_before(reader: TestClient, site: Site) -> None:
    looked = post(reader, "/books/month", month="2026-01", do="look")
    assert "no row is parked" in text(looked)
    assert "FA-2" in text(looked)
    assert "→ the page of reconciliations shows each difference" in text(looked)
    assert {*re.findall(r'role="img" aria-label="([^"]+)"', looked.text)} >= {"holds", "does not hold"}
    sign_in(reader, "老陈")
    assert post(reader, "/books/month", month="2026-01", do="close").status_code == 409
    assert post(reader, "/books/month", month="2026-01", do="overrule").status_code == 409, "finance may not overrule"
    assert site.ask("SELECT count(*) FROM syncd.closing") == [(0,)]
    sign_in(reader, "老周")
    post(reader, "/books/month", month="2026-01", do="overrule")
    assert site.ask("SELECT period FROM syncd.closing") == [("2026-01",)]
    assert post(reader, "/books/month", month="2026-01", do="overrule").status_code == 409, "it is closed"
    post(reader, "/books/month", month="2026-01", do="reopen")
    assert site.ask("SELECT count(*) FROM syncd.closing") == [(0,)]
    sign_in(reader, "viewer")
    assert post(reader, "/books/month", month="2026-01", do="close").status_code == 409


def test_reports_are_one_file_in_the_language_of_the_page(reader: TestClient) -> None:
    answer = post(reader, "/books/report", month="2026-02")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = packed.namelist()
    assert "2026-02-en.xlsx" in names
    assert any(name.endswith(".csv") for name in names)


def test_both_sides_are_compared_and_each_difference_has_its_cause(reader: TestClient, site: Site) -> None:
    assert "nothing was compared yet" in text(reader.get("/books/reconciled"))
    found = post(reader, "/books/reconciled")
    assert "FA-2" in found.text
    assert "/parked/row?pipeline=main&amp;id=1" in found.text, "its cause is a row that rests"
    page = reader.get("/books/reconciled")
    assert "<svg" in page.text
    assert re.search(r"/books/reconciled/1\?", page.text)
    refused = post(reader, "/books/reconciled/1", difference="1/1")
    assert refused.status_code == 409
    sign_in(reader, "viewer")
    assert post(reader, "/books/reconciled").status_code == 409
    assert 'value="2026-02"' in reader.get("/books/warnings?month=2026-02").text
    assert "nothing is worth a look" in text(post(reader, "/books/warnings", month="2026-02"))
    assert "nothing is worth a look" in text(post(reader, "/books/warnings", month="9999-12")), "the last of all"


def test_a_difference_is_told_as_the_command_tells_it_and_accepted_by_the_button_beside_it(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A department's code is no amount, whatever it looks like; whoever may not accept is told the command."""
    moved = {"id": "1/1", "asset_code": "FA-1", "field": "dept", "eam": "0010", "finance": "0020", "figures": {}}
    moved |= {"cause": "cause_not_posted", "params": {}, "proposal": "propose_posting", "parked": []}
    counts = {"assets": 0, "differing": 1, "alerting": 1}
    monkeypatch.setattr(history, "run", lambda *_: {"differences": [moved], "balances": [], "altered": [], **counts})
    said = text(reader.get("/books/reconciled/1"))
    assert "0010 0020 same amount, other dept:" in said
    assert "“Have it posted” below" in said
    assert "`syncd" not in said
    sign_in(reader, "viewer")
    assert "`syncd reconcile --accept 1/1 " in text(reader.get("/books/reconciled/1"))


def test_the_reports_of_a_closed_month_hold_what_its_close_has_seen_in_a_company_s_own_books_too(
    reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each company's periods have its name in syncd's tables, where several have one finance database."""
    monkeypatch.setattr(FinanceLayout, "kept", lambda _, period: f"East:{period}")
    post(reader, "/books/month", month="2026-02", do="overrule")
    assert site.ask("SELECT period FROM syncd.closing") == [("East:2026-02",)]
    runs = site.ask("SELECT count(*) FROM syncd.reconciliation")
    part = site.pipeline
    with closing(part.open_ledger()) as ledger:
        seen = part._compared(ledger, "2026-02", "老陈")
        assert seen == history.up_to(ledger, NAME, closings.closed_at(ledger, "East:2026-02")) is not None
    assert site.ask("SELECT count(*) FROM syncd.reconciliation") == runs, "nothing is compared anew"


def test_disposals_are_a_board_with_what_is_overdue_marked(reader: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2026, 2, 1)
    late = standing.Standing("FA-9", "<script>x", "SC", "isolated", day, 30, day, 23, "director")
    figures = [standing.Figures(None, 1, Decimal("12.0"), 1, 1)]
    monkeypatch.setattr(standing, "report", lambda *_: standing.Report(day, [late], figures, None))
    states = {"to_dispose": ("待处置", "to dispose"), "isolated": ("已隔离", "isolated")}
    living = SimpleNamespace(meaning=SimpleNamespace(states=states, name="zh"))
    monkeypatch.setattr(compared.states, "living", lambda *_: living)
    page = reader.get("/books/disposals")
    assert "overdue by 23 days · director" in text(page)
    assert "isolated 1" in text(page)
    assert "<script>x" not in page.text


def test_a_month_s_depreciation_is_seen_before_it_is_approved(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = preview.Preview("2026-02", 2, Decimal("300.00"), Decimal("100.00"))
    made.groups[preview.Group("SC", "", "machine")] = (2, Decimal("300.00"))
    made.changes.append(preview.Changed("FA-1", Decimal("0.00"), Decimal("200.00"), ["corrected"], "2026-02"))
    made.by_reason[("corrected",)] = (99, Decimal("-4321.00"))
    monkeypatch.setattr(month, "_depreciation", lambda part: None)
    monkeypatch.setattr(preview, "preview", lambda *_: made)
    said = text(reader.get("/books/depreciation?period=2026-02"))
    assert "300.00" in said
    assert "FA-1" in said
    assert "-4,321.00" in said, "how much in all, by reason"
    assert "largest of 99 changes" in said
    assert post(reader, "/books/depreciation", period="2026-02").status_code == 409, "the mapping says nothing of it"
