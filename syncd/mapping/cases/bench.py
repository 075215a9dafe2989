"""What a case runs on. The mapping knows neither ledgers nor daemons: whoever knows both hands them in."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from syncd.change import ChangeSet, Position, Row, Table
from syncd.delivery import Answer
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.program.translator import Translator
from syncd.ports import Layout, Ledger

PIPELINE = "case"
"""What a case's pipeline is called."""


class Feed(Protocol):
    """What has happened in the EAM, as the pipeline is fed."""

    def take(self) -> Sequence[ChangeSet]: ...
    def ack(self, position: Position) -> None: ...


class Bench(NamedTuple):
    """A ledger's own code over an empty database in memory, the daemon's own turn, the desk's own hand."""

    convert: Callable[[Table], Callable[[Sequence[object]], tuple[Row, bool]]]
    """Table → raw values in the order of its columns → row, and whether it holds marks: the sources' own conversion."""
    open: Callable[[Layout, Mapping[str, Table], str, Mapping[str, Answer]], Ledger]
    """(layout, tables, the mapping's hash, its answers) → a ledger of the pipeline, which holds no table yet."""
    turn: Callable[[Feed, Translator, Ledger, Loaded], bool]
    """Collect what is due, try again what was asked for, carry what waits; whether anything was."""
    begin_day: Callable[[Ledger, Translator, Loaded, date], bool]
    """A day begins: the deadlines that passed with it; whether any did."""
    retry: Callable[[Ledger, str], int]
    """A person asks for the parked rows of a subject to be tried again; how many there were."""
    approve: Callable[[Ledger, str], int]
    """A person approves the parked rows of a subject that wait for it, in the role that each waits for."""
    reject: Callable[[Ledger, str], int]
    """A person refuses them, likewise."""
    fall_due: Callable[[Ledger, str], None]
    """The schedule of a collecting rule has come."""
