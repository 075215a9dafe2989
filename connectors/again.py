"""A new snapshot for a pipeline that already streams: first the log up to the snapshot's point, then the rows.

    checkpoint ──▶ the log, to its end as it was ──▶ a view of the tables ──▶ the log, as far as the view shows it

What the view shows has then been said as changes, so its rows swallow no event. What it does not show, though it stands
before its end in the log, comes from the stream behind the snapshot, which begins where the last change was said before
which nothing is missing.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from syncd.change import ChangeSet, Position

View = TypeVar("View")


class Log(NamedTuple, Generic[View]):
    """What is asked of a log and of a view of its tables: the next set; the view; whether the view shows the set that
    was read last; whether the log has been read as far as the view can show it."""

    read: Callable[[float], ChangeSet | None]
    open_view: Callable[[], View]
    shows: Callable[[View, ChangeSet], bool]
    is_read: Callable[[View], bool]


class Ahead(Generic[View]):
    """What is read ahead of the snapshot. When it `is_over`, the rows of `view` may be said, and the stream goes on
    from `point`."""

    def __init__(self, log: Log[View], checkpoint: Position, is_amid: bool, until: Position) -> None:
        """`is_amid`: the checkpoint lies within a transaction. `until` is where the log ends now."""
        self.view: View | None = None
        self.point = checkpoint
        self.is_over = False
        self._log, self._until = log, until
        self._is_amid, self._is_whole = is_amid, True

    def read(self, timeout_s: float) -> ChangeSet | None:
        """The next set that the snapshot shows too. Behind the first that it does not show, positions stand still."""
        said = self._log.read(timeout_s)
        if said is not None:
            self._is_amid = said.cuts == ()
            if said.changes and self.view is not None and not self._log.shows(self.view, said):
                self._is_whole, said = False, None
            elif not self._is_whole:
                said = said._replace(position=self.point, repeats=True)
            elif not self._is_amid:
                self.point = said.position
        if not self._is_amid:
            if self.view is not None:
                self.is_over = self._log.is_read(self.view)
            elif self.point >= self._until:
                self.view = self._log.open_view()
        return said
