"""Who is let into some pipelines of a finance database alone: what is of others is neither shown nor touched, whichever
pipeline is named.
"""

from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from syncd.desk import trace
from syncd.desk.access import limited
from syncd.desk.parked import bulk, operators
from tests.console.site import BY, CONFIG, NAME, Site
from tests.console.test_api import Api, token
from tests.console.test_table import be

OTHER = "west"


@pytest.fixture
def both(site: Site) -> Site:
    """Another company's pipeline in the same finance, whose person is signed in."""
    _, _, second = CONFIG.format(folder=site.folder).partition("  main:")
    site.config.write_text(f"{site.config.read_text('utf-8')}  {OTHER}:{second}", "utf-8")
    site.asset("FA-2")
    site.carry()
    return site


def test_an_asset_of_another_pipeline_is_nobody_s(client: TestClient, both: Site) -> None:
    be(client, both, "controller", {"pipelines": [OTHER]})
    page = client.get("/books/asset", params={"asset": "FA-2", "pipeline": OTHER})
    assert (page.status_code, "120,000" in page.text, "机床" in page.text) == (409, False, False)
    be(client, both, "finance", {"pipelines": [NAME]})
    assert "120,000" in client.get("/books/asset", params={"asset": "FA-2"}).text


def test_a_trace_is_told_as_far_as_it_is_of_their_pipelines(client: TestClient, both: Site) -> None:
    """Several companies' assets may have one code: what the other's postings made of the card is not told either."""
    machine = Api(client, token(both, "小王", "support"))
    with closing(both.pipeline.open_ledger()) as ledger:
        (life,) = trace.lives(ledger, "FA-2")
    assert limited.lives([life], lambda name: name == NAME) == [life]
    assert limited.lives([life], lambda name: name == OTHER) == []
    theirs = life.steps[0]._replace(pipeline=OTHER, card=[trace.CardChange("name", "机床", "lathe")])
    (told,) = limited.lives([life._replace(steps=[*life.steps, theirs])], lambda name: name == OTHER)
    assert (told.card, told.actions, told.steps[0].card[0].before) == ({"name": "lathe"}, (), None)
    assert machine.get("/trace", of="FA-2").json()["lives"]


def test_many_rows_of_another_pipeline_are_neither_watched_nor_stopped(client: TestClient, both: Site) -> None:
    with closing(both.pipeline.open_ledger()) as ledger:
        made = bulk.begin(ledger, NAME, operators.Selection(state="failed"), "retry", "INC-8", 0, BY)
        bulk.ask(ledger, NAME, made.number, BY)
    form = be(client, both, "controller", {"pipelines": [OTHER]})
    address, at = f"/parked/bulk/{made.number}", {"pipeline": OTHER}
    assert "INC-8" not in client.get(address, params=at).text
    assert client.post(address, data=at | {"do": "stop", "form": form}).status_code == 409
    machine = Api(client, token(both, "one in controller", "controller"))
    for method, path in (("GET", f"/bulk/{made.number}"), ("POST", f"/bulk/{made.number}/stop")):
        answer = machine.send(method, path, params=at, json={"reason": "x"}, headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (404, "bulk_unknown")
    assert both.ask("SELECT DISTINCT request FROM syncd.parked") == [("retry",)]


def test_what_was_done_to_accounts_is_for_who_may_see_accounts(client: TestClient, site: Site) -> None:
    for role, is_told in (("controller", False), ("auditor", True), ("administrator", True)):
        be(client, site, role)
        assert ("account/viewer" in client.get("/audit").text) is is_told, role
