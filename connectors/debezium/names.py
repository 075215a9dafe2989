"""What a change and its transaction are called, by the `source` block: the same whenever Debezium says them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.debezium.places import log_place
from syncd.change import ABSENT, UNCHANGED, Position, Row, Table, key_text
from syncd.errors import Halt

INCREMENTAL: Final = "i"
"""How the rows of an incremental snapshot are called."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def position_of(
    table: Table, row: Row | None, op: str, payload: Mapping[str, Any], source: Mapping[str, Any]
) -> tuple[str, Position]:
    """The event, which the halves of a change of key share, and the name of the change."""
    log = log_place(source, op == "read")
    name = f"{source.get('db')}.{source.get('schema') or ''}.{source['table']}"
    event = f"{source['connector']}/{source['name']}/{log}/{name}"
    verb = INCREMENTAL if source.get("snapshot") == "incremental" else payload["op"]
    return event, Position(f"{event}/{verb}/{'' if row is None else _key(table, row)}")


def _key(table: Table, row: Row) -> str:
    """The row's key as text; without one, nobody can tell which row it is."""
    if any(row[i] is None or row[i] is UNCHANGED or row[i] is ABSENT for i in table.key):
        raise Halt("debezium_no_key", table=table.name)
    return key_text(table, row)


def committed_at(source: Mapping[str, Any], payload: Mapping[str, Any]) -> datetime:
    """When the source committed a change, as closely as its connector says."""
    micros = source.get("ts_us") or (source.get("ts_ms") or payload.get("ts_ms") or 0) * 1000
    return _EPOCH + timedelta(microseconds=micros)


def transaction_name(told: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """PostgreSQL's connector puts a place in the log behind the number of the transaction."""
    name = str(told["id"])
    return name.partition(":")[0] if source.get("connector") == "postgresql" else name
