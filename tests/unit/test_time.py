"""Time is where the books are: what a timestamp is in an expression, in a key and in finance."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.changelog import source as changelog
from connectors.convert import parser
from syncd.change import Column, Kind, Table
from syncd.checks import check_zone
from syncd.cli.output import shown
from syncd.config import PipelineConfig
from syncd.desk import clock
from syncd.desk.trace import Act
from syncd.language import hint, say
from syncd.mapping.expression.parse import RUNTIME, ExpressionError, Name, parse
from syncd.mapping.expression.zones import change
from syncd.outside import Auditing, Outside
from syncd.record import encode_row
from syncd.wiring import Pipeline
from tests.unit.lab import Lab, loaded

SCOPE = {
    "at": Name("row[0]", Kind.TIMESTAMP),
    "later": Name("row[1]", Kind.TIMESTAMP),
    "change.committed_at": Name("row[0]", Kind.TIMESTAMP),
}
PARIS = "Europe/Paris"

VISITS = """
timezone: {zone}
tables:
  visit:
    table: eam.visit
    key: id
    subject: code
    columns: {{id: integer, code: text, at: timestamp, cost: money}}
rules:
  visit:
    on: visit
    when: op <> 'delete'
    let: {{day: "after.at::date"}}
    once: {once}
    voucher:
      type: "'记'"
      date: day
      summary: "'检修 ' || to_char(after.at, 'YYYY-MM-DD HH24:MI')"
      entries:
        - {{account: "'6602'", debit: after.cost}}
        - {{account: "'1002'", credit: after.cost}}
  undone:
    on: visit
    when: op = 'delete'
    voucher:
      type: "'记'"
      date: change.committed_on
      summary: "'撤 ' || to_char(change.committed_at, 'MM-DD HH24')"
      entries:
        - {{account: "'1002'", debit: before.cost}}
        - {{account: "'6602'", credit: before.cost}}
"""


def computed(text: str, zone: str, *moments: datetime | None) -> Any:
    expression = parse(text, SCOPE, {}, zone)
    return eval(f"lambda row: {expression.python()}", dict(RUNTIME))(moments)


def stored(wall: str, zone: str) -> Any:
    """A DATETIME or a `timestamp` without zone as a source of that zone gives it."""
    return parser(Column("at", Kind.TIMESTAMP), ZoneInfo(zone))(wall)


def visits(zone: str = "Asia/Shanghai", once: str = "[after.code, day]") -> str:
    return VISITS.format(zone=zone, once=once)


MIDNIGHT = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
"""The first of March in Shanghai."""
ROW: dict[str, Any] = {"id": 1, "code": "FA-1", "at": MIDNIGHT, "cost": 100}


def test_midnight_of_the_first_lies_in_the_month_where_the_books_are() -> None:
    lab = Lab(visits())
    lab.commit(lab.insert("visit", **ROW))
    lab.rest()
    assert lab.vouchers == [("2026-03", 1, "2026-03-01", "检修 2026-03-01 00:00")]


def test_a_delete_is_dated_by_its_commit_on_the_clock_of_the_books() -> None:
    lab = Lab(visits())
    lab.at = datetime(2026, 2, 28, 15, 59, 58, tzinfo=UTC)
    lab.commit(lab.insert("visit", **ROW))
    lab.commit(lab.delete("visit", **ROW))
    lab.rest()
    assert lab.vouchers[1:] == [("2026-03", 2, "2026-03-01", "撤 03-01 00")]


def test_a_red_letter_voucher_has_the_times_of_the_one_that_it_cancels() -> None:
    """They come from the record, which keeps them as text."""
    texts = ("debit: after.cost}", "debit: after.cost, asset: after.at}")
    undone = VISITS.index("    voucher:", VISITS.index("undone:"))
    mapping = (VISITS[:undone] + "    reverse: [visit]\n").replace("{{", "{").replace("}}", "}").replace(*texts)
    lab = Lab(mapping.replace("{zone}", "Asia/Shanghai").replace("{once}", "after.code"), splits=True)
    lab.commit(lab.insert("visit", **ROW))
    lab.commit(lab.delete("visit", **ROW))
    dims = lab.ask("SELECT asset FROM gl_entry WHERE account = '6602' ORDER BY number")
    assert dims == [("2026-03-01 00:00:00+08:00",)] * 2


# Keys that hold a timestamp

AT_C79BBB1 = {
    "after.at": "visit/2026-02-28 16:00:00",
    "[after.code, after.at]": "visit/FA-1|2026-02-28 16:00:00",
    "after.at::date": "visit/2026-02-28",
    "[after.code, day]": "visit/FA-1|2026-02-28",
    "after.code || to_char(after.at, '-YYYYMM')": "visit/FA-1-202602",
    "after.code || '/' || after.at": "visit/FA-1/2026-02-28 16:00:00",
}
"""`once`, and the key of the visit above that c79bbb1 wrote, whatever the zone."""


def keys(lab: Lab) -> list[str]:
    return [str(key) for (key,) in lab.ask("SELECT key FROM syncd_posting ORDER BY seq")]


@pytest.mark.parametrize(("once", "key"), AT_C79BBB1.items())
def test_nothing_twice_a_key_written_before_the_clock_of_the_books_counted_is_met(once: str, key: str) -> None:
    """Invariant 2: the log is read again by a mapping whose clock is another."""
    lab = Lab(visits("UTC", once))
    lab.commit(lab.insert("visit", **ROW))
    lab.rest()
    assert keys(lab) == [key]
    lab.mapping = loaded(visits("Asia/Shanghai", once))
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator("lab")
    lab.commit(lab.update("visit", ROW, cost=200))
    lab.rest()
    assert keys(lab) == [key]


@pytest.mark.parametrize(("once", "key"), [(o, k) for o, k in AT_C79BBB1.items() if o.strip("[]").endswith("after.at")])
def test_a_moment_in_a_key_is_spelt_as_ever(once: str, key: str) -> None:
    lab = Lab(visits("Asia/Shanghai", once))
    lab.commit(lab.insert("visit", **ROW))
    lab.rest()
    plain = "||" not in once
    assert keys(lab) == [key if plain else "visit@/FA-1/2026-03-01 00:00:00"]


def test_nothing_lost_a_key_of_today_is_none_of_then() -> None:
    """A visit whose day was the 28th in UTC is posted; another whose day is the 28th where the books are is not it."""
    lab = Lab(visits("UTC"))
    lab.commit(lab.insert("visit", **ROW))
    lab.rest()
    lab.mapping = loaded(visits())
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator("lab")
    earlier = {**ROW, "id": 2, "at": datetime(2026, 2, 27, 17, 0, tzinfo=UTC)}
    lab.commit(lab.insert("visit", **earlier))
    lab.rest()
    assert keys(lab) == ["visit/FA-1|2026-02-28", "visit@/FA-1|2026-02-28"]


def test_two_moments_that_stand_alike_on_the_clock_are_two_in_a_key() -> None:
    """Half past two comes twice when Paris turns its clocks back; no visit is taken for the other."""
    lab = Lab(visits(PARIS, "after.at").replace("date: day", "date: DATE '2026-03-05'"))
    for n, hour in enumerate((0, 1)):
        row = {**ROW, "id": n, "at": datetime(2025, 10, 26, hour, 30, tzinfo=UTC)}
        lab.commit(lab.insert("visit", **row))
    lab.rest()
    assert len(keys(lab)) == 2


# Wall clock and moments


@pytest.mark.parametrize(
    ("wall", "source", "zone", "seen"),
    [
        ("2026-03-01 00:00:00", "Asia/Shanghai", "Asia/Shanghai", "2026-03-01 00:00:00"),
        ("2026-03-01 00:00:00", "UTC", "Asia/Shanghai", "2026-03-01 08:00:00"),
        ("2026-03-01 00:00:00", "Asia/Shanghai", PARIS, "2026-02-28 17:00:00"),
        ("2026-10-25 02:30:00", PARIS, PARIS, "2026-10-25 02:30:00"),  # comes twice: the first is meant
        ("2026-10-25 02:30:00", PARIS, "UTC", "2026-10-25 00:30:00"),
        ("2026-03-29 02:30:00", PARIS, PARIS, "2026-03-29 03:30:00"),  # was skipped
        ("9999-12-31 23:59:59", "Asia/Shanghai", "Asia/Shanghai", "9999-12-31 23:59:59"),
        ("0001-01-02 00:00:00", "Asia/Shanghai", "Asia/Shanghai", "0001-01-02 00:00:00"),
        ("1988-07-01 00:30:00", "Asia/Shanghai", "Asia/Shanghai", "1988-07-01 00:30:00"),
    ],
)
def test_a_time_without_a_zone_is_the_sources_and_is_seen_where_the_books_are(
    wall: str, source: str, zone: str, seen: str
) -> None:
    assert computed("CAST(at AS text)", zone, stored(wall, source), None) == seen


def test_what_passes_unchanged_is_the_same_moment_also_in_an_hour_that_comes_twice() -> None:
    """Invariant 7: nothing is invented by a detour over the clock."""
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert computed("at", PARIS, moment, None) == moment
        assert computed("coalesce(at, later)", PARIS, moment, None) == moment
        assert computed("CASE WHEN at IS NULL THEN later ELSE at END", PARIS, moment, None) == moment


def test_two_columns_are_compared_as_the_moments_that_they_are() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert computed("at IS DISTINCT FROM later", PARIS, first, second) is True
    assert computed("at < later AND at <> later", PARIS, first, second) is True
    assert computed("at IS NULL", PARIS, None, None) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("at AT TIME ZONE 'UTC'", "2026-02-28 16:00:00"),
        ("at AT TIME ZONE 'Europe/Paris'", "2026-02-28 17:00:00"),
        ("TIMESTAMP '2026-03-01 00:00' AT TIME ZONE 'UTC'", "2026-03-01 08:00:00"),
        ("(at AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Paris'", "2026-02-28 23:00:00"),
        ("date_trunc('day', at) AT TIME ZONE 'UTC'", "2026-02-28 16:00:00"),
        ("DATE '2026-03-01' AT TIME ZONE 'UTC'", "2026-02-28 16:00:00"),
        ("TIMESTAMP '2026-10-25 02:30' AT TIME ZONE 'Europe/Paris'", "2026-10-25 09:30:00"),
        ("TIMESTAMP '2026-03-29 02:30' AT TIME ZONE 'Europe/Paris'", "2026-03-29 09:30:00"),
        ("at + INTERVAL '90 minutes'", "2026-03-01 01:30:00"),
        ("at - INTERVAL '1 second'", "2026-02-28 23:59:59"),
        ("at + INTERVAL '1 day 2 hours'", "2026-03-02 02:00:00"),
        ("DATE '2026-01-31' + INTERVAL '1 month 36 hours'", "2026-03-01 12:00:00"),
        ("DATE '2026-01-31' + INTERVAL '1 month'", "2026-02-28"),
        ("change.committed_at", "2026-03-01 00:00:00"),
    ],
)
def test_zones_and_hours_can_be_said(text: str, value: str) -> None:
    assert computed(f"CAST(({text}) AS text)", "Asia/Shanghai", MIDNIGHT, None) == value


@pytest.mark.parametrize("zone", ["'Peking'", "at", "'+08'"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"at AT TIME ZONE {zone}", SCOPE)
    assert caught.value.code == "unknown_word"


# What people see


def test_what_people_see_is_on_the_clock_of_the_books() -> None:
    table = Table("visit", "eam.visit", (Column("id", Kind.INTEGER), Column("at", Kind.TIMESTAMP)), (0,))
    (stored,) = [json.loads(encode_row(table, (1, MIDNIGHT)))]
    seen = clock.image(stored, table, "Asia/Shanghai")
    assert (seen["id"], shown(seen["at"])) == (1, "2026-03-01 00:00:00")
    assert clock.image({"at": None, "id": {"malformed": "x", "reason": "y"}}, table, PARIS)["at"] is None
    act = Act(MIDNIGHT, "clerk", "edit", "parked/1", "", {})
    assert shown(clock.local([act], "Asia/Shanghai")[0].at) == "2026-03-01 00:00:00"


@pytest.mark.parametrize(
    ("zone", "source", "codes"),
    [
        (PARIS, {}, ["source_zone"]),
        (PARIS, {"zone": "Asia/Shanghai"}, []),  # somebody has said so
        ("Asia/Shanghai", {}, []),
    ],
)
def test_a_zone_that_nobody_has_said_is_asked_for(zone: str, source: dict[str, str], codes: list[str]) -> None:
    end = {"kind": "changelog", "dialect": "sqlite", "database": "eam.db"}
    configured = PipelineConfig.model_validate(
        {"mapping": "", "source": {**end, **source}, "ledger": {"kind": "sqlite"}}
    )
    settings = changelog.Settings("sqlite", "eam.db", **source)
    ends = changelog, settings, changelog, None
    pipeline = Pipeline("one", configured, loaded(visits(zone)), *ends, Auditing(), Outside())
    found = check_zone(pipeline)
    assert [(f.level, f.code) for f in found] == [("warning", code) for code in codes]
    assert all("Asia/Shanghai" in say(f.code, f.params, "en") and hint(f.code, f.params) for f in found)


def test_each_month_of_a_zone_is_asked_once_and_right() -> None:
    """The quick way and the time zone database agree at every hour of two years, on both sides of each change."""
    for name in (PARIS, "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"):
        zone, wall, moment = ZoneInfo(name), change("wall", name), change("moment", name)
        for hour in range(2 * 366 * 24):
            at = datetime.fromtimestamp(1_767_225_600 + hour * 3600, UTC)
            seen = at.astimezone(zone).replace(tzinfo=None)
            assert wall(at) == seen
            assert moment(wall(at)) == at
    assert change("wall", "UTC")(MIDNIGHT).date() == date(2026, 2, 28)
