"""For how long MySQL and MariaDB still keep what a checkpoint needs of their log, by the settings of each version."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from connectors.mysql import expiry
from connectors.mysql.server import Facts, LogEnd, Server
from syncd.desk import kept

NOW = datetime(2026, 3, 2, tzinfo=UTC)
END = LogEnd("binlog.000009", 500, frozenset(), frozenset())
FILES = [(f"binlog.{n:06d}", 1_000) for n in range(6, 10)]


class Logs:
    def log_files(self) -> list[tuple[str, int]]:
        return FILES


def sizes(file: int, variables: Mapping[str, str]) -> dict[str, str]:
    """Of a checkpoint in a file; each was begun a day before the next."""
    facts = Facts(True, (11, 4), "", "", 1, "", "", False, variables)

    def began_at(name: str) -> datetime:
        return NOW - timedelta(days=9 - int(name[-6:]))

    return kept.of_note(expiry.sizes(cast(Server, cast(Any, Logs())), facts, file, END, began_at, NOW))


@pytest.mark.parametrize(
    ("file", "variables", "codes"),
    [
        (9, {"binlog_expire_logs_seconds": "60"}, []),
        (8, {"binlog_expire_logs_seconds": "0", "expire_logs_days": "0"}, []),
        (8, {"binlog_expire_logs_seconds": "60", "binlog_expire_logs_auto_purge": "OFF"}, []),
        (7, {"binlog_expire_logs_seconds": "60"}, ["error kept_expiring"]),
        (7, {"expire_logs_days": "10"}, []),
        (7, {"expire_logs_days": "1.25"}, ["warning kept_expiring"]),
        (5, {"expire_logs_days": "10"}, ["error kept_lost"]),
        (7, {"max_binlog_total_size": "3500"}, ["warning kept_running_out"]),
        (8, {"max_binlog_total_size": "9000"}, []),
    ],
)
def test_it_is_said_before_it_goes(file: int, variables: Mapping[str, str], codes: list[str]) -> None:
    """Invariant 14: by its age from its end on, by the size of all; never of the file that is written."""
    assert [f"{one.level} {one.code}" for one in kept.warnings(sizes(file, variables))] == codes


def test_the_statement_is_one_that_the_server_has() -> None:
    assert sizes(7, {"expire_logs_days": "2"})["longer"] == "SET GLOBAL expire_logs_days = 4"
    assert sizes(7, {"binlog_expire_logs_seconds": "60"})["longer"].endswith("binlog_expire_logs_seconds = 120")
