"""The mapping on the console: rules as they are written, where columns come from, what it would change, who answers."""

import re
from contextlib import closing

import httpx2 as httpx
from fastapi.testclient import TestClient

from syncd.desk.parked import operators
from tests.advice import advice, heard
from tests.console.site import MAPPING, NAME, Site
from tests.console.test_pages import form_of, sign_in
from tests.console.test_parked import text


def post(client: TestClient, do: str, **given: str) -> httpx.Response:
    page = client.get("/mapping")
    (seen,) = re.findall(r'name="hash" value="(\w+)"', page.text)
    send = {"pipeline": NAME, "form": form_of(page), "do": do, "hash": seen, "reason": "seen"}
    return client.post("/mapping", data=send | given)


def change(site: Site) -> None:
    """The summary reads otherwise from now on; what was posted stands."""
    (site.folder / "mapping.yaml").write_text(MAPPING.replace("'购置 '", "'新购 '"), "utf-8")


def accepted(site: Site) -> bool:
    with closing(site.pipeline.open_ledger()) as ledger:
        return operators.accepted(ledger, site.pipeline.mapping.name) == site.pipeline.mapping.hash


def test_a_rule_is_read_with_where_its_columns_come_from(reader: TestClient) -> None:
    sign_in(reader, "viewer")
    page = reader.get("/mapping?rule=registration")
    assert "op = 'insert'" in text(page)
    assert re.search(r"mapping\.yaml:\d+", text(page))
    assert len(re.findall("<path ", page.text)) >= 3
    assert {"asset.value", "fa_card.original_value"} <= {*re.findall(r"<text[^>]*>([^<]+)<", page.text)}


@advice("mapping_moved_on")
def test_a_changed_mapping_shows_its_effect_and_takes_two_people(reader: TestClient, site: Site) -> None:
    """Invariant 15: a page that was made for another content does nothing, and says so."""
    site.asset("FA-2")
    site.carry()
    sign_in(reader, "老陈")
    assert "this content is accepted" in text(reader.get("/mapping"))
    change(site)
    assert "新购" in text(post(reader, "compare"))
    heard("mapping_moved_on", text(post(reader, "accept", hash="0" * 64)))
    assert post(reader, "accept").status_code == 409, "a second person is asked"
    assert not accepted(site)
    assert "老陈" in text(reader.get("/mapping"))
    sign_in(reader, "小王")
    assert post(reader, "accept").status_code == 409, "support may not"
    sign_in(reader, "老周")
    assert post(reader, "accept").status_code == 303
    assert accepted(site)


def test_cases_are_run(reader: TestClient, site: Site) -> None:
    cases = site.folder / "mapping.cases"
    cases.mkdir()
    (cases / "broken.yaml").write_text("case: x\nnothing: here\n", "utf-8")
    sign_in(reader, "viewer")
    assert "✗" in post(reader, "cases").text
