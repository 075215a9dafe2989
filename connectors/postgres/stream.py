"""The log of one replication slot as change sets, in commit order, from a given position."""

import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

import psycopg2

from connectors.postgres import pgoutput
from connectors.postgres.overlap import Keys, Overlap, keys_of
from connectors.postgres.pgoutput import (
    BEGIN,
    COMMIT,
    DELETE,
    INSERT,
    MESSAGE,
    ORIGIN,
    RELATION,
    TRUNCATE,
    TYPE,
    UPDATE,
    Garbled,
    Keyless,
    Relation,
    RowReader,
)
from connectors.postgres.position import Place, in_stream
from connectors.postgres.server import (
    Server,
    fault,
    full_name,
    guarded,
    literal,
    open_connection,
    quoted,
    split,
)
from connectors.postgres.snapshot import order_of
from syncd.change import Change, ChangeSet, Position, Table, key_text
from syncd.errors import Fault, Gap, Halt, Transient

CHANGES_MAX: Final = 2_000
"""Changes of one set; a longer transaction comes as several."""
MESSAGES_PER_LOOK: Final = 1_024
"""Messages between two looks at the clock: changes of tables that nobody tracks make no set."""
FEEDBACK_INTERVAL_S: Final = 1.0
MOVE_INTERVAL_S: Final = 1.0
"""How often an idle reader follows a log that moves with other people's changes."""
SILENCE_MAX_S: Final = 5.0
"""Even with nothing new to say: a server drops a reader that is silent for `wal_sender_timeout`."""
_VERBS: Final = {INSERT: 0, UPDATE: 1, DELETE: 2}
"""Row messages, and which function of a RowReader reads them."""
NEVER_S: Final = 1e9
MESSAGES_SINCE: Final = 140000
"""The version from which pgoutput passes on what `pg_logical_emit_message` wrote."""


@dataclass(frozen=True)
class Log:
    """Which log is read, and for which tables. `beat` is the statement that writes a heartbeat, if any; `described` is
    called before anything is taken from a table that the log describes, as it does anew after every change to it."""

    dsn: str
    application: str
    slot: str
    publication: str
    tables: Mapping[str, Table]
    zone: tzinfo
    heartbeat_s: float
    beat: str
    messages: bool
    described: Callable[[], None]


class Stream:
    """A running replication. `flushed` is the LSN up to which the ledger holds everything; any thread may raise it,
    all else belongs to the reader's. `xid` is the transaction of the last set that held changes.

    Feedback goes out by a second cursor. The one that reads would report as flushed, by itself, what a keepalive
    mentions, and the slot would then stand beyond the ledger's checkpoint as if changes had been lost. It does so
    even without feedback until the first message comes, so a heartbeat is written that will be the first.
    """

    def __init__(self, log: Log, server: Server, place: Place) -> None:
        self.flushed = place.lsn
        self._log, self._server, self._place = log, server, place
        self._names = {full_name(table): table for table in log.tables.values()}
        self._oids = {found.oid: t for name, t in self._names.items() if (found := server.table(name))}
        self._relations: dict[int, Relation] = {}
        self._readers: dict[bytes, RowReader] = {}
        self._keys: dict[bytes, Keys] = {}
        self._divided: set[str] = set()
        self._open = self._said_part = False
        self._commit_lsn = self._nth = self._skip = self.xid = 0
        self._prefix = ""
        self._committed_at = datetime.min.replace(tzinfo=UTC)
        self._overlap: Overlap | None = None
        self._changes: list[Change] = []
        self._said, self._said_at, self._expected = place.lsn, -NEVER_S, 0
        self._told_at = -NEVER_S
        self._told = 0
        self._failure: Fault | None = None
        self._connection = open_connection(log.dsn, log.application, replication=True)
        options = {"proto_version": "1", "publication_names": quoted(log.publication)}
        if log.messages:
            options["messages"] = "true"
        self._beat()
        with guarded():
            self._reading = self._connection.cursor()
            self._telling = self._connection.cursor()
            self._reading.start_replication(
                slot_name=log.slot, start_lsn=place.lsn, options=options, decode=False, status_interval=NEVER_S
            )
        self.feed_back(force=True)

    def read(self, timeout_s: float) -> ChangeSet | None:
        """The next set, or None after the timeout. Raises Transient or Halt."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._read(time.monotonic() + timeout_s)
        except Garbled as error:
            raise Halt("pg_garbled", error=error) from error
        except Keyless as error:
            raise Gap("pg_old_row_without_key", table=error) from error
        except (psycopg2.Error, Transient) as error:
            failure = fault(error) if isinstance(error, psycopg2.Error) else error
            if isinstance(failure, Gap):
                self._log.described()  # which may know the reason
            if (last_beat := self._heartbeat()) is None:
                raise failure from error
            self._failure = failure  # the ledger should know where the slot may stand, before it hears why it ended
            return last_beat

    def feed_back(self, force: bool = False) -> None:
        """Tell the server what is durable, at most once a second, at least every few."""
        now, flushed = time.monotonic(), self.flushed
        pause = FEEDBACK_INTERVAL_S if flushed > self._told else SILENCE_MAX_S
        if force or now - self._told_at >= pause:
            with guarded():
                self._telling.send_feedback(write_lsn=self._said, flush_lsn=flushed, apply_lsn=flushed, force=True)
            self._told, self._told_at = flushed, now

    def expect(self, lsn: int) -> None:
        """Say so as soon as the log has been read up to here, whoever wrote it."""
        self._expected = max(self._expected, lsn)
        self._beat()

    def has_said(self, lsn: int) -> bool:
        """Whether the last set stands there or beyond."""
        return self._said >= lsn

    def reached(self) -> int:
        """The LSN up to which nothing is left to do: what is durable, or where the log was when all was."""
        idle = not self._open and self.flushed >= self._said
        return max(self.flushed, self._reading.wal_end) if idle else self.flushed

    def close(self) -> None:
        """Say what is durable and leave."""
        try:
            self.feed_back(force=True)
        except Fault:
            pass  # the server is gone; it will hear at the next start
        finally:
            self._connection.close()

    def _read(self, deadline: float) -> ChangeSet | None:
        next_message, readers, verb_of = self._reading.read_message, self._readers, _VERBS.get
        taken = 0
        self.feed_back()
        while True:
            message = next_message()
            if message is None:
                self.feed_back()
                if (beat := self._idle()) is not None:
                    return beat
                if (left := deadline - time.monotonic()) <= 0:
                    return None
                self._await(min(left, FEEDBACK_INTERVAL_S))
                continue
            data = message.payload
            kind = data[0]
            which = verb_of(kind)
            if which is not None:
                self._nth += 1
                reader = readers.get(data[1:5])
                if reader is not None and self._nth > self._skip:
                    position = Position(f"{self._prefix}{self._nth:08X}")
                    change = reader[which](data, position, self._committed_at)
                    if self._overlap is not None:
                        self._unseen(self._overlap, change, data)
                    elif self._divided:
                        self._add(change)
                    else:
                        self._changes.append(change)
                    if len(self._changes) >= CHANGES_MAX:
                        return self._say_part()
            elif (finished := self._control(kind, data)) is not None:
                return finished
            taken += 1
            if taken % MESSAGES_PER_LOOK == 0:
                self.feed_back()
                if time.monotonic() >= deadline:
                    return None

    def _add(self, change: Change) -> None:
        """A row that goes from one partition to another is deleted there and inserted here: one update."""
        last = self._changes[-1] if self._changes else None
        if last is not None and change.op == "insert" and self._may_move(last) and last.table == change.table:
            table, before, after = self._log.tables[change.table], last.before, change.after
            if before is not None and after is not None and key_text(table, before) == key_text(table, after):
                flawed = last.flawed or change.flawed
                self._changes[-1] = change._replace(op="update", before=before, flawed=flawed)
                return
        self._changes.append(change)

    def _may_move(self, change: Change) -> bool:
        return change.op == "delete" and change.table in self._divided

    def _say_part(self) -> ChangeSet:
        """What has been read of a transaction, but for the first half of a move."""
        half = [self._changes.pop()] if self._may_move(self._changes[-1]) else []
        self._said_part = True
        said = self._say(self._commit_lsn, self._nth - len(half), ends=False)
        self._changes = half
        return said

    def _await(self, timeout_s: float) -> None:
        """Until something comes. A server that shuts down ends ordinary connections first, and then waits for its
        replicas: that it waits for nobody who waits for finance, the reader leaves when the other connection ends."""
        ready, _, _ = select.select([self._reading, self._server], [], [], timeout_s)
        if self._server in ready:
            self._server.ping()

    def _control(self, kind: int, data: bytes) -> ChangeSet | None:
        if kind == BEGIN:
            self._begin(pgoutput.begin(data))
        elif kind == COMMIT:
            return self._commit(pgoutput.commit(data).end_lsn)
        elif kind == RELATION:
            self._relation(pgoutput.relation(data), data[1:5])
        elif kind == TRUNCATE:
            self._truncate(pgoutput.truncate(data).oids)
        elif kind not in (TYPE, ORIGIN, MESSAGE):
            raise Garbled(f"a message of an unknown kind {kind}")
        return None

    def _begin(self, begun: pgoutput.Begin) -> None:
        self._open, self._said_part, self._nth = True, False, 0
        self._commit_lsn, self._committed_at, self.xid = begun.commit_lsn, begun.committed_at, begun.xid
        self._prefix = in_stream(begun.commit_lsn, 0)[:-8]
        place = self._place
        self._skip = 0
        if begun.commit_lsn <= place.lsn:
            self._skip = place.nth if begun.commit_lsn == place.lsn else 1 << 62
            self._said_part = begun.commit_lsn == place.lsn and place.nth > 0
        self._overlap = None
        if place.coverage is not None and begun.commit_lsn < place.coverage.horizon:
            overlap = Overlap(place.coverage, begun.xid)
            self._overlap = None if overlap.none else overlap

    def _commit(self, end_lsn: int) -> ChangeSet | None:
        """Transactions of others are not worth a set each; now and then one of them moves the position."""
        self._open = False
        is_due = self._said < self._expected <= end_lsn or time.monotonic() - self._said_at >= self._log.heartbeat_s
        if self._changes or self._said_part or is_due:
            return self._say(end_lsn, 0)
        return None

    def _say(self, lsn: int, nth: int, ends: bool = True) -> ChangeSet:
        changes, self._changes = self._changes, []
        self._said, self._said_at = lsn, time.monotonic()
        position, committed_at = in_stream(lsn, nth, self._place.coverage), self._committed_at if changes else None
        return ChangeSet(changes, position, committed_at, cuts=None if ends else ())

    def _idle(self) -> ChangeSet | None:
        """Nothing waits. After a silence the position is moved on, and something is written that will move it."""
        now = time.monotonic()
        silence = now - self._said_at
        if self._said < self._expected <= self._reading.wal_end:
            return self._heartbeat()
        if self._open or silence < min(self._log.heartbeat_s, MOVE_INTERVAL_S):
            return None
        if min(silence, now - self._beat_at) >= self._log.heartbeat_s:
            self._beat()
        return self._heartbeat()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        if self._log.beat:
            self._server.try_write(self._log.beat)

    def _heartbeat(self) -> ChangeSet | None:
        """An empty set, if the log has moved on without anything for us. Between transactions all that committed
        before the server's `wal_end` has been sent."""
        if self._open or self._changes or self._reading.wal_end <= self._said:
            return None
        return self._say(self._reading.wal_end, 0)

    def _relation(self, relation: Relation, wire_oid: bytes) -> None:
        """Row messages of this relation read from now on as it is described here."""
        relation = self._server.with_base_types(relation)
        self._relations[relation.oid] = relation
        self._keys.pop(wire_oid, None)
        table = self._names.get(f"{relation.schema}.{relation.name}") or self._renamed(relation)
        if table is None:
            self._oids.pop(relation.oid, None)
            self._readers.pop(wire_oid, None)
        else:
            self._log.described()
            self._oids[relation.oid] = table
            found = self._server.table(full_name(table))
            is_divided = found is not None and found.is_divided
            self._divided.discard(table.alias)
            if is_divided:
                self._divided.add(table.alias)
            self._readers[wire_oid] = pgoutput.rows(relation, table, self._log.zone, is_divided)

    def _renamed(self, relation: Relation) -> Table | None:
        """A tracked table under another name is still the same one, unless a new table took its place."""
        table = self._oids.get(relation.oid)
        found = self._server.table(full_name(table)) if table else None
        return table if found is None or found.oid == relation.oid else None

    def _truncate(self, oids: Sequence[int]) -> None:
        for oid in oids:
            self._nth += 1
            table = self._oids.get(oid)
            if table is None or self._nth <= self._skip or (self._overlap and self._overlap.emptied(table.alias)):
                continue
            position = Position(f"{self._prefix}{self._nth:08X}")
            self._changes.append(Change(table.alias, "truncate", None, None, position, self._committed_at))

    def _unseen(self, overlap: Overlap, change: Change, data: bytes) -> None:
        """Keep what no snapshot has shown of a change."""
        wire_oid = data[1:5]
        if wire_oid not in self._keys:
            self._keys[wire_oid] = self._keys_of(int.from_bytes(wire_oid, "big"))
        rest = overlap.rest(change, self._keys[wire_oid], data)
        if rest is not None:
            self._add(rest)

    def _keys_of(self, oid: int) -> Keys:
        table = self._oids[oid]
        found = self._server.table(full_name(table))
        if found is None:
            raise Halt("pg_table_gone", table=full_name(table))
        return keys_of(self._relations[oid], order_of(table, found))


def beat_statement(pipeline: str, table: str, standby: bool) -> str:
    """What writes a heartbeat into the log: a row where a table is given, else a message; a standby writes nothing."""
    if standby:
        return ""
    if table:
        return f"UPDATE {quoted(*split(table))} SET beat = now()"
    return f"SELECT pg_logical_emit_message(true, 'syncd', {literal(pipeline)})"
