"""Deliveries are sent once in effect, in order, whatever dies meanwhile."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.answer import mysql
from connectors.answer import sqlite as answers
from syncd import decided
from syncd.books.close import outstanding
from syncd.decided import Decided
from syncd.delivery import DONE, Asked, Delivery, Sent
from syncd.errors import Transient
from syncd.outbox import box, relaying
from syncd.outbox.relaying import ATTEMPTS_MAX, BACKOFF_MAX_S, Outbox, wait_after_s
from syncd.ports import Ledger
from syncd.record import timestamp
from tests.outbox.office import DAY, Office
from tests.unit.lab import CLERK, NAME


class Killed(BaseException):
    """The process is gone."""


class Wire:
    """The relay as it is, but for what happens to it at the next attempts."""

    def __init__(self, office: Office) -> None:
        self._relay = office.relay
        self.sent: list[str] = []
        self.asked = 0
        self.dies_before = self.dies_after = False
        self.next: list[Sent] = []
        self.asks: list[Asked] = []
        office.relay = self

    def send(self, delivery: Delivery) -> Sent:
        if self.dies_before:
            raise Killed
        if self.next:
            return self.next.pop(0)
        self.sent.append(delivery.key)
        said = self._relay.send(delivery)
        if self.dies_after:
            raise Killed
        return said

    def ask(self, delivery: Delivery) -> Asked:
        self.asked += 1
        return self.asks.pop(0) if self.asks else self._relay.ask(delivery)

    def close(self) -> None:
        self._relay.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_killed_between_the_commit_and_the_sending_it_is_sent_at_the_next_start(office: Office) -> None:
    wire = Wire(office)
    wire.dies_before = True
    office.buys(1)
    with pytest.raises(Killed):
        office.outbox.turn()
    assert office.told == [("posted", "unknown")]
    wire.dies_before = False
    office.tells()
    assert office.said(1) == ("posted", "2026-02 记-1", "", 1)
    assert wire.asked == 1


def test_killed_between_the_sending_and_the_mark_it_is_asked_and_not_sent_again(office: Office) -> None:
    wire = Wire(office)
    wire.dies_after = True
    office.buys(1)
    with pytest.raises(Killed):
        office.outbox.turn()
    wire.dies_after = False
    office.tells()
    assert (office.said(1)[3], len(wire.sent), wire.asked) == (1, 1, 1)
    assert office.told == [("posted", "done")]


def test_what_cannot_be_asked_is_sent_again_with_the_same_key(office: Office) -> None:
    """The statement does no more then than it did: the EAM knows the key."""
    wire = Wire(office)
    for n in (1, 2):
        office.commit(office.insert("deprec", id=n, code=f"A{n}", month="2026-02", amount=9))
    office.commit(office.insert("month", id=1, month="2026-02"))
    office.rest()
    wire.dies_after = True
    with pytest.raises(Killed):
        office.outbox.turn()
    wire.dies_after = False
    office.tells()
    assert len(wire.sent) == 3
    assert office.told == [("posted", "done")] * 2
    assert len(office.eam.execute("SELECT key FROM told").fetchall()) == 2


def test_what_may_have_been_taken_is_not_sent_while_it_cannot_be_asked(office: Office) -> None:
    wire = Wire(office)
    wire.next = [Sent("unknown", "answer_unknown", {"error": "cut"})]
    wire.asks = ["lost", "lost"]
    office.buys(1)
    for minutes in (0, 1, 60):
        office.outbox.turn(datetime.now(UTC) + timedelta(minutes=minutes))
        assert (office.told, wire.sent) == ([("posted", "unknown")], [])
    office.tells(7200)
    assert (office.told, len(wire.sent)) == ([("posted", "done")], 1)


def test_invariant_4_answers_of_a_row_go_in_order_and_others_do_not_wait(office: Office) -> None:
    """The EAM is busy for the first alone: nothing of its asset goes before it, that of another does."""
    wire = Wire(office)
    wire.next = [Sent("throttled", "answer_busy", {"error": "locked"}, 30.0)]
    office.buys(1, 5000)
    office.approves()
    office.tells()
    office.buys(2)
    assert office.told == [("held", "waiting"), ("posted", "waiting"), ("posted", "waiting")]
    office.tells(31)
    assert office.told == [("held", "done"), ("posted", "done"), ("posted", "done")]
    assert [key.rpartition("/")[2] for key in wire.sent] == ["held", "posted", "posted"]


def test_a_session_that_was_lost_is_opened_anew_at_once(office: Office) -> None:
    wire = Wire(office)
    wire.next = [Sent("lost", "answer_lost", {"error": "cut"})]
    office.buys(1)
    office.tells()
    assert office.told == [("posted", "done")]


def test_a_busy_eam_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real lock: nothing is done meanwhile, and nothing is lost."""
    monkeypatch.setattr("connectors.answer.statement.CONNECT_SECONDS_MAX", 0)
    office.buys(1)
    with office.busy():
        office.tells()
        assert (office.told, office.deliveries[0].code) == ([("posted", "waiting")], "answer_busy")
    office.tells(60)
    assert office.said(1)[0] == "posted"


def test_a_target_that_cannot_be_reached_rests_and_is_not_asked_for_each_delivery(office: Office) -> None:
    wire = Wire(office)
    wire.next = [Sent("lost", "answer_no_connection", {"error": "refused"})] * 2
    for n in (1, 2, 3):
        office.buys(n)
    office.tells()
    assert [d.attempts for d in office.deliveries] == [1, 0, 0]
    office.tells(5)
    assert {state for _, state in office.told} == {"done"}


def test_invariant_11_attempts_are_bounded(office: Office) -> None:
    office.buys(1)
    office.ledger.execute([("UPDATE syncd.delivery SET attempts = ?", (ATTEMPTS_MAX - 1,))])
    Wire(office).next = [Sent("lost", "answer_no_connection", {"error": "refused"})] * 2
    office.tells()
    assert office.told == [("posted", "refused")]
    assert all(wait_after_s(n) <= BACKOFF_MAX_S + 1 for n in range(1, ATTEMPTS_MAX + 1))


def test_a_refused_answer_is_seen_and_sent_again(office: Office) -> None:
    """The row was not there; a later answer of another row went."""
    office.eam.execute("DELETE FROM asset WHERE id = 1")
    office.buys(1)
    office.buys(2)
    office.tells()
    assert office.told == [("posted", "refused"), ("posted", "done")]
    first = office.deliveries[0]
    assert outstanding.untold(office.ledger, lambda pipeline: True).total == 1
    assert (first.code, [o.deliveries for o in box.open_deliveries(office.ledger, NAME)]) == ("answer_no_row", [1])
    office.eam.execute("INSERT INTO asset (id) VALUES (1)")
    box.retry(office.ledger, NAME, first.seq, CLERK)
    office.tells()
    assert office.said(1)[0] == "posted"
    assert outstanding.untold(office.ledger, lambda pipeline: True).state == "holds"
    ((action, target),) = office.ask("SELECT action, target FROM syncd_action")
    assert (action, target) == ("resend", f"delivery/{first.seq}")


def test_what_was_done_long_ago_is_forgotten(office: Office) -> None:
    """What is not done stays."""
    office.eam.execute("DELETE FROM asset WHERE id = 1")
    office.buys(1)
    office.buys(2)
    office.tells()
    office.ledger.execute([("UPDATE syncd.delivery SET settled_at = '2020-01-01T00:00:00.000000Z'", ())])
    office.tells(7200)
    assert office.told == [("posted", "refused")]


def test_an_error_that_nobody_foresaw_is_not_tried_again_by_itself(office: Office) -> None:
    class Broken(Wire):
        def send(self, delivery: Delivery) -> Sent:
            raise ValueError("secret")

    Broken(office)
    office.buys(1)
    office.tells()
    assert office.deliveries[0].params == {"error": "ValueError"}
    assert office.told == [("posted", "refused")]


def test_what_was_decided_under_another_statement_is_not_guessed(office: Office) -> None:
    """A column that the answer names only now is not NULL."""
    office.buys(1)
    wider = replace(office.mapping.answers["asset"], columns={"id": 0, "amount": 2})
    office.relay = answers.connect(answers.Settings(office.path), {"asset": wider})
    office.tells()
    assert (office.told, office.deliveries[0].code) == ([("posted", "refused")], "answer_columns")
    office.relay = answers.connect(answers.Settings(office.path), {})
    box.retry(office.ledger, NAME, office.deliveries[0].seq, CLERK)
    office.tells()
    assert office.deliveries[0].code == "answer_gone"


def test_deliveries_of_partitions_go_and_those_of_others_do_not(office: Office) -> None:
    wire = Wire(office)
    for number, name in enumerate((f"{NAME}/0", f"{NAME}_other"), 1):
        row = (name, 0, "", 0, 0, 0, 0)
        columns = "name, posting_seq, posting_hash, parked_seq, changes, posted, repeated"
        office.ledger.execute([(f"INSERT INTO syncd.pipeline ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)])
        body = {
            "state": "posted",
            "voucher": "",
            "reason": "",
            "by": "",
            "at": "",
            "op": "insert",
            "row": {"id": number},
        }
        with office.ledger.desk() as desk:
            decided.keep(
                desk,
                name,
                [Decided("answer/asset/1/1/posted", "answer", "asset", "A", body)],
                "2026-01-01T00:00:00.000000Z",
            )
    office.tells()
    assert (len(wire.sent), office.said(1)[0], office.said(2)[0]) == (1, "posted", None)


def test_a_deleted_row_is_told_nothing_and_that_is_well(office: Office) -> None:
    """Of a delete the EAM's row is gone before anybody answers."""
    now = datetime.now(UTC)
    body = {"state": "posted", "voucher": "", "reason": "", "by": "", "at": "", "op": "delete", "row": {"id": 9}}
    gone = Delivery(NAME, 1, "k", "answer", "asset", "A9", body, now, "waiting", 0, now, "", {}, None)
    assert office.relay.send(gone) == DONE


def test_invariant_4_answers_of_a_row_go_in_order_also_where_its_code_was_corrected(office: Office) -> None:
    """The row is parked as A9 and posted as A1: the first is to be tried again later, and the second does not overtake
    it."""
    office.buys(1, -5, "A9")
    later = timestamp(datetime.now(UTC) + timedelta(seconds=30))
    office.ledger.execute([("UPDATE syncd.delivery SET next_at = ?, attempts = 1", (later,))])
    row = {"id": 1, "code": "A9", "amount": -5, "on_": DAY}
    office.commit(office.update("asset", row, code="A1", amount=100))
    office.rest()
    office.tells()
    assert office.told == [("parked", "waiting"), ("posted", "waiting")]
    office.tells(31)
    assert (office.told, office.said(1)[0]) == ([("parked", "done"), ("posted", "done")], "posted")


def test_an_address_that_cannot_be_read_holds_up_nobody_else(office: Office) -> None:
    """Invariant 11: it is an attempt like any other; alerts go."""
    broken = mysql.Settings("mysql://syncd:Geh/eim@eam:3306/eam")
    wire = Wire(office)
    wire.next = [DONE]
    relays = lambda one: wire if one.kind == "alert" else mysql.connect(broken, office.mapping.answers)  # noqa: E731
    office.outbox = Outbox(NAME, office.open_ledger, relays)
    office.buys(1)
    with office.ledger.desk() as desk:
        alert = Decided("alert/halted", "alert", "ops", "halted", {"level": "failure"})
        decided.keep(desk, NAME, [alert], timestamp(datetime.now(UTC)))
    office.tells()
    assert [(d.kind, d.state, d.attempts, d.code) for d in office.deliveries] == [
        ("answer", "waiting", 1, "mysql_dsn"), ("alert", "done", 1, ""),
    ]  # fmt: skip
    assert "eim" not in str(office.deliveries[0].params)


def test_while_finance_is_gone_the_log_says_once_that_nobody_can_be_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 14: the outbox lies in finance's database, so that its own loss cannot be told by it. An error, and a
    figure that grows; once it answers all goes on."""
    monkeypatch.setattr(relaying, "BLIND_AFTER_S", 0.0)
    monkeypatch.setattr(relaying, "AFTER_FAULT_S", 0.01)
    looked, gone = [threading.Event(), threading.Event()], [True]

    def open_ledger() -> Ledger:
        looked[looked[0].is_set()].set()
        if gone[0]:
            raise Transient("finance_gone", error="refused")
        return office.open_ledger()

    with capture_logs() as said, Outbox(NAME, open_ledger, lambda delivery: None) as outbox:
        assert all(event.wait(30) for event in looked)
        assert outbox.blind_s > 0
        gone[0] = False
    assert [(one["log_level"], one["code"]) for one in said if one["event"] == "outbox_blind"] == [
        ("error", "finance_gone")
    ]
    assert outbox.blind_s == 0
