"""At a command line what the pages do to many parked rows: all of a cause as one, watched, stopped; taken and given
back; what was asked withdrawn.
"""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.desk.audit import verify
from syncd.desk.parked import bulk
from tests.advice import advice, heard
from tests.advice.command import daemon, fine, refused, syncd
from tests.console.site import NAME, Site

BY = "--actor 小王 --reason INC-7"


@pytest.fixture
def many(site: Site) -> Site:
    """Three assets of one cause."""
    site.forget_people()
    for code in ("FA-2", "FA-3"):
        site.asset(code, dept="NONE")
    site.carry()
    return site


def asked(site: Site) -> list[tuple[object, ...]]:
    return site.ask("SELECT id, request FROM syncd.parked WHERE request <> '' ORDER BY id")


def read(site: Site, typed: str) -> Any:
    """What a command says as JSON; whether a daemon runs it says beside."""
    told = fine(typed, site.config)
    begun = min(told.find(mark) for mark in "[{" if mark in told)
    return json.JSONDecoder().raw_decode(told[begun:])[0]


def mend(site: Site) -> None:
    with closing(sqlite3.connect(site.folder / "finance.db")) as finance:
        finance.execute("INSERT INTO gl_dept VALUES ('NONE')")
        finance.commit()


def test_a_cause_is_counted_tried_again_stopped_and_gone_on_with(many: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "again: 3" in fine("parked retry --group 2 --dry-run", many.config)
    assert asked(many) == []
    told = fine(f"parked retry --group 2 --name departments {BY}", many.config)
    assert "departments, 3 rows" in told
    (one,) = read(many, "parked bulk list --json")
    number = one["number"]
    assert f"syncd parked bulk stop {number}" in " ".join(told.split())
    assert asked(many) == [(1, "retry"), (2, "retry"), (3, "retry")]
    assert "departments" in fine("parked bulk list", many.config)
    assert "3 rows are taken back" in " ".join(fine(f"parked bulk stop {number} {BY}", many.config).split())
    assert asked(many) == []
    far = read(many, f"parked bulk show {number} --json")
    assert (far["stopped_by"], far["skipped"], far["is_done"]) == ("小王", 3, True)
    with monkeypatch.context() as ended:  # as where the command is ended between two lots
        ended.setattr(bulk, "ask", lambda *_: None)
        fine(f"parked retry --group 1 {BY}", many.config)
    assert asked(many) == []
    (last, *_) = read(many, "parked bulk list --json")
    number, at = last["number"], datetime.fromisoformat(last["at"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"{at:%H:%M:%S}" in fine("parked bulk list", many.config), "on the clock of the books"
    fine(f"parked bulk resume {number} {BY}", many.config)
    assert len(asked(many)) == 3
    mend(many)
    many.carry()
    assert "posted 3 · parked again 0 · skipped 0" in fine(f"parked bulk show {number}", many.config)


def test_a_bulk_is_waited_for_until_the_daemon_has_taken_it_up(many: Site) -> None:
    """Invariant 12: the chain holds; and the exit code says whether rows are parked again."""
    with daemon(many.config, NAME):
        again = syncd(f"parked retry --group 3 --wait {BY}", many.config)
        assert again.code == 1, again.said
        assert "posted 0 · parked again 3" in again.said
        mend(many)
        assert "posted 3 · parked again 0" in fine(f"parked retry --group 3 --wait {BY}", many.config)
    many.asset("FA-4", dept="ELSEWHERE")
    many.carry()
    unattended = syncd(f"parked retry --group 4 --wait {BY}", many.config)
    assert unattended.code == 4, unattended.said
    assert "no daemon is running" in " ".join(fine("parked bulk list", many.config).split())
    with closing(many.pipeline.open_ledger()) as ledger:
        flaws = verify.verify(ledger, NAME, many.pipeline.mapping.layout).flaws
    assert {one.code for one in flaws} == {"audit_account"}, "of people whom the test has forgotten, and nothing else"


@advice("bulk_unknown", "bulk_nothing", "group_nobodys", "parked_which_both")
def test_a_cause_is_taken_and_given_back_and_what_is_asked_withdrawn(many: Site) -> None:
    heard("group_nobodys", refused(f"parked give-back 1 {BY}", many.config))
    assert "小王" not in fine("parked list --groups", many.config)
    assert "小王 has taken unknown_lookup, 3 rows" in fine("parked take 1 --actor 小王", many.config)
    assert "小王" in fine("parked list --groups", many.config)
    (group,) = read(many, "parked list --groups --json")
    assert group["taken"]["actor"] == "小王"
    assert "nobody's any more; 小王 had it" in " ".join(
        fine("parked give-back 3 --actor 老陈 --reason left", many.config).split()
    )
    assert read(many, "parked list --groups --json")[0]["taken"] is None
    fine(f"parked retry 1 2 {BY}", many.config)
    assert "row 1 is not tried again" in fine(f"parked withdraw 1 2 {BY}", many.config)
    fine(f"parked discard 3 {BY}", many.config)
    assert "row 3 is not given up" in fine(f"parked withdraw 3 {BY}", many.config)
    assert asked(many) == []
    refused(f"parked withdraw 3 {BY}", many.config)
    heard("bulk_unknown", refused("parked bulk show 99", many.config))
    heard("parked_which_both", refused(f"parked retry 1 --group 2 {BY}", many.config))
    fine(f"parked discard --group 2 {BY}", many.config)
    heard("bulk_nothing", refused(f"parked retry --group 2 {BY}", many.config))
    assert asked(many) == [(1, "discard"), (2, "discard"), (3, "discard")]
    many.carry()
    refused(f"parked take 1 {BY}", many.config)
    assert "given up 3 · skipped 0" in fine(
        f"parked bulk show {read(many, 'parked bulk list --json')[0]['number']}", many.config
    )
