"""The console's pages over a real configuration: signing in, a parked row mended, what is refused."""

import re
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from syncd.console.passwords import Argon2
from syncd.desk.access import accounts
from tests.console.site import BY, NAME, PASSWORD, Site

ROW: Final = {"pipeline": NAME, "id": "1"}


def sign_in(client: TestClient, name: str = "小王", password: str = PASSWORD, to: str = "/") -> httpx.Response:
    return client.post("/sign-in", data={"name": name, "password": password, "to": to})


def form_of(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="(\w+)"', page.text)
    assert found, page.text
    return found[1]


def row(client: TestClient, **given: str) -> httpx.Response:
    return client.get("/parked/row", params=ROW | given)


def do(client: TestClient, what: str, form: str = "", **given: str) -> httpx.Response:
    data = ROW | {"do": what, "reason": "EAM 部门填错", "form": form or form_of(row(client))} | given
    return client.post("/parked/row", data=data)


def test_pages_are_for_who_is_signed_in(client: TestClient) -> None:
    for address in ("/", "/parked", "/parked/row?pipeline=main&id=1"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["location"][:12]) == (303, "/sign-in?to=")
    assert sign_in(client, to="/parked?state=failed").headers["location"] == "/parked?state=failed"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/\t/elsewhere.example"]
)
def test_signing_in_leads_nowhere_else(client: TestClient, to: str) -> None:
    assert sign_in(client, to=to).headers["location"] == "/"


def test_wrong_passwords_and_unknown_names_are_told_apart_by_nobody(client: TestClient) -> None:
    wrong, unknown = sign_in(client, password="wrong"), sign_in(client, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("小王", "") == unknown.text.replace("nobody", "")


def test_five_wrong_passwords_lock_an_account_for_a_while(client: TestClient, site: Site) -> None:
    for _ in range(accounts.FAILURES_MAX):
        sign_in(client, password="wrong")
    assert "锁定" in sign_in(client).text
    with closing(site.pipeline.open_ledger()) as ledger:  # one that was tried at the same time as the last
        ledger.execute([(accounts.SQL["failed"], (accounts.FAILURES_MAX, "", accounts.FAILURES_MAX, "小王"))])
    assert "锁定" in sign_in(client).text
    with closing(site.pipeline.open_ledger()) as ledger:
        accounts.set_password(ledger, "小王", PASSWORD, Argon2(), BY)
    assert sign_in(client).status_code == 303, "the hint says so"


def test_a_session_ends_when_it_is_signed_out_of_and_when_its_account_is_closed(client: TestClient, site: Site) -> None:
    sign_in(client)
    stolen = client.cookies["syncd_session"]
    client.post("/sign-out", data={"form": form_of(client.get("/"))})
    client.cookies.set("syncd_session", stolen)
    assert client.get("/").status_code == 303
    client.cookies.clear()
    sign_in(client)
    with closing(site.pipeline.open_ledger()) as ledger:
        accounts.close(ledger, "小王", BY, datetime.now(UTC))
        with pytest.raises(Exception, match="account_taken"):
            accounts.add(ledger, "小王", PASSWORD, [], Argon2(), BY, datetime.now(UTC))
    assert client.get("/").status_code == 303
    assert sign_in(client).status_code == 401


def test_no_secret_is_kept_as_it_is(client: TestClient, site: Site) -> None:
    sign_in(client)
    kept = repr(site.ask("SELECT * FROM syncd.account")) + repr(site.ask("SELECT * FROM syncd.session"))
    assert PASSWORD not in kept
    assert client.cookies["syncd_session"] not in kept


def test_support_finds_a_parked_row_on_the_overview_corrects_it_and_it_is_posted(
    client: TestClient, site: Site
) -> None:
    """Invariant 8: what the page shows that it would make is what is made; who and why stands in the chain."""
    sign_in(client)
    overview = client.get("/").text
    (address,) = re.findall(r'<li><a href="(/parked\?[^"]+)"', overview)
    listed = client.get(address.replace("&amp;", "&")).text
    assert 'href="/parked/row?pipeline=main&amp;id=1"' in listed
    before = row(client).text
    assert "NONE" in before
    shown = client.get(do(client, "preview", **{"set.dept": "SC"}).headers["location"])
    assert 'value="SC"' in shown.text
    assert "120,000.00" in shown.text
    do(client, "edit", **{"set.dept": "SC"})
    site.carry()
    assert site.ask("SELECT state FROM syncd.parked") == [("posted",)]
    (deed,) = site.ask("SELECT actor, action, reason FROM syncd.action WHERE target = 'parked/1'")
    assert deed == ("小王", "edit", "EAM 部门填错")
    assert "EAM 部门填错" in row(client).text


def test_a_viewer_looks_and_changes_nothing_whatever_is_sent(client: TestClient, site: Site) -> None:
    sign_in(client, "viewer")
    page = row(client)
    assert "set.dept" not in page.text
    answer = do(client, "retry", form_of(page))
    assert (answer.status_code, "viewer" in answer.text) == (409, True)
    assert site.ask("SELECT request FROM syncd.parked") == [("",)]


@pytest.mark.parametrize("form", ["", "0" * 64])
def test_a_form_that_this_session_did_not_make_does_nothing(client: TestClient, site: Site, form: str) -> None:
    sign_in(client)
    answer = client.post("/parked/row", data=ROW | {"do": "discard", "reason": "x", "form": form})
    assert answer.status_code == 409
    assert site.ask("SELECT request FROM syncd.parked") == [("",)]


def test_a_form_of_another_site_is_refused(client: TestClient, site: Site) -> None:
    sign_in(client)
    form = form_of(row(client))
    sent = ROW | {"do": "discard", "reason": "x", "form": form}
    assert client.post("/parked/row", data=sent, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert site.ask("SELECT request FROM syncd.parked") == [("",)]


def test_an_edit_needs_a_reason_and_a_value_that_is_another(client: TestClient, site: Site) -> None:
    sign_in(client)
    assert do(client, "edit").status_code == 409
    assert do(client, "edit", reason=" ", **{"set.dept": "SC"}).status_code == 409
    assert do(client, "edit", **{"set.code": "FA-2"}).status_code == 409, "a key is never edited"
    assert site.ask("SELECT request FROM syncd.parked") == [("",)]


def test_what_a_row_holds_is_text_on_every_page(client: TestClient, site: Site) -> None:
    """Stored script does nothing."""
    site.asset("<script>alert(1)</script>", dept="<img src=x onerror=alert(1)>", name="<b>x")
    site.carry()
    sign_in(client)
    for page in (client.get("/"), client.get("/parked"), client.get("/parked/row?pipeline=main&id=2")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs_that_is_not_a_file_of_ours(client: TestClient) -> None:
    sign_in(client)
    for address in ("/", "/parked", "/sign-in", "/static/style.css", "/nowhere"):
        answer = client.get(address)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text)
        assert "<script>" not in answer.text
        assert " style=" not in answer.text


def test_the_language_is_switched_and_the_page_stays(client: TestClient) -> None:
    sign_in(client)
    page = client.get("/parked?state=failed")
    assert "挂起行" in page.text
    (switch,) = re.findall(r'<a href="([^"]+)" lang="en">English', page.text)
    english = client.get(switch.replace("&amp;", "&"))
    assert "Parked rows" in english.text
    assert 'option value="failed" selected' in english.text
    assert "Parked rows" in client.get("/parked").text, "it is remembered"
    assert 'lang="zh-CN">中文' in client.get("/").text


def test_finance_down_is_said_and_does_not_end_the_console(client: TestClient, site: Site) -> None:
    sign_in(client)
    (site.folder / "finance.db").rename(site.folder / "away.db")
    assert client.get("/").status_code in (303, 409, 503)
    (site.folder / "away.db").rename(site.folder / "finance.db")
    assert client.get("/").status_code == 200
