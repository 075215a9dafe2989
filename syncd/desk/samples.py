"""How a pipeline stood in the minutes, hours and days before, and what it has ignored by which rules.

The posting thread keeps one sample a minute, in the transaction in which it says every second that it lives. A stretch
without any is one in which nobody posted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from syncd import statements
from syncd.desk import kept
from syncd.desk.status import OpenRows, Report, lag_s
from syncd.ports import Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.desk", "samples.sql")
KEPT: Final = timedelta(days=14)
"""20,160 lines a pipeline, some 3 MB."""
MINUTE: Final = timedelta(minutes=1)
_BEFORE: Final = 3 * MINUTE
"""What went through in the first minute of a stretch is told by a sample before it."""


class Sample(NamedTuple):
    """How a pipeline stood in a minute. Three lags: what of the EAM's log is `unread`, in bytes or in rows; for how
    long the oldest change that was read waits to be posted, `lag_ms`; for how long the oldest open row has been parked,
    `parked_s`. None where it was not known, or nothing is parked. Counts run since the first start, but `parked`, which
    are the open rows."""

    at: datetime
    unread_bytes: int | None
    unread_rows: int | None
    lag_ms: int
    parked_s: int | None
    parked: int
    retained_bytes: int | None
    changes: int
    posted: int
    ignored: int


class Span(NamedTuple):
    """The same of a stretch of time: the worst of each lag, and how many changes came, were posted and ignored in it;
    `parked` are the open rows at its end."""

    at: datetime
    unread_bytes: int | None
    unread_rows: int | None
    lag_s: float
    parked_s: int | None
    parked: int
    retained_bytes: int | None
    changes: int
    posted: int
    ignored: int


Spans = Sequence[tuple[datetime, Span | None]]
"""Stretches that follow one another by their beginnings; None where nobody posted."""


def keep(pipeline: str, said: Report, open_rows: Sequence[OpenRows]) -> list[tuple[str, Sequence[object]]]:
    """The statements that keep a sample, and forget what is too old: for the transaction in which `said` is said."""
    at = minute(said.at)
    since = min((one.since for one in open_rows), default=None)
    parked_s = None if since is None else max(0, int((said.at - since).total_seconds()))
    retained = kept.of_note(said.note).get("retained_bytes")
    lag_ms = int(lag_s(said, said.at) * 1000)
    stood = (
        *(timestamp(at), said.bytes_behind, said.rows_behind, lag_ms, parked_s),
        *(sum(one.rows for one in open_rows), None if retained is None else int(retained), pipeline),
    )
    return [(SQL["keep"], stood), (SQL["forget"], (pipeline, timestamp(at - KEPT)))]


def minute(now: datetime) -> datetime:
    """The minute of a moment, by its beginning."""
    return now.replace(second=0, microsecond=0)


def since(ledger: Ledger, pipeline: str, first: datetime) -> list[Sample]:
    """The samples from a moment on."""
    rows = ledger.query(SQL["since"], (pipeline, timestamp(first)))
    return [_sample(row) for row in rows]


def spans(ledger: Ledger, pipeline: str, first: datetime, step: timedelta, now: datetime) -> Spans:
    """The stretches from a moment on, each as long as `step`; the last is the one with `now` in it."""
    return folded(since(ledger, pipeline, first - _BEFORE), first, step, (now - first) // step + 1)


def hourly(ledger: Ledger, pipeline: str, now: datetime, hours: int) -> Spans:
    """The last so many hours; `now` is in the last one."""
    hour = timedelta(hours=1)
    first = now.replace(minute=0, second=0, microsecond=0) - (hours - 1) * hour
    return spans(ledger, pipeline, first, hour, now)


def told(at: datetime, span: Span | None) -> dict[str, object]:
    """A stretch as machines read it: `posting` is false, and nothing else is there, where nobody posted."""
    return {"at": at, "posting": False} if span is None else span._asdict() | {"posting": True}


def begun(ledger: Ledger, pipeline: str) -> datetime | None:
    """When the first sample that is kept was taken: whether anybody posted before is not known."""
    ((at,),) = ledger.query(SQL["begun"], (pipeline,))
    return None if at is None else moment(str(at))


def folded(samples: Iterable[Sample], first: datetime, step: timedelta, count: int) -> Spans:
    """Samples in their order as so many stretches from `first` on."""
    found: list[Span | None] = [None] * count
    before: Sample | None = None
    for sample in samples:
        number = (sample.at - first) // step
        if 0 <= number < count:
            found[number] = _with(found[number], sample, before or sample, first + step * number)
        before = sample
    return [(first + step * number, span) for number, span in enumerate(found)]


def coarser(fine: Spans, many: int) -> Spans:
    """The same with so many stretches as one; the last is cut where they do not come out."""
    return [(fine[n][0], _joined([span for _, span in fine[n : n + many]])) for n in range(0, len(fine), many)]


def ignored(ledger: Ledger, pipeline: str) -> list[tuple[str, int]]:
    """How many changes no rule had anything to say about, by the table and the rules that were asked, most first."""
    return [(str(reason), int(str(changes))) for reason, changes in ledger.query(SQL["ignored"], (pipeline,))]


def _sample(row: Sequence[object]) -> Sample:
    at, *counted = row
    unread_bytes, unread_rows, lag_ms, parked_s, parked, retained, changes, posted, passed = map(_number, counted)
    return Sample(
        *(moment(str(at)), unread_bytes, unread_rows, lag_ms or 0, parked_s, parked or 0, retained),
        *(changes or 0, posted or 0, passed or 0),
    )


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))


def _with(span: Span | None, sample: Sample, before: Sample, at: datetime) -> Span:
    """A stretch with one more sample. Counts that went back are those of state that was restored."""
    one = Span(
        *(at, sample.unread_bytes, sample.unread_rows, sample.lag_ms / 1000, sample.parked_s, sample.parked),
        *(sample.retained_bytes, max(0, sample.changes - before.changes), max(0, sample.posted - before.posted)),
        max(0, sample.ignored - before.ignored),
    )
    return one if span is None else _later(span, one)


def _later(span: Span, other: Span) -> Span:
    """Both as one; `other` is the later."""
    return Span(
        span.at,
        _worse(span.unread_bytes, other.unread_bytes),
        _worse(span.unread_rows, other.unread_rows),
        max(span.lag_s, other.lag_s),
        _worse(span.parked_s, other.parked_s),
        other.parked,
        _worse(span.retained_bytes, other.retained_bytes),
        span.changes + other.changes,
        span.posted + other.posted,
        span.ignored + other.ignored,
    )


def _joined(found: Sequence[Span | None]) -> Span | None:
    whole: Span | None = None
    for span in found:
        if span is not None:
            whole = span if whole is None else _later(whole, span)
    return whole


def _worse(one: int | None, other: int | None) -> int | None:
    return max((n for n in (one, other) if n is not None), default=None)
