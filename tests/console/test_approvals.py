"""The inbox of who agrees: what each row would make, one by one and many at once, four eyes on the server."""

import html
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from syncd.console import app
from syncd.console.passwords import Argon2
from syncd.desk.access import accounts
from tests.advice import advice, heard
from tests.console.site import BY, MAPPING, NAME, PASSWORD, Site
from tests.console.test_pages import form_of, sign_in
from tests.console.test_parked import text

ASKING: Final = MAPPING.replace(
    "    once: after.code\n",
    "    once: after.code\n    approve: {when: after.value > 0, role: finance, within: 2 days}\n",
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Three assets that wait for finance."""
    with closing(Site(tmp_path, ASKING)) as made:
        for code in ("FA-1", "FA-2", "FA-3"):
            made.asset(code, name="<script>alert(1)</script>"[:10])
        made.carry()
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[TestClient]:
    with TestClient(app.create(site.config), follow_redirects=False, headers={"accept-language": "en"}) as made:
        yield made


def many(client: TestClient, *ids: str) -> dict[str, object]:
    """The form that agrees to several."""
    page = client.get("/approvals/many", params={"pipeline": NAME, "role": "finance", "id": list(ids)})
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    send: dict[str, object] = {name: html.unescape(value) for name, value in fields if name != "id"}
    return send | {"id": [value for name, value in fields if name == "id"], "reason": "seen"}


def states(site: Site) -> list[tuple[object, ...]]:
    return site.ask("SELECT state, request FROM syncd.parked ORDER BY id")


def test_a_role_sees_what_waits_for_it_with_voucher_amount_and_deadline(reader: TestClient, site: Site) -> None:
    sign_in(reader, "老陈")
    page = reader.get("/approvals")
    said = text(page)
    assert "As finance" in said
    assert said.count("120,000.00") >= 3
    assert "1601" in said
    assert "<script>" not in page.text
    sign_in(reader, "viewer")
    assert "3 wait for other roles" in text(reader.get("/approvals"))
    assert "1601" in text(reader.get("/approvals?all=true"))


def test_many_are_agreed_to_with_their_sum_and_posted(reader: TestClient, site: Site) -> None:
    sign_in(reader, "老陈")
    send = many(reader, "1", "2")
    shown = text(reader.get("/approvals/many", params={"pipeline": NAME, "role": "finance", "id": ["1", "2"]}))
    assert "2 rows, 240,000.00 yuan in all, as finance" in shown
    assert reader.post("/approvals/many", data=send).status_code == 303
    site.carry()
    assert [state for state, _ in states(site)] == ["posted", "posted", "approval"]


def test_who_holds_no_such_role_decides_nothing_whatever_is_sent(reader: TestClient, site: Site) -> None:
    sign_in(reader, "老陈")
    send = many(reader, "1", "2")
    sign_in(reader)
    form = form_of(reader.get("/approvals"))
    assert reader.post("/approvals/many", data=send | {"form": form}).status_code == 409
    one = {"pipeline": NAME, "id": "1", "role": "finance", "do": "approve", "reason": "x", "form": form}
    assert reader.post("/approvals/row", data=one).status_code == 409
    assert reader.post("/approvals/row", data=one | {"do": "reject"}).status_code == 409
    assert reader.post("/approvals/row", data=one | {"role": "controller"}).status_code == 409
    assert {request for _, request in states(site)} == {""}


def test_who_has_typed_a_row_may_not_agree_to_it(reader: TestClient, site: Site) -> None:
    """Four eyes, on the server."""
    with closing(site.pipeline.open_ledger()) as ledger:
        accounts.add(ledger, "both", PASSWORD, ["support", "finance"], Argon2(), BY, datetime.now(UTC))
    sign_in(reader, "both")
    form = form_of(reader.get("/approvals"))
    edit = {"pipeline": NAME, "id": "1", "do": "edit", "set.value": "1.00", "reason": "typo", "form": form}
    assert reader.post("/parked/row", data=edit).status_code == 303
    site.carry()
    assert "not by you" in text(reader.get("/approvals"))
    send = {"pipeline": NAME, "id": "1", "role": "finance", "do": "approve", "reason": "mine", "form": form}
    assert reader.post("/approvals/row", data=send).status_code == 409
    sign_in(reader, "老陈")
    send["form"] = form_of(reader.get("/approvals"))
    assert reader.post("/approvals/row", data=send).status_code == 303
    site.carry()
    assert states(site)[0] == ("posted", "")


@advice("approve_none")
def test_nothing_is_agreed_to_that_is_not_chosen_or_not_as_it_was_seen(reader: TestClient, site: Site) -> None:
    sign_in(reader, "老陈")
    heard("approve_none", text(reader.get("/approvals/many", params={"pipeline": NAME, "role": "finance"})))
    send = many(reader, "1", "2")
    one = {"pipeline": NAME, "id": "1", "role": "finance", "do": "reject", "reason": "no"}
    assert reader.post("/approvals/row", data=one | {"form": send["form"]}).status_code == 303
    site.carry()
    assert reader.post("/approvals/many", data=send).status_code == 409
    assert states(site)[1] == ("approval", "")
    assert reader.post("/approvals/many", data=many(reader, "2")).status_code == 303
