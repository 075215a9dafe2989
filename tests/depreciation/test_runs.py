"""Runs through the whole pipeline: finance's cases by name, by what finance holds in the end."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from syncd.books.depreciation import asking, runs, terms
from syncd.books.depreciation.plan import figures, month_read
from syncd.daemon import pipeline
from syncd.desk import trace
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from syncd.desk.uncomputed import uncomputed
from syncd.errors import Halt
from syncd.outbox import causes
from tests.advice import advice
from tests.depreciation import plant as plants
from tests.depreciation.plant import BY, Plant
from tests.unit.lab import NAME

D = Decimal


def alerts(plant: Plant) -> list[str]:
    """What people are told of parked rows; of each once, see tests/outbox/test_alerts.py."""
    told = causes.of(
        plant.ledger, NAME, causes.Limits(600, 3600, 3600, 1800), "en", datetime.now(UTC) + timedelta(hours=2)
    )
    return [one.name for one in told if one.name == "parked"]


def test_a_month_is_posted_once() -> None:
    """Invariant 2, frappe/erpnext#56964: the run is repeated five times, and its identity is no amount."""
    plant = Plant()
    plant.asset("A", "1542072.12", 60, residual_rate=D(0))
    assert plant.run("2026-02").state == "asked"
    for _ in range(5):
        again = plant.run("2026-02")
        assert (again.state, list(again.vouchers)) == ("posted", ["2026-02 记-1"])
    assert plant.expense("2026-02") == {"5101": D("25701.20")}
    assert plant.accumulated("A") == D("25701.20")


def test_erpnext_45369_three_clicks() -> None:
    """Three ask at once: one run, two answers; then "already posted" with its number."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    answers = [asking.approve(plant.ledger, plant.computing, plant.periods(), "2026-02", BY) for _ in range(3)]
    assert [a.state for a in answers] == ["asked", "on_its_way", "on_its_way"]
    plant.compute()
    assert plant.expense("2026-02") == {"5101": D("1900.00")}
    assert list(plant.run("2026-02").vouchers) == ["2026-02 记-1"]
    assert len(plant.vouchers) == 1


def test_erpnext_38202_one_faulty_asset_stops_no_other() -> None:
    """B's account is missing: A and C post, B is parked with its reason, the next run tries B alone.
    So erpnext#34045."""
    plant = Plant()
    for code, dept in (("A", "SC"), ("B", "NONE"), ("C", "SC")):
        plant.asset(code, "120000.00", 60, dept=dept)
    plant.run("2026-02")
    assert plant.expense("2026-02") == {"5101": D("3800.00")}
    assert [(subject, state) for subject, state, _ in plant.parked] == [("B", "failed")]
    plant.run("2026-02")
    assert len(plant.parked) == 1, "one parked row, however often it is tried"
    assert alerts(plant) == ["parked"], "one alert in total until it is solved"
    plant.database.execute("INSERT INTO gl_account VALUES ('9999')")
    assert plant.run("2026-02").state == "asked"
    assert (plant.parked, alerts(plant)) == ([], [])
    assert plant.expense("2026-02") == {"5101": D("3800.00")}
    assert plant.balance("9999") == D("1900.00")
    assert plant.run("2026-02").state == "posted"


def test_an_asset_that_cannot_be_computed_is_named_and_stops_no_other() -> None:
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.asset("B", "120000.00", 0)
    plant.asset("C", "120000.00", 60, method="by_guess")
    plant.run("2026-02")
    assert plant.expense("2026-02") == {"5101": D("1900.00")}
    assert plant.faults("2026-02") == {"B": "depreciation_life", "C": "depreciation_method"}
    plant.alter("B", date(2026, 2, 20), life_months=60)
    plant.run("2026-02")
    assert plant.expense("2026-02") == {"5101": D("3800.00")}


def test_erpnext_00f8ba89_a_reversed_month_leaves_a_hole_that_is_filled_once() -> None:
    """1,200 over 12 months, five posted, February reversed, run to June twice: six live entries, 600.00."""
    plant = Plant()
    plant.asset("A", "1200.00", 12, ready_on=date(2025, 12, 20), residual_rate=D(0))
    plant.run("2026-05")
    assert plant.accumulated("A") == D("500.00")
    plant.reverse("2026-02")
    assert plant.accumulated("A") == D("400.00")
    assert plant.expense("2026-02") == {"5101": D(0)}
    for _ in range(2):
        plant.run("2026-06")
    assert plant.live("A") == {f"2026-0{n}": D("100.00") for n in range(1, 7)}
    assert plant.accumulated("A") == D("600.00")
    assert plant.expense("2026-02") == plant.expense("2026-06") == {"5101": D("100.00")}


def test_erpnext_50701_card_ledger_and_schedule_agree_after_a_reversal() -> None:
    """A to May, May reversed: 5,700.00; the next run posts May once. So erpnext#50702."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-05")
    for step, expected in (("", "7600.00"), ("reverse", "5700.00"), ("run", "7600.00"), ("run", "7600.00")):
        if step:
            getattr(plant, step)("2026-05")
        assert plant.accumulated("A") == -plant.balance("1602") == sum(plant.live("A").values()) == D(expected)


def test_oca_1569_late_entries_are_caught_up_and_the_line_says_so() -> None:
    """5,000 over 12 months from January, books closed to May: June carries 2,500.02 and says January to June.
    So OCA#1199."""
    plant = Plant()
    plant.close("2026-05")
    plant.asset("A", "5000.00", 12, ready_on=date(2025, 12, 20), residual_rate=D(0))
    plant.run("2026-06")
    assert plant.expense("2026-06") == {"5101": D("2500.02")}
    assert [e[4] for e in plant.entries("2026-06")] == ["计提折旧 2026-01…2026-06", "累计折旧 2026-01…2026-06"]
    for month in range(7, 13):
        plant.run(f"2026-{month:02}")
    assert [plant.expense(f"2026-{m:02}")["5101"] for m in range(7, 13)] == [D("416.67")] * 5 + [D("416.63")]


def test_oca_1012_closed_before_it_began_hides_no_month() -> None:
    """Closed to 31 May, asset from 1 June on: June to December are all posted."""
    plant = Plant()
    plant.close("2026-05")
    plant.asset("A", "1200.00", 12, ready_on=date(2026, 5, 31), residual_rate=D(0))
    plant.run("2026-12")
    assert list(plant.live("A")) == [f"2026-{m:02}" for m in range(6, 13)]
    assert [plant.expense(f"2026-{m:02}")["5101"] for m in range(6, 13)] == [D("100.00")] * 7


def test_dolibarr_26017_put_to_use_in_an_earlier_year() -> None:
    """A bought January 2024, entered in March 2026: that month takes 26 months, never nothing."""
    plant = Plant()
    plant.close("2026-02")
    plant.asset("A", "120000.00", 60, ready_on=date(2024, 1, 10))
    plant.run("2026-03")
    assert plant.expense("2026-03") == {"5101": D("49400.00")}


@pytest.mark.parametrize(
    ("form", "months"), [("remaining", ["600.00"] * 5), ("fixed", ["833.33", "833.33", "833.33", "500.01"])]
)
def test_erpnext_28675_a_card_that_was_taken_over(form: str, months: list[str]) -> None:
    """10,000 over 12 months, seven taken, opening 7,000.00 by the end of December: by the policy
    that the mapping names. So erpnext#29943."""
    plant = Plant(form)
    plant.asset("A", "10000.00", 12, date(2025, 5, 15), residual_rate=D(0), opening=D("7000.00"))
    plant.run("2026-06")
    assert list(plant.live("A").values()) == [D(m) for m in months]
    assert plant.accumulated("A") == D("10000.00")


def test_erpnext_50222_an_opening_makes_no_voucher() -> None:
    plant = Plant()
    plant.asset("A", "1000.00", 12, date(2024, 1, 15), residual_rate=D(0), opening=D("1000.00"))
    plant.run("2026-02")
    assert plant.vouchers == []
    assert plant.accumulated("A") == D("1000.00")


def test_adempiere_1463_a_card_that_was_taken_over_fully_depreciated() -> None:
    """A with 114,000.00: the card is accepted, its month is nothing, and it stops no other (frappe/erpnext#20282)."""
    plant = Plant()
    plant.asset("A", "120000.00", 60, date(2020, 1, 15), opening=D("114000.00"))
    plant.asset("C", "120000.00", 60)
    assert plant.parked == []
    plant.run("2026-02")
    assert (plant.accumulated("A"), plant.live("A")) == (D("114000.00"), {})
    assert plant.expense("2026-02") == {"5101": D("1900.00")}
    assert plant.faults("2026-02") == {}


def test_an_upgrade_a_new_life_and_an_impairment_count_from_the_next_month() -> None:
    """Prospective: what was booked stands."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-03")
    plant.alter("A", date(2026, 4, 10), value=D("170000.00"))
    plant.run("2026-05")
    # April 1,900.00; from May (170,000 - 5,700 - 8,500) / 57
    assert list(plant.live("A").values()) == [D("1900.00")] * 3 + [D("2733.33")]
    plant.alter("A", date(2026, 5, 20), impairment=D("10000.00"), life_months=72)
    plant.run("2026-06")
    assert plant.live("A")["2026-06"] == D("2103.92")  # (170,000 - 8,433.33 - 10,000 - 8,500) / 68


def test_an_event_that_is_told_late_does_not_restate_what_was_booked() -> None:
    """An upgrade of February that arrives when March is posted counts from April."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-03")
    plant.alter("A", date(2026, 2, 10), value=D("170000.00"))
    plant.run("2026-04")
    assert plant.live("A") == {"2026-02": D("1900.00"), "2026-03": D("1900.00"), "2026-04": D("2718.97")}


def test_what_is_gone_land_idle_and_fully_depreciated() -> None:
    """Removed this month still depreciates this month; idle assets do depreciate; land does not; no row of zero."""
    plant = Plant()
    plant.asset("GONE", "120000.00", 60)
    plant.asset("IDLE", "120000.00", 60, status="idle", dept="XZ")
    plant.asset("LAND", "120000.00", 60, status="land")
    plant.asset("DONE", "100.00", 1, date(2026, 1, 5), residual_rate=D(0))
    plant.alter("GONE", date(2026, 3, 20), status="disposed")
    plant.run("2026-05")
    assert list(plant.live("GONE")) == ["2026-02", "2026-03"]
    assert list(plant.live("IDLE")) == ["2026-02", "2026-03", "2026-04", "2026-05"]
    assert plant.live("LAND") == {}
    assert plant.live("DONE") == {"2026-02": D("100.00")}
    assert plant.expense("2026-05") == {"6602": D("1900.00")}


def test_a_transfer_moves_the_expense_from_the_next_month() -> None:
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.alter("A", date(2026, 2, 10), dept="XZ")
    plant.run("2026-03")
    assert (plant.expense("2026-02"), plant.expense("2026-03")) == ({"5101": D("1900.00")}, {"6602": D("1900.00")})


def test_shares_by_percent_between_departments() -> None:
    """To the cent: the last takes the remainder; what does not add up to 100 is named."""
    plant = Plant()
    plant.asset("A", "1000.00", 12, residual_rate=D(0))
    plant.asset("B", "1000.00", 12, residual_rate=D(0))
    for code, dept, percent in (("A", "SC", "33.3"), ("A", "XZ", "66.7"), ("B", "SC", "50")):
        plant.commit(plant.insert("share", code=code, dept=dept, percent=D(percent)))
    plant.rest()
    plant.run("2026-02")
    assert plant.expense("2026-02") == {"5101": D("27.75"), "6602": D("55.58")}
    assert plant.accumulated("A") == D("83.33")
    assert plant.faults("2026-02") == {"B": "depreciation_shares"}
    plant.reverse("2026-02", "A")
    assert plant.accumulated("A") == D(0)


def test_units_from_meter_rows() -> None:
    plant = Plant()
    plant.asset("A", "120000.00", 60, method="units", units=D(50000))
    plant.commit(plant.insert("meter", code="A", period="2026-02", units=D(1200)))
    plant.rest()
    plant.run("2026-03")
    assert plant.live("A") == {"2026-02": D("2736.00")}


def test_a_row_that_a_person_gave_up_is_owed_again() -> None:
    plant = Plant()
    plant.asset("A", "120000.00", 60, dept="NONE")
    plant.run("2026-02")
    operators.discard(plant.ledger, NAME, operators.Selection(subject="A"), BY)
    plant.rest()
    plant.database.execute("INSERT INTO gl_account VALUES ('9999')")
    plant.run("2026-02")
    assert plant.live("A") == {"2026-02": D("1900.00")}
    assert plant.balance("9999") == D("1900.00")


@advice("depreciation_in_part")
def test_a_share_that_a_person_gave_up_is_not_taken_back_with_the_others() -> None:
    """60 percent are posted, 40 have no account and are given up: the asset is named, and owes nothing more until the
    month is taken back and made anew. Then all of it is posted."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    for dept, percent in (("SC", 60), ("NONE", 40)):
        plant.commit(plant.insert("share", code="A", dept=dept, percent=D(percent)))
    plant.rest()
    plant.run("2026-02")
    assert uncomputed(plant.ledger, NAME) == []
    operators.discard(plant.ledger, NAME, operators.Selection(state="failed"), BY)
    plant.rest()
    said = [("A", "2026-02", "depreciation_in_part")]
    assert [(one.asset, one.period, one.code) for one in uncomputed(plant.ledger, NAME)] == said
    plant.run("2026-03")
    assert (plant.faults("2026-03"), plant.accumulated("A")) == ({"A": "depreciation_in_part"}, D("1140.00"))
    plant.reverse("2026-02", "A")
    assert (plant.parked, plant.accumulated("A"), plant.expense("2026-02")) == ([], D(0), {"5101": D(0)})
    plant.database.execute("INSERT INTO gl_account VALUES ('9999')")
    plant.run("2026-02")
    assert (plant.expense("2026-02")["5101"], plant.balance("9999")) == (D("1140.00"), D("760.00"))
    plant.run("2026-03")
    assert (plant.accumulated("A"), uncomputed(plant.ledger, NAME)) == (D("3800.00"), [])


def approving(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """A company in which finance agrees to what is depreciated."""
    asks = "when: op = 'insert'\n    approve: {when: after.amount > 100, role: finance}\n    change: {asset_code: after"
    asking_ = plants.MAPPING.replace("when: op = 'insert'\n    change: {asset_code: after", asks)
    monkeypatch.setattr(plants, "MAPPING", asking_)
    plants.plant_mapping.cache_clear()
    plant = Plant()
    plants.plant_mapping.cache_clear()
    return plant


@advice("reopen_made_anew")
def test_a_row_that_was_rejected_and_is_owed_again_is_not_reopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finance rejects February, somebody looks at the month, and finance wants it after all: it is posted once, by the
    run that is made once more. Nor where the daemon takes the reopening up after somebody has looked."""
    plant = approving(monkeypatch)
    plant.asset("A", "120000.00", 60)
    plant.run("2026-02")
    boss, second = operators.Actor("boss", "after all"), operators.Actor("second", "seen")
    operators.reject(plant.ledger, NAME, 1, boss, "finance")
    plant.compute()
    operators.reopen(plant.ledger, NAME, 1, plant.mapping.tables, boss, "finance")
    for _ in asking.still_owed(plant.ledger, plant.computing, plant.periods(), month_read("2026-02")):
        pass
    plant.rest()
    assert plant.parked == []
    with pytest.raises(Halt, match="reopen_made_anew"):
        operators.reopen(plant.ledger, NAME, 1, plant.mapping.tables, boss, "finance")
    plant.run("2026-02")
    operators.approve(plant.ledger, NAME, 2, second, "finance")
    plant.rest()
    assert plant.run("2026-02").state == "posted"
    assert plant.expense("2026-02") == {"5101": D("1900.00")}
    assert list(verify(plant.ledger, NAME, plant.mapping.layout).flaws) == []


def test_shares_that_were_rejected_and_taken_back_are_not_reopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 2: the month is made once more as a whole, by the next run."""
    plant = approving(monkeypatch)
    plant.asset("A", "120000.00", 60)
    for dept, percent in (("SC", 60), ("XZ", 40)):
        plant.commit(plant.insert("share", code="A", dept=dept, percent=D(percent)))
    plant.rest()
    plant.run("2026-02")
    boss = operators.Actor("boss", "after all")
    for number in (1, 2):
        operators.reject(plant.ledger, NAME, number, boss, "finance")
        plant.rest()
    plant.reverse("2026-02", "A")
    for number in (1, 2):
        with pytest.raises(Halt, match="reopen_made_anew"):
            operators.reopen(plant.ledger, NAME, number, plant.mapping.tables, boss, "finance")


def test_a_restart_in_the_middle_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariants 2 and 13: killed between any two transactions of a run, and the same in the end."""
    monkeypatch.setattr(terms, "ASSETS_MAX", 2)
    plant = Plant()
    for n in range(5):
        plant.asset(f"A{n}", "120000.00", 60)
    asking.approve(plant.ledger, plant.computing, plant.periods(), "2026-02", BY)
    checkpoint = plant.ledger.checkpoint()
    while runs.turn(plant.ledger, plant.translator, plant.computing, lambda outcomes: None):
        plant.ledger.close()
        plant.ledger = plant.open_ledger()
        plant.translator = plant.mapping.translator(NAME)
    assert plant.ledger.checkpoint() == checkpoint, "a run does not touch the source's checkpoint"
    pipeline.settle(plant.translator, plant.ledger, lambda outcomes: None)
    assert plant.expense("2026-02") == {"5101": D("9500.00")}
    assert len(plant.vouchers) == 1


def test_a_month_that_is_made_anew_has_rows_of_its_own() -> None:
    """The month is taken back, and a later run fills it in its own period: the new row is no earlier one."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-02")
    plant.reverse("2026-02")
    plant.run("2026-03")
    rows = plant.ask("SELECT row_keys FROM syncd_depreciated ORDER BY month, nth")
    assert rows == [('["A|2026-02|1"]',), ('["A|2026-02|2"]',), ('["A|2026-03|1"]',)]
    assert plant.accumulated("A") == D("3800.00")


def test_invariant_11_what_is_collected_is_not_looked_through_for_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of many chunks looks at what it has collected when it is released, and not behind every chunk."""
    monkeypatch.setattr(terms, "ASSETS_MAX", 1)
    plant = Plant()
    for n in range(5):
        plant.asset(f"A{n}", "120000.00", 60)
    asked: list[str] = []
    plant.database.set_trace_callback(lambda sql: asked.append(sql) if "min(position)" in sql else None)
    plant.run("2026-02")
    assert len(asked) <= 3, "before the run, when it is released, when all is posted"
    assert plant.expense("2026-02") == {"5101": D("9500.00")}


@pytest.mark.parametrize(("february", "march"), [("202602", "202603"), ("2026-08", "2026-09"), ("FY26 P8", "FY26 P9")])
def test_a_month_is_posted_in_its_days_period_whatever_finance_calls_that(february: str, march: str) -> None:
    """Years that begin in July, or codes of another form: what is asked for as finance calls it is that month, a closed
    month is carried by the next, and neither by what a code looks like."""
    plant = Plant()
    for code, first in plant.ask("SELECT code, first FROM gl_period"):
        year, month = divmod(month_read(str(first)[:7]) + (6 if "-" in february or "P" in february else 0), 12)
        called = {"2": f"{year}{month + 1:02}", "F": f"FY{year % 100} P{month + 1}"}[february[0]]
        called = f"{year}-{month + 1:02}" if "-" in february else called
        plant.database.execute("UPDATE gl_period SET code = ?, open = ? WHERE code = ?",
                               (f"new {called}", first > "2026-02-01", code))  # fmt: skip
    plant.database.execute("UPDATE gl_period SET code = substr(code, 5)")
    plant.asset("A", "120000.00", 60)
    assert [asking.month_of(one, plant.periods()) for one in (february, march)] == [
        month_read("2026-02"), month_read("2026-03"),
    ]  # fmt: skip
    with pytest.raises(Halt, match="depreciation_closed") as refused:
        plant.run("2026-02")
    assert refused.value.params["first"] == march
    plant.run("2026-03")
    assert plant.expense(march) == {"5101": D("3800.00")}
    assert plant.run("2026-03").state == "posted"


def test_a_period_that_is_closed_or_unknown_is_refused() -> None:
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.close("2026-02")
    with pytest.raises(Halt, match="depreciation_closed"):
        plant.run("2026-02")
    with pytest.raises(Halt, match="depreciation_no_period"):
        plant.run("2099-01")
    with pytest.raises(Halt, match="depreciation_period"):
        plant.run("February")


def test_one_function_says_what_stands_on_any_date() -> None:
    """snipe-it#14869: what a run has posted, what the card holds and what any page shows are one figure."""
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-04")
    runs.fold(plant.ledger, plant.computing)
    (asset,) = terms.next_assets(plant.ledger, NAME, plant.computing.meaning, "", "")
    assert asset.history is not None
    for period in ("2026-02", "2026-03", "2026-04"):
        until = month_read(period)
        posted = terms.posted(plant.ledger, NAME, "", [asset], until)["A"]
        assert figures(asset.history, until, posted).accumulated == D(1900) * (until - month_read("2026-01"))
    assert figures(asset.history, until, posted).accumulated == plant.accumulated("A")


def test_invariant_8_a_voucher_of_a_run_says_who_approved_it_and_each_asset_s_share() -> None:
    """One group of two assets, of another department a third: each its own amount, as its card has it."""
    plant = Plant()
    for code, dept, value in (("A", "SC", "120000.00"), ("B", "SC", "60000.00"), ("C", "XZ", "12000.00")):
        plant.asset(code, value, 60, dept=dept)
    plant.run("2026-02")
    ((ref,),) = plant.ask(
        "SELECT voucher FROM syncd_posting WHERE voucher <> '' AND subject = 'depreciation/2026-02|SC'"
    )
    (origin,) = trace.find(plant.ledger, str(ref)).origins
    assert [(act.actor, act.action, act.reason) for act in origin.actions] == [(BY.name, "depreciate", BY.reason)]
    assert origin.group is not None
    assert origin.group.is_whole
    assert [(row.subject, dict(row.amounts)) for row in origin.shares] == [
        (code, {1: plant.accumulated(code), 2: plant.accumulated(code)}) for code in ("A", "B")
    ]
