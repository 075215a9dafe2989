"""The operator's side over every ledger: parked rows, approvals, acceptance, the life of an asset, the audit."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.convert import typed
from syncd import migrate
from syncd.audit import CONTENTS
from syncd.change import Column, Position, Value
from syncd.desk import automatic, samples, status, trace
from syncd.desk.audit.verify import verify
from syncd.desk.parked import approvals, operators
from syncd.desk.parked.operators import Actor, Selection
from syncd.errors import Halt
from syncd.ports import Ledger
from syncd.posting import Batch, CardWrite, Outcome, Posting
from syncd.record import encode_change
from tests.advice import advice
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

COLLECTED = (
    "INSERT INTO syncd.collected (pipeline, key, rule, grp, subject, change, position, due, posted)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)"
)
LI = Actor("li", "typed wrongly")


def read(column: Column, text: str) -> Value:
    return typed(column, text, UTC)


# Parked rows


def test_parked_rows_are_grouped_by_signature(ledger: Ledger) -> None:
    """One cause is one line, however many rows it has."""
    write(ledger, batch(*(rejected(asset(n)) for n in (1, 2, 3)), rejected(asset(4), "approval")))
    groups = operators.groups(ledger, "main")
    assert [(g.state, g.code, g.rows, g.first_id) for g in groups] == [
        ("failed", "unknown_account", 3, 1),
        ("approval", "unknown_account", 1, 4),
    ]
    assert [row.id for row in operators.parked(ledger, "main", Selection(state="failed"), limit=2)] == [1, 2]
    row = operators.show(ledger, "main", 2)
    assert (row.subject, row.table, row.key, row.params, row.position) == (
        *("FA-2", "asset", "2", {"account": "9999"}),
        "00000002",
    )


def test_a_row_that_the_eam_no_longer_has_is_not_to_be_corrected_there(ledger: Ledger) -> None:
    write(ledger, batch(rejected(asset(1))))
    parked = operators.show(ledger, "main", 1)
    negative = parked._replace(code="negative_amount")
    assert operators.advice(ledger, "main", parked) == "unknown_account", "finance can be put right all the same"
    ledger.execute([("DELETE FROM syncd.mirror", ())])
    assert operators.advice(ledger, "main", negative) == "row_gone"
    ledger.execute([("INSERT INTO syncd.mirror VALUES ('main', ?, ?, '{}')", (parked.table, parked.key))])
    assert operators.advice(ledger, "main", negative) == "negative_amount"


def test_retry_and_discard_are_asked_for_and_recorded(ledger: Ledger) -> None:
    """Only the daemon posts; every action has an actor and a reason. Invariant 12."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2)), rejected(asset(3))))
    assert operators.retry(ledger, "main", Selection(code="unknown_account"), LI) == 3
    assert operators.discard(ledger, "main", Selection(ids=(2,)), LI) == 1
    with ledger.begin() as book:
        assert [row.id for row in book.requested(10)] == [1, 3]
        assert set(book.parked([Position(f"{n:08}") for n in (1, 2, 4)])) == {"00000001", "00000002"}
    actions = ledger.query("SELECT seq, actor, action, target, reason FROM syncd.action ORDER BY seq")
    assert [row[3] for row in actions] == ["parked/1", "parked/2", "parked/3", "parked/2"]
    assert actions[3] == (4, "li", "discard", "parked/2", "typed wrongly")
    assert verify(ledger, "main", SmallLayout()).flaws == []
    with pytest.raises(Halt) as settled:
        operators.edit(ledger, "main", 2, {"value": "1.00"}, TABLES, read, LI)
    assert settled.value.code == "parked_settled"
    assert operators.retry(ledger, "main", Selection(ids=(2,)), LI) == 0


@pytest.mark.parametrize("by", [Actor("", "reason"), Actor("li", " ")])
def test_nobody_acts_without_name_and_reason(ledger: Ledger, by: Actor) -> None:
    """Invariant 12: and what was not recorded has not happened."""
    write(ledger, batch(rejected(asset(1))))
    for act in (
        lambda: operators.retry(ledger, "main", Selection(ids=(1,)), by),
        lambda: operators.edit(ledger, "main", 1, {"value": "1.00"}, TABLES, read, by),
        lambda: operators.accept(ledger, "demo", "h", by),
    ):
        with pytest.raises(Halt) as refused:
            act()
        assert refused.value.code == "desk_who_and_why"
    assert operators.show(ledger, "main", 1).request == ""
    assert operators.accepted(ledger, "demo") is None


def test_a_row_is_edited_and_its_original_kept(ledger: Ledger) -> None:
    """The edited row is what is tried; approvals were for the content before."""
    write(ledger, batch(rejected(asset(1, "150000.00"), "approval")))
    operators.approve(ledger, "main", 1, LI, "finance")
    operators.edit(ledger, "main", 1, {"value": "15000.00", "code": None}, TABLES, read, LI)
    with ledger.begin() as book:
        (row,) = book.requested(10)
    assert row.change.after == (1, None, Decimal("15000.00"))
    assert row.approved == frozenset()
    shown = operators.show(ledger, "main", 1)
    assert shown.original is not None
    assert json.loads(shown.original)["after"]["value"] == "150000.00"
    ((detail,),) = ledger.query("SELECT detail FROM syncd.action WHERE action = 'edit'")
    said = json.loads(str(detail))
    assert said.pop(CONTENTS), "what the row was and is, for the audit"
    assert said == {"value": ["150000.00", "15000.00"], "code": ["FA-1", None]}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"valeu": "1"}, "edit_no_column"),
        ({"value": "a lot"}, "edit_value"),
        ({"value": "NaN"}, "edit_value"),
        ({"id": "1.5"}, "edit_key"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(ledger: Ledger, values: dict[str, str], code: str) -> None:
    """The nearest column is named, and the value that does not fit."""
    write(ledger, batch(rejected(asset(1))))
    with pytest.raises(Halt) as refused:
        operators.edit(ledger, "main", 1, values, TABLES, read, LI)
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
            operators.approve(ledger, "main", number, LI, role)
        assert refused.value.code == code
    operators.approve(ledger, "main", 1, LI, "finance")
    operators.reject(ledger, "main", 3, LI, "finance")
    with ledger.begin() as book:
        (row,) = book.requested(10)
    assert (row.id, row.approved) == (1, {"registration"})
    assert operators.show(ledger, "main", 3).state == "discarded"


def test_what_the_desk_asks_about_approvals_every_database_answers_alike(ledger: Ledger) -> None:
    """Who did what, what is overdue, what would be made, what was posted without anybody; a rejection takes its place
    again, and in whichever database not when something has gone on without it."""
    waiting = rejected(asset(1), "approval")
    assert waiting.rejection is not None
    params = {"role": "finance", "within": "3600", "then": "controller"}
    waiting = waiting._replace(rejection=waiting.rejection._replace(params=params))
    write(ledger, batch(waiting, posted(asset(2))))
    later = operators.show(ledger, "main", 1).parked_at + timedelta(hours=1)
    (held,) = status.held(ledger, "main", later)
    assert (held.role, held.rows, held.overdue) == ("finance", 1, 1)
    with ledger.looking() as book:
        assert "FA-2" in book.cards(["FA-1", "FA-2"])
        assert book.budget("account_id"), "who only looks keeps it from nobody"
    for _ in range(2):
        with ledger.begin() as book:
            assert book.budget("account_id") == book.lookup("account_id")
    (count,) = automatic.counts(ledger, "main", "2026-02")
    assert (count.rule, count.automatic) == ("registration", 1)
    assert [a.subject for a in automatic.vouchers(ledger, "main", "2026-02", "registration", 5)] == ["FA-2"]
    for then, state in (("reopen", "approval"), ("overtaken", "discarded")):
        operators.reject(ledger, "main", 1, LI, "finance")
        with ledger.begin() as book:
            assert book.requested(10) == []
        if then == "overtaken":
            write(ledger, batch(posted(asset(3, code="FA-1"), key="registration/FA-1")))
            with pytest.raises(Halt, match="reopen_overtaken"):
                operators.reopen(ledger, "main", 1, TABLES, LI, "finance")
        else:
            operators.reopen(ledger, "main", 1, TABLES, LI, "finance")
            with ledger.begin() as book:
                assert [row.id for row in book.requested(10)] == [1]
        assert operators.show(ledger, "main", 1).state == state
    done = approvals.deeds(ledger, "main", [1])[1]
    assert [(deed.action, deed.role) for deed in done] == [(a, "finance") for a in ("reject", "reopen", "reject")]
    assert verify(ledger, "main", SmallLayout()).flaws == []


def test_who_had_a_difference_posted_does_not_agree_to_it(ledger: Ledger) -> None:
    """What a reconciliation proposed and a person accepted is a parked row that this person has asked for."""
    waiting = rejected(asset(1), "approval")
    write(ledger, batch(waiting))
    columns = "pipeline, run, id, asset, field, cause, params, proposal, change, request"
    values = ("main", 3, 2, "FA-1", "original_value", "", "{}", "", "", "1")
    ledger.execute([(f"INSERT INTO syncd.difference ({columns}) VALUES ({', '.join('?' * 10)})", values)])
    with ledger.desk() as desk:
        operators.act(desk, LI, "accept_difference", "main", "difference/3/2", {"asset": "FA-1"})
    with pytest.raises(Halt) as refused:
        operators.approve(ledger, "main", 1, LI, "finance")
    assert (refused.value.code, refused.value.params["did"]) == ("parked_four_eyes", "did_accept_difference")
    operators.approve(ledger, "main", 1, LI._replace(name="wang"), "finance")


def test_what_waits_for_approval_cannot_be_discarded_past_it(ledger: Ledger) -> None:
    """Scenario 6: nobody walks round the role; of a bulk action nothing is done then."""
    write(ledger, batch(rejected(asset(1)), rejected(asset(2), "approval")))
    with pytest.raises(Halt) as refused:
        operators.discard(ledger, "main", Selection(rule="registration"), LI)
    assert refused.value.code == "parked_awaits_role"
    assert [row.request for row in operators.parked(ledger, "main", Selection())] == ["", ""]
    assert ledger.query("SELECT count(*) FROM syncd.action") == [(0,)]


def test_a_mapping_is_frozen_once_accepted(ledger: Ledger) -> None:
    """A mapping changed after acceptance is refused until somebody answers for it."""
    with pytest.raises(Halt) as refused:
        operators.require_accepted(ledger, "demo", "one", {})
    assert refused.value.code == "mapping_not_accepted"
    operators.accept(ledger, "demo", "one", LI)
    operators.require_accepted(ledger, "demo", "one", {})
    with pytest.raises(Halt) as refused:
        operators.require_accepted(ledger, "demo", "two", {})
    assert refused.value.code == "mapping_changed"


def test_invariant_16_a_mapping_is_accepted_as_the_language_means_it(ledger: Ledger) -> None:
    """What an earlier version of the language made of the same files was accepted: that is said, and is no change."""
    operators.accept(ledger, "demo", "as it was", LI)
    with pytest.raises(Halt) as refused:
        operators.require_accepted(ledger, "demo", "as it is", {"as it was": 1})
    assert (refused.value.code, refused.value.params["was"]) == ("mapping_language_changed", "1")
    operators.accept(ledger, "demo", "as it is", LI)
    operators.require_accepted(ledger, "demo", "as it is", {"as it was": 1})


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
    operators.discard(ledger, "main", Selection(ids=(1,)), LI)
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


@pytest.mark.parametrize(
    ("asked", "line", "subjects"),
    [
        ("2026-02 记-2", 0, ["FA-2"]),
        ("2026-02 记-2/1", 1, ["FA-2"]),
        ("registration/FA-2", 0, ["FA-2"]),
        ("asset:2", 0, ["FA-2"]),
        ("2026-02 记-3", 0, ["FA-4", "FA-5"]),
        ("month/4", 0, ["FA-4", "FA-5"]),
        ("100%", 0, ["FA-2"]),
    ],
)
def test_the_way_back(ledger: Ledger, asked: str, line: int, subjects: list[str]) -> None:
    """Invariant 8, both ways: from a voucher, an entry, a key or a source row to the posting and all that it is about;
    of a group each row with what the source said."""
    gathered = posted(asset(3))
    halves = tuple(text for n in (4, 5) for text in (f"month/{n}", f"FA-{n}", "1:0.50 2:0.50"))
    whole = voucher("1.00")._replace(shares=halves)
    month = gathered.postings[0]._replace(key="month/1", subject="registration/month", voucher=whole)
    titled = posted(asset(2))
    (own,) = titled.postings
    named = own._replace(voucher=voucher()._replace(fields={"document": "100%"}))
    write(
        ledger,
        batch(posted(asset(1)), titled._replace(postings=(named,)), gathered._replace(postings=(month,))),
    )
    for number in (4, 5):
        text = encode_change(TABLES["asset"], asset(number, f"{number}.00"))
        row = ("main", f"month/{number}", "month", "m", f"FA-{number}", text, f"{number}", "month/1")
        ledger.execute([(COLLECTED, row)])
    found = trace.find(ledger, asked)
    assert [life.subject for life in found.lives] == subjects
    (origin,) = found.origins
    assert (origin.line, origin.key) == (line, "month/1" if len(subjects) > 1 else "registration/FA-2")
    assert [(share.subject, share.row["value"]) for share in origin.shares] == [
        (subject, f"{subject[-1]}.00") for subject in subjects if len(subjects) > 1
    ]
    assert origin.group is None or (origin.group.told, origin.group.is_whole) == ("record", True)


def test_what_is_not_known_has_no_way_back(ledger: Ledger) -> None:
    """And a subject is found as ever."""
    write(ledger, batch(posted(asset(1))))
    assert trace.find(ledger, "2026-02 记-77") == ("2026-02 记-77", [], [])
    assert [life.subject for life in trace.find(ledger, "FA-1").lives] == ["FA-1"]


# Migrations


@advice("migration_missing", "migration_changed")
def test_migrations_are_applied_once_and_never_edited(finance: Finance, ledger: Ledger, tmp_path: Path) -> None:
    """The daemon refuses tables that are older, newer or other than its own, and says which; the version that has
    applied them goes on."""
    migrate.require(ledger)
    assert migrate.migrate(ledger, COMMITTED) == []
    (tmp_path / "9999_more.sql").write_text(
        "CREATE TABLE syncd.more (a TEXT);\n-- said; twice\nINSERT INTO syncd.more VALUES ('x');"
    )
    more = (*migrate.migrations(), *migrate.migrations(tmp_path))
    assert [m.name for m in migrate.pending(ledger, more)] == ["9999_more"]
    assert migrate.migrate(ledger, COMMITTED, more) == ["9999_more"]
    assert ledger.query("SELECT a FROM syncd.more") == [("x",)]
    edited = (*more[:-1], more[-1]._replace(text=""))
    for known, code in ((more[:-1], "migration_missing"), (edited, "migration_changed")):
        with pytest.raises(Halt) as refused:
            migrate.pending(ledger, known)
        assert refused.value.code == code
    assert migrate.pending(ledger, more) == []


LATER = [
    "0009_last_date", "0010_depreciation", "0011_audit", "0012_reconciled", "0013_closing", "0014_lifecycle",
    "0015_outbox", "0016_account", "0017_collected", "0018_person", "0019_oidc", "0020_sample",
    "0021_action_target",
]  # fmt: skip
"""Migrations that came after those that are taken back."""


@pytest.mark.parametrize(("once", "then"), [("0007_renamed", ["0008_source", *LATER]), ("0007_source", LATER)])
def test_a_migration_that_is_not_applied_any_more_is_known_where_it_was(
    finance: Finance, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, once: str, then: list[str]
) -> None:
    """Invariant 16: a ledger that has it goes on, with the same tables; one that never had it is spared it."""
    shipped = migrate.migrations()
    assert shipped[-1].name == LATER[-1], "what comes later has to be undone here too"
    prefix = "syncd." if finance.kind == "postgres" else "syncd_"
    schema = "syncd." if finance.kind == "postgres" else ""
    applied = {str(name) for (name,) in ledger.query("SELECT name FROM syncd.migration")}
    assert applied == {migration.name for migration in shipped} - migrate.TAKEN_BACK
    for table in ("reconciliation", "difference"):
        finance.run(f"DROP TABLE {prefix}{table}")
    for table, column in (("posting", "source"), ("action", "target")):
        of_table = f" ON syncd_{table}" if finance.kind == "mysql" else ""
        finance.run(f"DROP INDEX {schema}syncd_{table}_{column}{of_table}")
    finance.run(f"ALTER TABLE {prefix}posting DROP COLUMN source")
    finance.run(f"ALTER TABLE {prefix}number DROP COLUMN last_date")
    for undone in ("DROP TABLE {}parked_event", "DROP TABLE {}collected_event", "DROP TABLE {}anchor"):
        finance.run(undone.format(prefix))
    for column in ("event_seq", "event_hash", "collected_seq", "collected_hash"):
        finance.run(f"ALTER TABLE {prefix}pipeline DROP COLUMN {column}")
    for table in (
        *("terms", "terms_folded", "depreciated", "depreciation_run", "closing", "lifecycle", "lifecycle_folded"),
        *("delivery", "outbox", "alert", "account", "session", "host_user", "token", "answered", "identity", "nonce"),
        "sample",
    ):
        finance.run(f"DROP TABLE {prefix}{table}")
    finance.run(f"DELETE FROM {prefix}migration WHERE name >= '0007'")
    with monkeypatch.context() as before:
        before.setattr(migrate, "TAKEN_BACK", frozenset())
        shipped_then = [m for m in shipped if m.name < "0007" or m.name == once]
        assert migrate.migrate(ledger, COMMITTED, shipped_then) == [once]
    assert migrate.migrate(ledger, COMMITTED) == then
    migrate.require(ledger)
    assert ledger.query("SELECT source FROM syncd.posting") == []
    with pytest.raises(Halt):
        ledger.query("SELECT * FROM syncd.renamed")


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


def test_a_minute_is_kept_once_and_for_two_weeks(ledger: Ledger) -> None:
    """What the console draws, in every ledger: with what is not known, and what was counted."""
    write(ledger, batch(rejected(asset(1))))
    ledger.execute([("INSERT INTO syncd.ignored (pipeline, reason, changes) VALUES ('main', 'dept: none', 3)", ())])
    now = datetime.now(UTC)
    said = status.Report("posting", now, bytes_behind=5, note={"retained_bytes": "70"})
    rows = [status.OpenRows("failed", "x", 2, now - timedelta(seconds=30))]
    first = samples.minute(now - samples.KEPT + samples.MINUTE)
    for at in (now - samples.KEPT - samples.MINUTE, first, now, now):
        status.report(ledger, "main", said, also=samples.keep("main", said._replace(at=at), rows))
    assert samples.begun(ledger, "main") == first
    kept = samples.since(ledger, "main", now - 2 * samples.KEPT)
    assert kept[1:] == [samples.Sample(samples.minute(now), 5, None, 0, 30, 2, 70, 1, 0, 3)]
    assert [*samples.ignored(ledger, "main")] == [("dept: none", 3)]


def test_a_discard_lets_the_followers_go_on(ledger: Ledger) -> None:
    """Invariant 4: what the desk settles between two batches counts for the next."""
    write(ledger, batch(rejected(asset(1))))
    operators.discard(ledger, "main", Selection(ids=(1,)), LI)
    (held,) = write(ledger, batch(posted(asset(2, code="FA-1"))))
    assert held.rejection is not None
    with ledger.begin() as book:
        (follower,) = book.requested(10)
        again = posted(follower.change)._replace(parked_id=follower.id)
        book.write(Batch([again], {}, frozenset(), None))
    (outcome,) = write(ledger, batch(posted(asset(3, code="FA-1"), key="upgrade/3")))
    assert outcome.postings


def test_the_tables_of_the_state_go_and_come_again(finance: Finance) -> None:
    """`syncd uninstall --state`, and a new beginning."""
    with closing(finance.open()) as ledger:
        migrate.take_away(ledger)
        assert len(migrate.pending(ledger)) > 10
        migrate.migrate(ledger, datetime.now(UTC))
        assert not migrate.pending(ledger)
