"""The installed daemon dies by SIGKILL between deciding, sending and marking: everybody is told, with the same key, and
the EAM's rows say it once. Invariants 1 and 2, of what is told outside."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.advice.company import BY, Company, built
from tests.servers.receiver import receiver

ANSWERS = """
answers:
  asset:
    on: posted
    statement: >-
      INSERT INTO told (key, voucher) VALUES (:key, :voucher) ON CONFLICT (key) DO UPDATE SET times = times + 1
    ask: SELECT 1 FROM told WHERE key = :key
"""


@contextmanager
def daemon(made: Company) -> Iterator[subprocess.Popen[bytes]]:
    """Killed at the end of the block."""
    command = [str(Path(sys.executable).with_name("syncd")), "run", "--config", str(made.config)]
    with (made.directory / "run.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_between_commit_sending_and_mark(tmp_path: Path) -> None:
    path = str(tmp_path / "finance.db")
    with receiver() as server, built(tmp_path, path, {"kind": "sqlite", "path": path}) as made:
        made.eam.execute("CREATE TABLE told (key TEXT PRIMARY KEY, voucher TEXT, times INTEGER DEFAULT 1)")
        with made.mapping.open("a", encoding="utf-8") as file:
            file.write(ANSWERS)
        with made.config.open("a", encoding="utf-8") as file:
            file.write(f'    answer: {{kind: sqlite, path: "{tmp_path}/eam.db"}}\n')
            file.write(f'audit: {{anchor: {{webhook: "http://{server.address}/heads", key: secret}}, every: 1}}\n')
        made.syncd(f"mapping accept {BY}")
        server.answers = ["hold"]
        with daemon(made):
            made.until(lambda: server.taken)  # the heads are sent, and nobody answers
            made.register("FA-SC-0001")
            made.until(lambda: made.finance.rows("SELECT 1 FROM syncd.delivery WHERE kind = 'answer'"))
            states = made.finance.rows("SELECT kind, state FROM syncd.delivery WHERE state <> 'done' ORDER BY seq")
            assert states[0] == ("anchor", "unknown")  # sent, and nobody has said what became of it
            assert ("answer", "waiting") in states  # decided, and not sent
        server.released.set()
        with daemon(made):
            made.until(lambda: not made.finance.rows("SELECT 1 FROM syncd.delivery WHERE state <> 'done'"))
            made.until(lambda: made.finance.rows("SELECT 1 FROM syncd.delivery WHERE kind = 'answer'"))
        first, again = server.taken[:2]
        assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
        assert json.loads(first.body) == json.loads(again.body)
        with closing(sqlite3.connect(tmp_path / "eam.db")) as eam:
            assert eam.execute("SELECT times FROM told").fetchall() == [(1,)]
        assert len(made.json("outbox list --done --kind answer")) == 1
