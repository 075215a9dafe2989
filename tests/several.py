"""A chain of postings that is judged in several stretches, one after the other in this process, where
`syncd.desk.audit.together` has several."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

import pytest

from syncd.desk.audit import together
from syncd.desk.audit.stretches import Flaw
from syncd.desk.audit.together import Again
from syncd.desk.audit.verify import Verdict
from syncd.ports import Ledger

STRETCHES = 3


class AtOnce(Executor):
    """Does what it is given before it returns, and counts it."""

    def __init__(self) -> None:
        self.done = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        self.done += 1
        return future


class Shared:
    """A ledger that others go on to use when one of them closes it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def close(self) -> None: ...


@contextmanager
def several() -> Iterator[AtOnce]:
    """However short a chain is."""
    at_once = AtOnce()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "POSTINGS_MIN", 1)
        patch.setattr(together, "processes", lambda: STRETCHES)
        patch.setattr(together, "workers", lambda *_: at_once)
        yield at_once


def in_any_order(verdict: Verdict) -> tuple[list[Flaw], Verdict]:
    """Its flaws by their words, and the rest of it."""
    return sorted(verdict.flaws, key=repr), verdict._replace(flaws=())


def judged(verify: Callable[[Again | None], Verdict], again: Again) -> Verdict:
    """The verdict of one process, which is that on several stretches too."""
    verdict = verify(None)
    with several() as at_once:
        assert in_any_order(verify(again)) == in_any_order(verdict)
    assert at_once.done == (2 * STRETCHES if verdict.postings else 0)
    return verdict
