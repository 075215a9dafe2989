"""A pipeline's daemon in this process, for as long as a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncd.wiring import Pipeline


@contextmanager
def running(pipeline: Pipeline) -> Iterator[None]:
    """The daemon for as long as the block lasts. It must not halt."""
    stop = threading.Event()
    worker = pipeline.runner(stop)
    worker.start()
    try:
        yield
        assert not worker.failures, worker.failures
    finally:
        stop.set()
        worker.join()
