"""What stands in the EAM's PostgreSQL for a pipeline, also while nobody reads: its slot and its publication."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from connectors.postgres.check import Wanted
from connectors.postgres.position import lsn_number
from connectors.postgres.server import Server, drop_slot_sql, full_name, quoted
from syncd.connector import Holding

_SLOT: Final = """
    SELECT plugin = 'pgoutput' AND database = current_database(), coalesce(wal_status, ''),
           coalesce(safe_wal_size::text, ''), coalesce(restart_lsn::text, ''),
           (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text
    FROM pg_replication_slots WHERE slot_name = %s
"""
_PUBLICATION: Final = """
    SELECT NOT puballtables AND pg_has_role(pubowner, 'USAGE'),
           ARRAY(SELECT schemaname || '.' || tablename FROM pg_publication_tables t WHERE t.pubname = p.pubname)
    FROM pg_publication p WHERE pubname = %s
"""


def find(dsn: str, application: str, wanted: Wanted) -> list[Holding]:
    """The slot first: nothing reads the publication once it is gone. A publication of other tables too, or of another
    role, was made by a DBA. Raises Transient or Halt."""
    with closing(Server(dsn, application)) as server:
        return [*_slot(server, wanted), *_publication(server, wanted)]


def release(dsn: str, application: str, holdings: Sequence[Holding]) -> None:
    """Take these away. Raises Transient where somebody reads the slot."""
    with closing(Server(dsn, application)) as server:
        for holding in holdings:
            if holding.kind == "slot":
                server.await_release(holding.name)
                if server.slot(holding.name) is None:
                    continue
            for statement in holding.statements:
                server.query(statement)


def _slot(server: Server, wanted: Wanted) -> Iterator[Holding]:
    for is_readable, status, safe, restart, end in server.query(_SLOT, wanted.slot):
        retained = max(lsn_number(end) - lsn_number(restart), 0) if restart else 0
        sizes = {"retained_bytes": str(retained), "safe_bytes": safe, "wal_status": status}
        is_ours = wanted.create and is_readable  # one that another application reads, or another database, is theirs
        yield Holding("slot", wanted.slot, [drop_slot_sql(wanted.slot)], is_ours, sizes)


def _publication(server: Server, wanted: Wanted) -> Iterator[Holding]:
    ours = {full_name(table) for table in wanted.tables.values()}
    for may, tables in server.query(_PUBLICATION, wanted.publication):
        is_ours = wanted.create and may and set(tables) <= ours
        yield Holding(
            "publication", wanted.publication, [f"DROP PUBLICATION IF EXISTS {quoted(wanted.publication)};"], is_ours
        )
