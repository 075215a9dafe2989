"""What an engine is told: the user's properties, those that syncd needs, and a refusal where they disagree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.engine.java import RECORDS_MAX
from syncd.change import Table
from syncd.errors import WrongUsage

NOTES: Final = "syncd.notes"
"""The topic on which the engine says how far its snapshot is."""


@dataclass(frozen=True)
class Connector:
    """A connector of Debezium: its class; `history`, whether it keeps the shapes of tables in a file; `logs`, whether
    it reads several, as those of a server's databases; `ends`, whether it says at once that a transaction has ended,
    and not when the next one begins. Then it goes on from behind a transaction alone: within one PostgreSQL gives many
    rows the same place, and what was said of one must be judged with its rest."""

    java: str
    history: bool = True
    logs: bool = False
    ends: bool = True


CONNECTORS: Final[Mapping[str, Connector]] = {
    "postgresql": Connector("io.debezium.connector.postgresql.PostgresConnector", history=False),
    "mysql": Connector("io.debezium.connector.mysql.MySqlConnector"),
    "mariadb": Connector("io.debezium.connector.mariadb.MariaDbConnector"),
    "sqlserver": Connector("io.debezium.connector.sqlserver.SqlServerConnector", logs=True),
    "oracle": Connector("io.debezium.connector.oracle.OracleConnector"),
    "db2": Connector("io.debezium.connector.db2.Db2Connector", ends=False),
}
_OURS: Final = (
    "name",
    "connector.class",
    "offset.",
    "converter.",
    "key.converter",
    "value.converter",
    "transforms",
    "predicates",
    "max.batch.size",
    "notification.",
    "errors.",
    "heartbeat.interval.ms",
    "heartbeat.topics.prefix",
    "topic.transaction",
    "topic.naming.strategy",
)
"""Beginnings of properties that are not the user's."""
_ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "decimal.handling.mode": ("string", "precise"),
    "time.precision.mode": (
        "adaptive",
        "adaptive_time_microseconds",
        "microseconds",
        "nanoseconds",
        "isostring",
    ),
    "binary.handling.mode": ("bytes",),
    "event.converting.failure.handling.mode": ("fail",),
    "event.processing.failure.handling.mode": ("fail",),
    "snapshot.mode": ("initial", "recovery"),
    "skipped.operations": ("none",),
    "tombstones.on.delete": ("false",),
}
"""Properties of which other values would lose something; the first is taken when the user says nothing."""

_ONLY_OF: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    connector: {
        "bigint.unsigned.handling.mode": ("precise",),
        "enable.time.adjuster": ("false",),
        "time.precision.mode": _ONLY["time.precision.mode"][1:],
    }
    for connector in ("mysql", "mariadb")
}
"""The same, of connectors that alone have them, or know fewer."""


def made(
    connector: str,
    given: Mapping[str, str | int | bool],
    tables: Mapping[str, Table],
    pipeline: str,
    history: Path | None,
    heartbeat_s: float,
) -> dict[str, str]:
    """All properties of an engine. Raises WrongUsage for what would lose something."""
    kind = CONNECTORS.get(connector)
    if kind is None:
        raise WrongUsage("engine_connector", connector=connector, known=", ".join(CONNECTORS))
    user = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    only = {**_ONLY, **_ONLY_OF.get(connector, {})}
    _refuse(user, only)
    own_name = "syncd_" + re.sub(r"[^a-z0-9_]", "_", pipeline.lower())
    properties = {
        "topic.prefix": own_name,
        "poll.interval.ms": "50",
        "include.schema.changes": "false",
        "table.include.list": ",".join(_pattern(connector, table.name) for table in tables.values()),
        **{name: values[0] for name, values in only.items()},
        **(_postgres(own_name) if connector == "postgresql" else {}),
        **(_kept(kind, history) if kind.history else {}),
        **user,
        "name": own_name,
        "connector.class": kind.java,
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.flush.interval.ms": "0",
        "converter.schemas.enable": "true",
        "converter.replace.null.with.default": "false",
        "max.batch.size": str(RECORDS_MAX),
        "errors.max.retries": "0",  # who starts again from the checkpoint is the daemon
        "heartbeat.interval.ms": str(int(heartbeat_s * 1000)),
        "notification.enabled.channels": "sink",
        "notification.sink.topic.name": NOTES,
        "provide.transaction.metadata": str(kind.ends).lower(),
    }
    return {name: value for name, value in properties.items() if value}


def looking(properties: Mapping[str, str]) -> dict[str, str]:
    """The same for a look: a snapshot, and nothing that stays behind."""
    own = {"topic.prefix": properties["topic.prefix"] + "_look", "snapshot.mode": "initial_only"}
    if "slot.name" in properties:
        own |= {
            "slot.name": properties["slot.name"] + "_look",
            "slot.drop.on.stop": "true",
            "publication.name": properties["publication.name"] + "_look",
            "publication.autocreate.mode": "disabled",
        }
    if "schema.history.internal" in properties:
        own["schema.history.internal"] = "io.debezium.relational.history.MemorySchemaHistory"
    return {**properties, **own}


def _refuse(user: Mapping[str, str], only: Mapping[str, tuple[str, ...]]) -> None:
    for name, value in user.items():
        if name.startswith(_OURS):
            raise WrongUsage("engine_property_ours", property=name)
        if name in only and value not in only[name]:
            raise WrongUsage("engine_property", property=name, value=value, allowed=", ".join(only[name]))


def _pattern(connector: str, name: str) -> str:
    """What Debezium calls a table: its schema or database and its name, as a regular expression."""
    parts = name.split(".")
    if len(parts) == 1:
        default = {"postgresql": "public", "sqlserver": "dbo"}.get(connector)
        return f"{default}\\.{re.escape(name)}" if default else f"[^.]+\\.{re.escape(name)}"
    return "\\.".join(map(re.escape, parts[-2:]))


def _postgres(name: str) -> dict[str, str]:
    return {
        "plugin.name": "pgoutput",
        "slot.name": name,
        "publication.name": name,
        "publication.autocreate.mode": "filtered",
        "slot.retry.delay.ms": "500",
        "slot.max.retries": "60",
        "publish.via.partition.root": "true",  # or a partitioned table comes under names that nobody tracks
        "message.prefix.exclude.list": ".*",
        "heartbeat.action.query": "SELECT pg_logical_emit_message(true, 'syncd', '')",
    }


def _kept(kind: Connector, history: Path | None) -> dict[str, str]:
    if history is None:
        raise WrongUsage("engine_history", connector=kind.java.rpartition(".")[2])
    return {
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": str(history),
        "schema.history.internal.store.only.captured.tables.ddl": "true",
    }
