"""A process that follows an EAM by the engine and keeps what it hears in files, as a ledger would: to be killed.

    python -m tests.integration.engine_reader DSN DIRECTORY

`changes` gets a line for each change: its position, then its key. `checkpoint` is replaced after each set.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

from connectors.engine import source as engine
from syncd.change import Position
from tests.conformance.eams import TABLES, engine_settings


def follow(dsn: str, directory: Path) -> None:
    checkpoint = directory / "checkpoint"
    begun = Position(checkpoint.read_text()) or None
    with (
        closing(engine.connect(engine_settings(dsn), TABLES, "main")) as source,
        (directory / "changes").open("a") as changes,
    ):
        source.start(begun)
        while True:
            said = source.read(0.1)
            if said is None:
                continue
            for change in said.changes:
                row = change.after or change.before
                assert row is not None
                changes.write(f"{change.position} {row[0]}\n")
            changes.flush()
            (directory / "next").write_text(said.position)
            os.replace(directory / "next", checkpoint)
            source.ack(said.position)


if __name__ == "__main__":
    follow(sys.argv[1], Path(sys.argv[2]))
