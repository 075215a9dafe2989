"""How far a connector's log was said: what it sends again is known however much it is, and a log that begins anew under
the same places is no repetition."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.debezium.places import Mark, mark
from connectors.kafka.logs import REMEMBERED_MAX, STORED_NAMES_MAX, Anew, Logs
from syncd.change import Change, Position
from tests.unit.test_debezium import COMMON, PLACES

AT = datetime(2026, 3, 1, tzinfo=UTC)
RUN = REMEMBERED_MAX + 1_000
Said = tuple[Change, Mark]


def said(place: str, key: object = 1, seconds: float = 0, table: str = "asset", **other: Any) -> Said:
    """An update of a row at a place of the log."""
    known = Mark("postgresql/eam", "", place, "")._replace(**other)
    name = Position(f"{known.server}/{place}/{table}/u/{key}")
    return Change(table, "update", (key, 1), (key, 2), name, AT + timedelta(seconds=seconds)), known


def new(logs: Logs, *messages: Said, is_settled: bool = True) -> list[str]:
    return [str(c.position) for c, m in messages if logs.is_new(c, m, is_settled)]


def source(connector: str, n: int) -> Mapping[str, Any]:
    """The n-th change of a log, as each connector says places; PostgreSQL's rows of two transactions alternate."""
    later: dict[str, dict[str, Any]] = {
        "postgresql": {
            "lsn": 90_000 - n if n % 2 else 90_000 + n,
            "sequence": f'["{100_000 + n}","{90_000 - n if n % 2 else 90_000 + n}"]',
        },
        "mysql": {"file": f"binlog.{999_990 + n // 50:06d}", "pos": 4 + n % 50 * 100},
        "mariadb": {"file": f"binlog.{1 + n // 50:06d}", "pos": 4 + n % 50 * 100, "gtid": f"0-1-{n}"},
        "sqlserver": {"commit_lsn": f"{n // 2:08x}:00000758:0005", "event_serial_no": 1 + n % 2},
        "oracle": {"scn": str(5_000_000 - n), "commit_scn": str(4_000_000 + n)},
        "db2": {"commit_lsn": f"{n:032x}"},
    }
    return COMMON | {"connector": connector} | PLACES[connector] | later[connector]


def log(connector: str, count: int = RUN, seconds: float = 0) -> Iterator[Said]:
    for n in range(count):
        yield said(f"{n}", n, n + seconds)[0], mark(source(connector, n))


@pytest.mark.parametrize("connector", PLACES)
def test_what_a_connector_sends_again_is_known_however_much_it_is(connector: str) -> None:
    """Invariants 2 and 11: a connector that was killed within its flush interval repeats thousands."""
    logs = Logs()
    assert len(new(logs, *log(connector))) == RUN
    assert new(logs, *log(connector)) == []
    assert len(new(logs, *log(connector, RUN + 5))) == 5
    assert len(logs.text()) < 400, "what is remembered does not grow"


@pytest.mark.parametrize("connector", PLACES)
def test_a_checkpoint_amid_what_is_sent_again_keeps_how_far_all_was_said(connector: str) -> None:
    """Invariant 2: all that is read back may be older than the furthest place."""
    before = Logs()
    new(before, *log(connector))
    after = Logs(before.text())
    for change, at in list(log(connector))[:REMEMBERED_MAX]:
        after.recall(change, at)
    assert new(after, *log(connector)) == []
    assert len(new(after, *log(connector, RUN + 5))) == 5


def test_a_checkpoint_of_an_earlier_version_is_made_good_by_what_is_read_back() -> None:
    """Invariant 16."""
    logs = Logs("")
    for change, at in log("postgresql", 10):
        logs.recall(change, at)
    assert new(logs, *log("postgresql", 10)) == []
    assert len(new(logs, *log("postgresql", 12))) == 2


def test_rows_that_share_a_place_are_told_by_their_names() -> None:
    """Invariants 1 and 2: a bulk insert that was cut off by the end of the connector."""
    logs = Logs()
    first, more = [said("7", key) for key in range(3)], [said("7", key) for key in range(5)]
    assert len(new(logs, *first)) == 3
    assert len(new(logs, *more)) == 2
    assert new(Logs(logs.text()), *more) == []
    assert len(new(Logs(logs.text()), *more, said("7", 9), said("8", 1))) == 2


def test_a_checkpoint_keeps_so_many_names_and_no_more() -> None:
    """Invariant 11."""
    logs = Logs()
    new(logs, *(said("7", key) for key in range(STORED_NAMES_MAX * 2)))
    assert len(logs.text()) < STORED_NAMES_MAX * 14 + 200
    assert new(Logs(logs.text()), *(said("7", STORED_NAMES_MAX * 2 - n) for n in range(1, STORED_NAMES_MAX))) == []


@pytest.mark.parametrize("place", ["3", "7"])
def test_a_log_that_begins_anew_under_the_same_places_is_no_repetition(place: str) -> None:
    """Invariants 1 and 14: the server was reset, and its first changes looked like those that were said."""
    logs = Logs()
    new(logs, said("3", seconds=3), said("7", seconds=7))
    with pytest.raises(Anew):
        logs.is_new(*said(place, seconds=60), is_settled=True)
    with pytest.raises(Anew):
        Logs(logs.text()).is_new(*said("1", "another", seconds=60), is_settled=True)
    assert len(new(logs, said(place, seconds=60), said("8", seconds=61), is_settled=False)) == 2, (
        "what lay there before"
    )
    assert new(logs, said(place, seconds=60), is_settled=False) == []


def test_a_clock_that_was_put_back_changes_nothing() -> None:
    logs = Logs()
    messages = [said("1", seconds=100), said("2", seconds=40), said("3", seconds=41)]
    assert len(new(logs, *messages)) == 3
    assert new(logs, *messages) == []


def test_a_log_of_another_name_cannot_be_compared() -> None:
    logs = Logs()
    new(logs, said("7", log="binlog"))
    with pytest.raises(Anew):
        logs.is_new(*said("8", log="mysqld-bin", seconds=9), is_settled=True)


A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "0-2"


@pytest.mark.parametrize("other", [{}, {"log": "mysqld-bin"}])
def test_a_server_that_takes_over_goes_on_by_the_numbers_of_transactions(other: Mapping[str, str]) -> None:
    """Invariants 1 and 2: MySQL's GTIDs are the same on every copy, files and places are not."""
    logs = Logs()
    new(logs, said("5", gtid=f"{A}:5"), said("7", gtid=f"{A}:7", seconds=7))
    logs = Logs(logs.text())
    assert new(logs, said("2", gtid=f"{A}:7", seconds=7, **other)) == []
    assert (
        len(new(logs, said("3", gtid=f"{A}:8", seconds=8, **other), said("4", gtid=f"{B}-1", seconds=9, **other))) == 2
    )


def test_two_connectors_do_not_say_one_table() -> None:
    """Invariant 14: the tables went to a connector of another name, and nobody knows what that missed."""
    logs = Logs()
    new(logs, said("7"), said("1", table="dept", server="postgresql/hr"))
    with pytest.raises(Anew):
        Logs(logs.text()).is_new(*said("8", server="postgresql/eam2", seconds=9), is_settled=True)
    assert new(logs, said("8", server="postgresql/eam2", seconds=9), is_settled=False)
    assert new(logs, said("9", server="postgresql/eam2", seconds=10)), "which says it from then on"


def test_where_no_order_is_said_the_last_changes_are_known_by_name() -> None:
    """Invariants 2 and 14."""
    logs = Logs()
    assert len(new(logs, said("", 1), said("", 2), said("", 1), said("", 2))) == 2
    with pytest.raises(Anew):
        logs.is_new(*said("", 1, seconds=60), is_settled=True)
    assert logs.text() == ""


def test_any_name_is_kept_without_what_a_checkpoint_is_parted_by() -> None:
    logs = Logs()
    odd = "设备 =@!|;,~/x"
    new(logs, said(odd, odd, table=odd, server=f"mysql/{odd}", log=odd, gtid=f"{odd}:7"))
    assert not set(" =@!") & set(logs.text())
    assert Logs(logs.text()).text() == logs.text()
    assert new(Logs(logs.text()), said(odd, odd, table=odd, server=f"mysql/{odd}", log=odd, gtid=f"{odd}:7")) == []
