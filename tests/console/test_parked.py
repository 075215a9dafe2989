"""Many parked rows on the console: what a cause holds back, who has taken it, all tried again, stopped, told of."""

import html
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from syncd.console.passwords import Argon2
from syncd.desk.access import accounts
from syncd.desk.audit import verify
from syncd.desk.parked import bulk, operators
from tests.advice import advice, heard
from tests.console.site import BY, NAME, PASSWORD, Site
from tests.console.test_pages import do, form_of, row, sign_in

GROUP: Final = {"pipeline": NAME, "state": "failed", "code": "unknown_lookup", "rule": "registration"}
WHY: Final = {"name": "INC-7", "reason": "部门已补录"}


@pytest.fixture
def many(site: Site) -> Site:
    """Three assets of one cause, with a later change behind the first."""
    for code in ("FA-2", "FA-3"):
        site.asset(code, dept="NONE", name=f"{code} <script>alert(1)</script>")
    site.eam.execute("UPDATE asset SET name = '=1+1' WHERE code = 'FA-1'")
    site.carry()
    return site


def text(page: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def begin(client: TestClient, what: str = "retry", **given: str) -> httpx.Response:
    asked = client.get("/parked/bulk", params=group_of(client) | {"what": what})
    (last,) = re.findall(r'name="last" value="(\d+)"', asked.text)
    send = group_of(client) | {"what": what, "rows": "3", "last": last, "form": form_of(asked)} | WHY | given
    return client.post("/parked/bulk", data=send)


def group_of(client: TestClient) -> dict[str, str]:
    (address,) = set(
        re.findall(r'href="/parked/bulk\?what=retry&amp;([^"]+state=failed[^"]+)"', client.get("/parked").text)
    )
    return dict(part.split("=", 1) for part in html.unescape(address).split("&"))


def test_a_cause_is_told_with_what_it_holds_and_what_waits_behind(client: TestClient, many: Site) -> None:
    """The page's face: one cause is one line, with rows, assets, yuan, followers."""
    sign_in(client)
    page = client.get("/parked")
    cells = re.findall(r'data-label="([^"]+)">\s*(?:<[^>]+>)*([^<]*)', page.text)
    told = dict(cells[:8])
    assert (told["行数"], told["涉及对象"], told["滞留金额（元）"], told["排在其后"]) == ("3", "3", "360,000.00", "1")
    assert "<script>alert" not in page.text


def test_others_see_who_has_taken_a_cause(client: TestClient, many: Site) -> None:
    sign_in(client)
    page = client.get("/parked")
    called = re.findall(r'name="called" value="([^"]+)"', page.text)[0]
    send = {"pipeline": NAME, "called": html.unescape(called), "form": form_of(page)}
    assert client.post("/parked/take", data=send | {"do": "take"}).status_code == 303
    sign_in(client, "viewer")
    seen = client.get("/parked")
    assert "<b>小王</b>" in seen.text
    refused = client.post("/parked/take", data=send | {"do": "give_back", "form": form_of(seen)})
    assert refused.status_code == 409
    sign_in(client)
    client.post("/parked/take", data=send | {"do": "give_back", "form": form_of(client.get("/parked"))})
    assert "<b>小王</b>" not in client.get("/parked").text


def test_a_cause_is_tried_again_and_what_came_of_it_is_told(client: TestClient, many: Site) -> None:
    """Posted, parked again for a new reason, skipped; each row tells who asked; the chain holds. Invariant 12."""
    sign_in(client)
    assert begin(client, name=" ").status_code == 409
    watched = begin(client).headers["location"]
    assert 'http-equiv="refresh"' in client.get(watched).text
    many.asset("FA-9", dept="NONE")  # comes meanwhile: is not meant
    with closing(sqlite3.connect(many.folder / "finance.db")) as finance:
        finance.execute("INSERT INTO gl_dept VALUES ('NONE')")
        finance.commit()
    many.eam.execute("UPDATE asset SET name = 'much longer than finance takes' WHERE code = 'FA-3'")
    many.carry()
    page = client.get(watched)
    assert 'http-equiv="refresh"' not in page.text
    result = re.findall(r'class="result">([^<]+)<', page.text)[0]
    assert re.fullmatch(r"已入账 \d · 再次挂起 \d · 跳过 0", result)
    posted, again = map(int, re.findall(r"\d", result)[:2])
    assert posted + again == 3
    assert posted
    assert "INC-7" in client.get("/parked").text
    assert "部门已补录" in row(client).text
    with closing(many.pipeline.open_ledger()) as ledger:
        assert not verify.verify(ledger, NAME, many.pipeline.mapping.layout).flaws


def test_what_is_stopped_is_taken_back_and_told(client: TestClient, many: Site) -> None:
    sign_in(client)
    watched = begin(client).headers["location"]
    client.post(watched.partition("?")[0], data={"pipeline": NAME, "do": "stop", "form": form_of(client.get(watched))})
    assert many.ask("SELECT DISTINCT request FROM syncd.parked") == [("",)]
    page = text(client.get(watched))
    assert "小王 已停止" in page
    assert "跳过 3" in page


def test_a_bulk_goes_on_where_it_was_left_off(many: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked a lot at a time, each row once; who asks again asks none twice."""
    monkeypatch.setattr(bulk, "LOT_ROWS_MAX", 2)
    with closing(many.pipeline.open_ledger()) as ledger:
        made = bulk.begin(ledger, NAME, operators.Selection(state="failed"), "retry", "INC-8", 0, BY)
        bulk.ask(ledger, NAME, made.number, BY)
        bulk.ask(ledger, NAME, made.number, BY)
        far = bulk.progress(ledger, NAME, made.number)
    assert (far.asked, far.waiting, far.is_asked, far.is_done) == (3, 3, True, False)
    assert len(many.ask("SELECT 1 FROM syncd.action WHERE action = 'retry'")) == 3


def test_a_lot_that_nobody_may_ask_ends_no_bulk(many: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind it is asked all the same, and that alone is told as skipped."""
    monkeypatch.setattr(bulk, "LOT_ROWS_MAX", 2)
    with closing(sqlite3.connect(many.folder / "finance.db")) as finance:
        finance.execute("UPDATE syncd_parked SET code = 'document_unfinished' WHERE id < 3")
        finance.commit()
    with closing(many.pipeline.open_ledger()) as ledger:
        made = bulk.begin(ledger, NAME, operators.Selection(state="failed"), "retry", "INC-8", 0, BY)
        bulk.ask(ledger, NAME, made.number, BY)
        far = bulk.progress(ledger, NAME, made.number)
    assert (far.asked, far.skipped, far.is_asked) == (1, 2, True)


@advice("bulk_nothing", "bulk_no_name", "bulk_unknown")
def test_nothing_is_asked_of_no_row(reader: TestClient, many: Site) -> None:
    sign_in(reader)
    heard("bulk_no_name", text(begin(reader, name="")))
    heard("bulk_unknown", text(reader.get("/parked/bulk/99", params={"pipeline": NAME})))
    assert begin(reader, name="INC-7").status_code == 303
    form = form_of(reader.get("/parked"))
    heard("bulk_nothing", text(reader.post("/parked/bulk", data=GROUP | WHY | {"what": "retry", "form": form})))
    assert "being tried" in text(reader.get("/parked"))


@advice("parked_changed", "parked_moved_on", "withdraw_nothing")
def test_two_people_at_once_are_told_of_each_other(reader: TestClient, site: Site) -> None:
    """An edit of what somebody else has touched since is refused, with who and why."""
    with closing(site.pipeline.open_ledger()) as ledger:
        accounts.add(ledger, "小李", PASSWORD, ["support"], Argon2(), BY, datetime.now(UTC))
    sign_in(reader)
    (seen,) = re.findall(r'name="seen" value="(\w+)"', row(reader).text)
    heard("withdraw_nothing", text(do(reader, "withdraw")))
    sign_in(reader, "小李")
    assert do(reader, "retry", reason="asked by finance").status_code == 303
    sign_in(reader)
    refused = do(reader, "edit", seen=seen, **{"set.dept": "SC"})
    heard("parked_changed", text(refused))
    assert "小李" in refused.text
    assert "asked by finance" in refused.text
    assert do(reader, "withdraw").status_code == 303, "nobody has taken it up"
    do(reader, "retry")
    site.carry()
    heard("parked_moved_on", text(do(reader, "edit", seen=seen, **{"set.dept": "SC"})))
    assert do(reader, "edit", **{"set.dept": "SC"}).status_code == 303


def test_what_waits_behind_a_row_and_the_line_of_its_rule_stand_beside_it(client: TestClient, many: Site) -> None:
    sign_in(client)
    page = row(client)
    assert "排在其后的行" in page.text
    assert "pipeline=main&amp;id=4" in page.text
    assert re.search(r"mapping\.yaml:\d+", page.text)


def test_support_is_not_led_to_give_up_what_others_give_up(reader: TestClient, many: Site) -> None:
    """The list offers no button for it, and the page that an address leads to says whose it is, and leads back."""
    sign_in(reader, "小王")
    assert 'value="discard"' not in reader.get("/parked").text
    asked = reader.get("/parked/bulk", params=group_of(reader) | {"what": "discard"})
    assert "Somebody with one of these roles does this: controller." in text(asked)
    assert 'href="/parked"' in asked.text
    sign_in(reader, "老周")
    assert 'value="discard"' in reader.get("/parked").text
