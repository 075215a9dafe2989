"""What history means for every month: against an oracle of the accounting facts, the vectors, and finance's cases."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation.methods import Method, yuan
from syncd.books.depreciation.plan import Form, History, Opening, Posted, Terms, due, figures, gap, month_of, plan
from syncd.books.depreciation.second_opinion import month_cents
from tests.depreciation import oracle

D = Decimal
JANUARY = month_of(date(2026, 1, 15))
DDB, SYD = Method.DOUBLE_DECLINING, Method.SUM_OF_YEARS
TIMED = (Method.STRAIGHT_LINE, DDB, SYD)


def bought(
    value: str, months: int, rate: str = "0.05", method: Method = Method.STRAIGHT_LINE, month: int = JANUARY
) -> Terms:
    return Terms(month, D(value), D(0), D(rate), months, method)


A = bought("120000.00", 60)
"""Asset A of the cases: February 2026 is the first month, 1,900.00."""


def amounts(history: History, months: int, work: dict[int, Decimal] | None = None) -> list[Decimal]:
    """Of so many months from the first on."""
    planned = plan(history, work)
    return [yuan(planned.amount(planned.first + n)) for n in range(months)]


def owed(history: History, posted: Posted, until: int) -> list[Decimal]:
    return [yuan(cents) for _, cents in due(history, posted, until)]


# Any sequence of events, any method

months_ = st.integers(min_value=1, max_value=150)


@st.composite
def histories(draw: st.DrawFn) -> list[oracle.State]:
    cost = draw(st.integers(min_value=0, max_value=10_000_000_00))
    rate = Fraction(draw(st.integers(min_value=0, max_value=30)), 100)
    state = oracle.State(JANUARY, cost, 0, rate, draw(months_), draw(st.sampled_from(TIMED)).value)
    states = [state]
    for _ in range(draw(st.integers(min_value=0, max_value=4))):
        what = draw(st.sampled_from(("cost", "impairment", "life", "residual", "method", "depreciates", "nothing")))
        state = state._replace(month=state.month + draw(st.integers(min_value=0, max_value=40)))
        if what == "cost":
            state = state._replace(cost=max(0, state.cost + draw(st.integers(-state.cost // 2, 5_000_000_00))))
        elif what == "impairment":
            state = state._replace(impairment=state.impairment + draw(st.integers(0, max(0, state.cost // 4))))
        elif what == "life":
            state = state._replace(life=draw(months_))
        elif what == "residual":
            state = state._replace(residual=Fraction(draw(st.integers(min_value=0, max_value=30)), 100))
        elif what == "method":
            state = state._replace(method=draw(st.sampled_from(TIMED)).value)
        elif what == "depreciates":
            state = state._replace(depreciates=not state.depreciates)
        states.append(state)
    return states


def of_product(states: list[oracle.State]) -> History:
    return History([
        Terms(s.month, yuan(s.cost), yuan(s.impairment), D(s.residual.numerator) / D(s.residual.denominator), s.life,
              Method(s.method), s.depreciates)
        for s in states
    ])  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(histories())
def test_any_history_is_as_the_facts_say(states: list[oracle.State]) -> None:
    """Month by month the same as another program, written from the facts, has it."""
    distinct = [s for i, s in enumerate(states) if i == len(states) - 1 or states[i + 1].month != s.month]
    until = states[-1].month + 400
    planned = plan(of_product(states))
    product = {m: planned.amount(m) for m in range(planned.first, until + 1) if planned.amount(m)}
    assert product == oracle.months([distinct[0]._replace(month=states[0].month), *distinct[1:]], until)


@settings(deadline=None, max_examples=200)
@given(histories())
def test_the_sum_is_cost_less_residual_and_no_month_is_below_zero(states: list[oracle.State]) -> None:
    """OCA#1325: Σ = C − S, unless something was written down below what was carried before; no month below zero."""
    history = of_product(states)
    planned, last = plan(history), states[-1]
    until = last.month + 400
    each = [planned.amount(m) for m in range(planned.first, until + 1)]
    assert min(each) >= 0
    assert sum(each) == planned.through(until)
    before = planned.through(last.month)
    floor = oracle.half_up(last.cost * last.residual)
    ceiling = last.cost - last.impairment - floor
    if last.depreciates:
        assert sum(each) == max(before, ceiling)


@settings(deadline=None, max_examples=100)
@given(histories(), st.integers(0, 200), st.integers(1, 48))
def test_months_split_over_calendar_years_to_the_cent(states: list[oracle.State], start: int, count: int) -> None:
    """A year is the sum of its months, wherever it is cut."""
    planned = plan(of_product(states))
    first = planned.first + start
    cut = first + count // 2
    whole = planned.through(first + count) - planned.through(first - 1)
    assert whole == (planned.through(cut) - planned.through(first - 1)) + (
        planned.through(first + count) - planned.through(cut)
    )
    assert whole == sum(planned.amount(m) for m in range(first, first + count + 1))


@settings(deadline=None, max_examples=150)
@given(histories(), st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_a_run_owes_what_is_not_posted_and_once(states: list[oracle.State], posted: set[int], until: int) -> None:
    """Whatever is posted, reversed and run again, all months together are the plan."""
    history = of_product(states)
    planned = plan(history)
    done = {planned.first + n for n in posted}
    in_books = Posted(frozenset(done), sum(planned.amount(m) for m in done))
    end = planned.first + until
    again = dict(due(history, in_books, end))
    assert not done & again.keys()
    after = Posted(frozenset(done | set(range(planned.first, end + 1))), in_books.cents + sum(again.values()))
    assert due(history, after, end) == []
    ceiling = plans.room(history, Posted(), end)
    assert sum(again.values()) <= max(0, ceiling - in_books.cents)


# The vectors by name


def years(history: History, count: int) -> list[Decimal]:
    months = amounts(history, count * 12)
    return [sum(months[i * 12 : i * 12 + 12], D(0)) for i in range(count)]


@pytest.mark.parametrize(
    ("name", "terms", "expected"),
    [
        ("cn-ddb-1", bought("100000", 60, "0.04", DDB), ["40000", "24000", "14400", "8800", "8800"]),
        ("cn-ddb-2", bought("200000", 96, "0.05", DDB), ["50000", "37500"]),
        ("cn-ddb-3", bought("100000000", 240, "0.05", DDB), ["10000000", "9000000"]),
        ("cn-ddb-5", bought("100000", 60, "0.05", DDB), ["40000", "24000"]),
        ("cn-syd-1", bought("120000", 60, "0.10", SYD), ["36000", "28800"]),
        ("cn-syd-3", bought("10000", 60, "0.02", SYD), ["3266.67", "2613.33", "1960", "1306.67", "653.33"]),
        ("xl-syd-1", bought("10000", 60, "0.10", SYD), ["3000", "2400", "1800", "1200", "600"]),
        ("xl-syd-3", bought("8000", 84, "0", SYD), ["2000", "1714.29", "1428.57"]),
        ("cn-sl-4", bought("500000", 120, "0.04"), ["48000"] * 3),
        ("cn-sl-6", bought("1200000", 120), ["114000"]),
        ("cn-sl-8", bought("200000", 60, "0.04"), ["38400"]),
        ("cn-sl-9", bought("410170", 60, str(D(4000) / D(410170))), ["81234"]),
    ],
)  # fmt: skip
def test_vectors_by_years(name: str, terms: Terms, expected: list[str]) -> None:
    """`chinese_rule`: exactly; those that a source rounds to 0.1 or not at all, to the cent. A straight-line year
    differs from twelfths of a year by the rounding of its months."""
    found = years(History([terms]), len(expected))
    slack = D("0.06") if name.startswith("cn-sl") else D(0)
    assert all(abs(a - D(b)) <= slack for a, b in zip(found, expected, strict=True)), (name, found)
    if name == "cn-sl-4":
        assert figures(History([terms]), JANUARY + 36).carrying_amount == D("356000.00")


@pytest.mark.parametrize(
    ("name", "history", "expected"),
    [
        ("cn-sl-1", History([bought("240000", 120, "0.05")]), ["1900.00"]),
        ("cn-floor-2", History([bought("100", 3, "0")]), ["33.33", "33.33", "33.34", "0"]),
        ("cn-life-1", History([A, A._replace(month=JANUARY + 2, depreciates=False)]), ["1900", "1900", "0"]),
        ("oca-10", History([bought("10000", 60, "0")]), ["166.67"] * 59 + ["166.47"]),
    ],
)
def test_vectors_by_months(name: str, history: History, expected: list[str]) -> None:
    assert amounts(history, len(expected)) == [D(e) for e in expected], name


def test_vector_cn_sl_2_and_5_part_of_a_year() -> None:
    """Bought in May: seven months in the year. Bought in March: nine."""
    may = History([bought("360000", 96, "0.10", month=month_of(date(2024, 5, 20)))])
    assert figures(may, month_of(date(2024, 12, 31))).accumulated == D("23625.00")
    march = History([bought("120000", 60, month=month_of(date(2024, 3, 1)))])
    assert figures(march, month_of(date(2024, 12, 31))).accumulated == D("17100.00")


def test_vector_cn_floor_3_only_the_rest() -> None:
    """Accumulated already 113,900: 100.00 and no more."""
    posted = Posted(frozenset(range(JANUARY + 1, JANUARY + 60)), 113_900_00)
    assert owed(History([A]), posted, JANUARY + 60) == [D("100.00")]


def test_vector_en_adj_3_consecutive_changes() -> None:
    """Year 1 posted; value 400 → 500, then +100, then the first is cancelled: what is left spreads, at year level."""
    first = bought("600", 36, "0", month=month_of(date(2020, 12, 31)))
    end = first.month + 12
    for value, expected in (("700", "250"), ("800", "300"), ("700", "250")):
        found = years(History([first, first._replace(month=end, original_value=D(value))]), 3)
        assert sum(found) == D(value)
        assert all(abs(a - D(expected)) <= D("0.06") for a in found[1:]), "a year is twelve rounded months"


def test_vector_try_1_upgrade_after_three_months() -> None:
    """37.50, then 42.26 twenty times and 42.30: what was booked stands."""
    first = bought("1000", 24, "0.10")
    later = first._replace(month=JANUARY + 3, original_value=D(1100), residual_rate=D(100) / D(1100))
    assert amounts(History([first, later]), 24) == [D("37.50")] * 3 + [D("42.26")] * 20 + [D("42.30")]


def test_vectors_of_other_conventions_differ_and_why() -> None:
    """xl-ddb-1 has no even last two years (580 each here); en-shift counts shifts, which is our units of production;
    oca-12 edits a row by hand."""
    ddb = years(History([bought("10000", 60, "0.10", Method.DOUBLE_DECLINING)]), 5)
    assert ddb == [D(4000), D(2400), D(1440), D(580), D(580)] != [D(4000), D(2400), D(1440), D(864), D(296)]
    shifts = Terms(JANUARY, D(120000), D(0), D(0), 12, Method.UNITS, units=D(12))
    work = {JANUARY + 1 + n: D(1) for n in range(11)} | {JANUARY + 5: D(2)}
    assert amounts(History([shifts]), 11, work) == [D(10000)] * 4 + [D(20000)] + [D(10000)] * 6
    work = {JANUARY + 1: D("1.5")} | {JANUARY + 2 + n: D(1) for n in range(11)}
    assert amounts(History([shifts]), 12, work) == [D(15000)] + [D(10000)] * 10 + [D(5000)]


def test_units_of_production() -> None:
    """50,000 in all, 2.28 each: 1,200 are 2,736.00; the unit that completes the total takes the rest."""
    terms = Terms(JANUARY, D(120000), D(0), D("0.05"), 60, Method.UNITS, units=D(50000))
    work = {JANUARY + 1: D(1200), JANUARY + 2: D(48000), JANUARY + 3: D(900)}
    assert amounts(History([terms]), 4, work) == [D("2736.00"), D("109440.00"), D("1824.00"), D(0)]


@pytest.mark.parametrize("later", [[], [(JANUARY + 5, "0.10")]])
def test_what_was_worked_while_it_did_not_depreciate_is_work_that_is_done(later: list[tuple[int, str]]) -> None:
    """Of 1,000 units 100 are depreciated and 400 are done in a month of standing by: what is left spreads over 500, and
    no change that comes later tells otherwise. The check says the same."""
    went = [(JANUARY, True), (JANUARY + 1, False), (JANUARY + 2, True)]
    terms = [Terms(n, D(1000), D(0), D(0), 60, Method.UNITS, goes_on, units=D(1000)) for n, goes_on in went]
    history = History([*terms, *(terms[-1]._replace(month=n, residual_rate=D(rate)) for n, rate in later)])
    work = dict.fromkeys((JANUARY + 1, JANUARY + 3), D(100)) | {JANUARY + 2: D(400)}
    assert amounts(history, 4, work) == [D("100.00"), D(0), D("180.00"), D(0)]
    assert [month_cents(history, JANUARY + n, work) for n in (1, 2, 3, 4)] == [10000, 0, 18000, 0]


# Finance's cases by name


def test_erpnext_56964_an_amount_that_does_not_divide() -> None:
    assert amounts(History([bought("1542072.12", 60, "0")]), 60) == [D("25701.20")] * 59 + [D("25701.32")]


def test_erpnext_28675_taken_over() -> None:
    """(二) spreads what is left, (一) keeps the rate until it is reached; the gap to the schedule is told."""
    terms, opening = bought("10000", 12, "0"), Opening(D("7000.00"), JANUARY + 7)
    history = History([terms], opening)
    assert amounts(history, 6) == [D("600.00")] * 5 + [D(0)]
    assert amounts(history._replace(form=Form.FIXED), 6) == [D("833.33")] * 3 + [D("500.01"), D(0), D(0)]
    assert gap(history) == D("1166.69")


def test_adempiere_1463_taken_over_when_fully_depreciated() -> None:
    history = History([A], Opening(D("114000.00"), JANUARY + 60))
    assert owed(history, Posted(), JANUARY + 70) == []
    assert figures(history, JANUARY + 70).carrying_amount == D("6000.00")


def test_erpnext_40874_no_change_changes_nothing() -> None:
    terms = bought("12000", 12, "0")
    same = terms._replace(month=JANUARY + 3)
    assert amounts(History([terms, same]), 12) == [D(1000)] * 12
    longer = terms._replace(month=JANUARY + 3, life_months=15)
    assert amounts(History([terms, longer]), 4)[3] == D("750.00")


def test_erpnext_35117_residual_counts_after_an_impairment() -> None:
    """So erpnext#36747."""
    impaired = A._replace(month=JANUARY + 24, impairment=D("10000.00"))
    history = History([A, impaired])
    assert amounts(history, 60)[24:] == [D("1622.22")] * 35 + [D("1622.30")]
    end = figures(history, JANUARY + 60)
    assert (end.carrying_amount, end.impairment) == (D("6000.00"), D("10000.00"))


def test_oca_1073_a_first_of_the_month_is_a_month() -> None:
    history = History([bought("80000000", 96, "0", month=month_of(date(2025, 12, 1)))])
    assert amounts(history, 96) == [D("833333.33")] * 95 + [D("833333.65")]


def test_snipeit_11822_the_floor_counts() -> None:
    """So snipe-it#18248, snipe-it#12788."""
    history = History([bought("1300", 12, str(D(100) / D(1300)))])
    assert amounts(history, 2) == [D("100.00")] * 2
    assert figures(history, JANUARY + 2).carrying_amount == D("1100.00")


def test_snipeit_13094_the_value_is_what_is_left() -> None:
    """1,000 over 8 months: after one, 125.00 is written off and the value is 875.00, not the other way round."""
    stands = figures(History([bought("1000", 8, "0")]), JANUARY + 1)
    assert (stands.accumulated, stands.carrying_amount) == (D("125.00"), D("875.00"))


def test_dolibarr_26017_and_oca_1569_late_entries_are_caught_up() -> None:
    """26 months of an asset of January 2024; 5,000 over 12 months, six of them closed."""
    late = History([A._replace(month=month_of(date(2024, 1, 20)))])
    assert sum(owed(late, Posted(), month_of(date(2026, 3, 31)))) == D("49400.00")
    trapped = History([bought("5000", 12, "0", month=JANUARY - 1)])
    assert sum(owed(trapped, Posted(), JANUARY + 5)) == D("2500.02")
    assert amounts(trapped, 12)[6:] == [D("416.67")] * 5 + [D("416.63")]


def test_as_of_any_date_past_and_future() -> None:
    """Before it was there, now, and when it will be used up."""
    history, posted = History([A]), Posted(frozenset({JANUARY + 1}), 1900_00)
    assert figures(history, JANUARY).accumulated == D(0)
    now = figures(history, JANUARY + 2, posted)
    assert (now.accumulated, now.owed, now.carrying_amount) == (D("3800.00"), D("1900.00"), D("116200.00"))
    assert (
        figures(history, JANUARY + 60).carrying_amount == figures(history, JANUARY + 90).carrying_amount == D("6000.00")
    )
    assert figures(history, JANUARY + 60).months_left == 0


def test_months_for_people() -> None:
    assert list(plans.lines([JANUARY, JANUARY + 1, JANUARY + 2, JANUARY + 4])) == ["2026-01…2026-03", "2026-05"]
    assert list(plans.lines([JANUARY])) == ["2026-01"]


def test_what_was_rebuilt_begins_its_life_anew() -> None:
    """120,000.00 over 120 months, two years old; rebuilt in January 2026 for 60 months, its depreciation written out
    with the old cost: 950.00 up to January, 1,900.00 from February on, sixty times."""
    began, rebuilt = plans.month_read("2023-12"), plans.month_read("2026-01")
    old = Terms(began, Decimal(120_000), Decimal(0), Decimal("0.05"), 120, Method.STRAIGHT_LINE, since=began)
    new = old._replace(month=rebuilt, life_months=60, since=rebuilt, beside=Decimal(-950 * 25))
    history = History((old, new))
    made = plan(history)
    assert (made.amount(rebuilt), made.amount(rebuilt + 1), made.amount(rebuilt + 60)) == (95_000, 190_000, 190_000)
    assert made.amount(rebuilt + 61) == 0
    stands = figures(history, rebuilt + 12)
    assert (stands.accumulated, stands.months_used, stands.months_left) == (Decimal("22800.00"), 12, 48)
