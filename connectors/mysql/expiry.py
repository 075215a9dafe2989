"""For how long the server still keeps what a checkpoint needs of its log, also while nobody reads.

A file that is written no more is thrown away once its end is older than the server keeps its log, or once all files
together are larger than it may keep; the one that is written stays. https://mariadb.com/kb/en/using-and-maintaining-the-binary-log/
https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html
"""

import random
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from connectors.binlog.stream import Events
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql.server import CONNECT_TIMEOUT_S, SERVER_IDS, Facts, LogEnd, Server, guarded
from connectors.mysql.stream import file_name, file_number
from syncd.errors import Transient

DAY_S: Final = 86_400.0
SIZE_LIMITS: Final = ("max_binlog_total_size", "binlog_space_limit")
"""MariaDB from 11.4 on, and Percona; bytes, 0 for none."""


def kept_s(facts: Facts) -> float:
    """For how many seconds the server keeps its log; 0 for ever."""
    if facts.variables.get("binlog_expire_logs_auto_purge", "ON").upper() == "OFF":
        return 0.0
    seconds = float(facts.variables.get("binlog_expire_logs_seconds") or 0)
    return seconds or float(facts.variables.get("expire_logs_days") or 0) * DAY_S


def sizes(
    server: Server, facts: Facts, file: int, end: LogEnd, began_at: Callable[[str], datetime], now: datetime
) -> dict[str, str]:
    """What is to be said of a checkpoint in a file, as `Lag.note` holds it: `expires_s` until the file may go and
    `expires_of_s` for which it is kept; `retained_bytes` from it on with `safe_wal_size` until it goes; nothing of the
    file that is written. `began_at` tells when a file was begun, which is when the one before it was ended."""
    last = file_number(end.file)
    if file >= last:
        return {}
    files = {file_number(name): size for name, size in server.log_files()}
    if file not in files:
        return {"wal_status": "lost"}
    found: dict[str, str] = {}
    limit = max(int(facts.variables.get(name) or 0) for name in SIZE_LIMITS)
    if limit:
        retained = sum(size for number, size in files.items() if number >= file)
        found |= {"retained_bytes": str(retained), "safe_wal_size": str(max(limit - retained, 0))}
    if of_s := kept_s(facts):
        ended_at = began_at(file_name(end.file.rpartition(".")[0], file + 1))
        found |= {"expires_s": f"{of_s - (now - ended_at).total_seconds():.0f}", "expires_of_s": f"{of_s:.0f}"}
        found |= {"longer": _longer(facts, of_s)}
    return found


def began_at(dsn: str, facts: Facts, file: str) -> datetime:
    """When a file was begun, as it says itself. Raises Transient, Gap or Halt."""
    arguments = {**mysql_dsn.parse(dsn).arguments(), "connect_timeout": CONNECT_TIMEOUT_S}
    with guarded(), closing(Events(arguments, random.randint(*SERVER_IDS), mariadb=facts.mariadb, file=file)) as events:
        while (event := events.read(CONNECT_TIMEOUT_S)) is not None:
            if event.kind == "format":
                return datetime.fromtimestamp(event.timestamp, UTC)
    raise Transient("mysql_gone", error=f"{CONNECT_TIMEOUT_S} s")


def _longer(facts: Facts, of_s: float) -> str:
    """The statement that gives twice as long."""
    if "binlog_expire_logs_seconds" in facts.variables:
        return f"SET GLOBAL binlog_expire_logs_seconds = {2 * of_s:.0f}"
    return f"SET GLOBAL expire_logs_days = {2 * of_s / DAY_S:.0f}"
