"""Where transactions end among the messages of several partitions. Pure; times are a monotonic clock's.

A message without transaction metadata stands for itself. With it, all messages of a partition in a row that name one
transaction belong together; another one, or a marker, says that it is over. Behind the last message of all nobody says
so: when the log has ended there for a while, it is.
"""

from dataclasses import dataclass, field
from typing import Final

from connectors.kafka.position import Part
from syncd.change import Change

QUIET_S: Final = 1.0
"""How long the log must have ended behind a transaction that no message ends."""


@dataclass
class Gathered:
    """Changes of several transactions in their order, and behind how many of them none is open, ascending. 0 stands
    for one that went on before them and has ended there."""

    changes: list[Change] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)

    def cut(self) -> None:
        """Nothing is open here."""
        if not self.cuts or self.cuts[-1] < len(self.changes):
            self.cuts.append(len(self.changes))


class Transactions:
    """Which transactions are open, and in which partition."""

    def __init__(self) -> None:
        self._open: dict[Part, str] = {}
        self._quiet_since: dict[Part, float] = {}

    @property
    def is_amid(self) -> bool:
        """Whether any is open."""
        return bool(self._open)

    def ends(self, part: Part, name: str) -> bool:
        """Whether what is open in a partition is over before a message of the transaction `name`."""
        return self._open.get(part, name) != name

    def end(self, part: Part) -> bool:
        """It is over. Whether none is open any more."""
        self._open.pop(part, None)
        self._quiet_since.pop(part, None)
        return not self._open

    def begin(self, part: Part, name: str) -> None:
        """A message of the transaction has come."""
        self._open[part] = name
        self._quiet_since.pop(part, None)

    def quiet(self, part: Part, now: float) -> bool:
        """A partition said nothing this time. Whether what is open in it should be over by now."""
        return part in self._open and now - self._quiet_since.setdefault(part, now) >= QUIET_S
