"""The page of people: who may see it, what an administrator does there, that it is what the command line does and
stands in the chain; and everybody's own page.
"""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from syncd.console import people
from syncd.console.passwords import Argon2
from syncd.desk.access import accounts, identities, rights, tokens
from syncd.desk.audit import verify
from syncd.desk.parked import operators
from syncd.errors import WrongUsage
from tests.advice import advice, heard
from tests.advice.command import fine, refused
from tests.console.site import BY, NAME, PASSWORD, Site, hashed
from tests.console.test_api import Api, code, token
from tests.console.test_openid import OPENID
from tests.console.test_pages import form_of, sign_in
from tests.console.test_parked import text
from tests.console.test_table import be

ANOTHER: Final = "another that is long enough"
NOW: Final = datetime.now(UTC)


class Quick:
    """Keeps passwords as they are, and knows the one of all."""

    def hash(self, password: str) -> str:
        return f"quick {password}"

    def matches(self, kept: str, password: str) -> bool:
        return kept == self.hash(password) or (kept == hashed() and password == PASSWORD)


@pytest.fixture(autouse=True)
def quick(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 takes half a second for each of them."""
    own = cast(FastAPI, client.app).state.house
    assert isinstance(own.hasher, Argon2), "as the command keeps them"
    monkeypatch.setattr(own, "hasher", Quick())


def change(client: TestClient, do: str, name: str = "小王", **given: object) -> httpx.Response:
    """What an administrator does: choose, see what it would be, and say why."""
    typed = {key: given.pop(key) for key in ("password", "again", "reason") if key in given}
    asked = client.get("/people/ask", params={"do": do, "name": name} | given)
    if asked.status_code != 200:
        return asked
    sent = {"do": do, "name": name, "form": form_of(asked), "reason": "ticket 7"} | given | typed
    return client.post("/people", data=sent)


def account(site: Site, name: str = "小王") -> accounts.Account:
    with closing(site.pipeline.open_accounts()) as ledger:
        found = accounts.find(ledger, name)
    assert found is not None
    return found


def deeds(site: Site) -> list[tuple[object, ...]]:
    return site.ask("SELECT actor, action, reason FROM syncd.action WHERE target LIKE 'account/%' ORDER BY seq")


def unaccounted(site: Site) -> set[str]:
    """Accounts that may what no action has given them."""
    with closing(site.pipeline.open_ledger()) as ledger:
        flaws = verify.verify(ledger, NAME, site.pipeline.mapping.layout).flaws
    assert {one.code for one in flaws} <= {"audit_account"}
    return {one.params["account"] for one in flaws}


def test_everybody_is_listed_with_all_by_which_they_are_known_and_no_secret(reader: TestClient, site: Site) -> None:
    made = token(site, "老陈", "look")
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.map_user(ledger, "chen", "老陈", BY, NOW)
        identities.bind(ledger, "老陈", "https://login.example.com", "sub-77", BY, NOW)
        accounts.limit(ledger, "老陈", [NAME], ["East"], BY)
        secret = accounts.begin(ledger, "老陈", NOW)
        kept = repr(ledger.query("SELECT password FROM syncd.account") + ledger.query("SELECT digest FROM syncd.token"))
    be(reader, site, "auditor")
    for address in ("/people", "/people/one?name=老陈"):
        page = reader.get(address)
        assert all(word in page.text for word in ("老陈", "finance", "chen", "sub-77", "main", "East", "look")), address
        for hidden in (made, made.rpartition("_")[2], secret, *kept.split("'")[1::2]):
            assert len(hidden) < 9 or hidden not in page.text, address
        assert 'action="/people"' not in page.text, "an auditor changes nothing"
        assert "/people/ask" not in page.text
    assert reader.get("/people/one", params={"name": "nobody"}).status_code == 409


def test_what_an_administrator_does_is_what_the_command_does_and_stands_in_the_chain(
    client: TestClient, site: Site
) -> None:
    """Invariant 12."""
    be(client, site, "administrator")
    begun = len(deeds(site))
    opened = change(client, "open", "新人", role=["viewer", "support"], password=PASSWORD, again=PASSWORD)
    assert opened.headers["location"] == "/people/one?name=%E6%96%B0%E4%BA%BA"
    assert sign_in(TestClient(client.app, follow_redirects=False), "新人").status_code == 303
    assert account(site, "新人").roles == ("support", "viewer")
    change(client, "roles", role=["finance"])
    change(client, "limit", pipeline=["main"], company=["East"])
    change(client, "map", user="wang")
    made = account(site)
    assert (made.roles, made.pipelines, made.companies) == (("finance",), ("main",), ("East",))
    change(client, "unmap", user="wang")
    shown = change(client, "token", scope=["look", "mend"], days="30")
    with closing(site.pipeline.open_accounts()) as ledger:
        (kept,) = tokens.every(ledger)
        told = shown.text.partition('class="token">')[2].partition("<")[0]
        assert tokens.holder(ledger, told, NOW).scope == {"look", "mend"}
        assert timedelta(days=29) < kept.expires_at - NOW < timedelta(days=31)
    assert told not in client.get("/people/one", params={"name": "小王"}).text
    change(client, "revoke", token=kept.name)
    change(client, "password", password=ANOTHER, again=ANOTHER)
    change(client, "close")
    assert not account(site).is_open
    by = [(actor, reason) for actor, _, reason in deeds(site)[begun:]]
    did = [str(action) for _, action, _ in deeds(site)[begun:]]
    assert {*by} == {("one in administrator", "ticket 7")}
    of_it = "open roles limit map unmap token_add token_revoke password close"
    assert did == [one if one.startswith("token") else f"account_{one}" for one in of_it.split()]
    said = text(client.get("/people/one", params={"name": "小王"}))
    assert "停用账号 ticket 7" in said
    assert unaccounted(site) == {"one in administrator"}, "whom no action has opened: the test has put them there"
    listed = {one["name"]: one for one in json.loads(fine("people list --json", site.config))}
    assert (listed["小王"]["is_open"], listed["新人"]["has_password"]) == (False, True)


def test_who_is_locked_is_unlocked_on_the_page_and_at_the_command_line(client: TestClient, site: Site) -> None:
    for unlock in ("page", "command"):
        client.cookies.clear()
        for _ in range(accounts.FAILURES_MAX):
            sign_in(client, password="wrong")
        assert "锁定" in sign_in(client).text
        if unlock == "page":
            be(client, site, "administrator")
            assert "锁定至" in client.get("/people").text
            assert change(client, "unlock").status_code == 303
        else:
            assert "locked until" in " ".join(fine("people list", site.config).split())
            assert "may try" in fine("people unlock 小王 --actor admin --reason asked", site.config)
        client.cookies.clear()
        assert sign_in(client).status_code == 303


def test_nobody_but_an_administrator_changes_accounts(client: TestClient, site: Site) -> None:
    """And one who is limited to a pipeline administers nobody."""
    before = deeds(site)
    sent = {"name": "小王", "reason": "x", "role": "administrator", "scope": "administer", "user": "eve"}
    typed = {"password": PASSWORD, "again": PASSWORD}
    for role in rights.ROLES:
        limits = {"pipelines": [NAME]} if role == rights.ADMINISTRATOR else None
        form = be(client, site, role, limits)
        before = deeds(site) if limits else before
        for do in people.DEEDS:
            assert client.post("/people", data=sent | typed | {"do": do, "form": form}).status_code == 409, (role, do)
        assert client.get("/people/ask", params={"do": "close", "name": "小王"}).status_code == 409, role
        assert client.get("/people").status_code == (200 if role == "auditor" else 409)
        assert ('href="/people"' in client.get("/me").text) is (role == "auditor"), role
        assert deeds(site) == before, role


def test_a_form_about_people_is_of_the_session_of_the_site_and_says_why(client: TestClient, site: Site) -> None:
    form = be(client, site, "administrator")
    before = deeds(site)
    sent = {"do": "close", "name": "小王", "reason": "x", "form": form}
    assert client.post("/people", data=sent | {"form": ""}).status_code == 409
    assert client.post("/people", data=sent | {"form": "0" * 64}).status_code == 409
    assert client.post("/people", data=sent, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/people", data=sent | {"reason": " "}).status_code == 409
    assert client.post("/people", data=sent | {"do": "delete"}).status_code == 409
    for address in ("/me/sign-out", "/me/password"):
        mine = {"form": "0" * 64, "old": PASSWORD, "password": ANOTHER, "again": ANOTHER}
        assert client.post(address, data=mine).status_code == 409, address
        answer = client.post(address, data=mine | {"form": form}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403, address
    assert deeds(site) == before
    assert client.get("/people").status_code == 200


@advice("account_no_name", "account_nothing_chosen", "account_moved_on", "password_unlike")
def test_what_cannot_be_done_to_an_account_is_said_and_not_done(reader: TestClient, site: Site) -> None:
    be(reader, site, "administrator")
    before = deeds(site)
    heard("account_nothing_chosen", text(change(reader, "roles")))
    heard("account_nothing_chosen", text(change(reader, "map")))
    heard("account_nothing_chosen", text(change(reader, "token")))
    typed = {"password": PASSWORD, "again": PASSWORD}
    heard("account_no_name", text(change(reader, "open", " ", role="viewer", **typed)))
    unlike = change(reader, "password", password=PASSWORD, again=ANOTHER)
    heard("password_unlike", text(unlike))
    assert PASSWORD not in unlike.text
    assert ANOTHER not in unlike.text
    assert change(reader, "password", password="short", again="short").status_code == 409
    assert change(reader, "open", "小王", role="viewer", **typed).status_code == 409
    assert deeds(site) == before
    seen = accounts.version(account(site))
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.set_roles(ledger, "小王", ["viewer"], BY)
    heard("account_moved_on", text(change(reader, "roles", role="finance", seen=seen)))
    assert account(site).roles == ("viewer",)
    assert change(reader, "roles", role="finance", seen=accounts.version(account(site))).status_code == 303
    assert change(reader, "close").status_code == 303


def test_two_administrators_do_not_overwrite_each_other(reader: TestClient, site: Site) -> None:
    """Also where both have passed the page at the same moment: what was seen is held to what is there by who writes."""
    before = account(site)
    seen = accounts.version(before)
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.limit(ledger, "小王", [NAME], [], BY, seen)
        for write in (
            lambda: accounts.set_roles(ledger, "小王", ["administrator"], BY, seen),
            lambda: accounts.limit(ledger, "小王", [], [], BY, seen),
        ):
            with pytest.raises(WrongUsage) as refusal:
                write()
            assert refusal.value.code == "account_moved_on"
    assert (account(site).roles, account(site).pipelines) == (before.roles, (NAME,))


def test_what_was_done_to_somebody_is_told_whatever_was_done_to_their_namesakes(reader: TestClient, site: Site) -> None:
    be(reader, site, "administrator")
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.set_roles(ledger, "小王", ["viewer"], operators.Actor("admin", "ticket 4711"))
        accounts.add(ledger, "小王二", None, ["viewer"], Quick(), BY, NOW)
        for _ in range(people.DONE_MAX + 1):
            accounts.limit(ledger, "小王二", [NAME], [], BY)
    assert "ticket 4711" in reader.get("/people/one", params={"name": "小王"}).text
    assert "ticket 4711" not in reader.get("/people/one", params={"name": "小王二"}).text


def test_what_somebody_is_called_is_text_on_every_page(client: TestClient, site: Site) -> None:
    """Stored script does nothing."""
    be(client, site, "administrator")
    name, typed = "<script>alert(1)</script>", {"password": PASSWORD, "again": PASSWORD}
    assert change(client, "open", name, role="<b>role", **typed).status_code == 303
    change(client, "map", name, user="<i>user")
    for address in ("/people", "/people/one", "/people/ask"):
        page = client.get(address, params={"name": name, "do": "close"}).text
        assert "&lt;script&gt;" in page, address
        assert not any(raw in page for raw in ("<script>", "<b>role", "<i>user")), address


def test_where_no_passwords_are_taken_an_account_is_opened_without_one(
    client: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page as at the command line, which asks for none; and nobody is let in by an empty one."""
    monkeypatch.setenv("SYNCD_CLIENT_SECRET", "s")
    said = OPENID.format(issuer="https://login.example.com", passwords="false")
    site.config.write_text(site.config.read_text("utf-8") + said, "utf-8")
    form = be(client, site, "administrator")
    assert 'type="password"' not in client.get("/people/ask", params={"do": "open", "name": "新人"}).text
    assert change(client, "open", "新人", role="viewer").status_code == 303
    told = fine("people add 又一人 --role viewer --actor admin --reason asked", site.config)
    assert "people bind 又一人" in " ".join(told.split())
    assert change(client, "bind", "新人", subject="4711").status_code == 303
    assert "4711" in client.get("/people").text
    assert change(client, "password", password=PASSWORD, again=PASSWORD).status_code == 409
    mine = {"form": form, "old": PASSWORD, "password": ANOTHER, "again": ANOTHER}
    assert client.post("/me/password", data=mine).status_code == 409
    refused("people password 新人 --actor admin --reason asked", site.config, 3)
    assert not account(site, "新人").has_password
    assert not account(site, "又一人").has_password
    site.config.write_text(site.config.read_text("utf-8").replace("passwords: false", "passwords: true"), "utf-8")
    client.cookies.clear()
    assert sign_in(client, "新人", "").status_code == 401
    assert unaccounted(site) == {"one in administrator"}, "whom no action has opened: the test has put them there"


def test_everybody_has_a_page_of_their_own(client: TestClient, site: Site) -> None:
    sign_in(client)
    page = text(client.get("/me"))
    assert "更正并重试挂起行 不限" in page
    assert "管理账号与令牌" not in page
    assert "本浏览器" in page
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.limit(ledger, "小王", [NAME], [], BY)
    assert "小王" in client.get("/").text
    elsewhere = TestClient(client.app, follow_redirects=False)
    sign_in(elsewhere)
    page = client.get("/me")
    assert page.text.count('<tr><td class="when"') == 2
    assert client.post("/me/sign-out", data={"form": form_of(page)}).headers["location"] == "/sign-in"
    assert (client.get("/").status_code, elsewhere.get("/").status_code) == (303, 303)


def test_somebody_changes_their_password_who_knows_the_one_they_have(client: TestClient, site: Site) -> None:
    sign_in(client)
    sent = {"form": form_of(client.get("/me")), "old": "wrong", "password": ANOTHER, "again": ANOTHER}
    assert client.post("/me/password", data=sent).status_code == 409
    assert client.post("/me/password", data=sent | {"old": PASSWORD, "again": "x" * 12}).status_code == 409
    assert client.get("/me").status_code == 200
    assert client.post("/me/password", data=sent | {"old": PASSWORD}).headers["location"] == "/sign-in?to=%2Fme"
    assert client.get("/me").status_code == 303
    assert sign_in(client).status_code == 401
    assert sign_in(client, password=ANOTHER).status_code == 303
    assert deeds(site)[-1] == ("小王", "account_password", accounts.OWN)


def test_a_machine_reads_people_and_tokens_where_it_may_see_accounts(client: TestClient, site: Site) -> None:
    audits, mends = token(site, "bot", "auditor", "see_accounts"), token(site, "小王", "support")
    kept = site.ask("SELECT digest FROM syncd.token UNION ALL SELECT password FROM syncd.account WHERE password <> ''")
    for path in ("/people", "/tokens"):
        answer = Api(client, audits).send("GET", path)
        assert {one.get("name") for one in answer.json()["items"]} >= ({"bot", "小王"} if path == "/people" else set())
        assert not any(str(secret) in answer.text for (secret,) in kept)
        assert code(Api(client, mends).send("GET", path)) == (403, "right_missing")
        narrow = token(site, "bot", "auditor", "look")
        assert code(Api(client, narrow).send("GET", path)) == (403, "right_scope")
