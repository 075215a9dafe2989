"""A row tried on the rules, on the console and at the command line: its steps, other values, nothing kept."""

import html
import json
import re
from contextlib import closing
from pathlib import Path
from typing import Final

from fastapi.testclient import TestClient

from syncd.console import app
from syncd.desk.parked import operators
from tests.advice import advice, heard
from tests.advice.command import fine, refused
from tests.console.site import MAPPING, NAME, Site
from tests.console.test_pages import form_of, sign_in
from tests.console.test_parked import text


def rows_kept(site: Site) -> list[tuple[object, ...]]:
    return [
        *site.ask("SELECT id, state, change, request FROM syncd.parked"),
        *site.ask("SELECT seq, content FROM syncd.posting"),
        *site.ask("SELECT count(*) FROM syncd.action"),
    ]


def test_a_parked_row_is_followed_through_its_rule_from_its_page(reader: TestClient, site: Site) -> None:
    """The page of the row leads to the steps, the step at fault is marked, and other values show another voucher."""
    sign_in(reader, "viewer")
    before = rows_kept(site)
    (link,) = re.findall(
        r'href="(/mapping/row\?[^"]*parked=1[^"]*)"', reader.get("/parked/row?pipeline=main&id=1").text
    )
    page = reader.get(html.unescape(link))
    (fault,) = re.findall(r'<tr class="fault"[^>]*>(.*?)</tr>', page.text, re.S)
    assert "NONE" in fault
    sent = {"form": form_of(page), "pipeline": NAME, "parked": "1", "set.dept": "SC", "set.name": "机床"}
    answer = reader.post("/mapping/row", data=sent)
    assert "set.dept=SC" in answer.headers["location"]
    assert "set.name" not in answer.headers["location"], "what is as it was is not said"
    tried = reader.get(answer.headers["location"])
    assert "120,000.00" in text(tried)
    assert "applies" in text(tried)
    assert 'class="fault"' not in tried.text
    assert rows_kept(site) == before


def test_a_posting_and_a_rule_lead_to_the_rows_that_may_be_tried(reader: TestClient, site: Site) -> None:
    site.asset("FA-2")
    site.carry()
    sign_in(reader, "viewer")
    for address, wanted in (
        ("/books/posting?pipeline=main&seq=1", "posting=1"),
        ("/mapping?rule=registration", "table=asset"),
        ("/mapping/row?table=asset", "key=FA-2"),
        ("/mapping/row", "posting=1"),
    ):
        links = [html.unescape(one) for one in re.findall(r'href="(/mapping/row\?[^"]*)"', reader.get(address).text)]
        (link, *_) = [one for one in links if wanted in one]
        assert reader.get(link).status_code == 200
    tried = reader.get("/mapping/row?posting=1")
    assert "购置 机床" in text(tried)
    assert "as if nothing had come of this row" in text(tried)
    changed = text(reader.get("/mapping/row?table=asset&key=FA-2&how=changed&rule=registration"))
    assert "does not hold" in changed
    assert "passed by" in changed


REPORT: Final = """
report:
  fields: {use: status}
  words: {use: {on: {zh: 在用, en: being used}}}
"""


def test_fields_are_called_as_the_reports_of_the_mapping_call_them(tmp_path: Path) -> None:
    """A column that the reports show is called alike on pages, and so is what stands in it."""
    mapping = MAPPING.replace("name: after.name,", "name: after.name, status: \"'on'\",") + REPORT
    with (
        closing(Site(tmp_path, mapping)) as site,
        TestClient(app.create(site.config), follow_redirects=False) as client,
    ):
        site.asset("FA-2")
        site.carry()
        client.headers["accept-language"] = "en"
        sign_in(client, "viewer")
        for address in ("/books/asset?asset=FA-2", "/mapping/row?posting=1", "/mapping?rule=registration"):
            page = text(client.get(address))
            assert re.search(r"\buse\b", page), address
            assert not re.search(r"\bstate\b", page), address
        assert "being used" in text(client.get("/mapping/row?posting=1"))


@advice("try_which", "try_no_row")
def test_the_command_line_shows_the_same_steps(site: Site) -> None:
    """Invariant 15: what a slip is answered with, done as it says, shows the row."""
    site.asset("FA-2")
    site.carry()
    before = rows_kept(site)
    heard("try_which", refused("mapping try asset", site.config))
    heard("try_which", refused("mapping try asset FA-2 --parked 1", site.config))
    heard("try_no_row", refused("mapping try asset FA-9", site.config))
    with closing(site.pipeline.open_ledger()) as ledger:
        (row,) = operators.parked(ledger, NAME, operators.Selection())
    said = fine(f"mapping try {row.table} {row.key} --set dept=SC", site.config)
    assert "registration  applies" in said
    assert "120,000.00" in said
    told = json.loads(fine(f"mapping try --parked {row.id} --json", site.config))
    (rule,) = told["rules"]
    assert (rule["said"], rule["failure"]["code"]) == ("refused", "unknown_lookup")
    assert [step["value"] for step in rule["steps"] if step["stops"]] == ["NONE"]
    assert rows_kept(site) == before
