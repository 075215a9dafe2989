"""A pipeline as wiring hands it to the daemon: how to open its two ends, its bounds, what falls due by the clock."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from syncd.daemon import pipeline
from syncd.ports import Ledger, Source


def stays(ledger: Ledger) -> None:
    """No other mapping is ever accepted."""


def makes_nothing(ledger: Ledger, translator: pipeline.Translator, count: pipeline.Count) -> bool:
    """The mapping has no table whose rows syncd makes."""
    return False


class PipelineSpec(NamedTuple):
    """A pipeline as wiring hands it over: how to open its two ends, its mapping, its bounds.
    `prepare` looks at the ledger before anything is read and raises what stands in the way. `renewed` gives the
    pipeline under the mapping that was accepted meanwhile, None while that is the one it has; it raises what stands
    in the way of that one. `reread` gives the pipeline under the mapping as its file is now, None where that is the
    same; it raises what is wrong with it, and that nobody accepted it. `compute` makes the next rows of the tables
    that syncd fills itself, in one transaction of the posting thread; whether it did anything. `deadlines` gives what
    judges deadlines for as long as a source is open."""

    name: str
    open_ledger: Callable[[], Ledger]
    open_source: Callable[[], Source]
    translator: Callable[[], pipeline.Translator]
    prepare: Callable[[Ledger], None]
    renewed: Callable[[Ledger], "PipelineSpec | None"] = stays
    reread: Callable[[Ledger], "PipelineSpec | None"] = stays
    schedules: Sequence["Schedule"] = ()
    batch_changes_max: int = 4_000
    queue_changes_max: int = 16_000
    parked_share_max: float = 0.5
    gone_share_max: float = 0.1
    mapping: str = ""
    mapping_hash: str = ""
    compute: Callable[[Ledger, pipeline.Translator, pipeline.Count], bool] = makes_nothing
    deadlines: Callable[[], pipeline.Deadlines] = pipeline.NoDeadlines


class Schedule(NamedTuple):
    """A rule whose collected rows fall due by the clock. `next_after` gives the first time due after a moment."""

    rule: str
    next_after: Callable[[datetime], datetime | None]
