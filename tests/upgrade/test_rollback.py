"""The way back from an upgrade, as docs/upgrade.md has it: the copy that was taken before it is put back."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.advice.command import BY, daemon, fine
from tests.upgrade.restored import VERSIONS, restored


def test_invariant_16_what_was_upgraded_is_put_back_and_upgraded_again(tmp_path: Path) -> None:
    """The earlier version finds its tables and every row as it left them; the later one then goes on as before."""
    with restored(VERSIONS[0], "sqlite", tmp_path, lambda: "") as left:
        before = _whole(tmp_path / "finance.db")
        copied = tmp_path / "before.backup"
        how = json.loads(fine(f"backup --json --to {copied}", left.config))
        assert _whole(tmp_path / "finance.db") == before, "a copy changes nothing, whatever version's state it is of"
        fine("migrate", left.config)
        assert _whole(tmp_path / "finance.db") != before

        subprocess.run(how["put_back"], check=True)
        assert _whole(tmp_path / "finance.db") == before

        fine("migrate", left.config)
        fine(f"mapping accept {BY}", left.config)
        with daemon(left.config, "demo"):
            left.settled()
        fine("audit verify", left.config)


def _whole(path: Path) -> list[str]:
    """Every table with every row."""
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())
