"""Role × page: every address of the console, those that are still to come too, driven by everybody."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from syncd import checks
from syncd.desk.access import accounts, rights
from tests.advice import advice
from tests.console.site import BY, NAME, Site

OPEN: Final = ("/sign-in", "/sign-in/away", "/sign-in/back", "/healthz", "/readyz")
"""What is shown to anybody."""
BESIDE_LOOKING: Final[Mapping[str, rights.Action]] = {
    "/people": "see_accounts",
    "/people/one": "see_accounts",
    "/people/ask": "administer",
}
"""Pages that take more than to look."""
GIVEN: Final = {
    "pipeline": NAME,
    "id": "1",
    "seq": "1",
    "asset": "FA-1",
    "month": "2026-02",
    "period": "2026-02",
    "number": "1",
    "name": "小王",
    "do": "close",
    "table": "asset_account",
    "parked": "1",
}


def pages(client: TestClient, method: str) -> list[str]:
    """All addresses that take a method."""
    routes: list[Any] = [route for route in _routes(client.app) if method in (getattr(route, "methods", None) or ())]
    return sorted({re.sub(r"\{\w+(:\w+)?\}", "1", route.path) for route in routes} - {*OPEN})


def _routes(made: Any) -> Iterator[Any]:
    for route in made.routes:
        inner = getattr(route, "original_router", None)  # routers are kept whole by newer frameworks
        if inner is not None:
            yield from _routes(inner)
        else:
            yield route


def be(client: TestClient, site: Site, role: str, limits: Mapping[str, list[str]] | None = None) -> str:
    """Somebody who has signed in with one role; the form of their session."""
    name, now, secret = f"one in {role}", datetime.now(UTC).isoformat(), f"secret of {role}"
    with closing(site.pipeline.open_accounts()) as ledger:
        ledger.execute(
            [
                (accounts.SQL["open"], (name, "", f'["{role}"]', now)),
                (accounts.SQL["begin"], (sha256(secret.encode()).hexdigest(), name, now, now)),
            ]
        )
        if limits:
            accounts.limit(ledger, name, limits.get("pipelines", []), limits.get("companies", []), BY)
    client.cookies.set("syncd_session", secret)
    return accounts.form_token(secret)


def test_the_addresses_are_found(client: TestClient) -> None:
    assert {"/", "/parked", "/parked/row", "/approvals", "/books"} <= {*pages(client, "GET")}
    assert "/parked/row" in pages(client, "POST")


def test_every_page_is_for_who_is_signed_in(client: TestClient, site: Site) -> None:
    """A page that somebody forgets to protect fails here."""
    for address in pages(client, "GET"):
        answer = client.get(address, params=GIVEN)
        assert (answer.status_code, answer.headers.get("location", "")[:9]) == (303, "/sign-in?"), address
    before = site.ask("SELECT count(*) FROM syncd.action")
    for address in pages(client, "POST"):
        assert client.post(address, data=GIVEN | {"do": "retry", "reason": "x"}).status_code == 303, address
    assert site.ask("SELECT count(*) FROM syncd.action") == before


def test_every_form_is_of_the_session_that_sends_it(client: TestClient, site: Site) -> None:
    be(client, site, "controller")
    before = site.ask("SELECT count(*) FROM syncd.action")
    for address in pages(client, "POST"):
        for form in ("", "0" * 64, "é"):
            sent = GIVEN | {"do": "retry", "what": "retry", "reason": "x", "role": "controller", "form": form}
            assert client.post(address, data=sent).status_code in (409, 422), address
    assert site.ask("SELECT count(*) FROM syncd.action") == before


@pytest.mark.parametrize("role", rights.ROLES)
def test_a_role_sees_every_page_and_does_what_the_table_gives_it(client: TestClient, site: Site, role: str) -> None:
    form = be(client, site, role)
    for address in pages(client, "GET"):
        answer = client.get(address, params=GIVEN)
        wanted = f"{address}: {answer.text}"
        assert answer.status_code in (200, 409), wanted
        action = BESIDE_LOOKING.get(address, "look")
        is_shown = action == "look" or (
            role in rights.giving(action) and (action in rights.READING or role != rights.AUDITOR)
        )
        assert ("无权" not in answer.text) is is_shown, wanted
    for do in ("retry", "discard"):
        with closing(site.pipeline.open_accounts()) as ledger:
            ledger.execute([("UPDATE syncd.parked SET request = ''", ())])
        client.post("/parked/row", data=GIVEN | {"do": do, "reason": "x", "form": form})
        is_done = site.ask("SELECT request FROM syncd.parked") == [(do,)]
        action: rights.Action = "mend" if do == "retry" else "discard"
        assert is_done is (role in rights.giving(action) and role != rights.AUDITOR), (role, do)


@pytest.mark.parametrize("limits", [{"pipelines": ["other"]}, {"companies": ["West"]}])
def test_an_account_that_is_limited_sees_nothing_of_what_it_is_not_let_into(
    client: TestClient, site: Site, limits: Mapping[str, list[str]]
) -> None:
    be(client, site, "controller", limits)
    for address in pages(client, "GET"):
        answer = client.get(address, params=GIVEN)
        assert answer.status_code in (200, 409, 422), address
        body = re.sub(r'(value|href|action)="[^"]*"', "", answer.text)  # what was asked for is repeated in a form
        assert "120,000" not in body, address
        assert "机床" not in body, address


@advice("account_unheld", "people_both")
def test_check_tells_the_roles_that_no_account_holds_and_that_people_count_no_more(site: Site) -> None:
    site.config.write_text(site.config.read_text("utf-8") + "people: {li: [controller]}\n", "utf-8")
    with closing(site.pipeline.open_accounts()) as ledger:
        accounts.set_roles(ledger, "老周", ["finance"], BY)
        found = {one.code: one for one in checks.check_people(site.pipeline)}
        assert {*found} == {"account_unheld", "people_both"}
        assert found["account_unheld"].params["role"] == "controller"
        accounts.set_roles(ledger, "老周", ["finance", "controller"], BY)
    site.config.write_text(site.config.read_text("utf-8").partition("people:")[0], "utf-8")
    assert checks.check_people(site.pipeline) == []
