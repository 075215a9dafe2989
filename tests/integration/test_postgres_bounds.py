"""Invariant 11 at the source: whatever the size of a transaction or of a backlog, memory stays flat."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.integration.eam import Eam

CHANGES = 300_000
GROWN_MB_MAX = 30
SECONDS_MAX = 60
"""Here it takes three; the bound is for a busy machine."""
ROW = "i, 'SB-' || i, i * 1.25, '数控车床'"


@pytest.mark.parametrize(
    "write",
    [
        f"INSERT INTO eam.asset SELECT {ROW} FROM generate_series(1, {CHANGES}) i",
        f"""DO $$ BEGIN FOR t IN 0..{CHANGES // 20 - 1} LOOP
              INSERT INTO eam.asset SELECT {ROW} FROM generate_series(t * 20 + 1, t * 20 + 20) i;
              COMMIT;
            END LOOP; END $$""",
    ],
    ids=["one transaction", "a backlog of many"],
)
def test_a_source_reads_in_flat_memory(new_database: Callable[[], str], write: str) -> None:
    with closing(Eam(new_database())) as eam:
        source, position = eam.streaming()
        source.close()
        eam.run("SET synchronous_commit = off")
        eam.run(write)
        command = [sys.executable, "-m", "tests.integration.drain", eam.settings.dsn, eam.name, position, str(CHANGES)]
        took = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=SECONDS_MAX * 2).stdout)
    print(f"{CHANGES / took['seconds']:,.0f} changes a second, {took['grown_mb']:.1f} MB more than an idle process")
    assert took["grown_mb"] < GROWN_MB_MAX
    assert took["seconds"] < SECONDS_MAX
