"""The auditor's page: who did what, when and why; chains; whether the record is whole."""

import re
import sqlite3
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from syncd.console import audit
from syncd.desk.parked import approvals, bulk, operators, taken
from tests.advice import advice, heard
from tests.console.site import NAME, Site
from tests.console.test_advice import run
from tests.console.test_pages import do, form_of, sign_in
from tests.console.test_parked import text


def test_actions_are_found_by_person_time_and_content(reader: TestClient, site: Site) -> None:
    sign_in(reader)
    do(reader, "edit", reason="<script>typo", **{"set.dept": "SC"})
    for asked, is_found in (
        ({}, True), ({"actor": "小王"}, True), ({"actor": "viewer"}, False), ({"action": "edit"}, True),
        ({"text": "typo"}, True), ({"text": "NONE"}, True),
        ({"about": "parked/1"}, True), ({"about": "parked/2"}, False),
        ({"first": "2000-01-01"}, True), ({"first": "2099-01-01"}, False), ({"last": "2000-01-01"}, False),
    ):  # fmt: skip
        page = reader.get("/audit", params=asked)
        assert ("&lt;script&gt;typo" in page.text) == is_found, asked
        assert "<script>typo" not in page.text


def test_the_record_is_verified_and_what_was_edited_is_told(reader: TestClient, site: Site) -> None:
    """Invariant 12."""
    site.asset("FA-2")
    site.carry()
    sign_in(reader, "viewer")
    send = {"pipeline": NAME, "form": form_of(reader.get("/audit"))}
    chains = re.findall(r'scope="row">([^<]+)<', reader.get("/audit").text)
    assert {*chains} >= {"postings", "parked rows", "actions"}
    assert 'class="result good"' in reader.post("/audit/verify", data=send).text
    with closing(sqlite3.connect(site.folder / "finance.db")) as finance:
        finance.execute("UPDATE gl_entry SET debit = '1' WHERE debit <> '0'")
        finance.commit()
    assert 'class="result bad"' in reader.post("/audit/verify", data=send).text


@advice("page_verify_long")
def test_a_long_record_is_verified_by_command(reader: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.asset("FA-2")
    site.carry()
    sign_in(reader, "viewer")
    send = {"pipeline": NAME, "form": form_of(reader.get("/audit"))}
    monkeypatch.setattr(audit, "VERIFIED_MAX", 0)
    heard("page_verify_long", text(reader.post("/audit/verify", data=send)))
    assert run(site, "audit", "verify")[0] == 0


def test_what_was_done_to_something_is_found_by_an_index(site: Site) -> None:
    """However much people have done: who waits for a second person, what was done to a row, who has taken a group."""
    with closing(site.pipeline.open_ledger()) as ledger:
        for sql, params in (
            (operators.SQL["asked_for"], (NAME, ["depreciation/2026-02"], "propose", "depreciate")),
            (approvals.SQL["deeds"], (NAME, ["parked/1"], NAME, [1])),
            (taken.TAKEN, (NAME, ["group/failed"])),
            (bulk.SQL["ends"], (0, "bulk/1")),
        ):
            plan = str(ledger.query(f"EXPLAIN QUERY PLAN {sql}", params))
            assert "syncd_action_target" in plan, plan
            assert "SCAN syncd_action" not in plan, plan
