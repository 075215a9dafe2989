"""`python -m tests.integration.drain DSN NAME CHECKPOINT CHANGES`: read so many changes; what it took, as JSON."""

import json
import sys
import time

import psutil

from connectors.mysql import source as mysql
from connectors.postgres import source as postgres
from syncd.change import Position
from syncd.ports import Source
from tests.integration import mysql_eam
from tests.integration.eam import ASSET


def main(dsn: str, name: str, checkpoint: str, changes: str) -> None:
    connect(dsn, name).close()
    memory = psutil.Process().memory_info
    before = highest = memory().rss
    source = connect(dsn, name)
    source.start(Position(checkpoint))
    began, left = time.perf_counter(), int(changes)
    while left:
        said = source.read(5.0)
        assert said is not None, f"{left} changes did not come"
        highest = max(highest, memory().rss)
        left -= len(said.changes)
        source.ack(said.position)
    seconds = time.perf_counter() - began
    source.close()
    print(json.dumps({"grown_mb": (highest - before) / 2**20, "seconds": seconds}))


def connect(dsn: str, name: str) -> Source:
    if dsn.startswith("mysql:"):
        return mysql.connect(mysql.Settings(dsn, retention_hours=0), {"asset": mysql_eam.ASSET}, name)
    return postgres.connect(postgres.Settings(dsn), {"asset": ASSET}, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
