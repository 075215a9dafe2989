"""What the posting thread does when something fails, and what falls due by the clock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from syncd import schedule, status, supervisor
from syncd.demo.stage import Stage, built
from syncd.errors import Halt, Transient
from syncd.ports import Ledger, Source
from syncd.supervisor import Line, Worker

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
DONE_WITHIN_S = 10.0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, 5, date(2026, 11, 20)) as made:
        yield made


@pytest.mark.parametrize(
    "error", [RuntimeError("what is this"), Halt("breaker", parked=60, changes=60, share_max="50%")]
)
def test_what_does_not_pass_by_itself_is_not_tried_again(stage: Stage, error: Exception) -> None:
    attempts: list[int] = []
    worker = Worker(stage.pipeline.line()._replace(open_ledger=_failing(attempts, [error])), threading.Event())
    worker.run()
    assert attempts == [1]
    assert worker.state == "halted"
    assert worker.failure is not None
    assert worker.failure.code == ("breaker" if isinstance(error, Halt) else "unexpected")


def test_what_may_pass_is_tried_again_until_it_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_backoff", lambda attempt: 0.001)
    attempts: list[int] = []
    gone = Transient("finance_gone", error="restarting")
    line = stage.pipeline.line()
    stop = threading.Event()
    worker = Worker(line._replace(open_ledger=_failing(attempts, [gone] * 3, line)), stop)
    worker.start()
    stage.wait(lambda: stage.rows("SELECT count(*) FROM fa_card") != [(0,)])
    stop.set()
    worker.join(DONE_WITHIN_S)
    assert len(attempts) == 4
    assert (worker.state, worker.failure) == ("stopped", None)


def test_a_stop_ends_the_wait_between_attempts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_backoff", lambda attempt: 3600.0)
    attempts: list[int] = []
    stop = threading.Event()
    gone = Transient("finance_gone", error="restarting")
    worker = Worker(stage.pipeline.line()._replace(open_ledger=_failing(attempts, [gone] * 9)), stop)
    worker.start()
    stage.wait(lambda: worker.state == "retrying")
    stop.set()
    worker.join(DONE_WITHIN_S)
    assert not worker.is_alive()
    assert attempts == [1]


def test_a_daemon_that_will_try_again_is_seen_until_it_is_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the EAM longer than a daemon that posts may be silent."""
    monkeypatch.setattr(supervisor, "_backoff", lambda attempt: 3600.0)
    line, stop = stage.pipeline.line(), threading.Event()

    def open_source() -> Source:
        raise Transient("eam_away", error="restarting")

    worker = Worker(line._replace(open_source=open_source), stop)
    with closing(line.open_ledger()) as ledger:
        worker.start()
        stage.wait(lambda: worker.state == "retrying")
        later = datetime.now(UTC) + timedelta(seconds=40)
        said = status.standing(ledger, "demo", later)
        assert list(said.daemons.values()) == ["retrying"]
        assert said.report is not None
        assert (said.report.state, said.report.error) == ("retrying", "eam_away")
        assert said.silent_s is not None
        assert 30 < said.silent_s < 60
        stop.set()
        worker.join(DONE_WITHIN_S)
        assert not status.daemons(ledger, "demo", later)


@pytest.mark.parametrize(("since", "due"), [(NOW - timedelta(days=3), 1), (NOW - timedelta(minutes=5), 0)])
def test_a_schedule_that_came_round_while_nobody_posted_is_due(stage: Stage, since: datetime, due: int) -> None:
    """At half past two in the machine's time zone, whatever that is, two o'clock has passed since yesterday."""
    now = NOW.astimezone().replace(hour=2, minute=30)
    line = stage.pipeline.line()._replace(schedules=schedule.of_rules({"monthly": "0 2 * * *"}))
    with closing(line.open_ledger()) as ledger:
        row = ("demo", "k", "monthly", "g", "s", "{}", "p", 0, "")
        ledger.execute([("INSERT INTO syncd.collected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)])
        Worker(line, threading.Event())._fall_due(ledger, now - (NOW - since), now)
        assert ledger.query("SELECT due FROM syncd.collected") == [(due,)]


@pytest.mark.parametrize(
    ("said", "lag_s"),
    [
        (status.Report("posting", NOW), 0.0),
        (status.Report("posting", NOW, oldest=NOW - timedelta(seconds=7)), 7.0),
        (status.Report("posting", NOW - timedelta(minutes=2)), 120.0),
        (status.Report("halted", NOW - timedelta(seconds=3), error="breaker"), 3.0),
    ],
    ids=["idle", "behind", "stalled", "halted"],
)
def test_lag_counts_the_silence_of_the_daemon_too(stage: Stage, said: status.Report, lag_s: float) -> None:
    with closing(stage.pipeline.open_ledger()) as ledger:
        assert ledger.acquire()
        assert status.standing(ledger, "demo", NOW).lag_s is None
        status.report(ledger, "demo", said)
        assert status.standing(ledger, "demo", NOW).lag_s == lag_s
        assert status.last_report(ledger, "demo") == said


def _failing(attempts: list[int], errors: list[Exception], then: Line | None = None) -> Callable[[], Ledger]:
    """Opens nothing but the errors, one a call, then what the line opens."""

    def open_ledger() -> Ledger:
        attempts.append(len(attempts) + 1)
        if len(attempts) <= len(errors):
            raise errors[len(attempts) - 1]
        assert then is not None
        return then.open_ledger()

    return open_ledger
