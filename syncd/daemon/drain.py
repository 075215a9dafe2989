"""Carry what is waiting, then stop: the dry run, and the snapshot taken by hand. The turn is the daemon's: what is
due and asked for first, then what waits, up to the place of the log where it began, although the EAM keeps talking."""

from collections.abc import Callable, Sequence

from syncd.change import ChangeSet, Position
from syncd.daemon import pipeline
from syncd.daemon.reader import Reader
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.tally import Tally
from syncd.desk import status
from syncd.ports import Ledger

Tell = Callable[[Tally, Reader], None]
"""Told after every turn what has come of it all."""


class _Watched:
    """A reader that remembers what was taken: the last position, whether a snapshot has begun, whether it is over."""

    def __init__(self, reader: Reader, position: Position | None, again: bool) -> None:
        self._reader = reader
        self.position = position
        self.is_past_snapshot = False
        self._has_begun = not again

    def take(self) -> Sequence[ChangeSet]:
        sets = self._reader.take()
        for taken in sets:
            self.position = taken.position
            amid = self._reader.in_snapshot(taken.position)
            self.is_past_snapshot = self.is_past_snapshot or (self._has_begun and not amid)
            self._has_begun = self._has_begun or amid
        return sets

    def ack(self, position: Position) -> None:
        self._reader.ack(position)


def to_the_end(spec: PipelineSpec, ledger: Ledger, dry_run: bool, tell: Tell) -> Tally:
    """Carry from the checkpoint to where the log ends now, collected groups that are due included."""
    tally = Tally()
    translator, deadlines, checkpoint = spec.translator(), spec.deadlines(), ledger.checkpoint()
    with _reader(spec, checkpoint, status.known_source(ledger, spec.name), not dry_run, ends=True) as reader:
        pipeline.settle(translator, ledger, tally.add)  # a dry run holds it open: the source has begun by now
        watched = _Watched(reader, checkpoint, again=False)
        while not reader.is_at_end(watched.position):
            pipeline.step(watched, translator, ledger, tally.add, deadlines=deadlines)
            tell(tally, reader)
    return tally


def snapshot(spec: PipelineSpec, ledger: Ledger, tell: Tell, again: bool = False) -> Tally:
    """Take the snapshot, up to the point from which `syncd run` streams. `again` carries first what the log holds from
    the checkpoint up to the snapshot, so that no event is swallowed by a state; raises Gap when that is lost. Otherwise
    whatever was read before does not count."""
    tally = Tally()
    status.remember_source(ledger, spec.name, through_snapshot(spec, ledger, tally, tell, again))
    return tally


def through_snapshot(spec: PipelineSpec, ledger: Ledger, tally: Tally, tell: Tell, again: bool = False) -> str:
    """Carry what a source says that begins anew, up to where its snapshot ends; which source it is."""
    translator, deadlines = spec.translator(), spec.deadlines()
    checkpoint = ledger.checkpoint() if again else None
    identity = status.known_source(ledger, spec.name) if again else None
    with _reader(spec, checkpoint, identity, True, again=again) as reader:
        pipeline.settle(translator, ledger, tally.add)
        watched = _Watched(reader, checkpoint, again)
        while not watched.is_past_snapshot:
            pipeline.step(watched, translator, ledger, tally.add, deadlines=deadlines)
            tell(tally, reader)
        assert reader.identity is not None
        return reader.identity


def _reader(
    spec: PipelineSpec,
    checkpoint: Position | None,
    identity: str | None,
    acknowledges: bool,
    again: bool = False,
    ends: bool = False,
) -> Reader:
    bounds = spec.queue_changes_max, spec.batch_changes_max
    return Reader(spec.open_source, checkpoint, identity, *bounds, acknowledges, again, ends)
