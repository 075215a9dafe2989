"""Masked columns: a planted value is nowhere in what somebody is shown who may not see it, on no page, in no answer of
the API, in no command's output; and is there for who may."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from syncd.cli import answering
from syncd.console import app
from syncd.desk import masking
from syncd.desk.access import accounts
from syncd.desk.parked import operators
from syncd.desk.trace import CollectedStep, Life
from syncd.errors import MappingErrors
from syncd.mapping.language.load import load
from tests.advice import advice
from tests.advice.command import syncd
from tests.console.site import BY, MAPPING, NAME, Site
from tests.console.test_api import NOW, Api, token
from tests.console.test_table import GIVEN, be, pages
from tests.unit import lab

SECRET: Final = "13800138000"
"""What the EAM sent for one row, of which it makes the reason why that is parked."""
TYPED: Final = "13900139000"
"""What a person typed in its place for another."""
MASKED: Final = MAPPING.replace("bought_on: date}}", "bought_on: date},\n          masked: {dept: [controller]}}")
IGNORING: Final = MASKED.replace("when: op = 'insert'", "when: op = 'insert' and after.value < 0")
"""A mapping that would not park them."""
COMMANDS: Final = {
    "parked list": 0, "parked list --json": 0, "parked show 1": 0, "parked show 2 --json": 0,
    "parked list --groups --json": 0, "trace FA-2": 0, "trace FA-2 --json": 0, "mapping try --parked 1": 0,
    "mapping try asset FA-1 --json": 0, "mapping compare --json": 0, "dry-run --json": 0, "approvals list --json": 0,
    "quality --json": 0, "outbox list --json": 0, "close 2026-02 --all": 1,
}  # fmt: skip
"""What is typed and how it ends."""
TELLING: Final = {*COMMANDS} - {
    "parked list --groups --json", "mapping compare --json", "dry-run --json", "approvals list --json",
    "quality --json", "outbox list --json", "close 2026-02 --all",
}  # fmt: skip
"""Commands that print a masked value to who may see it."""
API: Final = (
    "/parked", "/parked/1", "/parked/2", "/parked/groups", "/approvals", "/postings", "/pipelines", "/history",
    "/close", "/reconciliation/runs", "/trace",
)  # fmt: skip


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Two assets of departments that finance does not know, one of them edited to another that it does not."""
    with closing(Site(tmp_path, MASKED)) as made:
        made.asset("FA-1", dept=SECRET)
        made.asset("FA-2", dept=SECRET)
        made.carry()
        part = made.pipeline
        with closing(part.open_ledger()) as ledger:
            operators.edit(ledger, NAME, 2, {"dept": TYPED}, part.mapping.tables, part.read, BY)
        monkeypatch.delenv(answering.TOKEN, raising=False)
        yield made


@pytest.fixture
def client(planted: Site) -> Iterator[TestClient]:
    with TestClient(app.create(planted.config), follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


def _told(text: str) -> bool:
    return SECRET in text or TYPED in text


def test_no_page_shows_a_masked_value_to_who_may_not_see_it(client: TestClient, planted: Site) -> None:
    shown: dict[str, set[str]] = {}
    for role in ("finance", "controller"):
        be(client, planted, role)
        shown[role] = set()
        for address in pages(client, "GET"):
            for more in (
                {"settled": "true", "all": "true"},
                {"id": "2", "asset": "FA-2", "parked": "2", "table": "asset"},
            ):
                answer = client.get(address, params={**GIVEN, **more})
                assert answer.status_code < 500, (address, answer.text[-300:])
                if _told(answer.text):
                    shown[role].add(address)
    assert shown["finance"] == set()
    assert {"/parked", "/parked/row", "/mapping/row", "/audit", "/books/asset", "/", "/parked/bulk"} <= {
        *shown["controller"]
    }


def test_no_search_of_what_was_done_finds_one(client: TestClient, planted: Site) -> None:
    """A value that is not shown is not found either, however many actions hold it: guesses would tell it."""
    found = {}
    for role in ("finance", "controller"):
        be(client, planted, role)
        for text in (TYPED, "DEPT", BY.reason):
            page = client.get("/audit", params={"text": text}).text
            found[role, text] = "parked/2" in page
    assert found.pop(("finance", TYPED)) is False
    assert all(found.values()), found


def test_no_effect_of_a_mapping_shows_one(client: TestClient, planted: Site) -> None:
    """Of rows that would be ignored it is told by which reason they are parked, not what that repeats."""
    (planted.folder / "mapping.yaml").write_text(IGNORING, "utf-8")
    form = be(client, planted, "finance")
    answer = client.post("/mapping", data={"pipeline": NAME, "do": "compare", "form": form})
    assert (answer.status_code, _told(answer.text), "unknown_lookup" in answer.text) == (200, False, True)


def test_no_answer_of_the_api_holds_one(client: TestClient, planted: Site) -> None:
    told = {}
    for role in ("support", "controller"):
        machine = Api(client, token(planted, f"machine {role}", role))
        answers = {path: machine.get(path, month="2026-02", of="FA-2", settled=False) for path in API}
        assert {path: one.status_code for path, one in answers.items()} == dict.fromkeys(API, 200)
        told[role] = {path for path, one in answers.items() if _told(one.text)}
        row = answers["/parked/1"].json()
        assert ("•••" in json.dumps(row, ensure_ascii=False)) is (role == "support")
    assert told == {"support": set(), "controller": {"/parked", "/parked/1", "/parked/2", "/trace"}}


def test_an_edit_by_who_does_not_see_the_field_leaves_it(client: TestClient, planted: Site) -> None:
    """The form holds nothing for it, and empty it is left as it is; what is typed stands in its place. The version and
    all that is kept are of the row as it is."""
    machine = Api(client, token(planted, "machine", "support"))
    version = machine.get("/parked/1").json()["version"]
    form = be(client, planted, "support")
    page = client.get("/parked/row", params={"pipeline": NAME, "id": "1"}).text
    assert 'name="set.dept" value="" placeholder="•••"' in page
    sent = {"form": form, "pipeline": NAME, "id": "1", "do": "edit", "reason": "x", "seen": version}
    answer = client.post("/parked/row", data=sent | {"set.dept": "", "set.name": "lathe"})
    assert answer.status_code == 303
    ((change,),) = planted.ask("SELECT change FROM syncd.parked WHERE id = 1")
    after = json.loads(str(change))["after"]
    assert (after["dept"], after["name"]) == (SECRET, "lathe")
    assert client.post("/parked/row", data=sent | {"seen": "", "set.dept": "SC"}).status_code == 303
    assert '"dept": "SC"' in str(planted.ask("SELECT change FROM syncd.parked WHERE id = 1")).replace('":"', '": "')


def test_no_command_prints_one(planted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without accounts to nobody; with them by the roles of whoever types."""

    def told(*commands: str) -> set[str]:
        ended = {command: syncd(f"{command} --config {planted.config}") for command in commands}
        assert {command: one.code for command, one in ended.items()} == {one: COMMANDS[one] for one in commands}
        return {command for command, one in ended.items() if _told(one.said)}

    with closing(planted.pipeline.open_accounts()) as ledger:
        ledger.execute([(accounts.SQL["open"], ("li", "", '["controller"]', NOW.isoformat()))])
        accounts.map_user(ledger, "li", "li", BY, NOW)
        accounts.map_user(ledger, "xiaowang", "小王", BY, NOW)
    monkeypatch.setattr(answering, "_host_user", lambda: "xiaowang")
    assert told(*COMMANDS) == set()
    monkeypatch.setattr(answering, "_host_user", lambda: "li")
    assert told(*TELLING) == TELLING
    planted.forget_people()
    assert told("parked show 1", "trace FA-2 --json") == set()


@pytest.mark.parametrize(
    ("masked", "code"),
    [
        ("{code: []}", "masked_key"),
        ("{dep: []}", "unknown_column"),
        ("{name: []}", "masked_written"),
    ],
)
def test_an_address_is_not_masked(tmp_path: Path, masked: str, code: str) -> None:
    """A key and an unknown column are refused with their line; what is written into finance is warned of."""
    (tmp_path / "finance.yaml").write_text(lab.FINANCE, "utf-8")
    path = tmp_path / "mapping.yaml"
    path.write_text(MASKED.replace("{dept: [controller]}", masked), "utf-8")
    if code == "masked_written":
        assert code in {warning.code for warning in load(path).warnings}
        return
    with pytest.raises(MappingErrors) as caught:
        load(path)
    (first, *_) = caught.value.errors
    assert (first.code, first.where) == (code, f"{path}:7")


@advice("masked_key", "masked_written")
def test_what_the_hints_say_of_masked_columns_ends_well(tmp_path: Path) -> None:
    """The column is taken out of `masked`; the rule leaves it out of what it writes."""
    (tmp_path / "finance.yaml").write_text(lab.FINANCE, "utf-8")
    path = tmp_path / "mapping.yaml"
    named = MASKED.replace("{dept: [controller]}", "{name: []}")
    rid = named.replace("'购置 ' || after.name", "'购置'").replace("name: after.name", "name: after.code")
    for mapping in (MASKED.replace("{dept: [controller]}", "{}"), rid):
        path.write_text(mapping, "utf-8")
        assert "masked_written" not in {warning.code for warning in load(path).warnings}


@pytest.mark.parametrize(
    ("dept", "of", "tells"),
    [
        ("after.dept", "dept: [controller]", True),  # as it stands in the row it is found in the reason
        ("substr(after.dept, 1, 5)", "dept: [controller]", False),
        ("left_of", "dept: [controller]", False),
        ("after.dept", "value: [controller]", False),  # a sum is written otherwise, and a difference tells it
    ],
)
def test_what_a_rule_makes_of_one_is_in_no_reason(tmp_path: Path, dept: str, of: str, tells: bool) -> None:
    """A part of a value is none that could be found in the reason: all that it repeats is hidden, also where finance
    refuses what several rules have made. Who sees the column is told."""
    (tmp_path / "finance.yaml").write_text(lab.FINANCE, "utf-8")
    path = tmp_path / "mapping.yaml"
    made = MASKED.replace("dept: [controller]", of).replace("dept: after.dept", f"dept: '{dept}'")
    path.write_text(made.replace("    voucher:", "    let: {left_of: 'substr(after.dept, 1, 5)'}\n    voucher:") if
                    dept == "left_of" else made, "utf-8")  # fmt: skip
    masked, said = load(path).masked, {"lookup": "dept", "code": SECRET[:5], "debit": "100"}
    for role in ("finance", "controller"):
        for rule in ("registration", "another, registration"):
            told = masking.params(said, "asset", rule, [SECRET], masking.hidden(masked, [role]))
            is_told = tells or role == "controller"
            assert told == said | ({} if is_told else {"code": "•••", "debit": "•••"}), (role, rule)
            change = json.dumps({"op": "insert", "before": None, "after": {"dept": SECRET}})
            row = operators.ParkedRow(
                *(1, "FA-1", "failed", rule, "asset", "FA-1", "reference_missing", {}, f"office:{SECRET[:5]}"),
                *(change, None, "1", NOW, NOW, 1, "", frozenset(), None),
            )
            shown = masking.row(row, masking.hidden(masked, [role])).waits_for
            assert shown == (row.waits_for if is_told else "office:•••")


def test_short_values_are_looked_for_as_words() -> None:
    """A value of a letter or two stands in many words that it is not."""
    assert masking.text("7 of 17, 7.5", ["7"]) == "••• of 17, 7.5"
    assert masking.text("x13800138000y", [SECRET]) == "x•••y"


def test_of_a_rule_that_is_gone_no_line_of_a_document_is_shown_whole() -> None:
    """Its collected rows are kept, and nobody knows any more which table they are of."""
    hidden, row = (
        {"order.lines": frozenset({"price"})},
        {"id": 1, "lines": [{"item": "a", "price": "9"}], "price": None},
    )
    step = CollectedStep("main", "gone", "g", "1", row, "")
    for table_of in ({}, {"gone": "order"}):
        (shown,) = masking.lives([Life("order:1", (), [step], (), (), {})], table_of, hidden)
        assert shown.collected[0].row == row | {"lines": [{"item": "a", "price": "•••"}]}


def test_what_the_eam_is_told_is_shown_without_it() -> None:
    """The columns that the statement takes, and the reason why a row is parked; an approval's reason is a person's."""
    hidden, body = {"asset": frozenset({"dept"})}, {"row": {"code": "FA-1", "dept": SECRET}, "reason": f"no {SECRET}"}
    shown = masking.answered({**body, "state": "parked"}, hidden)
    assert (shown["row"], _told(str(shown))) == ({"code": "FA-1", "dept": "•••"}, False)
    assert masking.answered({**body, "state": "rejected", "reason": "too dear"}, hidden)["reason"] == "too dear"
    assert masking.answered(body, {}) == body
