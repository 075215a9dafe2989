"""Alerts: one for a cause until it is solved, then one that it is; nobody is woken for what can wait."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.delivery import DONE, Asked, Delivery, Sent
from syncd.desk import status
from syncd.desk.parked import operators
from syncd.outbox import causes
from syncd.outbox.alerts import SOLVED_AFTER_S, Alerting, Alerts, Quiet
from syncd.outbox.causes import Cause, Limits
from syncd.outbox.overdue import LISTED_MAX
from tests.lifecycle.shop import Shop
from tests.outbox.office import MAPPING, Office
from tests.unit.lab import NAME

LIMITS = Limits(600, 3600, 3600, 1800)
HALTED = Cause("halted/x", "alert_halted", {"why": "no right"}, is_urgent=True)
LATE = Cause("late", "alert_late", {"minutes": "20"})
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 2, 3, 12, tzinfo=SHANGHAI)
NIGHT = NOON + timedelta(hours=11)
QUIET = Quiet(time(22), time(7), SHANGHAI)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


class Listener:
    """Takes everything, in order."""

    def __init__(self) -> None:
        self.levels: list[str] = []

    def send(self, delivery: Delivery) -> Sent:
        self.levels.append(str(delivery.body["level"]))
        return DONE

    def ask(self, delivery: Delivery) -> Asked:
        return "absent"

    def close(self) -> None: ...


def alerts(quiet: Quiet | None = None, **targets: Any) -> Alerts:
    return Alerts(Alerting(targets or {"all": ()}, "zh", LIMITS, quiet))


def texts(office: Office) -> list[tuple[str, str, str]]:
    """(target, what kind of message, when)."""
    return [
        (d.target, str(d.body["level"]), d.next_at.astimezone(SHANGHAI).strftime("%d %H")) for d in office.deliveries
    ]


def sent(office: Office) -> None:
    """All that waits has gone."""
    office.ledger.execute([("UPDATE syncd.delivery SET state = 'done', attempts = 1", ())])


def test_a_cause_is_told_once_until_it_is_solved_and_then_that_it_is(office: Office) -> None:
    """Also by a daemon that was started anew."""
    one = alerts()
    one.decide(office.ledger, NAME, [LATE], NOON)
    one.decide(office.ledger, NAME, [LATE], NOON + timedelta(seconds=5))
    alerts().decide(office.ledger, NAME, [LATE], NOON + timedelta(seconds=9))
    assert [level for _, level, _ in texts(office)] == ["warning"]
    assert "落后 20 分钟" in office.deliveries[0].body["text"]
    sent(office)
    gone = NOON + timedelta(seconds=20)
    one.decide(office.ledger, NAME, [], gone)
    assert len(office.deliveries) == 1
    one.decide(office.ledger, NAME, [], gone + timedelta(seconds=SOLVED_AFTER_S))
    assert [level for _, level, _ in texts(office)] == ["warning", "success"]
    assert "落后 20 分钟" in office.deliveries[1].body["text"]
    one.decide(office.ledger, NAME, [LATE], gone + timedelta(hours=1))
    assert [level for _, level, _ in texts(office)] == ["warning", "success", "warning"]


def test_what_comes_and_goes_is_told_once(office: Office) -> None:
    one = alerts()
    for second in range(0, 100, 10):
        one.decide(office.ledger, NAME, [LATE] if second % 20 == 0 else [], NOON + timedelta(seconds=second))
    assert len(office.deliveries) == 1


def test_at_night_nobody_is_woken_but_for_a_halt(office: Office) -> None:
    """On the clock of the books."""
    alerts(QUIET).decide(office.ledger, NAME, [LATE, HALTED], NIGHT.astimezone(UTC))
    assert texts(office) == [("all", "warning", "04 07"), ("all", "failure", "03 23")]


def test_what_is_solved_before_anybody_was_told_is_not_told(office: Office) -> None:
    one = alerts(QUIET)
    one.decide(office.ledger, NAME, [LATE], NIGHT)
    one.decide(office.ledger, NAME, [], NIGHT + timedelta(minutes=5))
    one.decide(office.ledger, NAME, [], NIGHT + timedelta(minutes=7))
    assert office.deliveries == []
    assert office.ask("SELECT * FROM syncd_alert") == []


def test_quiet_hours_may_lie_within_a_day() -> None:
    lunch = Quiet(time(12), time(13, 30), SHANGHAI)
    assert lunch.ends(NOON) == NOON.replace(hour=13, minute=30)
    assert lunch.ends(NIGHT) is None
    assert QUIET.ends(NOON) is None
    assert QUIET.ends(NOON.replace(hour=3)) == NOON.replace(hour=7)


def test_whoever_has_the_role_is_told(office: Office) -> None:
    one = alerts(ops=("operations",), boss=("controller",), everybody=())
    one.decide(office.ledger, NAME, [LATE, Cause("approval/controller", "alert_approval", {}, "controller")], NOON)
    assert [(target, d.subject) for d in office.deliveries for target in [d.target]] == [
        ("ops", "late"),
        ("everybody", "late"),
        ("boss", "approval/controller"),
        ("everybody", "approval/controller"),
    ]


def test_what_must_last_is_told_once_it_has(office: Office) -> None:
    one, lasting = alerts(), LATE._replace(after_s=120.0)
    for minutes in (0, 1):
        one.decide(office.ledger, NAME, [lasting], NOON + timedelta(minutes=minutes))
    assert office.deliveries == []
    one.decide(office.ledger, NAME, [lasting], NOON + timedelta(minutes=2))
    assert len(office.deliveries) == 1


def test_causes_are_what_status_sees(office: Office) -> None:
    """Each by its own fault: parked rows, approvals that nobody gives, a reconciliation above its alert, refused and
    late deliveries, a pipeline that halted."""
    later = datetime.now(UTC) + timedelta(hours=2)

    def found() -> dict[str, tuple[str, bool]]:
        return {one.name: (one.role, one.is_urgent) for one in causes.of(office.ledger, NAME, LIMITS, "en", later)}

    said = status.Report("posting", later, oldest=later)
    status.report(office.ledger, NAME, said, beats=True)
    assert found() == {}
    office.buys(1, -5)
    office.buys(2, 5000)
    office.eam.execute("DELETE FROM asset WHERE id = 1")
    office.tells()
    office.buys(3)
    row = (NAME, 1, "", "", "", 3, 2, 1, 0, "{}")
    office.ledger.execute([(f"INSERT INTO syncd.reconciliation VALUES ({', '.join('?' * 10)})", row)])
    status.report(office.ledger, NAME, said._replace(state="halted", error="finance_no_right"), beats=True)
    assert found() == {
        "halted/finance_no_right": ("operations", True),
        "parked": ("finance", False),
        "approval/finance": ("finance", False),
        "reconcile": ("finance", False),
        "delivery/refused": ("operations", False),
        "delivery/late": ("operations", False),
    }
    status.report(office.ledger, NAME, said._replace(oldest=later - timedelta(hours=1)), beats=True)
    assert "late" in found()
    status.report(office.ledger, NAME, said._replace(state="stopped"))
    status.beat(office.ledger, NAME, "standby", later)
    assert "alone" in found()


def test_a_halt_at_night_does_not_wait_behind_the_news_that_one_is_solved(office: Office) -> None:
    """Messages of a cause go in order, and what is solved waits for the morning: the next halt takes it along."""
    one, heard = alerts(QUIET), Listener()
    office.relay = heard
    for minutes, found in ((0, [HALTED]), (10, []), (12, []), (30, [HALTED])):
        now = NIGHT + timedelta(minutes=minutes)
        one.decide(office.ledger, NAME, found, now)
        while office.outbox.turn(now):
            pass
    assert heard.levels == ["failure", "success", "failure"]


def test_a_pipeline_that_halts_is_as_late_as_it_was(office: Office) -> None:
    """Nobody is told that it is late no more."""
    one, now = alerts(), datetime.now(UTC)
    late = status.Report("posting", now, oldest=now - timedelta(hours=1), lagged_at=now)
    halted = late._replace(state="halted", error="finance_no_right", params={})
    for said, seconds in ((late, 0), (halted, 10), (halted, 80)):
        at = now + timedelta(seconds=seconds)
        status.report(office.ledger, NAME, said._replace(at=at), beats=said is late)
        one.decide(office.ledger, NAME, causes.of(office.ledger, NAME, LIMITS, "zh", at), at)
        sent(office)
    assert [level for _, level, _ in texts(office)] == ["warning", "failure"]


def test_what_concerns_a_role_that_nobody_serves_is_told_to_all(office: Office) -> None:
    """And so is that it is solved."""
    one = alerts(ops=("operations",), boss=("controller",))
    one.decide(office.ledger, NAME, [Cause("approval/director", "alert_approval", {}, "director")], NOON)
    sent(office)
    for seconds in (1, 1 + SOLVED_AFTER_S):
        one.decide(office.ledger, NAME, [], NOON + timedelta(seconds=seconds))
    assert [(target, level) for target, level, _ in texts(office)] == [
        ("ops", "warning"), ("boss", "warning"), ("ops", "success"), ("boss", "success"),
    ]  # fmt: skip


def test_two_roles_whose_names_are_long_and_begin_alike_are_two_causes(office: Office) -> None:
    """One that is solved says nothing of the other, and each is told once."""
    for n, team in enumerate(("一组", "二组"), 1):
        office.buys(n, 5000)
        params = json.dumps({"role": "财务共享中心" * 20 + team}, ensure_ascii=False)
        office.ledger.execute([("UPDATE syncd.parked SET params = ? WHERE id = ?", (params, n))])
    later = datetime.now(UTC) + timedelta(hours=2)
    found = [one for one in causes.of(office.ledger, NAME, LIMITS, "en", later) if one.code == "alert_approval"]
    assert len({one.name for one in found}) == 2
    assert max(len(one.name) for one in found) <= causes.CAUSE_CHARS_MAX
    one = alerts()
    for _ in range(2):
        one.decide(office.ledger, NAME, found, NOON)
    told = [delivery.subject for delivery in office.deliveries if delivery.kind == "alert"]
    assert sorted(told) == sorted(one.name for one in found)


DUE = MAPPING.replace("role: finance}", "role: finance, within: 2 days, then: controller}")


def told(office: Office) -> list[tuple[str, str]]:
    """To whom what was told."""
    return [(d.target, str(d.body["text"]).splitlines()[0]) for d in office.deliveries if d.kind == "alert"]


def test_an_approval_whose_time_is_up_is_told_to_both_roles_once_and_that_it_is_decided(tmp_path: Path) -> None:
    """The role that was asked, and the one that may decide in its place from then on; a row each, until it is
    decided."""
    office = Office(tmp_path, DUE)
    one = Alerts(
        Alerting({"desk": ("finance",), "boss": ("controller",)}, "en", LIMITS._replace(approval_s=1e9, parked_s=1e9))
    )
    office.buys(1, 5000)
    now = datetime.now(UTC)
    for hours in (47, 48.2, 49, 60):
        found = causes.of(office.ledger, NAME, LIMITS._replace(approval_s=1e9), "en", now + timedelta(hours=hours))
        one.decide(
            office.ledger, NAME, [c for c in found if c.name.startswith("overdue")], now + timedelta(hours=hours)
        )
    assert told(office) == [
        ("desk", "row 1, A1, should have been decided by finance; its time is up since 0 hours"),
        ("boss", "row 1, A1, was not decided by finance in time, since 0 hours: controller may decide now"),
    ]
    sent(office)
    operators.approve(office.ledger, NAME, 1, operators.Actor("Wang", "seen"), "finance")
    office.rest()
    found = causes.of(office.ledger, NAME, LIMITS, "en", now + timedelta(hours=61))
    assert [c.name for c in found if c.name.startswith("overdue")] == []
    for seconds in (0, SOLVED_AFTER_S):
        one.decide(office.ledger, NAME, [], now + timedelta(hours=61, seconds=seconds))
    levels = [(d.target, d.body["level"]) for d in office.deliveries if d.kind == "alert"]
    assert levels[2:] == [("desk", "success"), ("boss", "success")]


def test_a_flood_of_them_is_told_in_all(tmp_path: Path) -> None:
    """Twenty of a role one by one, the oldest first; a hundred messages nobody reads."""
    office = Office(tmp_path, DUE)
    for number in range(1, 24):
        office.buys(number, 5000)
    found = causes.of(office.ledger, NAME, LIMITS, "en", datetime.now(UTC) + timedelta(days=3))
    of = {c.name: c.params.get("count", "") for c in found if c.name.startswith("overdue") and c.role == "finance"}
    assert len(of) == LISTED_MAX + 1
    assert of["overdue/more/finance"] == "3"


def test_a_deadline_that_passes_is_told_to_the_role_of_each_step_and_that_the_asset_has_moved_on() -> None:
    """By the day of the books, whether or not a daemon has made the row of it yet; once a step."""
    shop = Shop()
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", date(2026, 2, 15))
    zone, states = shop.mapping.zone, shop.mapping.lifecycle.states if shop.mapping.lifecycle else {}

    def found(day: int) -> list[tuple[str, str]]:
        at = datetime(2026, 2, day, 0, 5, tzinfo=zone)
        of = causes.of(shop.ledger, NAME, LIMITS, "zh", at, zone, states)
        return [(c.name, c.role) for c in of if c.name.startswith("deadline")]

    shop.quiet_until(date(2026, 2, 16))
    first, second = ("deadline/FA-1/1/1", "asset_manager"), ("deadline/FA-1/1/2", "director")
    assert found(22) == []
    assert found(23) == found(25) == [first]
    assert found(26) == [first, second]
    shop.quiet_until(date(2026, 2, 23))
    assert found(23) == [first]
    assert found(26) == [first, second]
    shop.move("FA-1", "isolated", date(2026, 2, 24))
    assert found(26) == [], "before the states are folded again"
