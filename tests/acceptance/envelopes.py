"""Messages as Debezium's PostgreSQL connector writes them: JSON without schemas, `decimal.handling.mode=string`."""

from collections.abc import Mapping
from typing import Any

import orjson

COMMITTED_US = 1_770_000_000_000_000
LSN = 26_534_800


def envelope(
    table: str,
    number: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    op: str = "",
    committed_us: int = COMMITTED_US,
) -> bytes:
    """The `number`th change of the log, as recorded from the connector. Without `op` the images tell what it is.
    `committed_us` is when the log began."""
    us = committed_us + number * 1000
    return orjson.dumps(
        {
            "before": before,
            "after": after,
            "source": {
                "version": "3.5.0.Final",
                "connector": "postgresql",
                "name": "eam",
                "ts_ms": us // 1000,
                "snapshot": "true" if op == "r" else "false",
                "db": "eam",
                "sequence": f'[null,"{LSN + number * 168}"]',
                "ts_us": us,
                "ts_ns": us * 1000,
                "schema": "eam",
                "table": table,
                "txId": 700 + number,
                "lsn": LSN + number * 168,
                "xmin": None,
                "origin": None,
                "origin_lsn": None,
            },
            "transaction": None,
            "op": op or ("c" if before is None else "d" if after is None else "u"),
            "ts_ms": us // 1000 + 361,
            "ts_us": us + 361_000,
            "ts_ns": us * 1000 + 361_000_000,
        }
    )


def key(**columns: object) -> bytes:
    """The key of a message, by `message.key.columns`."""
    return orjson.dumps(columns)
