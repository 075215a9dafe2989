"""What the posting thread does when something fails, and what falls due by the clock."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.change import ChangeSet
from syncd.daemon import pipeline, schedule
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.supervisor import Worker
from syncd.demo.stage import Stage, built
from syncd.desk import samples, status
from syncd.desk.due import DueGroup
from syncd.errors import Halt, Transient
from syncd.ports import Book, Ledger, Source
from syncd.posting import NOTHING, Batch, Rejections
from syncd.record import timestamp

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
DONE_WITHIN_S = 10.0
COLLECTED = "pipeline, key, rule, grp, subject, change, position, due, posted"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, 5, date(2026, 11, 20)) as made:
        yield made


@pytest.mark.parametrize(
    "error", [RuntimeError("what is this"), Halt("breaker", parked=60, changes=60, share_max="50%")]
)
def test_what_does_not_pass_by_itself_is_not_tried_again(stage: Stage, error: Exception) -> None:
    attempts: list[int] = []
    worker = Worker(stage.pipeline.spec()._replace(open_ledger=_failing(attempts, [error])), threading.Event())
    worker.run()
    assert attempts == [1]
    assert worker.state == "halted"
    assert worker.failure is not None
    assert worker.failure.code == ("breaker" if isinstance(error, Halt) else "unexpected")


def test_what_may_pass_is_tried_again_until_it_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.daemon.attempts._backoff", lambda attempt: 0.001)
    attempts: list[int] = []
    gone = Transient("finance_gone", error="restarting")
    line = stage.pipeline.spec()
    stop = threading.Event()
    worker = Worker(line._replace(open_ledger=_failing(attempts, [gone] * 3, line)), stop)
    worker.start()
    stage.wait(lambda: stage.rows("SELECT count(*) FROM fa_card") != [(0,)])
    stop.set()
    worker.join(DONE_WITHIN_S)
    assert len(attempts) == 4
    assert (worker.state, worker.failure) == ("stopped", None)
    told = worker.meter
    assert (told.is_connected, told.report, told.heard_at) == (False, None, None), "how it stands now is not known here"


def test_a_daemon_that_posts_keeps_a_sample_a_minute_and_one_that_waits_keeps_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute without a sample is one in which nobody posted."""
    monkeypatch.setattr("syncd.daemon.supervisor.REPORT_INTERVAL_S", 0.01)
    stop, reports = threading.Event(), Counter[str]()
    monkeypatch.setattr(status, "report", _counted(reports, status.report))
    worker = Worker(stage.pipeline.spec(), stop)
    began = samples.minute(datetime.now(UTC))
    try:
        with closing(stage.pipeline.open_ledger()) as other:
            assert other.acquire()
            worker.start()
            stage.wait(lambda: worker.state == "standby")
            assert samples.since(other, "demo", began) == []
        stage.wait(lambda: reports["posting"] > 5)
    finally:
        stop.set()
        worker.join(DONE_WITHIN_S)
    minutes = (samples.minute(datetime.now(UTC)) - began) // samples.MINUTE + 1
    with closing(stage.pipeline.open_ledger()) as ledger:
        kept = samples.since(ledger, "demo", began)
    assert 1 <= len(kept) <= minutes
    assert {one.unread_bytes for one in kept} == {None}, "this source counts rows"


def _counted(reports: Counter[str], tell: Callable[..., None]) -> Callable[..., None]:
    def report(ledger: Ledger, pipeline: str, said: status.Report, **more: Any) -> None:
        reports[said.state] += 1
        tell(ledger, pipeline, said, **more)

    return report


def test_a_stop_ends_the_wait_between_attempts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.daemon.attempts._backoff", lambda attempt: 3600.0)
    attempts: list[int] = []
    stop = threading.Event()
    gone = Transient("finance_gone", error="restarting")
    worker = Worker(stage.pipeline.spec()._replace(open_ledger=_failing(attempts, [gone] * 9)), stop)
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
    monkeypatch.setattr("syncd.daemon.attempts._backoff", lambda attempt: 3600.0)
    line, stop = stage.pipeline.spec(), threading.Event()

    def open_source() -> Source:
        raise Transient("eam_away", error="restarting")

    worker = Worker(line._replace(open_source=open_source), stop)
    with closing(line.open_ledger()) as ledger:
        worker.start()
        stage.wait(lambda: worker.state == "retrying")
        later = datetime.now(UTC) + timedelta(seconds=40)
        said = status.pipeline_status(ledger, "demo", later)
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
    """At half past two where the books are, wherever the machine is, two o'clock has passed since yesterday."""
    now = NOW.astimezone(zone := ZoneInfo("Asia/Shanghai")).replace(hour=2, minute=30)
    line = stage.pipeline.spec()._replace(schedules=schedule.of_rules({"monthly": "0 2 * * *"}, zone))
    with closing(line.open_ledger()) as ledger:
        change = json.dumps({"committed_at": timestamp(NOW)})
        row = ("demo", "k", "monthly", "g", "s", change, "p", 0, "")
        ledger.execute([(f"INSERT INTO syncd.collected ({COLLECTED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)])
        Worker(line, threading.Event())._fall_due(ledger, now - (NOW - since), now)
        assert ledger.query("SELECT due FROM syncd.collected") == [(due,)]
        assert ledger.acquire()
        standing = status.pipeline_status(ledger, "demo", NOW)
        assert standing.collected == 1 - due
        assert list(standing.due) == [DueGroup("monthly", "g", 1, NOW)][:due]


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
        assert status.pipeline_status(ledger, "demo", NOW).lag_s is None
        status.report(ledger, "demo", said)
        assert status.pipeline_status(ledger, "demo", NOW).lag_s == lag_s
        assert status.last_report(ledger, "demo") == said


def test_a_batch_that_finance_has_no_time_for_is_made_smaller(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's lock, a time limit: the same batch would meet it again."""
    monkeypatch.setattr("syncd.daemon.attempts._backoff", lambda attempt: 0.001)
    line, stop = stage.pipeline.spec(), threading.Event()
    bounds: list[int] = []

    def translator() -> pipeline.Translator:
        made = line.translator()
        narrow, translate = made.narrow, made.translate

        def narrowed(changes_max: int) -> None:
            bounds.append(changes_max)
            narrow(changes_max)

        def held_up(sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch:
            if len(bounds) < 2:
                raise Transient("finance_busy", error="deadlock")
            return translate(sets, book, refused)

        monkeypatch.setattr(made, "narrow", narrowed)
        monkeypatch.setattr(made, "translate", held_up)
        return made

    worker = Worker(line._replace(translator=translator), stop)
    worker.start()
    stage.wait(lambda: stage.rows("SELECT count(*) FROM fa_card") != [(0,)])
    stop.set()
    worker.join(DONE_WITHIN_S)
    assert bounds == [500, 62]


def _failing(attempts: list[int], errors: list[Exception], then: PipelineSpec | None = None) -> Callable[[], Ledger]:
    """Opens nothing but the errors, one a call, then what the line opens."""

    def open_ledger() -> Ledger:
        attempts.append(len(attempts) + 1)
        if len(attempts) <= len(errors):
            raise errors[len(attempts) - 1]
        assert then is not None
        return then.open_ledger()

    return open_ledger
