"""Deadlines: rows that rules see, made once, by the log and not by when it was read."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta
from random import Random

import pytest

from connectors.convert import typed
from syncd.books.lifecycle import deadlines, standing, states
from syncd.books.lifecycle.compliance import compliance
from syncd.change import Malformed
from syncd.desk.parked import operators
from syncd.ports import Ledger
from tests.lifecycle.shop import BY, LIFECYCLE, Shop, shop_mapping
from tests.unit.lab import NAME

FEBRUARY = date(2026, 2, 15)


def removed(splits: bool = True, more: str = "") -> Shop:
    """A shop whose asset is to be disposed of since 15 February."""
    shop = Shop(splits, more)
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    return shop


def rows(shop: Shop) -> list[tuple[object, ...]]:
    return shop.ask("SELECT key, image FROM syncd_mirror WHERE source_table = 'overdue' ORDER BY key")


def test_a_deadline_passes_with_the_day_behind_its_last() -> None:
    """Seven days from 15 February: on the 22nd it is kept, with the 23rd it has passed; three days later the next
    step."""
    shop = removed()
    shop.quiet_until(date(2026, 2, 22))
    assert rows(shop) == []
    shop.quiet_until(date(2026, 2, 23))
    assert [key for key, _ in rows(shop)] == ["FA-1|1|1"]
    shop.quiet_until(date(2026, 2, 25))
    assert len(rows(shop)) == 1
    shop.quiet_until(date(2026, 2, 26))
    shop.quiet_until(date(2026, 12, 1))
    assert shop.tasks[1:] == [
        ("FA-1", "to_dispose 1", "asset_manager", "2026-02-23"),
        ("FA-1", "to_dispose 4", "director", "2026-02-26"),
    ]


def test_who_leaves_on_the_last_day_has_kept_it() -> None:
    shop = removed()
    shop.move("FA-1", "isolated", date(2026, 2, 22))
    shop.quiet_until(date(2026, 4, 1))
    assert rows(shop) == []


def life(shop: Shop, days: Sequence[date]) -> None:
    """A life with deadlines missed, two steps in one transaction, and another asset's changes between them."""
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.asset("FA-2", dept="SC")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    for day in days:
        if day < date(2026, 2, 24):
            shop.quiet_until(day)
    shop.move("FA-2", "to_dispose", date(2026, 2, 24))
    for day in days:
        if date(2026, 2, 24) < day < date(2026, 2, 27):
            shop.quiet_until(day)
    for state in ("isolated", "awaiting_approval"):
        shop.move("FA-1", state, date(2026, 2, 27))
    shop.move("FA-2", "in_use", date(2026, 3, 20))
    shop.move("FA-1", "rejected", date(2026, 3, 25))
    shop.rest()


def test_invariant_13_the_log_decides_and_not_when_it_was_read() -> None:
    """Day by day, all at once a month later, or in a new process after each change: the same postings in the same
    order, the same rows, the same tasks."""
    at_leisure, at_once, restarted = Shop(), Shop(splits=False), Shop()
    life(at_leisure, [date(2026, 2, n) for n in range(16, 27)])
    life(at_once, [])
    rest = restarted.rest

    def anew() -> None:
        restarted.restart()
        rest()

    restarted.rest = anew  # type: ignore[method-assign]
    life(restarted, [date(2026, 2, 23), date(2026, 2, 26)])
    assert len(at_leisure.record["tasks"]) == 8
    assert at_leisure.record == at_once.record
    assert at_leisure.record == restarted.record


ALLOWED = {
    "in_use": ["to_dispose"], "to_dispose": ["isolated", "in_use"], "isolated": ["awaiting_approval"],
    "awaiting_approval": ["awaiting_writeoff", "rejected"], "awaiting_writeoff": ["scrapped"], "rejected": ["in_use"],
    "scrapped": ["in_use"],
}  # fmt: skip
"""The last is a jump."""


def random_life(shop: Shop, seed: int, between: Callable[[], None]) -> None:
    """Three assets over half a year: several steps a day and weeks without any, told at once or late, a jump."""
    chance, pace, day = Random(seed), Random(seed), date(2026, 1, 20)
    shop.on(day)
    states = dict.fromkeys(("FA-1", "FA-2", "FA-3"), "in_use")
    for code in states:
        shop.asset(code)
    for _ in range(25):
        for _ in range(chance.choice((0, 0, 1, 3, 9))):
            day += timedelta(days=1)
            if shop.splits and pace.random() < 0.7:
                shop.quiet_until(day)
        between()
        code = chance.choice(sorted(states))
        states[code] = chance.choice(ALLOWED[states[code]])
        told = day - timedelta(days=chance.choice((0, 0, 0, 4, 12)))
        shop.move(code, states[code], day, changed_on=told)
    shop.on(day + timedelta(days=40))
    shop.commit(shop.insert("maintenance", id=1, code="FA-1", done_on=day))
    shop.rest()


@pytest.mark.parametrize("seed", range(4))
def test_invariant_13_any_life_read_at_any_pace(seed: int) -> None:
    at_leisure, at_once, restarted = Shop(), Shop(splits=False), Shop()
    random_life(at_leisure, seed, lambda: None)
    random_life(at_once, seed, lambda: None)
    random_life(restarted, seed, restarted.restart)
    assert len(at_leisure.record["tasks"]) > 3
    assert at_leisure.record == at_once.record
    assert at_leisure.record == restarted.record


def test_invariant_2_a_row_is_made_once_whatever_dies_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies behind the row's transaction, before it has noted that the next step is due."""
    shop = removed()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deadlines, "_next", dies)
    with pytest.raises(KeyboardInterrupt):
        shop.quiet_until(date(2026, 2, 23))
    monkeypatch.undo()
    assert len(rows(shop)) == 1
    shop.restart()
    shop.quiet_until(date(2026, 3, 1))
    assert len(rows(shop)) == 2
    assert [task for _, task, *_ in shop.tasks] == ["collect", "to_dispose 1", "to_dispose 4"]


def test_invariant_5_a_row_that_a_rule_cannot_post_is_parked_and_holds_nobody_up() -> None:
    shop = removed()
    shop.database.execute("DROP TABLE fa_task")
    shop.database.execute(
        "CREATE TABLE fa_task (asset TEXT, task TEXT, role TEXT CHECK (role <> 'asset_manager'), on_ TEXT,"
        " PRIMARY KEY (asset, task))"
    )
    shop.quiet_until(date(2026, 2, 26))
    assert [(subject, state) for subject, state, _ in shop.parked] == [("overdue:FA-1|1|1", "failed")]
    assert [task for _, task, *_ in shop.tasks] == ["to_dispose 4"]
    shop.move("FA-1", "isolated", date(2026, 2, 27))
    assert len(shop.parked) == 1


def test_an_asset_whose_change_is_parked_is_escalated_all_the_same() -> None:
    """A jump that is refused leaves it where it was, and its deadline runs."""
    shop = removed()
    shop.move("FA-1", "scrapped", date(2026, 2, 20))
    shop.quiet_until(date(2026, 2, 23))
    assert ("FA-1", "to_dispose 1", "asset_manager", "2026-02-23") in shop.tasks


def test_a_state_that_is_told_late_is_judged_at_the_end_of_that_day() -> None:
    """Removed on 15 February, told on 10 March: overdue since 23 February, escalated with 11 March."""
    shop = Shop()
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", date(2026, 3, 10), changed_on=FEBRUARY)
    shop.quiet_until(date(2026, 3, 11))
    assert shop.tasks[-1] == ("FA-1", "to_dispose 17", "asset_manager", "2026-03-11")
    (stay,) = _standing(shop.ledger, shop)
    assert states.told(shop.ledger, shop.living, [stay], date(2026, 3, 11)) == [
        [("asset_manager", date(2026, 3, 11), 1)]
    ]
    assert stay.days_over(date(2026, 3, 11)) == 17


def test_a_log_that_is_not_quiet_is_not_judged_by_the_clock() -> None:
    """What comes late from a log behind may say that the deadline was kept: the clock waits for ten quiet minutes."""
    shop = removed(splits=False)
    shop.move("FA-1", "isolated", date(2026, 2, 20))
    shop.at = shop.at.replace(month=4)
    shop.rest()
    assert rows(shop) == []


def test_without_a_rule_or_a_table_deadlines_are_only_shown() -> None:
    """No row is made where nobody has declared one; the list knows all the same."""
    block = LIFECYCLE[: LIFECYCLE.index("  overdue:")] + LIFECYCLE[LIFECYCLE.index("  high_risk:") :]
    shop = removed(more=block)
    shop.quiet_until(date(2026, 3, 1))
    assert rows(shop) == []
    (stay,) = _standing(shop.ledger, shop)
    assert stay.days_over(date(2026, 3, 1)) == 7


def _standing(ledger: Ledger, shop: Shop) -> list[states.Stay]:
    states.fold(ledger.desk, shop.living)
    return states.standing(ledger, shop.living, ["to_dispose"])


def test_deadlines_that_the_mapping_changes_count_for_who_stands_there() -> None:
    """A shorter one is judged with the next day; what was told already is not told again."""
    shop = removed()
    shop.quiet_until(date(2026, 2, 23))
    told = "within: 7 days, then: [{escalate: asset_manager}"
    shorter = LIFECYCLE.replace(told, "within: 2 days, then: [{escalate: clerk}")
    assert shorter != LIFECYCLE
    shop.mapping = shop_mapping(shorter)
    shop.restart()
    shop.quiet_until(date(2026, 2, 24))
    assert [key for key, _ in rows(shop)] == ["FA-1|1|1", "FA-1|1|2"]
    assert [(task, role) for _, task, role, _ in shop.tasks] == [
        ("collect", "asset_manager"), ("to_dispose 4", "director"), ("to_dispose 1", "asset_manager"),
    ]  # fmt: skip


def test_a_day_that_is_none_has_no_deadline_and_stops_nothing() -> None:
    """Invariant 5: 9999-12-31 is how an EAM says that there is no day."""
    shop = Shop()
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY, changed_on=date(9999, 12, 31))
    shop.on(date(2026, 2, 16))
    shop.asset("FA-2")
    shop.rest()
    assert (shop.parked, len(shop.cards), rows(shop)) == ([], 2, [])
    (stay,) = _standing(shop.ledger, shop)
    assert stay.due is None


def test_a_step_that_went_out_under_the_old_code_does_not_go_out_again() -> None:
    """Invariant 2: the asset gets another code, and a deadline of another state changes, so that states are folded
    anew; under the new code the next step comes and no other."""
    shop = removed()
    shop.quiet_until(date(2026, 2, 24))
    row = shop.store.rows(shop.mapping.tables["asset"])["FA-1"]
    old = dict(zip([c.name for c in shop.mapping.tables["asset"].columns], row, strict=True))
    shop.commit(shop.update("asset", old, code="FB-1"))
    shop.rest()
    shop.mapping = shop_mapping(LIFECYCLE.replace("within: 10 days", "within: 12 days"))
    shop.restart()
    shop.quiet_until(date(2026, 2, 25))
    assert [key for key, _ in rows(shop)] == ["FA-1|1|1"]
    shop.quiet_until(date(2026, 2, 26))
    assert [key for key, _ in rows(shop)] == ["FA-1|1|1", "FB-1|1|2"]


def test_who_was_told_is_what_went_out_and_not_what_days_would_say() -> None:
    """Removed on 15 February, with a malformed day that is corrected when the asset has left the state long since: of a
    deadline that nobody could judge then nobody was told, neither in the report nor in the list."""
    shop = Shop()
    for code in ("FA-1", "FA-2"):
        shop.asset(code)
    shop.move("FA-1", "to_dispose", FEBRUARY, changed_on=Malformed("31.02", "date"))
    shop.move("FA-1", "isolated", date(2026, 2, 27), changed_on=date(2026, 2, 27))
    shop.move("FA-2", "to_dispose", FEBRUARY)
    shop.quiet_until(date(2026, 3, 2))
    read = lambda column, text: typed(column, text, UTC)  # noqa: E731 - as the pipeline's
    operators.edit(shop.ledger, NAME, 1, {"changed_on": "2026-02-15"}, shop.mapping.tables, read, BY)
    shop.rest()
    assert shop.parked == []
    found = compliance(shop.ledger, shop.living, "FA-1", date(2026, 3, 3))
    assert found is not None
    assert [(leg.stay.state, leg.days_over, list(leg.told)) for leg in found.legs] == [
        ("to_dispose", 5, []), ("isolated", 0, []),
    ]  # fmt: skip
    shop.database.execute("DELETE FROM syncd_mirror WHERE source_table = 'overdue' AND key = 'FA-2|1|2'")
    held = standing.Cards(shop.mapping.layout, "dept", "name")
    roles = {
        one.asset: one.role for one in standing.report(shop.ledger, [shop.living], held, date(2026, 3, 3)).standing
    }
    assert roles == {"FA-1": "", "FA-2": "asset_manager"}, "the row, not the day"
