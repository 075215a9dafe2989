"""What a connector offers: a value of one of two types, named CONNECTOR, in the module that the registry names."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from syncd.change import Position, Table
from syncd.delivery import Answer
from syncd.dialects import Dialect
from syncd.ports import Finding, Layout, Ledger, Relay, Source

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
Query = Callable[[Dialect, str, Collection[str], Collection[str]], str]
"""A statement of the reconciliation in a dialect; times without a zone are those of the given time zone. MySQL's
columns that keep moments are told, and then the columns that keep text or a binary fraction, on PostgreSQL and MySQL;
as `table.column` and with what stands before it, in small letters."""
Rows = Iterator[Sequence[Any]]


class Scan(NamedTuple):
    """The EAM at one moment: what it answers is of that moment, and nothing is written. `at` is that moment, or one
    behind it, on the EAM's clock. `rows` gives a statement's rows as they come; the last must be read, or left for
    good, before the next statement."""

    dialect: Dialect
    at: datetime
    rows: Callable[[Query], Rows]


Leaves = Literal["", "slot", "triggers"]
"""What stays behind in the EAM once it was read, even by a dry run."""


class Install(Protocol[S_contra]):
    """Put a source's own tables and triggers into the EAM, or take them out; returns the statements, which a dry run
    leaves to a person."""

    def __call__(self, settings: S_contra, tables: Mapping[str, Table], dry_run: bool = False) -> list[str]: ...


class Prune(Protocol[S_contra]):
    """Delete what every pipeline has acknowledged; returns how many rows that is."""

    def __call__(self, settings: S_contra, dry_run: bool = False) -> int: ...


class Holding(NamedTuple):
    """Something that stands in the EAM for a pipeline: a replication slot, a publication, triggers with their change
    table. `statements` take it away. `is_ours` says that syncd made it and may do so; what a DBA made, or others use
    too, is theirs to remove. `sizes` says what it keeps: `retained_bytes`, `safe_bytes` until the server throws it
    away, `wal_status`, `rows`."""

    kind: Literal["slot", "publication", "triggers", "acknowledgement", "group"]
    name: str
    statements: Sequence[str]
    is_ours: bool
    sizes: Mapping[str, str] = {}


class Triggers(NamedTuple, Generic[S]):
    """Of a source that writes its log itself."""

    install: Install[S]
    remove: Install[S]
    prune: Prune[S]


class SourceConnector(NamedTuple, Generic[S]):
    """The EAM's side. `settings` is a dataclass: its fields and what stands below them are the reference; `zone` is
    among them.

    `connect` opens a source for the mapping's tables by alias and the pipeline's name. `scan` asks the EAM at one
    moment; its second argument registers in SQLite the functions that statements call. `partitions`
    names the parts of a source of which each is a pipeline of its own, and refuses one that was parted otherwise when
    the given positions were reached; None where there are none. `leaves` tells what stays behind; `holdings` what
    stands in the EAM now, in the order in which it can be taken away, and `release` takes away those of it that are
    given. Both know the tables by alias and the pipeline's name. `keeps` tells of a log that waits for nobody for how
    long it has what comes after a position, as `Lag.note` holds it. `grants` gives the statements by which a DBA lets
    syncd do what it does, asking the server where it can be asked; None where no statement does that. All raise
    Transient or Halt."""

    settings: type[S]
    connect: Callable[[S, Mapping[str, Table], str], Source]
    scan: Callable[[S, Callable[[Any], None]], AbstractContextManager[Scan]]
    partitions: Callable[[S, Sequence[Position]], Sequence[str]] | None = None
    leaves: Callable[[S], Leaves] = lambda settings: ""
    triggers: Triggers[S] | None = None
    holdings: Callable[[S, Mapping[str, Table], str], list[Holding]] = lambda settings, tables, pipeline: []
    release: Callable[[S, str, Sequence[Holding]], None] = lambda settings, pipeline, holdings: None
    grants: Callable[[S, Mapping[str, Table], str], list[str]] | None = None
    keeps: Callable[[S, Position], Mapping[str, str]] = lambda settings, position: {}


class OpenLedger(Protocol[S_contra]):
    """Open finance for a pipeline. A dry run rolls back whatever is written. `answers` by the alias of their table are
    decided with what is written. Raises Transient or Halt."""

    def __call__(
        self,
        settings: S_contra,
        pipeline: str,
        layout: Layout,
        tables: Mapping[str, Table],
        mapping_hash: str,
        dry_run: bool = False,
        answers: Mapping[str, Answer] = {},
    ) -> Ledger: ...


class Copying(NamedTuple):
    """How a database is copied whole, as it was at one moment, and how a copy takes its place: each the words of a
    command. `secrets` are environment variables that both need, and stand in neither."""

    take: Sequence[str]
    put_back: Sequence[str]
    secrets: Mapping[str, str]


class LedgerConnector(NamedTuple, Generic[S]):
    """Finance's side. `copying` tells how its database goes into a file and comes back. `grants` as that of a
    source."""

    settings: type[S]
    connect: OpenLedger[S]
    copying: Callable[[S, Path], Copying]
    grants: Callable[[S, Layout], list[str]] | None = None


Answers = Mapping[str, Answer]
"""By the alias of the table."""


class AnswerConnector(NamedTuple, Generic[S]):
    """Where the EAM is answered. `check` tries the connection and every statement, and leaves nothing; it says that all
    is well by a finding too."""

    settings: type[S]
    connect: Callable[[S, Answers], Relay]
    check: Callable[[S, Answers], list[Finding]]
