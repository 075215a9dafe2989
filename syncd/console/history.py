"""How a pipeline went in the last day or week: three lags, what went through, and what it ignored by which rules."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncd.console import chart, within
from syncd.console.page import SignedIn, page, seen
from syncd.desk import kept, samples, status
from syncd.ports import Ledger

router = APIRouter()
Over = Literal["day", "week"]


class Range(NamedTuple):
    """So many `blocks`, which are lines of the table, of so many stretches, which are drawn; `labels` stand below."""

    step: timedelta
    block: timedelta
    blocks: int
    labels: int
    label: str

    @property
    def width(self) -> int:
        """In stretches."""
        return self.blocks * (self.block // self.step)


RANGES: Final[Mapping[Over, Range]] = {
    "day": Range(timedelta(minutes=5), timedelta(hours=1), 24, 4, "%H:%M"),
    "week": Range(timedelta(minutes=30), timedelta(hours=6), 28, 7, "%m-%d"),
}
SPARK: Final = Range(timedelta(minutes=15), timedelta(hours=1), 24, 0, "")


class Course(NamedTuple):
    """What is drawn: the stretches from `first` on, and since when it is known whether anybody posted."""

    first: datetime
    spans: samples.Spans
    begun: datetime | None

    @property
    def is_posted(self) -> list[bool]:
        """Of each stretch; one of which nothing is known is no gap."""
        return [span is not None or self.begun is None or at < self.begun for at, span in self.spans]

    def drawn(self, figure: Callable[[samples.Span], float | None], width: int, tall: int = chart.TALL) -> chart.Drawn:
        """One of the figures, `width` wide, or wider: the day on which clocks are put back has more stretches."""
        figures = [(at, None if span is None else figure(span)) for at, span in self.spans]
        return chart.drawn(figures, self.is_posted, max(width, len(figures)), tall)


class Figure(NamedTuple):
    """What is drawn of each stretch: its name is a message, `unit` says how it is told, a lag means something that is
    not at once understood."""

    name: str
    unit: Literal["s", "bytes", "n"]
    of: Callable[[samples.Span], float | None]
    is_lag: bool = False


FIGURES: Final[Sequence[Figure]] = (
    Figure("history_unread_rows", "n", lambda span: span.unread_rows, True),
    Figure("history_unread_bytes", "bytes", lambda span: span.unread_bytes, True),
    Figure("history_unposted", "s", lambda span: span.lag_s, True),
    Figure("history_oldest", "s", lambda span: span.parked_s, True),
    Figure("history_parked", "n", lambda span: span.parked),
    Figure("history_changes", "n", lambda span: span.changes),
    Figure("history_posted", "n", lambda span: span.posted),
    Figure("history_ignored", "n", lambda span: span.ignored),
    Figure("history_retained", "bytes", lambda span: span.retained_bytes),
)
MAY_LACK: Final = frozenset({"history_unread_rows", "history_unread_bytes", "history_retained"})
"""What not every source counts: it is drawn where one does."""


@router.get("/pipeline")
def history(request: Request, who: SignedIn, pipeline: str = "", over: Over = "day") -> Response:
    """The page of a pipeline."""
    now, range_ = datetime.now(UTC), RANGES[over]
    with within.at(request, who, pipeline) as (named, ledger):
        part = named.begun()[0]
        zone = part.mapping.zone
        found = course(ledger, part.name, range_, zone, now)
        standing = status.standing(status.pipeline_status(ledger, part.name, now))
        ignored = [(*reason.partition(": ")[::2], count) for reason, count in samples.ignored(ledger, part.name)]
    names = [one.name for whole in seen(request, who) for one in whole.begun()]
    known = [span for _, span in found.spans if span is not None]
    figures = [one for one in FIGURES if one.name not in MAY_LACK or any(one.of(span) is not None for span in known)]
    drawings = [(one, found.drawn(one.of, range_.width)) for one in figures]
    blocks = samples.coarser(found.spans, range_.block // range_.step)
    since = found.begun or now
    lines = [
        (at, [] if span is None else [one.of(span) for one in figures])
        for at, span in reversed(blocks)
        if at + range_.block > since
    ]
    every = range_.blocks // range_.labels
    labels = [
        (found.first + range_.block * n).astimezone(zone).strftime(range_.label)
        for n in range(0, range_.blocks, every)
    ]  # fmt: skip
    return page(
        request, "history.html", "console_history", who, part.mapping.file.timezone, pipeline=part.name, names=names,
        over=over, ranges=[*RANGES], standing=standing, figures=drawings, blocks=lines, labels=labels,
        size=kept.shown, at=lambda when: when.astimezone(zone).strftime("%m-%d %H:%M"), tall=chart.TALL,
        ignored=ignored, is_known=bool(known),
    )  # fmt: skip


def course(ledger: Ledger, pipeline: str, range_: Range, zone: tzinfo, now: datetime) -> Course:
    """What is known of a range that ends with the block that it is in, as blocks begin where the books are."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    last = midnight + (
        day - range_.block if range_.blocks * range_.block > day else _floor(local - midnight, range_.block)
    )
    first = (last - range_.block * (range_.blocks - 1)).astimezone(UTC)
    return Course(first, samples.spans(ledger, pipeline, first, range_.step, now), samples.begun(ledger, pipeline))


def _floor(since: timedelta, block: timedelta) -> timedelta:
    return since - since % block
