"""What the daemon does by the clock beside posting."""

import threading
from datetime import UTC, datetime

from syncd.daemon.schedule import Job, Jobs

WAIT_S_MAX = 30.0


def test_a_job_that_failed_falls_due_again_and_none_runs_after_the_end() -> None:
    runs, is_third = 0, threading.Event()

    def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("the EAM was away, in a way that nobody foresaw")
        if runs == 3:
            is_third.set()
            jobs._stop.wait(WAIT_S_MAX)  # the end is asked for while it runs

    with Jobs([Job(lambda moment: datetime.now(UTC), run)]) as jobs:
        assert is_third.wait(WAIT_S_MAX)
    assert runs == 3


def test_a_job_that_never_comes_again_ends() -> None:
    moments = iter([datetime.now(UTC), None])
    done = threading.Event()
    with Jobs([Job(lambda moment: next(moments), done.set)]) as jobs:
        assert done.wait(WAIT_S_MAX)
        for thread in jobs._threads:
            thread.join(WAIT_S_MAX)
            assert not thread.is_alive()
