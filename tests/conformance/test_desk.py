"""The operator's side over every ledger: parked rows, approvals, acceptance, the life of an asset, the audit."""

import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from syncd import desk, migrate, trace
from syncd.change import Position
from syncd.desk import Actor, Selection
from syncd.errors import Halt
from syncd.ports import Ledger
from syncd.posting import Batch, CardWrite, Outcome, Posting
from syncd.verify import verify
from tests.conformance.finance import (
    COMMITTED,
    TABLES,
    Finance,
    SmallLayout,
    asset,
    batch,
    posted,
    rejected,
    voucher,
    write,
)

LI = Actor("li", "typed wrongly")


def codes(ledger: Ledger) -> list[str]:
    """What the audit finds."""
    return [flaw.code for flaw in verify(ledger, "main", SmallLayout()).flaws]


# Parked rows


def test_parked_rows_are_grouped_by_signature(ledger: Ledger) -> None:
    """One cause is one line, however many rows it has."""
    write(ledger, batch(*(rejected(asset(n)) for n in (1, 2, 3)), rejected(asset(4), "approval")))
    groups = desk.groups(ledger, "main")
    assert [(g.state, g.code, g.rows, g.first_id) for g in groups] == [
        ("failed", "unknown_account", 3, 1),
        ("approval", "unknown_account", 1, 4),
    ]
    assert [row.id for row in desk.parked(ledger, "main", Selection(state="failed"), limit=2)] == [1, 2]
    row = desk.show(ledger, "main", 2)
    assert (row.subject, row.table, row.key, row.params, row.position) == (
        *("FA-2", "asset", "2", {"account": "9999"}),
        "00000002",
    )


def test_a_row_that_the_eam_no_longer_has_is_not_to_be_corrected_there(ledger: Ledger) -> None:
    write(ledger, batch(rejected(asset(1))))
    parked = desk.show(ledger, "main", 1)
    negative = parked._replace(code="negative_amount")
    assert desk.advice(ledger, "main", parked) == "unknown_account", "finance can be put right all the same"
    ledger.execute([("DELETE FROM syncd.mirror", ())])
    assert desk.advice(ledger, "main", negative) == "row_gone"
    ledger.execute([("INSERT INTO syncd.mirror VALUES ('main', ?, ?, '{}')", (parked.table, parked.key))])
    assert desk.advice(ledger, "main", negative) == "negative_amount"


def test_retry_and_discard_are_asked_for_and_recorded(ledger: Ledger) -> None:
    """Only the daemon posts; every action has an actor and a reason. Invariant 12."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2)), rejected(asset(3))))
    assert desk.retry(ledger, "main", Selection(code="unknown_account"), LI) == 3
    assert desk.discard(ledger, "main", Selection(ids=(2,)), LI) == 1
    with ledger.begin() as book:
        assert [row.id for row in book.requested(10)] == [1, 3]
        assert set(book.parked([Position(f"{n:08}") for n in (1, 2, 4)])) == {"00000001", "00000002"}
    actions = ledger.query("SELECT seq, actor, action, target, reason FROM syncd.action ORDER BY seq")
    assert [row[3] for row in actions] == ["parked/1", "parked/2", "parked/3", "parked/2"]
    assert actions[3] == (4, "li", "discard", "parked/2", "typed wrongly")
    assert codes(ledger) == []
    with pytest.raises(Halt) as settled:
        desk.edit(ledger, "main", 2, {"value": "1.00"}, TABLES, LI)
    assert settled.value.code == "parked_settled"
    assert desk.retry(ledger, "main", Selection(ids=(2,)), LI) == 0


@pytest.mark.parametrize("by", [Actor("", "reason"), Actor("li", " ")])
def test_nobody_acts_without_name_and_reason(ledger: Ledger, by: Actor) -> None:
    """Invariant 12: and what was not recorded has not happened."""
    write(ledger, batch(rejected(asset(1))))
    for act in (
        lambda: desk.retry(ledger, "main", Selection(ids=(1,)), by),
        lambda: desk.edit(ledger, "main", 1, {"value": "1.00"}, TABLES, by),
        lambda: desk.accept(ledger, "demo", "h", by),
    ):
        with pytest.raises(Halt) as refused:
            act()
        assert refused.value.code == "desk_who_and_why"
    assert desk.show(ledger, "main", 1).request == ""
    assert desk.accepted(ledger, "demo") is None


def test_a_row_is_edited_and_its_original_kept(ledger: Ledger) -> None:
    """The edited row is what is tried; approvals were for the content before."""
    write(ledger, batch(rejected(asset(1, "150000.00"), "approval")))
    desk.approve(ledger, "main", 1, LI, "finance")
    desk.edit(ledger, "main", 1, {"value": "15000.00", "code": None}, TABLES, LI)
    with ledger.begin() as book:
        (row,) = book.requested(10)
    assert row.change.after == (1, None, Decimal("15000.00"))
    assert row.approved == frozenset()
    shown = desk.show(ledger, "main", 1)
    assert shown.original is not None
    assert json.loads(shown.original)["after"]["value"] == "150000.00"
    ((detail,),) = ledger.query("SELECT detail FROM syncd.action WHERE action = 'edit'")
    assert json.loads(str(detail)) == {"value": ["150000.00", "15000.00"], "code": ["FA-1", None]}


@pytest.mark.parametrize(
    ("values", "code"),
    [({"valeu": "1"}, "edit_no_column"), ({"value": "a lot"}, "edit_value"), ({"id": "1.5"}, "edit_value")],
)
def test_an_edit_that_cannot_be_is_refused(ledger: Ledger, values: dict[str, str], code: str) -> None:
    """The nearest column is named, and the value that does not fit."""
    write(ledger, batch(rejected(asset(1))))
    with pytest.raises(Halt) as refused:
        desk.edit(ledger, "main", 1, values, TABLES, LI)
    assert refused.value.code == code
    assert refused.value.params.get("nearest", "value") == "value"


def test_an_approval_needs_its_role(ledger: Ledger) -> None:
    """Scenario 6: an asset above the limit waits until someone in the role agrees, or refuses."""
    waiting = rejected(asset(1), "approval")
    assert waiting.rejection is not None
    waiting = waiting._replace(rejection=waiting.rejection._replace(params={"role": "finance"}))
    write(ledger, batch(waiting, rejected(asset(2)), rejected(asset(3), "approval")))
    for number, role, code in ((1, "asset", "parked_other_role"), (2, "finance", "parked_no_approval")):
        with pytest.raises(Halt) as refused:
            desk.approve(ledger, "main", number, LI, role)
        assert refused.value.code == code
    desk.approve(ledger, "main", 1, LI, "finance")
    desk.reject(ledger, "main", 3, LI, "finance")
    with ledger.begin() as book:
        (row,) = book.requested(10)
    assert (row.id, row.approved) == (1, {"registration"})
    assert desk.show(ledger, "main", 3).state == "discarded"


def test_what_waits_for_approval_cannot_be_discarded_past_it(ledger: Ledger) -> None:
    """Scenario 6: nobody walks round the role; of a bulk action nothing is done then."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2), "approval")))
    with pytest.raises(Halt) as refused:
        desk.discard(ledger, "main", Selection(rule="registration"), LI)
    assert refused.value.code == "parked_awaits_role"
    assert [row.request for row in desk.parked(ledger, "main", Selection())] == ["", ""]
    assert ledger.query("SELECT count(*) FROM syncd.action") == [(0,)]


def test_a_mapping_is_frozen_once_accepted(ledger: Ledger) -> None:
    """A mapping changed after acceptance is refused until somebody answers for it."""
    with pytest.raises(Halt) as refused:
        desk.require_accepted(ledger, "demo", "one")
    assert refused.value.code == "mapping_not_accepted"
    desk.accept(ledger, "demo", "one", LI)
    desk.require_accepted(ledger, "demo", "one")
    with pytest.raises(Halt) as refused:
        desk.require_accepted(ledger, "demo", "two")
    assert refused.value.code == "mapping_changed"


# The life of an asset


def test_the_life_of_an_asset(ledger: Ledger) -> None:
    """Scenario 8, invariant 8: source position, rule, mapping, voucher, card history, parked rows and actions."""
    change = asset(1, at=2)
    upgrade = Posting(
        *(
            "upgrade/1",
            "upgrade",
            "FA-1",
            change,
            (CardWrite("FA-1", "change", {"original_value": Decimal("150.10")}),),
        ),
        voucher=voucher("50.00"),
    )
    write(ledger, batch(posted(asset(1)), Outcome(change, "FA-1", (upgrade,)), posted(asset(9, at=3))))
    write(ledger, batch(rejected(asset(1, at=4))))
    desk.discard(ledger, "main", Selection(ids=(1,)), LI)
    life = trace.trace(ledger, "FA-1")
    assert [(s.rule, s.position, s.voucher_ref, s.mapping_hash) for s in life.steps] == [
        ("registration", "00000001", "2026-02 记-1", "m1"),
        ("upgrade", "00000002", "2026-02 记-2", "m1"),
    ]
    assert life.steps[0].committed_at == COMMITTED
    assert life.steps[1].card == [trace.CardChange("original_value", "100.10", "150.10")]
    assert life.steps[1].voucher == voucher("50.00")
    assert life.card == {"name": "lathe", "original_value": "150.10"}
    assert [(p.state, p.code) for p in life.parked] == [("failed", "unknown_account")]
    assert [(a.actor, a.action, a.reason) for a in life.actions] == [("li", "discard", "typed wrongly")]
    assert trace.trace(ledger, "FA-2").steps == []


# The audit


@pytest.fixture
def audited(ledger: Ledger) -> Ledger:
    """Five postings and three actions, nothing wrong with them."""
    write(ledger, batch(*(posted(asset(n)) for n in range(1, 6)), *(rejected(asset(n)) for n in (6, 7, 8))))
    desk.retry(ledger, "main", Selection(state="failed"), LI)
    verdict = verify(ledger, "main", SmallLayout())
    assert verdict == (5, 5, 3, [])
    return ledger


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (("UPDATE syncd.posting SET subject = 'FA-9' WHERE seq = 3",), ["audit_posting"]),
        (("UPDATE syncd.posting SET content = replace(content, '100.10', '90.10') WHERE seq = 2",), None),
        (("DELETE FROM syncd.posting WHERE seq = 1",), ["audit_posting", "audit_end"]),
        (("DELETE FROM syncd.posting WHERE seq = 3",), ["audit_posting", "audit_end"]),
        (("DELETE FROM syncd.posting WHERE seq = 5",), ["audit_end"]),
        (
            (
                "UPDATE syncd.posting SET seq = 10 WHERE seq = 2",
                "UPDATE syncd.posting SET seq = 2 WHERE seq = 3",
                "UPDATE syncd.posting SET seq = 3 WHERE seq = 10",
            ),
            ["audit_posting"] * 3,
        ),
        (("UPDATE syncd.action SET reason = 'other' WHERE seq = 2",), ["audit_action"]),
        (("UPDATE syncd.action SET actor = 'somebody' WHERE seq = 3",), ["audit_action"]),
        (("DELETE FROM syncd.action WHERE seq = 2",), ["audit_action", "audit_action_end"]),
        (("DELETE FROM syncd.action WHERE seq = 3",), ["audit_action_end"]),
    ],
)
def test_tampering_with_the_record_is_found(
    audited: Ledger, tampering: tuple[str, ...], found: list[str] | None
) -> None:
    """Invariant 12: edited, removed, cut off or reordered, of postings and of actions."""
    audited.execute([(sql, ()) for sql in tampering])
    flaws = codes(audited)
    assert flaws == found if found is not None else {"audit_posting", "audit_voucher"} == set(flaws)


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE fin.entry SET debit = '100.11' WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("UPDATE fin.entry SET account_id = 10020 WHERE number = 2 AND line = 1", ["audit_voucher"]),
        ("DELETE FROM fin.entry WHERE number = 3 AND line = 2", ["audit_voucher"]),
        ("DELETE FROM fin.entry WHERE number = 3", ["audit_voucher_gone"]),
        ("DELETE FROM fin.voucher WHERE number = 4", ["audit_voucher_gone"]),
        ("INSERT INTO fin.entry VALUES ('2026-02', '记', 1, 3, 10020, '0', '5.00')", ["audit_voucher"]),
        ("UPDATE fin.card SET name = 'mill'", []),
    ],
)
def test_tampering_with_finance_is_found(finance: Finance, audited: Ledger, tampering: str, found: list[str]) -> None:
    """Invariant 12: a voucher that was edited, deleted or added to. A card may change."""
    finance.run(tampering)
    assert codes(audited) == found


# Migrations


def test_migrations_are_applied_once_and_never_edited(finance: Finance, ledger: Ledger, tmp_path: Path) -> None:
    """The daemon refuses tables that are older, newer or other than its own, and says which."""
    migrate.require(ledger)
    assert migrate.migrate(ledger, COMMITTED) == []
    (tmp_path / "0002_more.sql").write_text(
        "CREATE TABLE syncd.more (a TEXT);\n-- said; twice\nINSERT INTO syncd.more VALUES ('x');"
    )
    more = (*migrate.migrations(), *migrate.migrations(tmp_path))
    assert [m.name for m in migrate.pending(ledger, more)] == ["0002_more"]
    assert migrate.migrate(ledger, COMMITTED, more) == ["0002_more"]
    assert ledger.query("SELECT a FROM syncd.more") == [("x",)]
    for known, code in ((more[:1], "migration_missing"), ((more[0], more[1]._replace(text="")), "migration_changed")):
        with pytest.raises(Halt) as refused:
            migrate.pending(ledger, known)
        assert refused.value.code == code


def test_an_empty_finance_database_asks_for_syncd_migrate(finance: Finance) -> None:
    """State tables that are not there."""
    prefix = "syncd." if finance.kind == "postgres" else "syncd_"
    with closing(finance.open()) as ledger:
        ledger.execute([(f"DROP TABLE {prefix}migration", ())])
        with pytest.raises(Halt) as refused:
            migrate.require(ledger)
        assert refused.value.code == "migration_pending"
        findings = ledger.check()
    assert [(f.level, f.code, f.repair) for f in findings] == [("error", "migration_pending", "syncd migrate")]


# Preflight


def test_a_ledger_that_is_as_its_layout_says(ledger: Ledger) -> None:
    """`syncd check` has one good thing to say."""
    assert [(f.level, f.code) for f in ledger.check()] == [("ok", "ledger_ready")]


@pytest.mark.parametrize(
    ("change", "code", "params"),
    [
        ("ALTER TABLE fin.card RENAME COLUMN name TO title", "ledger_no_column", {"column": "name"}),
        ("ALTER TABLE fin.voucher RENAME TO vouchers", "ledger_no_table", {"table": "fin.voucher"}),
        ("UPDATE fin.period SET is_open = 0", "ledger_no_open_period", {"layout": "small"}),
        ("DELETE FROM fin.account", "ledger_lookup_empty", {"lookup": "account_id"}),
        ("ALTER TABLE fin.account RENAME COLUMN id TO ident", "finance_no_column", {}),
    ],
)
def test_check_names_what_is_wrong(
    finance: Finance, ledger: Ledger, change: str, code: str, params: dict[str, str]
) -> None:
    """Unknown columns and tables, no open period, a lookup that finds nothing."""
    finance.run(change)
    findings = {finding.code: finding for finding in ledger.check()}
    assert findings[code].level == "error"
    assert params.items() <= findings[code].params.items()


def test_a_discard_lets_the_followers_go_on(ledger: Ledger) -> None:
    """Invariant 4: what the desk settles between two batches counts for the next."""
    write(ledger, batch(rejected(asset(1))))
    desk.discard(ledger, "main", Selection(ids=(1,)), LI)
    (held,) = write(ledger, batch(posted(asset(2, code="FA-1"))))
    assert held.rejection is not None
    with ledger.begin() as book:
        (follower,) = book.requested(10)
        again = posted(follower.change)._replace(parked_id=follower.id)
        book.write(Batch([again], (), frozenset(), None))
    (outcome,) = write(ledger, batch(posted(asset(3, code="FA-1"), key="upgrade/3")))
    assert outcome.postings
