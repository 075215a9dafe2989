"""Signing in by a provider of accounts: who is let in, as whom; and whatever is not proved lets nobody in."""

import html
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey

from syncd import config
from syncd.desk.access import accounts
from syncd.errors import MappingError
from tests.advice import advice, heard
from tests.advice.command import fine, refused, syncd
from tests.console.provider import CLIENT, SECRET, Provider, serving
from tests.console.site import Site
from tests.console.test_pages import form_of, sign_in

OPENID: Final = """
console:
  openid:
    issuer: {issuer}
    client_id: syncd
    client_secret: ${{SYNCD_CLIENT_SECRET}}
    address: http://testserver
    groups: groups
    roles: {{accounting: [finance], it: [dba]}}
    passwords: {passwords}
"""
WHO: Final = "--actor admin --reason asked"
NOW: Final = int(datetime.now(UTC).timestamp())


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with serving() as made:
        yield made


@pytest.fixture
def provider(served: Provider, site: Site, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """That of the site, which tells the truth again."""
    monkeypatch.setenv("SYNCD_CLIENT_SECRET", SECRET)
    served.be_true()
    configure(site, served.issuer)
    return served


def configure(site: Site, issuer: str, passwords: str = "true") -> None:
    plain = site.config.read_text("utf-8").partition("\nconsole:")[0]
    site.config.write_text(plain + OPENID.format(issuer=issuer, passwords=passwords), "utf-8")


def brought(client: TestClient, provider: Provider, to: str = "/") -> dict[str, str]:
    """Somebody goes to the provider; what they are sent back with."""
    away = client.get("/sign-in/away", params={"to": to})
    assert away.status_code == 303, away.text
    return provider.agree(away.headers["location"])


def back(client: TestClient, query: dict[str, str]) -> httpx.Response:
    return client.get("/sign-in/back", params=query)


def come(client: TestClient, provider: Provider, to: str = "/") -> httpx.Response:
    client.cookies.delete("syncd_session")
    return back(client, brought(client, provider, to))


def said(page: httpx.Response) -> str:
    """What a page says that lets nobody in."""
    assert "syncd_session" not in page.headers.get("set-cookie", "")
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))


def let_in(page: httpx.Response) -> bool:
    return page.status_code == 200 and "syncd_session=" in page.headers.get("set-cookie", "")


def holder(site: Site, name: str) -> accounts.Account:
    with closing(site.pipeline.open_accounts()) as ledger:
        found = accounts.find(ledger, name)
    assert found is not None
    return found


def test_who_is_in_a_group_gets_an_account_with_its_roles(site: Site, client: TestClient, provider: Provider) -> None:
    page = come(client, provider, "/parked?state=failed")
    assert let_in(page)
    assert 'content="0; url=/parked?state=failed"' in page.text, "a redirect would not show the browser's cookie"
    assert "SameSite=strict" in page.headers["set-cookie"]
    assert "李娜" in client.get("/").text
    assert holder(site, "李娜").roles == ("finance",)
    assert let_in(come(client, provider))
    deeds = site.ask("SELECT actor, reason FROM syncd.action WHERE action = 'account_open'")
    assert deeds[-1] == (provider.issuer, "OpenID Connect: 248289")
    assert len(deeds) == 5, "four of the site and one by the provider, once"
    assert client.post("/sign-out", data={"form": form_of(client.get("/"))}).status_code == 303
    assert client.get("/").status_code == 303


def test_what_goes_over_the_address_bar_is_good_for_nobody_else(client: TestClient, provider: Provider) -> None:
    away = client.get("/sign-in/away")
    query = parse_qs(urlsplit(away.headers["location"]).query)
    held = client.cookies["syncd_away"].partition(".")[0]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://testserver/sign-in/back"]
    assert len({query["state"][0], query["nonce"][0], query["code_challenge"][0], held}) == 4
    assert held not in away.headers["location"]
    assert SECRET not in away.headers["location"]
    assert all(word in away.headers["set-cookie"] for word in ("HttpOnly", "SameSite=lax", "Path=/sign-in"))


@advice("openid_false")
def test_a_word_of_the_provider_that_does_not_hold_lets_nobody_in(
    site: Site, reader: TestClient, provider: Provider
) -> None:
    """Wrong nonce, audience, party, issuer, subject; expired, old, not yet; unsigned, or signed by another."""
    lies: dict[str, dict[str, object]] = {
        "nonce": {"nonce": "another"}, "aud": {"aud": "another"}, "azp": {"aud": [CLIENT, "b"], "azp": "b"},
        "exp": {"exp": NOW - 3600}, "iat": {"iat": NOW - 3600}, "nbf": {"nbf": NOW + 3600},
        "iss": {"iss": "https://elsewhere.example"}, "sub": {"sub": ""}, "at_hash": {"at_hash": "AAAA"},
    }  # fmt: skip
    for what, lie in lies.items():
        provider.lies = lie
        page = come(reader, provider)
        assert (page.status_code, heard("openid_false", said(page))["what"]) == (401, what), what
    provider.lies = {}
    another = ECKey.generate_key("P-256", {"kid": "1"})
    for alg, key in (("none", provider.key), ("HS256", provider.key), ("ES256", another)):
        provider.alg, provider.signed_by = alg, key
        heard("openid_false", said(come(reader, provider)))
    assert site.ask("SELECT count(*) FROM syncd.identity") == [(0,)]
    provider.be_true()
    assert let_in(come(reader, provider)), "begun again, once the provider is right"


@advice("openid_state", "openid_again")
def test_a_sign_in_is_of_one_browser_and_taken_once(site: Site, reader: TestClient, provider: Provider) -> None:
    provider.forgets = False  # a provider that takes a code twice
    query = brought(reader, provider)
    held = reader.cookies["syncd_away"]
    heard("openid_state", said(back(reader, query | {"state": "another"})))
    heard("openid_state", said(back(reader, query)))  # what the browser held went with the attempt
    reader.cookies.set("syncd_away", held, path="/sign-in")
    assert let_in(back(reader, query))
    reader.cookies.delete("syncd_session")
    heard("openid_again", said(back(reader, query)))
    assert let_in(come(reader, provider))


@advice("openid_issuer")
def test_another_issuer_is_refused_on_the_way_there_and_back(
    site: Site, reader: TestClient, provider: Provider
) -> None:
    query = brought(reader, provider)
    heard("openid_false", said(back(reader, query | {"iss": "https://elsewhere.example"})))
    provider.said_issuer = provider.issuer + "/other"
    page = reader.get("/sign-in/away")
    assert page.status_code == 401
    assert heard("openid_issuer", said(page))["other"].startswith(provider.said_issuer)
    provider.said_issuer = provider.issuer
    assert let_in(come(reader, provider))


@advice("openid_unknown", "openid_taken", "openid_closed", "openid_unbound")
def test_who_has_no_role_is_bound_by_an_administrator(site: Site, reader: TestClient, provider: Provider) -> None:
    provider.who |= {"groups": ["visitors"], "preferred_username": "小王"}
    page = come(reader, provider)
    assert page.status_code == 401
    heard("openid_unknown", said(page))
    heard("openid_unbound", refused(f"people unbind 248289 {WHO}", site.config))
    fine(f"people bind 老陈 248289 {WHO}", site.config)
    assert let_in(come(reader, provider))
    assert "老陈" in reader.get("/").text
    assert holder(site, "老陈").roles == ("finance",), "those that it had: an administrator gives them"
    fine(f"people unbind 248289 {WHO}", site.config)
    assert reader.get("/").status_code == 303
    provider.who |= {"groups": ["it"]}  # who is called like somebody is not yet them
    heard("openid_taken", said(come(reader, provider)))
    fine(f"people bind 小王 248289 {WHO}", site.config)
    assert let_in(come(reader, provider))
    assert holder(site, "小王").roles == ("support",)
    assert "248289" in fine("people list --json", site.config)
    fine(f"people close 小王 {WHO}", site.config)
    heard("openid_closed", said(come(reader, provider)))
    fine(f"people bind viewer 248289 {WHO}", site.config)
    assert let_in(come(reader, provider))


@advice("openid_no_role")
def test_who_leaves_a_group_loses_its_roles(site: Site, reader: TestClient, provider: Provider) -> None:
    provider.who |= {"groups": "it"}
    assert let_in(come(reader, provider))
    provider.who |= {"groups": ["accounting", "it"], "preferred_username": "another name"}
    assert let_in(come(reader, provider))
    assert holder(site, "李娜").roles == ("dba", "finance")
    provider.who |= {"groups": None}
    heard("openid_no_role", said(come(reader, provider)))
    assert holder(site, "李娜").roles == ()
    fine(f"people bind 李娜 248289 {WHO}", site.config)
    fine(f"people roles 李娜 --role viewer {WHO}", site.config)
    assert let_in(come(reader, provider))
    assert holder(site, "李娜").roles == ("viewer",)


@advice("openid_down", "sign_in_no_password")
def test_passwords_go_on_while_the_provider_is_down_if_they_may(
    site: Site, reader: TestClient, provider: Provider
) -> None:
    configure(site, "http://127.0.0.1:9")
    page = reader.get("/sign-in/away")
    assert page.status_code == 503
    heard("openid_down", said(page))
    assert sign_in(reader).status_code == 303
    configure(site, provider.issuer, "false")
    assert 'type="password"' not in reader.get("/sign-in").text
    refused_ = sign_in(reader)
    assert refused_.status_code == 401
    heard("sign_in_no_password", said(refused_))
    assert let_in(come(reader, provider))
    configure(site, provider.issuer, "true")
    assert sign_in(reader).status_code == 303
    assert sign_in(reader, "小王", "").status_code == 401, "an account without a password has no empty one"


def test_who_signs_out_is_signed_out_at_the_provider_that_let_them_in(
    site: Site, client: TestClient, provider: Provider
) -> None:
    """Where it announces that it ends sessions; and here in any case."""

    def sign_out(path: str = "/sign-out") -> str:
        page = client.post(path, data={"form": form_of(client.get("/"))})
        assert client.get("/").status_code == 303
        found = re.search(r'content="0; url=([^"]+)"', page.text)
        assert (page.status_code, page.headers.get("location")) == ((200, None) if found else (303, "/sign-in"))
        return html.unescape(found[1]) if found else ""

    for ends in (f"{provider.issuer}/end", f"{provider.issuer}/end?a=b", "javascript:alert(1)", None):
        provider.ends = ends
        assert let_in(come(client, provider))
        address = sign_out("/me/sign-out" if ends and "a=b" in ends else "/sign-out")
        assert address.startswith(f"{provider.issuer}/end") is (ends is not None and ends.startswith("http")), ends
        asked = parse_qs(urlsplit(address).query)
        if address:
            assert (asked["client_id"], asked["post_logout_redirect_uri"]) == ([CLIENT], ["http://testserver/sign-in"])
            assert asked.get("a", ["b"]) == ["b"]
    provider.ends = f"{provider.issuer}/end"
    assert let_in(come(client, provider))
    sign_in(client)
    assert not sign_out(), "a password let them in"
    assert let_in(come(client, provider))
    configure(site, "http://127.0.0.1:9")
    assert not sign_out(), "the provider is down"


@advice("openid_refused")
def test_no_secret_is_told_whatever_goes_wrong(
    site: Site,
    reader: TestClient,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SYNCD_CLIENT_SECRET", wrong := "wrong-s3cret")
    page = come(reader, provider)
    assert heard("openid_refused", said(page))["error"].startswith("invalid_client")
    query = brought(reader, provider)
    page = back(reader, {"error": "access_denied<script>", "state": query["state"]})
    assert heard("openid_refused", said(page))["error"].startswith("access_deniedscript")
    monkeypatch.setenv("SYNCD_CLIENT_SECRET", SECRET)
    provider.methods = ["client_secret_post"]
    assert let_in(come(reader, provider))
    kept = [site.ask(f"SELECT * FROM syncd.{table}") for table in ("identity", "nonce", "session", "action", "account")]
    told = f"{page.text}{caplog.text}{kept}{syncd('check', site.config).said}"
    assert SECRET not in told
    assert wrong not in told
    assert reader.cookies["syncd_session"] not in told


@advice("openid_off")
def test_a_provider_is_named_first(site: Site, reader: TestClient, served: Provider) -> None:
    heard("openid_off", refused(f"people bind viewer 1 {WHO}", site.config))
    assert "/sign-in/away" not in reader.get("/sign-in").text
    assert reader.get("/sign-in/away").headers["location"].startswith("/sign-in?")
    configure(site, served.issuer)
    with pytest.raises(MappingError, match="config_no_variable"):
        config.load(site.config).openid()
    fine(f"people bind viewer 1 {WHO}", site.config)


def test_a_secret_in_the_wrong_place_is_not_shown_and_a_provider_is_asked_safely(site: Site) -> None:
    text = site.config.read_text("utf-8") + OPENID.format(issuer="http://login.example.com", passwords="true")
    site.config.write_text(text, "utf-8")
    with pytest.raises(MappingError) as unsafe:
        config.load(site.config)
    assert "issuer" in str(unsafe.value)
    safe = text.replace("http://login", "https://login")
    site.config.write_text(safe.replace("${SYNCD_CLIENT_SECRET}", "[s3cret]"), "utf-8")
    with pytest.raises(MappingError) as shown:
        config.load(site.config)
    assert "s3cret" not in str(shown.value)
